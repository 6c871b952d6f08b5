"""The named statements of the files beside this one."""

from __future__ import annotations

from typing import Final

from raseed.platform.api import named_statements, run_statement

STATEMENTS: Final = named_statements(__package__, "statements.sql", "late.sql")
run = run_statement
