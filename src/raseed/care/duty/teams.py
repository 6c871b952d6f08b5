"""Teams, who is in them, who leads them, and the head of care. Who answered until now stays on record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from re import compile as pattern
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import InputError
from raseed.kernel.ids import new_id
from raseed.kernel.text import clean_text
from raseed.people import api as people
from raseed.platform import api as platform

from ..models import HeadRow, MemberRow, TeamRow
from .domain import Member, Team
from .errors import ChangedMeanwhile, NobodyWorksHere, NotAtWork, UnknownCalendar
from .hours import make_default_calendar, named_calendar
from .locks import change_roster, hold_roster
from .permissions import EDIT_CLOCKS, EDIT_DUTY
from .reading import head_of, members_of, read_team, team
from .settling import count_used, settle_all

DEFAULT_SLUG: Final = "care"
SLUG_LENGTH_MAX: Final = 60
SLUG: Final = pattern(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_NAMES: Final = {"ar": "خدمة العملاء", "he": "שירות לקוחות", "en": "Customer care"}
SEE: Final = "care.conversations.view"
"""What whoever is accountable for what waits must at least be permitted: to see it."""
_FIRST_ROLES: Final = ("supervisor", "back-office", "agent", "administrator")
"""Whose holders are asked first to be accountable, until somebody says who is."""


def make_team(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    institution_id: UUID,
    slug: str,
    names: Mapping[str, str],
    calendar_id: UUID,
    lead: UUID,
    keeps_after_shift: bool,
    by: people.Author,
    reason: str,
    clock: Clock = SYSTEM_CLOCK,
) -> Team:
    """Make a team; the first one of an institution takes what is for no team. Again changes nothing.

    Raises:
        NotPermitted: ``by`` lacks ``care.duty.edit``. NotAtWork: the lead is not let in now. UnknownCalendar.
        SameIdOtherContent: the id, or the short name, is another team's. UnacceptableText: no name or reason.
        InputError: a short name that is not of small letters, digits and dashes.
    """
    people.require(by, EDIT_DUTY, institution_id)
    said = people.clean_reason(reason)
    cleaned = cleaned_names(names)
    short = clean_text(slug, field="slug", length_max=SLUG_LENGTH_MAX)
    if not SLUG.fullmatch(short):
        raise InputError(field="slug")
    check_at_work(institution_id, lead)
    check_calendar(calendar_id, institution_id)
    with change_roster(institution_id, clock) as now:
        known = TeamRow.objects.filter(id=id).first()
        if known is not None:
            if (known.institution_id, known.slug) != (institution_id, short):
                raise platform.SameIdOtherContent(field="id")
            return read_team(known)
        if head_of(institution_id) is None:
            HeadRow.objects.create(institution_id=institution_id, staff_id=lead, since=now)
        first = not TeamRow.objects.filter(institution_id=institution_id, is_default=True).exists()
        try:
            with transaction.atomic():
                TeamRow.objects.create(
                    id=id, institution_id=institution_id, slug=short, names=cleaned, calendar_id=calendar_id, lead=lead,
                    keeps_after_shift=keeps_after_shift, is_default=first, created_at=now,
                )  # fmt: skip
        except IntegrityError:
            raise platform.SameIdOtherContent(field="slug") from None
        after: platform.AuditFacts = {"slug": short, "lead": str(lead), "keeps_after_shift": keeps_after_shift}
        _record(institution_id, "care.team_made", f"team:{id}", after, by, said, clock)
    return team(id)


def change_team(
    *,
    team_id: UUID,
    lead: UUID,
    keeps_after_shift: bool,
    by: people.Author,
    reason: str,
    names: Mapping[str, str] | None = None,
    calendar_id: UUID | None = None,
    expected: str | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Team:
    """Say what a team is called, who leads it, by which hours it goes, and whether what is somebody's stays theirs.

    It holds from now on: what running clocks have used by the hours of before stays used. ``None`` leaves a thing as it
    is; ``expected`` is the ``digest`` of what the change was decided on.

    Raises:
        NotPermitted: ``by`` lacks ``care.duty.edit``, or, for other hours, ``care.clocks.edit``.
        UnknownTeam, NotAtWork, UnknownCalendar, UnacceptableText: what they say. ChangedMeanwhile: it is not as expected.
    """
    known = team(team_id)
    people.require(by, EDIT_DUTY, known.institution_id)
    said = people.clean_reason(reason)
    cleaned = None if names is None else cleaned_names(names)
    if calendar_id not in (None, known.calendar_id):
        people.require(by, EDIT_CLOCKS, known.institution_id)
        check_calendar(calendar_id, known.institution_id)
    if lead != known.lead:
        check_at_work(known.institution_id, lead)
    with _from_now_on(known.institution_id, clock):
        before = team(team_id)
        if expected is not None and before.digest != expected:
            raise ChangedMeanwhile(field="expected")
        after = replace(
            before, lead=lead, keeps_after_shift=keeps_after_shift, names=cleaned or before.names,
            calendar_id=calendar_id or before.calendar_id,
        )  # fmt: skip
        if after == before:
            return before
        if after.calendar_id != before.calendar_id:
            count_used(team_id, clock)
        TeamRow.objects.filter(id=team_id).update(
            lead=lead, keeps_after_shift=keeps_after_shift, names=dict(after.names), calendar_id=after.calendar_id
        )
        was, is_now = _facts(before), _facts(after)
        platform.record(
            actor=by.actor, action="care.team_changed", subject=f"team:{team_id}",
            before={key: value for key, value in was.items() if value != is_now[key]},
            after={key: value for key, value in is_now.items() if value != was[key]},
            reason=said, institution_id=known.institution_id, clock=clock,
        )  # fmt: skip
    return team(team_id)


def _facts(one: Team) -> dict[str, platform.AuditValue]:
    names = [one.names[language] for language in sorted(one.names)]
    return {
        "lead": str(one.lead), "keeps_after_shift": one.keeps_after_shift, "names": names,
        "calendar": str(one.calendar_id),
    }  # fmt: skip


def set_head(
    *, institution_id: UUID, staff_id: UUID, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK
) -> None:
    """Say who is head of care from now on.

    Raises:
        NotPermitted: ``by`` lacks ``care.duty.edit``. NotAtWork, UnacceptableText: what they say.
    """
    people.require(by, EDIT_DUTY, institution_id)
    said = people.clean_reason(reason)
    check_at_work(institution_id, staff_id)
    with _from_now_on(institution_id, clock) as now:
        before = head_of(institution_id)
        if before == staff_id:
            return
        HeadRow.objects.update_or_create(
            institution_id=institution_id, defaults={"staff_id": staff_id, "since": now}
        )  # fmt: skip
        platform.record(
            actor=by.actor, action="care.head_set", subject=f"institution:{institution_id}",
            before={"head": None if before is None else str(before)}, after={"head": str(staff_id)},
            reason=said, institution_id=institution_id, clock=clock,
        )  # fmt: skip


def add_member(
    *, team_id: UUID, staff_id: UUID, by_shifts: bool, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK
) -> Member:
    """Take somebody into a team from now on; ``by_shifts`` false: they work whenever its calendar is open.

    Raises:
        NotPermitted: ``by`` lacks ``care.duty.edit``. UnknownTeam, NotAtWork, UnacceptableText: what they say.
    """
    known = team(team_id)
    people.require(by, EDIT_DUTY, known.institution_id)
    said = people.clean_reason(reason)
    check_at_work(known.institution_id, staff_id)
    with change_roster(known.institution_id, clock) as now:
        held = MemberRow.objects.filter(team_id=team_id, staff_id=staff_id, until=None).first()
        if held is None or held.by_shifts != by_shifts:
            MemberRow.objects.filter(team_id=team_id, staff_id=staff_id, until=None).update(until=now)
            MemberRow.objects.create(team_id=team_id, staff_id=staff_id, by_shifts=by_shifts, since=now)
            after: platform.AuditFacts = {"member": str(staff_id), "by_shifts": by_shifts}
            _record(known.institution_id, "care.member_added", f"team:{team_id}", after, by, said, clock)
    return next(member for member in members_of(team_id) if member.staff_id == staff_id)


def end_member(*, team_id: UUID, staff_id: UUID, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> None:
    """Let somebody out of a team from now on; whoever is not in it is left alone.

    Raises:
        NotPermitted: ``by`` lacks ``care.duty.edit``. UnknownTeam, UnacceptableText: what they say.
    """
    known = team(team_id)
    people.require(by, EDIT_DUTY, known.institution_id)
    said = people.clean_reason(reason)
    with change_roster(known.institution_id, clock) as now:
        if MemberRow.objects.filter(team_id=team_id, staff_id=staff_id, until=None).update(until=now):
            after: platform.AuditFacts = {"member": str(staff_id)}
            _record(known.institution_id, "care.member_ended", f"team:{team_id}", after, by, said, clock)


def default_team(institution_id: UUID, *, clock: Clock = SYSTEM_CLOCK) -> Team:
    """Return the team that takes what is for no team; where nothing was set up yet, it is made of who works there.

    Raises:
        NobodyWorksHere: the institution has no staff.
    """
    row = TeamRow.objects.filter(institution_id=institution_id, is_default=True).first()
    if row is not None:
        return read_team(row)
    with transaction.atomic():
        hold_roster(institution_id)
        row = TeamRow.objects.filter(institution_id=institution_id, is_default=True).first()
        if row is not None:
            return read_team(row)
        lead = _somebody(institution_id)
        made = make_team(
            id=new_id(), institution_id=institution_id, slug=DEFAULT_SLUG, names=_NAMES,
            calendar_id=make_default_calendar(institution_id, clock).id, lead=lead, keeps_after_shift=False,
            by=people.SYSTEM, reason="the first team", clock=clock,
        )  # fmt: skip
        for someone in _staff(institution_id):
            if _roles(someone) & {"agent", "supervisor"}:
                add_member(
                    team_id=made.id, staff_id=someone.id, by_shifts=False, by=people.SYSTEM,
                    reason="works here", clock=clock,
                )  # fmt: skip
    return made


def somebody_works(institution_id: UUID) -> bool:
    """Whether there is somebody who can answer for what customers of an institution write; if not, it waits."""
    return TeamRow.objects.filter(institution_id=institution_id, is_default=True).exists() or bool(
        _staff(institution_id)
    )


def cleaned_names(names: Mapping[str, str]) -> dict[str, str]:
    """Return a thing's names as they are kept, one at least.

    Raises:
        UnacceptableText: there is none, or one that can't be kept.
    """
    told = {language: name for language, name in names.items() if name.strip()}
    return {language: clean_text(name, field="names") for language, name in (told or {"en": ""}).items()}


def check_calendar(calendar_id: UUID, institution_id: UUID) -> None:
    """Refuse a calendar that is not the institution's.

    Raises:
        UnknownCalendar: it is none, or another's.
    """
    if named_calendar(calendar_id).institution_id != institution_id:
        raise UnknownCalendar(field="calendar_id")


def check_at_work(institution_id: UUID, staff_id: UUID) -> None:
    """Refuse somebody who can't be made accountable for anything at an institution.

    Raises:
        NotAtWork: they are not let in now, or no role of theirs lets them see conversations there: a biller's clerk is
            employed where the biller collects, and an auditor reads the books, but neither can open what waits.
    """
    try:
        sees = people.author_of_staff(staff_id).may(SEE, institution_id)
    except (people.UnknownStaff, people.StaffNotActive):
        sees = False
    if not sees:
        raise NotAtWork(field="staff_id")


def _somebody(institution_id: UUID) -> UUID:
    """Return who is accountable at an institution where nobody was named: active before others, by role, then by login."""
    ranked = sorted(_staff(institution_id), key=lambda one: (min(map(_rank, _roles(one)), default=99), one.login))
    if not ranked:
        raise NobodyWorksHere(field="institution_id")
    return ranked[0].id


def _staff(institution_id: UUID) -> list[people.Staff]:
    """Return who may work at an institution; if nobody may now, who is employed and has not left."""
    found: list[people.Staff] = []
    after: str | None = None
    while True:
        page = people.staff_of(institution_id, after=after, limit=200)
        found += page.staff
        after = page.next
        if after is None:
            break
    active = [one for one in found if one.state is people.StaffState.ACTIVE]
    return active or [one for one in found if one.state is not people.StaffState.LEFT]


def _roles(someone: people.Staff) -> set[str]:
    return {people.role(role_id).slug for _, role_id in someone.grants}


def _rank(slug: str) -> int:
    return _FIRST_ROLES.index(slug) if slug in _FIRST_ROLES else len(_FIRST_ROLES)


@contextmanager
def _from_now_on(institution_id: UUID, clock: Clock) -> Iterator[datetime]:
    """Change what has no dates of its own: first, who was accountable until now is written for every running clock."""
    with change_roster(institution_id, clock) as now:
        settle_all(institution_id, clock)
        yield now


def _record(
    institution_id: UUID, action: str, subject: str, after: platform.AuditFacts, by: people.Author,
    reason: str, clock: Clock,
) -> None:  # fmt: skip
    platform.record(
        actor=by.actor, action=action, subject=subject, after=after, reason=reason, institution_id=institution_id,
        clock=clock,
    )  # fmt: skip
