"""What a customer was promised: questions that nobody could answer yet, with by when, and what became of them."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext

from raseed.kernel.errors import mark

from ...promises.domain import PAGE_MAX, Gap, GapState
from ...promises.queries import gaps_of_customer
from ..domain import Asked, Card, Fact, fact
from ..voice import Voice

CODE: Final = "promises"
SHOWN_MAX: Final = 5
WAITS: Final = mark("%(question)s: an answer is promised by %(when)s")
LATE: Final = mark("%(question)s: the answer promised by %(when)s is late")
ANSWERED: Final = mark("%(question)s: answered on %(when)s")
REPLY_WAITS: Final = mark("We promised you an answer by %(when)s.")
REPLY_LATE: Final = mark("The answer that we promised you by %(when)s is late.")
REPLY_ANSWERED: Final = mark("Your question was answered on %(when)s.")


def card(asked: Asked) -> Card:
    """Return what the customer was last promised here."""
    only = asked.ids("gap")
    found = gaps_of_customer(
        asked.customer_id,
        asked.institution_id,
        by=asked.by,
        only=only,
        limit=SHOWN_MAX + 1 if only is None else PAGE_MAX,
    )
    shown = found if only is not None else found[:SHOWN_MAX]
    return Card(CODE, "", tuple(_fact(asked, each) for each in shown), more=len(found) > len(shown))


def _fact(asked: Asked, one: Gap) -> Fact:
    """Return a promise; the question is in staff's words and stays inside, the customer reads the time."""
    waits = one.state is GapState.OPEN
    late = waits and one.due_at < asked.now
    at = one.due_at if waits or one.answered_at is None else one.answered_at
    words, reply = (LATE, REPLY_LATE) if late else (WAITS, REPLY_WAITS) if waits else (ANSWERED, REPLY_ANSWERED)

    def places(voice: Voice) -> dict[str, str]:
        return {"question": voice.apart(one.question), "when": voice.when(at)}

    return fact(
        asked,
        provider=CODE,
        key=f"gap:{one.id}",
        stands=(one.state.value, at, late),
        words=lambda voice: gettext(words) % places(voice),
        value=lambda voice: voice.when(at),
        source=lambda _: gettext(mark("Questions without an answer")),
        as_of=one.answered_at or one.raised_at,
        link=f"gap:{one.id}",
        reply=lambda voice: gettext(reply) % {"when": voice.when(at)},
        look="bad" if late else "warn" if waits else "good",
    )
