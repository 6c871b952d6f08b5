"""How questions and answers are found by words: by their folded letters, the article left out, the fullest match first.

Two questions are alike as far as the words that tell something are the same: of both, and of the one that has fewer others, by
their length, in thousandths. Words that any question has tell nothing; another number is another question.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.db.models import Q

from raseed.kernel.text import bare_forms, fold, parts_of, without_any, without_article

WORDS_MAX: Final = 12
WORD_LENGTH_MIN: Final = 2
ALIKE_MAX: Final = 5
ALIKE_MIN: Final = 650
"""From here on, in thousandths, a question is offered as perhaps the same; measured in ``tests/alike.py``."""
_BEGINNING: Final = 4
"""Words that begin with so many letters alike are forms of one word, unless one is much longer."""
_LONGER_MAX: Final = 3
_WEIGHT_MAX: Final = 7
_PERSONS: Final = "يتن"
"""What an Arabic verb begins with by who does it: she returns, he returns, we return."""
_COMMON: Final = frozenset(
    map(
        without_article,
        fold(
            "a an and any are as at be can come comes did do does for from had has have how i if in is it its long many much my of on or our"
            " out possible take takes that the their there they this to until was we what when where which who why will with would you your"
            " متى هل ما ماذا هي هو كم كيف اين لماذا ليه لم لا في من الى على عن مع ان او و يوم يمكن ممكن هذا هذه يوجد عند بعد قبل لي"
            " שלי שלך של את על אל עם מה מי מתי איך איפה למה מדוע האם כמה יש אין לא זה זו הוא היא יום זמן ביום לוקח לוקחת אני"
        ).split(),
    )
)


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


def telling_words(question: str) -> frozenset[str]:
    """Return the words of a question that tell what it is about."""
    words = {without_article(word) for word in parts_of(fold(question))}
    return frozenset(word for word in words if word not in _COMMON and (len(word) >= WORD_LENGTH_MIN or word.isdigit()))


def beginnings_of(words: Iterable[str]) -> tuple[str, ...]:
    """Return what a text has at least one of, if it has one of the words in some form."""
    return tuple(sorted({form[:_BEGINNING] for word in words for form in (word, *bare_forms(word))}))


def likeness(one: frozenset[str], other: frozenset[str]) -> int:
    """Return how much two questions have in common by their ``telling_words``, in thousandths."""
    numbers = [{word for word in words if word.isdigit()} for words in (one, other)]
    if all(numbers) and numbers[0].isdisjoint(numbers[1]):
        return 0
    wholes = _weight(one), _weight(other)
    if not all(wholes):
        return 0
    shared = _weight(_found_in(one, other)), _weight(_found_in(other, one))
    covered = max(1000 * part // whole for part, whole in zip(shared, wholes, strict=True))
    return (1000 * sum(shared) // sum(wholes) + covered) // 2


def _weight(words: Iterable[str]) -> int:
    return sum(min(len(word), _WEIGHT_MAX) for word in words)


def _found_in(words: frozenset[str], others: frozenset[str]) -> list[str]:
    return [word for word in words if any(_is_one_word(word, other) for other in others)]


def _is_one_word(one: str, other: str) -> bool:
    forms, others = ({word, *bare_forms(word), *without_any(word, _PERSONS)} for word in (one, other))
    if not forms.isdisjoint(others):
        return True
    return any(
        first[:_BEGINNING] == second[:_BEGINNING] and len(first) >= _BEGINNING <= len(second)
        and abs(len(first) - len(second)) <= _LONGER_MAX
        for first in forms
        for second in others
    )  # fmt: skip
