"""A small town for the tests: one bank in Egypt, one in Syria, a few people, and money from the till."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from raseed.banking import api as banking
from raseed.banking.api import BankAccount, InternalRole, Limits, ProductKind
from raseed.kernel.clock import ManualClock
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
