"""Checks of the books as staff see them: when each was asked, what it found, and what becomes of a finding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.http import Http404, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from raseed.assurance import api as assurance
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import InputError, RaseedError
from raseed.kernel.ids import InvalidId, parse_id
from raseed.people import api as people
from raseed.web.office.forms import ENTERED_MAX, Act, Choice, act_page
from raseed.web.office.naming import Named, name_in, names_of
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from django.http.response import HttpResponseBase

VIEW: Final = assurance.VIEW_BOOKS
WORK: Final = assurance.WORK_ON_BOOKS
LOOKS: Final = {
    assurance.FindingState.OPEN: "warn",
    assurance.FindingState.ASSIGNED: "",
    assurance.FindingState.CLOSED: "good",
    assurance.FindingState.CLEARED: "good",
}
COLLEAGUES_MAX: Final = 200
CURSOR_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """A finding in words."""

    of: assurance.KnownFinding
    what: str
    asked: str
    about: Named
    severity: str
    is_wrong: bool
    state_words: str
    look: str
    age: int
    assignee: str


def _shown(found: Sequence[assurance.KnownFinding], request: StaffRequest, now: datetime) -> list[ShownFinding]:
    people_ = {f"staff:{each.assignee_id}" for each in found if each.assignee_id}
    names = names_of({each.finding.subject for each in found} | people_, request)
    return [
        ShownFinding(
            each,
            gettext(assurance.code_words(each.finding.check, each.finding.code)),
            gettext(assurance.check_words(each.finding.check)),
            names[each.finding.subject],
            gettext(assurance.SEVERITY_WORDS[each.finding.severity]),
            each.finding.severity is assurance.Severity.WRONG,
            gettext(assurance.FINDING_STATE_WORDS[each.state]),
            LOOKS[each.state],
            max((now - each.first_seen).days, 0),
            names[f"staff:{each.assignee_id}"].words if each.assignee_id else "",
        )
        for each in found
    ]


@require_safe
@staff_only(VIEW)
def check_list(request: StaffRequest) -> HttpResponseBase:
    """List what checks found, the oldest first, and how every check stands."""
    request.rights.require(VIEW)
    name, show = request.GET.get("check", ""), request.GET.get("show", "")
    now, here = SYSTEM_CLOCK.now(), request.institution.id
    standing = assurance.standing(here, by=request.author)
    wanted = assurance.FindingFilter(
        check=name if name in {each.check.name for each in standing} else None,
        is_open=show != "ended",
        assignee_id=request.staff.id if show == "mine" else None,
    )
    after = request.GET.get("after", "")[:CURSOR_MAX]
    page = assurance.findings(here, by=request.author, wanted=wanted, after=after)
    house = people.institution(here)
    return render(
        request,
        "office/books.html",
        tab="books",
        findings=_shown(page.findings, request, now),
        checks=[(each, gettext(each.check.words), (now - each.oldest).days if each.oldest else 0) for each in standing],
        check=wanted.check or "",
        show=show if show in ("mine", "ended") else "",
        next=page.next or "",
        zone=house.zone,
        country=house.country,
    )


@require_safe
@staff_only(VIEW)
def one(request: StaffRequest, finding_id: UUID) -> HttpResponseBase:
    """Show a finding: what should be and what is, whose it is, and its history."""
    here = request.institution.id
    found = assurance.finding_of(finding_id, institution_id=here, by=request.author)
    steps = assurance.finding_history(finding_id, institution_id=here, by=request.author)
    references = {each.actor for each in steps} | {f"staff:{each.assignee_id}" for each in steps if each.assignee_id}
    names = names_of(references, request)
    (shown,) = _shown([found], request, SYSTEM_CLOCK.now())
    house = people.institution(here)
    return render(
        request,
        "office/finding.html",
        tab="books",
        one=shown,
        steps=[
            (
                each,
                gettext(assurance.FINDING_STATE_WORDS[each.state]),
                names[each.actor],
                names[f"staff:{each.assignee_id}"] if each.assignee_id else None,
                gettext(assurance.OUTCOME_WORDS[each.outcome]) if each.outcome else "",
                gettext(each.note) if each.note and each.actor == people.SYSTEM.actor else each.note,
            )
            for each in steps
        ],
        may_work=request.rights.may(WORK),
        zone=house.zone,
        country=house.country,
        done=request.GET.get("done", ""),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(WORK)
def act(request: StaffRequest, finding_id: UUID, verb: str) -> HttpResponseBase:
    """Give a finding to somebody, write down what is known of it, close it or open it again, with a reason."""
    request.rights.require(WORK)
    found = assurance.finding_of(finding_id, institution_id=request.institution.id, by=request.author)
    chosen = request.POST.get("choice", "")[:ENTERED_MAX]
    reason = request.POST.get("reason", "")[:ENTERED_MAX]
    words, choice = _act(verb, chosen, request)
    error: RaseedError | None = None
    if request.method == "POST":
        try:
            _do(verb, finding_id, chosen, reason, request)
        except RaseedError as refused:
            error = refused
        else:
            back = reverse("office:finding-of-books", args=[finding_id])
            return HttpResponseRedirect(f"{back}?done={verb}", status=303)
    return act_page(
        request,
        words,
        back=reverse("office:finding-of-books", args=[finding_id]),
        subject=gettext(assurance.code_words(found.finding.check, found.finding.code)),
        tab="books",
        reason=reason,
        choice=choice,
        error=error,
    )


def _act(verb: str, chosen: str, request: StaffRequest) -> tuple[Act, Choice | None]:
    if verb == "assign":
        return (
            Act(gettext("Give the finding to somebody"), gettext("It stands in their list until it has ended."), gettext("Give it")),
            Choice("choice", gettext("To whom"), _colleagues(request), chosen or str(request.staff.id)),
        )  # fmt: skip
    if verb == "note":
        what = gettext("It stands in the finding's history; nothing else changes.")
        return Act(gettext("Write down what is known"), what, gettext("Write it down")), None
    if verb == "close":
        options = tuple((each.value, gettext(assurance.OUTCOME_WORDS[each])) for each in assurance.BY_PERSONS)
        what = gettext("If the check finds it again, it is open again; accepted as it is, only once it changes.")
        return (
            Act(gettext("Close the finding"), what, gettext("Close it")),
            Choice("choice", gettext("What became of it"), options, chosen),
        )
    if verb == "reopen":
        return (
            Act(gettext("Open the finding again"), gettext("It is in the list of open findings again."), gettext("Open it again")),
            None,
        )  # fmt: skip
    raise Http404


def _colleagues(request: StaffRequest) -> tuple[tuple[str, str], ...]:
    """Return who may work on findings here, oneself first."""
    found = [(str(request.staff.id), name_in(request.staff.names, request.reader.language))]
    for each in people.staff_of(request.institution.id, limit=COLLEAGUES_MAX).staff:
        if each.id == request.staff.id:
            continue
        try:
            may = people.author_of_staff(each.id).may(WORK, request.institution.id)
        except RaseedError:
            continue
        if may:
            found.append((str(each.id), name_in(each.names, request.reader.language)))
    return tuple(found)


def _do(verb: str, finding_id: UUID, chosen: str, reason: str, request: StaffRequest) -> None:
    here, by = request.institution.id, request.author
    if verb == "assign":
        try:
            to = parse_id(chosen)
        except InvalidId:
            raise assurance.FinderUnfit(field="choice") from None
        assurance.assign_finding(finding_id, institution_id=here, to=to, by=by, reason=reason)
    elif verb == "note":
        assurance.note_on_finding(finding_id, institution_id=here, by=by, reason=reason)
    elif verb == "close":
        if chosen not in set(assurance.BY_PERSONS):
            raise InputError(field="choice")
        outcome = assurance.Outcome(chosen)
        assurance.close_finding(finding_id, institution_id=here, outcome=outcome, by=by, reason=reason)
    else:
        assurance.reopen_finding(finding_id, institution_id=here, by=by, reason=reason)
