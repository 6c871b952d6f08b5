"""Our own shown balances under guard: a candidate that doubles, drops and swaps; caught in the shadow, or once it slipped past."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from raseed.assurance.guard import api as guard
from raseed.assurance.guard import baseline, projection, trials
from raseed.assurance.guard.api import DifferenceKind, ReleaseState, RunKind, System, SystemKind, Terms
from raseed.assurance.guard.models import DifferenceRow
from raseed.assurance.guard.projection import Projection
from raseed.assurance.guard.tests.shop import ALL
from raseed.banking.tests.town import Town, build_town
from raseed.display import api as display
from raseed.display.generations.services import fail_generation
from raseed.display.tests.world import flip, project
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.people.tests.office import an_author

K = DifferenceKind
S = ReleaseState


class Street:
    """Twelve people with wallets, the n-th with n hundred pounds; generation 1 is live and 2 a candidate."""

    def __init__(self) -> None:
        self.town: Town = build_town()
        self.wallets = [
            self.town.wallet(self.town.person(f"مريم {n}", f"+2010012345{n:02d}"), money=10_000 * n)
            for n in range(1, 13)
        ]
        project()
        display.open_generation(projector="fold-1", actor="system")
        project()

    @property
    def house(self) -> UUID:
        return self.wallets[0].institution_id

    def spoil(self) -> None:
        """Let the candidate double one balance, drop one, and swap two."""
        flip(self.wallets[0].id, 2, booked=20_000)
        flip(self.wallets[3].id, 2, booked=50_000)
        flip(self.wallets[4].id, 2, booked=40_000)
        flip(self.wallets[5].id, 2, booked=0)


@pytest.fixture
def build() -> Callable[[], Street]:
    return Street


@pytest.fixture
def street(built: Street, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Street:
    from django.conf import settings  # noqa: PLC0415

    monkeypatch.setattr(settings, "HOME", tmp_path)
    kept_up = trials._looked

    def looked(*told: Any) -> Any:
        project()
        return kept_up(*told)

    monkeypatch.setattr(trials, "_looked", looked)
    return built


@pytest.fixture
def authors(street: Street) -> tuple[people.Author, people.Author]:
    return an_author(street.house, *ALL), an_author(street.house, *ALL)


@pytest.fixture
def of(street: Street, authors: tuple[people.Author, people.Author]) -> guard.Release:
    payer, payee = street.wallets[10], street.wallets[11]
    terms = Terms(watch_seconds=0, trial_payer=str(payer.id), trial_payee=str(payee.id))
    wanted = System("shown", SystemKind.GENERATION, street.house, "Shown balances", terms)
    guard.register_system(wanted, by=authors[0], reason="is guarded")
    return guard.register_release(id=new_id(), system_code="shown", candidate="2", by=authors[0], reason="a new fold")


def shadowed(of: guard.Release, by: people.Author) -> guard.Release:
    guard.take_baseline(of.id, by=by)
    return guard.run_shadow(of.id, by=by)


def live() -> int:
    at = display.pointer()
    assert at is not None
    return at.live


def test_a_good_candidate_goes_live_is_verified_and_the_test_accounts_have_paid(
    of: guard.Release, street: Street, authors: Any
) -> None:
    found = shadowed(of, authors[0])
    assert found.state is S.SHADOWED_GREEN
    kept = {UUID(bytes=raw): minor for chunk in baseline.balances(of.id)
            for raw, minor in zip(chunk.ids, chunk.booked.tolist(), strict=True)}  # fmt: skip
    assert {each.id: kept[each.id] for each in street.wallets} == {
        each.id: 10_000 * place for place, each in enumerate(street.wallets, 1)
    }
    guard.cut_over(of.id, by=authors[0], reason="it is time")
    assert live() == 2
    project()
    assert guard.go_on(of.id).state is S.VERIFIED
    trials = guard.trials_of(of.id)
    assert [(each.leg, each.back, each.verdict) for each in trials] == [
        ("before", False, "right"), ("before", True, "right"), ("after", False, "right"), ("after", True, "right"),
    ]  # fmt: skip


def test_a_bad_candidate_is_caught_in_the_shadow_by_issuer_and_kind(
    of: guard.Release, street: Street, authors: Any
) -> None:
    street.spoil()
    found = shadowed(of, authors[0])
    assert found.state is S.SHADOWED_RED
    run = guard.runs_of(of.id)[-1]
    house = str(street.house)
    assert (run.kind, run.compared, run.tallies[house, K.SWAPPED]) == (RunKind.SHADOW_TRUE, 12, 2)
    assert (run.different, {issuer for issuer, _ in run.tallies}) == (4, {house})
    with pytest.raises(guard.ShadowNotGreen):
        guard.cut_over(of.id, by=authors[0], reason="all the same")
    assert live() == 1


def test_a_bad_candidate_that_was_forced_is_rolled_back_by_itself_and_everything_is_verified(
    of: guard.Release, street: Street, authors: Any
) -> None:
    street.spoil()
    shadowed(of, authors[0])
    change = guard.propose_force(id=new_id(), release_id=of.id, reason="the board wants it", by=authors[0])
    people.confirm_change(change.id, by=authors[1])
    guard.cut_over(of.id, by=authors[0], reason="forced")
    assert live() == 2
    found = guard.go_on(of.id)
    assert (found.state, live()) == (S.ROLLED_BACK, 1)
    assert (found.timeline[-1].at - found.timeline[-3].at).total_seconds() < 5
    last = guard.runs_of(of.id)[-1]
    assert (last.kind, last.different) == (RunKind.RESTORED, 0)
    report = guard.report(of.id)
    assert report.content["forced"]["reason"] == "the board wants it"
    assert guard.report_pdf(report, language="ar").startswith(b"%PDF")


def test_a_canary_of_a_bad_candidate_is_withdrawn(of: guard.Release, street: Street, authors: Any) -> None:
    shadowed(of, authors[0])
    guard.begin_canary(of.id, percent=0, accounts=[street.wallets[0].id], by=authors[0], reason="one first")
    at = display.pointer()
    assert at is not None
    assert (at.canary, at.named) == (2, 1)
    flip(street.wallets[0].id, 2, booked=1)
    assert guard.go_on(of.id).state is S.ROLLED_BACK
    at = display.pointer()
    assert at is not None
    assert (at.canary, at.live) == (None, 1)


def test_what_is_live_or_not_there_is_no_candidate(of: guard.Release, authors: Any) -> None:
    guard.abandon(of.id, by=authors[0], reason="another one")
    for candidate in ("1", "9", "two"):
        with pytest.raises(guard.CandidateUnfit):
            guard.register_release(
                id=new_id(), system_code="shown", candidate=candidate, by=authors[0], reason="a new fold"
            )


def test_what_is_still_being_built_is_compared_with_nothing(
    of: guard.Release, authors: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard.abandon(of.id, by=authors[0], reason="another one")
    number = display.open_generation(projector="fold-1", actor="system").number

    def register() -> guard.Release:
        return guard.register_release(
            id=new_id(), system_code="shown", candidate=str(number), by=authors[0], reason="a new fold"
        )

    with pytest.raises(guard.CandidateUnfit):
        register()
    with monkeypatch.context() as patch:
        patch.setattr(Projection, "check", lambda _self: None)
        early = register()
    guard.take_baseline(early.id, by=authors[0])
    with pytest.raises(guard.CandidateUnfit):
        guard.run_shadow(early.id, by=authors[0])
    with pytest.raises(guard.CandidateUnfit):
        guard.want(early.id, "shadow", by=authors[0])
    assert guard.release(early.id).state is S.BASELINED
    project()
    assert guard.run_shadow(early.id, by=authors[0]).state is S.SHADOWED_GREEN


def test_a_candidate_that_is_not_kept_up_or_has_failed_neither_shadows_nor_goes_live(
    of: guard.Release, street: Street, authors: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shadowed(of, authors[0])
    street.town.wallet(street.town.person("ليلى", "+201001234599"), money=500)
    with monkeypatch.context() as patch:
        patch.setattr(projection, "BEHIND_SECONDS_MAX", -3_600)
        with pytest.raises(guard.CandidateUnfit):
            guard.run_shadow(of.id, by=authors[0])
        with pytest.raises(guard.CandidateUnfit):
            guard.cut_over(of.id, by=authors[0], reason="it is time")
    project()
    fail_generation(2, reason="it broke")
    with pytest.raises(guard.CandidateUnfit):
        guard.cut_over(of.id, by=authors[0], reason="it is time")
    assert (live(), guard.release(of.id).state, guard.trials_of(of.id)) == (1, S.SHADOWED_GREEN, [])


def next_release(by: people.Author) -> guard.Release:
    number = display.open_generation(projector="fold-1", actor="system").number
    project()
    return guard.register_release(
        id=new_id(), system_code="shown", candidate=str(number), by=by, reason="the one after it"
    )


def verified(of: guard.Release, by: people.Author) -> guard.Release:
    shadowed(of, by)
    guard.cut_over(of.id, by=by, reason="it is time")
    project()
    found = guard.go_on(of.id)
    assert found.state is S.VERIFIED
    return found


def test_what_was_verified_is_rolled_back_though_a_next_one_has_a_cohort(of: guard.Release, authors: Any) -> None:
    verified(of, authors[0])
    following = next_release(authors[0])
    shadowed(following, authors[0])
    guard.begin_canary(following.id, percent=50, by=authors[0], reason="some first")
    assert guard.roll_back(of.id, by=authors[1], reason="customers call").state is S.ROLLED_BACK
    at = display.pointer()
    assert at is not None
    assert (at.live, at.canary, guard.release(following.id).state) == (1, None, S.ROLLED_BACK)


def test_what_another_has_taken_the_place_of_is_not_rolled_back(of: guard.Release, authors: Any) -> None:
    first = verified(of, authors[0])
    second = verified(next_release(authors[0]), authors[0])
    assert not guard.may_roll_back(first)
    with pytest.raises(guard.IllegalMove):
        guard.roll_back(first.id, by=authors[1], reason="customers call")
    assert (live(), guard.release(first.id).state) == (3, S.VERIFIED)
    assert guard.roll_back(second.id, by=authors[1], reason="customers call").state is S.ROLLED_BACK
    assert live() == 2
    with pytest.raises(display.NothingToRollBackTo):
        guard.roll_back(first.id, by=authors[1], reason="customers still call")
    assert guard.release(first.id).state is S.VERIFIED
    assert next_release(authors[0]).state is S.REGISTERED


def test_where_nothing_is_kept_up_to_go_back_to_nothing_is_begun(of: guard.Release, authors: Any) -> None:
    verified(of, authors[0])
    display.retire_generation(1, actor="system", reason="no longer wanted")
    with pytest.raises(display.NothingToRollBackTo):
        guard.roll_back(of.id, by=authors[1], reason="customers call")
    assert guard.release(of.id).state is S.VERIFIED
    assert next_release(authors[0]).state is S.REGISTERED


def test_our_shown_balances_have_one_release_on_its_way_under_whatever_names(
    of: guard.Release, street: Street, authors: Any
) -> None:
    other = System("shown-too", SystemKind.GENERATION, street.house, "The same ones", Terms())
    guard.register_system(other, by=authors[0], reason="is guarded")
    with pytest.raises(guard.ReleaseOpen):
        guard.register_release(id=new_id(), system_code="shown-too", candidate="2", by=authors[0], reason="a new fold")
    guard.abandon(of.id, by=authors[0], reason="another one")
    again = guard.register_release(
        id=new_id(), system_code="shown-too", candidate="2", by=authors[0], reason="a new fold"
    )
    assert again.state is S.REGISTERED


@pytest.mark.parametrize("how", ["failed", "behind"])
def test_a_live_generation_that_is_not_kept_up_is_rolled_back(
    of: guard.Release, street: Street, authors: Any, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    shadowed(of, authors[0])
    guard.cut_over(of.id, by=authors[0], reason="it is time")
    project()
    if how == "failed":
        fail_generation(2, reason="it broke")
    else:
        street.town.wallet(street.town.person("ليلى", "+201001234599"), money=500)
        monkeypatch.setattr(projection, "BEHIND_SECONDS_MAX", -3_600)
    found = guard.go_on(of.id)
    assert (found.state, live()) == (S.ROLLED_BACK, 1)
    run = next(run for run in guard.runs_of(of.id) if run.kind is RunKind.VERIFY)
    assert run.tallies == {(str(street.house), K.STALE): 1}
    (one,) = guard.examples_of([run.id])
    assert (one.account, one.note) == ("generation 2", how)


def test_accounts_of_other_institutions_are_counted_and_not_told(
    of: guard.Release, street: Street, authors: Any
) -> None:
    street.spoil()
    shadowed(of, authors[0])
    run = guard.runs_of(of.id)[-1]
    assert len(guard.examples_of([run.id])) == 4
    other = next(house.id for house in people.institutions() if house.id != street.house)
    one = DifferenceRow.objects.filter(run_id=run.id).values().first()
    assert one is not None
    DifferenceRow.objects.bulk_create([DifferenceRow(**one | {"id": None, "issuer": str(other)})])
    assert {each.issuer for each in guard.examples_of([run.id])} == {str(street.house)}
