"""Three months of what people did: salaries on payday, shopping, cash, and money sent to each other with a word.

Everything is drawn from the seed; days are counted back from the planting day, which is all that comes from outside. The
same seed on the same day gives the same world; on another day the paydays fall elsewhere. Nobody spends what is not there: balances are kept along,
but for a few payments that are meant to be refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from uuid import UUID

from .people import TRANSFER_STREAM, Person, SeededIds, draw
from .places import NOTES, SHOPS, Deed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from random import Random

DAYS: Final = 92
CONTACTS: Final = 4
PAYMENT_DAYS: Final = 21
"""Sends of these last days are payments; older ones went straight to the ledger."""
REFUSED_SHARE: Final = 0.02
_MORNING_S, _NIGHT_S = 8 * 3600, 23 * 3600
_SHOPPING_SHARE: Final = 0.14
_SENDING_SHARE: Final = 0.07
_CARD_SHARE: Final = 0.12
_TOP_UP_SHARE: Final = 0.35
_POUND: Final = 100
_NOTHING: Final[Mapping[UUID, int]] = MappingProxyType({})
_LOW_MINOR: Final = 300 * _POUND
_RENT_DAY: Final = 3
_SAVING_DAY: Final = 5
_TOO_MUCH_MINOR: Final = 5_000 * _POUND
"""More than anybody is sent in a day: a send that is to be refused stays so whatever arrives before it."""


@dataclass(frozen=True, slots=True)
class Event:
    """One movement. ``day`` counts back from the planting day (−1 is the day before), ``second`` from local midnight.

    ``account_id`` is the customer's account; money comes in where ``amount_minor`` is positive. ``to`` and ``note`` are
    for money sent to a person, as a payment with a timeline where ``is_payment``; ``shop`` is a place in ``SHOPS``;
    ``own_account_id`` is where it goes that stays with its owner; ``currency_code`` is the account's where it is foreign.
    """

    id: UUID
    day: int
    second: int
    deed: Deed
    account_id: UUID
    amount_minor: int
    shop: int = 0
    sender: Person | None = None
    to: Person | None = None
    note: str = ""
    is_payment: bool = False
    currency_code: str | None = None
    own_account_id: UUID | None = None


class _Teller:
    """Makes events and keeps the balances that they leave.

    Money from another person counts from the next day on, because a day's sends are carried out after all else.
    """

    def __init__(self, rng: Random, block: int, stopped: Mapping[UUID, int]) -> None:
        self.rng = rng
        self.stopped = stopped
        self._ids = SeededIds(rng, block, TRANSFER_STREAM)
        self.balances: dict[UUID, int] = {}
        self._arriving: list[tuple[UUID, int]] = []

    def begin_day(self) -> None:
        """Let yesterday's sends arrive."""
        for account_id, amount_minor in self._arriving:
            self.balances[account_id] = self.balances.get(account_id, 0) + amount_minor
        self._arriving.clear()

    def arrives_tomorrow(self, account_id: UUID, amount_minor: int) -> None:
        """Note what was sent to somebody."""
        self._arriving.append((account_id, amount_minor))

    def event(self, day: int, deed: Deed, account_id: UUID, amount_minor: int, **more: object) -> Event:
        self.balances[account_id] = self.balances.get(account_id, 0) + amount_minor
        second = self.rng.randrange(_MORNING_S, _NIGHT_S)
        return Event(self._ids.next(), day, second, deed, account_id, amount_minor, **more)  # type: ignore[arg-type]

    def spend(self, day: int, deed: Deed, account_id: UUID, least: int, most: int, **more: object) -> Event | None:
        """Pay an amount between two bounds, if it is there."""
        wish = self.rng.randrange(least, most + 1)
        if self.balances.get(account_id, 0) < wish:
            return None
        return self.event(day, deed, account_id, -wish, **more)


