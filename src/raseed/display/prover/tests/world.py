"""What the prover's tests share: ledgers with customers and house accounts, moved at random, sealed, proven, and looked at."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from uuid import UUID

from raseed.display.customers import customer_codes
from raseed.display.proof.certificate import Certificate
from raseed.display.prover.certificates import certificates_of, checked, proofs
from raseed.display.prover.rounds import Prover
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.kernel.money import currency
from raseed.ledger import api
from raseed.ledger.api import NewAccount, NewTransfer
from raseed.ledger.log.api import Sealer, open_connection
from raseed.ledger.tests.client import batch_of

HOUSE = 9_001


class World:
    def __init__(self, home: Path) -> None:
        self.home = home
        self.code = customer_codes()[0]
        self.chance = random.Random(5)  # noqa: S311
        self.ledger = self.new_ledger("EGP")
        self.house = self.open_accounts(1, code=HOUSE)[0]
        self.customers: list[UUID] = []
        self._sealing = open_connection()
        self.sealer = Sealer(self._sealing, home)
        self.connection = open_connection()
        self.prover: Prover | None = None

    def close(self) -> None:
        self._sealing.close()
        self.connection.close()

    def new_ledger(self, code: str) -> int:
        return api.open_ledger(institution_id=new_id(), currency=currency(code))

    def open_accounts(self, count: int, *, code: int | None = None, ledger: int | None = None) -> list[UUID]:
        new = [NewAccount(new_id(), ledger or self.ledger, code or self.code) for _ in range(count)]
        api.create_accounts(new)
        return [account.id for account in new]

    def join(self, count: int, amount: int = 1000) -> list[UUID]:
        """Open customers' accounts and give each something."""
        fresh = self.open_accounts(count)
        self.customers += fresh
        for account in fresh:
            self.move(self.house, account, amount)
        return fresh

    def move(self, debit: UUID, credit: UUID, amount: int) -> None:
        ledger = api.look_up_accounts([debit])[debit].ledger
        [result] = api.create_transfers([NewTransfer(new_id(), debit, credit, amount, ledger, 1)])
        assert int(result) == 0

    def live(self, batches: int, held: list[UUID]) -> None:
        """Move, hold, post in part, void, among customers and the house."""
        accounts = [*self.customers, self.house]
        for _ in range(batches):
            kind, batch = batch_of(self.chance, self.ledger, accounts, held)
            if kind == "resolves":
                batch = [replace(transfer, amount=0) for transfer in batch]
            results = api.create_transfers(batch)
            if kind == "holds":
                held += [transfer.id for transfer, result in zip(batch, results, strict=True) if result == 0]

    def prove(self) -> Prover:
        """Seal everything, and let the prover take a step over it."""
        self.sealer.seal_all()
        if self.prover is None:
            self.prover = Prover(self.connection, self.home)
        self.prover.step()
        proofs()._looked = -1.0  # readers need not be waited for
        return self.prover

    def restart(self) -> None:
        """Close the prover in order; the next ``prove`` opens another."""
        assert self.prover is not None
        self.prover.close()
        self.drop()

    def drop(self) -> None:
        """Let the prover be gone as if it had been killed."""
        self.prover = None
        self.connection.close()
        self.connection = open_connection()

    def certificate(self, account: UUID) -> Certificate:
        return certificates_of([account])[account]

    def look(self, *, now: datetime | None = None) -> None:
        """Hold every customer's certificate, checked, against the ledger."""
        found = certificates_of(self.customers)
        stands = api.look_up_accounts(self.customers)
        for account in self.customers:
            balances = stands[account].balances
            checked(
                found[account], now=now or SYSTEM_CLOCK.now(), account_id=account,
                booked_minor=balances.credits_posted - balances.debits_posted, held_minor=balances.debits_pending,
            )  # fmt: skip
