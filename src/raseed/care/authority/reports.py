"""What was granted: per action, person and day, and how much of it looks split."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from raseed.kernel.money import Money, currency
from raseed.people import api as people
from raseed.people.api import Author

from .permissions import VIEW
from .statements import run


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
