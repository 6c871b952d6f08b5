"""Roles: named sets of permissions, which are data of each institution, and the five that every institution begins with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import NotFound, mark
from raseed.kernel.ids import new_id
from raseed.platform.api import record

from ..authority import SYSTEM
from ..models import InstitutionRow, RoleRow

ROLES_MAX: Final = 200
"""Of one institution."""


class UnknownRole(NotFound):
    """No role of the institution has this id or short name."""

    code = "unknown_role"
    sentence = mark("We know no such role here.")
    hint = mark("Look at the list of roles.")


@dataclass(frozen=True, slots=True)
class Role:
    """A role at one institution; ``permissions`` are codes, of which some may be unknown to this installation."""

    id: UUID
    institution_id: UUID
    slug: str
    names: Mapping[str, str]
    permissions: frozenset[str]


_VIEWING: Final = (
    "banking.accounts.view",
    "bills.view",
    "care.gaps.view",
    "payments.orders.view",
    "payments.view",
    "people.customers.view",
)
_SERVING: Final = (
    *_VIEWING,
    "care.duty.view",
    "banking.accounts.block",
    "banking.accounts.open",
    "care.authority.ask",
    "care.conversations.view",
    "care.conversations.work",
    "care.gaps.answer",
    "care.gaps.raise",
    "people.critical_dates.view",
    "people.customers.edit",
    "people.identities.link",
    "people.merge.propose",
    "people.phone.propose",
    "people.vulnerability.view",
)
STARTING_ROLES: Final[Mapping[str, tuple[Mapping[str, str], tuple[str, ...]]]] = {
    "agent": ({"ar": "خدمة العملاء", "he": "שירות לקוחות", "en": "Customer service"}, _SERVING),
    "supervisor": (
        {"ar": "الإشراف", "he": "פיקוח", "en": "Supervision"},
        (
            *_SERVING,
            "assurance.books.view",
            "assurance.books.work",
            "assurance.guard.force.confirm",
            "assurance.guard.run",
            "assurance.guard.view",
            "banking.accounts.close",
            "banking.fees.confirm",
            "banking.limits.confirm",
            "banking.loans.grant",
            "bills.payout.confirm",
            "care.clocks.edit",
            "care.duty.edit",
            "care.records.view",
            "care.reports.view",
            "bills.reconciliation.work",
            "bills.settlement.view",
            "bills.clerks.confirm",
            "bills.refunds.confirm",
            "bills.disputes.decide",
            "bills.terms.confirm",
            "bills.waivers.confirm",
            "banking.waivers.confirm",
            "care.authority.approve",
            "care.authority.view",
            "care.limits.confirm",
            "care.ties.edit",
            "care.conversations.assign",
            "care.lines.route",
            "care.macros.edit",
            "care.tags.edit",
            "care.answers.edit",
            "care.gaps.manage",
            "payments.lanes.edit",
            "payments.outcome.confirm",
            "people.audit.view",
            "people.civil_ids.view",
            "people.critical_dates.edit",
            "people.merge.confirm",
            "people.phone.confirm",
            "people.staff.view",
            "people.vulnerability.edit",
        ),
    ),
    "back-office": (
        {"ar": "المكتب الخلفي", "he": "משרד אחורי", "en": "Back office"},
        (
            *_VIEWING,
            "assurance.books.view",
            "assurance.books.work",
            "assurance.guard.force.propose",
            "assurance.guard.run",
            "assurance.guard.view",
            "banking.accounts.close",
            "banking.accounts.open",
            "banking.fees.propose",
            "banking.limits.propose",
            "banking.loans.grant",
            "banking.products.edit",
            "bills.payout.propose",
            "bills.reconciliation.work",
            "bills.settlement.view",
            "bills.clerks.propose",
            "bills.refund",
            "bills.terms.propose",
            "bills.waivers.propose",
            "banking.waivers.propose",
            "care.limits.propose",
            "payments.lanes.edit",
            "payments.outcome.propose",
            "people.consents.publish",
        ),
    ),
    "auditor": (
        {"ar": "التدقيق", "he": "ביקורת", "en": "Audit"},
        (
            *_VIEWING,
            "assurance.books.view",
            "assurance.guard.view",
            "bills.settlement.view",
            "care.authority.view",
            "care.duty.view",
            "care.records.view",
            "care.reports.view",
            "people.audit.view",
            "people.critical_dates.view",
            "people.staff.view",
            "people.vulnerability.view",
        ),
    ),
    "administrator": (
        {"ar": "إدارة النظام", "he": "ניהול המערכת", "en": "Administration"},
        (
            "assurance.books.view",
            "bills.receipts.keys",
            "channels.items.replay",
            "channels.items.view",
            "channels.lines.manage",
            "channels.messages.resend",
            "channels.messages.view",
            "people.audit.view",
            "people.keys.manage",
            "people.roles.confirm",
            "people.roles.propose",
            "people.staff.confirm",
            "people.staff.propose",
            "people.staff.view",
            "webhooks.manage",
        ),
    ),
}
"""What an institution begins with: names and permissions. Afterwards they are its own, changed by two people.

Duties are apart: who serves customers does not set fees, who proposes limits or what became of
a payment does not confirm it, and who administers
staff does not see customers.
"""


def roles(institution_id: UUID) -> list[Role]:
    """Return an institution's roles, in the order of their short names."""
    rows = RoleRow.objects.filter(institution_id=institution_id, removed_at=None).order_by("slug")
    return [read_role(row) for row in rows[:ROLES_MAX]]


def role(role_id: UUID) -> Role:
    """Return a role.

    Raises:
        UnknownRole: there is none with this id, or it was removed.
    """
    row = RoleRow.objects.filter(id=role_id, removed_at=None).first()
    if row is None:
        raise UnknownRole(field="role_id")
    return read_role(row)


def role_by_slug(institution_id: UUID, slug: str) -> Role:
    """Return the institution's role with this short name.

    Raises:
        UnknownRole: there is none.
    """
    row = RoleRow.objects.filter(institution_id=institution_id, slug=slug, removed_at=None).first()
    if row is None:
        raise UnknownRole(field="role")
    return read_role(row)


def make_starting_roles(institution_id: UUID, *, actor: str = SYSTEM.actor, clock: Clock = SYSTEM_CLOCK) -> None:
    """Give an institution that has never had a role those that every one begins with; call it in a transaction."""
    assert connection.in_atomic_block, "the look and the rows are one transaction"
    InstitutionRow.objects.select_for_update().get(id=institution_id)
    if RoleRow.objects.filter(institution_id=institution_id).exists():
        return
    now = clock.now()
    for slug, (names, permissions) in STARTING_ROLES.items():
        RoleRow.objects.create(
            id=(made := new_id()),
            institution_id=institution_id,
            slug=slug,
            names=names,
            permissions=sorted(permissions),
            created_at=now,
        )
        record(
            actor=actor,
            action="people.role_made",
            subject=f"role:{made}",
            after={"slug": slug, "permissions": sorted(permissions)},
            institution_id=institution_id,
            clock=clock,
        )


def read_role(row: RoleRow) -> Role:
    """Return the role that a row holds."""
    return Role(row.id, row.institution_id, row.slug, row.names, frozenset(row.permissions))
