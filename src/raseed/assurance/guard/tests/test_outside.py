"""Systems of others: each way of misbehaving by its name, rates kept, and cut over and rolled back by a call, once."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from raseed.assurance.guard import api as guard
from raseed.assurance.guard import baseline
from raseed.assurance.guard.api import DifferenceKind, ReleaseState, RunKind, System, SystemKind, Terms
from raseed.assurance.guard.outside import subject as asking
from raseed.assurance.guard.outside.accounts import NoAccounts
from raseed.assurance.guard.outside.mapping import Mapping
from raseed.assurance.guard.tests.sham import Answer, Sham, plain, running
from raseed.assurance.guard.tests.shop import ALL
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.people.api import Author
from raseed.people.tests.office import an_author

K = DifferenceKind
S = ReleaseState


@pytest.fixture
def sham() -> Iterator[Sham]:
    with running(Sham()) as system:
        yield system


@pytest.fixture
def begin(
    built: UUID, sham: Sham, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., tuple[guard.Release, Author]]:
    from django.conf import settings  # noqa: PLC0415  (Django is set up by now)

    monkeypatch.setattr(settings, "HOME", tmp_path)
    monkeypatch.setattr(asking, "AGAIN_PAUSE_S", 0)
    by = an_author(built, *ALL)

    def registered(mapping: str | None = None, *, unanswered_permille: int = 0) -> tuple[guard.Release, Author]:
        wanted = System(
            "sham",
            SystemKind.HTTP,
            built,
            "Sham",
            Terms(watch_seconds=0, unanswered_permille=unanswered_permille),
            mapping or sham.mapping(),
        )
        guard.register_system(wanted, by=by, reason="is guarded")
        return guard.register_release(id=new_id(), system_code="sham", candidate="2.1", by=by, reason="an upgrade"), by

    return registered


def bodied(body: object) -> Callable[[str, int], Answer]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda _account, _minor: (200, "application/json", raw)


STOP = threading.Event()


def silent(account: str, minor: int) -> Answer:
    STOP.wait(1.5)
    return plain(account, minor)


WAYS: dict[str, tuple[Callable[[str, int], Answer], DifferenceKind]] = {
    "does not answer in time": (silent, K.NO_ANSWER),
    "answers 500": (lambda _a, _m: (500, "text/plain", b"oops"), K.NO_ANSWER),
    "answers HTML": (lambda _a, _m: (200, "text/html", b"<html>sign in"), K.UNREADABLE),
    "answers half a JSON": (bodied(b'{"account": "a3"'), K.UNREADABLE),
    "redirects": (lambda _a, _m: (302, "text/plain", b""), K.UNREADABLE),
    "answers for another account": (lambda _a, m: plain("a4", m), K.OTHER_ACCOUNT),
    "names no account": (bodied({"balance": {"minor": 1, "currency": "EGP"}}), K.OTHER_ACCOUNT),
    "answers in another currency": (lambda a, m: plain(a, m, "USD"), K.CURRENCY),
    "answers in no currency": (lambda a, m: plain(a, m, "XQQ"), K.CURRENCY),
    "answers a fraction": (lambda a, m: plain(a, m / 100 + 0.5), K.NOT_INTEGER),
    "answers NaN": (bodied(b'{"account": "a3", "balance": {"minor": NaN, "currency": "EGP"}}'), K.UNREADABLE),
    "answers true": (lambda a, _m: plain(a, True), K.NOT_INTEGER),
    "is off by a hundred": (lambda a, m: plain(a, m * 100), K.SCALE),
    "has the sign wrong": (lambda a, m: plain(a, -m), K.SIGN),
    "rounds": (lambda a, m: plain(a, m - 50), K.ROUNDING),
    "knows no such account": (lambda _a, _m: (404, "application/json", b"{}"), K.MISSING),
    "has no amount": (bodied({"account": "a3", "balance": {"minor": None, "currency": "EGP"}}), K.MISSING),
    "doubles": (lambda a, m: plain(a, m * 2), K.OTHER),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_candidate_that_misbehaves_makes_the_shadow_red_by_the_name_of_it(
    way: str, begin: Callable[..., tuple[guard.Release, Author]], sham: Sham
) -> None:
    of, by = begin()
    guard.take_baseline(of.id, by=by)
    how, kind = WAYS[way]
    sham.bent["candidate", "a3"] = how
    of = guard.run_shadow(of.id, by=by)
    run = guard.runs_of(of.id)[-1]
    assert (of.state, run.compared, run.tallies) == (S.SHADOWED_RED, 12, {("sham", kind): 1})


def test_swapped_and_outdated_balances_are_told_apart(
    begin: Callable[..., tuple[guard.Release, Author]], sham: Sham
) -> None:
    of, by = begin()
    guard.take_baseline(of.id, by=by)
    sham.bent["candidate", "a1"] = lambda a, _m: plain(a, sham.true["a2"])
    sham.bent["candidate", "a2"] = lambda a, _m: plain(a, sham.true["a1"])
    sham.bent["candidate", "a5"] = lambda a, _m: plain(a, 5_050)
    sham.true["a5"] = 77_777
    of = guard.run_shadow(of.id, by=by)
    assert guard.runs_of(of.id)[-1].tallies == {("sham", K.SWAPPED): 2, ("sham", K.STALE): 1}


def test_the_truth_decides_where_live_itself_is_wrong(
    begin: Callable[..., tuple[guard.Release, Author]], sham: Sham
) -> None:
    of, by = begin()
    guard.take_baseline(of.id, by=by)
    sham.bent["live", "a3"] = lambda a, m: plain(a, m * 2)
    of = guard.run_shadow(of.id, by=by)
    beside_live, beside_truth = guard.runs_of(of.id)[-2:]
    assert (of.state, beside_live.clean, beside_truth.clean) == (S.SHADOWED_GREEN, False, True)


def test_a_balance_that_moves_while_it_is_compared_is_no_difference(
    begin: Callable[..., tuple[guard.Release, Author]], sham: Sham
) -> None:
    of, by = begin()
    guard.take_baseline(of.id, by=by)
    times = {"count": 0}

    def late(account: str, minor: int) -> Answer:
        times["count"] += 1
        return plain(account, minor - 7 if times["count"] <= 1 else minor)

    sham.bent["candidate", "a3"] = late
    assert guard.run_shadow(of.id, by=by).state is S.SHADOWED_GREEN


def test_a_reference_that_stamps_its_answers_with_the_time_stands_still_all_the_same(
    begin: Callable[..., tuple[guard.Release, Author]], sham: Sham
) -> None:
    of, by = begin(sham.mapping().replace("[answer]", '[answer]\nas_of = "/asOf"'), unanswered_permille=500)

    def stamped(account: str, minor: int) -> Answer:
        answer = json.loads(plain(account, minor)[2])
        return bodied({**answer, "asOf": SYSTEM_CLOCK.now().isoformat()})(account, minor)

    sham.bent = {(side, name): stamped for side in ("live", "candidate", "truth") for name in sham.true}
    guard.take_baseline(of.id, by=by)
    sham.bent["candidate", "a3"] = lambda a, _m: stamped(a, 999)
    of = guard.run_shadow(of.id, by=by)
    assert (of.state, guard.runs_of(of.id)[-1].tallies) == (S.SHADOWED_RED, {("sham", K.OTHER): 1})


@pytest.mark.parametrize(
    "shown",
    [
        (999, 1),
        (999, None, 1, None),  # every other time, nothing that can be read
    ],
)
def test_a_candidate_that_is_wrong_in_ever_another_way_is_wrong(
    shown: tuple[int | None, ...], begin: Callable[..., tuple[guard.Release, Author]], sham: Sham
) -> None:
    text = sham.mapping(truth=False).replace("attempts = 2", "attempts = 4")
    of, by = begin(text, unanswered_permille=500)
    guard.take_baseline(of.id, by=by)
    numbers = itertools.cycle(shown)

    def wrong(account: str, _minor: int) -> Answer:
        number = next(numbers)
        return (200, "text/html", b"<html>") if number is None else plain(account, number)

    sham.bent["candidate", "a3"] = wrong
    of = guard.run_shadow(of.id, by=by)
    assert (of.state, guard.runs_of(of.id)[-1].tallies) == (S.SHADOWED_RED, {("sham", K.OTHER): 1})


def test_what_is_no_balance_is_told_even_while_the_reference_moves(
    begin: Callable[..., tuple[guard.Release, Author]], sham: Sham
) -> None:
    of, by = begin(sham.mapping(truth=False), unanswered_permille=500)
    guard.take_baseline(of.id, by=by)
    moving = itertools.count(1)
    sham.bent["live", "a3"] = lambda a, m: plain(a, m + next(moving))
    sham.bent["candidate", "a3"] = lambda _a, m: plain("a4", m)
    of = guard.run_shadow(of.id, by=by)
    assert (of.state, guard.runs_of(of.id)[-1].tallies) == (S.SHADOWED_RED, {("sham", K.OTHER_ACCOUNT): 1})
    sham.bent["candidate", "a3"] = plain
    of = guard.run_shadow(of.id, by=by)
    assert (of.state, guard.runs_of(of.id)[-1].tallies) == (S.SHADOWED_GREEN, {("sham", K.NO_ANSWER): 1})


def test_a_number_for_an_account_that_the_truth_does_not_know_is_unexpected(
    begin: Callable[..., tuple[guard.Release, Author]], sham: Sham
) -> None:
    of, by = begin(unanswered_permille=500)
    guard.take_baseline(of.id, by=by)
    sham.bent["truth", "a3"] = lambda _a, _m: (404, "application/json", b"{}")
    of = guard.run_shadow(of.id, by=by)
    run = guard.runs_of(of.id)[-1]
    assert (of.state, run.tallies) == (S.SHADOWED_RED, {("sham", K.UNEXPECTED): 1})


def test_it_goes_live_and_back_by_a_call_that_is_made_once(
    begin: Callable[..., tuple[guard.Release, Author]], sham: Sham
) -> None:
    of, by = begin()
    guard.take_baseline(of.id, by=by)
    guard.run_shadow(of.id, by=by)
    sham.call_status = 503
    with pytest.raises(guard.SystemSilent):
        guard.cut_over(of.id, by=by, reason="it is time")
    assert guard.release(of.id).state is S.CUTTING_OVER
    sham.call_status = 200
    guard.cut_over(of.id, by=by, reason="it is time")
    assert sham.shown == "candidate"
    assert {key for _, key, _ in sham.calls} == {f"{of.id}-cut-over"}
    assert json.loads(sham.calls[-1][2]) == {"version": "2.1"}
    sham.bent["candidate", "a7"] = lambda a, m: plain(a, m * 2)
    of = guard.go_on(of.id)
    assert (of.state, sham.shown) == (S.ROLLED_BACK, "live")
    last = guard.runs_of(of.id)[-1]
    assert (last.kind, last.compared, last.clean) == (RunKind.RESTORED, 12, True)


def test_rolling_back_is_asked_for_again_until_it_is_done(
    begin: Callable[..., tuple[guard.Release, Author]], sham: Sham
) -> None:
    of, by = begin()
    guard.take_baseline(of.id, by=by)
    guard.run_shadow(of.id, by=by)
    guard.cut_over(of.id, by=by, reason="it is time")
    sham.bent["candidate", "a7"] = lambda a, m: plain(a, m * 2)
    sham.call_status, pauses = 503, list[float]()

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        sham.call_status = 200 if len(pauses) >= 3 else 503

    of = guard.go_on(of.id, pause=pause)
    assert (of.state, sham.shown, len(pauses)) == (S.ROLLED_BACK, "live", 3)


def test_a_step_that_a_worker_could_not_take_says_why_until_it_is_taken_again(
    begin: Callable[..., tuple[guard.Release, Author]], sham: Sham
) -> None:
    of, by = begin()
    sham.bent["live", "a7"] = lambda _a, _m: (500, "text/plain", b"")
    guard.want(of.id, "baseline", by=by)
    of = guard.go_on(of.id, pause=lambda _seconds: None)
    run = guard.runs_of(of.id)[-1]
    assert (of.state, of.wanted, run.facts["refused"]) == (S.REGISTERED, "", "guard_system_silent")
    del sham.bent["live", "a7"]
    guard.want(of.id, "baseline", by=by)
    of = guard.go_on(of.id)
    assert (of.state, "refused" in guard.runs_of(of.id)[-1].facts) == (S.BASELINED, False)


def test_by_hand_it_waits_for_the_hand(begin: Callable[..., tuple[guard.Release, Author]], sham: Sham) -> None:
    text = sham.mapping().partition("[cut_over]")[0] + '[cut_over]\nwords = "Turn the switch"\n'
    of, by = begin(text)
    guard.take_baseline(of.id, by=by)
    guard.run_shadow(of.id, by=by)
    with pytest.raises(guard.ByHand, match="Turn the switch"):
        guard.cut_over(of.id, by=by, reason="it is time")
    assert guard.go_on(of.id).state is S.CUTTING_OVER
    assert guard.cut_over(of.id, by=by, reason="it is time", done=True).state is S.LIVE


def test_some_silence_may_be_allowed(begin: Callable[..., tuple[guard.Release, Author]], sham: Sham) -> None:
    of, by = begin(unanswered_permille=100)
    guard.take_baseline(of.id, by=by)
    sham.bent["candidate", "a3"] = lambda _a, _m: (503, "text/plain", b"")
    assert guard.run_shadow(of.id, by=by).state is S.SHADOWED_GREEN
    sham.bent["candidate", "a4"] = sham.bent["candidate", "a3"]
    assert guard.run_shadow(of.id, by=by).state is S.SHADOWED_RED


def test_it_is_never_asked_faster_than_agreed(begin: Callable[..., tuple[guard.Release, Author]], sham: Sham) -> None:
    of, by = begin(sham.mapping(truth=False).replace("rate_max = 2000", "rate_max = 40"))
    guard.take_baseline(of.id, by=by)
    sham.at.clear()
    guard.run_shadow(of.id, by=by)
    assert sham.at[-1] - sham.at[0] >= (12 - 1) / 40


def test_accounts_come_from_a_file_with_their_issuers(
    begin: Callable[..., tuple[guard.Release, Author]], sham: Sham, tmp_path: Path
) -> None:
    listed = tmp_path / "accounts.csv"
    listed.write_text("account,bank\na1,north\na2,south\n", encoding="utf-8")
    of, by = begin(sham.mapping(accounts=str(listed)).replace("[cut_over]", 'issuer_column = "bank"\n[cut_over]', 1))
    guard.take_baseline(of.id, by=by)
    sham.bent["candidate", "a2"] = lambda a, m: plain(a, -m)
    of = guard.run_shadow(of.id, by=by)
    assert guard.runs_of(of.id)[-1].tallies == {("south", K.SIGN): 1}


@pytest.mark.parametrize("listed", [None, "account,bank\n"])
def test_a_population_of_nobody_is_refused_rather_than_found_without_a_difference(
    listed: str | None, begin: Callable[..., tuple[guard.Release, Author]], sham: Sham, tmp_path: Path
) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text(listed or "", encoding="utf-8")
    of, by = begin(sham.mapping(accounts=str(path) if listed else ""))
    known, sham.true = sham.true, {}
    with pytest.raises(NoAccounts):
        guard.take_baseline(of.id, by=by)
    assert guard.release(of.id).state is S.REGISTERED
    folder = baseline.folder_of(of.id)
    assert not [each.name for each in folder.iterdir() if "accounts" in each.name]
    (folder / "accounts").touch()  # as one was left by who did not look
    sham.true = known
    path.write_text("account,bank\na1,north\n", encoding="utf-8")
    guard.take_baseline(of.id, by=by)
    assert guard.runs_of(of.id)[-1].compared == (1 if listed else 12)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (("raseed-guard-mapping-v1", "v9"), "format"),
        (("/balance/{account}", "/balance"), "request.path"),
        (("attempts = 2", "attempts = 99"), "request.attempts"),
        (("attempts = 2", "atempts = 2"), "request.atempts"),
        (('"/balance/minor"', '"balance"'), "answer.amount"),
        (("[headers]", "[headers]\nBad_Name = 'x'"), "headers.Bad_Name"),
        (("[headers]", "[headers]\nKey = { environment = 'A', file = 'B' }"), "headers.Key"),
        (('[live]\nurl = "http', '[live]\nurl = "ftp'), "live.url"),
        (("[answer]", "[answer]\nform = 'float'"), "answer.form"),
        (("[answer]", "[answer"), "TOML"),
        (('"{candidate}"', "{candidate}"), "cut_over.body"),
        (("[roll_back]", "[cut_over.headers]\nBad_Name = 'x'\n[roll_back]"), "cut_over.headers.Bad_Name"),
    ],
)
def test_a_mapping_file_that_says_something_impossible_is_refused_with_the_place(
    change: tuple[str, str], place: str
) -> None:
    text = Sham(url="http://127.0.0.1:1").mapping()
    assert Mapping.read(text).rate_max == 2_000
    with pytest.raises(guard.MappingRefused) as refused:
        Mapping.read(text.replace(*change))
    assert str(refused.value.params["place"]).startswith(place)


def test_a_secret_is_named_never_written(
    begin: Callable[..., tuple[guard.Release, Author]], sham: Sham, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = sham.mapping().replace(
        "[headers]", "[headers]\nAuthorization = { environment = 'SHAM_TOKEN', prefix = 'Bearer ' }"
    )
    monkeypatch.delenv("SHAM_TOKEN", raising=False)
    with pytest.raises(guard.MappingRefused, match=r"headers\.Authorization"):
        begin(text)
    monkeypatch.setenv("SHAM_TOKEN", "hush")
    of, by = begin(text)
    assert guard.take_baseline(of.id, by=by).state is S.BASELINED


def test_what_the_candidate_is_called_stays_within_the_text_it_stands_in() -> None:
    act = Mapping.read(Sham(url="http://127.0.0.1:1").mapping()).cut_over
    for named in ('2","to":"x', "back\\slash", "two\nlines", "{percent}", "\u0665"):
        assert json.loads(act.body_for(named, 5)) == {"version": named}


def test_secrets_of_the_questions_do_not_go_elsewhere_with_a_call(
    begin: Callable[..., tuple[guard.Release, Author]], sham: Sham, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHAM_TOKEN", "hush")
    monkeypatch.delenv("GATE_TOKEN", raising=False)
    with running(Sham()) as gate:
        text = (
            sham.mapping()
            .replace("[headers]", "[headers]\nAuthorization = { environment = 'SHAM_TOKEN' }")
            .replace(f"{sham.url}/switch/candidate", f"{gate.url}/switch/candidate")
        )
        text = text.replace("[roll_back]", "[cut_over.headers]\nX-Gate = { environment = 'GATE_TOKEN' }\n[roll_back]")
        with pytest.raises(guard.MappingRefused, match=r"cut_over\.headers\.X-Gate"):
            begin(text)
        monkeypatch.setenv("GATE_TOKEN", "gate")
        of, by = begin(text)
        guard.take_baseline(of.id, by=by)
        guard.run_shadow(of.id, by=by)
        guard.cut_over(of.id, by=by, reason="it is time")
        assert [(each.get("Authorization"), each.get("X-Gate")) for each in gate.headers] == [(None, "gate")]
        guard.roll_back(of.id, by=by, reason="it was not")
        assert [(each.get("Authorization"), each.get("X-Gate")) for each in sham.headers] == [("hush", None)]


def test_a_cohort_that_was_once_before_is_another_call(
    begin: Callable[..., tuple[guard.Release, Author]], sham: Sham
) -> None:
    of, by = begin(sham.mapping() + f'[canary]\nby = "call"\nurl = "{sham.url}/switch/canary"\n')
    guard.take_baseline(of.id, by=by)
    guard.run_shadow(of.id, by=by)
    sham.call_status = 503
    with pytest.raises(guard.SystemSilent):
        guard.begin_canary(of.id, percent=10, by=by, reason="some see it")
    sham.call_status = 200
    for percent in (10, 5, 10):
        guard.begin_canary(of.id, percent=percent, by=by, reason="some see it")
    keys = [key for _, key, _ in sham.calls]
    assert len(set(keys)) == len(keys) == 4, "each time it is asked for is a step of its own, written before the call"
