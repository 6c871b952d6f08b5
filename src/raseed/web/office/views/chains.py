"""Chains of approval: who decides beyond limits, step after step, each with its time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from raseed.care.api import authority
from raseed.kernel.errors import RaseedError, mark
from raseed.kernel.ids import InvalidId, new_id, parse_id
from raseed.kernel.text import ascii_digits
from raseed.people import api as people
from raseed.web.desk.words import length_text
from raseed.web.office.forms import ENTERED_MAX, Act, act_page, form_id, said, status_of
from raseed.web.office.limits import action_words
from raseed.web.office.naming import Named, name_in, names_of
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

from .authority import PROPOSE, VIEW, holders, pending, require_any, sections

if TYPE_CHECKING:
    from uuid import UUID

    from django.http.response import HttpResponseBase

APPROVE: Final = "care.authority.approve"
REST: Final = "everything-else"
"""How the chain of all actions without one of their own is called in addresses."""
STEPS_MAX: Final = 8
SPARE: Final = 2
"""Empty steps that stand below those entered."""
DIGITS_MAX: Final = 6
UNITS: Final = {"minutes": (60, mark("minutes")), "hours": (3_600, mark("hours")), "days": (86_400, mark("days"))}
FIELDS: Final = ("steps", "within_s", "action", "reason")


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A step in words: who, within what time, and who of them may decide at all."""

    holder: Named
    within: str
    able: tuple[str, ...]
    is_role: bool


@dataclass(frozen=True, slots=True)
class EnteredStep:
    """A step as the form shows it."""

    number: int
    who: str
    time: str
    unit: str


@require_safe
@staff_only()
def chain_list(request: StaffRequest) -> HttpResponseBase:
    """List the chains in force: each action's own, and the one for everything else."""
    require_any(request, VIEW, PROPOSE)
    found = {each.action: each for each in authority.chains(request.institution.id)}
    steps = [step for each in found.values() for step in each.steps]
    named = names_of({f"{step.holder_kind.value}:{step.holder_id}" for step in steps}, request)
    return render(
        request,
        "office/chains.html",
        tab="authority",
        chains=[
            (code or REST, action_words(code), [_shown(request, step, named) for step in found[code].steps])
            for code in sorted(found)
        ],
        others=[(each.code, gettext(each.words)) for each in authority.actions() if each.code not in found],
        has_rest="" in found,
        rest=REST,
        pending=pending(request, "care.chains"),
        may_propose=request.rights.may(PROPOSE),
        sections=sections(request),
    )


def _shown(request: StaffRequest, step: authority.ChainStep, named: dict[str, Named]) -> ShownStep:
    here, language = request.institution.id, request.reader.language
    is_role = step.holder_kind is authority.HolderKind.ROLE
    those = people.staff_with_role(step.holder_id) if is_role else [people.staff(step.holder_id)]
    able = tuple(
        name_in(each.names, language)
        for each in those
        if (not is_role or (here, step.holder_id) in each.grants) and _may_approve(each.id, here)
    )
    holder = named[f"{step.holder_kind.value}:{step.holder_id}"]
    return ShownStep(holder, length_text(step.within_s, request.reader), able, is_role)


def _may_approve(staff_id: UUID, institution_id: UUID) -> bool:
    try:
        return people.author_of_staff(staff_id).may(APPROVE, institution_id)
    except (people.StaffNotActive, people.UnknownStaff):
        return False


