"""The named statements of the file beside this one."""

from __future__ import annotations

from typing import Final

from ..statements import named_statements
from ..statements import run_statement as run

STATEMENTS: Final = named_statements(__package__)

__all__ = ["STATEMENTS", "run"]
