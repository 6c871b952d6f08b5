"""The breaker of each lane, kept in its row: asks that nobody answers open it, an answer closes it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from ..domain import Unknown
from ..sql import STATEMENTS, run
from .domain import BREAKER_FAILURES, Heard, breaker_pause


def note_answers(heard: Sequence[Heard], now: datetime) -> None:
    """Count what lanes answered. First in its transaction: lanes are locked before errands."""
    failed: dict[str, list[Heard]] = defaultdict(list)
    answered = set()
    for each in heard:
        if isinstance(each.answer, Unknown) and not each.answer.reached:
            failed[each.claim.errand.lane].append(each)
        else:
            answered.add(each.claim.errand.lane)
    silent = {lane: its for lane, its in failed.items() if lane not in answered}
    lanes = {"silent": list(silent), "answered": list(answered)}
    for code, *standing in run(STATEMENTS["lock_lanes"], lanes):
        if code in answered:
            run(STATEMENTS["lane_answers"], {"code": code})
        else:
            _note_silence(code, silent[code], *standing, now=now)


def _note_silence(
    code: str,
    its: Sequence[Heard],
    failures: int,
    openings: int,
    opened_at: datetime | None,
    retry_at: datetime | None,
    *,
    now: datetime,
) -> None:
    """Open the breaker of a lane that has failed too often in a row, and for longer that of one whose probe has failed.

    What was in the air already when a breaker opened says nothing new.
    """
    count = failures + len(its)
    opens = retry_at is None and count >= BREAKER_FAILURES
    if opens or (retry_at is not None and any(each.claim.probe for each in its)):
        opened_at, retry_at = opened_at or now, now + breaker_pause(openings + 1)
        openings += 1
    last = its[-1].answer
    run(
        STATEMENTS["lane_fails"],
        {
            "code": code,
            "failures": count,
            "openings": openings,
            "opened_at": opened_at,
            "retry_at": retry_at,
            "last_code": last.code if isinstance(last, Unknown) else "",
        },
    )
