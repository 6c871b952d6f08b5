"""Clerks as plain values, and what is refused about them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from raseed.kernel.errors import InputError, PermissionRefused, RaseedError, mark
from raseed.kernel.money import Money


class NotAClerk(PermissionRefused):
    """Whoever asks does not work for a biller, or not any more."""

    code = "not_a_clerk"
    sentence = mark("You do not work for a biller here.")
    hint = mark("Staff of the bank sign in at the back office; ask the bank if you work for a biller.")


class ClerkHasRole(RaseedError):
    """Somebody with a role at an institution can't be a biller's clerk as well."""

    code = "clerk_has_role"
    sentence = mark("Who has a role at the bank can't also work for a biller.")
    hint = mark("Add the person as staff without any role, and name that one.")


class InvalidClerk(InputError):
    """A clerk described in another shape than theirs; ``field`` says what is wrong."""

    code = "invalid_clerk"
    sentence = mark("The clerk's rights do not hold together.")
    hint = mark("Give both amounts, the one a day not below the one a refund, or none for no refunds.")


@dataclass(frozen=True, slots=True)
class Clerk:
    """Somebody who works for a biller.

    Attributes:
        id: of the member of staff.
        may_refund: whether anything is delegated to them; then both limits are set.
        refund_most, refund_most_day: the most that one refund, and all of a business day together, may give back.
        right_id: of this naming; another naming of the same person has another.
    """

    id: UUID
    biller_id: UUID
    may_refund: bool
    refund_most: Money | None
    refund_most_day: Money | None
    right_id: UUID
    named_at: datetime

    @property
    def actor(self) -> str:
        """As the audit trail names them."""
        return f"staff:{self.id}"
