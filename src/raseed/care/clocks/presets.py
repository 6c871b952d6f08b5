"""Rules that ship with the system: those of regulators, with their source, and those that an institution begins with.

An institution adopts them; they are then its own, and it may change them from an instant on. A regulator's time holds from
the date of its rule; before that date it is not offered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from raseed.kernel.errors import mark

from .domain import ClockKind, PauseReason, Step, Unit, Whom

HOUR_S: Final = 3600
_QUICK: Final = (Step(0, Whom.ACCOUNTABLE), Step(900, Whom.LEAD), Step(2 * HOUR_S, Whom.HEAD, takes_over=True))
_SLOW: Final = (Step(0, Whom.LEAD), Step(24 * HOUR_S, Whom.HEAD, takes_over=True))
_NONE: Final[frozenset[PauseReason]] = frozenset()


@dataclass(frozen=True, slots=True)
class Preset:
    """A rule to be adopted; ``since``: the first day on which it holds; ``words``: what it is, to be translated.

    ``with_cases``: as it ships, its clock starts with each case; others are started by whoever deals with what they are of.
    """

    slug: str
    words: str
    kind: ClockKind
    unit: Unit
    amount: int
    ladder: tuple[Step, ...]
    source: str
    since: date | None = None
    extended: int | None = None
    pauses: frozenset[PauseReason] = _NONE
    with_cases: bool = False


_OWN: Final = mark("The institution's own promise")
_CBE: Final = (
    "Central Bank of Egypt, circular of 7 May 2024 on how banks deal with complaints, in force after six months"
)
_NTRA: Final = "NTRA Egypt, second level of complaints: needs the number of the operator's complaint"
_APSR: Final = "Authority for Public Services Regulation, Oman, consumers' complaints"
_DISP: Final = "FCA Handbook, DISP 1"
_DORA: Final = "Regulation (EU) 2022/2554 (DORA), article 19; Commission Delegated Regulation (EU) 2025/301, article 5"

STARTING: Final = (
    Preset("first-answer", mark("The first answer"), ClockKind.FIRST_ANSWER, Unit.WORKING, HOUR_S, _QUICK, _OWN),
    Preset("next-answer", mark("The next answer"), ClockKind.NEXT_ANSWER, Unit.WORKING, 2 * HOUR_S, _QUICK, _OWN),
    Preset(
        "resolution", mark("It is settled"), ClockKind.RESOLUTION, Unit.WORKING_DAYS, 3, _SLOW, _OWN,
        pauses=frozenset({PauseReason.WAITING_FOR_CUSTOMER, PauseReason.AGREED_LATER}),
    ),
    Preset("gap", mark("An open question is answered"), ClockKind.GAP, Unit.WORKING_DAYS, 2, _SLOW, _OWN),
    Preset("approval", mark("Somebody decides about an approval"), ClockKind.APPROVAL, Unit.WORKING, 4 * HOUR_S, _QUICK, _OWN),
)  # fmt: skip
"""What an institution's clocks are until it says otherwise."""

REGULATORS: Final = (
    Preset(
        "cbe-reference", mark("A reference number for the complaint"), ClockKind.REGULATOR, Unit.WORKING_DAYS, 2, _SLOW,
        _CBE, since=date(2024, 11, 7),
    ),
    Preset(
        "cbe-answer", mark("An answer to the complaint, or the time that is needed"), ClockKind.REGULATOR,
        Unit.WORKING_DAYS, 15, _SLOW, _CBE, since=date(2024, 11, 7), with_cases=True,
    ),
    Preset(
        "ntra-answer", mark("The operator's answer to the authority"), ClockKind.REGULATOR, Unit.WORKING_DAYS, 5, _SLOW, _NTRA,
        with_cases=True,
    ),
    Preset(
        "apsr-answer", mark("A written answer to the complaint"), ClockKind.REGULATOR, Unit.WORKING_DAYS, 10, _SLOW, _APSR,
        with_cases=True,
    ),
    Preset("apsr-manager", mark("The manager's written answer"), ClockKind.REGULATOR, Unit.WORKING_DAYS, 40, _SLOW, _APSR),
    Preset(
        "disp-summary", mark("Settled informally, with a summary sent"), ClockKind.REGULATOR, Unit.WORKING_DAYS, 3, _SLOW,
        _DISP + ".5", since=date(2016, 6, 30), with_cases=True,
    ),
    Preset(
        "disp-payments", mark("A final response about payments"), ClockKind.REGULATOR, Unit.WORKING_DAYS, 15, _SLOW,
        _DISP + ".6.2A", since=date(2018, 1, 13), extended=35, with_cases=True,
    ),
    Preset(
        "disp-final", mark("A final response"), ClockKind.REGULATOR, Unit.CALENDAR_DAYS, 56, _SLOW, _DISP + ".6.2",
        since=date(2001, 12, 1), with_cases=True,
    ),
    Preset(
        "dora-initial", mark("The first notice of an incident, from its classification"), ClockKind.REGULATOR, Unit.ELAPSED,
        4 * HOUR_S, _QUICK, _DORA, since=date(2025, 3, 12),
    ),
    Preset(
        "dora-detected", mark("The first notice of an incident, from its detection"), ClockKind.REGULATOR, Unit.ELAPSED,
        24 * HOUR_S, _QUICK, _DORA, since=date(2025, 3, 12),
    ),
    Preset(
        "dora-interim", mark("The report in between, from the first notice"), ClockKind.REGULATOR, Unit.ELAPSED,
        72 * HOUR_S, _QUICK, _DORA, since=date(2025, 3, 12),
    ),
    Preset(
        "dora-final", mark("The final report, from the one in between"), ClockKind.REGULATOR, Unit.MONTHS, 1, _SLOW, _DORA,
        since=date(2025, 3, 12),
    ),
)  # fmt: skip

PRESETS: Final[Mapping[str, Preset]] = {each.slug: each for each in (*STARTING, *REGULATORS)}
