"""What logs tell of an exception names nobody."""

from __future__ import annotations

import pytest
import structlog


def test_a_traceback_in_the_log_has_no_values_and_quotes_no_row(capsys: pytest.CaptureFixture[str]) -> None:
    told = "a row is wrong\nDETAIL:  Failing row contains (Mona, +201001234567)."

    def fail(said: str) -> None:
        raise LookupError(said)

    try:
        fail(told)
    except LookupError as error:
        structlog.get_logger("raseed.test").exception("not_done", error=type(error).__name__)
    written = capsys.readouterr().out
    assert "not_done" in written
    assert "a row is wrong" in written
    assert "in fail" in written
    assert "Mona" not in written
    assert "+2010" not in written
