"""Text in both directions: the runs of a line as they stand from left to right (Unicode Standard Annex #9).

A document's text has no embeddings, overrides or isolates (``plain`` takes them out), so the rules about them (X1 to X8)
are not here: all of a line is one isolating run at the level of its own direction. Tests hold what is here against
another implementation.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import groupby
from typing import Final

_RIGHT: Final = frozenset({"R", "AL"})
_ALL_RIGHT: Final = _RIGHT | {"WS", "ON", "NSM"}
_NONE_RIGHT: Final = frozenset({"L", "EN", "ES", "ET", "CS", "WS", "ON", "NSM"})
_BRACKETS: Final = "()[]{}⟨⟩⁽⁾₍₎⌈⌉⌊⌋《》「」（）［］｛｝"
_CLOSES: Final = dict(zip(_BRACKETS[::2], _BRACKETS[1::2], strict=True))
_CLOSING: Final = frozenset(_CLOSES.values())
MIRRORED: Final = str.maketrans(
    {
        here: there
        for pair in zip(_BRACKETS[::2] + "<«‹≤", _BRACKETS[1::2] + ">»›≥", strict=True)
        for here, there in (pair, pair[::-1])
    }
)
"""What stands for what where a text goes from right to left: signs that look like their partner there."""
_OPEN_MAX: Final = 63
"""How deep brackets are paired (BD16)."""
_HEBREW: Final = re.compile("[\u0590-\u05ff\ufb1d-\ufb4f]")
_ARABIC: Final = re.compile("[\u0600-\u06ff\u0750-\u077f\u0870-\u08ff\ufb50-\ufdff\ufe70-\ufeff]")


@dataclass(frozen=True, slots=True)
class Run:
    """Text of one direction and one script, in the order in which it is read."""

    text: str
    is_rtl: bool


def starts_rtl(text: str, *, otherwise: bool) -> bool:
    """Whether a text goes from right to left by its first letter (P2, P3), or as ``otherwise`` says if it has none."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind == "L":
            return False
        if kind in _RIGHT:
            return True
    return otherwise


def visual_runs(text: str, *, base_rtl: bool) -> list[Run]:
    """Return the runs of one line from left to right."""
    kinds = [unicodedata.bidirectional(character) for character in text]
    present = set(kinds)
    if base_rtl and present <= _ALL_RIGHT:
        return _by_script(text)
    if not base_rtl and present <= _NONE_RIGHT:
        return [Run(text, is_rtl=False)] if text else []
    levels = _levels(text, kinds, 1 if base_rtl else 0)
    spans: list[tuple[int, str]] = []
    at = 0
    for level, group in groupby(levels):
        end = at + len(list(group))
        spans.append((level, text[at:end]))
        at = end
    runs: list[Run] = []
    for level, span in _reordered(spans):
        runs += _by_script(span) if level % 2 else [Run(span, is_rtl=False)]
    return runs


def _levels(text: str, kinds: list[str], base: int) -> list[int]:
    """Return each character's level."""
    embedding = "R" if base else "L"
    marks = [kind == "NSM" for kind in kinds]
    _resolve_letters_and_numbers(kinds, embedding)
    _resolve_separators(kinds, embedding)
    _resolve_brackets(text, kinds, marks, embedding)
    _resolve_neutrals(kinds, embedding)
    if base:
        levels = [1 if kind == "R" else 2 for kind in kinds]
    else:
        levels = [0 if kind == "L" else 1 if kind == "R" else 2 for kind in kinds]
    end = len(levels)
    while end and text[end - 1].isspace():  # L1: spaces at the end of a line stand at its end
        end -= 1
        levels[end] = base
    return levels


def _resolve_letters_and_numbers(kinds: list[str], embedding: str) -> None:
    """W1 to W3: marks go with their letter, digits after Arabic letters are Arabic numbers, Arabic letters are right."""
    previous = strong = embedding
    for at, kind in enumerate(kinds):
        if kind == "NSM":
            kind = previous  # noqa: PLW2901  (W1 comes before the rules below)
        previous = kind
        if kind in {"L", "R", "AL"}:
            strong = kind
        if kind == "EN" and strong == "AL":
            kind = "AN"  # noqa: PLW2901
        kinds[at] = kind
    for at, kind in enumerate(kinds):
        if kind == "AL":
            kinds[at] = "R"


