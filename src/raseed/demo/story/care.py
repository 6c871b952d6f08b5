"""What is known of people beside their money: identity, consents, days that matter, needs for care, rights, blocked accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, time
from typing import Final
from uuid import UUID

from raseed.banking import api as banking
from raseed.banking.api import AccountRight, BlockReason
from raseed.demo.world.cast import civil_id_of
from raseed.demo.world.firm import ROBBED_ON
from raseed.demo.world.history import DAYS
from raseed.demo.world.people import Person
from raseed.demo.world.places import BANK, ZONE
from raseed.kernel.clock import Clock
from raseed.people import api as people
from raseed.platform import api as platform

from .stage import AGENT, CONFIRMER, PROPOSER, Scene, Stage, themself

CIVIL_ID_REASON: Final = "made-up number of the demo, of a birth that is yet to come"
_TAX_MONTH, _TAX_DAY, _RENT_DAY = 3, 31, 3
_CONSENTS: Final = {
    "offers": (
        {"ar": "عروض البنك", "he": "הצעות של הבנק", "en": "The bank's offers"},
        {
            "ar": "يجوز للبنك أن يرسل إليّ عروضه. يمكنني سحب موافقتي في أي وقت.",
            "he": "הבנק רשאי לשלוח לי הצעות. אפשר לחזור בי בכל עת.",
            "en": "The bank may send me its offers. I can take this back at any time.",
        },
    ),
    "wallet_sharing": (
        {"ar": "مشاركة البيانات مع المحفظة", "he": "שיתוף נתונים עם הארנק", "en": "Sharing with the wallet"},
        {
            "ar": "يجوز للبنك أن يُطلع مُصدر محفظتي على أرصدتي.",
            "he": "הבנק רשאי להראות את היתרות שלי למנפיק הארנק שלי.",
            "en": "The bank may show my balances to the issuer of my wallet.",
        },
    ),
}


def scenes(stage: Stage) -> Iterator[Scene]:
    """Yield everything about people, in no order."""
    cast = stage.cast
    for n, purpose in enumerate(_CONSENTS):
        yield Scene(1 - DAYS, time(10, n), _published(stage, purpose))
    for n, person in enumerate((*cast.named, *cast.others)):
        yield Scene(-85, time(10, n), _identified(stage, person))
        if n % 3 != 2:  # noqa: PLR2004  two of three agree
            yield Scene(-84, time(18, n), _agreed(stage, person, "offers", 1 + n % 2))
    yield Scene(-30, time(20), _withdrew(stage, cast.trusted))
    yield from _days_that_matter(stage)
    yield from _needs(stage)
    yield from _rights(stage)
    yield Scene(ROBBED_ON, time(13, 20), lambda clock: _block(stage, clock))
    yield Scene(-25, time(3, 40), lambda clock: banking.make_dormant(clock=clock))


def _published(stage: Stage, purpose: str) -> Callable[[Clock], object]:
    names, texts = _CONSENTS[purpose]
    return lambda clock: people.publish_consent_text(
        institution_id=stage.places[BANK.slug], purpose=purpose, version=1, names=names, texts=texts,
        by=stage.staff(PROPOSER), reason="text agreed with the lawyers", clock=clock,
    )  # fmt: skip


def _identified(stage: Stage, person: Person) -> Callable[[Clock], object]:
    country, number = civil_id_of(stage.seed, person)
    return lambda clock: people.register_civil_id(
        person.id, country=country, number=number, by=stage.staff(AGENT), reason=CIVIL_ID_REASON, clock=clock
    )


def _agreed(stage: Stage, person: Person, purpose: str, how_many: int) -> Callable[[Clock], object]:
    def play(clock: Clock) -> None:
        for each in (purpose, "wallet_sharing")[:how_many]:
            people.give_consent(
                person.id, institution_id=stage.places[BANK.slug], purpose=each, version=1, channel="web",
                by=themself(person), clock=clock,
            )  # fmt: skip

    return play


def _withdrew(stage: Stage, person: Person) -> Callable[[Clock], object]:
    def play(clock: Clock) -> None:
        _agreed(stage, person, "offers", 1)(clock)
        people.withdraw_consent(
            person.id, institution_id=stage.places[BANK.slug], purpose="offers", channel="web", by=themself(person),
            clock=clock,
        )  # fmt: skip

    def once(clock: Clock) -> None:
        kept = people.consents(person.id, institution_id=stage.places[BANK.slug], by=themself(person))
        if not any(each.purpose == "offers" and not each.given for each in kept):
            play(clock)

    return once


def _days_that_matter(stage: Stage) -> Iterator[Scene]:
    cast = stage.cast
    for n, person in enumerate((cast.saver, cast.borrower, cast.behind, cast.trusted, *cast.others)):
        yield Scene(-80, time(19, n), _day(stage, person, "payday", month_day=person.payday))
        if n % 2 == 0:
            yield Scene(-80, time(19, 30 + n), _day(stage, person, "rent", month_day=_RENT_DAY))
    for n, person in enumerate((cast.behind, cast.rester)):
        yield Scene(-79, time(19, n), _day(stage, person, "tax", on=_next_tax_day(stage.planted_on)))


def _day(
    stage: Stage, person: Person, kind: str, *, month_day: int | None = None, on: date | None = None
) -> Callable[[Clock], object]:
    return lambda clock: people.set_critical_date(
        id=stage.id_of(f"{kind} {person.place}"), customer_id=person.id, kind=kind, zone=ZONE, month_day=month_day, on=on,
        by=themself(person), clock=clock,
    )  # fmt: skip


def _next_tax_day(today: date) -> date:
    """Return the next end of March, when what people earn is to be declared in Egypt."""
    this_year = date(today.year, _TAX_MONTH, _TAX_DAY)
    return this_year if this_year > today else this_year.replace(year=today.year + 1)


def _needs(stage: Stage) -> Iterator[Scene]:
    cast, driver = stage.cast, people.Driver
    noted: list[tuple[Person, people.Driver, tuple[str, ...], int]] = [
        (cast.behind, driver.RESILIENCE, ("payment_room", "more_time"), 30),
        (cast.rester, driver.CAPABILITY, ("plain_words", "by_voice"), -1),
    ]
    kinds = ((driver.HEALTH, ("large_print",)), (driver.LIFE_EVENTS, ("bereavement", "no_selling")))
    noted += [(person, *kinds[n % 2], 40 + n) for n, person in enumerate(cast.others[:3])]
    for n, (person, its_driver, needs, review) in enumerate(noted):
        yield Scene(-45 + n, time(11, 10), _noted(stage, person, its_driver, needs, review))
    yield Scene(-6, time(12, 5), lambda clock: _looked_at(stage, clock))


def _noted(
    stage: Stage, person: Person, driver: people.Driver, needs: tuple[str, ...], review: int
) -> Callable[[Clock], object]:
    return lambda clock: people.note_vulnerability(
        id=stage.id_of(f"need {person.place}"), customer_id=person.id, institution_id=stage.places[BANK.slug],
        driver=driver.value, needs=needs, since=stage.on(-50), review_on=stage.on(review), by=stage.staff(CONFIRMER),
        reason="told us on the phone", clock=clock,
    )  # fmt: skip


def _looked_at(stage: Stage, clock: Clock) -> None:
    """A colleague looks at the markers of who is behind before calling, and the trail keeps it: once, however often played."""
    agent = stage.staff(AGENT)
    if not platform.audit_records(actor=agent.actor, action="people.vulnerabilities_viewed", limit=1).records:
        people.vulnerabilities(
            stage.cast.behind.id, by=agent, reason="call about the overdue instalment", clock=clock
        )  # fmt: skip


def _rights(stage: Stage) -> Iterator[Scene]:
    cast = stage.cast
    assert cast.saver.bank_id is not None
    assert cast.saver.savings_id is not None
    given = (
        (cast.saver.bank_id, cast.trusted, AccountRight.MAY_PAY, "power of attorney, signed at the branch"),
        (cast.saver.savings_id, cast.trusted, AccountRight.MAY_SEE, "wish of the owner, signed at the branch"),
        (cast.firm.account_id, cast.rester, AccountRight.MAY_PAY, "the firm's bookkeeper, by its letter"),
    )
    for n, (account_id, person, right, reason) in enumerate(given):
        yield Scene(-60, time(12, 10 * n), _right(stage, account_id, person, right, reason))


def _right(
    stage: Stage, account_id: UUID, person: Person, right: AccountRight, reason: str
) -> Callable[[Clock], object]:
    return lambda clock: banking.give_right(
        account_id=account_id, customer_id=person.id, right=right, by=stage.staff(AGENT), reason=reason, clock=clock
    )


def _block(stage: Stage, clock: Clock) -> None:
    banking.block_account(
        account_id=stage.cast.robbed.foreign[0].id, code=BlockReason.LOST_OR_STOLEN, by=stage.staff(AGENT),
        reason="bag stolen on the train; asked for it by phone", clock=clock,
    )  # fmt: skip
