"""The way of a release: from step to step, killed at any of them and taken up again."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from raseed.assurance.guard import api as guard
from raseed.assurance.guard import baseline, driving, subjects, watching
from raseed.assurance.guard.api import DifferenceKind, ReleaseState, RunKind, SystemKind
from raseed.assurance.guard.cutting import begin_roll_back
from raseed.assurance.guard.domain import MOVES
from raseed.assurance.guard.models import DifferenceRow, ReleaseRow, StepRow, TallyRow
from raseed.assurance.guard.tests.shop import ISSUER, Killed, Town
from raseed.display import api as display
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.platform import api as platform

S = ReleaseState


def shadowed(town: Town, candidate: str = "2") -> guard.Release:
    of = town.release(candidate)
    guard.take_baseline(of.id, by=town.first, clock=town.clock)
    return guard.run_shadow(of.id, by=town.first, clock=town.clock)


def states(of: guard.Release) -> list[ReleaseState]:
    return [step.state for step in of.timeline]


def live(town: Town) -> guard.Release:
    of = shadowed(town)
    return guard.cut_over(of.id, by=town.first, reason="it is time", clock=town.clock)


def forced(town: Town, of: guard.Release) -> None:
    change = guard.propose_force(id=new_id(), release_id=of.id, reason="the old one is worse", by=town.first)
    people.confirm_change(change.id, by=town.second, note="seen")


def test_a_release_without_differences_goes_live_and_is_verified(town: Town) -> None:
    of = live(town)
    assert (of.state, town.shop.shown) == (S.LIVE, "new")
    of = guard.go_on(of.id, clock=town.clock, pause=town.pause)
    assert states(of) == [
        S.REGISTERED, S.BASELINED, S.SHADOWED_GREEN, S.CUTTING_OVER, S.LIVE, S.VERIFYING, S.VERIFIED,
    ]  # fmt: skip
    run = guard.runs_of(of.id)[-1]
    assert (run.kind, run.compared, run.clean, run.permille) == (RunKind.VERIFY, 20, True, 1_000)
    assert run.facts["looks"] >= 5
    assert guard.report(of.id).content["verdict"] == "verified"


def test_each_step_leaves_an_audit_record_and_an_event(town: Town) -> None:
    of = shadowed(town)
    records = platform.audit_trail(f"release:{of.id}")
    assert [record.after["state"] for record in reversed(records) if record.after] == [
        "registered", "baselined", "shadowed_green",
    ]  # fmt: skip
    assert {record.actor for record in records} == {town.first.actor}


def test_what_differs_in_the_shadow_makes_it_red_and_is_counted_by_issuer_and_kind(town: Town) -> None:
    town.shop.wrong = {
        "account-3": DifferenceKind.SIGN,
        "account-4": DifferenceKind.SIGN,
        "account-9": DifferenceKind.STALE,
    }
    of = shadowed(town)
    assert of.state is S.SHADOWED_RED
    run = guard.runs_of(of.id)[-1]
    assert run.tallies == {(ISSUER, DifferenceKind.SIGN): 2, (ISSUER, DifferenceKind.STALE): 1}
    first = guard.examples_of([run.id])[0]
    assert (first.account, first.shown_minor, first.true_minor) == ("account-3", 600, 300)


def test_without_a_green_shadow_nothing_goes_live(town: Town) -> None:
    town.shop.wrong = {"account-3": DifferenceKind.SIGN}
    of = shadowed(town)
    with pytest.raises(guard.ShadowNotGreen):
        guard.cut_over(of.id, by=town.first, reason="we want it", clock=town.clock)
    with pytest.raises(guard.ShadowNotGreen):
        guard.begin_canary(of.id, percent=5, by=town.first, reason="a few only", clock=town.clock)
    with pytest.raises(IntegrityError, match="green shadow"), transaction.atomic():
        ReleaseRow.objects.filter(id=of.id).update(state="cutting_over")
    assert (guard.release(of.id).state, town.shop.moves, town.shop.canary) == (S.SHADOWED_RED, [], 0)


def test_two_people_may_force_it_and_the_report_says_who_and_why(town: Town) -> None:
    town.shop.wrong = {"account-13": DifferenceKind.SIGN}
    of = shadowed(town)
    with pytest.raises(people.NotPermitted):
        guard.propose_force(
            id=new_id(),
            release_id=of.id,
            reason="alone",
            by=people.Author("staff:x", {town.institution_id: frozenset()}),
        )
    change = guard.propose_force(id=new_id(), release_id=of.id, reason="the old one is worse", by=town.first)
    with pytest.raises(people.SecondPersonNeeded):
        people.confirm_change(change.id, by=town.first)
    people.confirm_change(change.id, by=town.second, note="seen")
    of = guard.cut_over(of.id, by=town.first, reason="forced", clock=town.clock)
    assert (of.state, of.forced_by) == (S.LIVE, change.id)
    of = guard.go_on(of.id, clock=town.clock, pause=town.pause)
    assert of.state is S.ROLLED_BACK
    told = guard.report(of.id).content["forced"]
    assert (told["proposed_by"], told["confirmed_by"]) == (town.first.actor, town.second.actor)
    assert told["reason"] == "the old one is worse"


def test_a_forced_release_that_shows_a_wrong_balance_is_rolled_back_by_itself_and_all_is_compared_again(
    town: Town,
) -> None:
    town.shop.wrong = {"account-1": DifferenceKind.OTHER}
    of = shadowed(town)
    forced(town, of)
    guard.cut_over(of.id, by=town.first, reason="forced", clock=town.clock)
    began = town.clock.now()
    of = guard.go_on(of.id, clock=town.clock, pause=town.pause)
    assert states(of)[-4:] == [S.LIVE, S.VERIFYING, S.ROLLING_BACK, S.ROLLED_BACK]
    assert (town.shop.moves, of.timeline[-1].actor) == (["new", "old"], "system")
    assert town.clock.now() == began, "the first quick look finds it"
    last = guard.runs_of(of.id)[-1]
    assert (last.kind, last.compared, last.clean) == (RunKind.RESTORED, 20, True)
    assert guard.report(of.id).content["verdict"] == "rolled_back"


def test_what_was_forced_was_what_two_people_had_seen(town: Town) -> None:
    town.shop.wrong = {"account-13": DifferenceKind.SIGN}
    of = shadowed(town)
    change = guard.propose_force(id=new_id(), release_id=of.id, reason="as it is", by=town.first)
    guard.run_shadow(of.id, by=town.first, clock=town.clock)
    with pytest.raises(people.ChangeOutdated):
        people.confirm_change(change.id, by=town.second)
    for again in (guard.run_shadow, guard.take_baseline):
        of = guard.release(of.id)
        forced(town, of)
        assert guard.release(of.id).forced_by is not None
        assert again(of.id, by=town.first, clock=town.clock).forced_by is None
        with pytest.raises(guard.ShadowNotGreen):
            guard.cut_over(of.id, by=town.first, reason="it was forced", clock=town.clock)


def test_a_cohort_elsewhere_is_written_down_before_it_is_asked_for(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    of = shadowed(town)
    town.shop.moves_inside = False
    for percent in (0, 101, 9_999, -1):
        with pytest.raises(display.InvalidCohort):
            guard.begin_canary(of.id, percent=percent, by=town.first, reason="some first", clock=town.clock)
    assert guard.release(of.id).state is S.SHADOWED_GREEN

    def dies(**told: object) -> None:
        assert guard.release(of.id).state is S.CANARY
        raise Killed

    monkeypatch.setattr(town.shop, "begin_canary", dies)
    with pytest.raises(Killed):
        guard.begin_canary(of.id, percent=5, by=town.first, reason="some first", clock=town.clock)
    of = guard.roll_back(of.id, by=town.second, reason="who knows who sees it", clock=town.clock)
    assert (of.state, town.shop.moves) == (S.ROLLED_BACK, ["old"])


def test_a_canary_is_taken_back_by_itself(town: Town) -> None:
    of = shadowed(town)
    of = guard.begin_canary(of.id, percent=5, by=town.first, reason="some first", clock=town.clock)
    assert (of.state, town.shop.canary) == (S.CANARY, 5)
    town.shop.wrong = {"account-20": DifferenceKind.SWAPPED}
    of = guard.go_on(of.id, clock=town.clock, pause=town.pause)
    assert (of.state, town.shop.canary) == (S.ROLLED_BACK, 0)
    assert "swapped" in of.timeline[-2].facts["kinds"]


def test_a_canary_that_shows_nothing_wrong_waits_for_a_person(town: Town) -> None:
    of = shadowed(town)
    guard.begin_canary(of.id, percent=5, by=town.first, reason="some first", clock=town.clock)
    of = guard.go_on(of.id, clock=town.clock, pause=town.pause)
    assert of.state is S.CANARY
    assert guard.runs_of(of.id)[-1].clean
    of = guard.cut_over(of.id, by=town.first, reason="nothing was wrong", clock=town.clock)
    assert of.state is S.LIVE


def test_the_big_red_button_works_while_another_process_is_at_work(town: Town) -> None:
    of = live(town)
    with driving.held(of.id):
        of = guard.roll_back(of.id, by=town.second, reason="customers call", clock=town.clock)
    assert (of.state, town.shop.shown) == (S.ROLLED_BACK, "old")
    assert [step.actor for step in of.timeline[-2:]] == [town.second.actor] * 2
    assert guard.roll_back(of.id, by=town.first, reason="again", clock=town.clock).timeline == of.timeline


def test_what_was_verified_is_rolled_back_though_a_next_one_is_on_its_way(town: Town) -> None:
    of = guard.go_on(live(town).id, clock=town.clock, pause=town.pause)
    assert of.state is S.VERIFIED
    following = town.release("3")
    of = guard.roll_back(of.id, by=town.second, reason="customers call", clock=town.clock)
    assert (of.state, town.shop.shown, guard.release(following.id).state) == (S.ROLLED_BACK, "old", S.ABANDONED)


def test_nothing_is_registered_while_something_is_rolled_back(town: Town) -> None:
    of = guard.go_on(live(town).id, clock=town.clock, pause=town.pause)
    begin_roll_back(of.id, actor=town.first.actor, reason="customers call", clock=town.clock)
    with pytest.raises(guard.ReleaseOpen):
        town.release("3")
    guard.go_on(of.id, clock=town.clock, pause=town.pause)
    assert town.release("3").state is S.REGISTERED


def test_only_one_release_of_a_system_is_on_its_way(town: Town) -> None:
    of = town.release()
    with pytest.raises(guard.ReleaseOpen):
        town.release("3")
    guard.abandon(of.id, by=town.first, reason="another comes", clock=town.clock)
    assert town.release("3").state is S.REGISTERED


def test_the_same_registration_again_is_the_same_release(town: Town) -> None:
    of = town.release()
    again = guard.register_release(
        id=of.id, system_code="shop", candidate="2", by=town.first, reason="a new version", clock=town.clock
    )
    assert again == of
    with pytest.raises(guard.ReleaseIdTaken):
        guard.register_release(
            id=of.id, system_code="shop", candidate="3", by=town.first, reason="a new version", clock=town.clock
        )


def test_a_shadow_that_was_killed_goes_on_where_it_was_and_counts_nothing_twice(town: Town) -> None:
    town.shop.wrong = {"account-2": DifferenceKind.SIGN, "account-18": DifferenceKind.SIGN}
    of = town.release()
    guard.take_baseline(of.id, by=town.first, clock=town.clock)
    asked: list[int] = []

    def dies(position: int) -> None:
        asked.append(position)
        if len(asked) in (3, 4):
            raise Killed

    town.shop.before_batch = dies
    for _ in range(2):
        with pytest.raises(Killed):
            guard.run_shadow(of.id, by=town.first, clock=town.clock)
    of = guard.run_shadow(of.id, by=town.first, clock=town.clock)
    assert asked == [0, 5, 10, 10, 10, 15]
    run = guard.runs_of(of.id)[-1]
    assert (run.compared, run.tallies) == (20, {(ISSUER, DifferenceKind.SIGN): 2})
    assert len(guard.examples_of([run.id])) == 2


@pytest.mark.parametrize("inside", [True, False])
def test_a_cut_over_that_was_killed_is_finished_once(town: Town, monkeypatch: pytest.MonkeyPatch, inside: bool) -> None:  # noqa: FBT001
    of = shadowed(town)
    town.shop.moves_inside = inside
    plain = town.shop.cut_over

    def dies(**told: object) -> None:
        monkeypatch.setattr(town.shop, "cut_over", plain)
        raise Killed

    monkeypatch.setattr(town.shop, "cut_over", dies)
    with pytest.raises(Killed):
        guard.cut_over(of.id, by=town.first, reason="it is time", clock=town.clock)
    assert guard.release(of.id).state is S.CUTTING_OVER
    of = guard.go_on(of.id, clock=town.clock, pause=town.pause)
    assert (of.state, town.shop.moves) == (S.VERIFIED, ["new"])


def test_a_call_that_lands_after_it_was_rolled_back_is_taken_back_again_under_another_name(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = shadowed(town)
    town.shop.moves_inside = False
    plain = town.shop.cut_over
    named: list[UUID] = []

    def asked(as_: guard.Release) -> Any:
        named.append(as_.id)
        return town.shop

    def late(**told: Any) -> None:
        guard.roll_back(of.id, by=town.second, reason="customers call", clock=town.clock)
        plain(**told)
        monkeypatch.setitem(subjects._makers, SystemKind.GENERATION, asked)

    monkeypatch.setattr(town.shop, "cut_over", late)
    of = guard.cut_over(of.id, by=town.first, reason="it is time", clock=town.clock)
    assert (of.state, town.shop.shown, town.shop.moves) == (S.ROLLED_BACK, "old", ["old", "new", "old"])
    assert len(named) == 1
    assert named != [of.id]


def test_a_cut_over_that_is_never_answered_is_taken_back(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    of = shadowed(town)
    town.shop.moves_inside = False

    def says_nothing(**told: object) -> None:
        raise guard.SystemSilent(reason="timeout")

    monkeypatch.setattr(town.shop, "cut_over", says_nothing)
    with pytest.raises(guard.SystemSilent):
        guard.cut_over(of.id, by=town.first, reason="it is time", clock=town.clock)
    of = guard.go_on(of.id, clock=town.clock, pause=town.pause)
    assert of.state is S.CUTTING_OVER, "it is asked again for a while"
    town.clock.advance(timedelta(seconds=60))
    of = guard.go_on(of.id, clock=town.clock, pause=town.pause)
    assert (of.state, town.shop.moves) == (S.ROLLED_BACK, ["old"])
    assert of.timeline[-2].reason in guard.REASONS


def test_a_difference_proven_by_a_watch_that_was_ended_meanwhile_takes_the_release_back(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = shadowed(town)
    guard.begin_canary(of.id, percent=5, by=town.first, reason="some first", clock=town.clock)

    def goes_live(position: int) -> None:
        town.shop.before_batch = lambda _position: None
        town.shop.wrong = {"account-3": DifferenceKind.SIGN}
        assert position == 0
        guard.cut_over(of.id, by=town.first, reason="at once", clock=town.clock)

    town.shop.before_batch = goes_live
    of = guard.go_on(of.id, clock=town.clock, pause=town.pause)
    assert (of.state, town.shop.shown) == (S.ROLLED_BACK, "old")
    assert S.VERIFYING not in states(of), "the watch over the cohort has found it"


def test_where_there_is_no_way_back_the_watch_says_so_and_tries_again(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = live(town)
    town.shop.wrong = {"account-1": DifferenceKind.SIGN}

    def leads_nowhere(release_id: UUID, **told: object) -> None:
        raise display.NothingToRollBackTo

    with monkeypatch.context() as patch:
        patch.setattr(watching, "begin_roll_back", leads_nowhere)
        with pytest.raises(display.NothingToRollBackTo):
            guard.go_on(of.id, clock=town.clock, pause=town.pause)
    of = guard.release(of.id)
    run = guard.runs_of(of.id)[-1]
    assert (of.state, run.facts["refused"], run.different) == (S.VERIFYING, "nothing_to_roll_back_to", 1)
    assert guard.go_on(of.id, clock=town.clock, pause=town.pause).state is S.ROLLED_BACK


def test_rolling_back_that_was_killed_is_finished_once(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    of = live(town)
    begin_roll_back(of.id, actor=town.first.actor, reason="customers call", clock=town.clock)
    assert (guard.release(of.id).state, town.shop.shown) == (S.ROLLING_BACK, "new")
    of = guard.go_on(of.id, clock=town.clock, pause=town.pause)
    assert (of.state, town.shop.moves) == (S.ROLLED_BACK, ["new", "old"])
    guard.go_on(of.id, clock=town.clock, pause=town.pause)
    assert town.shop.moves == ["new", "old"]


def test_a_step_that_was_asked_for_is_taken_by_a_worker(town: Town) -> None:
    of = town.release()
    guard.want(of.id, "baseline", by=town.first)
    of = guard.go_on(of.id, clock=town.clock, pause=town.pause)
    assert (of.state, of.wanted, of.timeline[-1].actor) == (S.BASELINED, "", town.first.actor)
    with pytest.raises(guard.InvalidSample):
        guard.want(of.id, "shadow", by=town.first, sample_permille=0)


def test_who_may_not_is_refused_everywhere(town: Town) -> None:
    of = town.release()
    nobody = people.Author("staff:nobody", {town.institution_id: frozenset({"assurance.guard.view"})})
    deeds: tuple[Callable[[], object], ...] = (
        lambda: guard.take_baseline(of.id, by=nobody),
        lambda: guard.run_shadow(of.id, by=nobody),
        lambda: guard.begin_canary(of.id, percent=1, by=nobody, reason="because"),
        lambda: guard.cut_over(of.id, by=nobody, reason="because"),
        lambda: guard.roll_back(of.id, by=nobody, reason="because"),
        lambda: guard.refuse(of.id, by=nobody, reason="because"),
        lambda: guard.want(of.id, "baseline", by=nobody),
    )
    for deed in deeds:
        with pytest.raises(people.NotPermitted):
            deed()
    assert guard.release(of.id, by=nobody).state is S.REGISTERED
    with pytest.raises(guard.ReleaseUnknown):
        guard.release(of.id, by=people.Author("staff:stranger"))


def test_a_baseline_of_which_a_byte_was_changed_is_not_trusted(town: Town) -> None:
    of = town.release()
    guard.take_baseline(of.id, by=town.first, clock=town.clock)
    path = baseline.folder_of(of.id) / "baseline"
    raw = path.read_bytes()
    for place in range(0, len(raw), 7):
        path.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
        with pytest.raises(guard.BaselineBroken):
            guard.run_shadow(of.id, by=town.first, clock=town.clock)
    path.write_bytes(raw)
    assert guard.run_shadow(of.id, by=town.first, clock=town.clock).state is S.SHADOWED_GREEN


def test_the_baseline_holds_what_was_shown(town: Town) -> None:
    of = town.release()
    guard.take_baseline(of.id, by=town.first, clock=town.clock)
    (chunk,) = baseline.balances(of.id)
    assert dict(zip([each.decode() for each in chunk.ids], chunk.booked.tolist(), strict=True)) == town.shop.true


def test_a_report_is_signed_and_a_changed_one_is_seen(town: Town) -> None:
    of = live(town)
    guard.go_on(of.id, clock=town.clock, pause=town.pause)
    report = guard.report(of.id)
    assert report.is_intact
    signed = report.signed
    assert not guard.is_signed("report", report.data.replace(b"verified", b"verifiex"), signed)
    assert not guard.is_signed("baseline", report.data, signed), "a signature of one thing is none of another"
    folder = baseline.folder_of(of.id)
    beside = json.loads((folder / "signatures.json").read_text())
    assert set(beside) == {
        "report.json", *(f"report.{language}.{form}" for language in ("ar", "he", "en") for form in ("html", "pdf")),
    }  # fmt: skip
    assert (folder / "report.ar.pdf").read_bytes().startswith(b"%PDF")
    assert 'dir="rtl"' in (folder / "report.he.html").read_text()


def test_timelines_comparisons_and_examples_are_never_changed(town: Town) -> None:
    town.shop.wrong = {"account-3": DifferenceKind.SIGN}
    of = shadowed(town)
    for rows in (StepRow.objects.filter(release_id=of.id), DifferenceRow.objects.all()):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        StepRow.objects.filter(release_id=of.id).update(reason="another")
    with pytest.raises(IntegrityError), transaction.atomic():
        ReleaseRow.objects.filter(id=of.id).update(candidate="9")
    with pytest.raises(IntegrityError), transaction.atomic():
        ReleaseRow.objects.filter(id=of.id).delete()
    assert TallyRow.objects.count() == 1


def test_the_database_knows_the_same_moves() -> None:
    from raseed.assurance.migrations import __name__ as package  # noqa: PLC0415

    module = __import__(f"{package}.0002_guard", fromlist=["MOVES"])
    ours = {
        f"('{before.value if before else ''}', '{after.value}')" for before, afters in MOVES.items() for after in afters
    }
    listed = {f"({pair.strip(' ()')})" for pair in module.MOVES.replace("\n", " ").split("),")}
    assert listed == ours
