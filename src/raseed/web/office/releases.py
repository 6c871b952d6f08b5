"""A release in words: its progress, the map of what differed by issuer and kind, its timeline, and the steps that are open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext

from raseed.assurance.api import guard
from raseed.assurance.guard.api import DifferenceKind, ReleaseState, Run, RunKind, SystemKind
from raseed.banking.api import Leaflet, LeafletSection, LeafletTable
from raseed.kernel.errors import mark
from raseed.kernel.ids import InvalidId, parse_id
from raseed.kernel.money import Money, UnknownCurrency, currency
from raseed.people import api as people

from .forms import Act
from .naming import Named, names_of

if TYPE_CHECKING:
    from datetime import datetime

    from .requests import StaffRequest

S = ReleaseState
LOOKS: Final = {
    S.SHADOWED_GREEN: "good",
    S.SHADOWED_RED: "bad",
    S.CANARY: "warn",
    S.CUTTING_OVER: "warn",
    S.LIVE: "warn",
    S.VERIFYING: "warn",
    S.VERIFIED: "good",
    S.ROLLING_BACK: "bad",
    S.ROLLED_BACK: "bad",
    S.REFUSED: "bad",
}
MOVING: Final = frozenset({S.CANARY, S.CUTTING_OVER, S.LIVE, S.VERIFYING, S.ROLLING_BACK})
"""Where a worker is at work, so that the page looks again by itself."""
EXAMPLES_SHOWN_MAX: Final = 20
BASELINE, SHADOW, CANARY, CUT_OVER, ROLL_BACK, REFUSE, ABANDON, REPORT, FORCE, BY_HAND = (
    "baseline", "shadow", "canary", "cut-over", "roll-back", "refuse", "abandon", "report", "force", "by-hand",
)  # fmt: skip

ACTS: Final = {
    BASELINE: Act(
        mark("Take the baseline"),
        mark("Every balance that is shown now is written down and signed, outside the database. Nobody sees a change."),
        mark("Take it"),
    ),
    SHADOW: Act(
        mark("Run the shadow"),
        mark("The candidate answers beside what is live, and is held against the true balances. Nobody sees a change."),
        mark("Run it"),
    ),
    CANARY: Act(
        mark("Show it to some"),
        mark("A part of the accounts is shown the candidate, and watched. It is taken back by itself on the first wrong balance."),
        mark("Show it"),
    ),
    CUT_OVER: Act(
        mark("Go live"),
        mark("Everybody is shown the candidate. Every shown balance is verified at once, and all is rolled back by itself on the first wrong one."),
        mark("Go live"),
        danger=True,
    ),
    ROLL_BACK: Act(
        mark("Roll back now"),
        mark("Everybody is shown again what was shown before, within seconds. Then every shown balance is compared with the true one."),
        mark("Roll back now"),
        danger=True,
    ),
    REFUSE: Act(
        mark("Refuse the release"),
        mark("It never goes live. A mended candidate is a new release."),
        mark("Refuse it"),
        danger=True,
    ),
    ABANDON: Act(
        mark("Abandon the release"),
        mark("It is given up for reasons that are not its balances. Nobody has seen it."),
        mark("Abandon it"),
    ),
    FORCE: Act(
        mark("Propose to force it"),
        mark("There is no green shadow. If a second person confirms this, the release may go live all the same; both names and the reason stand in the report."),
        mark("Propose it"),
        danger=True,
    ),
    BY_HAND: Act(
        mark("It was done by hand"),
        mark("Confirm that this step was taken at the system. What is shown there is compared at once."),
        mark("It is done"),
    ),
}  # fmt: skip
_AFTER: Final = {
    S.REGISTERED: (BASELINE, ABANDON),
    S.BASELINED: (SHADOW, REFUSE, ABANDON),
    S.SHADOWED_GREEN: (CUT_OVER, CANARY, SHADOW, REFUSE, ABANDON),
    S.SHADOWED_RED: (SHADOW, REFUSE, ABANDON),
    S.CANARY: (CUT_OVER,),
}
_FORCED: Final = (CANARY, CUT_OVER)
_UNFORCED: Final = frozenset({S.BASELINED, S.SHADOWED_RED})


@dataclass(frozen=True, slots=True)
class ShownRelease:
    """A release as it stands in a list."""

    release: guard.Release
    system: str
    state_words: str
    look: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ShownRun:
    """A comparison in words: how far, and what came of it."""

    run: Run
    words: str
    result: str
    look: str


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A step of the timeline in words."""

    words: str
    by: Named
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DifferenceMap:
    """What differed in a comparison: kinds across, issuers down, and sums."""

    kinds: tuple[tuple[str, int], ...]
    rows: tuple[tuple[str, tuple[tuple[str, int], ...], int], ...]


@dataclass(frozen=True, slots=True)
class ShownExample:
    """An account that differed."""

    account: str
    issuer: str
    kind: str
    shown: Money | None
    true: Money | None
    note: str


