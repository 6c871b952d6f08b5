"""Turns what happened into transfers and payments, and hands them in."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from raseed.banking import api as banking
from raseed.kernel.money import Money, currency
from raseed.ledger import api as ledger
from raseed.payments import api as payments

from .narrative import cause_of
from .world.places import CODE_BASE, CURRENCY, ZONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from raseed.kernel.clock import Clock

    from .houses import Houses
    from .world.history import Event
    from .world.people import Person

LEDGER_BATCH: Final = 8_190
_ZONE: Final = ZoneInfo(ZONE)


class Poster:
    """Turns events into transfers and payments and hands them in."""

    def __init__(self, houses: Houses, people: Sequence[Person], planted_on: date) -> None:
        self._houses = houses
        self._planted_on = planted_on
        self._issuer_of = {person.wallet_id: person.issuer for person in people}

    def transfer(self, event: Event) -> ledger.NewTransfer:
        """Return the transfer of an event between a customer's account and its institution's, or two customers."""
        issuer = self._issuer_of.get(event.account_id)
        if issuer is None:
            books = self._houses.bank_books[event.currency_code or CURRENCY]
        else:
            books = self._houses.issuer_books[issuer]
        other = event.own_account_id or (event.to.wallet_id if event.to is not None else books.contra[event.deed])
        comes_in = event.amount_minor > 0
        return ledger.NewTransfer(
            id=event.id,
            debit_account_id=other if comes_in else event.account_id,
            credit_account_id=event.account_id if comes_in else other,
            amount=abs(event.amount_minor),
            ledger=books.ledger,
            code=CODE_BASE + event.deed,
            user_data=cause_of(event.id, event.deed, event.shop),
            booked_on=self._planted_on + timedelta(days=event.day),
        )

    def post(self, transfers: Sequence[ledger.NewTransfer], clock: Clock) -> int:
        """Post transfers; those that an interrupted planting has posted already are passed over."""
        new = 0
        for start in range(0, len(transfers), LEDGER_BATCH):
            results = ledger.create_transfers(transfers[start : start + LEDGER_BATCH], clock=clock)
            refused = set(results) - {ledger.CreateTransferResult.OK, ledger.CreateTransferResult.EXISTS}
            assert not refused, f"the demo's own history was refused: {refused}"
            new += results.count(ledger.CreateTransferResult.OK)
        return new

    def send(self, events: Sequence[Event], clock: Clock) -> int:
        """Carry out what people sent each other, as payments with their timelines."""
        if not events:
            return 0
        done = payments.send_many([self._instruction(event) for event in events], clock=clock)
        return sum(payment.state is payments.PaymentState.SETTLED for payment in done)

    def _instruction(self, event: Event) -> payments.Instruction:
        assert event.sender is not None
        assert event.to is not None
        on = self._planted_on + timedelta(days=event.day)
        return payments.Instruction(
            id=event.id,
            actor_customer_id=event.sender.id,
            from_account_id=event.account_id,
            to=banking.Alias(banking.AliasKind.PHONE, event.to.phone),
            amount=Money(-event.amount_minor, currency(CURRENCY)),
            note=event.note,
            instructed_at=datetime.combine(on, time(), _ZONE) + timedelta(seconds=event.second),
            booked_on=on,
        )
