"""Planting: the world's people, accounts and history, through the same doors that everyone uses, in bulk.

The first block of people has a full history, with payments and their timelines; the blocks beyond it, for very large
worlds, a thin one that goes straight to the ledger. Each block is marked when it is done, and everything in it has ids
from the seed, so a planting that was interrupted goes on and changes nothing that is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK, Clock, ManualClock
from raseed.kernel.errors import mark
from raseed.kernel.money import Money, currency
from raseed.ledger import api as ledger
from raseed.payments import api as payments
from raseed.people import api as people_api
from raseed.platform.api import Progress, no_progress

from .errors import NumberOfPeopleRefused, OtherWorld
from .models import WorldRow
from .narrative import cause_of
from .world.history import DAYS, Event, full_history, thin_history
from .world.people import NAMED_PER_LANGUAGE, PEOPLE_MAX, SEED, Person, SeededIds, draw, people_of_block
from .world.places import BANK, CODE_BASE, COUNTRY, CURRENCY, FOREIGN_CURRENCIES, ISSUERS, OTHERS, ZONE, Deed, Place

if TYPE_CHECKING:
    from collections.abc import Iterable

FIRST_BLOCK: Final = 2_000
BLOCK: Final = 20_000
PEOPLE_MIN: Final = sum(NAMED_PER_LANGUAGE.values())
LEDGER_BATCH: Final = 8_190
REGISTERED: Final = 40
"""Of a block's planting, about so many hundredths are done when its people are registered and their accounts open."""
BRANCH, BANK_CODE = "0001", "0099"
LIMITS: Final = banking.Limits(per_transfer_minor=3_000_000, per_day_minor=6_000_000)
"""What a wallet may send: EGP 30,000 at once, EGP 60,000 a day."""
_ZONE: Final = ZoneInfo(ZONE)
_ROLE: Final = {
    Deed.OPENING: banking.InternalRole.OPENING,
    Deed.SALARY: banking.InternalRole.FLOAT,
    Deed.TOP_UP: banking.InternalRole.CASH,
    Deed.SHOPPING: banking.InternalRole.FLOAT,
    Deed.CASH_OUT: banking.InternalRole.CASH,
    Deed.RENT: banking.InternalRole.FLOAT,
}
_CURRENT_NAMES: Final = {"ar": "حساب جارٍ", "he": "חשבון עובר ושב", "en": "Current account"}
_WALLET_NAMES: Final = {"ar": "محفظة", "he": "ארנק", "en": "Wallet"}
PLANTING: Final = mark("planting the demo world: people")


@dataclass(frozen=True, slots=True)
class World:
    """What was planted. ``transfers`` counts what this planting posted, which is nothing where all was there."""

    people: int
    seed: int
    planted_on: date
    transfers: int


@dataclass(frozen=True, slots=True)
class _Books:
    """One institution's ledger in one currency and its own accounts by what they stand for."""

    ledger: int
    contra: dict[Deed, UUID]


@dataclass(frozen=True, slots=True)
class _Houses:
    """The institutions that keep accounts, by their ids and books."""

    issuers: tuple[UUID, ...]
    bank: UUID
    issuer_books: tuple[_Books, ...]
    bank_books: dict[str, _Books]


def plant_world(
    *, people: int = FIRST_BLOCK, seed: int = SEED, progress: Progress = no_progress, clock: Clock = SYSTEM_CLOCK
) -> World:
    """Plant the world, or what is missing of it; a finished one is left as it is.

    Raises:
        NumberOfPeopleRefused: fewer than have names in the demo, or more than there are phone numbers for.
        OtherWorld: one with another seed is there, or one that can't grow to this number.
    """
    if not PEOPLE_MIN <= people <= PEOPLE_MAX:
        raise NumberOfPeopleRefused(field="people", least=PEOPLE_MIN, most=PEOPLE_MAX)
    world = _world(people, seed, clock)
    houses = _houses(clock)
    transfers, blocks = 0, list(_blocks(people))
    progress(PLANTING, 0, people)
    for block, first, count in blocks:
        if block >= world.blocks_done:
            transfers += _plant_block(world, houses, block, first, count, progress)
            world.blocks_done = block + 1
            world.save(update_fields=["blocks_done"])
        progress(PLANTING, first + count, people)
    return World(people=people, seed=seed, planted_on=world.planted_on, transfers=transfers)


def _blocks(people: int) -> Iterator[tuple[int, int, int]]:
    """Yield (number, first place, people) of each block."""
    yield 0, 0, min(people, FIRST_BLOCK)
    for block, first in enumerate(range(FIRST_BLOCK, people, BLOCK), 1):
        yield block, first, min(BLOCK, people - first)


@transaction.atomic
def _world(people: int, seed: int, clock: Clock) -> WorldRow:
    """Return the world's row, begun today if it is not there; a larger number of people lets it grow."""
    today = clock.now().astimezone(_ZONE).date()
    WorldRow.objects.get_or_create(id=1, defaults={"seed": seed, "planted_on": today, "people": people})
    world = WorldRow.objects.select_for_update().get(id=1)
    whole_blocks = world.people >= FIRST_BLOCK and (world.people - FIRST_BLOCK) % BLOCK == 0
    if world.seed != seed or people < world.people or (people > world.people and not whole_blocks):
        raise OtherWorld(people=world.people, seed=world.seed)
    if people != world.people:
        world.people = people
        world.save(update_fields=["people"])
    return world


