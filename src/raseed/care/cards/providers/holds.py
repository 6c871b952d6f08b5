"""Money that is held: by which payment, since when, and how it comes free; with what no payment explains."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.utils.translation import gettext

from raseed.banking import api as banking
from raseed.display import api as display
from raseed.kernel.errors import mark
from raseed.kernel.money import Money
from raseed.payments import api as payments

from ..domain import Asked, Card, Fact, digest_of, fact
from ..voice import Voice
from .accounts import accounts_of, called
from .payments import Told, stands, story_text, told

CODE: Final = "holds"
SHOWN_MAX: Final = 20
HELD: Final = mark("%(amount)s held since %(when)s for %(other)s")
REPLY: Final = mark(
    "%(amount)s is held in your account since %(when)s for the payment to %(other)s (reference %(reference)s): %(story)s."
)
OTHERWISE: Final = mark("%(account)s: %(amount)s held for something that is no payment")


def card(asked: Asked) -> Card:
    """Return what is held in the customer's accounts here."""
    accounts = {each.id: each for each in accounts_of(asked) if each.product.kind is not banking.ProductKind.LOAN}
    if not accounts:
        return Card(CODE, "")
    wanted = payments.PaymentFilter(states=frozenset(payments.OPEN_STATES), sent=True)
    page = payments.payments_about(by=asked.by, customer_id=asked.customer_id, wanted=wanted, limit=SHOWN_MAX)
    held = [each for each in page.payments if each.from_account_id in accounts]
    facts = [_held(asked, each) for each in told(asked, held)]
    if page.next is None:
        facts += _unexplained(asked, accounts, held)
    return Card(CODE, "", tuple(facts), more=page.next is not None)


def _held(asked: Asked, one: Told) -> Fact:
    payment, total = one.payment, one.payment.amount + one.payment.fee
    since = one.awaited.since if one.awaited else payment.instructed_at

    def places(voice: Voice) -> dict[str, str]:
        return {
            "amount": voice.money(total),
            "when": voice.when(since),
            "other": one.other(voice),
            "reference": voice.text(payment.reference),
            "story": story_text(one, voice),
        }

    soon = one.is_soon()
    return fact(
        asked,
        provider=CODE,
        key=f"hold:{payment.id}",
        stands=(total.amount_minor, *stands(one, soon=soon)),
        words=lambda voice: gettext(HELD) % places(voice),
        value=lambda voice: voice.money(total),
        source=lambda _: gettext(mark("Payments")),
        as_of=asked.now,
        link=f"payment:{payment.id}",
        reply=lambda voice: gettext(REPLY) % places(voice),
        look="warn",
        also=frozenset({digest_of(total.amount_minor, *stands(one, soon=False))} if soon else ()),
    )


def _unexplained(asked: Asked, accounts: dict[UUID, banking.BankAccount], held: list[payments.Payment]) -> list[Fact]:
    """Return what is held beside open payments, so that nobody is told that nothing is."""
    facts = []
    for id_, shown in display.shown_balances(accounts, clock=asked.clock).items():
        explained = sum(
            each.amount.amount_minor + each.fee.amount_minor for each in held if each.from_account_id == id_
        )
        rest = Money((shown.booked - shown.available).amount_minor - explained, shown.booked.currency)
        if rest.amount_minor > 0 and shown.proof is not display.Proof.BEING_VERIFIED:
            facts.append(_rest(asked, accounts[id_], rest, shown))
    return facts


def _rest(asked: Asked, account: banking.BankAccount, rest: Money, shown: display.ShownBalance) -> Fact:
    return fact(
        asked,
        provider=CODE,
        key=f"held:{account.id}",
        stands=(rest.amount_minor,),
        words=lambda voice: gettext(OTHERWISE) % {"account": called(account, voice), "amount": voice.money(rest)},
        value=lambda voice: voice.money(rest),
        source=lambda _: gettext(mark("Ledger, as it is shown to the customer")),
        as_of=shown.as_of,
        link=f"account:{account.id}",
        look="warn",
    )
