"""The office's pages of lines and messages in a browser: three languages, narrow and wide, by day and by night."""

from __future__ import annotations

from typing import Any

import pytest

from raseed.web.tests.office.house import House
from raseed.web.tests.visitor import Visit
from tests.browser.test_looks import SIGHTS, wrong_with
from tests.browser.test_office import LANGUAGES, house, sign_in

pytestmark = pytest.mark.browser
__all__ = ["house"]


def made() -> dict[str, str]:
    """Let a line have a template, something set aside and a message of which nobody is sure; return the pages."""
    from raseed.channels import api as channels  # noqa: PLC0415  (models need Django set up)
    from raseed.channels.models import ItemRow  # noqa: PLC0415
    from raseed.channels.sending.tests.providers import graph_error, provider_running  # noqa: PLC0415
    from raseed.kernel.clock import SYSTEM_CLOCK  # noqa: PLC0415
    from raseed.kernel.ids import new_id  # noqa: PLC0415
    from raseed.people import api as people  # noqa: PLC0415
    from raseed.web.tests.office.test_channels import a_line, asked_and_unanswered  # noqa: PLC0415

    now = SYSTEM_CLOCK.now()
    with provider_running() as provider:
        line = a_line(provider.address)
        unknown, _ = asked_and_unanswered(line, provider, (None, None), (400, graph_error(131026)))
    channels.register_template(
        line_id=line.id, name="reminder_of_the_instalment_that_is_due_1", language="ar",
        body="مرحبا {{1}}، قسطكم مستحق في {{2}}", by=people.SYSTEM, reason="approved",
    )  # fmt: skip
    item = ItemRow.objects.create(
        id=new_id(), line_id=line.id, kind="message", key="k", content=b'{"item": "' + b"x" * 500 + b'"}',
        received_at=now, state="set_aside", ended_at=now, attempts=8, problem="number_unknown",
    )  # fmt: skip
    channels.set_line_secret(
        line_id=line.id, name="app_secret", value="the-next-one", overlap=channels.OVERLAP_MAX, by=people.SYSTEM
    )
    at, aside, message = f"/office/channels/{line.id}", "/office/channels/set-aside", "/office/channels/messages"
    return {
        "lines": "/office/channels",
        "line": at,
        "line-change": f"{at}/change",
        "line-new": "/office/channels/new",
        "line-new-whatsapp": "/office/channels/new?channel=whatsapp",
        "line-retire": f"{at}/retire",
        "line-overlap-end": f"{at}/secret/overlap",
        "line-secret": f"{at}/secret",
        "line-template": f"{at}/templates",
        "set-aside": aside,
        "messages": message,
        "message": f"{message}/{unknown}",
        "message-again": f"{message}/{unknown}/again",
        "set-aside-look": f"{aside}/{item.id}/look",
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_of_lines_and_messages_fit_are_read_tapped_and_named(
    house: House,
    visit: Visit,
    language: str,
) -> None:
    found: dict[str, Any] = {}
    pages = made()
    with visit(language, reduced_motion="reduce") as visitor:
        sign_in(visitor, house.adam)
        for name, address in pages.items():
            visitor.go(address)
            if name == "set-aside-look":
                visitor.page.fill("#reason", "to mend what could not be read")
                visitor.press("main form .button >> nth=0")
                visitor.page.wait_for_selector("#content")
            for width, scheme in SIGHTS:
                visitor.look(width=width, scheme=scheme)
                visitor.picture(f"{language}-{width}-{scheme}-{name}", whole=True)
                if wrong := wrong_with(visitor, language, width):
                    found[f"{name} {width} {scheme}"] = wrong
    assert not found, found
