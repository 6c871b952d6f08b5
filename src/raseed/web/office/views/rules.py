"""Time limits: what each promise allows, what pauses it, who is told when it is broken; those of regulators, to be taken over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from raseed.care import api as care
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import InputError, RaseedError
from raseed.kernel.ids import new_id
from raseed.web.office.duty_words import (
    IN_SECONDS,
    UNIT_WORDS,
    amount_words,
    due_words,
    entered,
    entered_id,
    entered_moment,
    number_of,
    seconds_of,
    span_text,
)
from raseed.web.office.forms import ENTERED_MAX, Act, act_page, said, status_of
from raseed.web.office.naming import name_in
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http.response import HttpResponseBase

clocks, duty = care.clocks, care.duty
TAB: Final = "care-rules"
NAME_LANGUAGES: Final = ("ar", "he", "en")
STEPS_ENTERED: Final = 5
SAMPLE_AT: Final = timedelta(hours=16, minutes=50)
THURSDAY: Final = 3
STARTING: Final = frozenset(each.slug for each in clocks.STARTING)
FIELDS: Final = (
    "names", "slug", "kind", "unit", "amount", "extended", "team_id", "category", "with_cases", "ladder", "source",
    "valid_from", "sample", "reason",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShownRule:
    """A rule in words."""

    rule: care.clocks.Rule
    name: str
    kind: str
    time: str
    extended: str
    whose: str
    pauses: tuple[str, ...]
    ladder: tuple[str, ...]
    begins: datetime | None
    with_cases: bool


@dataclass(frozen=True, slots=True)
class ShownPreset:
    """A regulator's rule: what it says, where it comes from, from when on it holds, and whether it is switched on here."""

    preset: care.clocks.Preset
    name: str
    time: str
    extended: str
    rule: care.clocks.Rule | None
    begins: datetime | None


def shown_rule(rule: care.clocks.Rule, request: StaffRequest, *, now: datetime) -> ShownRule:
    """Return a rule in words."""
    language = request.reader.language
    teams = {each.id: name_in(each.names, language) for each in duty.teams(rule.institution_id)}
    whose = [teams.get(rule.team_id, "")] if rule.team_id else []
    whose += [gettext(care.CATEGORY_WORDS[care.Category(rule.category)])] if rule.category else []
    return ShownRule(
        rule,
        name_in(rule.names, language),
        gettext(clocks.KIND_WORDS[rule.kind]),
        amount_words(rule.unit, rule.amount, request),
        amount_words(rule.unit, rule.extended, request) if rule.extended else "",
        " · ".join(whose),
        tuple(gettext(clocks.PAUSE_WORDS[each]) for each in sorted(rule.pauses)),
        tuple(_step_words(each, request) for each in rule.ladder),
        rule.valid_from if rule.valid_from > now else None,
        rule.with_cases,
    )


def _step_words(step: care.clocks.Step, request: StaffRequest) -> str:
    when = (
        gettext("%(time)s after") % {"time": request.reader.text(span_text(step.after_s))}
        if step.after_s
        else gettext("at once")
    )
    whom = gettext(clocks.WHOM_WORDS[step.whom])
    taken = f" ({gettext('takes it over')})" if step.takes_over else ""
    return f"{when}: {whom}{taken}"


@require_safe
@staff_only(duty.VIEW_DUTY)
def rule_list(request: StaffRequest) -> HttpResponseBase:
    """List the rules in force or to come, and the regulators' with what is switched on."""
    request.rights.require(duty.VIEW_DUTY)
    here, now = request.institution.id, SYSTEM_CLOCK.now()
    clocks.ensure_rules(here, at=now, clock=SYSTEM_CLOCK)
    decided = {each.slug: each for each in clocks.rules_decided(here)}
    in_force = {each.slug: each for each in clocks.rules(here, at=now)}
    own = [
        shown_rule(each, request, now=now)
        for each in in_force.values()
        if each.kind is not clocks.ClockKind.REGULATOR or each.slug not in clocks.PRESETS
    ]
    coming = [
        shown_rule(each, request, now=now) for each in decided.values() if each.valid_from > now and not each.retired
    ]
    order = list(clocks.ClockKind)
    return render(
        request,
        "office/care_rules.html",
        tab=TAB,
        rules=sorted(own, key=lambda each: (order.index(each.rule.kind), each.rule.slug)),
        coming=coming,
        presets=[_preset(each, decided.get(each.slug), in_force, request, now) for each in clocks.REGULATORS],
        may_edit=request.rights.may(duty.EDIT_CLOCKS),
        done=request.GET.get("done", ""),
    )


