"""Counting: what was granted so far, and one grant more, under locks that make them one.

Two counters are locked in the order of their key before anything is looked at: the customer's and the person's, of one action
in one currency. Whoever decides next waits and sees the grant. Were the locks forgotten, the numbers of two grants would be
the same, which a unique key refuses; and a trigger counts again before any grant is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import connection

from ..models import AuthorityGrantRow, AuthorityRequestRow
from .domain import SPLIT_WINDOW, Asked, Given, Limit
from .statements import run


@dataclass(frozen=True, slots=True)
class Counted:
    """Whose authority is used for what; ``day`` is the business date on which it counts."""

    institution_id: UUID
    staff_id: UUID
    customer_id: UUID
    action: str
    currency: str
    day: date

    @property
    def key(self) -> dict[str, object]:
        """Its counters, as statements name them."""
        return {
            "institution": self.institution_id, "staff": self.staff_id, "customer": self.customer_id,
            "action": self.action, "currency": self.currency,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Locked:
    """What is counted, under its locks: ``day_minor`` and ``day_count`` are the person's on its day so far."""

    counted: Counted
    day_minor: int
    day_count: int


def lock(of: Counted) -> Locked:
    """Lock the counters of a decision until the transaction ends, and return them on the day that counts.

    A day that was counted is never gone back behind: whose clock is slow counts on the later day.
    """
    assert connection.in_atomic_block, "a lock lasts as long as the transaction that took it"
    run("make_counters", of.key)
    ((last, minor, count),) = [told for kind, *told in run("lock_counters", of.key) if kind == "staff"]
    if last is None or last < of.day:
        return Locked(of, 0, 0)
    return Locked(replace(of, day=last), minor, count)


def given(of: Locked, limit: Limit | None, now: datetime) -> Given:
    """Return what was granted so far, as the limit counts it."""
    window = timedelta(days=limit.bounds.window_days) if limit else timedelta(0)
    since = {"since": now - window, "lately": now - SPLIT_WINDOW}
    ((customer_count, customer_minor, lately_minor),) = run("customer_given", {**of.counted.key, **since})
    return Given(of.day_minor, of.day_count, customer_minor, customer_count, lately_minor)


def use(row: AuthorityRequestRow, asked: Asked, locked: Locked, limit: Limit, now: datetime) -> AuthorityGrantRow:
    """Keep that the authority was used, once: the counters and the grant go on together."""
    of = locked.counted
    minor = asked.amount.amount_minor if asked.amount else 0
    ((customer_number,),) = run("use_customer_counter", of.key)
    ((day_total, day_number),) = run("use_staff_counter", {**of.key, "day": of.day, "minor": minor})
    return AuthorityGrantRow.objects.create(
        request=row, institution_id=of.institution_id, action=of.action, currency=of.currency, staff_id=of.staff_id,
        customer_id=of.customer_id, limit_id=limit.id, amount_minor=minor, day=of.day, at=now, day_number=day_number,
        day_total_minor=day_total, customer_number=customer_number,
    )  # fmt: skip
