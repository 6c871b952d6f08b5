"""What open desks hear: that something changed, and not what."""

from __future__ import annotations

import asyncio

from django.db import transaction

from raseed.care.cards.pulse import beat, pulse
from raseed.care.events import CASE_CHANGED, CONVERSATION_CHANGED
from raseed.care.http.rail import CareChanges
from raseed.platform.api import emit
from raseed.platform.models import DeliveryRow
from raseed.platform.rail.pool import Pool


def test_the_number_grows_and_never_goes_back(database: object) -> None:
    del database
    before = pulse()
    beat()
    grown = pulse()
    assert grown > before
    with transaction.atomic():
        beat()
        transaction.set_rollback(True)
    assert pulse() >= grown


def test_what_changes_is_owed_to_the_pulse(database: object) -> None:
    del database
    with transaction.atomic():
        for name in (CONVERSATION_CHANGED, CASE_CHANGED):
            emit(name, {"conversation_id": "0190a0b0-0000-7000-8000-00000000abcd", "version": 2})
    owed = set(DeliveryRow.objects.values_list("handler", flat=True))
    assert {"care.pulse_of_conversations", "care.pulse_of_cases"} <= owed


def test_the_stream_says_a_number_and_nothing_else() -> None:
    async def story() -> None:
        stream = CareChanges(Pool())
        (route,) = stream.routes()
        assert (route.path, route.scope) == ("/care/v1/changes", None)
        await stream.close()

    asyncio.run(story())
