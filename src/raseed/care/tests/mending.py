"""People of staff with limits, chains and customers, for the tests of authority. Amounts are piastres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import pytest

from raseed.banking.api import BankAccount
from raseed.banking.tests.town import booked
from raseed.bills.tests.street import EGP, Street
from raseed.care.api import authority
from raseed.care.authority.api import Bounds, ChainStep, HolderKind, Request
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money
from raseed.people import api as people
from raseed.people.api import Author
from raseed.people.tests.office import a_colleague, an_author, make_hashes_quick

REASON: Final = "the till was down for an hour"
HOUR: Final = 3_600
PROPOSE: Final = "care.limits.propose"
CONFIRM: Final = "care.limits.confirm"


def bounds(act: int, day: int | None = None, customer: int | None = None, **more: int) -> Bounds:
    """Return bounds in piastres: ten acts a day and a customer, if nothing else is said."""
    return Bounds(act, 10 * act if day is None else day, 10 * act if customer is None else customer, **more)


def times(day: int, customer: int = 10) -> Bounds:
    """Return bounds of an action that comes to no amount."""
    return Bounds(None, None, None, day, customer)


@dataclass
class Mending:
    """A bank whose staff mend things for customers."""

    street: Street
    logins: int = 0
    known: dict[UUID, Author] = field(default_factory=dict)

    @property
    def bank(self) -> UUID:
        return self.street.town.bank

    def staff(self, role: str = "agent") -> UUID:
        """Hire somebody, enrolled, with a role."""
        self.logins += 1
        with pytest.MonkeyPatch.context() as patch:
            make_hashes_quick(patch)
            return a_colleague(self.bank, login=f"colleague{self.logins}", roles=(role,)).staff.id

    def author(self, staff_id: UUID) -> Author:
        """Return somebody as they sign in."""
        return people.author_of_staff(staff_id)

    def role(self, slug: str) -> UUID:
        return people.role_by_slug(self.bank, slug).id

    def limit(
        self,
        holder: UUID | str,
        of: Bounds | None,
        action: str = "goodwill_credit",
        code: str = "EGP",
    ) -> None:
        """Set a limit, as two people do: a person's by id, a role's by its short name."""
        is_role = isinstance(holder, str)
        change = authority.propose_limit(
            id=new_id(), institution_id=self.bank, holder_kind=HolderKind.ROLE if is_role else HolderKind.STAFF,
            holder_id=self.role(holder) if isinstance(holder, str) else holder, action=action, currency_code=code,
            bounds=of, reason="as agreed", by=an_author(self.bank, PROPOSE), clock=self.street.town.clock,
        )  # fmt: skip
        people.confirm_change(change.id, by=an_author(self.bank, CONFIRM), clock=self.street.town.clock)

    def chain(self, *steps: UUID | str, action: str = "", within_s: int = HOUR) -> None:
        """Set a chain, as two people do."""
        told = [
            ChainStep(HolderKind.ROLE, self.role(step), within_s)
            if isinstance(step, str)
            else ChainStep(HolderKind.STAFF, step, within_s)
            for step in steps
        ]
        self.chain_of(told, action)

    def chain_of(self, steps: Sequence[ChainStep], action: str = "") -> None:
        change = authority.propose_chain(
            id=new_id(), institution_id=self.bank, action=action, steps=steps, reason="as agreed",
            by=an_author(self.bank, PROPOSE), clock=self.street.town.clock,
        )  # fmt: skip
        people.confirm_change(change.id, by=an_author(self.bank, CONFIRM), clock=self.street.town.clock)

    def credit(
        self, by: UUID, to: BankAccount, minor: int, *, id_: UUID | None = None, customer_id: UUID | None = None,
        reason: str = REASON,
    ) -> Request:  # fmt: skip
        """Ask for a goodwill credit."""
        return self.ask(
            by, "goodwill_credit", f"account:{to.id}", customer_id or to.owner_id, amount=Money(minor, EGP), id=id_ or new_id(),
            reason=reason,
        )  # fmt: skip

    def ask(self, by: UUID, action: str, subject: str, customer_id: UUID, **more: Any) -> Request:
        asked: dict[str, Any] = {
            "id": new_id(), "reason": REASON, "institution_id": self.bank, "clock": self.street.town.clock, **more,
        }  # fmt: skip
        return authority.ask(action=action, subject=subject, customer_id=customer_id, by=self.author(by), **asked)

    def approve(self, request: Request, by: UUID) -> Request:
        return authority.approve(request.id, by=self.author(by), clock=self.street.town.clock)

    def held(self, account: BankAccount) -> int:
        """Return what stands on an account."""
        return booked(account)
