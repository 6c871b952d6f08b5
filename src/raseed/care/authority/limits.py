"""Which limit applies to somebody: their own, if one is set for the action and currency; else of their roles the widest.

A person's limit counts before any role's, also where it is lower: that is how somebody is held short. Of several roles the
one whose single act may come to most counts, whole; bounds of two limits are never put together. No limit means no.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q, QuerySet

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.people import api as people
from raseed.people.api import Author

from ..models import AuthorityCounterRow, AuthorityLimitRow
from .domain import Bounds, HolderKind, Limit, LimitUse
from .errors import UnknownLimit
from .permissions import PROPOSE_LIMITS, VIEW
from .statements import run


def limit_for(
    staff_id: UUID, institution_id: UUID, action: str, currency: str, *, locked: bool = False
) -> Limit | None:
    """Return the limit that applies to a member of staff for an action; ``locked``: nobody changes it meanwhile (FOR SHARE)."""
    if not locked:
        rows = _theirs(staff_id, institution_id).filter(action=action, currency=currency)
        return widest([limit_of(row) for row in rows])
    asked = {
        "institution": institution_id, "action": action, "currency": currency, "staff": staff_id,
        "roles": list(people.roles_held(staff_id, institution_id)),
    }  # fmt: skip
    return widest(
        Limit(id_, institution_id, HolderKind(kind), holder_id, action, currency, Bounds(*bounds), set_at)
        for id_, kind, holder_id, *bounds, set_at in run("limits_for_share", asked)
    )


def widest(found: Iterable[Limit]) -> Limit | None:
    """Return which of somebody's limits for one action in one currency counts."""
    return min(found, key=_rank, default=None)


def my_limits(staff_id: UUID, institution_id: UUID, *, by: Author, clock: Clock = SYSTEM_CLOCK) -> list[LimitUse]:
    """Return what a member of staff may grant of each action, and what of today's is used.

    Raises:
        NotPermitted: it is not about ``by`` themselves, and they lack ``care.authority.view``.
    """
    if by.person != f"staff:{staff_id}":
        people.require(by, VIEW, institution_id)
    by_key: dict[tuple[str, str], list[Limit]] = {}
    for row in _theirs(staff_id, institution_id):
        by_key.setdefault((row.action, row.currency), []).append(limit_of(row))
    day = banking.business_date(institution_id, clock.now())
    counters = AuthorityCounterRow.objects.filter(institution_id=institution_id, owner_kind="staff", owner_id=staff_id)
    used = {(row.action, row.currency): row for row in counters.filter(day=day)}
    told = []
    for key in sorted(by_key):
        limit, counter = widest(by_key[key]), used.get(key)
        assert limit is not None, "there is one at least"
        told.append(LimitUse(limit, day, counter.day_minor if counter else 0, counter.grants if counter else 0))
    return told


def limits(institution_id: UUID, *, by: Author) -> list[Limit]:
    """Return every limit in force at an institution.

    Raises:
        NotPermitted: ``by`` lacks ``care.limits.propose`` and ``care.authority.view``.
    """
    if not by.may(PROPOSE_LIMITS, institution_id):
        people.require(by, VIEW, institution_id)
    rows = AuthorityLimitRow.objects.filter(institution_id=institution_id, ended_at=None)
    return [limit_of(row) for row in rows.order_by("action", "currency", "holder_kind", "holder_id")]


def limit(limit_id: UUID, *, by: Author) -> Limit:
    """Return a limit that is in force.

    Raises:
        UnknownLimit: there is none, it was ended, or ``by`` may neither propose nor see limits there.
    """
    row = AuthorityLimitRow.objects.filter(id=limit_id, ended_at=None).first()
    if row is None or not (by.may(PROPOSE_LIMITS, row.institution_id) or by.may(VIEW, row.institution_id)):
        raise UnknownLimit(field="limit_id")
    return limit_of(row)


def limit_of(row: AuthorityLimitRow) -> Limit:
    """Return the limit that a row holds."""
    return Limit(
        row.id, row.institution_id, HolderKind(row.holder_kind), row.holder_id, row.action, row.currency,
        Bounds(
            row.per_act_minor, row.per_day_minor, row.per_customer_minor, row.per_day_count, row.per_customer_count,
            row.window_days,
        ),
        row.set_at, row.ended_at,
    )  # fmt: skip


def _theirs(staff_id: UUID, institution_id: UUID) -> QuerySet[AuthorityLimitRow]:
    held = Q(holder_kind="staff", holder_id=staff_id) | Q(
        holder_kind="role", holder_id__in=people.roles_held(staff_id, institution_id)
    )
    return AuthorityLimitRow.objects.filter(held, institution_id=institution_id, ended_at=None)


def _rank(limit: Limit) -> tuple[bool, int, int, UUID]:
    """Order limits by which counts first: a person's, then what one act or one day may come to, the most first."""
    bounds = limit.bounds
    most = bounds.per_act_minor if bounds.per_act_minor is not None else bounds.per_day_count or 0
    return (
        limit.holder_kind is not HolderKind.STAFF,
        -most,
        -(bounds.per_day_minor or bounds.per_day_count or 0),
        limit.id,
    )
