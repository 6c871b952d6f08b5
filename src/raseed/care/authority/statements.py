"""The named statements of authority, and a way to run one by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from raseed.platform.api import named_statements, run_statement

_STATEMENTS: Final = named_statements("raseed.care.sql", "authority.sql")


def run(name: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
    """Run the statement of that name; see ``run_statement``."""
    return run_statement(_STATEMENTS[name], parameters)
