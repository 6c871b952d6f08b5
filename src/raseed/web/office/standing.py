"""How an account stands, beside its movements: its numbers, who may do what with it, a loan's course, savings' interest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext

from raseed.banking import api as banking
from raseed.kernel.errors import mark
from raseed.people import api as people
from raseed.web.penalties import penalty_kind

from .naming import Named, names_of

if TYPE_CHECKING:
    from datetime import datetime

    from raseed.kernel.money import Money

    from .requests import StaffRequest

CREDITS: Final = 6
INSTALMENTS: Final = 60
ALIAS_WORDS: Final = {
    banking.AliasKind.PHONE: mark("Phone number"),
    banking.AliasKind.IBAN: mark("IBAN"),
    banking.AliasKind.NUMBER: mark("Account number"),
}
INSTALMENT_LOOKS: Final = {
    banking.InstalmentState.PAID: "good",
    banking.InstalmentState.OVERDUE: "bad",
    banking.InstalmentState.DUE: "warn",
}


@dataclass(frozen=True, slots=True)
class ShownAlias:
    """A number of an account; ``until`` is set where it is one no more."""

    label: str
    text: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Holder:
    """A person, and what they may do with the account."""

    right: str
    who: Named


@dataclass(frozen=True, slots=True)
class ShownInstalment:
    """An instalment, with its state in a word."""

    instalment: banking.ShownInstalment
    words: str
    look: str


@dataclass(frozen=True, slots=True)
class ShownLoan:
    """A loan with the instalments that stand on its page; ``more``: there are others after them; its late penalty in words."""

    loan: banking.Loan
    instalments: tuple[ShownInstalment, ...]
    more: bool
    penalty: str


@dataclass(frozen=True, slots=True)
class ShownSavings:
    """What savings have earned and were not credited yet, and the latest credits."""

    earned: Money
    first_day: object
    credits: tuple[banking.InterestCredit, ...]


def account_aliases(account: banking.BankAccount) -> list[ShownAlias]:
    """Return the numbers of an account, those that hold first."""
    return [
        ShownAlias(gettext(ALIAS_WORDS[one.kind]), _alias_text(one), one.valid_until)
        for one in sorted(account.aliases, key=lambda one: one.valid_until is not None)
    ]


def _alias_text(alias: banking.AccountAlias) -> str:
    if alias.kind is banking.AliasKind.PHONE:
        return people.phone_text(alias.value)
    return banking.printed_iban(alias.value) if alias.kind is banking.AliasKind.IBAN else alias.value


def account_holders(details: banking.AccountDetails, request: StaffRequest) -> list[Holder]:
    """Return who holds an account and who else may see or use it."""
    names = names_of({f"customer:{one.customer_id}" for one in details.holders}, request)
    return [
        Holder(gettext(banking.RIGHT_WORDS[one.right]), names[f"customer:{one.customer_id}"]) for one in details.holders
    ]


def loan_of(account: banking.BankAccount) -> ShownLoan | None:
    """Return how a loan stands, if the account is one."""
    if account.product.kind is not banking.ProductKind.LOAN:
        return None
    found = banking.loan(account.id)
    return ShownLoan(
        found,
        tuple(
            ShownInstalment(
                one, gettext(banking.INSTALMENT_STATE_WORDS[one.state]), INSTALMENT_LOOKS.get(one.state, "")
            )
            for one in found.schedule[:INSTALMENTS]
        ),
        len(found.schedule) > INSTALMENTS,
        penalty_kind(found.penalty_rule),
    )


def savings_of(account: banking.BankAccount, now: datetime) -> ShownSavings | None:
    """Return what savings have earned, if the account is savings."""
    if account.product.kind is not banking.ProductKind.SAVINGS:
        return None
    accrued = banking.accrued_interest(account.id, on=banking.business_day(account, now))
    credits = tuple(banking.interest_credits(account.id, limit=CREDITS))
    return ShownSavings(accrued.earned, accrued.first_day, credits)
