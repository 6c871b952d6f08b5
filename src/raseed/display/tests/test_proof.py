"""How far a shown balance is proven: what agrees is proven, what moved is said to have moved, and nothing else is shown as sure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from raseed.display import api as display
from raseed.display.api import Proof, ShownBalance
from raseed.display.generations.cohorts import in_percent
from raseed.display.proving import prove_by
from raseed.kernel.clock import ManualClock
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money, currency

from .world import HOLD, Registrar, Town, flip, post, project

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EGP = currency("EGP")


@pytest.fixture
def registrar(database: object) -> Iterator[Registrar]:
    made = Registrar()
    before = prove_by(made)
    yield made
    prove_by(before)


@pytest.fixture
def town(registrar: Registrar) -> Town:
    """Three wallets with 100, 200 and 300; the last has 50 held. Generation 1 is live, everything is certified at noon."""
    made = Town.built(3)
    for wallet, amount in zip(made.wallets, (100, 200, 300), strict=True):
        made.pay_in(wallet, amount)
    post([made.move(made.wallets[2], made.till, 50, HOLD)])
    project()
    registrar.certify(made, at=NOON)
    return made


def seen(account: UUID, *, after: int = 1) -> ShownBalance:
    return display.shown_balance(account, clock=ManualClock(NOON + timedelta(seconds=after)))


def test_what_agrees_is_proven_as_of_the_root(town: Town) -> None:
    shown = seen(town.wallets[2])
    assert (shown.proof, shown.as_of, shown.generation, shown.reason) == (Proof.PROVEN, NOON, 1, "")
    assert (shown.booked, shown.available) == (Money(300, EGP), Money(250, EGP))
    assert shown.last_proven is None


def test_who_has_just_paid_sees_it_and_that_the_proof_follows(town: Town, registrar: Registrar) -> None:
    payer, payee, _ = town.wallets
    post([town.move(payer, payee, 30)])
    for shown in (seen(payer), seen(payee)):
        assert (shown.proof, shown.reason) == (Proof.JUST_CHANGED, "")
        assert shown.as_of == NOON + timedelta(seconds=1)
    assert (seen(payer).booked, seen(payee).booked) == (Money(70, EGP), Money(230, EGP))
    project()
    assert seen(payer).proof is Proof.JUST_CHANGED, "its certificate is still of before"
    registrar.certify(town, at=NOON)
    assert seen(payer).proof is Proof.PROVEN


def test_a_certificate_that_is_ahead_of_the_row_is_no_reason_for_doubt(town: Town, registrar: Registrar) -> None:
    town.pay_in(town.wallets[0], 5)
    registrar.certify(town, at=NOON)
    shown = seen(town.wallets[0])
    assert (shown.proof, shown.booked) == (Proof.JUST_CHANGED, Money(105, EGP))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"booked": 101}, "row_differs"),
        ({"booked": -100}, "row_differs"),
        ({"held": 1}, "row_differs"),
        ({"ledger": 9_999}, "currency_differs"),
    ],
)
def test_a_row_that_was_changed_is_never_shown(town: Town, change: dict[str, int], reason: str) -> None:
    flip(town.wallets[0], 1, **change)
    shown = seen(town.wallets[0])
    assert (shown.proof, shown.reason) == (Proof.BEING_VERIFIED, reason)
    assert shown.booked == Money(100, EGP)
    assert shown.last_proven is not None
    assert (shown.last_proven.booked, shown.last_proven.available) == (Money(100, EGP), Money(100, EGP))
    assert shown.last_proven.as_of == shown.as_of == NOON


@pytest.mark.parametrize("column", ["booked", "held"])
def test_flip_any_bit_of_a_row_s_amounts_and_it_is_not_proven(town: Town, column: str) -> None:
    account = town.wallets[2]
    flipped = f"UPDATE display_shown SET {column} = {column} # (1::int8 << %s) WHERE account_id = %s"
    for bit in range(63):
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(flipped, [bit, account])
            shown = seen(account)
            assert (shown.proof, shown.reason, shown.booked) == (Proof.BEING_VERIFIED, "row_differs", Money(300, EGP))
            transaction.set_rollback(True)


def test_a_dropped_posting_is_no_movement(town: Town) -> None:
    """The row was right once, but its generation says that it has come further than that."""
    town.pay_in(town.wallets[0], 7)
    project()
    flip(town.wallets[0], 1, booked=100)
    shown = seen(town.wallets[0])
    assert (shown.proof, shown.reason) == (Proof.BEING_VERIFIED, "row_differs")


def test_a_row_that_is_gone_is_missed(town: Town) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM display_shown WHERE account_id = %s", [town.wallets[1]])
    shown = seen(town.wallets[1])
    assert (shown.proof, shown.reason, shown.booked) == (Proof.BEING_VERIFIED, "row_missing", Money(200, EGP))


def test_a_certificate_that_is_too_old_proves_only_what_was(town: Town) -> None:
    shown = seen(town.wallets[0], after=60)
    assert (shown.proof, shown.reason) == (Proof.BEING_VERIFIED, "too_old")
    assert shown.last_proven is not None
    assert shown.as_of == shown.last_proven.as_of == NOON


def test_a_certificate_that_is_refused_proves_nothing(town: Town, registrar: Registrar) -> None:
    account = town.wallets[0]
    registrar.papers[account] = replace(registrar.papers[account], refused="forged_checkpoint")
    shown = seen(account)
    assert (shown.proof, shown.reason) == (Proof.BEING_VERIFIED, "forged_checkpoint")
    assert shown.last_proven is None


@pytest.mark.parametrize(
    ("change", "reason"), [({"booked_minor": 99}, "certificate_differs"), ({"currency": "ILS"}, "currency_differs")]
)
def test_a_certificate_of_something_else_proves_nothing(
    town: Town, registrar: Registrar, change: dict[str, Any], reason: str
) -> None:
    account = town.wallets[0]
    registrar.papers[account] = replace(registrar.papers[account], **change)
    shown = seen(account)
    assert (shown.proof, shown.reason) == (Proof.BEING_VERIFIED, reason)
    assert shown.last_proven is None, (
        "what contradicts the books is not said to be proven, though it is signed and fresh"
    )


@pytest.mark.parametrize("change", [{"booked_minor": 101}, {"held_minor": 1}])
def test_beside_a_wrong_row_a_wrong_certificate_is_not_the_last_proven_number(
    town: Town, registrar: Registrar, change: dict[str, Any]
) -> None:
    account = town.wallets[0]
    flip(account, 1, booked=101)
    registrar.papers[account] = replace(registrar.papers[account], **change)
    shown = seen(account)
    assert (shown.proof, shown.reason, shown.last_proven) == (Proof.BEING_VERIFIED, "row_differs", None)


def test_what_was_proven_last_is_what_the_books_held_then_though_the_account_moved_since(town: Town) -> None:
    account = town.wallets[0]
    town.pay_in(account, 5)
    flip(account, 1, booked=7)
    shown = seen(account)
    assert (shown.reason, shown.booked) == ("row_differs", Money(100, EGP))
    assert shown.last_proven is not None
    assert shown.last_proven.as_of == NOON


def test_an_account_that_lost_its_certificate_is_verified(town: Town, registrar: Registrar) -> None:
    del registrar.papers[town.wallets[0]]
    shown = seen(town.wallets[0])
    assert (shown.proof, shown.reason) == (Proof.BEING_VERIFIED, "no_certificate")


def test_a_new_account_is_not_in_doubt(town: Town) -> None:
    [fresh] = town.open(1)
    assert seen(fresh).proof is Proof.NOT_YET_CERTIFIED
    town.pay_in(fresh, 9)
    shown = seen(fresh)
    assert (shown.proof, shown.booked) == (Proof.JUST_CHANGED, Money(9, EGP))
    project()
    assert seen(fresh).proof is Proof.JUST_CHANGED


def test_before_anything_was_certified_the_books_number_is_shown_unless_the_row_is_wrong(
    town: Town, registrar: Registrar
) -> None:
    registrar.papers.clear()
    registrar.reached.clear()
    assert seen(town.wallets[0]).proof is Proof.NOT_YET_CERTIFIED
    flip(town.wallets[0], 1, booked=1)
    assert seen(town.wallets[0]).reason == "row_differs"


def test_accounts_of_the_house_are_the_books_own(town: Town) -> None:
    shown = seen(town.till)
    assert (shown.proof, shown.generation, shown.booked) == (Proof.NOT_YET_CERTIFIED, None, Money(-600, EGP))


def test_a_canary_is_seen_by_its_cohort_only(town: Town) -> None:
    """A wrong candidate hurts the cohort's certainty, and nobody's money."""
    display.open_generation(projector="fold-1", actor="system")
    project()
    for wallet in town.wallets:
        flip(wallet, 2, booked=1_000_000)
    named, other, _ = town.wallets
    display.set_canary(generation=2, percent=0, accounts=[named], actor="system")
    shown = seen(named)
    assert (shown.generation, shown.proof, shown.booked) == (2, Proof.BEING_VERIFIED, Money(100, EGP))
    assert (seen(other).generation, seen(other).proof) == (1, Proof.PROVEN)
    assert display.generation_of(town.wallets[:2]) == {named: 2, other: 1}
    display.set_canary(generation=2, percent=100, actor="system")
    assert {seen(each).generation for each in town.wallets} == {2}
    display.clear_canary(actor="system")
    assert {seen(each).proof for each in town.wallets} == {Proof.PROVEN}


def test_a_wrong_release_is_shown_by_nobody_as_sure_and_rolling_back_mends_it(town: Town) -> None:
    display.open_generation(projector="fold-1", actor="system")
    project()
    for wallet in town.wallets:
        flip(wallet, 2, booked=2)
    display.cut_over(generation=2, actor="system", reason="release")
    assert {seen(each).proof for each in town.wallets} == {Proof.BEING_VERIFIED}
    display.roll_back(actor="system", reason="proven wrong")
    assert {seen(each).proof for each in town.wallets} == {Proof.PROVEN}


def test_a_page_of_accounts_costs_one_more_query_and_none_before_anything_is_live(registrar: Registrar) -> None:
    made = Town.built(5)
    display.shown_balances(made.wallets)
    with CaptureQueriesContext(connection) as before:
        display.shown_balances(made.wallets)
    assert not any("display_" in query["sql"] for query in before)
    for wallet in made.wallets:
        made.pay_in(wallet, 1)
    project()
    registrar.certify(made, at=NOON)
    with CaptureQueriesContext(connection) as after:
        shown = display.shown_balances(made.wallets, clock=ManualClock(NOON))
    assert {each.proof for each in shown.values()} == {Proof.PROVEN}
    assert len(after) == len(before), "the one for screens goes past Django's own cursor"


@given(percent=st.integers(0, 100), more=st.integers(0, 100))
def test_a_growing_cohort_keeps_who_is_in_it(percent: int, more: int) -> None:
    account = new_id()
    if in_percent(account, percent):
        assert in_percent(account, max(percent, more))
    assert in_percent(account, 100)
    assert not in_percent(account, 0)


def test_a_cohort_is_about_as_large_as_it_says() -> None:
    found = sum(in_percent(new_id(), 10) for _ in range(20_000))
    assert 1_800 < found < 2_200
