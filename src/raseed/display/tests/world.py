"""A small bank for the tests of display: a ledger, a till, customers' accounts, and a projection that is taken step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from numpy.typing import NDArray

from raseed.display.connecting import open_connection
from raseed.display.generations.projection import Building, Following
from raseed.display.proving import Certified
from raseed.kernel.ids import new_id
from raseed.kernel.money import currency
from raseed.ledger import api as ledger
from raseed.ledger.api import NewAccount, NewTransfer, TransferFlags

WALLET = 110
TILL = 920
HOLD, POST, VOID = TransferFlags.PENDING, TransferFlags.POST_PENDING_TRANSFER, TransferFlags.VOID_PENDING_TRANSFER


@dataclass
class Town:
    """One ledger, with its till and customers."""

    number: int
    till: UUID
    wallets: list[UUID] = field(default_factory=list)

    @classmethod
    def built(cls, wallets: int = 0, code: str = "EGP") -> Town:
        number = ledger.open_ledger(institution_id=new_id(), currency=currency(code))
        till = new_id()
        ledger.create_accounts([NewAccount(till, number, TILL)])
        town = cls(number, till)
        town.open(wallets)
        return town

    def open(self, count: int) -> list[UUID]:
        opened = [new_id() for _ in range(count)]
        if opened:
            ledger.create_accounts([NewAccount(each, self.number, WALLET) for each in opened])
        self.wallets += opened
        return opened

    def move(
        self, debit: UUID, credit: UUID, amount: int, flags: TransferFlags = TransferFlags.NONE, id_: UUID | None = None
    ) -> NewTransfer:
        return NewTransfer(id_ or new_id(), debit, credit, amount, self.number, 1, flags)

    def pay_in(self, wallet: UUID, amount: int) -> None:
        post([self.move(self.till, wallet, amount)])


def post(transfers: Sequence[NewTransfer]) -> None:
    with transaction.atomic():
        answers = ledger.post(list(transfers))
    assert set(answers) == {ledger.CreateTransferResult.OK}, answers


def project() -> None:
    """Build what is to be built, let the first go live, and bring all up to the last batch."""
    with closing(Building(open_connection)) as building:
        while building.step() == 20:
            pass
    with closing(Following(open_connection)) as following:
        while following.step() in {0, 20}:
            pass


def rows(generation: int) -> dict[UUID, tuple[int, int, int]]:
    """Return what a generation's rows say: ledger, booked, held."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT account_id, ledger, booked, held FROM display_shown WHERE generation = %s", [generation])
        return {row[0]: (row[1], row[2], row[3]) for row in cursor.fetchall()}


def flip(account_id: UUID, generation: int, **to: int) -> None:
    """Change a row behind everybody's back."""
    with connection.cursor() as cursor:
        for column, value in to.items():
            cursor.execute(
                f"UPDATE display_shown SET {column} = %s WHERE account_id = %s AND generation = %s",
                [value, account_id, generation],
            )
            assert cursor.rowcount == 1


@dataclass(frozen=True)
class Paper:
    """A certificate without any signature."""

    currency: str
    booked_minor: int
    held_minor: int
    as_of: datetime
    batch: int
    refused: str = ""


@dataclass
class Registrar:
    """Certifies whatever it was told to: for tests of what is made of certificates, not of certificates."""

    papers: dict[UUID, Paper] = field(default_factory=dict)
    reached: dict[int, int] = field(default_factory=dict)

    def certified_to(self) -> Mapping[int, int]:
        return self.reached

    def certificates(self, account_ids: Sequence[UUID]) -> Mapping[UUID, Paper]:
        return {each: self.papers[each] for each in account_ids if each in self.papers}

    def population(self, ledger: int) -> Iterator[NDArray[Any]]:
        del ledger
        return iter(())

    def refusal(self, certificate: Certified, *, now: datetime) -> str:
        assert isinstance(certificate, Paper)
        if certificate.refused:
            return certificate.refused
        return "too_old" if now - certificate.as_of > timedelta(seconds=10) else ""

    def certify(self, town: Town, *, at: datetime) -> None:
        """Certify all that the books hold now of a town's customers."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT coalesce(max(number), 0) FROM ledger_batch")
            [batch] = cursor.fetchone() or [0]
        self.reached[town.number] = batch
        code = ledger.ledger_info(town.number).currency.code
        for each in ledger.look_up_accounts(town.wallets).values():
            if each.entries:
                sums = each.balances
                booked = sums.credits_posted - sums.debits_posted
                self.papers[each.id] = Paper(code, booked, sums.debits_pending, at, batch)