def shown_releases(found: Sequence[guard.Release]) -> list[ShownRelease]:
    """Return releases ready for a list."""
    names = {code: guard.system(code).name for code in {each.system for each in found}}
    return [
        ShownRelease(each, names[each.system], gettext(guard.STATE_WORDS[each.state]), look_of(each), last_at(each))
        for each in found
    ]


def look_of(release: guard.Release) -> str:
    """Return the look of a release's state."""
    return LOOKS.get(release.state, "")


def last_at(release: guard.Release) -> datetime:
    """Return when it last went a step on."""
    return release.timeline[-1].at


def shown_runs(runs: Sequence[Run]) -> list[ShownRun]:
    """Return comparisons in words, the latest first."""
    shown = []
    for run in reversed(runs):
        result, look = gettext("Goes on"), "warn"
        if run.ended_at is not None and run.kind is RunKind.BASELINE:
            result, look = gettext("Written down and signed"), "good"
        elif run.ended_at is not None:
            result, look = (gettext("Nothing differs"), "good") if run.clean else (gettext("Differs"), "bad")
        elif run.facts.get("refused"):
            result, look = f"{gettext('Cut off')}: {run.facts['refused']}", "bad"
        elif run.different:
            result, look = gettext("Differs"), "bad"
        shown.append(ShownRun(run, gettext(guard.RUN_WORDS[run.kind]), result, look))
    return shown


def shown_steps(release: guard.Release, page: StaffRequest) -> list[ShownStep]:
    """Return the timeline in words, the latest step first."""
    names = names_of({step.actor for step in release.timeline}, page)
    return [
        ShownStep(
            gettext(guard.STATE_WORDS[step.state]),
            names[step.actor],
            gettext(step.reason) if step.reason else "",
            step.at,
        )
        for step in reversed(release.timeline)
    ]


def telling_run(runs: Sequence[Run]) -> Run | None:
    """Return the comparison whose differences are shown: the last one with any, before it was put right again."""
    wrong = [run for run in runs if run.different and run.kind is not RunKind.SHADOW_LIVE]
    return wrong[-1] if wrong else None


def difference_map(run: Run, language: str) -> DifferenceMap:
    """Return what differed in a comparison, by issuer and kind."""
    kinds = sorted({kind for _, kind in run.tallies}, key=list(DifferenceKind).index)
    issuers = sorted({issuer for issuer, _ in run.tallies})
    words = {kind: gettext(guard.DIFFERENCE_WORDS[kind]) for kind in kinds}
    rows = []
    for issuer in issuers:
        counts = tuple((words[kind], run.tallies.get((issuer, kind), 0)) for kind in kinds)
        rows.append((issuer_words(issuer, language), counts, sum(count for _, count in counts)))
    totals = tuple((words[kind], sum(run.tallies.get((one, kind), 0) for one in issuers)) for kind in kinds)
    return DifferenceMap(totals, tuple(rows))


def issuer_words(code: str, language: str) -> str:
    """Return an issuer's name, or its code where it is none of ours."""
    try:
        return people.display_name(people.institution(parse_id(code)), language)
    except (InvalidId, people.UnknownInstitution):
        return code


def shown_examples(run: Run, language: str) -> list[ShownExample]:
    """Return some accounts that differed in a comparison."""
    return [
        ShownExample(
            one.account,
            issuer_words(one.issuer, language),
            gettext(guard.DIFFERENCE_WORDS[one.kind]),
            _money(one.shown_minor, one.shown_currency or one.currency),
            _money(one.true_minor, one.currency),
            one.note,
        )
        for one in guard.examples_of([run.id], limit=EXAMPLES_SHOWN_MAX)
    ]


def report_sections(leaflet: Leaflet) -> list[tuple[LeafletSection, list[list[tuple[str, str, bool]]]]]:
    """Return a report's sections, each with its table's rows as (head, cell, whether it reads from the left)."""
    return [(section, _cells(section.table)) for section in leaflet.sections]


def _cells(table: LeafletTable | None) -> list[list[tuple[str, str, bool]]]:
    if table is None:
        return []
    return [
        [(head, cell, at in table.codes) for at, (head, cell) in enumerate(zip(table.heads, row, strict=True))]
        for row in table.rows
    ]


def _money(minor: int | None, code: str) -> Money | None:
    try:
        return None if minor is None else Money(minor, currency(code))
    except UnknownCurrency:
        return None


def open_steps(release: guard.Release) -> list[str]:
    """Return the steps that a person may take from where a release is, the likely one first; without rolling back."""
    if release.wanted:
        return []
    steps = list(_AFTER.get(release.state, ()))
    if release.state in _UNFORCED:
        steps = [*steps[:1], *(_FORCED if release.forced_by else (FORCE,)), *steps[1:]]
    if release.kind is SystemKind.HTTP and release.state in (S.CUTTING_OVER, S.ROLLING_BACK):
        steps.append(BY_HAND)
    return steps


def is_moving(release: guard.Release, runs: Sequence[Run]) -> bool:
    """Whether a worker is at work on it: then the page looks again by itself."""
    restoring = release.state is S.ROLLED_BACK and not any(
        run.kind is RunKind.RESTORED and run.ended_at is not None for run in runs
    )
    return bool(release.wanted) or release.state in MOVING or restoring
