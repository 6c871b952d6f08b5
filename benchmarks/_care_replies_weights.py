"""Learn the weights of the check of replies, and say what they are worth on replies that they haven't seen.

``python -m benchmarks._care_replies_weights`` learns from the parts of the set that may be learnt from and writes
``src/raseed/care/replies/rules/*.weights.tsv``; with ``--cross`` it writes nothing, leaves out a third of ``others_building`` at
a time and prints what is caught there. Logistic regression, gradient descent from zero, no chance in it: the same set gives the
same files. Thirds are drawn by the SHA-256 of the id.
"""

from __future__ import annotations

import hashlib
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks._care_replies import LANGUAGES, LabelledReply, labelled
from raseed.care.replies import weighing
from raseed.care.replies.checking import check_reply
from raseed.care.replies.lexicons import lexicon
from raseed.care.replies.words import normalise

LEARNT_FROM: Final = {"development": 1.0, "after": 1.0, "further": 1.5, "others_building": 3.0}
"""The parts, and how much a reply of each counts. The held-out parts and the strangers are never among them."""
RULES: Final = Path(__file__).parents[1] / "src/raseed/care/replies/rules"
PIECES_MAX: Final = 3_000
PIECE_IN_MIN: Final = 2
SMOOTHING: Final = 1e-3
STEPS: Final = 200
ROUNDS: Final = 3
BESIDE_THE_FULLEST: Final = 0.3
"""A good reply's other sentences count so much: most are courtesy."""
THIRDS: Final = 3

