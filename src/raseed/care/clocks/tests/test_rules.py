"""Rules of a team's own and for cases about one thing; regulators' rules that begin with a case; two who change one rule."""

from __future__ import annotations

from typing import Any

import pytest

from raseed.care.clocks import api as clocks
from raseed.care.clocks.api import ClockKind, Unit
from raseed.care.duty import api as duty
from raseed.kernel.ids import new_id
from raseed.platform import api as platform

from .desk import BY, HOUR, MINUTE, NOON, WHY, Desk


def a_rule(desk: Desk, slug: str, **more: Any) -> clocks.Rule:
    said: dict[str, Any] = {
        "kind": ClockKind.FIRST_ANSWER, "unit": Unit.ELAPSED, "amount": 600, "ladder": (), "source": WHY, "reason": WHY,
    }  # fmt: skip
    return clocks.set_rule(
        institution_id=desk.institution_id, slug=slug, names={"en": slug}, by=BY, clock=desk.clock, **(said | more)
    )


def another_team(desk: Desk) -> duty.Team:
    return duty.make_team(
        id=new_id(), institution_id=desk.institution_id, slug="loans", names={"en": "Loans"},
        calendar_id=desk.calendar_id, lead=desk.lead, keeps_after_shift=False, by=BY, reason=WHY, clock=desk.clock,
    )  # fmt: skip


def rules_of_case(desk: Desk, category: str) -> set[str]:
    running = clocks.case_opened(
        case_id=new_id(), institution_id=desk.institution_id, team_id=desk.team.id, category=category, owner=desk.mona,
        at=desk.now, clock=desk.clock,
    )  # fmt: skip
    return {one.rule for one in running}


def test_a_team_with_a_rule_of_its_own_goes_by_that_and_others_by_everybodys(desk: Desk) -> None:
    loans = another_team(desk)
    a_rule(desk, "first-answer-loans", team_id=loans.id)
    ours = desk.message()
    assert desk.clock_of(ours).due_at == NOON + HOUR
    theirs = new_id()
    clocks.message_arrived(
        conversation_id=theirs, institution_id=desk.institution_id, team_id=loans.id, assignee=None, at=desk.now,
        clock=desk.clock,
    )  # fmt: skip
    found = {one.rule: one.due_at for one in clocks.clocks_of([theirs], at=desk.now)[theirs]}
    assert found["first-answer-loans"] == NOON + 10 * MINUTE
    assert "first-answer" not in found
    clocks.answered(subject_id=theirs, by=desk.mona, at=desk.now, clock=desk.clock)
    assert clocks.was_answered(theirs)


def test_a_case_goes_by_the_narrowest_rule_and_a_regulators_begins_with_it(desk: Desk) -> None:
    assert rules_of_case(desk, "loan") == {"resolution"}
    a_rule(desk, "resolution-cards", kind=ClockKind.RESOLUTION, team_id=desk.team.id)
    a_rule(desk, "resolution-fraud", kind=ClockKind.RESOLUTION, category="fraud")
    clocks.adopt_preset(institution_id=desk.institution_id, slug="cbe-answer", by=BY, reason=WHY, clock=desk.clock)
    clocks.adopt_preset(institution_id=desk.institution_id, slug="dora-initial", by=BY, reason=WHY, clock=desk.clock)
    assert rules_of_case(desk, "loan") == {"resolution-cards", "cbe-answer"}
    assert rules_of_case(desk, "fraud") == {"resolution-fraud", "cbe-answer"}
    known = clocks.rule_in_force(desk.institution_id, "cbe-answer", at=desk.now, clock=desk.clock)
    a_rule(desk, "cbe-answer", kind=ClockKind.REGULATOR, category="fraud", with_cases=True, expected=known.version)
    assert rules_of_case(desk, "loan") == {"resolution-cards"}
    a_rule(desk, "cbe-answer", kind=ClockKind.REGULATOR, with_cases=True, retired=True)
    assert rules_of_case(desk, "fraud") == {"resolution-fraud"}
    assert next(one for one in clocks.rules_decided(desk.institution_id) if one.slug == "cbe-answer").retired


def test_a_rule_that_would_leave_others_without_one_is_refused(desk: Desk) -> None:
    for field, slug, more in (
        ("team_id", "first-answer", {"team_id": desk.team.id}),
        ("category", "resolution", {"kind": ClockKind.RESOLUTION, "category": "fraud"}),
        ("category", "x", {"kind": ClockKind.RESOLUTION, "category": "weather"}),
        ("category", "x", {"category": "fraud"}),
        ("with_cases", "x", {"with_cases": True}),
        ("slug", "X y", {}),
    ):
        with pytest.raises(clocks.InvalidRule) as refused:
            a_rule(desk, slug, **more)
        assert refused.value.field == field
    with pytest.raises(duty.UnknownTeam):
        a_rule(desk, "x", team_id=new_id())
    assert "x" not in {one.slug for one in clocks.rules_decided(desk.institution_id)}


def test_the_second_of_two_who_change_one_rule_is_told_and_the_trail_says_what_was(desk: Desk) -> None:
    first = a_rule(desk, "vip", expected=0)
    with pytest.raises(duty.ChangedMeanwhile):
        a_rule(desk, "vip", amount=5, expected=0)
    second = a_rule(desk, "vip", amount=1200, expected=first.version)
    assert (first.version, second.version) == (1, 2)
    with pytest.raises(duty.ChangedMeanwhile):
        a_rule(desk, "vip", amount=30, expected=first.version)
    a_rule(desk, "vip", amount=1200, expected=second.version)  # says what is so already
    assert len(clocks.rule_history(desk.institution_id, "vip")) == 2
    (record, *_) = platform.audit_trail(f"institution:{desk.institution_id}", limit=1)
    assert record.before == {"amount": 600}
    assert record.after == {"rule": "vip", "valid_from": desk.now.isoformat(), "amount": 1200}


def test_a_preview_of_a_rule_says_when_an_answer_would_be_due(desk: Desk) -> None:
    before = clocks.rule_in_force(desk.institution_id, "first-answer", at=desk.now, clock=desk.clock)
    after = clocks.set_rule(
        institution_id=desk.institution_id, slug="first-answer", names=before.names, kind=before.kind, unit=before.unit,
        amount=1800, ladder=before.ladder, source=before.source, by=BY, reason=WHY, clock=desk.clock,
    )  # fmt: skip
    told = clocks.preview_rule(duty.named_calendar(desk.calendar_id).calendar, before, after, sample=desk.now)
    assert (told.was, told.would_be) == (NOON + HOUR, NOON + 30 * MINUTE)
