"""How questions and answers are found by words: by their folded letters, the article left out, the fullest match first."""

from __future__ import annotations

from typing import Final

from django.db.models import Q

from raseed.kernel.text import fold, parts_of, without_article

WORDS_MAX: Final = 12
WORD_LENGTH_MIN: Final = 2


def key_of(*texts: str) -> str:
    """Return what texts are found by."""
    return f" {fold(' '.join(texts))} "


def words_of(search: str) -> tuple[str, ...]:
    """Return the words that a search looks for, folded, without the Arabic article, the longest first."""
    words = {without_article(word) for word in parts_of(fold(search))}
    return tuple(sorted((word for word in words if len(word) >= WORD_LENGTH_MIN), key=lambda word: (-len(word), word)))[
        :WORDS_MAX
    ]


def any_word(words: tuple[str, ...]) -> Q:
    """Return the condition that a row's key has one of the words at least."""
    wanted = Q()
    for word in words:
        wanted |= Q(key__contains=word)
    return wanted


def score(key: str, words: tuple[str, ...]) -> int:
    """Return how much of a search a key has: longer words count more, and so does a word that begins there."""
    return sum(len(word) * (2 if f" {word}" in key else 1) for word in words if word in key)
