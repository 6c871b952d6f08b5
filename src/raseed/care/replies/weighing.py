"""The scales: how near a sentence is to filler, and a reply to those that sent customers away.

A sentence is cut into pieces of three to five letters within a word, so that clitics, dialects and spellings share most of
them, and beside the pieces stands what the rules found in it (``evidence.py``). Each piece has a weight, learnt by
``benchmarks/_care_replies_weights.py`` from the labelled replies and kept as a file. A reply is filler when its fullest sentence
is. Nothing here is random: the same text weighs the same.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from .evidence import SCRIPTS, evidence
from .lexicons import Lexicon

FILLER, TONE = 0, 1
FILLER_FROM: Final = {"ar": -0.9, "he": -0.8, "en": -0.7}
TONE_FROM: Final = {"ar": 0.6, "he": 0.9, "en": 1.6}
"""From here on a reply is stopped; chosen on replies that the weights hadn't seen, false flags first."""
EXACT: Final = frozenset({"#fact_0", "#asks_0", "#courtesy_0", "#answers_0"})
FILLER_MORE_FOR_EXACT: Final = 1.0
"""A sentence in which the rules find a fact, a needed question, a closing courtesy or an answer has to weigh so much more."""
PIECE_LETTERS: Final = (3, 4, 5)
EVIDENCE_COUNTS: Final = 6
"""What the rules found counts as much as so many pieces."""
SENTENCES_MAX: Final = 200
TONE_WORDS_MIN: Final = 4
"""Fewer words are too few to say how a reply sounds."""
_SENTENCE: Final = re.compile(r"(?<=[.!?\n])(?!\d)\s*")
_FIGURE: Final = re.compile(r"\d+(?:[.,:]\d+)*")
_WORD: Final = re.compile(r"\w+(?:'\w+)?|[?!]")
_SCRIPT_LETTERS_MIN: Final = 3


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights of a language: for each piece, towards filler and towards a tone; ``None`` where it doesn't count."""

    pieces: dict[str, tuple[float | None, float | None]]
    biases: tuple[float, float]

    def weigh(self, pieces: frozenset[str], scale: int) -> float:
        """Return the weight of pieces: above zero is nearer to what is looked for."""
        told = [one[scale] for piece in pieces if (one := self.pieces.get(piece)) is not None]
        counted = [weight for weight in told if weight is not None]
        return self.biases[scale] + sum(counted) / math.sqrt(max(1, len(counted)))

    def of_word(self, word: str) -> float:
        """Return what a word adds towards a tone."""
        return sum((self.pieces.get(piece) or (None, None))[TONE] or 0.0 for piece in letters(word))


@cache
def weights(language: str) -> Weights:
    """Return the weights of a language, read once."""
    lines = resources.files(__package__).joinpath("rules", f"{language}.weights.tsv").read_text(encoding="utf-8")
    pieces: dict[str, tuple[float | None, float | None]] = {}
    for line in lines.split("\n")[1:]:
        if line:
            piece, filler, tone = line.split("\t")
            pieces[piece] = (int(filler) / 1000 if filler else None, int(tone) / 1000 if tone else None)
    filler_bias, tone_bias = pieces.pop("#bias")
    return Weights(pieces, (filler_bias or 0.0, tone_bias or 0.0))


def letters(word: str) -> Iterator[str]:
    """Yield the pieces of a word, its borders marked by spaces."""
    marked = f" {word} "
    for length in PIECE_LETTERS:
        for place in range(len(marked) - length + 1):
            yield marked[place : place + length]


def pieces_of(text: str, rules: Lexicon) -> frozenset[str]:
    """Return the pieces of a normalised text and what the rules find in it."""
    found = {piece for word in set(_WORD.findall(_FIGURE.sub("0", text))) for piece in letters(word)}
    found.update(f"#{name}_{count}" for name in evidence(text, rules) for count in range(EVIDENCE_COUNTS))
    return frozenset(found)


def sentences_of(text: str) -> list[str]:
    """Return the sentences of a normalised text that have a word."""
    return [one for one in _SENTENCE.split(text, maxsplit=SENTENCES_MAX) if re.search(r"\w", one)]


def is_filler(text: str, lexicons: Sequence[Lexicon]) -> bool:
    """Say whether no sentence of a normalised text carries anything."""
    for sentence in sentences_of(text):
        for rules in lexicons:
            if len(SCRIPTS[rules.language].findall(sentence)) >= _SCRIPT_LETTERS_MIN:
                pieces = pieces_of(sentence, rules)
                least = FILLER_FROM[rules.language] + (FILLER_MORE_FOR_EXACT if pieces & EXACT else 0)
                if weights(rules.language).weigh(pieces, FILLER) < least:
                    return False
    return True


def tone_at(text: str, rules: Lexicon) -> tuple[int, int] | None:
    """Return the stretch that weighs most in a normalised text worded like those that sent customers away, or ``None``."""
    own = weights(rules.language)
    if len(_WORD.findall(text)) < TONE_WORDS_MIN:
        return None
    if own.weigh(pieces_of(text, rules), TONE) < TONE_FROM[rules.language]:
        return None
    best, best_at, running, began = 0.0, (0, len(text)), 0.0, 0
    for word in _WORD.finditer(text):
        if running <= 0:
            running, began = 0.0, word.start()
        running += own.of_word(_FIGURE.sub("0", word.group()))
        if running > best:
            best, best_at = running, (began, word.end())
    return best_at
