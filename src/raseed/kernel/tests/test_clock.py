"""A clock is aware, tells UTC, and never goes back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock


def test_the_systems_clock_is_aware_and_in_utc() -> None:
    assert SYSTEM_CLOCK.now().tzinfo is UTC


def test_a_manual_clock_stands_still_until_moved() -> None:
    clock = ManualClock(datetime(2025, 3, 1, 14, 0, tzinfo=timezone(timedelta(hours=2))))
    assert clock.now() == clock.now() == datetime(2025, 3, 1, 12, 0, tzinfo=UTC)
    clock.advance(timedelta(seconds=1))
    assert clock.now() == datetime(2025, 3, 1, 12, 0, 1, tzinfo=UTC)


def test_a_manual_clock_refuses_to_go_back_or_to_start_without_a_zone() -> None:
    with pytest.raises(ValueError, match="aware"):
        ManualClock(datetime(2025, 3, 1))  # noqa: DTZ001  (that it has no zone is the point)
    with pytest.raises(ValueError, match="back"):
        ManualClock(datetime(2025, 3, 1, tzinfo=UTC)).advance(timedelta(microseconds=-1))
