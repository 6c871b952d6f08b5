"""Bills, billers and what was paid to them, as they stand on a customer's pages."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from django.urls import reverse
from django.utils.translation import get_language, gettext

from raseed.banking import api as banking
from raseed.bills import api as bills
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.money import Money
from raseed.people import api as people

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from uuid import UUID

    from raseed.platform.api import ErrorText

    from .accounts import ShownAccount
    from .reader import Reader

_DIGITS: Final = frozenset(
    {bills.FieldKind.NUMBER, bills.FieldKind.ACCOUNT, bills.FieldKind.METER, bills.FieldKind.STUDENT}
)


@dataclass(frozen=True, slots=True)
class ShownBiller:
    """A biller in the reader's words. ``logo`` is the address of its picture; without one, ``letter`` stands there."""

    biller: bills.Biller
    name: str
    logo: str
    letter: str
    institution_name: str
    country: str
    zone: str
    today: date

    @property
    def id(self) -> UUID:
        """The biller's id."""
        return self.biller.id


@dataclass(frozen=True, slots=True)
class ShownBill:
    """A bill that waits to be paid; ``by_itself``: an autopay will look at it."""

    bill: bills.Bill
    biller: ShownBiller
    by_itself: bool = False

    @property
    def overdue(self) -> bool:
        """Whether it should have been paid before today."""
        return self.bill.is_overdue(self.biller.today)

    @property
    def due_today(self) -> bool:
        """Whether today is its day."""
        return self.bill.pay_by == self.biller.today

    @property
    def in_parts(self) -> bool:
        """Whether less than all of it may be paid."""
        return self.bill.part_payments is not bills.PartPayments.EXACT and self.bill.least < self.bill.owed


@dataclass(frozen=True, slots=True)
class Together:
    """Bills of one biller and one number, which can be paid at once."""

    first: ShownBill
    count: int
    total: Money


@dataclass(frozen=True, slots=True)
class ShownField:
    """One thing that a biller asks for, as its input stands on the form."""

    code: str
    name: str
    help: str
    example: str
    keys: str
    plain: bool
    required: bool
    length_max: int
    value: str
    error: ErrorText | None


@dataclass(frozen=True, slots=True)
class ShownPart:
    """One part of what is paid, in words; ``what`` says which bill."""

    words: str
    what: str
    due_on: date | None
    was_due_on: date | None
    amount: Money
    lowers: bool


def shown_billers(found: Iterable[bills.Biller], reader: Reader) -> dict[UUID, ShownBiller]:
    """Return billers ready for a page, by id."""
    known = list(found)
    now = SYSTEM_CLOCK.now()
    houses = {one: people.institution(one) for one in {each.institution_id for each in known}}
    days = {one: banking.business_date(one, now) for one in houses}
    shown = {}
    for each in known:
        house, name = houses[each.institution_id], each.name(reader.language)
        logo = reverse("biller-logo", args=[each.id, each.logo_version()]) if each.logo_digest else ""
        house_name = people.display_name(house, reader.language)
        shown[each.id] = ShownBiller(
            each, name, logo, name[:1], house_name, house.country, house.zone, days[each.institution_id]
        )
    return shown


def shown_bills(found: Sequence[bills.Bill], reader: Reader) -> list[ShownBill]:
    """Return bills ready for a page, in the order given, their billers read at once."""
    billers = shown_billers(bills.billers({each.biller_id for each in found}).values(), reader)
    return [ShownBill(each, billers[each.biller_id]) for each in found]


def waiting(customer_id: UUID, reader: Reader) -> list[ShownBill]:
    """Return the bills on which a customer can pay something now, due first."""
    found = shown_bills([each for each in bills.bills_of(customer_id) if each.owed.amount_minor], reader)
    left = bills.left_to_autopays(customer_id)
    return [replace(each, by_itself=each.bill.id in left) for each in found]


def beside(bill: ShownBill, customer_id: UUID, reader: Reader) -> list[ShownBill]:
    """Return what waits of the same biller and the same number, this bill too."""
    return [
        each
        for each in waiting(customer_id, reader)
        if (each.bill.biller_id, each.bill.reference) == (bill.bill.biller_id, bill.bill.reference)
    ]


def together(found: Iterable[ShownBill]) -> list[Together]:
    """Return the numbers of which more than one bill waits."""
    groups: dict[tuple[UUID, str], list[ShownBill]] = defaultdict(list)
    for each in found:
        groups[each.bill.biller_id, each.bill.reference].append(each)
    return [
        Together(group[0], len(group), sum_of([each.bill.owed for each in group]))
        for group in groups.values()
        if len(group) > 1
    ]


def sum_of(amounts: Sequence[Money]) -> Money:
    """Return the sum of amounts of one currency; there is at least one."""
    return Money(sum(each.amount_minor for each in amounts), amounts[0].currency)


def shown_fields(
    biller: bills.Biller, typed: dict[str, str], errors: dict[str, ErrorText], reader: Reader
) -> list[ShownField]:
    """Return a biller's inputs with what was typed, and what is wrong with it."""
    return [
        ShownField(
            field.code,
            field.name(reader.language),
            field.help.get(reader.language) or field.help.get("en", ""),
            field.example,
            "numeric" if field.kind in _DIGITS else "tel" if field.kind is bills.FieldKind.PHONE else "text",
            field.kind is bills.FieldKind.TEXT,
            field.required,
            field.length_max * 2,
            typed.get(field.code, ""),
            errors.get(f"fields.{field.code}"),
        )
        for field in biller.fields
    ]


def named_values(biller: bills.Biller, values: dict[str, str], reader: Reader) -> list[tuple[str, str]]:
    """Return what was typed for a biller, each value with the name of its field."""
    return [(field.name(reader.language), values[field.code]) for field in biller.fields if values.get(field.code)]


def shown_parts(parts: Iterable[bills.Part], known: dict[UUID, bills.Bill]) -> list[ShownPart]:
    """Return the parts of what is paid, in words; a waiver by its name."""
    shown, told = [], list(parts)
    waivers = bills.waivers_by_id(part.waiver_id for part in told)
    for part in told:
        bill = known.get(part.bill_id) if part.bill_id else None
        what = (bill.period or bill.number) if bill else ""
        if part.waiver_id in waivers:
            what = waivers[part.waiver_id].name(get_language() or "en")
        lowers = part.kind in (bills.PartKind.WAIVER, bills.PartKind.CREDIT_USED)
        due, was_due = (bill.pay_by, bill.was_due_on) if bill and part.kind is bills.PartKind.BILL else (None, None)
        shown.append(ShownPart(gettext(bills.PART_WORDS[part.kind]), what, due, was_due, part.amount, lowers))
    return shown


def accounts_for(biller: bills.Biller, accounts: Iterable[ShownAccount]) -> list[ShownAccount]:
    """Return the accounts that are offered to pay a biller from: at the bank that collects, in its currency."""
    return [
        one
        for one in accounts
        if one.is_open
        and not one.is_loan
        and one.account.institution_id == biller.institution_id
        and one.account.currency == biller.currency
    ]
