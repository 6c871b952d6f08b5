"""A line sends as fast as it may and no faster; one person's messages leave in their order; a slow one keeps nobody else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raseed.channels.api import OutgoingState, Party
from raseed.channels.models import BucketRow
from raseed.channels.sending.buckets import Rate, pair_key, rates_of, read_rate
from raseed.channels.sending.carrying import carry
from raseed.channels.sending.upkeep import look_after
from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.kernel.ids import new_id
from raseed.platform.api import run_worker

from .providers import PERSON, Provider, graph_error, made_line, now_of, person, sent, wrote

W, S = OutgoingState.WAITING, OutgoingState.SENT


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(SYSTEM_CLOCK.now())


def many(line: Any, count: int, clock: ManualClock) -> list[Any]:
    messages = []
    for number in range(count):
        to = person(line, f"2010{number:08}")
        wrote(line, to, clock=clock)
        messages.append(sent(line, f"{number}", to=to, clock=clock))
    return messages


def test_a_line_sends_no_faster_than_its_rate_and_everything_in_the_end(
    database: Any, provider: Provider, clock: ManualClock
) -> None:
    line = made_line(base=provider.address, clock=clock, rate="2/1", rate_pair="100/1")
    messages = many(line, 9, clock)
    counts = []
    for _ in range(6):
        for message in messages:
            carry(message.id, clock=clock)
        counts.append(len(provider.asked))
        clock.advance(timedelta(seconds=1))
    assert counts == [2, 4, 6, 8, 9, 9]
    assert {now_of(message.id).state for message in messages} == {S}
    assert {now_of(message.id).attempts for message in messages} == {1}


def test_one_person_gets_no_more_than_their_share_and_the_others_do_not_wait_for_it(
    database: Any, provider: Provider, clock: ManualClock
) -> None:
    line = made_line(base=provider.address, clock=clock, rate_pair="1/6 2")
    wrote(line, clock=clock)
    mine = [sent(line, f"mine {number}", clock=clock) for number in range(4)]
    others = many(line, 3, clock)
    for message in (*mine, *others):
        carry(message.id, clock=clock)
    assert [now_of(message.id).state for message in mine] == [S, S, W, W]
    assert {now_of(message.id).state for message in others} == {S}
    waiting = now_of(mine[2].id)
    assert (waiting.next_try_at, waiting.reason and waiting.reason.code) == (
        clock.now() + timedelta(seconds=6),
        "pair_limited",
    )
    clock.advance(timedelta(seconds=6))
    for message in mine:
        carry(message.id, clock=clock)
    assert [now_of(message.id).state for message in mine] == [S, S, S, W]


def test_a_limit_told_for_one_person_lets_the_line_go_on(database: Any, provider: Provider, clock: ManualClock) -> None:
    line = made_line(base=provider.address, clock=clock)
    wrote(line, clock=clock)
    provider.answers = [(400, graph_error(131056))]
    one = sent(line, clock=clock)
    others = many(line, 2, clock)
    for message in (one, *others):
        carry(message.id, clock=clock)
    assert now_of(one.id).state is W
    assert {now_of(message.id).state for message in others} == {S}


def test_a_limit_told_for_the_line_stops_all_of_it_for_as_long_as_the_provider_asks(
    database: Any, provider: Provider, clock: ManualClock
) -> None:
    line = made_line(base=provider.address, clock=clock)
    provider.answers = [(429, graph_error(130429))]
    provider.headers = {"Retry-After": "90"}
    messages = many(line, 3, clock)
    for message in messages:
        carry(message.id, clock=clock)
    assert len(provider.asked) == 1
    clock.advance(timedelta(seconds=89))
    for message in messages:
        carry(message.id, clock=clock)
    assert len(provider.asked) == 1
    clock.advance(timedelta(seconds=2))
    for message in messages:
        carry(message.id, clock=clock)
    assert {now_of(message.id).state for message in messages} == {S}


def test_messages_to_one_person_leave_in_their_order_also_behind_one_that_is_put_off(
    database: Any, provider: Provider, clock: ManualClock
) -> None:
    line = made_line(base=provider.address, clock=clock)
    wrote(line, clock=clock)
    provider.answers = [(500, graph_error(131000))]
    messages = [sent(line, f"{number}", clock=clock) for number in range(3)]
    for message in reversed(messages):
        carry(message.id, clock=clock)
    carry(messages[1].id, clock=clock)
    assert [asked.said["text"]["body"] for asked in provider.asked] == ["0"]
    clock.advance(timedelta(minutes=1))
    for message in messages:
        carry(message.id, clock=clock)
    assert [asked.said["text"]["body"] for asked in provider.asked] == ["0", "0", "1", "2"]


def test_one_that_is_to_leave_later_holds_up_none_that_leaves_now(
    database: Any, provider: Provider, clock: ManualClock
) -> None:
    line = made_line(base=provider.address, clock=clock)
    wrote(line, clock=clock)
    later = sent(line, "later", not_before=clock.now() + timedelta(hours=1), clock=clock)
    at_once = sent(line, "at once", clock=clock)
    for message in (later, at_once):
        carry(message.id, clock=clock)
    assert (now_of(later.id).state, now_of(at_once.id).state) == (W, S)


def test_what_stands_behind_another_is_called_when_that_is_over(database: Any, provider: Provider) -> None:
    line = made_line(base=provider.address)
    wrote(line)
    messages = [sent(line, f"{number}") for number in range(6)]
    run_worker(wait=False, concurrency=3)
    assert {now_of(message.id).state for message in messages} == {S}
    assert [asked.said["text"]["body"] for asked in provider.asked] == [f"{number}" for number in range(6)]


def test_buckets_name_nobody_and_are_forgotten_when_they_are_empty(
    database: Any, provider: Provider, clock: ManualClock
) -> None:
    line = made_line(base=provider.address, clock=clock)
    wrote(line, clock=clock)
    carry(sent(line, clock=clock).id, clock=clock)
    assert BucketRow.objects.count() == 2
    assert not any(PERSON in key for key in BucketRow.objects.values_list("key", flat=True))
    assert pair_key(line.id, "wa:1") != pair_key(new_id(), "wa:1")
    clock.advance(timedelta(minutes=10))
    look_after(clock=clock)
    assert not BucketRow.objects.exists()


@pytest.mark.parametrize("text", ["", "80", "0/1", "1/0", "-1/1", "1/6 0", "a/b", "1/1 1 1", "999999/1", "1.5/1"])
def test_a_rate_that_says_nothing_is_as_if_none_were_set(text: str) -> None:
    assert read_rate(text) is None
    assert rates_of("whatsapp", {"rate": text}) == (Rate(80, 1, 80), Rate(1, 6, 10))


@given(st.integers(1, 99999), st.integers(1, 99999), st.integers(1, 99999))
def test_a_rate_is_read_as_it_is_written(messages: int, seconds: int, at_once: int) -> None:
    assert read_rate(f"{messages}/{seconds} {at_once}") == Rate(messages, seconds, at_once)


def test_a_party_known_by_two_lines_has_a_share_of_each(database: Any, provider: Provider, clock: ManualClock) -> None:
    one = made_line(base=provider.address, clock=clock, rate_pair="1/60")
    two = made_line(base=provider.address, clock=clock, rate_pair="1/60", address="2")
    for line in (one, two):
        wrote(line, Party(line.scope, f"wa:{PERSON}"), clock=clock)
        carry(sent(line, clock=clock).id, clock=clock)
    assert len(provider.asked) == 2
