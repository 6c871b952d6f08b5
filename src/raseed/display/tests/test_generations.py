"""Generations: what may be shown to whom, and the way there and back; in Python, and in the database for whoever goes past it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from raseed.display import api as display
from raseed.display import customers
from raseed.display.api import GenerationState
from raseed.display.domain import STATES_AFTER
from raseed.display.events import POINTER_MOVED
from raseed.display.generations.models import GenerationRow, PointerRow
from raseed.display.generations.services import fail_generation
from raseed.kernel.clock import ManualClock
from raseed.kernel.errors import InputError
from raseed.kernel.ids import new_id
from raseed.platform.api import audit_trail
from raseed.platform.models import EventRow

pytestmark = pytest.mark.usefixtures("database")
NOON = ManualClock(datetime(2026, 3, 1, 12, tzinfo=UTC))


def built(number: int | None = None) -> int:
    """Return a candidate, opened anew if none is named."""
    if number is None:
        number = display.open_generation(projector="fold-1", actor="system", clock=NOON).number
    GenerationRow.objects.filter(number=number).update(state="candidate", built_to=7)
    return number


def live() -> int:
    number = built()
    display.cut_over(generation=number, actor="system", reason="first", clock=NOON)
    return number


def test_what_is_built_goes_live_and_back_again() -> None:
    first, second = live(), built()
    at = display.cut_over(generation=second, actor="staff:x", reason="release 2", clock=NOON)
    assert (at.live, at.previous, at.epoch) == (second, first, 2)
    assert display.generation(first).state is GenerationState.CANDIDATE
    back = display.roll_back(actor="staff:x", reason="wrong numbers", clock=NOON)
    assert (back.live, back.previous, back.epoch) == (first, None, 3)
    assert display.generation(second).state is GenerationState.CANDIDATE
    with pytest.raises(display.NothingToRollBackTo):
        display.roll_back(actor="staff:x", reason="pressed twice", clock=NOON)
    assert display.pointer() == back


def test_every_move_leaves_its_record_and_its_event() -> None:
    number = live()
    [cut, opened] = audit_trail(f"generation:{number}")
    assert (opened.action, cut.action, cut.reason) == ("display.generation_opened", "display.cut_over", "first")
    assert cut.after == {"epoch": 1, "live": 1, "previous": None, "canary": None, "percent": 0, "named": 0}
    [event] = EventRow.objects.filter(name=POINTER_MOVED)
    assert event.payload == {"epoch": 1, "live": 1, "previous": None, "canary": None, "percent": 0}


def test_only_a_candidate_is_shown() -> None:
    live()
    building = display.open_generation(projector="fold-1", actor="system").number
    failed = built()
    fail_generation(failed, reason="ValueError: broken")
    for number in (building, failed):
        with pytest.raises(display.NotACandidate):
            display.cut_over(generation=number, actor="system", reason="now")
        with pytest.raises(display.NotACandidate):
            display.set_canary(generation=number, percent=5, actor="system")
    with pytest.raises(display.GenerationUnknown):
        display.cut_over(generation=99, actor="system", reason="now")
    with pytest.raises(display.ProjectorUnknown):
        display.open_generation(projector="made-up", actor="system")


def test_cutting_over_to_what_is_live_changes_nothing() -> None:
    number = live()
    assert display.cut_over(generation=number, actor="system", reason="again").epoch == 1


def test_a_reason_is_asked_for() -> None:
    number = built()
    with pytest.raises(InputError):
        display.cut_over(generation=number, actor="system", reason=" ")
    with pytest.raises(InputError):
        display.retire_generation(number, actor="system", reason="")


def test_what_is_shown_is_not_retired_and_what_was_is_given_up_with_its_way_back() -> None:
    first, second, third = live(), built(), built()
    display.cut_over(generation=second, actor="system", reason="release 2")
    display.set_canary(generation=third, percent=10, actor="system")
    for number in (second, third):
        with pytest.raises(display.GenerationShown):
            display.retire_generation(number, actor="system", reason="tidy")
    assert display.retire_generation(first, actor="system", reason="tidy").state is GenerationState.RETIRED
    assert display.retire_generation(first, actor="system", reason="again").reason == "tidy"
    at = display.pointer()
    assert at is not None
    assert at.previous is None


def test_a_cohort_is_set_grown_and_ended() -> None:
    live()
    second, third, named = built(), built(), [new_id(), new_id()]
    at = display.set_canary(generation=second, percent=1, accounts=named, actor="system")
    assert (at.canary, at.percent, at.named) == (second, 1, 2)
    at = display.set_canary(generation=second, percent=50, accounts=named[:1], actor="system")
    assert (at.percent, at.named) == (50, 1)
    with pytest.raises(display.CanaryRunning):
        display.set_canary(generation=third, percent=1, actor="system")
    at = display.clear_canary(actor="system")
    assert (at.canary, at.percent, at.named) == (None, 0, 0)
    assert display.clear_canary(actor="system") == at
    display.set_canary(generation=third, percent=0, accounts=named, actor="system")
    at = display.cut_over(generation=second, actor="system", reason="other")
    assert (at.canary, at.percent, at.named) == (None, 0, 0)


@pytest.mark.parametrize("percent", [-1, 101, 0])
def test_a_cohort_that_is_none_is_refused(percent: int) -> None:
    live()
    with pytest.raises(display.InvalidCohort):
        display.set_canary(generation=built(), percent=percent, actor="system")


def test_nothing_is_tried_or_rolled_back_before_anything_is_live() -> None:
    number = built()
    verbs: list[Callable[[], object]] = [
        lambda: display.set_canary(generation=number, percent=1, actor="system"),
        lambda: display.clear_canary(actor="system"),
        lambda: display.roll_back(actor="system", reason="back"),
    ]
    for verb in verbs:
        with pytest.raises(display.NothingLive):
            verb()


def test_a_canary_that_breaks_is_taken_from_its_cohort_and_what_is_live_stays_live() -> None:
    first, second = live(), built()
    display.set_canary(generation=second, percent=20, actor="system")
    fail_generation(second, reason="KeyError")
    at = display.pointer()
    assert at is not None
    assert (at.live, at.canary) == (first, None)
    fail_generation(first, reason="KeyError")
    at = display.pointer()
    assert at is not None
    assert at.live == first
    assert display.generation(first).state is GenerationState.FAILED


def test_there_are_only_so_many_generations_at_a_time() -> None:
    for _ in range(display.GENERATIONS_MAX):
        display.open_generation(projector="fold-1", actor="system")
    with pytest.raises(display.TooManyGenerations):
        display.open_generation(projector="fold-1", actor="system")
    display.retire_generation(1, actor="system", reason="tidy")
    assert display.open_generation(projector="fold-1", actor="system").number == display.GENERATIONS_MAX + 1


def test_of_two_who_press_the_red_button_one_rolls_back() -> None:
    first, second = live(), built()
    display.cut_over(generation=second, actor="system", reason="release 2")
    outcomes: Counter[str] = Counter()
    gate = threading.Barrier(4)

    def press() -> None:
        try:
            gate.wait()
            display.roll_back(actor="system", reason="red button")
            outcomes["rolled back"] += 1
        except display.NothingToRollBackTo:
            outcomes["refused"] += 1
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == {"rolled back": 1, "refused": 3}
    at = display.pointer()
    assert at is not None
    assert (at.live, at.epoch) == (first, 3)


ILLEGAL = [
    (before, after)
    for before in GenerationState
    for after in GenerationState
    if before is not after and after not in STATES_AFTER[before]
]


@pytest.mark.parametrize(("before", "after"), ILLEGAL)
def test_the_database_too_knows_the_order_of_states(before: GenerationState, after: GenerationState) -> None:
    number = built()
    with connection.cursor() as cursor, transaction.atomic():
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        path = {
            GenerationState.BUILDING: [], GenerationState.CANDIDATE: [], GenerationState.LIVE: ["live"],
            GenerationState.RETIRED: ["retired"], GenerationState.FAILED: ["failed"],
        }[before]  # fmt: skip
        if before is GenerationState.BUILDING:
            number = display.open_generation(projector="fold-1", actor="system").number
        for state in path:
            GenerationRow.objects.filter(number=number).update(state=state)
        with pytest.raises(IntegrityError, match="does not become"), transaction.atomic():
            GenerationRow.objects.filter(number=number).update(state=after.value)
        transaction.set_rollback(True)


def test_the_database_refuses_a_pointer_that_leads_astray() -> None:
    first, second = live(), built()
    wrong: list[Callable[[], object]] = [
        lambda: PointerRow.objects.update(live_id=second, epoch=2),  # not live
        lambda: PointerRow.objects.update(percent=5, epoch=2),  # of nothing
        lambda: PointerRow.objects.update(canary_id=first, epoch=2),  # what everybody sees
        lambda: PointerRow.objects.update(previous_id=second),  # without an epoch
        lambda: PointerRow.objects.update(previous_id=second, epoch=7),
        lambda: GenerationRow.objects.filter(number=first).update(state="candidate"),  # nothing live
        lambda: GenerationRow.objects.filter(number=second).update(state="live"),  # two live
        lambda: GenerationRow.objects.filter(number=second).update(built_to=1),  # backwards
        lambda: GenerationRow.objects.filter(number=second).update(projector="other"),
        lambda: GenerationRow.objects.filter(number=second).delete(),
        lambda: PointerRow.objects.all().delete(),
    ]
    for change in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            change()
    at = display.pointer()
    assert at is not None
    assert (at.live, at.epoch) == (first, 1)


@given(codes=st.sets(st.integers(1, 9)))
def test_codes_of_customers_accounts_are_only_ever_added(codes: set[int]) -> None:
    before = set(display.customer_codes())
    display.register_customer_codes(codes)
    try:
        assert set(display.customer_codes()) == before | codes
    finally:
        customers._codes.difference_update(codes - before)


def test_the_bank_s_customers_accounts_are_known() -> None:
    assert {110, 120, 130, 140, 210} <= set(display.customer_codes())
