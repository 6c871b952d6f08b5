"""Loans: what is owed, the next instalment, what is overdue and what that costs."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext

from raseed.banking import api as banking
from raseed.kernel.errors import mark

from ..domain import Asked, Card, Fact, fact
from ..voice import Voice
from .accounts import accounts_of, called

CODE: Final = "loans"
OWED: Final = mark("%(account)s: %(owed)s owed")
NEXT: Final = mark("next instalment %(next)s, due %(day)s")
ARREARS: Final = mark("%(arrears)s overdue, days: %(days)s")
PENALTIES: Final = mark("of that, late penalty %(penalties)s")
REPAID: Final = mark("%(account)s is repaid")
REPLY: Final = mark("On your loan %(account)s: %(facts)s.")
BETWEEN: Final = mark("; ")


def card(asked: Asked) -> Card:
    """Return the customer's loans here as they stand today."""
    ids = [each.id for each in accounts_of(asked) if each.product.kind is banking.ProductKind.LOAN]
    found = banking.loans(ids, on=banking.business_date(asked.institution_id, asked.now)) if ids else {}
    return Card(CODE, "", tuple(_loan(asked, found[each]) for each in ids if each in found))


def _told(one: banking.Loan, voice: Voice) -> list[str]:
    following = one.next_instalment
    said = []
    if one.arrears.amount_minor:
        said.append(gettext(ARREARS) % {"arrears": voice.money(one.arrears), "days": voice.number(one.days_past_due)})
    if one.penalties_due.amount_minor:
        said.append(gettext(PENALTIES) % {"penalties": voice.money(one.penalties_due)})
    if following is not None:
        said.append(gettext(NEXT) % {"next": voice.money(following.unpaid), "day": voice.day(following.due_on)})
    return said


def _loan(asked: Asked, one: banking.Loan) -> Fact:
    following = one.next_instalment

    def words(voice: Voice) -> str:
        account = called(one.account, voice)
        if one.is_repaid:
            return gettext(REPAID) % {"account": account}
        owed = gettext(OWED) % {"account": account, "owed": voice.money(one.owed)}
        return gettext(BETWEEN).join([owed, *_told(one, voice)])

    def reply(voice: Voice) -> str:
        account = called(one.account, voice)
        if one.is_repaid:
            return gettext(REPAID) % {"account": account} + "."
        return gettext(REPLY) % {"account": account, "facts": gettext(BETWEEN).join(_told(one, voice))}

    return fact(
        asked,
        provider=CODE,
        key=f"loan:{one.account.id}",
        stands=(
            one.owed.amount_minor, one.arrears.amount_minor, one.penalties_due.amount_minor, one.days_past_due,
            (following.unpaid.amount_minor, following.due_on) if following else None,
        ),
        words=words,
        value=lambda voice: voice.money(one.owed),
        source=lambda _: gettext(mark("Loans")),
        as_of=asked.now,
        link=f"account:{one.account.id}",
        reply=reply,
        look="bad" if one.arrears.amount_minor else "",
    )  # fmt: skip
