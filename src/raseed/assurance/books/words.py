"""What checks and findings are called, as message ids."""

from __future__ import annotations

from typing import Final

from raseed.kernel.errors import mark

from .registry import check_named
from .running import NOT_ASKED

NOT_ASKED_WORDS: Final = mark("The check could not be asked")


def code_words(check_name: str, code: str) -> str:
    """Return what a check found, as a message id; of a check that is no more, the code itself."""
    if code == NOT_ASKED:
        return NOT_ASKED_WORDS
    check = check_named(check_name)
    return check.codes.get(code, code) if check else code


def check_words(check_name: str) -> str:
    """Return what a check asks, as a message id; of a check that is no more, its name."""
    check = check_named(check_name)
    return check.words if check else check_name
