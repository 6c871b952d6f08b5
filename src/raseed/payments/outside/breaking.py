"""The breaker of each lane, kept in its row: asks that nobody answers open it, an answer closes it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
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
    if answered:
        run(STATEMENTS["lanes_answer"], {"codes": sorted(answered)})
    silent = {lane: its for lane, its in failed.items() if lane not in answered}
    if silent:
        _note_failures(silent, now)


def _note_failures(silent: Mapping[str, Sequence[Heard]], now: datetime) -> None:
    """Open the breakers of lanes that have failed too often in a row, and for longer those whose probe has failed.

    What was in the air already when a breaker opened says nothing new.
    """
    for code, before, openings, opened_at, retry_at in run(STATEMENTS["lock_lanes"], {"codes": sorted(silent)}):
        its = silent[code]
        failures, times, since, again = before + len(its), openings, opened_at, retry_at
        opens = retry_at is None and failures >= BREAKER_FAILURES
        if opens or (retry_at is not None and any(each.claim.probe for each in its)):
            times, since, again = openings + 1, opened_at or now, now + breaker_pause(openings + 1)
        run(
            STATEMENTS["lane_fails"],
            {
                "code": code,
                "failures": failures,
                "openings": times,
                "opened_at": since,
                "retry_at": again,
                "last_code": its[-1].answer.code if isinstance(its[-1].answer, Unknown) else "",
            },
        )
