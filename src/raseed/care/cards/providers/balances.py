"""Balances: what display shows, with how far it is proven; and accounts that can't be used."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext

from raseed.banking import api as banking
from raseed.display import api as display
from raseed.display.api import Proof
from raseed.kernel.errors import mark
from raseed.kernel.money import Money

from ..domain import Asked, Card, Fact, fact
from ..voice import Voice
from .accounts import accounts_of, called

CODE: Final = "balances"
WORDS: Final = {
    Proof.PROVEN: mark("%(account)s: %(amount)s, proven as of %(when)s"),
    Proof.JUST_CHANGED: mark("%(account)s: %(amount)s, read from the books at %(when)s; the proof follows in a moment"),
    Proof.NOT_YET_CERTIFIED: mark("%(account)s: %(amount)s, read from the books at %(when)s; not certified yet"),
    Proof.BEING_VERIFIED: mark("%(account)s: being verified; last proven %(amount)s, %(when)s"),
}
NO_AMOUNT: Final = mark("%(account)s: being verified; there is no amount to rely on")
SPENDABLE: Final = mark("to spend: %(amount)s")
REPLY: Final = mark("The balance of %(account)s is %(amount)s (as of %(when)s).")
REPLY_SPENDABLE: Final = mark(
    "The balance of %(account)s is %(amount)s, of which %(spendable)s can be spent (as of %(when)s)."
)
REPLY_VERIFYING: Final = mark(
    "The balance of %(account)s is being verified. The last one that is proven is %(amount)s, of %(when)s."
)
REPLY_NO_AMOUNT: Final = mark("The balance of %(account)s is being verified; we show it again as soon as it is proven.")
STATE: Final = mark("%(account)s: %(state)s")
STATE_WHY: Final = mark("%(account)s: %(state)s, %(why)s")
LOOKS: Final = {Proof.PROVEN: "good", Proof.JUST_CHANGED: "", Proof.NOT_YET_CERTIFIED: "", Proof.BEING_VERIFIED: "bad"}


def card(asked: Asked) -> Card:
    """Return the balance of each account, and which of them are blocked or asleep."""
    accounts = accounts_of(asked)
    owned = [each for each in accounts if each.product.kind is not banking.ProductKind.LOAN]
    shown = display.shown_balances([each.id for each in owned], clock=asked.clock)
    facts = [_balance(asked, each, shown[each.id]) for each in owned if each.id in shown]
    facts += [_state(asked, each) for each in accounts if each.state is not banking.AccountState.OPEN]
    return Card(CODE, "", tuple(facts))


def _balance(asked: Asked, account: banking.BankAccount, shown: display.ShownBalance) -> Fact:
    doubted = shown.proof is Proof.BEING_VERIFIED
    amount = None if doubted and shown.last_proven is None else shown.booked
    spendable = shown.available if amount is not None and shown.available != shown.booked else None

    def places(voice: Voice) -> dict[str, str]:
        return {
            "account": called(account, voice),
            "amount": voice.money(amount) if amount is not None else "",
            "spendable": voice.money(spendable) if spendable is not None else "",
            "when": voice.when(shown.as_of),
        }

    def words(voice: Voice) -> str:
        said = gettext(WORDS[shown.proof] if amount is not None else NO_AMOUNT) % places(voice)
        return said if spendable is None else f"{said} · {gettext(SPENDABLE) % {'amount': voice.money(spendable)}}"

    def reply(voice: Voice) -> str:
        if doubted:
            return gettext(REPLY_NO_AMOUNT if amount is None else REPLY_VERIFYING) % places(voice)
        return gettext(REPLY if spendable is None else REPLY_SPENDABLE) % places(voice)

    return fact(
        asked,
        provider=CODE,
        key=f"balance:{account.id}",
        stands=_stands(amount, spendable, doubted=doubted),
        words=words,
        value=lambda voice: voice.money(amount) if amount is not None else gettext(mark("being verified")),
        source=lambda _: gettext(mark("Ledger, as it is shown to the customer")),
        as_of=shown.as_of,
        link=f"account:{account.id}",
        reply=reply,
        look=LOOKS[shown.proof],
    )


def _stands(amount: Money | None, spendable: Money | None, *, doubted: bool) -> tuple[object, ...]:
    """Return what is said: that it is proven by now, or proven anew, makes no other number of it."""
    told = None if amount is None else (amount.amount_minor, amount.currency.code)
    return (told, None if spendable is None else spendable.amount_minor, doubted)


def _state(asked: Asked, account: banking.BankAccount) -> Fact:
    def words(voice: Voice) -> str:
        state = gettext(banking.STATE_WORDS[account.state])
        why = gettext(banking.BLOCK_REASON_WORDS[account.block_reason]) if account.block_reason else ""
        places = {"account": called(account, voice), "state": state, "why": why}
        return gettext(STATE_WHY if why else STATE) % places

    return fact(
        asked,
        provider=CODE,
        key=f"state:{account.id}",
        stands=(account.state.value, account.block_reason.value if account.block_reason else None),
        words=words,
        value=lambda _: gettext(banking.STATE_WORDS[account.state]),
        source=lambda _: gettext(mark("Accounts")),
        as_of=asked.now,
        link=f"account:{account.id}",
        look="warn",
    )
