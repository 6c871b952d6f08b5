"""A small town for the tests: one bank in Egypt, one in Syria, a few people, and money from the till."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from django.db import connection

from raseed.banking import api as banking
from raseed.banking.api import BankAccount, InternalRole, Limits, Loan, LoanTerms, Product, ProductKind
from raseed.display import api as display
from raseed.kernel.clock import ManualClock
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id
from raseed.ledger import api as ledger
from raseed.people import api as people

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIMITS = Limits(per_transfer_minor=100_000, per_day_minor=250_000)


@dataclass(slots=True)
class Town:
    """Where the tests live. Amounts are piastres."""

    bank: UUID
    other_bank: UUID
    clock: ManualClock

    def person(self, name: str, phone: str, *, at: UUID | None = None) -> people.Customer:
        """Register someone, called the same in all languages."""
        return people.register_customer(
            id=new_id(),
            names={"ar": name, "en": name},
            phone=phone,
            language="ar",
            institution_id=at or self.bank,
            clock=self.clock,
        )

    def wallet(self, owner: people.Customer, *, at: UUID | None = None, money: int = 0) -> BankAccount:
        """Open a wallet under its owner's phone number, and put money in."""
        wallet = banking.open_wallet(
            id=new_id(), issuer_id=at or self.bank, owner_id=owner.id, phone=owner.phone, clock=self.clock
        )
        if money:
            pay_in(wallet, money)
        return wallet

    def current(self, owner: people.Customer, *, money: int = 0, overdraft: bool = False) -> BankAccount:
        """Open a current account, and put money in."""
        opened = banking.open_current_account(
            id=new_id(), institution_id=self.bank, owner_id=owner.id, overdraft_allowed=overdraft, clock=self.clock
        )
        if money:
            pay_in(opened, money)
        return opened

    def savings(self, owner: people.Customer, *, money: int = 0) -> BankAccount:
        """Open a savings account, and put money in on the town's day."""
        opened = banking.open_account(
            id=new_id(), product_id=self.product(ProductKind.SAVINGS).id, owner_id=owner.id, by=people.SYSTEM,
            reason="asked for", clock=self.clock,
        )  # fmt: skip
        if money:
            self.book(opened, money)
        return opened

    def loan(self, current: BankAccount, principal: int, terms: LoanTerms) -> Loan:
        """Grant a loan to the owner of a current account."""
        return banking.grant_loan(
            id=new_id(), product_id=self.product(ProductKind.LOAN).id, pay_to_account_id=current.id,
            principal_minor=principal, terms=terms, by=people.SYSTEM, reason="creditworthy", clock=self.clock,
        )  # fmt: skip

    def product(self, kind: ProductKind, code: str | None = None) -> Product:
        """Return what the bank offers of a kind: the first, or the one of that code."""
        wanted = code or kind.value
        (found,) = [each for each in banking.products_of(self.bank) if each.code == wanted]
        return found

    def staff(self, *permissions: str, at: UUID | None = None) -> people.Author:
        """Return a member of staff who holds just these permissions."""
        return people.Author(f"staff:{new_id()}", {at or self.bank: frozenset(permissions)})

    def book(self, account: BankAccount, amount_minor: int, on: date | None = None) -> None:
        """Book money over the counter, in or (below zero) out, on a date, the town's by default."""
        till = banking.internal_account(account.institution_id, InternalRole.CASH, account.currency.code)
        ends = (till.id, account.id) if amount_minor > 0 else (account.id, till.id)
        results = ledger.create_transfers(
            [
                ledger.NewTransfer(
                    id=new_id(), debit_account_id=ends[0], credit_account_id=ends[1], amount=abs(amount_minor),
                    ledger=account.ledger, code=1, booked_on=on or banking.business_day(account, self.clock.now()),
                )
            ]
        )  # fmt: skip
        assert results == [ledger.CreateTransferResult.OK]

    def until(self, day: date, hour: int = 12) -> None:
        """Let time pass until an hour (UTC) of a day."""
        self.clock.advance(datetime(day.year, day.month, day.day, hour, tzinfo=UTC) - self.clock.now())


def by_owner(owner: people.Customer) -> people.Author:
    """Return a customer as the author of a deed."""
    return people.Author(f"customer:{owner.id}")


def booked(account: BankAccount) -> int:
    """Return an account's balance: what is owed to its holder, minor units; below zero for a loan."""
    return display.shown_balance(account.id).booked.amount_minor


def at_once(acts: Sequence[Callable[[], object]]) -> list[object]:
    """Run acts in threads that start together; return what each returned or was refused with, in order."""
    gate = threading.Barrier(len(acts))
    answers: list[object] = [None] * len(acts)

    def run(place: int, act: Callable[[], object]) -> None:
        try:
            gate.wait()
            answers[place] = act()
        except RaseedError as refusal:
            answers[place] = refusal
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def build_town() -> Town:
    """Register two institutions with books and products."""
    clock = ManualClock(NOON)
    bank, other = new_id(), new_id()
    for id_, slug, country, zone, code in (
        (bank, "nile", "EG", "Africa/Cairo", "EGP"),
        (other, "sham", "SY", "Asia/Damascus", "SYP"),
    ):
        people.register_institution(
            people.Institution(id_, slug, {"ar": slug, "en": slug.title()}, "bank", country, zone, code, country),
            clock=clock,
        )
        banking.set_up_institution(institution_id=id_, bank_code="12", branch_code="3", clock=clock)
        for kind in ProductKind:
            banking.offer_product(
                institution_id=id_, kind=kind, names={"ar": "حساب", "en": "Account"}, limits=LIMITS, clock=clock
            )
    return Town(bank, other, clock)


def pay_in(account: BankAccount, amount_minor: int) -> None:
    """Put money into an account over the counter, in a ledger transfer of its own."""
    till = banking.internal_account(account.institution_id, InternalRole.CASH, account.currency.code)
    results = ledger.create_transfers(
        [
            ledger.NewTransfer(
                id=new_id(),
                debit_account_id=till.id,
                credit_account_id=account.id,
                amount=amount_minor,
                ledger=account.ledger,
                code=1,
            )
        ]
    )
    assert results == [ledger.CreateTransferResult.OK]
