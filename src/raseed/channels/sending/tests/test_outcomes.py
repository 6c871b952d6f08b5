"""What a provider answers, and what it does not: waits, refusals, and what nobody knows, each in words; never a second send."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from django.db import connections
from django.utils import translation

from raseed.channels.adapters import http
from raseed.channels.api import (
    NothingToRetry,
    NothingToSettle,
    OutgoingState,
    apply_status,
    attempts_of,
    line_standings,
    retry_message,
    set_line_secret,
    settle_message,
    unknown_messages,
)
from raseed.channels.models import EarlyStatusRow, OutgoingRow, StandingRow
from raseed.channels.sending.carrying import TRIES_MAX, carry
from raseed.channels.sending.reasons import CODES, reason
from raseed.channels.sending.upkeep import look_after
from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.kernel.ids import new_id
from raseed.platform.api import failed_deliveries, run_worker

from .providers import INSTITUTION, STAFF, Provider, graph_error, made_line, now_of, person, sent, wrote

W, U, S, F = OutgoingState.WAITING, OutgoingState.UNKNOWN, OutgoingState.SENT, OutgoingState.FAILED


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(SYSTEM_CLOCK.now())


@pytest.mark.parametrize(
    ("status", "said", "state", "code"),
    [
        (400, graph_error(131047), F, "window_closed"),
        (400, graph_error(131026), F, "undeliverable"),
        (400, graph_error(131049), F, "held_back"),
        (400, graph_error(131051), F, "kind_not_supported"),
        (400, graph_error(131053), F, "file_refused"),
        (400, graph_error(132000), F, "template_values"),
        (404, graph_error(132001), F, "template_unknown"),
        (400, graph_error(131062), F, "needs_number"),
        (403, graph_error(10), F, "not_permitted"),
        (400, graph_error(999999), F, "refused"),
        (404, b"<html>not found</html>", F, "refused"),
        (429, graph_error(130429), W, "rate_limited"),
        (400, graph_error(131056), W, "pair_limited"),
        (400, graph_error(80007), W, "rate_limited"),
        (429, b"slow down", W, "rate_limited"),
        (500, graph_error(131000), W, "provider_trouble"),
        (503, graph_error(2), W, "provider_trouble"),
        (401, graph_error(190), W, "token_expired"),
        (401, b"", W, "token_expired"),
        (500, b"", U, "answer_unclear"),
        (502, b"<html>bad gateway</html>", U, "answer_unclear"),
        (500, graph_error(999999), U, "answer_unclear"),
        (200, b"", U, "answer_unclear"),
        (200, b"garbage", U, "answer_unclear"),
        (200, b"[" * 5000, U, "answer_unclear"),
        (200, {"messages": []}, U, "answer_unclear"),
        (200, {"messages": [{"id": 7}]}, U, "answer_unclear"),
        (None, None, U, "no_answer"),
        (302, b"", U, "answer_unclear"),
    ],
)
def test_an_answer_ends_in_words_and_only_what_was_surely_not_taken_is_tried_again(
    database: Any, provider: Provider, clock: ManualClock, status: int | None, said: Any, state: str, code: str
) -> None:
    line = made_line(base=provider.address, clock=clock)
    wrote(line, clock=clock)
    provider.answers = [(status, said)]
    message = sent(line, clock=clock)
    assert carry(message.id, clock=clock)
    told = now_of(message.id)
    assert told.reason is not None
    assert (told.state, told.reason.code) == (state, code)
    assert [one.outcome for one in attempts_of(message.id)] == [{W: "put_off", F: "refused", U: "unknown"}[told.state]]
    clock.advance(timedelta(hours=2))
    look_after(clock=clock)
    carry(message.id, clock=clock)
    again = {W: 2, F: 1, U: 1}[told.state] if code != "token_expired" else 1
    assert len(provider.asked) == again


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_reason_is_a_sentence_in_each_language(code: str) -> None:
    said = reason(code)
    english = said.sentence
    assert english.endswith(".")
    for language in ("ar", "he"):
        with translation.override(language):
            assert said.words != english


def test_a_provider_that_hangs_leaves_the_message_unknown_and_it_is_never_sent_again_by_itself(
    database: Any, provider: Provider, clock: ManualClock
) -> None:
    line = made_line(base=provider.address, clock=clock)
    wrote(line, clock=clock)
    provider.hang = threading.Event()
    message = sent(line, clock=clock)
    with patch.object(http.ask, "__kwdefaults__", {**(http.ask.__kwdefaults__ or {}), "seconds": 0.2}):
        carry(message.id, clock=clock)
    unknown = now_of(message.id)
    assert (unknown.state, unknown.reason and unknown.reason.code) == (U, "no_answer")
    provider.hang.set()
    for _ in range(5):
        clock.advance(timedelta(minutes=30))
        look_after(clock=clock)
        carry(message.id, clock=clock)
    assert len(provider.asked) == 1
    assert [one.id for one in unknown_messages(INSTITUTION, by=STAFF)] == [message.id]
    assert line_standings(INSTITUTION, by=STAFF)[0].unknown == 1


def test_a_status_settles_what_was_not_known_by_the_name_that_went_along(
    database: Any, provider: Provider, clock: ManualClock
) -> None:
    line = made_line(base=provider.address, clock=clock)
    wrote(line, clock=clock)
    provider.answers = [(None, None)]
    message = sent(line, clock=clock)
    carry(message.id, clock=clock)
    ours = UUID(provider.asked[0].said["biz_opaque_callback_data"])
    apply_status(
        line_id=line.id,
        provider_id="wamid.lost",
        state="delivered",
        at=clock.now(),
        client_message_id=ours,
        clock=clock,
    )
    settled = now_of(message.id)
    assert (settled.state, settled.provider_id) == (OutgoingState.DELIVERED, "wamid.lost")
    assert attempts_of(message.id)[0].outcome == "taken"
    apply_status(line_id=line.id, provider_id="wamid.lost", state="read", at=clock.now(), clock=clock)
    assert now_of(message.id).state is OutgoingState.READ


def test_a_person_settles_what_is_not_known(database: Any, provider: Provider, clock: ManualClock) -> None:
    line = made_line(base=provider.address, clock=clock)
    wrote(line, clock=clock)
    provider.answers = [(None, None), (None, None)]
    arrived, lost = sent(line, "one", clock=clock), sent(line, "two", clock=clock)
    for message in (arrived, lost):
        carry(message.id, clock=clock)
    settle_message(arrived.id, was_sent=True, by=STAFF, reason="the customer answered it", clock=clock)
    settle_message(lost.id, was_sent=False, by=STAFF, reason="the customer shows an empty chat", clock=clock)
    assert now_of(arrived.id).state is S
    failed = now_of(lost.id)
    assert (failed.state, failed.reason and failed.reason.code) == (F, "settled_as_not_sent")
    with pytest.raises(NothingToSettle):
        settle_message(lost.id, was_sent=True, by=STAFF, reason="no, it was", clock=clock)
    retry_message(lost.id, by=STAFF, reason="it never arrived", clock=clock)
    carry(lost.id, clock=clock)
    assert now_of(lost.id).state is S
    assert [asked.said["text"]["body"] for asked in provider.asked] == ["one", "two", "two"]


def test_a_retry_really_sends_and_what_went_wrong_before_stays_in_the_history(
    database: Any, provider: Provider, clock: ManualClock
) -> None:
    line = made_line(base=provider.address, clock=clock)
    wrote(line, clock=clock)
    provider.answers = [(400, graph_error(131026, "not on this channel"))]
    message = sent(line, clock=clock)
    carry(message.id, clock=clock)
    retried = retry_message(message.id, by=STAFF, reason="the customer has it again", clock=clock)
    assert (retried.state, retried.reason, retried.failed_at) == (W, None, None)
    run_worker(wait=False)
    one, two = (asked.said["biz_opaque_callback_data"] for asked in provider.asked)
    assert one == str(message.id) != two
    first, second = attempts_of(message.id)
    assert first.reason is not None
    assert (first.outcome, first.reason.code, first.reason.told) == (
        "refused",
        "undeliverable",
        "131026: not on this channel",
    )
    assert (second.outcome, second.round, second.reason) == ("taken", 1, None)
    with pytest.raises(NothingToRetry):
        retry_message(message.id, by=STAFF, reason="once more", clock=clock)


def test_what_can_not_help_is_not_offered_again(database: Any, provider: Provider, clock: ManualClock) -> None:
    line = made_line(base=provider.address, clock=clock)
    wrote(line, clock=clock)
    provider.answers = [(400, graph_error(131062))]
    message = sent(line, clock=clock)
    carry(message.id, clock=clock)
    with pytest.raises(NothingToRetry):
        retry_message(message.id, by=STAFF, reason="again", clock=clock)


def test_a_provider_in_trouble_is_asked_again_with_growing_pauses_and_then_given_up_in_words(
    database: Any, provider: Provider, clock: ManualClock
) -> None:
    line = made_line(base=provider.address, clock=clock)
    wrote(line, clock=clock)
    provider.answering = lambda _: (500, graph_error(131000))
    message = sent(line, clock=clock)
    pauses = []
    for _ in range(TRIES_MAX - 1):
        assert carry(message.id, clock=clock)
        planned = now_of(message.id).next_try_at
        assert planned is not None
        pauses.append(int((planned - clock.now()).total_seconds()))
        assert not carry(message.id, clock=clock)
        clock.advance(planned - clock.now())
    assert carry(message.id, clock=clock)
    failed = now_of(message.id)
    assert (failed.state, failed.reason and failed.reason.code) == (F, "gave_up")
    assert pauses == sorted(pauses)
    assert pauses[0] == 2
    assert len(provider.asked) == TRIES_MAX == len(attempts_of(message.id))


def test_a_limit_makes_messages_wait_however_long_and_never_fail(
    database: Any, provider: Provider, clock: ManualClock
) -> None:
    line = made_line(base=provider.address, clock=clock)
    wrote(line, clock=clock)
    provider.answering = lambda _: (429, graph_error(130429))
    message = sent(line, clock=clock)
    for _ in range(3 * TRIES_MAX):
        carry(message.id, clock=clock)
        planned = now_of(message.id).next_try_at
        assert planned is not None
        clock.advance(planned - clock.now())
    provider.answering = None
    carry(message.id, clock=clock)
    while now_of(message.id).state is W:
        clock.advance(timedelta(seconds=5))
        carry(message.id, clock=clock)
    assert now_of(message.id).state is S


def test_a_token_that_expires_in_mid_send_stops_the_line_loses_nothing_and_a_new_one_sends_all(
    database: Any, provider: Provider, clock: ManualClock
) -> None:
    line = made_line(base=provider.address, clock=clock)
    wrote(line, clock=clock)
    provider.answering = lambda asked: (
        (401, graph_error(190, "Error validating access token: Session has expired"))
        if asked.headers["Authorization"] == "Bearer EAAG-one"
        else (200, {"messages": [{"id": f"wamid.{len(provider.asked)}"}]})
    )
    messages = [sent(line, f"{number}", clock=clock) for number in range(5)]
    for message in messages:
        carry(message.id, clock=clock)
    assert len(provider.asked) == 1
    assert {now_of(message.id).state for message in messages} == {W}
    (standing,) = line_standings(INSTITUTION, by=STAFF)
    assert standing.needs_token_since == clock.now()
    assert standing.trouble is not None
    assert (standing.trouble.code, standing.waiting) == ("token_expired", 5)
    clock.advance(timedelta(days=0, hours=3))
    look_after(clock=clock)
    assert len(provider.asked) == 1
    set_line_secret(line_id=line.id, name="access_token", value="EAAG-two", by=STAFF)
    look_after(clock=clock)
    for message in messages:
        carry(message.id, clock=clock)
    assert {now_of(message.id).state for message in messages} == {S}
    assert [asked.said["text"]["body"] for asked in provider.asked] == ["0", "0", "1", "2", "3", "4"]
    assert line_standings(INSTITUTION, by=STAFF)[0].needs_token_since is None


def test_an_old_tokens_answer_does_not_stop_a_line_that_has_a_new_one(
    database: Any, provider: Provider, clock: ManualClock
) -> None:
    line = made_line(base=provider.address, clock=clock)
    wrote(line, clock=clock)

    def renewed_meanwhile(asked: Any) -> tuple[int, Any]:
        provider.answering = None
        set_line_secret(line_id=line.id, name="access_token", value="EAAG-two", by=STAFF)
        connections.close_all()
        return 401, graph_error(190)

    provider.answering = renewed_meanwhile
    message = sent(line, clock=clock)
    carry(message.id, clock=clock)
    assert not StandingRow.objects.exclude(needs_token_since=None).exists()
    clock.advance(timedelta(minutes=2))
    carry(message.id, clock=clock)
    assert now_of(message.id).state is S


def test_a_line_whose_provider_does_not_answer_rests_and_lets_one_message_try(
    database: Any, provider: Provider, clock: ManualClock
) -> None:
    line = made_line(base="http://127.0.0.1:9", clock=clock)
    wrote(line, clock=clock)
    messages = [
        sent(line, to=person(line, f"20100000000{n}"), clock=clock) for n in range(8) if wrote_too(line, n, clock)
    ]
    for message in messages:
        carry(message.id, clock=clock)
    assert sum(now_of(message.id).attempts for message in messages) == 3
    (standing,) = line_standings(INSTITUTION, by=STAFF)
    assert standing.rests_until is not None
    assert standing.trouble is not None
    assert standing.trouble.code == "not_reached"
    clock.advance(standing.rests_until - clock.now())
    for message in messages:
        carry(message.id, clock=clock)
    assert sum(now_of(message.id).attempts for message in messages) == 4
    assert {now_of(message.id).state for message in messages} == {W}


def wrote_too(line: Any, number: int, clock: ManualClock) -> bool:
    wrote(line, person(line, f"20100000000{number}"), clock=clock)
    return True


def test_a_provider_that_says_yes_and_does_nothing_shows_no_sign_of_delivery(
    database: Any, provider: Provider, clock: ManualClock
) -> None:
    line = made_line(base=provider.address, clock=clock)
    wrote(line, clock=clock)
    silent, spoken_of = sent(line, "one", clock=clock), sent(line, "two", clock=clock)
    for message in (silent, spoken_of):
        carry(message.id, clock=clock)
    provider_id = now_of(spoken_of.id).provider_id
    apply_status(line_id=line.id, provider_id=provider_id, state="sent", at=clock.now(), clock=clock)
    clock.advance(timedelta(minutes=14))
    look_after(clock=clock)
    assert now_of(silent.id).reason is None
    clock.advance(timedelta(minutes=2))
    look_after(clock=clock)
    told = now_of(silent.id)
    assert (told.state, told.reason and told.reason.code) == (S, "no_sign_of_delivery")
    assert now_of(spoken_of.id).reason is None
    assert len(provider.asked) == 2
    apply_status(line_id=line.id, provider_id=told.provider_id, state="sent", at=clock.now(), clock=clock)
    assert now_of(silent.id).reason is None


def test_a_status_that_overtakes_the_answer_is_kept_until_its_message_is_known(
    database: Any, provider: Provider, clock: ManualClock
) -> None:
    line = made_line(base=provider.address, clock=clock)
    wrote(line, clock=clock)
    for state in ("read", "delivered", "delivered", "sent"):
        apply_status(line_id=line.id, provider_id="wamid.1", state=state, at=clock.now(), clock=clock)
    assert EarlyStatusRow.objects.count() == 3
    message = sent(line, clock=clock)
    carry(message.id, clock=clock)
    assert now_of(message.id).state is OutgoingState.READ
    assert not EarlyStatusRow.objects.exists()


def test_statuses_of_messages_we_never_sent_are_kept_a_while_and_forgotten(database: Any, clock: ManualClock) -> None:
    line = made_line(clock=clock)
    apply_status(line_id=line.id, provider_id="wamid.theirs", state="read", at=clock.now(), clock=clock)
    apply_status(line_id=line.id, provider_id="wamid.odd", state="warning", at=clock.now(), clock=clock)
    apply_status(
        line_id=line.id, provider_id="wamid.x", state="failed", at=clock.now(), client_message_id=new_id(), clock=clock
    )
    assert EarlyStatusRow.objects.count() == 2
    clock.advance(timedelta(days=9))
    look_after(clock=clock)
    assert not EarlyStatusRow.objects.exists()


def test_a_failure_that_is_told_later_says_why_and_can_be_tried_again(
    database: Any, provider: Provider, clock: ManualClock
) -> None:
    line = made_line(base=provider.address, clock=clock)
    wrote(line, clock=clock)
    message = sent(line, clock=clock)
    carry(message.id, clock=clock)
    failed: dict[str, Any] = {
        "line_id": line.id,
        "provider_id": "wamid.1",
        "state": "failed",
        "error_code": 131026,
        "clock": clock,
    }
    apply_status(**failed, at=clock.now(), error_title="Message undeliverable")
    told = now_of(message.id)
    assert told.reason is not None
    assert (told.state, told.reason.code, told.reason.told) == (F, "undeliverable", "131026: Message undeliverable")
    assert told.failed_at == clock.now()
    retry_message(message.id, by=STAFF, reason="they have it again", clock=clock)
    apply_status(**failed, at=clock.now())  # a redelivery of the first attempt's
    assert now_of(message.id).state is W
    carry(message.id, clock=clock)
    apply_status(**failed, at=clock.now())
    assert (now_of(message.id).state, now_of(message.id).provider_id) == (S, "wamid.2")
    assert attempts_of(message.id)[0].reason is not None
    assert OutgoingRow.objects.get().round == 1
    assert failed_deliveries() == []
