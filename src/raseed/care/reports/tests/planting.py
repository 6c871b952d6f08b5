"""Random conversations, clocks, cases, questions and stopped replies, planted as rows: for the laws of reports and for measuring."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from raseed.care.clocks.rules import ensure_rules
from raseed.care.duty import api as duty
from raseed.care.models import (
    AskerRow,
    CaseRow,
    ClockRow,
    ConversationRow,
    EntryRow,
    GapRow,
    HandOverRow,
    MemberRow,
    ReplyCheckRow,
    RuleRow,
)
from raseed.care.reports.api import Wanted
from raseed.kernel.calendars import Hours, opening, week
from raseed.kernel.clock import ManualClock
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.people.models import StaffRow
from raseed.people.tests.world import an_institution

NOW: Final = datetime(2026, 11, 22, 15, tzinfo=UTC)
CHANNELS: Final = ("whatsapp", "telegram", "sms", "branch")
RULES: Final = ("empty.nothing", "dismissive.ask_family", "blaming.your_fault", "commanding.orders")
DAY: Final = timedelta(days=1)


@dataclass
class Planted:
    """An institution, its teams and people, and the authors who look."""

    institution: people.Institution
    teams: list[UUID]
    lines: list[UUID]
    staff: list[UUID]
    head: UUID
    leads: list[UUID]
    rules: dict[str, RuleRow]
    clock: ManualClock
    numbers: random.Random
    conversations: list[ConversationRow] = field(default_factory=list)

    @property
    def id(self) -> UUID:
        return self.institution.id

    def author(self, staff_id: UUID, *permissions: str) -> people.Author:
        return people.Author(f"staff:{staff_id}", {self.id: frozenset(permissions)})

    def wanted(self, days: int = 30, **more: Any) -> Wanted:
        last = more.pop("last", date(2026, 11, 22))
        return Wanted(self.id, last - timedelta(days - 1), last, **more)

    def ago(self, days: int = 60) -> datetime:
        return NOW - self.numbers.randrange(int(timedelta(days=days).total_seconds())) * timedelta(seconds=1)

    def someone(self) -> UUID:
        return self.numbers.choice(self.staff)


def _staff(institution_id: UUID, login: str, role: str) -> UUID:
    role_id = people.role_by_slug(institution_id, role).id
    staff_id = people.add_staff(
        id=new_id(), login=f"{login}-{new_id().hex[-6:]}", names={"en": login.title()}, language="ar",
        institution_id=institution_id, role_ids=[role_id], by=people.SYSTEM, reason="a test",
    ).id  # fmt: skip
    StaffRow.objects.filter(id=staff_id).update(state="active", password="x", totp_secret=b"x")
    return staff_id


def a_field(
    seed: int = 1,
    slug: str = "nile",
    *,
    agents: int = 4,
    institution: people.Institution | None = None,
    teams: list[UUID] | None = None,
) -> Planted:
    """Return an institution with two teams and some people besides their leads and the head, in which nothing was said yet."""
    institution = institution or an_institution(slug)
    here, clock, numbers = institution.id, ManualClock(NOW), random.Random(seed)  # noqa: S311  (repeatable, not secret)
    head = _staff(here, "head", "supervisor")
    leads = [_staff(here, f"lead{each}", "supervisor") for each in range(2)]
    staff = [_staff(here, f"agent{each}", "agent") for each in range(agents)]
    if teams is None:
        teams = _teams(here, leads, staff, clock)
        duty.set_head(institution_id=here, staff_id=head, by=people.SYSTEM, reason="a test", clock=clock)
    ensure_rules(here, at=NOW - 100 * DAY, clock=clock)
    rules = {row.slug: row for row in RuleRow.objects.filter(institution_id=here)}
    return Planted(institution, teams, [new_id(), new_id()], staff, head, leads, rules, clock, numbers)


def _teams(here: UUID, leads: Sequence[UUID], staff: Sequence[UUID], clock: ManualClock) -> list[UUID]:
    calendar = duty.make_calendar(
        id=new_id(), institution_id=here, slug="cairo", names={"en": "Cairo"},
        hours=Hours("Africa/Cairo", week((opening("09:00", "17:00"),))), by=people.SYSTEM, reason="a test", clock=clock,
    )  # fmt: skip
    made = [
        duty.make_team(
            id=new_id(), institution_id=here, slug=f"team-{place}", names={"en": f"Team {place}"}, calendar_id=calendar.id,
            lead=lead, keeps_after_shift=False, by=people.SYSTEM, reason="a test", clock=clock,
        ).id
        for place, lead in enumerate(leads)
    ]  # fmt: skip
    for place, who in enumerate(staff):
        MemberRow.objects.create(team_id=made[place % 2], staff_id=who, by_shifts=False, since=NOW - 100 * DAY)
    return made


def plant(field_: Planted, *, talks: int, messages: int = 3) -> None:
    """Plant conversations of some messages and answers each, with their clocks, cases, questions and stopped replies."""
    rows = [_conversation(field_) for _ in range(talks)]
    cases: list[CaseRow] = []
    entries, clocks, gaps, askers, checks = [], [], [], [], []
    for row in rows:
        said, run = _said(field_, row, messages)
        entries += said
        clocks += run
        if field_.numbers.random() < 0.2:
            case, clock = _case(field_, row, len(cases) + 1)
            cases.append(case)
            clocks.append(clock)
        if field_.numbers.random() < 0.15:
            gap, of_gap = _gap(field_, rows)
            gaps.append(gap)
            askers += of_gap
        if field_.numbers.random() < 0.2:
            checks.append(_check(field_, row, said))
    CaseRow.objects.bulk_create(cases, batch_size=2_000)
    ConversationRow.objects.bulk_create(rows, batch_size=2_000)
    EntryRow.objects.bulk_create(entries, batch_size=2_000)
    ClockRow.objects.bulk_create(clocks, batch_size=2_000)
    GapRow.objects.bulk_create(gaps, batch_size=2_000)
    AskerRow.objects.bulk_create(askers, batch_size=2_000)
    ReplyCheckRow.objects.bulk_create(checks, batch_size=2_000)
    HandOverRow.objects.bulk_create([_hand_over(field_, clock) for clock in clocks[::7]], batch_size=2_000)
    field_.conversations += rows


def _conversation(field_: Planted) -> ConversationRow:
    at = field_.ago()
    return ConversationRow(
        id=new_id(), institution_id=field_.id, line_id=field_.numbers.choice(field_.lines),
        channel=field_.numbers.choice(CHANNELS), documents=False, identity_id=new_id(), state="closed",
        team_id=field_.numbers.choice(field_.teams), accountable=field_.someone(), language="ar", subject="", name="Mona",
        version=1, positions=0, last_order=at, unanswered=0, opened_at=at, last_at=at, snippet="",
        tags=field_.numbers.sample(["late money", "لا يعمل", "meter", "thanks"], field_.numbers.randrange(3)),
    )  # fmt: skip


def _said(field_: Planted, row: ConversationRow, messages: int) -> tuple[list[EntryRow], list[ClockRow]]:
    entries, clocks, at = [], [], row.opened_at
    for place in range(messages):
        row.positions += 1
        entries.append(_entry(row, "in", at, f"identity:{row.identity_id}"))
        taken = timedelta(seconds=field_.numbers.randrange(60, 30_000))
        kind = "first_answer" if place == 0 else "next_answer"
        clock = _clock(field_, row.id, kind, row.team_id, at, at + taken)
        clocks.append(clock)
        if clock.stop_reason == "answered":
            row.positions += 1
            entries.append(_entry(row, "out", at + taken, clock.stopped_by, delivery="sent", message_id=new_id()))
        at += taken + timedelta(seconds=field_.numbers.randrange(60, 90_000))
        if at > NOW or clock.stopped_at is None:
            break
    row.last_at = row.last_order = at
    return entries, clocks


def _entry(row: ConversationRow, kind: str, at: datetime, actor: str, **more: Any) -> EntryRow:
    return EntryRow(
        id=new_id(), conversation_id=row.id, position=row.positions, at=at, order_at=at, kind=kind, actor=actor, text="a word",
        message_kind="text", **({"message_id": new_id()} | more),
    )  # fmt: skip


def _clock(
    field_: Planted,
    subject: UUID,
    kind: str,
    team: UUID,
    at: datetime,
    until: datetime,
    subject_kind: str = "conversation",
) -> ClockRow:
    slug, who, other = kind.replace("_", "-"), field_.someone(), field_.someone()
    fate = field_.numbers.random()
    stopped = until <= NOW and fate > 0.15
    reason = "closed" if kind == "resolution" or fate < 0.25 else "answered"
    amount = 3_600_000_000
    used = int((until - at).total_seconds()) * 1_000_000 // 3
    breached = at + timedelta(hours=3) if until - at > timedelta(hours=3) and at + timedelta(hours=3) < NOW else None
    return ClockRow(
        id=new_id(), institution_id=field_.id, subject_kind=subject_kind, subject_id=subject, rule=field_.rules[slug],
        slug=slug, kind=kind, team_id=team, unit="working" if kind != "resolution" else "working_days", amount=amount,
        used=used if kind != "resolution" else 2, started_at=at, counted_from=at, due_at=breached or at + timedelta(hours=3),
        breached_at=breached, blamed=other if breached else None, accountable=other, changes_at=None,
        next_at=None if stopped else NOW + DAY, stopped_at=until if stopped else None,
        stop_reason=reason if stopped else "", stopped_by=f"staff:{who}" if stopped else "",
        worked_s=used // 1_000_000 if stopped and field_.numbers.random() < 0.5 else None,
    )  # fmt: skip


def _case(field_: Planted, row: ConversationRow, number: int) -> tuple[CaseRow, ClockRow]:
    at = row.opened_at
    ended = field_.numbers.random() < 0.7
    known = CaseRow.objects.filter(institution_id=field_.id).count()
    case = CaseRow(
        id=new_id(), institution_id=field_.id, year=2026, number=known + number,
        category=field_.numbers.choice(["fee", "meter", "other"]), title="a matter", state="resolved" if ended else "open",
        team_id=row.team_id, owner=field_.someone(), opened_at=at, opened_by="system", changed_at=at,
        outcome="answered" if ended else None, resolution="", resolved_at=at + DAY if ended else None, steps=1,
    )  # fmt: skip
    row.case_id = case.id
    clock = _clock(
        field_, case.id, "resolution", row.team_id, at, at + field_.numbers.randrange(1, 90) * DAY / 10, "case"
    )
    return case, clock


def _gap(field_: Planted, rows: Sequence[ConversationRow]) -> tuple[GapRow, list[AskerRow]]:
    talks = field_.numbers.sample(list(rows), min(len(rows), field_.numbers.randrange(1, 4)))
    due = field_.ago(50) + field_.numbers.randrange(20) * DAY
    answered = due + field_.numbers.randrange(-20, 20) * timedelta(hours=1) if field_.numbers.random() < 0.7 else None
    gap = GapRow(
        id=new_id(), institution_id=field_.id, question="Why is it dark?", key="dark", language="en", owner=field_.someone(),
        team_id=field_.numbers.choice([*field_.teams, None]), due_at=due, first_due_at=due,
        state="answered" if answered else "open", raised_by="system", raised_in=talks[0].id, raised_at=due - DAY,
        answered_at=answered, answer_id=new_id() if answered else None,
    )  # fmt: skip
    askers = []
    for talk in talks:
        told = (
            answered + timedelta(hours=field_.numbers.randrange(4))
            if answered and field_.numbers.random() < 0.8
            else None
        )
        askers.append(
            AskerRow(
                id=new_id(), gap=gap, conversation_id=talk.id, language="en", state="told" if told else "waiting",
                asked_at=due - DAY, asked_by="system", told_at=told, answer_version=1 if told else None,
            )
        )  # fmt: skip
    return gap, askers


def _check(field_: Planted, row: ConversationRow, said: Sequence[EntryRow]) -> ReplyCheckRow:
    out = [entry for entry in said if entry.kind == "out"]
    sent = field_.numbers.random() < 0.4
    if out and sent and field_.numbers.random() < 0.6:
        out[0].overridden = "told the rest by phone"
    at = out[0].at - timedelta(seconds=9) if out else row.opened_at
    return ReplyCheckRow(
        id=new_id(), institution_id=field_.id, conversation_id=row.id if field_.numbers.random() < 0.95 else None,
        actor=out[0].actor if out else f"staff:{field_.someone()}", at=at, language=field_.numbers.choice(["ar", "he", "en"]),
        rules=field_.numbers.sample(RULES, field_.numbers.randrange(1, 4)), outcome="overridden" if sent else "stopped",
        reason="told the rest by phone" if sent else "",
    )  # fmt: skip


def _hand_over(field_: Planted, clock: ClockRow) -> HandOverRow:
    giver, taker = field_.numbers.sample(field_.staff, 2)
    by = field_.numbers.choice([f"staff:{giver}", "system"])
    return HandOverRow(clock=clock, at=clock.started_at, giver=giver, taker=taker, by=by, reason="")
