"""A square where everything is in order, with something of everything in its books, and hands that change them behind its back."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from django.conf import settings
from django.test import override_settings

from raseed.assurance.books.asking import run_checks
from raseed.banking.api import Alias, AliasKind, BankAccount
from raseed.banking.tests.town import Town
from raseed.bills import api as bills
from raseed.bills.tests.street import EGP, Street, build_street
from raseed.display import api as display
from raseed.display.prover.rounds import Prover
from raseed.display.tests.world import project
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money
from raseed.ledger.log.api import Sealer, open_connection
from raseed.payments import api as payments
from raseed.people.api import Customer

ALWAYS_GUARDED = ("ledger_leaf", "ledger_checkpoint", "display_round")
"""Tables whose triggers stand against replication too."""


@dataclass
class Square:
    """Mona has paid Ziad and a bill, has a bill on its way, and took one back; all is sealed."""

    town: Town
    mona: Customer
    current: BankAccount
    wallet: BankAccount
    ziad: BankAccount
    sent: UUID
    paid: UUID
    on_its_way: UUID
    withdrawn: UUID
    database: Any = None
    home: Path = field(default_factory=Path)

    def change(self, *statements: str) -> None:
        """Run statements as superuser, with no trigger and no foreign key in the way."""
        with psycopg.connect(self.database.superuser_dsn) as connection:
            connection.execute("SET session_replication_role = replica")
            for table in ALWAYS_GUARDED:
                connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL".encode())
            for statement in statements:
                connection.execute(statement.encode())

    def rows(self, statement: str) -> list[Any]:
        """Read as superuser."""
        with psycopg.connect(self.database.superuser_dsn) as connection:
            return connection.execute(statement.encode()).fetchall()

    def found(self, *only: str) -> dict[str, list[tuple[str, str]]]:
        """Ask the checks of everything, and return what each found: code and subject."""
        answers = run_checks(only, clock=self.town.clock)
        return {
            each.check.name: [(found.code, found.subject) for found in each.run.findings]
            for each in answers
            if each.run.findings
        }


def sign(town: Town) -> None:
    """Seal what was posted, and let the prover sign every root as of now."""
    with open_connection() as connection:
        Sealer(connection, Path(settings.HOME), town.clock).seal_all()
        prover = Prover(connection, Path(settings.HOME), town.clock)
        while not all(each.as_of == town.clock.now() for each in display.rounds()) or not display.rounds():
            prover.step()
        prover.close()


def build_square() -> Square:
    """Build it, and stop its billers."""
    with override_settings(BILLER_NETWORKS="127.0.0.0/8,::1/128"):
        street = build_street()
        try:
            return _built(street)
        finally:
            street.server.stop()


def _built(street: Street) -> Square:
    mona, current = street.person()
    ziad = street.town.person("Ziad", "+201009999999")
    wallet = street.town.wallet(mona, money=50_000)
    his = street.town.wallet(ziad, money=1_000)
    sent = payments.send(
        id=new_id(), actor_customer_id=mona.id, from_account_id=current.id, to=Alias(AliasKind.PHONE, ziad.phone),
        amount=Money(700, EGP), note="", clock=street.town.clock,
    )  # fmt: skip
    assert sent.state is payments.PaymentState.SETTLED
    biller = street.biller()
    paid = _ordered(street, biller, mona, current, "12345678")
    payments.carry_due(clock=street.town.clock)
    withdrawn = _ordered(street, biller, mona, current, "12345679")
    payments.withdraw_payment(payment_id=withdrawn, actor_customer_id=mona.id, clock=street.town.clock)
    on_its_way = _ordered(street, biller, mona, current, "12345670")
    states = {id_: each.state.value for id_, each in payments.payments_by_id([paid, withdrawn, on_its_way]).items()}
    assert [states[id_] for id_ in (paid, withdrawn, on_its_way)] == ["settled", "returned", "held"]
    sign(street.town)
    _shown(his.id, street.town)
    return Square(street.town, mona, current, wallet, his, sent.id, paid, on_its_way, withdrawn)


def _shown(named: UUID, town: Town) -> None:
    """Let the first generation be live and a second one be shown to somebody; what never changes of them was seen."""
    project()
    second = display.open_generation(projector=display.projector_names()[0], actor="system", clock=town.clock)
    project()
    display.set_canary(generation=second.number, percent=0, accounts=[named], actor="system", clock=town.clock)
    list(run_checks(["unchanged"], clock=town.clock))


def _ordered(street: Street, biller: bills.Biller, mona: Customer, account: BankAccount, number: str) -> UUID:
    (bill, *_) = street.fetch(biller, mona, number)
    order = street.order(biller, mona, bill)
    bills.pay(order_id=order.id, customer_id=mona.id, from_account_id=account.id, clock=street.town.clock)
    return order.id