def _houses(clock: Clock) -> _Houses:
    """Register the institutions, and give books and products to those that keep accounts."""
    ids = {place.slug: _institution(place, clock) for place in (*ISSUERS, BANK, *OTHERS)}
    for issuer in ISSUERS:
        banking.set_up_institution(institution_id=ids[issuer.slug], clock=clock)
        banking.offer_product(
            institution_id=ids[issuer.slug],
            kind=banking.ProductKind.WALLET,
            names=_WALLET_NAMES,
            limits=LIMITS,
            clock=clock,
        )
    bank_books = {}
    for code in (CURRENCY, *FOREIGN_CURRENCIES):
        banking.set_up_institution(
            institution_id=ids[BANK.slug], currency_code=code, bank_code=BANK_CODE, branch_code=BRANCH, clock=clock
        )
        banking.offer_product(
            institution_id=ids[BANK.slug], kind=banking.ProductKind.CURRENT, names=_CURRENT_NAMES, currency_code=code,
            clock=clock,
        )  # fmt: skip
        bank_books[code] = _books(ids[BANK.slug], code)
    issuers = tuple(ids[issuer.slug] for issuer in ISSUERS)
    return _Houses(issuers, ids[BANK.slug], tuple(_books(each, CURRENCY) for each in issuers), bank_books)


def _institution(place: Place, clock: Clock) -> UUID:
    number = (*ISSUERS, BANK, *OTHERS).index(place)
    identifier = SeededIds(draw(0, "institution", number), 0, 3).next()
    people_api.register_institution(
        people_api.Institution(
            id=identifier, slug=place.slug, names=place.names, kind=place.kind, country=COUNTRY, zone=ZONE,
            currency_code=CURRENCY, default_region=COUNTRY,
        ),
        clock=clock,
    )  # fmt: skip
    return identifier


def _books(institution_id: UUID, code: str) -> _Books:
    contra = {deed: banking.internal_account(institution_id, role, code).id for deed, role in _ROLE.items()}
    number = ledger.open_ledger(institution_id=institution_id, currency=currency(code))
    return _Books(number, contra)


def _plant_block(world: WorldRow, houses: _Houses, block: int, first: int, count: int, progress: Progress) -> int:
    """Plant one block of people with their accounts and history; return how many transfers were posted."""

    def so_far(hundredths: int) -> None:
        progress(PLANTING, first + count * hundredths // 100, world.people)

    people = people_of_block(world.seed, block, first, count)
    _register(people, houses, world.planted_on, so_far)
    poster, posted = _Poster(houses, people, world.planted_on), 0
    if block:
        days = iter([thin_history(world.seed, block, people, world.planted_on)])
    else:
        days = full_history(world.seed, block, people, world.planted_on)
    waiting: list[ledger.NewTransfer] = []
    for n, today in enumerate(days):
        waiting += [poster.transfer(event) for event in today if not event.is_payment]
        sends = [event for event in today if event.is_payment]
        whole = len(waiting) if sends else len(waiting) // LEDGER_BATCH * LEDGER_BATCH
        posted += poster.post(waiting[:whole])
        del waiting[:whole]
        posted += poster.send(sends)
        so_far(REGISTERED + (99 - REGISTERED) * n // DAYS)
    return posted + poster.post(waiting)


def _register(people: Sequence[Person], houses: _Houses, planted_on: date, so_far: Callable[[int], None]) -> None:
    """Register the block's people and open their accounts, as of the day on which their history begins."""
    since = planted_on - timedelta(days=DAYS)
    began = ManualClock(datetime.combine(since, time(8), _ZONE))
    if not people_api.customers([people[0].id]):
        newcomers = (
            people_api.NewCustomer(
                id=person.id, names=person.names, phone=person.phone, language=person.language, created_at=began.now(),
                institution_ids=(houses.issuers[person.issuer], *([houses.bank] if person.bank_id or person.foreign else [])),
            )
            for person in people
        )  # fmt: skip
        with transaction.atomic():
            people_api.register_customers_bulk(newcomers)
    so_far(REGISTERED // 2)
    banking.open_many(_accounts(people, houses, since))
    so_far(REGISTERED)


def _accounts(people: Iterable[Person], houses: _Houses, since: date) -> Iterator[banking.NewBankAccount]:
    current, wallet = banking.ProductKind.CURRENT, banking.ProductKind.WALLET
    for person in people:
        yield banking.NewBankAccount(
            id=person.wallet_id, institution_id=houses.issuers[person.issuer], owner_id=person.id, kind=wallet,
            phone=person.phone, opened_on=since,
        )  # fmt: skip
        if person.bank_id is not None:
            yield banking.NewBankAccount(
                id=person.bank_id, institution_id=houses.bank, owner_id=person.id, kind=current, opened_on=since
            )
        for account in person.foreign:
            yield banking.NewBankAccount(
                id=account.id, institution_id=houses.bank, owner_id=person.id, kind=current,
                currency_code=account.currency_code, opened_on=since,
            )  # fmt: skip


class _Poster:
    """Turns events into transfers and payments and hands them in."""

    def __init__(self, houses: _Houses, people: Sequence[Person], planted_on: date) -> None:
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
        other = event.to.wallet_id if event.to is not None else books.contra[event.deed]
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

    def post(self, transfers: Sequence[ledger.NewTransfer]) -> int:
        """Post transfers; those that an interrupted planting has posted already are passed over."""
        new = 0
        for start in range(0, len(transfers), LEDGER_BATCH):
            results = ledger.create_transfers(transfers[start : start + LEDGER_BATCH])
            refused = set(results) - {ledger.CreateTransferResult.OK, ledger.CreateTransferResult.EXISTS}
            assert not refused, f"the demo's own history was refused: {refused}"
            new += results.count(ledger.CreateTransferResult.OK)
        return new

    def send(self, events: Sequence[Event]) -> int:
        """Carry out what people sent each other, as payments with their timelines."""
        if not events:
            return 0
        done = payments.send_many([self._instruction(event) for event in events])
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