def _resolve_separators(kinds: list[str], embedding: str) -> None:
    """W4 to W7: separators and signs within numbers are part of them, others are neutral; numbers after left are left."""
    last = len(kinds) - 1
    for at in range(1, last):
        before, after = kinds[at - 1], kinds[at + 1]
        if before == after and (before, kinds[at]) in {("EN", "ES"), ("EN", "CS"), ("AN", "CS")}:
            kinds[at] = before
    at = 0
    while at <= last:
        end = at
        while end <= last and kinds[end] == "ET":
            end += 1
        if end > at:
            beside = (at > 0 and kinds[at - 1] == "EN") or (end <= last and kinds[end] == "EN")
            kinds[at:end] = ["EN" if beside else "ON"] * (end - at)
        at = max(end, at + 1)
    strong = embedding
    for at, kind in enumerate(kinds):
        if kind in {"L", "R"}:
            strong = kind
        elif kind == "EN":
            kinds[at] = "L" if strong == "L" else "EN"
        elif kind not in {"AN", "WS"}:
            kinds[at] = "ON"


def _resolve_brackets(text: str, kinds: list[str], marks: list[bool], embedding: str) -> None:
    """N0: a pair of brackets, with the marks on it, goes with what is in it or around it, so that both look the same way."""
    for opening, closing in _pairs(text, kinds):
        inside = {_strong(kind) for kind in kinds[opening + 1 : closing]} - {""}
        if not inside:
            continue
        before = next((_strong(kind) for kind in reversed(kinds[:opening]) if _strong(kind)), embedding)
        direction = embedding if embedding in inside or before not in inside else before
        for bracket in (opening, closing):
            end = bracket + 1
            while end < len(kinds) and marks[end]:
                end += 1
            kinds[bracket:end] = [direction] * (end - bracket)


def _pairs(text: str, kinds: list[str]) -> list[tuple[int, int]]:
    """Return where brackets that belong together stand, by where they open (BD16)."""
    pairs: list[tuple[int, int]] = []
    opened: list[tuple[str, int]] = []
    for at, character in enumerate(text):
        if kinds[at] != "ON":
            continue
        if character in _CLOSES:
            if len(opened) >= _OPEN_MAX:
                return []
            opened.append((_CLOSES[character], at))
        elif character in _CLOSING:
            place = next((place for place in reversed(range(len(opened))) if opened[place][0] == character), None)
            if place is not None:
                pairs.append((opened[place][1], at))
                del opened[place:]
    return sorted(pairs)


def _strong(kind: str) -> str:
    return "R" if kind in {"R", "EN", "AN"} else "L" if kind == "L" else ""


def _resolve_neutrals(kinds: list[str], embedding: str) -> None:
    """N1 and N2: what stands between two of one direction goes with them, what stands between two others with the line."""
    at, before = 0, embedding
    while at < len(kinds):
        end = at
        while end < len(kinds) and kinds[end] in {"ON", "WS"}:
            end += 1
        after = _strong(kinds[end]) if end < len(kinds) else embedding
        if end > at:
            kinds[at:end] = [before if before == after else embedding] * (end - at)
            at = end
        else:
            before = after
            at += 1


def _reordered(spans: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Turn spans round by rule L2: from the highest level down to the lowest odd one."""
    levels = [level for level, _ in spans]
    for least in range(max(levels, default=0), 0, -1):
        turned: list[tuple[int, str]] = []
        pending: list[tuple[int, str]] = []
        for span in spans:
            if span[0] >= least:
                pending.append(span)
            else:
                turned += [*reversed(pending), span]
                pending = []
        spans = [*turned, *reversed(pending)]
    return spans


def _by_script(text: str) -> list[Run]:
    """Split a right-to-left run where Arabic meets Hebrew, for a font shapes one script at a time; the last comes first."""
    if not (_HEBREW.search(text) and _ARABIC.search(text)):
        return [Run(text, is_rtl=True)]
    pieces: list[str] = []
    present = ""
    for character in text:
        script = "Hebr" if _HEBREW.match(character) else "Arab" if _ARABIC.match(character) else ""
        if not pieces or (script and present and script != present):
            pieces.append("")
        present = script or present
        pieces[-1] += character
    return [Run(piece, is_rtl=True) for piece in reversed(pieces)]
