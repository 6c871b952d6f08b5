"""Names and notes as documents may carry them: nothing in them that can't be seen.

What people enter is cleaned when it comes in (``kernel.text.clean_text``); what other books brought along may hold
anything. A document goes to strangers' programs, so it is looked at again: no control characters (XML 1.0 section 2.2
forbids most), no overrides of direction, no invisible characters, no halves of surrogate pairs.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_SPACES: Final = re.compile(r"\s+")


def plain(text: str, length_max: int | None = None) -> str:
    """Return ``text`` on one line without hidden characters, at most ``length_max`` characters long."""
    if not text.isprintable():  # of what can't be printed, marks of spacing other than the plain one become it
        text = "".join([c for c in _SPACES.sub(" ", text) if unicodedata.category(c) not in _HIDDEN])
    text = _SPACES.sub(" ", text).strip() if "  " in text else text.strip()
    return text if length_max is None or len(text) <= length_max else text[: length_max - 1].rstrip() + "…"
