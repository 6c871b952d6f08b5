"""What strangers send as text, made fit to be kept and shown: nothing unseen in names, nothing in texts that turns a page around.

Unlike what our own forms take, nothing is refused here: a message is kept whatever it looks like. Its bytes are in its item.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Final

from .domain import NAME_LENGTH_MAX, TEXT_LENGTH_MAX

ID_LENGTH_MAX: Final = 300
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_TURNING: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Embeddings, overrides and isolates: the direction of a text is its own letters' (Unicode standard annex 9)."""
_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_PILED: Final = re.compile(
    r"((?:[\u0300-\u036f\u0483-\u0489\u20d0-\u20f0]){8})[\u0300-\u036f\u0483-\u0489\u20d0-\u20f0]+"
)
"""Marks piled on one letter until they cover the lines above; what a language writes stays far below eight."""


def shown_name(text: str, *, length_max: int = NAME_LENGTH_MAX) -> str:
    """Return a name that a sender gave, on one line and without what can't be seen; it may be empty."""
    seen = "".join(" " if unicodedata.category(c) in _UNSEEN and c.isspace() else c for c in text[: 8 * length_max])
    seen = "".join(c for c in seen if unicodedata.category(c) not in _UNSEEN)
    normal = unicodedata.normalize("NFC", _PILED.sub(r"\1", seen))
    return " ".join(normal.split())[:length_max].rstrip()


def shown_text(text: str, *, length_max: int = TEXT_LENGTH_MAX) -> str:
    """Return a message's text: plain line ends, no controls, no turning; joiners stay, which words and emoji need."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n\n")
    plain = _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", _CONTROLS.sub("", _TURNING.sub("", lines)))
    return _PILED.sub(r"\1", plain)[:length_max]


def safe_id(text: str, *, length_max: int = ID_LENGTH_MAX) -> str:
    """Return an id of a provider's as it is; one that can't be kept so (too long, unprintable) by its digest."""
    if len(text) <= length_max and text.isprintable():
        return text
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def shown_file_name(text: str) -> str:
    """Return a file's name without folders, or nothing."""
    return shown_name(re.split(r"[/\\]", text)[-1]).lstrip(".")