def _action_of(name: str) -> str:
    """Return the code that an address names.

    Raises:
        UnknownAction: there is none.
    """
    return "" if name == REST else authority.action(name).code


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(PROPOSE, weighty=True)
def chain_form(request: StaffRequest, action: str) -> HttpResponseBase:
    """Propose who decides beyond limits about an action."""
    request.rights.require(PROPOSE)
    code, here = _action_of(action), request.institution.id
    own = next((each for each in authority.chains(here) if each.action == code), None)
    entered = _entered(request, own)
    reason, change_id, error = request.POST.get("reason", "")[:ENTERED_MAX], new_id(), None
    if request.method == "POST":
        change_id = form_id(request)
        if request.POST.get("do") != "more":
            try:
                steps = _steps(entered)
                change = authority.propose_chain(
                    id=change_id, institution_id=here, action=code, steps=steps, reason=reason, by=request.author
                )
            except RaseedError as refused:
                error = refused
            else:
                return HttpResponseRedirect(reverse("office:change", args=[change.id]), status=303)
    return render(
        request,
        "office/chain_form.html",
        status=status_of(error),
        tab="authority",
        words=action_words(code),
        steps=entered,
        holders=holders(request),
        units=[(name, gettext(words)) for name, (_, words) in UNITS.items()],
        may_more=len(entered) < STEPS_MAX,
        reason=reason,
        id=change_id,
        errors=said(request, error, FIELDS),
    )


def _entered(request: StaffRequest, own: authority.Chain | None) -> list[EnteredStep]:
    """Return the steps that were entered, or those in force, with empty ones below; those left empty between close up."""
    found = []
    if request.method == "POST":
        sent = [request.POST.getlist(name)[:STEPS_MAX] for name in ("who", "time", "unit")]
        rows = [tuple(each[:ENTERED_MAX].strip() for each in row) for row in zip(*sent, strict=False)]
        found = [row for row in rows if row[0] or row[1]]
    elif own is not None:
        found = [(f"{each.holder_kind.value}:{each.holder_id}", *_time(each.within_s)) for each in own.steps]
    spare = SPARE if request.method != "POST" or request.POST.get("do") == "more" else 1
    empty = ("", "", "hours")
    rows = [*found, *[empty] * spare][:STEPS_MAX]
    return [EnteredStep(number, who, time, unit) for number, (who, time, unit) in enumerate(rows, start=1)]


def _time(seconds: int) -> tuple[str, str]:
    name, length = next(
        (name, length) for name, (length, _) in reversed(UNITS.items()) if seconds % length == 0 or name == "minutes"
    )
    return str(seconds // length), name


def _steps(entered: list[EnteredStep]) -> list[authority.ChainStep]:
    """Return the steps that were entered.

    Raises:
        InvalidChain: none, or one whose holder or time can't be.
    """
    found = [_step(each) for each in entered if each.who or each.time]
    if not found:
        raise authority.InvalidChain(field="steps")
    return found


def _step(one: EnteredStep) -> authority.ChainStep:
    kind, _, id_ = one.who.partition(":")
    time = ascii_digits(one.time)
    try:
        holder_kind, holder_id = authority.HolderKind(kind), parse_id(id_)
    except (ValueError, InvalidId):
        raise authority.InvalidChain(field="steps") from None
    if not time.isdecimal() or len(time) > DIGITS_MAX or one.unit not in UNITS:
        raise authority.InvalidChain(field="within_s")
    return authority.ChainStep(holder_kind, holder_id, int(time) * UNITS[one.unit][0])


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(PROPOSE, weighty=True)
def end_chain(request: StaffRequest, action: str) -> HttpResponseBase:
    """Propose that an action's own chain ends, so that the one of everything else counts for it."""
    request.rights.require(PROPOSE)
    code, error = _action_of(action), None
    reason, made_id = request.POST.get("reason", "")[:ENTERED_MAX], form_id(request)
    if request.method == "POST":
        try:
            change = authority.propose_chain(
                id=made_id,
                institution_id=request.institution.id,
                action=code,
                steps=(),
                reason=reason,
                by=request.author,
            )
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:change", args=[change.id]), status=303)
    act = Act(
        gettext("End this chain"),
        gettext(
            "A proposal: once a second person confirms it, whoever decides about everything else decides about this."
        ),
        gettext("Propose it"),
        danger=True,
    )
    return act_page(
        request, act, back=reverse("office:chains"), subject=action_words(code), tab="authority", reason=reason,
        made_id=made_id, error=error,
    )  # fmt: skip