def full_history(
    seed: int, block: int, people: Sequence[Person], planted_on: date, stopped: Mapping[UUID, int] = _NOTHING
) -> Iterator[list[Event]]:
    """Yield the events of each day, oldest first, in the order in which they happened within the day.

    Nothing is bought from a ``stopped`` foreign account from its day on.
    """
    rng = draw(seed, "history", block)
    teller = _Teller(rng, block, stopped)
    contacts = _contacts(rng, people)
    for day in range(-DAYS, 0):
        on = planted_on + timedelta(days=day)
        teller.begin_day()
        today = [event for person in people for event in _day_of(teller, person, contacts[person.place], day, on)]
        yield today


def _contacts(rng: Random, people: Sequence[Person]) -> dict[int, list[Person]]:
    """Return for each person a few others of the same issuer, whom the money is sent to."""
    by_issuer: dict[int, list[Person]] = {}
    for person in people:
        by_issuer.setdefault(person.issuer, []).append(person)
    return {
        person.place: [
            other
            for other in rng.sample(by_issuer[person.issuer], min(CONTACTS + 1, len(by_issuer[person.issuer])))
            if other.place != person.place
        ]
        for person in people
    }


def _day_of(teller: _Teller, person: Person, contacts: list[Person], day: int, on: date) -> Iterator[Event]:
    rng, wallet, bank = teller.rng, person.wallet_id, person.bank_id
    if day == -DAYS:
        yield from _opening(teller, person, day)
    if person.salary_minor and on.day == person.payday:
        yield teller.event(day, Deed.SALARY, bank or wallet, person.salary_minor)
    if bank:
        yield from _bank_day(teller, person, bank, day, on)
    if teller.balances.get(wallet, 0) < _LOW_MINOR and rng.random() < _TOP_UP_SHARE:
        yield teller.event(day, Deed.TOP_UP, wallet, rng.choice((100, 200, 200, 300, 500, 1000)) * _POUND)
    if rng.random() < _SHOPPING_SHARE:
        event = teller.spend(day, Deed.SHOPPING, wallet, 15 * _POUND, 480 * _POUND, shop=rng.randrange(len(SHOPS)))
        if event is not None:
            yield event
    if contacts and rng.random() < _SENDING_SHARE * (2 if person.named else 1):
        yield from _sending(teller, person, rng.choice(contacts), day)


def _opening(teller: _Teller, person: Person, day: int) -> Iterator[Event]:
    rng = teller.rng
    yield teller.event(day, Deed.OPENING, person.wallet_id, rng.randrange(50, 1500) * _POUND)
    if person.bank_id:
        yield teller.event(day, Deed.OPENING, person.bank_id, rng.randrange(500, 20_000) * _POUND)
    if person.savings_id:
        yield teller.event(day, Deed.OPENING, person.savings_id, rng.randrange(20, 800) * 100 * _POUND)
    for account in person.foreign:
        amount = rng.randrange(40, 4_000) * 1_000
        yield teller.event(day, Deed.OPENING, account.id, amount, currency_code=account.currency_code)


