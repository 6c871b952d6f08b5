"""Findings: raised once, seen again, gone when they are gone, raised anew; repaired where that is certain, else a person's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from random import Random

import psycopg
import pytest

from raseed.assurance import api as assurance
from raseed.assurance.books import continuous, registry
from raseed.assurance.books.models import CheckRow, SweepRow
from raseed.assurance.tests.square import Square, sign
from raseed.kernel.errors import InputError
from raseed.kernel.ids import new_id
from raseed.ledger import api as ledger
from raseed.people import api as people
from raseed.platform import api as platform

WORK = (assurance.VIEW_BOOKS, assurance.WORK_ON_BOOKS)


def _wrong(square: Square, by: int = 1) -> None:
    square.change(f"UPDATE ledger_balance SET debits_pending = debits_pending + {by} WHERE id = '{square.wallet.id}'")


def _known(square: Square, *, is_open: bool | None = True) -> list[assurance.KnownFinding]:
    wanted = assurance.FindingFilter(check="holds", is_open=is_open)
    return list(assurance.findings(square.town.bank, by=people.SYSTEM, wanted=wanted).findings)


def _events(square: Square) -> list[str]:
    rows = square.rows("SELECT name FROM platform_event WHERE name LIKE 'assurance.%' ORDER BY position")
    return [name.removeprefix("assurance.finding_") for (name,) in rows]


def _round(square: Square, seconds: int = 60, *, slow: bool | None = None) -> int:
    square.town.clock.advance(timedelta(seconds=seconds))
    sign(square.town)
    return assurance.look_round(slow=slow, clock=square.town.clock, chance=Random(1))  # noqa: S311  (the same every time)


def test_a_finding_is_raised_once_seen_again_and_cleared_when_it_is_gone(square: Square) -> None:
    _wrong(square)
    for _ in range(3):
        square.found("holds")
    (one,) = _known(square)
    assert (one.times, one.state, one.finding.expected, one.finding.found) == (3, assurance.FindingState.OPEN, "0", "1")
    assert _events(square) == ["raised"]
    _wrong(square, -1)
    square.found("holds")
    assert _known(square) == []
    steps = assurance.finding_history(one.id, institution_id=square.town.bank, by=people.SYSTEM)
    assert [(each.state.value, each.outcome) for each in steps] == [("open", None), ("cleared", assurance.Outcome.GONE)]
    _wrong(square)
    square.found("holds")
    assert [each.id for each in _known(square)] == [one.id]
    assert _events(square) == ["raised", "cleared", "raised"]


def test_a_person_takes_it_up_notes_what_is_known_and_closes_it(square: Square) -> None:
    _wrong(square)
    square.found("holds")
    (one,) = _known(square)
    bank, by = square.town.bank, square.town.staff(*WORK)
    assurance.note_on_finding(one.id, institution_id=bank, by=by, reason="asked the till", clock=square.town.clock)
    closed = assurance.close_finding(
        one.id, institution_id=bank, outcome=assurance.Outcome.ACCEPTED, by=by, reason="known since March", clock=square.town.clock
    )  # fmt: skip
    assert closed.state is assurance.FindingState.CLOSED
    with pytest.raises(assurance.FindingEnded):
        assurance.note_on_finding(one.id, institution_id=bank, by=by, reason="once more")
    square.found("holds")
    assert _known(square) == []
    _wrong(square)
    square.found("holds")
    assert [each.finding.found for each in _known(square)] == ["2"]
    actions = [each.action for each in platform.audit_trail(f"finding:{one.id}")]
    assert actions == ["assurance.finding_closed", "assurance.finding_noted"]


def test_what_was_mended_and_is_not_is_open_again(square: Square) -> None:
    _wrong(square)
    square.found("holds")
    (one,) = _known(square)
    assurance.close_finding(
        one.id, institution_id=square.town.bank, outcome=assurance.Outcome.MENDED, by=people.SYSTEM, reason="mended",
        clock=square.town.clock,
    )  # fmt: skip
    square.found("holds")
    assert [each.id for each in _known(square)] == [one.id]


def test_whoever_may_not_look_or_work_is_refused_and_other_houses_findings_are_not_there(square: Square) -> None:
    _wrong(square)
    square.found("holds")
    (one,) = _known(square)
    bank, other = square.town.bank, square.town.other_bank
    looks = square.town.staff(assurance.VIEW_BOOKS)
    with pytest.raises(people.NotPermitted):
        assurance.findings(bank, by=square.town.staff())
    with pytest.raises(people.NotPermitted):
        assurance.close_finding(
            one.id, institution_id=bank, outcome=assurance.Outcome.MENDED, by=looks, reason="because"
        )
    with pytest.raises(assurance.FinderUnfit):
        assurance.assign_finding(one.id, institution_id=bank, to=new_id(), by=square.town.staff(*WORK), reason="yours")
    theirs = square.town.staff(*WORK, at=other)
    with pytest.raises(assurance.FindingUnknown):
        assurance.finding_of(one.id, institution_id=other, by=theirs)
    assert assurance.findings(other, by=theirs).findings == ()
    with pytest.raises(InputError):
        assurance.findings(bank, by=looks, after="yesterday")


def test_a_hold_of_a_payment_that_was_given_back_is_let_go_of_with_a_record(square: Square) -> None:
    payment = square.on_its_way
    square.change(
        f"DELETE FROM payments_errand WHERE payment_id = '{payment}'",
        f"UPDATE payments_payment SET state = 'returned' WHERE id = '{payment}'",
        "INSERT INTO payments_step (payment_id, number, at, state, reason_code, reason_params)"
        f" VALUES ('{payment}', 3, now(), 'returned', 'withdrawn', '{{}}')",
    )
    assert square.found("orphan_holds") == {"orphan_holds": [("returned", f"payment:{payment}")]}
    assert square.found("orphan_holds", "holds", "pending", "balances", "zero_sum") == {}
    assert ledger.look_up_accounts([square.current.id])[square.current.id].balances.debits_pending == 0
    (record,) = platform.audit_records(action="assurance.finding_repaired").records
    assert record.after is not None
    assert record.after["repair"] == "release_hold"
    assert "timeline" in record.reason
    assert _events(square) == ["raised", "cleared"]


def test_a_hold_of_a_payment_that_has_settled_is_a_persons(square: Square) -> None:
    square.change(
        f"DELETE FROM payments_errand WHERE payment_id = '{square.on_its_way}'",
        f"UPDATE payments_payment SET state = 'settled' WHERE id = '{square.on_its_way}'",
    )
    for _ in range(2):
        assert square.found("orphan_holds") == {"orphan_holds": [("settled", f"payment:{square.on_its_way}")]}


def test_a_repair_that_fails_three_times_is_left_to_a_person(square: Square, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def fail(*_: object, **__: object) -> int:
        tried.append(1)
        raise RuntimeError

    monkeypatch.setattr("raseed.payments.inspection.let_go_of_hold", fail)
    square.change(
        f"UPDATE payments_payment SET state = 'returned' WHERE id = '{square.on_its_way}'",
        f"DELETE FROM payments_errand WHERE payment_id = '{square.on_its_way}'",
    )
    for _ in range(5):
        square.found("orphan_holds")
    assert len(tried) == 3
    assert platform.audit_records(action="assurance.finding_repaired").records == ()


@pytest.fixture
def broken() -> Iterator[None]:
    """A check that can't be asked."""

    def run(look: assurance.Look) -> list[assurance.Finding]:
        raise ZeroDivisionError

    registry.register_check(assurance.Check("broken", "Broken", {}, run))
    yield
    registry._checks.pop("broken")


