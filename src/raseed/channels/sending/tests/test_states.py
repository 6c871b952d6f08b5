"""A state never goes backwards, whatever is told in whatever order; Python and the database hold the same table."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raseed.channels.api import OutgoingState, apply_status
from raseed.channels.models import AttemptRow, OutgoingRow
from raseed.channels.sending.carrying import carry
from raseed.channels.sending.states import ANEW, HEARD, RANK, STEPS, after_status
from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.kernel.ids import new_id

from .providers import Provider, graph_error, made_line, now_of, person, sent, wrote

_states = st.sampled_from(list(OutgoingState))
_heard = st.sampled_from(sorted(HEARD))


@given(_states, st.lists(st.tuples(_heard, st.booleans()), max_size=12))
def test_no_sequence_of_statuses_takes_a_message_back(start: OutgoingState, told: list[tuple[Any, bool]]) -> None:
    state = start
    for heard, of_last in told:
        after = after_status(state, heard, of_last_attempt=of_last)
        assert after is state or (state, after) in STEPS
        assert RANK[after] >= RANK[state]
        state = after


@given(st.permutations([OutgoingState.SENT, OutgoingState.DELIVERED, OutgoingState.READ] * 2), st.randoms())
def test_statuses_in_any_order_and_repeated_end_the_same(told: list[OutgoingState], random: Any) -> None:
    ends = set()
    for order in (told, random.sample(told, len(told))):
        state = OutgoingState.UNKNOWN
        for heard in order:
            state = after_status(state, heard, of_last_attempt=True)
        ends.add(state)
    assert ends == {OutgoingState.READ}


def test_the_only_way_down_is_back_to_waiting() -> None:
    assert {step for step in STEPS if RANK[step[1]] < RANK[step[0]]} == {(OutgoingState.SENDING, OutgoingState.WAITING)}


def _row(line_id: UUID, state: OutgoingState) -> OutgoingRow:
    now = SYSTEM_CLOCK.now()
    return OutgoingRow.objects.create(
        id=new_id(), line_id=line_id, institution_id=new_id(), channel="whatsapp", purpose="reply", to_scope="waba:1",
        to_external_id="wa:1", text="one", digest=b"d", created_at=now, state=state.value,
        next_try_at=now if state is OutgoingState.WAITING else None,
        lease_until=now if state is OutgoingState.SENDING else None, reason_code="refused",
    )  # fmt: skip


def test_the_database_refuses_every_step_that_is_not_in_the_table(database: Any) -> None:
    now, line_id = SYSTEM_CLOCK.now(), new_id()
    wrong = []
    for before, after, anew in itertools.product(OutgoingState, OutgoingState, (False, True)):
        if before is after and not anew:
            continue
        row = _row(line_id, before)
        legal = before in ANEW and after is OutgoingState.WAITING if anew else (before, after) in STEPS
        try:
            with transaction.atomic():
                OutgoingRow.objects.filter(id=row.id).update(
                    state=after.value,
                    round=int(anew),
                    next_try_at=now if after is OutgoingState.WAITING else None,
                    lease_until=now if after is OutgoingState.SENDING else None,
                )
                taken = True
        except IntegrityError:
            taken = False
        if taken is not legal:
            wrong.append((before, after, anew))
    assert not wrong


@pytest.mark.parametrize(
    "change", ["text = 'two'", "to_external_id = 'wa:2'", "round = 2", "attempts = -1", "digest = 'e'", "id = line_id"]
)
def test_what_was_to_be_sent_and_to_whom_never_changes(database: Any, change: str) -> None:
    _row(new_id(), OutgoingState.WAITING)
    with pytest.raises(IntegrityError), connection.cursor() as cursor:
        cursor.execute(f"UPDATE channels_outgoing SET {change}")


def test_what_is_still_to_leave_can_not_be_deleted_and_an_outcome_is_written_once(
    database: Any, provider: Provider
) -> None:
    line = made_line(base=provider.address)
    wrote(line)
    message = sent(line)
    with pytest.raises(IntegrityError):
        OutgoingRow.objects.all().delete()
    carry(message.id)
    for change in ({"outcome": "refused"}, {"outcome": ""}, {"provider_id": "another"}, {"number": 2}):
        with pytest.raises(IntegrityError):
            AttemptRow.objects.update(**change)


_moves = st.lists(
    st.one_of(
        st.tuples(st.just("status"), st.sampled_from(["sent", "delivered", "read", "played", "failed", "warning"])),
        st.tuples(st.just("carry"), st.sampled_from(["yes", "no", "garbage", "busy", "hang up"])),
        st.tuples(st.just("later"), st.integers(1, 5000)),
    ),
    min_size=1,
    max_size=10,
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=_moves)
def test_a_message_that_lives_through_anything_never_goes_back_and_is_taken_at_most_once(
    module_world: tuple[Any, Provider], moves: list[tuple[str, Any]]
) -> None:
    line, provider = module_world
    clock = ManualClock(SYSTEM_CLOCK.now())
    to = person(line, f"2010{new_id().int % 10**8:08}")
    wrote(line, to, clock=clock)
    provider.asked.clear()
    message = sent(line, to=to, clock=clock)
    answers = {
        "yes": (200, {"messages": [{"id": f"wamid.{message.id}"}]}),
        "no": (400, graph_error(131026)),
        "garbage": (200, b"{}"),
        "busy": (429, graph_error(130429)),
        "hang up": (None, None),
    }
    best = 0
    for kind, what in moves:
        before = now_of(message.id)
        if kind == "status":
            apply_status(
                line_id=line.id, provider_id=f"wamid.{message.id}", state=what, at=clock.now(), clock=clock,
                client_message_id=message.id,
            )  # fmt: skip
        elif kind == "carry":
            provider.answers = [answers[what]]
            carry(message.id, clock=clock)
        else:
            clock.advance(timedelta(seconds=what))
        after = now_of(message.id)
        assert before.state is after.state or (before.state, after.state) in STEPS or kind == "carry"
        best = max(best, RANK[after.state])
        assert RANK[after.state] == best or after.state is OutgoingState.WAITING
    taken = AttemptRow.objects.filter(message_id=message.id, outcome__in=["taken", "unknown"])
    assert taken.count() <= 1


@pytest.fixture
def module_world(database: Any, provider: Provider) -> tuple[Any, Provider]:
    return made_line(base=provider.address, rate="5000/1", rate_pair="5000/1"), provider