def _bank_day(teller: _Teller, person: Person, bank: UUID, day: int, on: date) -> Iterator[Event]:
    rng = teller.rng
    tries: list[Event | None] = []
    if on.day == _RENT_DAY and person.salary_minor:
        tries.append(teller.spend(day, Deed.RENT, bank, person.salary_minor // 4, person.salary_minor // 3))
    if on.day == _SAVING_DAY and person.savings_id:
        least, most = person.salary_minor // 20, person.salary_minor // 8
        tries.append(teller.spend(day, Deed.SAVED, bank, least, most, own_account_id=person.savings_id))
    if rng.random() < _CARD_SHARE:
        shop = rng.randrange(len(SHOPS))
        tries.append(teller.spend(day, Deed.SHOPPING, bank, 40 * _POUND, 950 * _POUND, shop=shop))
    if rng.random() < _CARD_SHARE / 3:
        tries.append(_cash(teller, bank, day))
    for account in person.foreign:
        if rng.random() < _CARD_SHARE / 3 and day < teller.stopped.get(account.id, 0):
            shop, code = rng.randrange(len(SHOPS)), account.currency_code
            tries.append(teller.spend(day, Deed.SHOPPING, account.id, 2_000, 60_000, shop=shop, currency_code=code))
    yield from (event for event in tries if event is not None)


def _cash(teller: _Teller, bank: UUID, day: int) -> Event | None:
    amount = teller.rng.choice((200, 400, 500, 1000, 2000)) * _POUND
    return teller.spend(day, Deed.CASH_OUT, bank, amount, amount)


def _sending(teller: _Teller, person: Person, to: Person, day: int) -> Iterator[Event]:
    """Send a round sum to somebody; of the payments, now and then one of more than there is, which will be refused."""
    rng, wallet = teller.rng, person.wallet_id
    note = rng.choice(NOTES[person.language])
    have = teller.balances.get(wallet, 0)
    wish = rng.randrange(5, 121) * 5 * _POUND
    payment = day >= -PAYMENT_DAYS
    if payment and rng.random() < REFUSED_SHARE:
        event = teller.event(
            day, Deed.SENT, wallet, -(have + wish + _TOO_MUCH_MINOR), sender=person, to=to, note=note, is_payment=True
        )
        teller.balances[wallet] = have
        yield event
        return
    if have < wish:
        return
    yield teller.event(day, Deed.SENT, wallet, -wish, sender=person, to=to, note=note, is_payment=payment)
    teller.arrives_tomorrow(to.wallet_id, wish)


def thin_history(seed: int, block: int, people: Sequence[Person], planted_on: date) -> list[Event]:
    """Return a few events for each of very many people, oldest first: for the blocks beyond the first.

    What one receives from another is not counted on, so each person's events hold whatever comes between.
    """
    rng = draw(seed, "history", block)
    teller = _Teller(rng, block, _NOTHING)
    paydays = _paydays(planted_on)
    neighbours = _neighbours(people)
    events: list[Event] = []
    for person in people:
        wallet, salary_to = person.wallet_id, person.bank_id or person.wallet_id
        events.append(teller.event(-DAYS, Deed.OPENING, wallet, rng.randrange(200, 3000) * _POUND))
        if person.bank_id:
            events.append(teller.event(-DAYS, Deed.OPENING, person.bank_id, rng.randrange(500, 20_000) * _POUND))
        if person.salary_minor:
            events.extend(
                teller.event(day, Deed.SALARY, salary_to, person.salary_minor) for day in paydays[person.payday]
            )
        for _ in range(2):
            day, shop = -rng.randrange(1, DAYS), rng.randrange(len(SHOPS))
            event = teller.spend(day, Deed.SHOPPING, wallet, 15 * _POUND, 90 * _POUND, shop=shop)
            if event is not None:
                events.append(event)
        to, day = neighbours[person.place], -rng.randrange(1, DAYS)
        event = teller.spend(day, Deed.SENT, wallet, 5 * _POUND, 20 * _POUND, sender=person, to=to)
        if event is not None and to.place != person.place:
            events.append(event)
    events.sort(key=lambda event: event.day)
    return events


def _paydays(planted_on: date) -> dict[int, list[int]]:
    """Return for each payday of the month the days, counted back, on which it fell."""
    found: dict[int, list[int]] = {}
    for day in range(-DAYS + 1, 0):
        found.setdefault((planted_on + timedelta(days=day)).day, []).append(day)
    return {payday: found.get(payday, []) for payday in range(1, 32)}


def _neighbours(people: Sequence[Person]) -> dict[int, Person]:
    """Return for each person the next one of the same issuer."""
    by_issuer: dict[int, list[Person]] = {}
    for person in people:
        by_issuer.setdefault(person.issuer, []).append(person)
    return {one.place: own[(n + 1) % len(own)] for own in by_issuer.values() for n, one in enumerate(own)}