@pytest.mark.usefixtures("broken")
def test_a_check_that_can_not_be_asked_is_a_finding_and_stops_no_other(square: Square) -> None:
    _wrong(square)
    found = square.found()
    assert found["broken"] == [("not_asked", "check:broken")]
    assert "holds" in found


def test_a_check_changes_nothing(square: Square) -> None:
    def run(look: assurance.Look) -> list[assurance.Finding]:
        CheckRow.objects.all().delete()
        return []

    from raseed.assurance.books.running import run_check  # noqa: PLC0415

    look = assurance.Look(square.town.clock, platform.no_progress)
    assert run_check(assurance.Check("changes", "Changes", {}, run), look).failed


def test_rounds_look_at_what_changed_then_by_chance_and_come_to_everything(square: Square) -> None:
    assert _round(square) == 0
    sweep = SweepRow.objects.get(over="accounts")
    assert sweep.changed == ledger.inspection.sealed_batch()
    assert (sweep.place, sweep.passes) == ("", 1)
    _wrong(square)
    assert _round(square) >= 4
    found = assurance.findings(square.town.bank, by=people.SYSTEM).findings
    assert {each.finding.check for each in found} >= {"zero_sum", "holds", "histories", "shown"}
    _wrong(square, -1)
    _round(square)
    assert assurance.findings(square.town.bank, by=people.SYSTEM).findings == ()


def test_a_check_that_costs_much_is_asked_less_often(square: Square) -> None:
    _round(square)
    CheckRow.objects.filter(name="holds").update(due_at=square.town.clock.now() + timedelta(hours=1))
    ran = CheckRow.objects.get(name="holds").ran_at
    _round(square)
    assert CheckRow.objects.get(name="holds").ran_at == ran
    assert CheckRow.objects.get(name="zero_sum").ran_at > ran


def test_checks_that_take_long_are_asked_apart_and_the_quick_ones_first(
    square: Square, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def note(check: assurance.Check, *_: object, **__: object) -> int:
        asked.append(check.name)
        return 0

    _round(square)
    monkeypatch.setattr(continuous, "ask", note)
    CheckRow.objects.update(took_ms=100)
    for name, took_ms in (("balances", 90_000), ("zero_sum", 2_000), ("sealed", 3), ("histories", 60_000)):
        CheckRow.objects.filter(name=name).update(took_ms=took_ms)
    CheckRow.objects.filter(name="trust").delete()
    _round(square, 3_600, slow=True)
    assert asked == ["zero_sum", "trust", "balances"]
    asked.clear()
    _round(square, 0, slow=False)
    assert asked[0] == "sealed"
    assert {"histories", "stuck"} < set(asked), "a part of the accounts is asked with the quick ones, whatever it took"
    assert not {"zero_sum", "trust", "balances"} & set(asked)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE assurance_finding SET subject = 'account:x'",
        "UPDATE assurance_finding SET times = 0",
        "UPDATE assurance_finding SET state = 'cleared'",
        "DELETE FROM assurance_finding",
        "TRUNCATE assurance_finding CASCADE",
        "UPDATE assurance_finding_step SET note = 'x'",
        "DELETE FROM assurance_finding_step",
    ],
)
def test_nobody_rewrites_what_was_found(square: Square, statement: str) -> None:
    _wrong(square)
    square.found("holds")
    with psycopg.connect(square.database.superuser_dsn) as connection, pytest.raises(psycopg.Error):
        connection.execute(statement.encode())
