"""Rules of an institution: adopted from the presets or made, each in force from an instant on. None reaches into the past."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from re import compile as pattern
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext, override

from raseed.kernel.calendars import met
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import InputError
from raseed.kernel.ids import new_id
from raseed.kernel.text import clean_text
from raseed.people import api as people
from raseed.platform import api as platform

from ..cases.domain import Category
from ..duty.errors import ChangedMeanwhile, PastIsOver, UnknownTeam
from ..duty.permissions import EDIT_CLOCKS
from ..duty.reading import team as read_team
from ..duty.teams import cleaned_names
from ..models import RuleRow
from .domain import ClockKind, PauseReason, Rule, Step, Unit
from .errors import InvalidRule, UnknownRule
from .keeping import ladder_from
from .presets import PRESETS, STARTING, Preset

AMOUNT_MAX: Final = {
    Unit.WORKING: 366 * 86_400, Unit.ELAPSED: 366 * 86_400, Unit.WORKING_DAYS: 400, Unit.CALENDAR_DAYS: 400, Unit.MONTHS: 12,
}  # fmt: skip
SLUG_LENGTH_MAX: Final = 60
SLUG: Final = pattern(r"[a-z0-9]+(?:-[a-z0-9]+)*")
STEPS_MAX: Final = 10
AFTER_S_MAX: Final = 400 * 86_400
SOURCE_LENGTH_MAX: Final = 300
_OF_AN_INSTITUTION: Final = "SELECT pg_advisory_xact_lock(hashtextextended('care_clock_rule' || %s, 0))"


@transaction.atomic
def set_rule(
    *,
    institution_id: UUID,
    slug: str,
    names: Mapping[str, str],
    kind: ClockKind,
    unit: Unit,
    amount: int,
    ladder: tuple[Step, ...],
    pauses: frozenset[PauseReason] = frozenset(),
    extended: int | None = None,
    source: str,
    by: people.Author,
    reason: str,
    valid_from: datetime | None = None,
    retired: bool = False,
    team_id: UUID | None = None,
    category: str = "",
    with_cases: bool = False,
    expected: int | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Rule:
    """Say how much time there is for something from now on, or from a later instant. Clocks that run keep their rule.

    A rule of a team's own, or for cases of one category, goes before that of all; those that all begin with stay everybody's,
    so that nothing is left without a clock. ``expected`` is the ``version`` on which it was decided, 0 for one that is new.

    Raises:
        NotPermitted: ``by`` lacks ``care.clocks.edit``. InvalidRule: ``field`` can't be right.
        PastIsOver: ``valid_from`` is in the past. UnacceptableText: a name, the source or the reason.
        UnknownTeam: no team of the institution. ChangedMeanwhile: it is not as expected.
    """
    people.require(by, EDIT_CLOCKS, institution_id)
    said, now = people.clean_reason(reason), clock.now()
    if valid_from is not None and valid_from < now:
        raise PastIsOver(field="valid_from")
    _check(unit, amount, extended, ladder)
    short = clean_text(slug, field="slug", length_max=SLUG_LENGTH_MAX)
    if not SLUG.fullmatch(short):
        raise InvalidRule(field="slug")
    _check_scope(institution_id, short, kind, team_id, category, with_cases=with_cases)
    return _write(
        Rule(
            id=new_id(), institution_id=institution_id, slug=short, names=cleaned_names(names), kind=kind, unit=unit,
            amount=amount, extended=extended, pauses=pauses, ladder=ladder,
            source=clean_text(source, field="source", length_max=SOURCE_LENGTH_MAX), valid_from=valid_from or now,
            retired=retired, team_id=team_id, category=category, with_cases=with_cases,
        ),
        by, said, clock, expected,
    )  # fmt: skip


@transaction.atomic
def adopt_preset(
    *, institution_id: UUID, slug: str, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK
) -> Rule:
    """Take over a preset as it ships; again, as it is in force already, changes nothing.

    Raises:
        NotPermitted: ``by`` lacks ``care.clocks.edit``. UnknownRule: there is no such preset. UnacceptableText: no reason.
    """
    people.require(by, EDIT_CLOCKS, institution_id)
    said, now = people.clean_reason(reason), clock.now()
    preset = PRESETS.get(slug)
    if preset is None:
        raise UnknownRule(field="slug")
    _hold(institution_id)
    known = [rule for rule in rules(institution_id, at=now) if rule.slug == slug]
    if known:
        return known[0]
    return _write(_of(preset, institution_id, now), by, said, clock)


def ensure_rules(institution_id: UUID, *, at: datetime, clock: Clock) -> tuple[Rule, ...]:
    """Return the rules in force; what all begin with is adopted where an institution has never said anything of it."""
    known = RuleRow.objects.filter(institution_id=institution_id, slug__in=[each.slug for each in STARTING])
    if known.values("slug").distinct().count() < len(STARTING):
        with transaction.atomic():
            _hold(institution_id)
            there = set(known.values_list("slug", flat=True))
            for preset in STARTING:
                if preset.slug not in there:
                    _write(_of(preset, institution_id, min(at, clock.now())), people.SYSTEM, "to begin with", clock)
    return rules(institution_id, at=max(at, clock.now()))


def rules(institution_id: UUID, *, at: datetime) -> tuple[Rule, ...]:
    """Return the rules in force at an instant, by their short names, without those that were retired."""
    rows = RuleRow.objects.filter(institution_id=institution_id, valid_from__lte=at)
    return tuple(rule for rule in _last_of_each(rows) if not rule.retired)


def rules_decided(institution_id: UUID) -> tuple[Rule, ...]:
    """Return what was decided last of each rule, by their short names: also what holds later, or was retired."""
    return _last_of_each(RuleRow.objects.filter(institution_id=institution_id))


def _last_of_each(rows: QuerySet[RuleRow]) -> tuple[Rule, ...]:
    found = {row.slug: row for row in rows.order_by("position")}
    return tuple(read_rule(found[slug]) for slug in sorted(found))


def rule_in_force(institution_id: UUID, slug: str, *, at: datetime, clock: Clock = SYSTEM_CLOCK) -> Rule:
    """Return the rule of a short name that is in force at an instant; one of the starting ones is adopted at first need.

    Raises:
        UnknownRule: there is none.
    """
    rows = RuleRow.objects.filter(institution_id=institution_id, slug=slug)
    row = rows.filter(valid_from__lte=at).order_by("-position").first()
    if row is not None and not row.retired:
        return read_rule(row)
    preset = next((each for each in STARTING if each.slug == slug), None)
    if preset is None or rows.exists():
        raise UnknownRule(field="rule")
    with transaction.atomic():
        _hold(institution_id)
        again = rows.order_by("-position").first()
        if again is not None:
            return read_rule(again)
        return _write(_of(preset, institution_id, at), people.SYSTEM, "at first need", clock)


def rule_history(institution_id: UUID, slug: str) -> tuple[Rule, ...]:
    """Return what a rule was and is, the oldest first."""
    rows = RuleRow.objects.filter(institution_id=institution_id, slug=slug).order_by("position")
    return tuple(map(read_rule, rows))


def _of(preset: Preset, institution_id: UUID, now: datetime) -> Rule:
    names = {}
    for language in people.LANGUAGES:
        with override(language):
            names[language] = gettext(preset.words)
    begins = now if preset.since is None else max(now, met(preset.since, 0, ZoneInfo("UTC")))
    return Rule(
        new_id(), institution_id, preset.slug, names, preset.kind, preset.unit, preset.amount, preset.extended,
        preset.pauses, preset.ladder, preset.source, begins, with_cases=preset.with_cases,
    )  # fmt: skip


def _write(rule: Rule, by: people.Author, reason: str, clock: Clock, expected: int | None = None) -> Rule:
    _hold(rule.institution_id)
    earlier = RuleRow.objects.filter(institution_id=rule.institution_id, slug=rule.slug).order_by("position")
    last = earlier.last()
    if expected is not None and expected != (last.position if last else 0):
        raise ChangedMeanwhile(field="expected")
    if earlier.exclude(kind=rule.kind.value).exists():
        raise InvalidRule(field="kind")
    before = _facts(read_rule(last)) if last else {}
    now = _facts(rule)
    if last and before == now and read_rule(last).names == rule.names and last.valid_from <= rule.valid_from:
        return read_rule(last)
    RuleRow.objects.create(
        id=rule.id, position=(last.position if last else 0) + 1, institution_id=rule.institution_id, slug=rule.slug,
        names=dict(rule.names), kind=rule.kind.value, unit=rule.unit.value, amount=rule.amount, extended=rule.extended,
        pauses=sorted(each.value for each in rule.pauses), source=rule.source, valid_from=rule.valid_from,
        ladder=[{"after_s": step.after_s, "whom": step.whom.value, "takes_over": step.takes_over} for step in rule.ladder],
        retired=rule.retired, team_id=rule.team_id, category=rule.category, with_cases=rule.with_cases,
        made_at=clock.now(), made_by=by.actor, reason=reason,
    )  # fmt: skip
    platform.record(
        actor=by.actor, action="care.clock_rule_set", subject=f"institution:{rule.institution_id}",
        before={key: value for key, value in before.items() if value != now[key]},
        after={
            "rule": rule.slug, "valid_from": rule.valid_from.isoformat(),
            **{key: value for key, value in now.items() if value != before.get(key)},
        },
        reason=reason, institution_id=rule.institution_id, clock=clock,
    )  # fmt: skip
    return replace(rule, version=(last.position if last else 0) + 1)


def _facts(rule: Rule) -> dict[str, platform.AuditValue]:
    """Return what a rule says, for the audit trail."""
    return {
        "unit": rule.unit.value, "amount": rule.amount, "extended": rule.extended, "retired": rule.retired,
        "pauses": sorted(each.value for each in rule.pauses), "source": rule.source,
        "ladder": [f"{step.after_s} s: {step.whom.value}{' +' if step.takes_over else ''}" for step in rule.ladder],
        "team": None if rule.team_id is None else str(rule.team_id), "category": rule.category or None,
        "with_cases": rule.with_cases,
    }  # fmt: skip


def _check_scope(
    institution_id: UUID, slug: str, kind: ClockKind, team_id: UUID | None, category: str, *, with_cases: bool
) -> None:
    if team_id is not None and read_team(team_id).institution_id != institution_id:
        raise UnknownTeam(field="team_id")
    if team_id is not None and slug in {preset.slug for preset in STARTING}:
        raise InvalidRule(field="team_id")
    if category and (
        category not in {each.value for each in Category} or kind not in (ClockKind.RESOLUTION, ClockKind.REGULATOR)
        or slug in {preset.slug for preset in STARTING}
    ):  # fmt: skip
        raise InvalidRule(field="category")
    if with_cases and kind is not ClockKind.REGULATOR:
        raise InvalidRule(field="with_cases")


def _check(unit: Unit, amount: int, extended: int | None, ladder: tuple[Step, ...]) -> None:
    if not 0 < amount <= AMOUNT_MAX[unit]:
        raise InvalidRule(field="amount")
    if extended is not None and not amount < extended <= AMOUNT_MAX[unit]:
        raise InvalidRule(field="extended")
    times = [step.after_s for step in ladder]
    if len(ladder) > STEPS_MAX or times != sorted(times) or any(not 0 <= each <= AFTER_S_MAX for each in times):
        raise InvalidRule(field="ladder")


def _hold(institution_id: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_OF_AN_INSTITUTION, [str(institution_id)])


def read_rule(row: RuleRow) -> Rule:
    """Return the rule that a row holds.

    Raises:
        InvalidRule: the row is none of ours.
    """
    try:
        return Rule(
            row.id, row.institution_id, row.slug, row.names, ClockKind(row.kind), Unit(row.unit), row.amount, row.extended,
            frozenset(map(PauseReason, row.pauses)), ladder_from(row.ladder), row.source, row.valid_from, row.retired, row.team_id, row.category, row.with_cases,
            row.position,
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, InputError) as error:
        raise InvalidRule(field="rule") from error
