"""Whom a request goes to: the chain of its action, and at each step one person by name, who may decide and is able to.

At a role's step the one with the fewest requests waiting is named; whoever else may decide at the step, or later in the
chain, may do it too. Somebody is able to who works here, is permitted to, did not ask, is not close to the customer, has had
no request approved by the asker of late, and has a limit of their own that one such act is within. No limit means no.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Count, Max

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.people import api as people
from raseed.people.api import Author

from ..models import AuthorityChainRow, AuthorityRequestRow
from .domain import CIRCLE_WINDOW, Asked, Chain, ChainStep, HolderKind
from .duty import away
from .limits import limit_for
from .permissions import APPROVE, EDIT_TIES, VIEW
from .ties import is_tied

CIRCLES_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Circle:
    """That ``barred`` can't decide about what ``asker`` asks for until then: ``asker`` has approved a request of theirs."""

    barred: UUID
    asker: UUID
    until: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """Where in its chain a request is put: the number of the step, before whom, until when."""

    number: int
    assigned_to: UUID
    due_at: datetime


def chain_for(institution_id: UUID, action: str) -> Chain | None:
    """Return the chain in force of an action, or the institution's for all others."""
    rows = AuthorityChainRow.objects.filter(institution_id=institution_id, action__in=[action, ""], ended_at=None)
    row = rows.order_by("-action").first()
    return None if row is None else chain_of(row)


def chains(institution_id: UUID) -> list[Chain]:
    """Return the chains in force at an institution: the one for all other actions first."""
    rows = AuthorityChainRow.objects.filter(institution_id=institution_id, ended_at=None)
    return [chain_of(row) for row in rows.order_by("action")]


def chain_of(row: AuthorityChainRow) -> Chain:
    """Return the chain that a row holds."""
    return Chain(row.id, row.institution_id, row.action, steps_of(row.steps))


def steps_of(kept: Sequence[dict[str, object]]) -> tuple[ChainStep, ...]:
    """Return the steps as they are kept in JSON."""
    return tuple(
        ChainStep(HolderKind(kind), UUID(str(each[kind])), int(str(each["within_s"])))
        for each in kept
        for kind in ("staff", "role")
        if kind in each
    )


def place(chain: Chain | None, asked: Asked, *, first: int, now: datetime) -> Place | None:
    """Return where a request goes, looking from the step ``first`` upwards; ``None``: nobody is able to decide about it.

    Who is on leave is named only where nobody else is able to, at this step or above.
    """
    absent, last = away(asked.institution_id, now), None
    for number, step in enumerate(chain.steps if chain else ()):
        if number < first:
            continue
        able = [id_ for id_ in _holders(step, asked.institution_id) if is_able(id_, asked, now)]
        here = [id_ for id_ in able if id_ not in absent]
        if here or (able and last is None):
            found = Place(number, _least_busy(here or able), now + timedelta(seconds=step.within_s))
            if here:
                return found
            last = found
    return last


def is_in(chain: Chain, staff_id: UUID, *, first: int) -> bool:
    """Whether somebody is named by a chain at a step or later, by themselves or by a role."""
    roles = people.roles_held(staff_id, chain.institution_id)
    return any(
        step.holder_id == staff_id if step.holder_kind is HolderKind.STAFF else step.holder_id in roles
        for step in chain.steps[first:]
    )


def is_able(staff_id: UUID, asked: Asked, now: datetime) -> bool:
    """Whether somebody could decide about a request, but for what they granted today already."""
    if staff_id == asked.asked_by or not _may(staff_id, asked.institution_id):
        return False
    code = asked.amount.currency.code if asked.amount else ""
    limit = limit_for(staff_id, asked.institution_id, asked.action, code)
    if limit is None or not covers(limit.bounds.per_act_minor, asked):
        return False
    if not asked.amount and not limit.bounds.per_day_count:
        return False
    return not is_circle(asker=asked.asked_by, approver=staff_id, now=now) and not is_tied(staff_id, asked.customer_id)


def covers(per_act_minor: int | None, asked: Asked) -> bool:
    """Whether one act may come to what is asked for."""
    return asked.amount is None or per_act_minor is None or asked.amount.amount_minor <= per_act_minor


def is_circle(*, asker: UUID, approver: UUID, now: datetime) -> bool:
    """Whether the asker has approved a request of the approver's within ``CIRCLE_WINDOW``."""
    return AuthorityRequestRow.objects.filter(
        asked_by=approver, decided_by=asker, decided_at__gt=now - CIRCLE_WINDOW, state__in=["approved", "done"]
    ).exists()


def circles(institution_id: UUID, *, by: Author, clock: Clock = SYSTEM_CLOCK) -> list[Circle]:
    """Return who can't approve whose requests now, because they have had one approved by them of late.

    Raises:
        NotPermitted: ``by`` may neither say who is close to whom nor see what was granted.
    """
    if not by.may(EDIT_TIES, institution_id):
        people.require(by, VIEW, institution_id)
    since = clock.now() - CIRCLE_WINDOW
    rows = AuthorityRequestRow.objects.filter(
        institution_id=institution_id, decided_at__gt=since, decided_by__isnull=False, state__in=["approved", "done"]
    )
    found = rows.values_list("asked_by", "decided_by").annotate(last=Max("decided_at")).order_by("-last")[:CIRCLES_MAX]
    return [Circle(asked_by, decided_by, last + CIRCLE_WINDOW) for asked_by, decided_by, last in found if decided_by]


def _holders(step: ChainStep, institution_id: UUID) -> Iterator[UUID]:
    if step.holder_kind is HolderKind.STAFF:
        yield step.holder_id
        return
    for each in people.staff_with_role(step.holder_id):
        if (institution_id, step.holder_id) in each.grants:
            yield each.id


def _may(staff_id: UUID, institution_id: UUID) -> bool:
    try:
        return people.author_of_staff(staff_id).may(APPROVE, institution_id)
    except (people.StaffNotActive, people.UnknownStaff):
        return False


def _least_busy(able: Sequence[UUID]) -> UUID:
    waiting = AuthorityRequestRow.objects.filter(assigned_to__in=able, state="awaiting").values_list("assigned_to")
    counts = dict(waiting.annotate(waiting=Count("id")))
    return min(able, key=lambda id_: (counts.get(id_, 0), id_))
