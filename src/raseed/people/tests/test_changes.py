"""What two people do together: one proposes, another decides, once, in time, and only while all is as it was."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.kernel.errors import InputError, RaseedError
from raseed.kernel.ids import new_id
from raseed.kernel.text import UnacceptableText
from raseed.people.api import (
    SYSTEM,
    Author,
    Change,
    ChangeKind,
    ChangeLine,
    ChangeNotOpen,
    ChangeOutdated,
    ChangeState,
    Institution,
    NotPermitted,
    NotTheProposer,
    PersonNeeded,
    SecondPersonNeeded,
    UnknownChange,
    UnknownChangeKind,
    UnknownInstitution,
    change,
    change_history,
    changes,
    confirm_change,
    describe_change,
    register_change_kind,
    reject_change,
    withdraw_change,
)
from raseed.people.changes import deciding
from raseed.people.changes.deciding import expire_changes, expire_old_changes
from raseed.people.changes.domain import CHANGE_LIFE
from raseed.people.models import ChangeRow, ChangeStepRow
from raseed.platform.api import InvalidCursor, SameIdOtherContent, audit_records, audit_trail
from raseed.platform.models import EventRow

from .office import an_author
from .tap import CONFIRM, PROPOSE, SUBJECT, TAP, TapIsShut, let_taps_be, level, pour, proposed
from .world import an_institution

SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def a_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    let_taps_be(monkeypatch)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(SYSTEM_CLOCK.now())


@pytest.fixture
def bank(built: Institution) -> UUID:
    return built.id


@pytest.fixture
def lina(bank: UUID) -> Author:
    return an_author(bank, PROPOSE, CONFIRM)


@pytest.fixture
def omar(bank: UUID) -> Author:
    return an_author(bank, PROPOSE, CONFIRM)


def test_what_one_proposes_another_confirms(bank: UUID, lina: Author, omar: Author) -> None:
    waiting = proposed(lina, bank)
    assert (waiting.state, waiting.before, level()) == (ChangeState.OPEN, {"level": 0}, 0)
    done = confirm_change(waiting.id, by=omar, note="seen")
    assert (done.state, done.decided_by, done.decision_note) == (ChangeState.APPLIED, omar.actor, "seen")
    assert level() == 3
    assert change(waiting.id) == done
    assert [step.state for step in change_history(waiting.id)] == [ChangeState.OPEN, ChangeState.APPLIED]


def test_the_audit_trail_names_both_with_the_reason_and_what_changed(bank: UUID, lina: Author, omar: Author) -> None:
    waiting = proposed(lina, bank)
    confirm_change(waiting.id, by=omar, note="seen")
    applied, asked = audit_trail(SUBJECT)
    assert (asked.action, asked.actor, asked.reason) == ("people.change_proposed", lina.actor, "the basin is empty")
    assert (applied.action, applied.actor) == ("people.change_applied", omar.actor)
    assert applied.reason == "the basin is empty — seen"
    assert applied.before == {"level": 0}
    assert applied.after == {
        "level": 3, "change_id": str(waiting.id), "kind": "people.tap", "proposed_by": lina.actor,
        "decided_by": omar.actor,
    }  # fmt: skip
    assert applied.institution_id == bank


def test_a_change_about_a_customer_is_in_that_customers_trail(bank: UUID, lina: Author, omar: Author) -> None:
    customer_id = new_id()
    waiting = proposed(lina, bank, payload={"level": 1, "customer": str(customer_id)})
    confirm_change(waiting.id, by=omar)
    found = audit_records(customer_id=customer_id).records
    assert [one.action for one in found] == ["people.change_applied", "people.change_proposed"]


def test_an_event_tells_of_it_without_what_was_in_it(bank: UUID, lina: Author, omar: Author) -> None:
    waiting = proposed(lina, bank)
    assert not EventRow.objects.filter(name="people.change_applied").exists()
    confirm_change(waiting.id, by=omar)
    event = EventRow.objects.get(name="people.change_applied")
    assert event.payload == {"change_id": str(waiting.id), "kind": "people.tap", "subject": SUBJECT}
    assert event.institution_id == bank


def test_nobody_confirms_or_rejects_their_own(bank: UUID, lina: Author) -> None:
    waiting = proposed(lina, bank)
    with pytest.raises(SecondPersonNeeded):
        confirm_change(waiting.id, by=lina)
    with pytest.raises(SecondPersonNeeded):
        reject_change(waiting.id, by=lina, note="no, after all")
    assert change(waiting.id).state is ChangeState.OPEN


def test_a_key_is_the_same_pair_of_eyes_as_its_holder(bank: UUID, lina: Author, omar: Author) -> None:
    key = Author(f"key:{new_id()}", lina.permissions, holder=lina.actor)
    by_key = proposed(key, bank)
    assert (by_key.proposed_by, by_key.proposer) == (key.actor, lina.actor)
    with pytest.raises(SecondPersonNeeded):
        confirm_change(by_key.id, by=lina)
    by_hand = proposed(lina, bank)
    with pytest.raises(SecondPersonNeeded):
        confirm_change(by_hand.id, by=key)
    confirm_change(by_key.id, by=omar)


@pytest.mark.parametrize("actor", ["key:1", "customer:1", "system"])
def test_only_a_person_of_staff_decides(bank: UUID, lina: Author, actor: str) -> None:
    waiting = proposed(lina, bank)
    program = Author(actor, everything=True)
    with pytest.raises(SecondPersonNeeded):
        confirm_change(waiting.id, by=program)
    with pytest.raises(SecondPersonNeeded):
        reject_change(waiting.id, by=program, note="no use")


@pytest.mark.parametrize("holder", [None, "institution:1", "customer:1"])
def test_a_program_that_no_member_of_staff_answers_for_proposes_nothing(
    bank: UUID, lina: Author, holder: str | None
) -> None:
    with pytest.raises(PersonNeeded):
        proposed(Author("key:1", lina.permissions, holder=holder), bank)


def test_a_key_that_another_has_seen_proposes_nothing(bank: UUID, lina: Author, omar: Author) -> None:
    with pytest.raises(PersonNeeded):
        proposed(Author("key:1", lina.permissions, holder=lina.actor, issuer=omar.actor), bank)
    proposed(Author("key:1", lina.permissions, holder=lina.actor, issuer=lina.actor), bank)


def test_what_the_system_proposed_a_person_confirms(bank: UUID, lina: Author) -> None:
    confirm_change(proposed(SYSTEM, bank).id, by=lina)
    assert level() == 3


def test_nobody_confirms_what_is_about_themselves(bank: UUID, lina: Author, omar: Author) -> None:
    waiting = proposed(lina, bank, subject=omar.actor)
    with pytest.raises(SecondPersonNeeded):
        confirm_change(waiting.id, by=omar)


def test_each_step_needs_its_permission_at_that_institution(bank: UUID, lina: Author) -> None:
    elsewhere = an_author(an_institution("delta").id, PROPOSE, CONFIRM)
    with pytest.raises(NotPermitted) as refusal:
        proposed(elsewhere, bank)
    assert refusal.value.params == {"permission": PROPOSE}
    waiting = proposed(lina, bank)
    for outsider in (elsewhere, an_author(bank, PROPOSE)):
        with pytest.raises(NotPermitted) as refusal:
            confirm_change(waiting.id, by=outsider)
        assert refusal.value.params == {"permission": CONFIRM}
        with pytest.raises(NotPermitted):
            reject_change(waiting.id, by=outsider, note="no use")
    assert change(waiting.id).state is ChangeState.OPEN


def test_a_rejected_change_says_why_and_changes_nothing(bank: UUID, lina: Author, omar: Author) -> None:
    waiting = proposed(lina, bank)
    with pytest.raises(UnacceptableText):
        reject_change(waiting.id, by=omar, note=" ")
    ended = reject_change(waiting.id, by=omar, note="too much water")
    assert (ended.state, ended.decision_note, level()) == (ChangeState.REJECTED, "too much water", 0)
    assert audit_trail(SUBJECT)[0].action == "people.change_rejected"


def test_only_the_proposer_takes_back(bank: UUID, lina: Author, omar: Author) -> None:
    waiting = proposed(lina, bank)
    with pytest.raises(NotTheProposer):
        withdraw_change(waiting.id, by=omar)
    assert withdraw_change(waiting.id, by=lina).state is ChangeState.WITHDRAWN
    assert audit_trail(SUBJECT)[0].action == "people.change_withdrawn"


@pytest.mark.parametrize("end", ["confirm", "reject", "withdraw"])
def test_what_was_decided_stays_decided(bank: UUID, lina: Author, omar: Author, end: str) -> None:
    waiting = proposed(lina, bank)
    ways: dict[str, Callable[[], Change]] = {
        "confirm": lambda: confirm_change(waiting.id, by=omar),
        "reject": lambda: reject_change(waiting.id, by=omar, note="no use"),
        "withdraw": lambda: withdraw_change(waiting.id, by=lina),
    }
    ended = ways[end]()
    for again in ways.values():
        with pytest.raises(ChangeNotOpen):
            again()
    assert change(waiting.id) == ended


def test_what_changed_meanwhile_makes_a_proposal_outdated(bank: UUID, lina: Author, omar: Author) -> None:
    first, second = proposed(lina, bank, 3), proposed(lina, bank, 4)
    confirm_change(first.id, by=omar)
    with pytest.raises(ChangeOutdated):
        confirm_change(second.id, by=omar)
    assert (level(), change(second.id).state) == (3, ChangeState.OPEN)
    assert reject_change(second.id, by=omar, note="see the first").state is ChangeState.REJECTED


def test_what_the_subject_refuses_leaves_the_change_open_and_nothing_written(
    bank: UUID, lina: Author, omar: Author
) -> None:
    waiting = proposed(lina, bank, 10)
    with pytest.raises(TapIsShut):
        confirm_change(waiting.id, by=omar)
    assert (change(waiting.id).state, level()) == (ChangeState.OPEN, 0)
    assert len(audit_trail(SUBJECT)) == 1
    assert len(change_history(waiting.id)) == 1


def test_a_crash_at_the_last_moment_leaves_nothing_half_done(
    bank: UUID, lina: Author, omar: Author, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = proposed(lina, bank)
    with monkeypatch.context() as patch:
        patch.setattr(deciding, "emit", lambda *_, **__: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            confirm_change(waiting.id, by=omar)
    assert (change(waiting.id).state, level(), len(audit_trail(SUBJECT))) == (ChangeState.OPEN, 0, 1)
    confirm_change(waiting.id, by=omar)
    assert level() == 3


def test_a_proposal_waits_fourteen_days(bank: UUID, lina: Author, omar: Author, clock: ManualClock) -> None:
    in_time, too_late = proposed(lina, bank, 1, clock), proposed(lina, bank, 1, clock, subject=SUBJECT[:-1] + "2")
    clock.advance(CHANGE_LIFE - SECOND)
    confirm_change(in_time.id, by=omar, clock=clock)
    assert expire_changes(clock=clock) == 0
    clock.advance(SECOND)
    assert change(too_late.id, clock=clock).state is ChangeState.EXPIRED
    assert [one.id for one in changes(institution_id=bank, state="expired", clock=clock).changes] == [too_late.id]
    assert changes(institution_id=bank, state="open", clock=clock).changes == ()
    decisions: list[Callable[[], Change]] = [
        lambda: confirm_change(too_late.id, by=omar, clock=clock),
        lambda: reject_change(too_late.id, by=omar, note="no use", clock=clock),
        lambda: withdraw_change(too_late.id, by=lina, clock=clock),
    ]
    for decide in decisions:
        with pytest.raises(ChangeNotOpen):
            decide()
    assert (expire_changes(clock=clock), expire_changes(clock=clock)) == (1, 0)
    ended = change(too_late.id, clock=clock)
    assert (ended.state, ended.decided_by, ended.decided_at) == (ChangeState.EXPIRED, "system", clock.now())
    assert audit_trail(too_late.subject)[0].action == "people.change_expired"


def test_the_worker_lets_old_ones_expire(bank: UUID, lina: Author) -> None:
    old = proposed(lina, bank, clock=ManualClock(SYSTEM_CLOCK.now() - CHANGE_LIFE))
    young = proposed(lina, bank)
    expire_old_changes(timestamp=0)
    assert [ChangeRow.objects.get(id=one.id).state for one in (old, young)] == ["expired", "open"]


def test_the_same_proposal_again_is_the_same(bank: UUID, lina: Author, omar: Author) -> None:
    change_id = new_id()
    first = proposed(lina, bank, id=change_id)
    assert proposed(lina, bank, id=change_id) == first
    confirm_change(change_id, by=omar)
    assert proposed(lina, bank, id=change_id).state is ChangeState.APPLIED
    assert len(audit_trail(SUBJECT)) == 2
    for other in ({"level": 4}, {"reason": "another reason"}, {"subject": "tap:2"}):
        with pytest.raises(SameIdOtherContent):
            proposed(lina, bank, id=change_id, **other)
    with pytest.raises(SameIdOtherContent):
        proposed(omar, bank, id=change_id)


@pytest.mark.parametrize(
    ("bad", "refusal"),
    [
        ({"kind": "people.nothing"}, UnknownChangeKind),
        ({"reason": ""}, UnacceptableText),
        ({"reason": "ok"}, UnacceptableText),
        ({"reason": "x" * 501}, UnacceptableText),
        ({"reason": "pour \u202e it"}, UnacceptableText),
        ({"payload": {}}, InputError),
        ({"payload": {"level": 1, "note": "\x00"}}, InputError),
        ({"payload": {"level": 1, "note": "\ud800"}}, InputError),
        ({"payload": {"level": 1, "note": float("nan")}}, InputError),
        ({"payload": {"level": 1, "note": "x" * 100_001}}, InputError),
    ],
)
def test_a_bad_proposal_is_refused_and_nothing_is_kept(
    bank: UUID, lina: Author, bad: dict[str, Any], refusal: type[RaseedError]
) -> None:
    with pytest.raises(refusal):
        proposed(lina, bank, **bad)
    assert not ChangeRow.objects.exists()
    assert audit_trail(SUBJECT) == []


def test_an_unknown_institution_or_change_is_refused(bank: UUID, lina: Author) -> None:
    nowhere = new_id()
    with pytest.raises(UnknownInstitution):
        proposed(an_author(nowhere, PROPOSE), nowhere)
    verbs: list[Callable[[UUID], Change]] = [
        change,
        lambda one: confirm_change(one, by=lina),
        lambda one: withdraw_change(one, by=lina),
    ]
    for verb in verbs:
        with pytest.raises(UnknownChange):
            verb(new_id())


def test_of_many_confirmations_at_the_same_instant_one_applies(bank: UUID, lina: Author) -> None:
    waiting, together = proposed(lina, bank), Barrier(8)

    def confirm(_: int) -> str:
        together.wait()
        try:
            return confirm_change(waiting.id, by=an_author(bank, CONFIRM)).state.value
        except RaseedError as error:
            return error.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(confirm, range(8)))
    assert outcomes == ["applied"] + ["change_not_open"] * 7
    assert EventRow.objects.filter(name="people.change_applied").count() == 1


def test_of_many_changes_to_one_subject_at_the_same_instant_one_applies(bank: UUID, lina: Author) -> None:
    waiting, together = [proposed(lina, bank, n) for n in range(1, 9)], Barrier(8)

    def confirm(one: Change) -> str:
        together.wait()
        try:
            return confirm_change(one.id, by=an_author(bank, CONFIRM)).state.value
        except RaseedError as error:
            return error.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(confirm, waiting))
    assert outcomes == ["applied"] + ["change_outdated"] * 7


def test_one_proposal_made_many_times_at_the_same_instant_is_one(bank: UUID, lina: Author) -> None:
    change_id, together = new_id(), Barrier(8)

    def propose(_: int) -> Change:
        together.wait()
        try:
            return proposed(lina, bank, id=change_id)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert len({one.proposed_at for one in pool.map(propose, range(8))}) == 1
    assert (ChangeStepRow.objects.count(), len(audit_trail(SUBJECT))) == (1, 1)


def test_pages_go_back_in_time_and_miss_nothing(bank: UUID, lina: Author, clock: ManualClock) -> None:
    made = []
    for number in range(7):
        made.append(proposed(lina, bank, number, clock).id)
        clock.advance(timedelta(0 if number % 2 else 1))
    marker, seen = None, []
    while True:
        page = changes(institution_id=bank, before=marker, limit=3, clock=clock)
        seen += [one.id for one in page.changes]
        marker = page.next
        if marker is None:
            break
    assert seen == sorted(made, key=lambda one: (change(one).proposed_at, one), reverse=True)
    with pytest.raises(InvalidCursor):
        changes(institution_id=bank, before="x")
    assert changes(institution_id=bank, subject="tap:2").changes == ()
    assert len(changes(institution_id=bank, kind="people.tap", subject=SUBJECT, clock=clock).changes) == 7
    assert changes(institution_id=new_id()).changes == ()


def test_the_kind_describes_it_in_the_readers_language(bank: UUID, lina: Author) -> None:
    assert describe_change(proposed(lina, bank), "he") == [ChangeLine("he", "0", "3")]


def test_a_kind_is_registered_once(bank: UUID) -> None:
    register_change_kind(TAP)
    with pytest.raises(AssertionError, match="two kinds"):
        register_change_kind(ChangeKind("people.tap", "Another", PROPOSE, CONFIRM, pour, TAP.describe, TAP.current))
