"""What was talked about before, and the cases that a customer has."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext

from raseed.kernel.errors import mark

from ...cases.domain import CASE_STATE_WORDS, Case, CaseState
from ...cases.working import case as case_of
from ...cases.working import cases
from ...conversations.domain import Box, Conversation, Inbox
from ...conversations.reading import conversations
from ..domain import Asked, Card, Fact, fact
from ..voice import Voice

CODE: Final = "earlier"
CASES_MAX: Final = 5
CONVERSATIONS_MAX: Final = 5
CASE: Final = mark("%(reference)s, %(title)s: %(state)s")
REPLY: Final = mark("Your matter %(reference)s: %(state)s (as of %(when)s).")
TALKED: Final = mark("%(when)s: %(words)s")


def card(asked: Asked) -> Card:
    """Return the customer's cases, the latest changed first, and the last conversations that ended."""
    ids = asked.ids("case")
    if ids is not None:
        return Card(CODE, "", tuple(_case(asked, each) for each in [case_of(id_, by=asked.by) for id_ in ids]))
    found = cases(institution_id=asked.institution_id, by=asked.by, customer_id=asked.customer_id, limit=CASES_MAX)
    ended = conversations(
        institution_id=asked.institution_id,
        by=asked.by,
        wanted=Inbox(box=Box.CLOSED, customer_id=asked.customer_id),
        limit=CONVERSATIONS_MAX,
    )
    facts = [_case(asked, each) for each in found.cases] + [_talk(asked, each) for each in ended.conversations]
    return Card(CODE, "", tuple(facts), more=found.next is not None or ended.next is not None)


def _case(asked: Asked, one: Case) -> Fact:
    def places(voice: Voice) -> dict[str, str]:
        return {
            "reference": voice.text(one.reference),
            "title": voice.apart(one.title),
            "state": gettext(CASE_STATE_WORDS[one.state]),
            "when": voice.when(one.changed_at),
        }

    mine = one.customer_id == asked.customer_id
    return fact(
        asked,
        provider=CODE,
        key=f"case:{one.id}",
        stands=(one.reference, one.state.value, one.changed_at, mine),
        words=lambda voice: gettext(CASE) % places(voice),
        value=lambda voice: voice.text(one.reference),
        source=lambda _: gettext(mark("Cases of customers")),
        as_of=one.changed_at,
        link=f"case:{one.id}",
        reply=lambda voice: gettext(REPLY) % places(voice),
        look="good" if one.state is CaseState.RESOLVED else "warn",
    )


def _talk(asked: Asked, one: Conversation) -> Fact:
    """Return a conversation that ended: for staff, whose words are nobody's to hand on."""
    return fact(
        asked,
        provider=CODE,
        key=f"conversation:{one.id}",
        stands=(one.version,),
        words=lambda voice: gettext(TALKED) % {"when": voice.when(one.last_at), "words": voice.apart(one.snippet)},
        value=lambda voice: voice.when(one.last_at),
        source=lambda _: gettext(mark("Earlier conversations")),
        as_of=one.last_at,
        link=f"conversation:{one.id}",
    )
