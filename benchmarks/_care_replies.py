"""The check of replies held against a labelled set: caught and false flags per language, with Wilson's intervals.

The goals are held against the half that was put aside before the first rule was written. The other half, from which the rules
were built, stands beside it, and so do the replies that were written out, without those that a script varied. One author wrote
both halves and the rules, so two more figures matter more: *strangers*, written to sound unlike both after the last rule, with
which no goal is claimed, and *others*, written by a second hand that had not seen the rules; the goals are held once more against
the half of those that was put aside (``care_replies/README.md``).
"""

from __future__ import annotations

import csv
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from benchmarks import Claim, Context, percentile

SET: Final = Path(__file__).parent / "care_replies"
PARTS: Final = ("held_out", "development", "after", "strangers", "further", "others_building")
OTHERS_HELD_OUT: Final = "others_held_out"
"""Half of what a second hand wrote, put aside by somebody else. The benchmark demands it; nothing else reads it."""
LANGUAGES: Final = ("ar", "he", "en")
GOAL_CAUGHT_PERCENT: Final = 95
GOAL_FALSE_FLAGS_PERCENT: Final = 5
REPLIES_MIN: Final = 1_500
REPLIES_A_LANGUAGE_MIN: Final = 500
Z_95: Final = 1.959964
_QUESTIONS: Final[tuple[tuple[str, float, Literal["higher", "lower"], bool], ...]] = (
    ("caught", GOAL_CAUGHT_PERCENT, "higher", False),
    ("false_flags", GOAL_FALSE_FLAGS_PERCENT, "lower", True),
)


@dataclass(frozen=True, slots=True)
class LabelledReply:
    """One reply of the set."""

    id: str
    family: str
    language: str
    dialect: str
    label: str
    origin: str
    text: str
    half: str

    @property
    def is_good(self) -> bool:
        """Whether it may be sent."""
        return self.label == "good"


def labelled(parts: Sequence[str] = PARTS) -> Iterator[LabelledReply]:
    """Yield the set, all its parts or those told."""
    for half in parts:
        with (SET / f"{half}.tsv").open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
                yield LabelledReply(**row, half=half)


def wilson(hits: int, of: int) -> tuple[float, float]:
    """Return the 95 % interval of a share in percent (Wilson 1927), which holds near 0 and 1 too."""
    if not of:
        return (0.0, 100.0)
    share = hits / of
    middle = share + Z_95**2 / (2 * of)
    reach = Z_95 * math.sqrt(share * (1 - share) / of + Z_95**2 / (4 * of * of))
    whole = 1 + Z_95**2 / of
    return (max(0.0, round(100 * (middle - reach) / whole, 1)), round(100 * (middle + reach) / whole, 1))


def run(context: Context) -> list[Claim]:
    """Check every reply of the set once."""
    from raseed.care.replies.checking import check_reply  # noqa: PLC0415

    replies = list(labelled((*PARTS, OTHERS_HELD_OUT)))
    assert len(replies) >= REPLIES_MIN, "the set is whole"
    stopped: dict[str, bool] = {}
    took: list[float] = []
    for code in LANGUAGES:
        check_reply("warm", language=code)
    for reply in replies:
        began = time.perf_counter()
        stopped[reply.id] = check_reply(reply.text).stops
        took.append((time.perf_counter() - began) * 1e3)
    claims = [claim for language in LANGUAGES for claim in _of_language(language, replies, stopped)]
    claims += _of_strangers(replies, stopped)
    claims.append(
        Claim(
            "care.replies.check_p99", round(percentile(took, 0.99), 2), "ms", None, "lower",
            notes={"replies": len(replies), "p50_ms": round(percentile(took, 0.5), 2), "max_ms": round(max(took), 2)},
        )
    )  # fmt: skip
    for claim in claims:
        context.tell(f"{claim.claim}: {claim.value:,} {claim.unit}; {dict(claim.notes)} {dict(claim.peers)}")
    return claims


def _of_language(language: str, replies: Sequence[LabelledReply], stopped: dict[str, bool]) -> Iterator[Claim]:
    mine = [reply for reply in replies if reply.language == language]
    assert len(mine) >= REPLIES_A_LANGUAGE_MIN, "the language is whole"
    for claim, goal, better, good in _QUESTIONS:
        held, of, interval = _share(mine, stopped, "held_out", good=good)
        built, built_of, built_interval = _share(mine, stopped, "development", good=good)
        by_hand = [reply for reply in mine if reply.origin == "written"]
        written, written_of, written_interval = _share(by_hand, stopped, "held_out", good=good)
        yield Claim(
            f"care.replies.{language}.{claim}", round(100 * held / of, 1), "%", goal, better,
            peers={"development": round(100 * built / built_of, 1), "held_out_written": round(100 * written / written_of, 1)},
            notes={
                "held_out": f"{held} of {of}", "wilson_95": list(interval), "development": f"{built} of {built_of}",
                "development_wilson_95": list(built_interval), "held_out_written": f"{written} of {written_of}",
                "held_out_written_wilson_95": list(written_interval), "set": "synthetic, one author",
            },
        )  # fmt: skip


def _of_strangers(replies: Sequence[LabelledReply], stopped: dict[str, bool]) -> Iterator[Claim]:
    for claim, _, better, good in _QUESTIONS:
        hits, of, interval = _share(replies, stopped, "strangers", good=good)
        each = {
            language: "{} of {}".format(
                *_share([one for one in replies if one.language == language], stopped, "strangers", good=good)
            )
            for language in LANGUAGES
        }
        yield Claim(
            f"care.replies.strangers.{claim}", round(100 * hits / of, 1), "%", None, better,
            notes={"of_all": f"{hits} of {of}", "wilson_95": list(interval), **each},
        )  # fmt: skip


def _share(
    replies: Sequence[LabelledReply], stopped: dict[str, bool], half: str, *, good: bool
) -> tuple[int, int, tuple[float, float]]:
    those = [reply for reply in replies if reply.half == half and reply.is_good is good]
    hits = sum(stopped[reply.id] for reply in those)
    return hits, len(those), wilson(hits, len(those))
