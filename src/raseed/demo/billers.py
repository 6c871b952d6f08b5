"""Planting the billers: registered through the doors that everyone uses, with keys made now, and bills for the people here.

What the make-believe billers need to answer (their private keys, our public ones) is in a file of its own beside the staff's.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from raseed.banking.api import PenaltyKind, PenaltyRule
from raseed.bills import api as bills
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money
from raseed.people import api as people_api
from raseed.platform import api as platform

from .biller.book import Book, terms
from .biller.server import private_key_text, public_key_text
from .models import WorldRow
from .queries import planted
from .services import FIRST_BLOCK
from .world.billers import BILLERS, Asked, Collected, logo_of, number_of
from .world.people import Person, SeededIds, draw, people_of_block
from .world.places import BANK
from .world.staff import colleagues

NAME: Final = "demo-billers.json"
REASON: Final = "billers of the demo world"
PHONES: Final = "+20149900"
REFUND_MOST: Final = 500
REFUND_MOST_DAY: Final = 2_000
"""What the demo's clerk may refund at once and a day, in whole units of the currency."""
LATE_SINCE: Final = timedelta(days=366)
SAVED: Final = "nur-power"
SAVED_AS: Final = {"ar": "كهرباء البيت", "he": "החשמל בבית", "en": "Our flat's electricity"}
BY_ITSELF: Final = "silk-landline"
CEILING_MINOR: Final = 30_000
_STREAM: Final = 3


def billers_file() -> Path:
    """Return where this home keeps what the make-believe billers need."""
    return Path(settings.HOME) / NAME


def plant_billers(*, port: int, clock: Clock = SYSTEM_CLOCK) -> int:
    """Register the billers that are missing, and let those that are there be found at this port; return how many there are.

    With a biller that is new, or asks for something else than before, come the bills of those people of the first block who
    have an account at the bank.
    """
    world = WorldRow.objects.first()
    if world is None or not planted():
        return 0
    bank = people_api.institution_by_slug(BANK.slug)
    kept = {each["code"]: each for each in _read(billers_file())}
    for place, biller in enumerate(BILLERS):
        told = kept.get(biller.code)
        private = told["private_key"] if told else private_key_text()
        address = f"http://127.0.0.1:{port}/{biller.code}"
        made = _registered(place, biller, bank.id, address, clock)
        key_id = f"{biller.code}-{secrets.token_hex(4)}" if told is None else told["key_id"]
        fields = _fields(biller)
        asks_anew = [each.code for each in made.fields] != [each.code for each in fields]
        if asks_anew:
            bills.set_biller_fields(made.id, fields, by=people_api.SYSTEM, reason=REASON, clock=clock)
            made = bills.biller(made.id)
        if told is None:
            bills.add_biller_key(
                made.id, key_id, public_key_text(private), by=people_api.SYSTEM, reason=REASON, clock=clock
            )
        if told is None or asks_anew:
            _owe(world, biller, made, clock)
            _set_terms(biller, made, clock)
            _live(world, biller, made, clock)
        if made.address != address:
            bills.set_biller_address(made.id, address, by=people_api.SYSTEM, reason=REASON, clock=clock)
        our_id, our_key = bills.our_public_key(made.id)
        kept[biller.code] = {
            "code": biller.code,
            "currency": made.currency.code,
            "scale": made.currency.scale,
            "collection_account": made.account_number,
            "key_id": key_id,
            "private_key": private,
            "bank_keys": {our_id: our_key},
            "bills": asdict(biller.bills),
        }
        _write(billers_file(), world.seed, list(kept.values()))
    _name_clerks(world.seed, bank.id, clock)
    _write(billers_file(), world.seed, list(kept.values()), port)
    return len(kept)


def _name_clerks(seed: int, bank_id: UUID, clock: Clock) -> None:
    """Let those of the demo's staff who work for a biller be its clerks; whose work the bank has ended stays so."""
    for one in colleagues(seed):
        if not one.works_for:
            continue
        with contextlib.suppress(people_api.UnknownStaff):
            actor = people_api.staff(one.id).actor
            of = bills.biller_by_code(bank_id, one.works_for)
            if any(record.action == "bills.clerk_named" for record in platform.audit_trail(actor)):
                continue
            bills.name_clerk(
                staff_id=one.id,
                biller_id=of.id,
                refund_most=Money(REFUND_MOST * 10**of.currency.scale, of.currency),
                refund_most_day=Money(REFUND_MOST_DAY * 10**of.currency.scale, of.currency),
                by=people_api.SYSTEM,
                reason=REASON,
                clock=clock,
            )


def _registered(place: int, biller: Collected, bank_id: UUID, address: str, clock: Clock) -> bills.Biller:
    with contextlib.suppress(bills.BillerUnknown):
        return bills.biller_by_code(bank_id, biller.code)
    ids = SeededIds(draw(0, "biller", place), 0, _STREAM)
    customer = people_api.register_customer(
        id=ids.next(),
        names=biller.names,
        phone=f"{PHONES}{place:04d}",
        language="ar",
        institution_id=bank_id,
        clock=clock,
    )
    made = bills.register_biller(
        bills.NewBiller(
            id=ids.next(), institution_id=bank_id, customer_id=customer.id, code=biller.code,
            category=bills.Category(biller.category), names=biller.names, model=bills.BillerModel(biller.model),
            adapter=bills.AdapterKind.HTTP, fields=_fields(biller), address=address,
        ),
        by=people_api.SYSTEM, reason=REASON, clock=clock,
    )  # fmt: skip
    return bills.set_logo(made.id, logo_of(biller), by=people_api.SYSTEM, reason=REASON, clock=clock)