def _preset(
    preset: care.clocks.Preset,
    decided: care.clocks.Rule | None,
    in_force: dict[str, care.clocks.Rule],
    request: StaffRequest,
    now: datetime,
) -> ShownPreset:
    rule = in_force.get(preset.slug)
    waits = decided if decided is not None and not decided.retired and decided.valid_from > now else None
    told = rule or waits
    unit, amount = (told.unit, told.amount) if told else (preset.unit, preset.amount)
    extended = told.extended if told else preset.extended
    return ShownPreset(
        preset,
        gettext(preset.words),
        amount_words(unit, amount, request),
        amount_words(unit, extended, request) if extended else "",
        told,
        waits.valid_from if waits and rule is None else None,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(duty.EDIT_CLOCKS, weighty=True)
def new(request: StaffRequest) -> HttpResponseBase:
    """Make a rule: of a team's own, or for cases about one thing."""
    request.rights.require(duty.EDIT_CLOCKS)
    return _form(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(duty.EDIT_CLOCKS, weighty=True)
def change(request: StaffRequest, slug: str) -> HttpResponseBase:
    """Change a rule from now or a later instant on; clocks that run keep theirs."""
    request.rights.require(duty.EDIT_CLOCKS)
    return _form(request, _known(request, slug))


def _known(request: StaffRequest, slug: str) -> care.clocks.Rule:
    found = next((each for each in clocks.rules_decided(request.institution.id) if each.slug == slug), None)
    if found is None or found.retired:
        raise clocks.UnknownRule(field="slug")
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(duty.EDIT_CLOCKS, weighty=True)
def adopt(request: StaffRequest, slug: str) -> HttpResponseBase:
    """Switch a regulator's rule on, as it ships."""
    request.rights.require(duty.EDIT_CLOCKS)
    preset = next((each for each in clocks.REGULATORS if each.slug == slug), None)
    if preset is None:
        raise clocks.UnknownRule(field="slug")
    error: RaseedError | None = None
    if request.method == "POST":
        try:
            _switch_on(request, preset)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(f"{reverse('office:care-rules')}?done=on#regulators", status=303)
    what = (
        gettext(
            "From now on a clock of this rule starts with each case that is opened, and stops when the case is resolved."
        )
        if preset.with_cases
        else gettext(
            "The rule is then at hand for what it is about; its clocks are started by whoever deals with that."
        )
    )
    act = Act(gettext("Switch this rule on"), what, gettext("Switch it on"))
    return act_page(
        request, act, back=f"{reverse('office:care-rules')}#regulators", tab=TAB,
        subject=f"{gettext(preset.words)} · {amount_words(preset.unit, preset.amount, request)} · {preset.source}",
        reason=request.POST.get("reason", "")[:ENTERED_MAX], error=error,
    )  # fmt: skip


def _switch_on(request: StaffRequest, preset: care.clocks.Preset) -> None:
    """Take the preset over; one that was switched off is set as it ships, from now on."""
    here, reason = request.institution.id, request.POST.get("reason", "")[:ENTERED_MAX]
    known = next((each for each in clocks.rules_decided(here) if each.slug == preset.slug), None)
    if known is None or not known.retired:
        clocks.adopt_preset(institution_id=here, slug=preset.slug, by=request.author, reason=reason)
        return
    clocks.set_rule(
        institution_id=here, slug=preset.slug, names=known.names, kind=preset.kind, unit=preset.unit, amount=preset.amount,
        ladder=preset.ladder, pauses=preset.pauses, extended=preset.extended, source=preset.source,
        with_cases=preset.with_cases, expected=known.version, by=request.author, reason=reason,
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(duty.EDIT_CLOCKS, weighty=True)
def retire(request: StaffRequest, slug: str) -> HttpResponseBase:
    """Switch a rule off: it starts no clock any more; those that run go on."""
    request.rights.require(duty.EDIT_CLOCKS)
    rule, error = _known(request, slug), None
    if slug in STARTING:
        raise clocks.UnknownRule(field="slug")
    if request.method == "POST":
        try:
            clocks.set_rule(
                **_all_of(rule), retired=True, expected=rule.version, by=request.author,
                reason=request.POST.get("reason", "")[:ENTERED_MAX],
            )  # fmt: skip
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(f"{reverse('office:care-rules')}?done=off", status=303)
    act = Act(
        gettext("Switch this rule off"),
        gettext("It starts no clock any more from now on. Those that run go on to their end."),
        gettext("Switch it off"),
        danger=True,
    )
    return act_page(
        request, act, back=reverse("office:care-rules"), subject=name_in(rule.names, request.reader.language), tab=TAB,
        reason=request.POST.get("reason", "")[:ENTERED_MAX], error=error,
    )  # fmt: skip


def _all_of(rule: care.clocks.Rule) -> dict[str, Any]:
    return {
        "institution_id": rule.institution_id, "slug": rule.slug, "names": rule.names, "kind": rule.kind, "unit": rule.unit,
        "amount": rule.amount, "ladder": rule.ladder, "pauses": rule.pauses, "extended": rule.extended,
        "source": rule.source, "team_id": rule.team_id, "category": rule.category, "with_cases": rule.with_cases,
    }  # fmt: skip


def _fresh(request: StaffRequest) -> care.clocks.Rule:
    """Return what the form of a new rule begins with."""
    first = next(each for each in clocks.STARTING if each.kind is clocks.ClockKind.FIRST_ANSWER)
    return clocks.Rule(
        new_id(), request.institution.id, "", {}, first.kind, first.unit, first.amount, None, first.pauses, first.ladder,
        gettext(first.source), SYSTEM_CLOCK.now(),
    )  # fmt: skip


def _form(request: StaffRequest, known: care.clocks.Rule | None) -> HttpResponseBase:
    rule = known or _fresh(request)
    zone = duty.hours_now(duty.default_team(request.institution.id).calendar_id, SYSTEM_CLOCK.now()).zone
    filled = _filled(rule, zone)
    names = {code: rule.names.get(code, "") for code in NAME_LANGUAGES}
    ticked, steps = {each.value for each in rule.pauses}, _step_fields(rule.ladder)
    with_cases, error, preview = rule.with_cases, None, None
    if request.method == "POST":
        filled = {name: entered(request, name) for name in filled}
        names = {code: entered(request, f"name_{code}") for code in NAME_LANGUAGES}
        ticked, steps = set(request.POST.getlist("pause")), _steps_entered(request)
        with_cases = "with_cases" in request.POST
        try:
            fresh = _rule_entered(request, rule, names)
            begins = entered_moment(request, "valid_from", zone)
            preview = _preview(request, known, fresh, zone)
            if entered(request, "do") == "save":
                clocks.set_rule(
                    **_all_of(fresh), valid_from=begins, expected=number_of(filled["expected"], "expected"),
                    by=request.author, reason=request.POST.get("reason", "")[:ENTERED_MAX],
                )  # fmt: skip
                address = f"{reverse('office:care-rules')}?{urlencode({'done': 'rule'})}"
                return HttpResponseRedirect(address, status=303)
        except RaseedError as refused:
            error = refused
    return render(
        request,
        "office/care_rule_form.html",
        status=status_of(error),
        tab=TAB,
        known=known,
        is_starting=rule.slug in STARTING,
        name=name_in(rule.names, request.reader.language),
        entered=filled,
        name_fields=list(names.items()),
        steps=steps,
        with_cases=with_cases,
        preview=preview,
        place=zone,
        reason=request.POST.get("reason", "")[:ENTERED_MAX],
        errors=said(request, error, FIELDS),
        **_choices(request, ticked),
    )


def _choices(request: StaffRequest, ticked: set[str]) -> dict[str, Any]:
    language = request.reader.language
    return {
        "kinds": [(each.value, gettext(words)) for each, words in clocks.KIND_WORDS.items()],
        "units": [(each.value, gettext(words)) for each, words in UNIT_WORDS.items()],
        "pauses": [(each.value, gettext(words), each.value in ticked) for each, words in clocks.PAUSE_WORDS.items()],
        "whoms": [(each.value, gettext(words)) for each, words in clocks.WHOM_WORDS.items()],
        "teams": [(str(each.id), name_in(each.names, language)) for each in duty.teams(request.institution.id)],
        "categories": [(each.value, gettext(words)) for each, words in care.CATEGORY_WORDS.items()],
    }


def _filled(rule: care.clocks.Rule, zone: str) -> dict[str, str]:
    def amount(value: int | None) -> str:
        if value is None:
            return ""
        return span_text(value) if rule.unit in IN_SECONDS else str(value)

    today = SYSTEM_CLOCK.now().astimezone(ZoneInfo(zone)).date()
    day = today + timedelta(days=(THURSDAY - today.weekday()) % 7 or 7)
    return {
        "slug": rule.slug, "kind": rule.kind.value, "unit": rule.unit.value, "amount": amount(rule.amount),
        "extended": amount(rule.extended), "team_id": str(rule.team_id or ""), "category": rule.category,
        "source": gettext(rule.source), "valid_from": "", "expected": str(rule.version), "sample": f"{day}T16:50",
    }  # fmt: skip


def _step_fields(ladder: Sequence[care.clocks.Step]) -> list[tuple[int, str, str, bool]]:
    rows = [(span_text(each.after_s), each.whom.value, each.takes_over) for each in ladder]
    rows += [("", "", False)] * max(1, STEPS_ENTERED - len(rows))
    return [(number, *row) for number, row in enumerate(rows, 1)]


def _steps_entered(request: StaffRequest) -> list[tuple[int, str, str, bool]]:
    most = number_of(request.POST.get("steps", "")[:2] or str(STEPS_ENTERED), "ladder")
    return [
        (
            number,
            entered(request, f"after{number}"),
            entered(request, f"whom{number}"),
            f"takes{number}" in request.POST,
        )
        for number in range(1, min(most, 10) + 1)
    ]


def _rule_entered(request: StaffRequest, rule: care.clocks.Rule, names: dict[str, str]) -> care.clocks.Rule:
    """Return the rule that was entered.

    Raises:
        InputError, InvalidRule: a field can't be understood; ``field`` says which.
    """
    unit = _member(clocks.Unit, entered(request, "unit"), "unit")
    kind = rule.kind if rule.version else _member(clocks.ClockKind, entered(request, "kind"), "kind")

    def amount(name: str) -> int:
        text = entered(request, name)
        return seconds_of(text, name) if unit in IN_SECONDS else number_of(text, name)

    ladder = tuple(
        clocks.Step(seconds_of(after, "ladder"), _member(clocks.Whom, whom, "ladder"), takes)
        for _, after, whom, takes in _steps_entered(request)
        if after
    )
    return replace(
        rule,
        slug=rule.slug or entered(request, "slug"),
        names=names,
        kind=kind,
        unit=unit,
        amount=amount("amount"),
        extended=amount("extended") if entered(request, "extended") else None,
        pauses=frozenset(_member(clocks.PauseReason, each, "pauses") for each in request.POST.getlist("pause")),
        ladder=ladder,
        source=entered(request, "source"),
        team_id=entered_id(request, "team_id") if entered(request, "team_id") else None,
        category=entered(request, "category"),
        with_cases="with_cases" in request.POST,
    )


def _member(of: Any, text: str, field: str) -> Any:
    if text not in {each.value for each in of}:
        raise InputError(field=field)
    return of(text)


def _preview(
    request: StaffRequest, known: care.clocks.Rule | None, fresh: care.clocks.Rule, zone: str
) -> tuple[str, str, str]:
    """Return, in words: the sample's instant, when it is due by the rule as it is, and as it would be."""
    sample = entered_moment(request, "sample", zone)
    if sample is None:
        raise InputError(field="sample")
    if fresh.amount <= 0:
        raise clocks.InvalidRule(field="amount")
    team = duty.team(fresh.team_id) if fresh.team_id else duty.default_team(request.institution.id)
    told = clocks.preview_rule(duty.named_calendar(team.calendar_id).calendar, known, fresh, sample=sample)
    return (
        due_words(sample, sample, zone, request),
        due_words(told.was, sample, zone, request) if told.was else "",
        due_words(told.would_be, sample, zone, request),
    )
