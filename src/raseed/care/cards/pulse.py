"""A number that grows whenever a conversation or a case changed: what open desks are told, and all that they are told.

It is a sequence of the database: the handlers of events advance it without waiting for each other, and reading it costs
nothing. It may skip; it never goes back.
"""

from __future__ import annotations

from django.db import connection

from raseed.platform.api import Event, subscribe

from ..events import CASE_CHANGED, CONVERSATION_CHANGED


def pulse() -> int:
    """Return the number."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value + is_called::int FROM care_pulse")
        return int(cursor.fetchone()[0])


def beat(_event: Event | None = None) -> None:
    """Let it grow."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('care_pulse')")


@subscribe(CONVERSATION_CHANGED, handler_name="care.pulse_of_conversations")
def on_conversation(event: Event) -> None:
    """Hear that a conversation changed."""
    beat(event)


@subscribe(CASE_CHANGED, handler_name="care.pulse_of_cases")
def on_case(event: Event) -> None:
    """Hear that a case changed."""
    beat(event)