def _fields(biller: Collected) -> list[bills.Field]:
    return [_field(each) for each in (biller.asked, biller.term) if each]


def _field(asked: Asked) -> bills.Field:
    return bills.Field(
        code=asked.code, names=asked.names, kind=bills.FieldKind(asked.kind), length_min=asked.length,
        length_max=asked.length, check=bills.FieldCheck(asked.check) if asked.check else None,
        example=asked.example or number_of(draw(0, "example", asked.length), asked), help=asked.help or {}, mask=asked.mask,
    )  # fmt: skip


def _set_terms(biller: Collected, made: bills.Biller, clock: Clock) -> None:
    """Set the biller's late penalty, if it has one, for all the bills that are open when the world is planted."""
    if biller.late is None:
        return
    late = PenaltyRule(
        PenaltyKind.PERCENT,
        rate_ppm=biller.late.rate_ppm,
        grace_days=biller.late.grace_days,
        cap_minor=biller.late.cap_minor,
    )
    since = clock.now().date() - LATE_SINCE
    bills.set_penalty_rule(made.id, late, valid_from=since, by=people_api.SYSTEM, reason=REASON, clock=clock)


def _owe(world: WorldRow, biller: Collected, made: bills.Biller, clock: Clock) -> None:
    """Let the people here owe what the biller itself will say that they owe."""
    if biller.model != "fetch":
        return
    today = clock.now().date()
    bills.keep_known_bills(made.id, list(_known(world, biller, made, today)), clock=clock)


def _known(world: WorldRow, biller: Collected, made: bills.Biller, today: date) -> Iterator[bills.KnownBills]:
    book = Book(world.seed)
    for person in _banked(world):
        number = _number(world, biller, person)
        if number is None:
            continue
        for values in _asked(biller, number, today):
            told = book.bills(biller.code, biller.bills, "/".join(values.values()), today) or []
            yield bills.KnownBills(person.id, values, [_bill(each, made) for each in told])


def _number(world: WorldRow, biller: Collected, person: Person) -> str | None:
    """Return a person's number at a biller, or ``None``: they are no customer of it."""
    rng = draw(world.seed, f"owes {biller.code}", person.place)
    is_customer = rng.randrange(100) < biller.share or person.named
    return number_of(rng, biller.asked) if is_customer else None


def _asked(biller: Collected, number: str, today: date) -> list[dict[str, str]]:
    """Return what somebody types for a biller: a number, at the university with each term of which fees are known."""
    if biller.term is None:
        return [{biller.asked.code: number}]
    return [{biller.asked.code: number, biller.term.code: code} for code, _ in terms(today)]


def _live(world: WorldRow, biller: Collected, made: bills.Biller, clock: Clock) -> None:
    """Let the named people have saved their electricity, and have their telephone paid automatically."""
    for person in _banked(world):
        number = _number(world, biller, person) if person.named else None
        if number is None or person.bank_id is None:
            continue
        if biller.code == SAVED:
            bills.save_biller(
                id=new_id(), customer_id=person.id, biller_id=made.id, fields={biller.asked.code: number},
                nickname=SAVED_AS[person.language], clock=clock,
            )  # fmt: skip
        if biller.code == BY_ITSELF:
            with contextlib.suppress(bills.AutopayThere):
                bills.give_autopay(
                    id=new_id(), customer_id=person.id, biller_id=made.id, fields={biller.asked.code: number},
                    from_account_id=person.bank_id, ceiling=Money(CEILING_MINOR, made.currency), days_before=3,
                    clock=clock,
                )  # fmt: skip


def _banked(world: WorldRow) -> Sequence[Person]:
    people = people_of_block(world.seed, 0, 0, min(world.people, FIRST_BLOCK))
    return [each for each in people if each.bank_id is not None]


def _bill(told: dict[str, Any], made: bills.Biller) -> bills.FetchedBill:
    minimum = told.get("minimum_minor")
    return bills.FetchedBill(
        number=told["number"],
        issued_on=date.fromisoformat(told["issued_on"]),
        amount=Money(told["amount_minor"], made.currency),
        paid=Money(told.get("paid_minor", 0), made.currency),
        part_payments=bills.PartPayments(told["part_payments"]),
        due_on=date.fromisoformat(told["due_on"]),
        period=told["period"],
        minimum=None if minimum is None else Money(minimum, made.currency),
        customer_name=told["customer_name"],
    )


def _read(path: Path) -> list[dict[str, Any]]:
    with contextlib.suppress(FileNotFoundError):
        found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["billers"]
        return found
    return []


def _write(path: Path, seed: int, billers: list[dict[str, Any]], port: int = 0) -> None:
    """Write the file whole and for its owner only; it names the port once everything is planted."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump({"seed": seed, "port": port, "billers": billers}, file, ensure_ascii=False, indent=1)
    fresh.replace(path)
