"""What the bank asks and allows, changed by two people: rates, fees, limits, roles. Some of it waits for the second one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import time
from typing import Final

from raseed.banking import api as banking
from raseed.banking.api import FeeEvent, Limits, ProductKind
from raseed.demo.world.cast import NEW_PHONE
from raseed.demo.world.history import DAYS
from raseed.demo.world.places import BANK, ISSUERS, POWER, Place
from raseed.kernel.clock import Clock
from raseed.people import api as people

from .stage import AGENT, CONFIRMER, HOLIDAY_SAVINGS, PROPOSER, Scene, Stage

_POUND: Final = 100
SAVINGS_PPM, LOAN_PPM = 75_000, 180_000
LOAN_FEE_MINOR: Final = 50 * _POUND
DORMANT_MONTHS, HOLIDAY_DORMANT_MONTHS = 12, 2
_CURRENT_LIMITS: Final = Limits(per_transfer_minor=500_000 * _POUND, per_day_minor=1_000_000 * _POUND)
_ROLE: Final = "people.role"
_METER_ROLE: Final = {
    "slug": "meter-office",
    "names": {"ar": "مكتب العدادات", "he": "משרד המונים", "en": "Meter office"},
    "permissions": ["people.customers.edit", "people.customers.view"],
}
_COUNTER_ROLE: Final = {
    "slug": "counter",
    "names": {"ar": "شباك الفرع", "he": "דלפק הסניף", "en": "Branch counter"},
    "permissions": ["banking.accounts.open", "banking.accounts.view", "people.customers.view"],
}

Propose = Callable[[people.Author, Clock], object]


def scenes(stage: Stage) -> Iterator[Scene]:
    """Yield what was settled at the beginning, what was decided since, and what waits."""
    yield from _beginning(stage)
    yield from _decided(stage)
    yield from _waiting(stage)


def _beginning(stage: Stage) -> Iterator[Scene]:
    day = -DAYS
    savings, loan = ProductKind.SAVINGS, ProductKind.LOAN
    yield from _two(
        stage, "savings rate", day, 8, _rate(stage, "savings rate", savings, SAVINGS_PPM, day, "the year's rate")
    )
    yield from _two(
        stage, "holiday savings rate", day, 8,
        _rate(stage, "holiday savings rate", savings, SAVINGS_PPM, day, "the year's rate", HOLIDAY_SAVINGS),
    )  # fmt: skip
    yield from _two(stage, "loan rate", day, 8, _rate(stage, "loan rate", loan, LOAN_PPM, day, "the year's rate"))
    yield from _two(stage, "loan fee", day, 8, _fee(stage, "loan fee", loan, FeeEvent.LOAN_GRANT, LOAN_FEE_MINOR, day))
    for kind, code, months in (
        (ProductKind.CURRENT, None, DORMANT_MONTHS),
        (savings, HOLIDAY_SAVINGS, HOLIDAY_DORMANT_MONTHS),
    ):
        yield Scene(day, time(9), _dormancy(stage, kind, code, months))


def _dormancy(stage: Stage, kind: ProductKind, code: str | None, months: int) -> Callable[[Clock], object]:
    def play(clock: Clock) -> None:
        of, on = stage.product(kind, code), stage.on(-DAYS)
        if banking.dormant_after_months(of.id, on=on) != months:
            banking.set_dormancy(
                product_id=of.id, months=months, valid_from=on, by=stage.staff(PROPOSER), reason="rule of the house",
                clock=clock,
            )  # fmt: skip

    return play


def _decided(stage: Stage) -> Iterator[Scene]:
    current = ProductKind.CURRENT
    yield from _two(
        stage, "current limits", -40, 10,
        _limits(stage, "current limits", _CURRENT_LIMITS, -40, "wish of the board after the audit"), days_later=1,
    )  # fmt: skip
    yield from _two(
        stage, "meter office", -50, 11,
        _role(stage, "meter office", POWER, _METER_ROLE, "those who answer for readings"), place=POWER,
    )  # fmt: skip
    refused = _fee(stage, "transfer fee", current, FeeEvent.TRANSFER_ON_US, 2 * _POUND, -20)
    yield Scene(-20, time(11), lambda clock: refused(stage.staff(PROPOSER), clock))
    yield Scene(
        -19, time(9, 30), lambda clock: _reject(stage, "transfer fee", "transfers on us stay free of charge", clock)
    )


def _waiting(stage: Stage) -> Iterator[Scene]:
    high = Limits(per_transfer_minor=750_000 * _POUND, per_day_minor=1_500_000 * _POUND)
    limits = _limits(stage, "higher limits", high, 7, "the salaries of larger firms")
    fee = _fee(stage, "lower loan fee", ProductKind.LOAN, FeeEvent.LOAN_GRANT, 20 * _POUND, 10)
    role = _role(stage, "counter role", BANK, _COUNTER_ROLE, "the new branch opens next month")
    yield Scene(-3, time(10), lambda clock: limits(stage.staff(PROPOSER), clock))
    yield Scene(-2, time(12), lambda clock: fee(stage.staff(PROPOSER), clock))
    yield Scene(-1, time(9), lambda clock: role(stage.staff(PROPOSER), clock))
    yield Scene(-1, time(15, 30), lambda clock: _new_phone(stage, clock))
    yield Scene(-1, time(16), lambda clock: _wallet_limits(stage, ISSUERS[0], clock))


def _two(
    stage: Stage, what: str, day: int, hour: int, propose: Propose, *, place: Place = BANK, days_later: int = 0
) -> Iterator[Scene]:
    """Yield a proposal, and its confirmation by the second person within the hour or on a later day."""
    yield Scene(day, time(hour), lambda clock: propose(stage.staff(PROPOSER, place), clock))
    yield Scene(day + days_later, time(hour, 40), lambda clock: _confirm(stage, what, place, clock))


def _confirm(stage: Stage, what: str, place: Place, clock: Clock) -> None:
    if people.change(stage.id_of(what), clock=clock).state is people.ChangeState.OPEN:
        people.confirm_change(stage.id_of(what), by=stage.staff(CONFIRMER, place), clock=clock)


def _reject(stage: Stage, what: str, note: str, clock: Clock) -> None:
    if people.change(stage.id_of(what), clock=clock).state is people.ChangeState.OPEN:
        people.reject_change(stage.id_of(what), by=stage.staff(CONFIRMER), note=note, clock=clock)


def _rate(
    stage: Stage, what: str, kind: ProductKind, ppm: int, day: int, reason: str, code: str | None = None
) -> Propose:
    return lambda by, clock: banking.propose_rate(
        id=stage.id_of(what), of=stage.product(kind, code), annual_rate_ppm=ppm, valid_from=stage.on(day), reason=reason,
        by=by, clock=clock,
    )  # fmt: skip


def _fee(stage: Stage, what: str, kind: ProductKind, event: FeeEvent, amount_minor: int, day: int) -> Propose:
    return lambda by, clock: banking.propose_fee(
        id=stage.id_of(what), of=stage.product(kind), event=event, amount_minor=amount_minor, valid_from=stage.on(day),
        reason="the year's schedule of fees", by=by, clock=clock,
    )  # fmt: skip


def _limits(stage: Stage, what: str, limits: Limits, day: int, reason: str) -> Propose:
    return lambda by, clock: banking.propose_limits(
        id=stage.id_of(what), of=stage.product(ProductKind.CURRENT), limits=limits, valid_from=stage.on(day),
        reason=reason, by=by, clock=clock,
    )  # fmt: skip


def _role(stage: Stage, what: str, place: Place, payload: Mapping[str, object], reason: str) -> Propose:
    return lambda by, clock: people.propose_change(
        id=stage.id_of(what), kind=_ROLE, institution_id=stage.places[place.slug],
        subject=f"role:{stage.id_of(f'{what} itself')}", payload=payload, reason=reason, by=by, clock=clock,
    )  # fmt: skip


def _new_phone(stage: Stage, clock: Clock) -> None:
    who = stage.cast.others[0] if stage.cast.others else stage.cast.robbed
    people.propose_phone_change(
        id=stage.id_of("new phone"), customer_id=who.id, new_phone=NEW_PHONE, institution_id=stage.places[BANK.slug],
        by=stage.staff(AGENT), reason="old phone lost; came to the branch with the card", clock=clock,
    )  # fmt: skip


def _wallet_limits(stage: Stage, issuer: Place, clock: Clock) -> None:
    of = next(one for one in banking.products_of(stage.places[issuer.slug]) if one.kind is ProductKind.WALLET)
    banking.propose_limits(
        id=stage.id_of("wallet limits"), of=of, limits=Limits(per_transfer_minor=40_000 * _POUND, per_day_minor=80_000 * _POUND),
        valid_from=stage.on(14), reason="before the feast people send more", by=stage.staff(PROPOSER, issuer), clock=clock,
    )  # fmt: skip
