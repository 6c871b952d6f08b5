"""The cards beside a conversation, numbered so that one key puts a fact into the answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext

from raseed.care import api as care

from .tokens import token_of

if TYPE_CHECKING:
    from raseed.web.office.requests import StaffRequest

    from .talking import Talk

PAGES: Final = {"account": ("office:account", "banking.accounts.view"), "payment": ("office:operation", "payments.view"),
                "dispute": ("office:dispute", "bills.view"), "case": ("office:case", "care.conversations.view"),
                "conversation": ("office:conversation", "care.conversations.view"),
    "request": ("office:request", "care.authority.ask")}  # fmt: skip
"""Which page tells more about what a fact is about, and what one must hold to open it."""


@dataclass(frozen=True, slots=True)
class ShownFact:
    """A fact on a card. ``number`` is the key that puts it in; 0 where it can't be."""

    number: int
    words: str
    source: str
    as_of: datetime
    look: str
    steps: tuple[care.TimedWords, ...]
    address: str
    reply: str
    token: str


@dataclass(frozen=True, slots=True)
class ShownCard:
    """A card: what one source says, or that it says nothing at the moment."""

    title: str
    facts: tuple[ShownFact, ...]
    unavailable: bool
    more: bool


def cards_of(request: StaffRequest, talk: Talk) -> dict[str, Any]:
    """Return what the cards' part of a page shows. Facts can be put in only once the sender is proven."""
    one = talk.conversation
    if one.customer_id is None:
        return {
            "cards": [],
            "cards_says": gettext("Facts stand here once it is known which customer this is."),
            "cards_seen": "-",
        }
    found = care.cards(
        one.customer_id,
        one.institution_id,
        by=request.author,
        language=request.reader.language,
        reply_language=one.language or None,
        digits=request.reader.digits,
    )
    number, shown = 0, []
    for card in found:
        facts = []
        for each in card.facts:
            may = talk.is_proven and bool(each.reply)
            number += may
            facts.append(_fact(request, talk, each, number if may else 0))
        shown.append(ShownCard(card.title, tuple(facts), card.state is not care.CardState.OK, card.more))
    says = (
        "" if talk.is_proven else gettext("For your eyes: facts can be put into an answer once the sender is proven.")
    )
    seen = [(card.provider, card.state, [(each.ref, each.words) for each in card.facts]) for card in found]
    return {"cards": shown, "cards_says": says, "cards_seen": care.digest_of(talk.is_proven, seen)}


def _fact(request: StaffRequest, talk: Talk, one: care.Fact, number: int) -> ShownFact:
    return ShownFact(
        number=number,
        words=one.words,
        source=one.source,
        as_of=one.as_of,
        look=one.look,
        steps=one.steps,
        address=_address(request, one.link),
        reply=one.reply if number else "",
        token=token_of(one.inserted(), talk.id) if number else "",
    )


def _address(request: StaffRequest, link: str) -> str:
    kind, _, id_ = link.partition(":")
    name, permission = PAGES.get(kind, ("", ""))
    if not name or not request.rights.may(permission):
        return ""
    try:
        return reverse(name, args=[id_])
    except NoReverseMatch:
        return ""


def fact_now(request: StaffRequest, talk: Talk, ref: care.FactRef) -> care.Fact | None:
    """Return a fact as it is now, or ``None`` where it is gone or can't be told."""
    return next((each for each in facts_now(request, talk, ref.provider) if each.key == ref.key), None)


def facts_now(request: StaffRequest, talk: Talk, provider: str | None = None) -> list[care.Fact]:
    """Return the facts that can be told to the customer now."""
    one = talk.conversation
    if one.customer_id is None or not talk.is_proven:
        return []
    found = care.cards(
        one.customer_id, one.institution_id, by=request.author, language=request.reader.language,
        reply_language=one.language or None, only=[provider] if provider else None,
    )  # fmt: skip
    return [each for card in found for each in card.facts if each.reply]
