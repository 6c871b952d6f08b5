"""Staff as others see them: who they are, how they stand, and what they may do where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from raseed.kernel.errors import InputError, NotFound, PermissionRefused, mark
from raseed.platform.api import decode_cursor, encode_cursor

from ..authority import STAFF, Author
from ..models import GrantRow, StaffRow

LOGIN_LENGTH_MIN: Final = 3
LOGIN_LENGTH_MAX: Final = 64
PAGE_MAX: Final = 200
HOLDERS_MAX: Final = 500
"""How many holders of one role are looked at to find somebody for a task."""
_LOGIN_MARKS: Final = "._-"


class UnknownStaff(NotFound):
    """No member of staff has this id or login."""

    code = "unknown_staff"
    sentence = mark("We know no such member of staff.")
    hint = mark("Look at the list of staff.")


class StaffNotActive(PermissionRefused):
    """The member of staff may not work now: not enrolled yet, locked, or left."""

    code = "staff_not_active"
    sentence = mark("This staff account can't be used now.")
    hint = mark("Ask an administrator.")


class InvalidLogin(InputError):
    """A login that can't be one."""

    code = "invalid_login"
    sentence = mark("This can't be a login.")
    hint = mark("Use 3 to 64 of the letters a to z, digits, dot, dash and underscore, beginning with a letter.")


class StaffState(StrEnum):
    """How a member of staff stands. Invited: has no password and second factor yet. Left: for good."""

    INVITED = "invited"
    ACTIVE = "active"
    LOCKED = "locked"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Staff:
    """Someone who works here.

    Attributes:
        institution_id: who employs them; whoever administers staff there may lock them.
        grants: (institution, role) of each role they hold; where they may work.
        session_epoch: grows when their sessions must end (locked, other roles, another password); a session begun under
            another one is over.
    """

    id: UUID
    login: str
    names: Mapping[str, str]
    language: str
    state: StaffState
    institution_id: UUID
    grants: tuple[tuple[UUID, UUID], ...]
    session_epoch: int

    @property
    def actor(self) -> str:
        """As the audit trail names them."""
        return f"{STAFF}{self.id}"


@dataclass(frozen=True, slots=True)
class StaffPage:
    """Members of staff by login, and the marker of the next page if there is one."""

    staff: tuple[Staff, ...]
    next: str | None


def staff(staff_id: UUID) -> Staff:
    """Return a member of staff, whatever their state.

    Raises:
        UnknownStaff: there is none with this id.
    """
    return read_one(StaffRow.objects.filter(id=staff_id), "staff_id")


def staff_by_id(staff_ids: Iterable[UUID]) -> dict[UUID, Staff]:
    """Return members of staff, whatever their state, in two queries; who is unknown is not in it."""
    return {one.id: one for one in read_staff(list(StaffRow.objects.filter(id__in=set(staff_ids))))}


def staff_states(staff_ids: Iterable[UUID]) -> dict[UUID, StaffState]:
    """Return how members of staff stand, in one query; who is unknown is not in it."""
    rows = StaffRow.objects.filter(id__in=set(staff_ids)).values_list("id", "state")
    return {staff_id: StaffState(state) for staff_id, state in rows}


def staff_by_login(login: str) -> Staff:
    """Return the member of staff who signs in with ``login``.

    Raises:
        UnknownStaff: nobody does.
    """
    return read_one(StaffRow.objects.filter(login=folded_login(login)), "login")


def staff_of(institution_id: UUID, *, after: str | None = None, limit: int = 50) -> StaffPage:
    """Return a page of those who are employed by an institution or hold a role there, in the order of their logins.

    Raises:
        InvalidCursor: ``after`` is no marker of this list.
    """
    size, list_name = min(max(limit, 1), PAGE_MAX), f"people.staff_of:{institution_id}"
    working = GrantRow.objects.filter(role__institution_id=institution_id, until=None).values("staff_id")
    rows = StaffRow.objects.filter(Q(institution_id=institution_id) | Q(id__in=working))
    if after is not None:
        (login,) = decode_cursor(list_name, after)
        rows = rows.filter(login__gt=login)
    found = list(rows.order_by("login")[: size + 1])
    page = read_staff(found[:size])
    return StaffPage(page, encode_cursor(list_name, page[-1].login) if len(found) > size else None)


