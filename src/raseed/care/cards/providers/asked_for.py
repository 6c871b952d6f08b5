"""What was asked for a customer beyond somebody's own limits, and what became of it."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext

from raseed.kernel.errors import mark

from ...authority.domain import REQUEST_STATE_WORDS, Request, RequestState
from ...authority.reading import RequestFilter, requests
from ...authority.registry import actions
from ..domain import Asked, Card, Fact, fact
from ..voice import Voice

CODE: Final = "authority"
SHOWN_MAX: Final = 5
LOOKED_AT_MAX: Final = 50
WORDS: Final = mark("%(what)s%(amount)s: %(state)s")
WAITS: Final = mark("%(what)s%(amount)s: %(state)s, until %(due)s")
REPLY_DONE: Final = mark("%(what)s%(amount)s: done on %(when)s.")
REPLY_WAITS: Final = mark("%(what)s%(amount)s: it is before a person who decides by %(due)s.")
TOLD: Final = frozenset({RequestState.DONE, RequestState.AWAITING})
"""What a customer may be told of: what was done, and by when somebody decides."""
LOOKS: Final = {RequestState.DONE: "good", RequestState.AWAITING: "warn", RequestState.FAILED: "bad"}


def card(asked: Asked) -> Card:
    """Return what was last asked for the customer here."""
    size = SHOWN_MAX if asked.keys is None else LOOKED_AT_MAX
    page = requests(asked.institution_id, by=asked.by, only=RequestFilter(customer_id=asked.customer_id), limit=size)
    return Card(CODE, "", tuple(_fact(asked, each) for each in page.requests), more=page.next is not None)


def _fact(asked: Asked, one: Request) -> Fact:
    known = {each.code: each.words for each in actions()}

    def places(voice: Voice) -> dict[str, str]:
        return {
            "what": gettext(known[one.action]) if one.action in known else one.action,
            "amount": f" ({voice.money(one.amount)})" if one.amount else "",
            "state": gettext(REQUEST_STATE_WORDS[one.state]),
            "due": voice.when(one.due_at) if one.due_at else "",
            "when": voice.when(one.done_at or one.asked_at),
        }

    waits = one.state is RequestState.AWAITING and one.due_at is not None
    told = one.state in TOLD and (waits or one.state is RequestState.DONE)
    return fact(
        asked,
        provider=CODE,
        key=f"request:{one.id}",
        stands=(one.state.value, one.amount and one.amount.amount_minor, one.due_at if waits else None),
        words=lambda voice: gettext(WAITS if waits else WORDS) % places(voice),
        value=lambda voice: places(voice)["state"],
        source=lambda _: gettext(mark("What was asked for customers")),
        as_of=one.done_at or one.decided_at or one.asked_at,
        link=f"request:{one.id}",
        reply=(lambda voice: gettext(REPLY_WAITS if waits else REPLY_DONE) % places(voice)) if told else None,
        look=LOOKS.get(one.state, ""),
    )
