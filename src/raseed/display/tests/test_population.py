"""The population compared: every planted wrong is found and called by its name, and what only moved is no wrong."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from raseed.display import api as display
from raseed.display.api import DifferenceKind as Kind
from raseed.display.population import comparing
from raseed.display.population.classing import ORDER, kinds_of
from raseed.display.population.columns import PAIR, Places, words
from raseed.kernel.ids import new_id
from raseed.platform.api import audit_trail

from .world import HOLD, Town, flip, post, project, rows

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def town(database: object) -> Town:
    """Forty wallets that moved, the n-th to 1000 + 10n, and two that never did; generation 1 is live."""
    made = Town.built(40)
    post([made.move(made.till, wallet, 1_000 + 10 * place) for place, wallet in enumerate(made.wallets)])
    post([made.move(wallet, made.till, 3, HOLD) for wallet in made.wallets[::2]])
    made.open(2)
    project()
    return made


def compare(**asked: Any) -> display.PopulationReport:
    return display.compare_population(display.open_connection, **{"generation": 1, **asked})


def found(report: display.PopulationReport) -> dict[UUID, Kind]:
    return {each.account_id: each.kind for each in report.differences}


def test_a_true_population_is_equal(town: Town) -> None:
    report = compare()
    assert (report.compared, report.equal, report.differences, report.counts) == (42, 42, (), {})


def plant(town: Town) -> dict[UUID, Kind]:
    """Plant one wrong of each kind, and return them."""
    wallets = town.wallets
    post([town.move(town.till, wallets[5], 77)])
    project()
    flip(wallets[0], 1, booked=-1_000)
    flip(wallets[1], 1, booked=1_030)
    flip(wallets[3], 1, booked=1_010)
    flip(wallets[4], 1, booked=1_041)
    flip(wallets[5], 1, booked=1_050)
    flip(wallets[6], 1, booked=2_120)
    flip(wallets[7], 1, ledger=9_999)
    flip(wallets[8], 1, held=4)
    flip(wallets[9], 1, booked=1_100)
    stranger = new_id()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM display_shown WHERE account_id = %s", [wallets[10]])
        cursor.execute("INSERT INTO display_shown VALUES (1, %s, %s, 5, 0, 1)", [town.number, stranger])
        cursor.execute("INSERT INTO display_shown VALUES (1, %s, %s, 5, 0, 1)", [town.number, town.till])
    return {
        wallets[0]: Kind.SIGN, wallets[1]: Kind.SWAPPED, wallets[3]: Kind.SWAPPED, wallets[4]: Kind.ROUNDING,
        wallets[5]: Kind.STALE, wallets[6]: Kind.OTHER, wallets[7]: Kind.CURRENCY, wallets[8]: Kind.OTHER,
        wallets[9]: Kind.ROUNDING, wallets[10]: Kind.MISSING, stranger: Kind.UNEXPECTED, town.till: Kind.UNEXPECTED,
    }  # fmt: skip


def test_every_planted_wrong_is_found_and_called_by_its_name(town: Town) -> None:
    planted = plant(town)
    report = compare()
    assert found(report) == planted
    counts: Counter[Kind] = Counter()
    for (_, kind), count in report.counts.items():
        counts[kind] += count
    assert counts == Counter(planted.values())
    assert (report.compared, report.equal) == (44, 44 - len(planted))
    [missing] = [each for each in report.differences if each.kind is Kind.MISSING]
    assert (missing.shown_minor, missing.true_minor, missing.true_held_minor) == (None, 1_100, 3)


def test_reprojecting_mends_them_all_and_says_how_many(town: Town) -> None:
    planted = plant(town)
    before = rows(1)
    mended = display.reproject([*planted, town.wallets[20]], generation=1, actor="system")
    assert mended == len(planted)
    assert compare().equal == 42
    assert rows(1) != before
    assert audit_trail("generation:1")[0].after == {
        "accounts": len(planted) + 1, "changed": len(planted), "batch": display.generation(1).built_to,
    }  # fmt: skip
    assert display.reproject([*planted], generation=1, actor="system") == 0


def test_reprojecting_is_as_of_the_batch_that_the_generation_has_come_to(town: Town) -> None:
    wallet = town.wallets[0]
    flip(wallet, 1, booked=1)
    town.pay_in(wallet, 500)
    assert display.reproject([wallet], generation=1, actor="system") == 1
    assert rows(1)[wallet][1] == 1_000
    project()
    assert rows(1)[wallet][1] == 1_500


def test_a_generation_that_is_behind_is_compared_as_of_where_it_is(town: Town) -> None:
    for wallet in town.wallets[:10]:
        town.pay_in(wallet, 5)
    assert compare().equal == 42


def test_two_generations_are_compared_wherever_each_is(town: Town) -> None:
    display.open_generation(projector="fold-1", actor="system")
    project()
    assert compare(generation=2, against=1).counts == {}
    flip(town.wallets[5], 2, booked=0)
    flip(town.wallets[3], 2, booked=-1_030)
    report = compare(generation=2, against=1)
    assert found(report) == {town.wallets[5]: Kind.STALE, town.wallets[3]: Kind.SIGN}
    with pytest.raises(display.GenerationUnknown):
        compare(generation=2, against=7)
    with pytest.raises(display.GenerationUnknown):
        compare(generation=9)


def test_a_small_sample_looks_at_single_accounts_those_that_moved_lately_among_them(town: Town) -> None:
    flip(town.wallets[-3], 1, booked=1)
    town.pay_in(town.wallets[-3], 5)
    project()
    kinds = [found(compare(sample=0.99)).get(town.wallets[-3]) for _ in range(5)]
    assert Kind.OTHER in kinds
    assert compare(sample=0.2).compared <= 10


def test_a_larger_sample_is_drawn_alike_on_both_sides(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "SPOT_MAX", -1)
    reports = [compare(sample=0.5) for _ in range(8)]
    assert all(report.equal == report.compared for report in reports)
    assert len({report.compared for report in reports}) > 1
    assert 42 * 8 // 4 < sum(report.compared for report in reports) < 42 * 6


def test_very_many_differences_are_all_counted(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "LOOK_AGAIN_MAX", 5)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE display_shown SET booked = booked * 2 WHERE generation = 1")
    report = compare()
    assert (report.counts, report.unexamined) == ({(town.number, Kind.OTHER): 40}, 35)
    monkeypatch.setattr(comparing, "KEPT_MAX", 0)
    assert compare().counts == report.counts


@given(st.data())
def test_places_of_ids_are_found_whatever_their_bits(data: st.DataObject) -> None:
    ids = data.draw(st.lists(st.binary(min_size=16, max_size=16), unique=True, max_size=60))
    others = data.draw(st.lists(st.binary(min_size=16, max_size=16), max_size=20))
    column = np.frombuffer(b"".join(ids), "V16")
    asked = [*ids, *others]
    asked = data.draw(st.permutations(asked))
    found_at = Places(column).find(np.frombuffer(b"".join(asked), "V16"))
    assert found_at.tolist() == [ids.index(each) if each in ids else -1 for each in asked]


def test_ids_of_the_same_mixed_bits_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("raseed.display.population.columns.mixed", lambda pairs: np.zeros(len(pairs), np.uint64))
    ids = np.frombuffer(b"".join(new_id().bytes for _ in range(9)), "V16")
    places = Places(ids)
    assert places.find(ids).tolist() == list(range(9))
    assert places.find(np.frombuffer(new_id().bytes, "V16")).tolist() == [-1]
    assert words(ids).shape == (9, 2)


@given(shown=st.integers(-(10**6), 10**6), true=st.integers(-(10**6), 10**6), scale=st.integers(0, 3))
def test_rounding_is_the_loss_of_decimals_or_of_one_unit(shown: int, true: int, scale: int) -> None:
    if shown == true:
        return
    pair = np.zeros(1, PAIR)
    pair["has_row"] = pair["has_true"] = True
    pair["ledger"] = pair["shown_ledger"] = 4
    pair["shown"], pair["true"] = shown, true
    coarser = any(shown % 10**d == 0 and abs(shown - true) < 10**d for d in range(1, scale + 1))
    expected = Kind.SIGN if shown == -true else Kind.ROUNDING if coarser or abs(shown - true) == 1 else Kind.OTHER
    assert ORDER[kinds_of(pair, {4: scale})[0]] is expected
