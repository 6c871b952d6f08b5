"""Which of our languages a program's reader wants: the header ``Accept-Language`` (RFC 9110, 12.5.4)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

LANGUAGES: Final = ("en", "ar", "he")
"""The first is for who does not say."""
_OLD_NAMES: Final = {"iw": "he"}
_HEADER_BYTES_MAX: Final = 200


@lru_cache(maxsize=256)
def reader_language(accept_language: bytes) -> str:
    """Return the language of ours that is wanted most; English where none is."""
    best, weight = LANGUAGES[0], 0.0
    for part in accept_language[:_HEADER_BYTES_MAX].decode("ascii", "replace").lower().split(","):
        tag, _, parameter = part.strip().partition(";")
        language = tag.strip().split("-")[0]
        language = _OLD_NAMES.get(language, language)
        if language in LANGUAGES and (given := _weight(parameter)) > weight:
            best, weight = language, given
    return best


def _weight(parameter: str) -> float:
    name, _, value = parameter.replace(" ", "").partition("=")
    if name != "q":
        return 1.0
    try:
        return min(float(value), 1.0)
    except ValueError:
        return 0.0
