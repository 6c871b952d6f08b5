"""The named statements of ``statements.sql``."""

from __future__ import annotations

from typing import Final

from raseed.platform.api import named_statements, run_statement

STATEMENTS: Final = named_statements(__package__)
run = run_statement
