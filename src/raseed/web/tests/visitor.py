"""A visitor of the pages, before a real browser: what people do there, for the tests in ``tests/browser``."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from raseed.web.tests.street import CODE

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

NARROW: Final = 360
WIDE: Final = 1280
HEIGHTS: Final = {NARROW: 760, WIDE: 900}
WAIT_MS_MAX: Final = 10_000


class Visitor:
    """A person before a browser: what they do, in their language, at one width."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.context, self.address = context, address
        self.page: Page = context.new_page()
        self.page.set_default_timeout(WAIT_MS_MAX)
        self.complaints: list[str] = []
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def go(self, path: str) -> None:
        """Open a page."""
        self.page.goto(self.address + path)

    def look(self, *, width: int, scheme: Literal["light", "dark"]) -> None:
        """Look at the page at another width, by day or by night."""
        self.page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
        self.page.emulate_media(color_scheme=scheme)

    def press(self, selector: str) -> None:
        """Press something that leads to another page, and wait for that."""
        with self.page.expect_navigation():
            self.page.click(selector)

    def sign_in(self, phone: str = "01001234567") -> None:
        """Sign in with a phone number and the code."""
        self.go("/sign-in")
        self.page.fill("#phone", phone)
        self.press("main .button.wide")
        self.page.fill("#code", CODE)
        self.press("main .button.wide")

    def ask_to_send(self, to: str = "01009998877", amount: str = "250", note: str = "") -> None:
        """Fill in the form, as far as the confirmation."""
        self.go("/send")
        self.page.fill("#to", to)
        self.page.fill("#amount", amount)
        self.page.fill("#note", note)
        self.press("main form > .button.wide")

    def picture(self, name: str, *, whole: bool = False) -> None:
        """Keep a picture of the page (the ``whole`` of it or what is in sight), where a folder is named for it.

        The folder is that of ``RASEED_PICTURES``.
        """
        folder = os.environ.get("RASEED_PICTURES")
        if folder:
            self.page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=whole, caret="initial")


Visit: TypeAlias = Callable[..., AbstractContextManager[Visitor]]
