"""Rules of an institution: adopted from the presets or made, each in force from an instant on. None reaches into the past."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext, override

from raseed.kernel.calendars import met
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import InputError
from raseed.kernel.ids import new_id
from raseed.kernel.text import clean_text
from raseed.people import api as people
from raseed.platform import api as platform

from ..duty.errors import PastIsOver
from ..duty.permissions import EDIT_CLOCKS
from ..models import RuleRow
from .domain import ClockKind, PauseReason, Rule, Step, Unit
from .errors import InvalidRule, UnknownRule
from .keeping import ladder_from
from .presets import PRESETS, STARTING, Preset

AMOUNT_MAX: Final = {
    Unit.WORKING: 366 * 86_400, Unit.ELAPSED: 366 * 86_400, Unit.WORKING_DAYS: 400, Unit.CALENDAR_DAYS: 400, Unit.MONTHS: 12,
}  # fmt: skip
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
    clock: Clock = SYSTEM_CLOCK,
) -> Rule:
    """Say how much time there is for something from now on, or from a later instant. Clocks that run keep their rule.

    Raises:
        NotPermitted: ``by`` lacks ``care.clocks.edit``. InvalidRule: ``field`` can't be right.
        PastIsOver: ``valid_from`` is in the past. UnacceptableText: a name, the source or the reason.
    """
    people.require(by, EDIT_CLOCKS, institution_id)
    said, now = people.clean_reason(reason), clock.now()
    if valid_from is not None and valid_from < now:
        raise PastIsOver(field="valid_from")
    _check(unit, amount, extended, ladder)
    return _write(
        Rule(
            id=new_id(), institution_id=institution_id, slug=clean_text(slug, field="slug", length_max=60),
            names={language: clean_text(name, field="names") for language, name in names.items()}, kind=kind, unit=unit,
            amount=amount, extended=extended, pauses=pauses, ladder=ladder,
            source=clean_text(source, field="source", length_max=SOURCE_LENGTH_MAX), valid_from=valid_from or now,
            retired=retired,
        ),
        by, said, clock,
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
    found: dict[str, Rule] = {}
    for row in RuleRow.objects.filter(institution_id=institution_id, valid_from__lte=at).order_by("position"):
        found[row.slug] = read_rule(row)
    return tuple(found[slug] for slug in sorted(found) if not found[slug].retired)


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
        preset.pauses, preset.ladder, preset.source, begins,
    )  # fmt: skip


def _write(rule: Rule, by: people.Author, reason: str, clock: Clock) -> Rule:
    _hold(rule.institution_id)
    earlier = RuleRow.objects.filter(institution_id=rule.institution_id, slug=rule.slug)
    last = earlier.aggregate(last=Max("position"))["last"] or 0
    if earlier.exclude(kind=rule.kind.value).exists():
        raise InvalidRule(field="kind")
    RuleRow.objects.create(
        id=rule.id, position=last + 1, institution_id=rule.institution_id, slug=rule.slug, names=dict(rule.names),
        kind=rule.kind.value, unit=rule.unit.value, amount=rule.amount, extended=rule.extended,
        pauses=sorted(each.value for each in rule.pauses), source=rule.source, valid_from=rule.valid_from,
        ladder=[{"after_s": step.after_s, "whom": step.whom.value, "takes_over": step.takes_over} for step in rule.ladder],
        retired=rule.retired, made_at=clock.now(), made_by=by.actor, reason=reason,
    )  # fmt: skip
    platform.record(
        actor=by.actor, action="care.clock_rule_set", subject=f"institution:{rule.institution_id}",
        after={"rule": rule.slug, "unit": rule.unit.value, "amount": rule.amount, "retired": rule.retired,
               "valid_from": rule.valid_from.isoformat()},
        reason=reason, institution_id=rule.institution_id, clock=clock,
    )  # fmt: skip
    return rule


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
            frozenset(map(PauseReason, row.pauses)), ladder_from(row.ladder), row.source, row.valid_from, row.retired,
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, InputError) as error:
        raise InvalidRule(field="rule") from error
