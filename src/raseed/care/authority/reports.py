"""What was granted: per action, person and day, how much of it looks split, and how far today's limits are used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.money import Money, currency
from raseed.people import api as people
from raseed.people.api import Author

from ..models import AuthorityCounterRow
from .domain import Limit
from .limits import limit_for
from .permissions import VIEW
from .statements import run

USED_MAX: Final = 500
"""Lines of what was used today: persons and actions."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What one person granted of one action on one business date.

    Attributes:
        staff_id: whose authority was used: who asked, or who approved.
        amount: what they come to; ``None`` for an action without amounts.
        split: how many of them were pieces that together are beyond what one act may come to.
        approved: how many of them others had asked for.
    """

    action: str
    staff_id: UUID
    day: date
    acts: int
    amount: Money | None
    split: int
    approved: int


@dataclass(frozen=True, slots=True)
class UsedToday:
    """What somebody has granted of one action today, and the limit that applies to them now; ``None``: no longer any."""

    staff_id: UUID
    action: str
    currency: str
    day: date
    used_minor: int
    used_count: int
    limit: Limit | None


def used_today(institution_id: UUID, *, by: Author, clock: Clock = SYSTEM_CLOCK) -> list[UsedToday]:
    """Return what each member of staff has granted on the present business date, beside what they may; the most first.

    Raises:
        NotPermitted: ``by`` lacks ``care.authority.view``.
    """
    people.require(by, VIEW, institution_id)
    day = banking.business_date(institution_id, clock.now())
    rows = AuthorityCounterRow.objects.filter(
        institution_id=institution_id, owner_kind="staff", day=day, grants__gt=0
    ).order_by("action", "currency", "-day_minor", "-grants", "owner_id")
    return [
        UsedToday(
            row.owner_id, row.action, row.currency, day, row.day_minor, row.grants,
            limit_for(row.owner_id, institution_id, row.action, row.currency),
        )
        for row in rows[:USED_MAX]
    ]  # fmt: skip


def granted(institution_id: UUID, *, since: date, until: date, by: Author) -> list[Granted]:
    """Return what was granted on business dates from ``since`` to ``until``, both of them too, the latest first.

    Raises:
        NotPermitted: ``by`` lacks ``care.authority.view``.
    """
    people.require(by, VIEW, institution_id)
    rows = run("granted", {"institution": institution_id, "since": since, "until": until})
    return [
        Granted(action, staff_id, day, acts, Money(minor, currency(code)) if code else None, split, approved)
        for action, code, staff_id, day, acts, minor, split, approved in rows
    ]
