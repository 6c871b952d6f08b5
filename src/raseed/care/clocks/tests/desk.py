"""A desk in Muscat for tests: four people, one team, and a clock that stands still until it is moved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from raseed.care.clocks import api as clocks
from raseed.care.clocks.api import RunningClock, SubjectKind
from raseed.care.duty import api as duty
from raseed.kernel.calendars import Hours, opening, week, weekend_of
from raseed.kernel.clock import ManualClock
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.people.models import StaffRow
from raseed.people.tests.world import an_institution

NOON = datetime(2026, 1, 6, 8, tzinfo=UTC)
"""A Tuesday, noon in Muscat; the office is open from eight to five, Sunday to Thursday."""
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
WHY = "a test"
BY = people.SYSTEM


@dataclass
class Desk:
    institution_id: UUID
    clock: ManualClock
    team: duty.Team
    calendar_id: UUID
    head: UUID
    lead: UUID
    mona: UUID
    omar: UUID

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def pass_by(self, time: timedelta) -> None:
        """Let time go by, and a worker come once at its end."""
        self.clock.advance(time)
        clocks.move_clocks(clock=self.clock)

    def message(self, conversation_id: UUID | None = None, *, assignee: UUID | None = None) -> UUID:
        """Let a customer write now, and return the conversation's id."""
        subject = conversation_id or new_id()
        clocks.message_arrived(
            conversation_id=subject, institution_id=self.institution_id, team_id=self.team.id, assignee=assignee,
            at=self.now, clock=self.clock,
        )  # fmt: skip
        return subject

    def clock_of(self, subject_id: UUID, rule: str = "first-answer") -> RunningClock:
        found = clocks.clocks_of([subject_id], at=self.now)[subject_id]
        return next(one for one in found if one.rule == rule)

    def start(self, rule: str, *, kind: SubjectKind = SubjectKind.CASE) -> UUID:
        subject = new_id()
        clocks.start_clock(
            subject_kind=kind, subject_id=subject, rule=rule, institution_id=self.institution_id,
            team_id=self.team.id, assignee=None, at=self.now, clock=self.clock,
        )  # fmt: skip
        return subject

    def hand_over(self, subject_id: UUID, to: UUID | None, *, team_id: UUID | None = None, by: str = "") -> None:
        clocks.handed_over(
            subject_id=subject_id, team_id=team_id or self.team.id, to=to, by=by or f"staff:{self.lead}", reason=WHY,
            at=self.now, clock=self.clock,
        )  # fmt: skip

    def shift(self, who: UUID, starts: timedelta, ends: timedelta, *, on_duty: bool = False) -> duty.Shift:
        """Plan a shift, from so long after now until so long."""
        planned = duty.PlannedShift(self.now + starts, self.now + ends, on_duty)
        (made,) = duty.plan_shifts(
            team_id=self.team.id, staff_id=who, shifts=[planned], by=BY, reason=WHY, clock=self.clock
        )
        return made

    def join(self, who: UUID, *, by_shifts: bool = True) -> None:
        duty.add_member(team_id=self.team.id, staff_id=who, by_shifts=by_shifts, by=BY, reason=WHY, clock=self.clock)


def someone(institution_id: UUID, login: str, role: str = "agent") -> UUID:
    """Return a member of staff who may work; how they enrolled is not what these tests are about."""
    role_id = people.role_by_slug(institution_id, role).id
    staff_id = people.add_staff(
        id=new_id(), login=login, names={"en": login.title()}, language="ar", institution_id=institution_id,
        role_ids=[role_id], by=BY, reason=WHY, clock=ManualClock(NOON),
    ).id  # fmt: skip
    StaffRow.objects.filter(id=staff_id).update(state="active", password="x", totp_secret=b"x")
    return staff_id


def build_desk() -> Desk:
    """Build the desk: a head, a lead, and two agents who work by shifts and have none yet."""
    institution_id = an_institution().id
    clock = ManualClock(NOON)
    head, lead = someone(institution_id, "head", "supervisor"), someone(institution_id, "lead", "supervisor")
    mona, omar = someone(institution_id, "mona"), someone(institution_id, "omar")
    calendar = duty.make_calendar(
        id=new_id(), institution_id=institution_id, slug="muscat", names={"en": "Muscat"},
        hours=Hours("Asia/Muscat", week((opening("08:00", "17:00"),), weekend=weekend_of("OM"))),
        by=BY, reason=WHY, clock=clock,
    )  # fmt: skip
    team = duty.make_team(
        id=new_id(), institution_id=institution_id, slug="cards", names={"en": "Cards"}, calendar_id=calendar.id,
        lead=lead, keeps_after_shift=False, by=BY, reason=WHY, clock=clock,
    )  # fmt: skip
    duty.set_head(institution_id=institution_id, staff_id=head, by=BY, reason=WHY, clock=clock)
    desk = Desk(institution_id, clock, team, calendar.id, head, lead, mona, omar)
    desk.join(mona)
    desk.join(omar)
    return desk
