"""The named statements of ``statements.sql``."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Final

_NAMED: Final = re.compile(r"^-- name: (\w+)\n(.*?)(?=^-- name: |\Z)", re.MULTILINE | re.DOTALL)

STATEMENTS: Final = dict(_NAMED.findall(files(__package__).joinpath("statements.sql").read_text(encoding="utf-8")))