def staff_with_role(role_id: UUID) -> tuple[Staff, ...]:
    """Return those who hold a role and may work now, in the order of their ids; at most ``HOLDERS_MAX``."""
    holding = GrantRow.objects.filter(role_id=role_id, role__removed_at=None, until=None).values("staff_id")
    rows = StaffRow.objects.filter(id__in=holding, state=StaffState.ACTIVE.value).order_by("id")
    return read_staff(list(rows[:HOLDERS_MAX]))


def roles_held(staff_id: UUID, institution_id: UUID) -> tuple[UUID, ...]:
    """Return the roles that somebody holds at an institution now; none, if they are nobody."""
    held = GrantRow.objects.filter(
        staff_id=staff_id, until=None, role__removed_at=None, role__institution_id=institution_id
    )
    return tuple(held.values_list("role_id", flat=True))


def author_of_staff(staff_id: UUID) -> Author:
    """Return the member of staff as an author, with what they may do at each institution by their roles now.

    Raises:
        UnknownStaff: there is none with this id. StaffNotActive: they may not work now.
    """
    state = StaffRow.objects.filter(id=staff_id).values_list("state", flat=True).first()
    if state is None:
        raise UnknownStaff(field="staff_id")
    if state != StaffState.ACTIVE.value:
        raise StaffNotActive
    held: dict[UUID, set[str]] = defaultdict(set)
    grants = GrantRow.objects.filter(staff_id=staff_id, until=None, role__removed_at=None)
    for institution_id, permissions in grants.values_list("role__institution_id", "role__permissions"):
        held[institution_id].update(permissions)
    return Author(f"{STAFF}{staff_id}", MappingProxyType({where: frozenset(what) for where, what in held.items()}))


def folded_login(login: str) -> str:
    """Return a login as it is kept: case and surrounding spaces don't matter."""
    return login.strip().lower()


def clean_login(login: str) -> str:
    """Return a login fit to be kept.

    Raises:
        InvalidLogin: it has other characters than it may, or too few or many.
    """
    folded = folded_login(login)
    plain = folded.isascii() and all(c.isalnum() or c in _LOGIN_MARKS for c in folded)
    if not plain or not LOGIN_LENGTH_MIN <= len(folded) <= LOGIN_LENGTH_MAX or not folded[0].isalpha():
        raise InvalidLogin(field="login")
    return folded


def read_one(rows: QuerySet[StaffRow], field: str) -> Staff:
    """Return the one of ``rows``.

    Raises:
        UnknownStaff: there is none.
    """
    row = rows.first()
    if row is None:
        raise UnknownStaff(field=field)
    return read_staff([row])[0]


def read_staff(rows: list[StaffRow]) -> tuple[Staff, ...]:
    """Return the members of staff that rows hold, with their grants, in one more query."""
    grants: dict[UUID, list[tuple[UUID, UUID]]] = defaultdict(list)
    held = GrantRow.objects.filter(staff_id__in=[row.id for row in rows], until=None, role__removed_at=None)
    for staff_id, institution_id, role_id in held.order_by("id").values_list(
        "staff_id", "role__institution_id", "role_id"
    ):
        grants[staff_id].append((institution_id, role_id))
    return tuple(
        Staff(
            id=row.id,
            login=row.login,
            names=row.names,
            language=row.language,
            state=StaffState(row.state),
            institution_id=row.institution_id,
            grants=tuple(grants[row.id]),
            session_epoch=row.session_epoch,
        )
        for row in rows
    )
