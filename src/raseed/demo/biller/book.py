"""What the billers know: bills made up from a seed, and the payments that they have taken.

Any customer number is somebody's, but those that end in 000; whose, and what they owe, follows from the seed and the month.
A university knows students by number and term: this term's fees are open, the last one's were paid in part at its counter.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

MONTHS: Final = 3
_NOBODY: Final = "000"
_AUTUMN, _SPRING, _TERM_DUE_DAYS = 9, 2, 90
_NAMES: Final = ("م*** ع***", "س*** ح***", "נ*** כ***", "L*** H***", "ع*** ف***")
_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS payment (id TEXT PRIMARY KEY, biller TEXT, state TEXT, facts TEXT) WITHOUT ROWID"
)


@dataclass(frozen=True, slots=True)
class Kind:
    """How a biller's bills look: amounts in minor units, from and to; what they may be paid with; by month, or by term."""

    least_minor: int
    most_minor: int
    part_payments: str = "exact"
    months: int = MONTHS
    by_term: bool = False


@dataclass(slots=True)
class Payment:
    """A payment that was asked of a biller."""

    id: str
    biller: str
    state: str
    amount_minor: int
    collection_account: str
    bills: dict[str, int]
    reference: str
    asked: int = 0
    taken: int = 0

    def facts(self) -> dict[str, Any]:
        """Return it for a look from outside."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class Book:
    """All payments of all billers; on disk where a file is given, so that they outlive the process."""

    seed: int
    file: Path | None = None
    payments: dict[str, Payment] = field(default_factory=dict)
    paid: dict[tuple[str, str], int] = field(default_factory=dict)
    amounts: dict[tuple[str, str], int] = field(default_factory=dict)
    _disk: sqlite3.Connection | None = None

    def __post_init__(self) -> None:
        if self.file is None:
            return
        self._disk = sqlite3.connect(self.file, isolation_level=None)
        self._disk.execute("PRAGMA journal_mode=WAL")
        self._disk.execute("PRAGMA synchronous=OFF")
        self._disk.execute(_TABLE)
        for (facts,) in self._disk.execute("SELECT facts FROM payment"):
            self._remember(Payment(**json.loads(facts)))

    def bills(self, biller: str, kind: Kind, reference: str, today: date) -> list[dict[str, Any]] | None:
        """Return what is open on a reference, or ``None``: nobody has it."""
        if kind.by_term:
            return self._fees(biller, kind, reference, today)
        if reference.endswith(_NOBODY):
            return None
        found = []
        month = today.replace(day=1)
        for _ in range(kind.months):
            rng = Random(f"raseed/{self.seed}/{biller}/{reference}/{month:%Y-%m}")  # noqa: S311 - a made-up world
            bill = _bill(rng, biller, kind, month)
            self.amounts[biller, bill["number"]] = bill["amount_minor"]
            paid = self.paid.get((biller, bill["number"]), 0)
            if rng.random() < 0.8 and bill["issued_on"] <= today.isoformat() and paid < bill["amount_minor"]:  # noqa: PLR2004
                found.append(bill | {"paid_minor": paid} if paid else bill)
            month = (month - timedelta(days=1)).replace(day=1)
        return found[::-1]

    def _fees(self, biller: str, kind: Kind, reference: str, today: date) -> list[dict[str, Any]] | None:
        """Return what a student owes for a term; nothing for terms before the last and after this one."""
        student, _, code = reference.partition("/")
        if student.endswith(_NOBODY):
            return None
        known = dict(terms(today))
        if code not in known:
            return []
        rng = Random(f"raseed/{self.seed}/{biller}/{reference}")  # noqa: S311 - a made-up world
        name = Random(f"raseed/{self.seed}/{biller}/{student}").choice(_NAMES)  # noqa: S311
        bill = _fee(rng, biller, kind, code, known[code]) | {"customer_name": name}
        at_counter = bill["amount_minor"] // 50 * 30 if code != terms(today)[-1][0] else 0
        self.amounts[biller, bill["number"]] = bill["amount_minor"] - at_counter
        paid = at_counter + self.paid.get((biller, bill["number"]), 0)
        if paid >= bill["amount_minor"]:
            return []
        return [bill | {"paid_minor": paid} if paid else bill]

    def is_too_much(self, payment: Payment) -> bool:
        """Whether a payment pays more on a bill than it asks for, as far as the biller remembers the bill."""
        return any(
            self.paid.get((payment.biller, number), 0) + minor > self.amounts.get((payment.biller, number), minor)
            for number, minor in payment.bills.items()
        )

    def take(self, payment: Payment) -> Payment:
        """Take a payment, once: the same id is the same payment."""
        known = self.payments.get(payment.id)
        if known is None:
            payment.taken = 1
            known = payment
            for number, minor in payment.bills.items():
                key = (payment.biller, number)
                self.paid[key] = self.paid.get(key, 0) + minor
        self.keep(known)
        return known

    def keep(self, payment: Payment) -> None:
        """Keep a payment as it is now."""
        self.payments[payment.id] = payment
        if self._disk is not None:
            row = (payment.id, payment.biller, payment.state, json.dumps(payment.facts()))
            self._disk.execute("INSERT OR REPLACE INTO payment VALUES (?, ?, ?, ?)", row)

    def _remember(self, payment: Payment) -> None:
        self.payments[payment.id] = payment
        if payment.taken:
            for number, minor in payment.bills.items():
                self.paid[payment.biller, number] = self.paid.get((payment.biller, number), 0) + minor


def terms(today: date) -> tuple[tuple[str, date], tuple[str, date]]:
    """Return the last term and this one: their codes, by the year in which their academic year begins, and first days."""
    year = today.year if today.month >= _AUTUMN else today.year - 1
    this_year = (f"{year}-1", date(year, _AUTUMN, 15)), (f"{year}-2", date(year + 1, _SPRING, 8))
    if today >= this_year[1][1]:
        return this_year
    return (f"{year - 1}-2", date(year, _SPRING, 8)), this_year[0]


def _fee(rng: Random, biller: str, kind: Kind, code: str, begins: date) -> dict[str, Any]:
    amount = rng.randrange(kind.least_minor, kind.most_minor + 1, 2_500)
    return {
        "number": f"{biller[:4].strip('-').upper()}-{code}-{rng.randrange(10**7, 10**8)}",
        "issued_on": begins.isoformat(),
        "due_on": (begins + timedelta(days=_TERM_DUE_DAYS)).isoformat(),
        "period": code,
        "amount_minor": amount,
        "part_payments": kind.part_payments,
        "minimum_minor": max(amount // 10, 1),
    }


def _bill(rng: Random, biller: str, kind: Kind, month: date) -> dict[str, Any]:
    issued = month + timedelta(days=rng.randrange(1, 9))
    amount = rng.randrange(kind.least_minor, kind.most_minor + 1, 25)
    bill: dict[str, Any] = {
        "number": f"{biller[:4].strip('-').upper()}-{month:%Y%m}-{rng.randrange(10**7, 10**8)}",
        "issued_on": issued.isoformat(),
        "due_on": (issued + timedelta(days=21)).isoformat(),
        "period": f"{month:%Y-%m}",
        "amount_minor": amount,
        "part_payments": kind.part_payments,
        "customer_name": rng.choice(_NAMES),
    }
    if kind.part_payments == "minimum":
        bill["minimum_minor"] = max(amount // 10, 1)
    return bill
