"""Changes with weight: those that wait, those decided; before and after in words; the second person's decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from raseed.kernel.errors import RaseedError, mark
from raseed.kernel.text import UnacceptableText
from raseed.people import api as people
from raseed.platform.api import error_status
from raseed.web.office.naming import Named, names_of
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only
from raseed.web.rendering import words

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse
    from django.http.response import HttpResponseBase

STATE_WORDS: Final = {
    people.ChangeState.OPEN: mark("Waits for a second person"),
    people.ChangeState.APPLIED: mark("Confirmed and in force"),
    people.ChangeState.REJECTED: mark("Rejected"),
    people.ChangeState.WITHDRAWN: mark("Withdrawn"),
    people.ChangeState.EXPIRED: mark("Expired"),
}
STATE_LOOKS: Final = {
    people.ChangeState.OPEN: "warn",
    people.ChangeState.APPLIED: "good",
    people.ChangeState.REJECTED: "bad",
}


@dataclass(frozen=True, slots=True)
class ShownChange:
    """A change as it stands in a list."""

    change: people.Change
    words: str
    subject: Named
    proposer: Named
    decider: Named | None
    state_words: str
    look: str
    mine: bool

    @property
    def is_open(self) -> bool:
        """Whether it can still be decided."""
        return self.change.state is people.ChangeState.OPEN


def shown_changes(changes: list[people.Change], page: StaffRequest) -> list[ShownChange]:
    """Return changes ready for a page, the names in them looked up at once."""
    names = names_of({text for one in changes for text in (one.subject, one.proposed_by, one.decided_by) if text}, page)
    return [
        ShownChange(
            change=one,
            words=gettext(people.change_kind(one.kind).words),
            subject=names[one.subject],
            proposer=names[one.proposed_by],
            decider=names[one.decided_by] if one.decided_by else None,
            state_words=gettext(STATE_WORDS[one.state]),
            look=STATE_LOOKS.get(one.state, ""),
            mine=page.author.person in (one.proposer, one.proposed_by),
        )
        for one in changes
    ]


def may_see(change: people.Change, page: StaffRequest) -> bool:
    """Say whether this person may read a change: who may propose or confirm its kind there, and who proposed it."""
    kind = people.change_kind(change.kind)
    return (
        page.author.person in (change.proposer, change.proposed_by)
        or page.rights.may(kind.permission, change.institution_id)
        or page.rights.may(kind.confirm_permission, change.institution_id)
        or page.rights.may("people.audit.view", change.institution_id)
    )


@require_safe
@staff_only()
def queue(request: StaffRequest) -> HttpResponseBase:
    """List changes of this institution: those that wait by default, those decided on request."""
    text = request.GET.get("state", people.ChangeState.OPEN.value)
    state = people.ChangeState(text) if text in {one.value for one in people.ChangeState} else None
    found = people.changes(institution_id=request.institution.id, state=state, before=request.GET.get("before") or None)
    seen = [one for one in found.changes if may_see(one, request)]
    return render(
        request,
        "office/changes.html",
        tab="changes",
        state=state.value if state else "all",
        states=[(one.value, gettext(STATE_WORDS[one])) for one in people.ChangeState],
        changes=shown_changes(seen, request),
        next=found.next,
        older="before" in request.GET,
    )


def _seen(request: StaffRequest, change_id: UUID) -> people.Change:
    change = people.change(change_id)
    if not may_see(change, request):
        raise people.UnknownChange(field="change_id")
    return change


def _why_not(change: people.Change, page: StaffRequest, *, outdated: bool) -> RaseedError | None:
    """Return why this person can't confirm an open change: shown in the place of the button."""
    kind = people.change_kind(change.kind)
    theirs = {change.proposed_by, change.proposer, change.subject}
    if page.author.person in theirs:
        return people.SecondPersonNeeded()
    if not page.rights.may(kind.confirm_permission, change.institution_id):
        return people.NotPermitted(permission=kind.confirm_permission)
    return people.ChangeOutdated() if outdated else None


def _page(
    request: StaffRequest, change: people.Change, *, error: RaseedError | None = None, note: str = ""
) -> HttpResponse:
    (shown,) = shown_changes([change], request)
    outdated = shown.is_open and people.change_is_outdated(change)
    refusal = _why_not(change, request, outdated=outdated) if shown.is_open else None
    may_decide = shown.is_open and (refusal is None or isinstance(refusal, people.ChangeOutdated))
    names = names_of({step.by for step in people.change_history(change.id)}, request)
    return render(
        request,
        "office/change.html",
        status=error_status(error) if error else 200,
        tab="changes",
        shown=shown,
        change=change,
        lines=people.describe_change(change, request.reader.language),
        steps=[(gettext(STATE_WORDS[one.state]), one, names[one.by]) for one in people.change_history(change.id)],
        outdated=outdated,
        refusal=words(request, refusal) if refusal else None,
        may_confirm=may_decide and not outdated,
        may_reject=may_decide,
        may_withdraw=shown.is_open and shown.mine,
        note=note,
        errors={"note" if isinstance(error, UnacceptableText) else "form": words(request, error)} if error else {},
    )


@require_safe
@staff_only()
def one_change(request: StaffRequest, change_id: UUID) -> HttpResponseBase:
    """Show a change: what it alters, who proposed it and why, what became of it, and what this person may do."""
    return _page(request, _seen(request, change_id))


@require_POST
@staff_only(weighty=True)
def decide(request: StaffRequest, change_id: UUID) -> HttpResponseBase:
    """Confirm or reject as the second person, or take back what one proposed oneself."""
    change = _seen(request, change_id)
    verdict, note = request.POST.get("verdict", ""), request.POST.get("note", "")
    try:
        if verdict == "confirm":
            people.confirm_change(change.id, by=request.author, note=note)
        elif verdict == "reject":
            people.reject_change(change.id, by=request.author, note=note)
        elif verdict == "withdraw":
            people.withdraw_change(change.id, by=request.author)
    except RaseedError as error:
        return _page(request, people.change(change_id), error=error, note=note)
    return HttpResponseRedirect(reverse("office:change", args=[change.id]), status=303)
