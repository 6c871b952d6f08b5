"""An answer that never arrived is no answer: what it answered waits again since the customer asked, with a clock and a name."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from raseed.care import api as care
from raseed.care.clocks import api as clocks
from raseed.care.conversations.delivery import delivery_changed
from raseed.care.conversations.replying import LEAVES_WITHIN
from raseed.channels import api as channels
from raseed.channels.api import OutgoingState
from raseed.channels.models import OutgoingFileRow, OutgoingRow
from raseed.channels.sending.moving import move
from raseed.channels.sending.upkeep import look_after
from raseed.kernel.errors import InputError
from raseed.kernel.ids import new_id

from .talk import House, staff_id

LOST = (
    (OutgoingState.FAILED, "provider_trouble"),
    (OutgoingState.UNKNOWN, "no_answer"),
    (OutgoingState.EXPIRED, "expired"),
)
PICTURE = b"\x89PNG\r\n\x1a\n" + b"\x00" * 40
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


@pytest.fixture
def manned(house: House) -> House:
    """The house on a Monday."""
    house.clock.advance(timedelta(days=1))
    return house


def becomes(entry: care.Entry, state: OutgoingState, house: House, code: str = "") -> None:
    assert entry.message_id
    row = OutgoingRow.objects.get(id=entry.message_id)
    with transaction.atomic():
        if state is OutgoingState.UNKNOWN:
            move(row, OutgoingState.WAITING, at=house.clock.now(), next_try_at=house.clock.now(), clock=house.clock)
            OutgoingRow.objects.filter(id=row.id).update(
                state="sending", next_try_at=None, lease_until=house.clock.now()
            )
            row.refresh_from_db()
        move(row, state, at=house.clock.now(), code=code, clock=house.clock)
    delivery_changed(entry.message_id, clock=house.clock)


def answer_clock(house: House, one: object) -> clocks.RunningClock:
    """Return the clock of the answer that is owed; there is one."""
    running = clocks.clocks_of([one], at=house.clock.now())[one]  # type: ignore[list-item, index]
    (found,) = [each for each in running if each.kind is not clocks.ClockKind.RESOLUTION]
    return found


@pytest.mark.parametrize(("state", "code"), LOST)
def test_a_lost_answer_is_owed_since_the_customer_asked_by_the_clock_that_ran(
    manned: House, state: OutgoingState, code: str
) -> None:
    house = manned
    asked_at = house.clock.now()
    one = house.hears()
    ran = answer_clock(house, one)
    house.waits(60)
    entry = house.answers(one, by=house.karim)
    assert care.not_arrived([one]) == {}
    house.waits(120)
    becomes(entry, state, house, code=code)
    now, runs = house.now_is(one), answer_clock(house, one)
    assert (now.state.value, now.unanswered, now.unanswered_since) == ("open", 1, asked_at)
    assert (runs.id, runs.kind, runs.started_at, runs.due_at) == (ran.id, ran.kind, ran.started_at, ran.due_at)
    assert runs.accountable == now.accountable == staff_id(house.karim)
    assert care.not_arrived([one]) == {one: state.value}
    record = clocks.record_of(
        staff_id(house.karim), institution_id=house.id, since=asked_at, until=house.clock.now() + timedelta(days=1),
        by=house.karim,
    )  # fmt: skip
    assert record.answered == 0
    house.waits(60)
    house.answers(one, "It is there since 14:35.", by=house.salma)
    assert (house.now_is(one).unanswered, care.not_arrived([one])) == (0, {})


def test_what_is_lost_after_its_time_was_over_is_overdue_at_once(manned: House) -> None:
    house = manned
    one = house.hears()
    due_at = answer_clock(house, one).due_at
    house.waits(60)
    entry = house.answers(one, by=house.karim)
    house.waits(7 * 3600)
    becomes(entry, OutgoingState.EXPIRED, house, code="expired")
    assert (answer_clock(house, one).breached_at, house.now_is(one).breached_at) == (due_at, due_at)


def test_what_the_customer_wrote_meanwhile_waits_with_it_under_one_clock(manned: House) -> None:
    house = manned
    asked_at = house.clock.now()
    one = house.hears()
    house.waits(60)
    entry = house.answers(one, by=house.karim)
    house.waits(60)
    house.hears("and now?")
    house.waits(60)
    becomes(entry, OutgoingState.FAILED, house, code="provider_trouble")
    now, runs = house.now_is(one), answer_clock(house, one)
    assert (now.unanswered, now.unanswered_since, runs.started_at) == (2, asked_at, asked_at)


def test_an_answer_that_arrived_after_all_answered_when_it_was_sent(manned: House) -> None:
    house = manned
    one = house.hears()
    house.waits(60)
    entry, sent_at = house.answers(one, by=house.karim), house.clock.now()
    house.waits(7 * 3600)
    becomes(entry, OutgoingState.UNKNOWN, house, code="no_answer")
    assert house.now_is(one).breached_at is not None
    house.waits(60)
    becomes(entry, OutgoingState.DELIVERED, house)
    now = house.now_is(one)
    assert (now.state.value, now.unanswered, now.breached_at) == ("waiting", 0, None)
    stopped = [each for each in clocks.stopped_clocks(one, clock=house.clock) if each.kind.value == "first_answer"]
    assert [(each.stopped_at, each.breached_at) for each in stopped] == [(sent_at, None)]


def test_the_clock_of_an_answer_that_arrived_is_not_touched_by_a_later_one_that_is_lost(manned: House) -> None:
    house = manned
    one = house.hears()
    house.waits(60)
    becomes(house.answers(one, by=house.karim), OutgoingState.DELIVERED, house)
    house.waits(60)
    again_at = house.clock.now()
    house.hears("and now?")
    house.waits(60)
    becomes(house.answers(one, "By 15:00.", by=house.karim), OutgoingState.FAILED, house, code="provider_trouble")
    now, runs = house.now_is(one), answer_clock(house, one)
    assert (now.unanswered, now.unanswered_since) == (1, again_at)
    assert (runs.kind.value, runs.started_at) == ("next_answer", again_at)


def test_an_answer_leaves_within_hours_or_not_at_all_and_may_be_sent_again_by_a_person(manned: House) -> None:
    house = manned
    one = house.hears()
    entry = house.answers(one, by=house.karim)
    row = OutgoingRow.objects.get()
    assert row.expires_at == house.clock.now() + LEAVES_WITHIN
    house.clock.advance(LEAVES_WITHIN)
    look_after(clock=house.clock)
    delivery_changed(row.id, clock=house.clock)
    late = house.said(one)[-1]
    assert (late.delivery, late.may_retry, house.now_is(one).unanswered) == ("expired", True, 1)
    assert care.retry(entry.id, by=house.karim, clock=house.clock).delivery == "waiting"
    row.refresh_from_db()
    assert (row.state, row.round, row.expires_at) == ("waiting", 1, house.clock.now() + LEAVES_WITHIN)
    assert house.now_is(one).unanswered == 0


def files(*names: str) -> list[care.ReplyMedia]:
    return [
        care.ReplyMedia(name, "image/png" if name.endswith("png") else "application/pdf", PICTURE if name.endswith("png") else PDF)
        for name in names
    ]  # fmt: skip


def test_several_files_are_messages_in_order_under_one_answer_and_leave_once(house: House) -> None:
    one, id_ = house.hears(), new_id()
    version = house.now_is(one).version
    for _ in range(2):
        house.answers(one, client_message_id=id_, expected_version=version, media=files("a.png", "b.pdf", "c.png"))
    rows = list(OutgoingRow.objects.order_by("position"))
    assert [(row.media_name, bool(row.text)) for row in rows] == [("a.png", True), ("b.pdf", False), ("c.png", False)]
    assert rows[0].id == id_
    assert OutgoingFileRow.objects.count() == 3
    out = [each for each in house.said(one) if each.kind is care.EntryKind.OUT]
    assert [each.message_id for each in out] == [row.id for row in rows]
    assert house.now_is(one).unanswered == 0
    with pytest.raises(InputError):
        house.answers(one, media=files(*["x.png"] * 6))
    with pytest.raises(channels.FileNotCarried):
        house.answers(one, media=[*files("a.png"), care.ReplyMedia("b.exe", "application/x-msdownload", b"MZ")])
    assert OutgoingRow.objects.count() == 3


def test_an_answer_one_of_whose_files_is_lost_is_no_answer(house: House) -> None:
    asked_at = house.clock.now()
    one = house.hears()
    house.waits(60)
    house.answers(one, media=files("a.png", "b.pdf"))
    first, second = (each for each in house.said(one) if each.kind is care.EntryKind.OUT)
    becomes(first, OutgoingState.DELIVERED, house)
    house.waits(60)
    becomes(second, OutgoingState.FAILED, house, code="file_refused")
    now = house.now_is(one)
    assert (now.unanswered, now.unanswered_since) == (1, asked_at)
    assert care.not_arrived([one]) == {one: "failed"}


def test_what_nobody_asked_for_is_owed_since_it_was_written(house: House) -> None:
    one = house.hears()
    becomes(house.answers(one), OutgoingState.DELIVERED, house)
    house.waits(600)
    wrote_at = house.clock.now()
    more = house.answers(one, "Your card is at the branch since 10:00.")
    house.waits(600)
    becomes(more, OutgoingState.FAILED, house, code="provider_trouble")
    now = house.now_is(one)
    assert (now.unanswered, now.unanswered_since) == (1, wrote_at)