Matrix = np.ndarray[Any, np.dtype[np.float64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]
Places = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Learnt:
    """One scale: its pieces with their weights, the last weight being the bias."""

    places: dict[str, int]
    weights: Matrix


def learn(replies: Sequence[LabelledReply]) -> tuple[Learnt, Learnt]:
    """Return the scales of filler and of tone for replies of one language."""
    rules = lexicon(replies[0].language)
    own, texts = [], []
    for place, reply in enumerate(replies):
        text = normalise(reply.text).text
        for sentence in weighing.sentences_of(text) or [text]:
            own.append(place)
            texts.append(weighing.pieces_of(sentence, rules))
    of = np.array(own)
    empty = np.array([reply.label == "empty" for reply in replies])
    good = np.array([reply.is_good for reply in replies])
    counts = np.array([LEARNT_FROM[reply.half] for reply in replies])
    shared = counts[of] / np.sqrt(np.bincount(of)[of])
    plain = good[of] | empty[of]
    chosen = [pieces for pieces, is_plain in zip(texts, plain, strict=True) if is_plain]
    filler = _narrowed(chosen, lambda matrix: _filler(matrix, of[plain], empty[of][plain], shared[plain]))
    wholes = [weighing.pieces_of(normalise(reply.text).text, rules) for reply in replies]
    told = [whole for whole, is_empty in zip(wholes, empty, strict=True) if not is_empty]
    tone = _narrowed(told, lambda matrix: _fit(matrix, ~good[~empty], counts[~empty]))
    return filler, tone


def _filler(matrix: Matrix, of: Places, empty: Mask, counts: Matrix) -> Matrix:
    """Fit so that of a good reply the fullest sentence counts most: what that is, is found in rounds."""
    learnt = _fit(matrix, empty, counts)
    for _ in range(ROUNDS - 1):
        weight = matrix @ learnt
        now = counts.copy()
        for place in np.unique(of[~empty]):
            mine = np.where(of == place)[0]
            fullest = mine[np.argmin(weight[mine])]
            now[mine] *= BESIDE_THE_FULLEST
            now[fullest] = counts[fullest]
        learnt = _fit(matrix, empty, now)
    return learnt


def _narrowed(texts: Sequence[frozenset[str]], fit: Callable[[Matrix], Matrix]) -> Learnt:
    """Fit twice: with every piece, then with those alone that weighed most."""
    seen = Counter(piece for text in texts for piece in text)
    places = {piece: place for place, piece in enumerate(sorted(one for one in seen if seen[one] >= PIECE_IN_MIN))}
    first = fit(_matrix(texts, places))
    names = sorted(places, key=lambda piece: (-abs(first[places[piece]]), piece))[:PIECES_MAX]
    kept = {piece: place for place, piece in enumerate(names)}
    return Learnt(kept, fit(_matrix(texts, kept)))


def _matrix(texts: Sequence[frozenset[str]], places: dict[str, int]) -> Matrix:
    matrix = np.zeros((len(texts), len(places) + 1))
    for row, text in enumerate(texts):
        there = [places[piece] for piece in text if piece in places]
        matrix[row, there] = 1 / np.sqrt(max(1, len(there)))
        matrix[row, -1] = 0.5
    return matrix


def _fit(matrix: Matrix, wanted: Mask, counts: Matrix) -> Matrix:
    counts = np.where(wanted, counts * counts[~wanted].sum() / counts[wanted].sum(), counts)
    counts = counts / counts.sum()
    weights = np.zeros(matrix.shape[1])
    pace = np.zeros(matrix.shape[1])
    for _ in range(STEPS):
        likely = 1 / (1 + np.exp(-(matrix @ weights)))
        pace = 0.9 * pace - 1.2 * (matrix.T @ ((likely - wanted) * counts) + SMOOTHING * weights)
        weights = weights + pace
    return weights


def as_weights(filler: Learnt, tone: Learnt) -> weighing.Weights:
    """Return the weights as the check reads them."""
    pieces: dict[str, tuple[float | None, float | None]] = {}
    for piece in sorted(filler.places.keys() | tone.places.keys()):
        both = [
            round(float(one.weights[one.places[piece]]), 3) if piece in one.places else None for one in (filler, tone)
        ]
        pieces[piece] = (both[0], both[1])
    biases = [round(float(one.weights[-1]) / 2, 3) for one in (filler, tone)]
    return weighing.Weights(pieces, (biases[0], biases[1]))


def written(told: weighing.Weights) -> str:
    """Return the file of weights, in thousandths."""

    def cell(weight: float | None) -> str:
        return "" if weight is None else str(round(weight * 1000))

    rows = [("#bias", told.biases), *told.pieces.items()]
    return "piece\tfiller\ttone\n" + "".join(f"{piece}\t{cell(both[0])}\t{cell(both[1])}\n" for piece, both in rows)


def cross(replies: Sequence[LabelledReply]) -> tuple[list[LabelledReply], dict[str, bool]]:
    """Return the replies of others and whether each was stopped by weights that hadn't seen its third."""
    others = [reply for reply in replies if reply.half == "others_building"]
    thirds = {reply.id: hashlib.sha256(reply.id.encode()).digest()[0] % THIRDS for reply in others}
    stopped = {}
    for third in range(THIRDS):
        told = as_weights(*learn([reply for reply in replies if thirds.get(reply.id) != third]))
        real, weighing.weights = weighing.weights, lambda _language, told=told: told  # type: ignore[assignment]
        try:
            for reply in others:
                if thirds[reply.id] == third:
                    stopped[reply.id] = check_reply(reply.text).stops
        finally:
            weighing.weights = real
    return others, stopped


def main() -> None:
    """Learn, or measure."""
    everything = list(labelled(tuple(LEARNT_FROM)))
    for language in LANGUAGES:
        mine = [reply for reply in everything if reply.language == language]
        if "--cross" in sys.argv:
            others, stopped = cross(mine)
            for label in ("empty", "dismissive", "good"):
                those = [reply for reply in others if reply.label == label]
                print(language, label, f"{sum(stopped[reply.id] for reply in those)} of {len(those)} stopped")
        else:
            text = written(as_weights(*learn(mine)))
            (RULES / f"{language}.weights.tsv").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
