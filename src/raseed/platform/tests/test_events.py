"""A fact reaches every handler at least once, one that fails stops no other, and what was given up can be replayed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import NotFound
from raseed.kernel.ids import new_id
from raseed.platform import events
from raseed.platform.api import Event, emit, failed_deliveries, replay_delivery, run_worker, subscribe
from raseed.platform.models import DeliveryRow, EventRow


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """What a handler called ``test.listen`` heard."""
    monkeypatch.setattr(events, "_handlers", {})
    told: list[Event] = []

    @subscribe("test.happened", handler_name="test.listen")
    def listen(event: Event) -> None:
        told.append(event)

    return told


def test_a_fact_reaches_its_handler_through_the_worker(database: Any, heard: list[Event]) -> None:
    institution_id = new_id()
    with transaction.atomic():
        event_id = emit("test.happened", {"count": 3}, version=2, institution_id=institution_id)
        emit("test.something_else", {})
    assert heard == []
    run_worker(wait=False)
    (event,) = heard
    assert (event.id, event.name, event.version, event.payload) == (event_id, "test.happened", 2, {"count": 3})
    assert (event.institution_id, DeliveryRow.objects.count(), EventRow.objects.count()) == (institution_id, 0, 2)


def test_a_fact_that_was_rolled_back_is_told_to_nobody(database: Any, heard: list[Event]) -> None:
    with transaction.atomic():
        emit("test.happened", {})
        transaction.set_rollback(True)
    run_worker(wait=False)
    assert heard == []
    assert EventRow.objects.count() == 0


def test_a_fact_outside_a_transaction_is_a_bug_of_ours(database: Any) -> None:
    with pytest.raises(AssertionError):
        emit("test.happened", {})


def test_a_repeated_job_tells_a_handler_nothing_new(database: Any, heard: list[Event]) -> None:
    with transaction.atomic():
        emit("test.happened", {})
    delivery_id = DeliveryRow.objects.get().id
    for _ in range(3):
        events.deliver_event(delivery_id=delivery_id)
    assert len(heard) == 1


def test_a_failing_handler_stops_no_other_and_its_writes_are_undone(database: Any, heard: list[Event]) -> None:
    @subscribe("test.happened", handler_name="test.fail")
    def fail(event: Event) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        emit("test.half_done", {})
        raise RuntimeError("no")

    with transaction.atomic():
        emit("test.happened", {})
    for delivery in DeliveryRow.objects.all():
        events.deliver_event(delivery_id=delivery.id)
    assert len(heard) == 1
    owed = DeliveryRow.objects.get()
    assert (owed.handler, owed.attempts, owed.failed_at, owed.error) == ("test.fail", 1, None, "RuntimeError: no")
    assert owed.due_at > SYSTEM_CLOCK.now()
    assert not EventRow.objects.filter(name="test.half_done").exists()


def test_a_delivery_is_given_up_after_its_bound_and_told_again_when_replayed(database: Any, heard: list[Event]) -> None:
    broken = [True]

    @subscribe("test.happened", handler_name="test.mend")
    def mend(event: Event) -> None:
        if broken[0]:
            raise RuntimeError("still broken")
        heard.append(event)

    with transaction.atomic():
        emit("test.happened", {})
    delivery = DeliveryRow.objects.get(handler="test.mend")
    for _ in range(events.ATTEMPTS_MAX + 2):
        events.deliver_event(delivery_id=delivery.id)
    (failed,) = failed_deliveries()
    assert (failed.handler, failed.attempts, failed.error) == ("test.mend", 8, "RuntimeError: still broken")
    with pytest.raises(NotFound):
        replay_delivery(delivery.id + 1000)
    broken[0] = False
    heard.clear()
    replay_delivery(failed.id)
    run_worker(wait=False)
    assert failed_deliveries() == []
    assert [event.id for event in heard].count(failed.event.id) == 2


def test_a_delivery_whose_job_was_lost_is_swept_up(database: Any, heard: list[Event]) -> None:
    with transaction.atomic():
        emit("test.happened", {})
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
    DeliveryRow.objects.update(due_at=SYSTEM_CLOCK.now() - timedelta(hours=1))
    events.sweep_deliveries(timestamp=0)
    run_worker(wait=False)
    assert len(heard) == 1


def test_a_handlers_name_is_its_own(heard: list[Event]) -> None:
    with pytest.raises(AssertionError):

        @subscribe("test.happened", handler_name="test.listen")
        def other(event: Event) -> None:
            del event
