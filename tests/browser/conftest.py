"""A real browser before real pages: Debian's Chromium, and a server in this process on the test's own database."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from django.core.wsgi import get_wsgi_application
from django.db import connections

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from raseed.web.tests.street import Street
    from raseed.web.tests.visitor import Visit, Visitor

PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")
FLAGS: Final = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


def _chromium() -> str | None:
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Chromium, started once a module.

    Playwright keeps an event loop in this thread as long as it runs, which Django and other tests take amiss: so it is
    not kept for the whole session, and Django is told not to mind.
    """
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is not installed: no page was looked at."
    )
    program = _chromium()
    if program is None:
        pytest.skip("No Chromium is installed (apt-get install chromium): no page was looked at.")
    with pytest.MonkeyPatch.context() as patch, playwright.sync_playwright() as started:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = started.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


class _Threads(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer in a thread, and leave no connection to the database behind in it."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            connections.close_all()


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class's name)
        del format, args


@pytest.fixture
def address(chromium: Browser, database: object) -> Iterator[str]:
    """The address of the pages, served from this process on loopback."""
    with make_server("127.0.0.1", 0, get_wsgi_application(), _Threads, _Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def street(address: str, monkeypatch: pytest.MonkeyPatch) -> Street:
    """Two neighbours with accounts; every one-time code is the same."""
    from raseed.web.tests.street import build_street, known_codes  # noqa: PLC0415  (models need Django set up first)

    known_codes(monkeypatch)
    return build_street()


@pytest.fixture
def visit(chromium: Browser, address: str) -> Visit:
    """Open a browser for a visitor: ``with visit("ar", width=360, script=False) as visitor``."""

    from raseed.web.tests.visitor import HEIGHTS, NARROW, Visitor  # noqa: PLC0415  (as above)

    @contextmanager
    def opened(language: str = "en", *, width: int = NARROW, script: bool = True, **options: Any) -> Iterator[Visitor]:
        context = chromium.new_context(
            viewport={"width": width, "height": HEIGHTS[width]},
            java_script_enabled=script,
            **options,
        )
        context.add_cookies([{"name": "language", "value": language, "url": address}])
        visitor = Visitor(context, address)
        yield visitor
        context.close()
        refusals = [one for one in visitor.complaints if "status of 4" not in one]
        assert not refusals, refusals

    return opened
