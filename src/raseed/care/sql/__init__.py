"""The statements of care that matter, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from raseed.platform.api import named_statements, run_statement

STATEMENTS: Final = named_statements(__package__, "conversations.sql")
REPORTS: Final = named_statements(__package__, "reports.sql")
"""What reports count; they are put into statements by ``reports.counting``."""


def run(name: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
    """Run a statement on Django's connection and return its rows."""
    return run_statement(STATEMENTS[name], parameters)
