"""What is kept for minutes or for a year is deleted when its time is over: proofs, challenges, phone changes, sign-ins."""

from __future__ import annotations

from typing import Final

from django.db import connection

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.platform.jobs import app

from .persons.phone_change import KEPT as PHONE_CHANGES_KEPT
from .sign_in.signed_in import KEPT as SIGN_INS_KEPT

ROWS_MAX: Final = 100_000
# Rows that someone holds are left for the next time.
_DELETE: Final = """
DELETE FROM {table} WHERE {key} IN (
    SELECT {key} FROM {table} WHERE {at} < %s LIMIT %s FOR UPDATE SKIP LOCKED)
"""
_PROOFS: Final = _DELETE.format(table="people_proof", key="token_hash", at="expires_at")
_CHALLENGES: Final = _DELETE.format(table="people_challenge", key="challenge_hash", at="expires_at")
_PHONE_CHANGES: Final = _DELETE.format(table="people_phone_change", key="id", at="expires_at")
_SIGN_INS: Final = _DELETE.format(table="people_signed_in", key="id", at="at")


@app.periodic(cron="27 * * * *")
@app.task(name="people.forget_expired", queue="upkeep", queueing_lock="people.forget_expired")
def forget_expired(timestamp: int) -> None:
    """Delete what is over."""
    del timestamp
    now = SYSTEM_CLOCK.now()
    with connection.cursor() as cursor:
        for statement, before in (
            (_PROOFS, now),
            (_CHALLENGES, now),
            (_PHONE_CHANGES, now - PHONE_CHANGES_KEPT),
            (_SIGN_INS, now - SIGN_INS_KEPT),
        ):
            cursor.execute(statement, [before, ROWS_MAX])
