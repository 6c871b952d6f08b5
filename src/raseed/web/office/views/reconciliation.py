"""Breaks as staff work on them: by age and kind, each with its history; billers' files taken in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from django.http import Http404, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from raseed.banking import api as banking
from raseed.bills import api as bills
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import InputError, RaseedError, mark
from raseed.kernel.ids import InvalidId, parse_id
from raseed.payments import api as payments
from raseed.people import api as people
from raseed.web.office.forms import ENTERED_MAX, Act, Choice, act_page, said, status_of
from raseed.web.office.naming import name_in, names_of
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

from .settlements import biller_in

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from django.http.response import HttpResponseBase

WORK: Final = "bills.reconciliation.work"
LOOKS: Final = {
    bills.BreakState.OPEN: "warn",
    bills.BreakState.ASSIGNED: "",
    bills.BreakState.RESOLVED: "good",
    bills.BreakState.CLOSED: "good",
}
OLD_DAYS: Final = 3
"""From which age a break is marked as old."""
COLLEAGUES_MAX: Final = 200
CURSOR_MAX: Final = 100


class FileMissing(InputError):
    """A form for a file came without one."""

    code = "file_missing"
    sentence = mark("No file came.")
    hint = mark("Choose the file, then send it.")


class BillerMissing(InputError):
    """A form came without saying which biller it is about."""

    code = "biller_missing"
    sentence = mark("Say whose file it is.")
    hint = mark("Choose the biller.")


@dataclass(frozen=True, slots=True)
class ShownBreak:
    """A break in words."""

    of: bills.Break
    biller: str
    kind: str
    state_words: str
    look: str
    age: int
    is_old: bool
    assignee: str
    reference: str


def _shown(found: list[bills.Break], request: StaffRequest, today: date) -> list[ShownBreak]:
    known = bills.billers({each.biller_id for each in found})
    names = names_of({f"staff:{each.assignee_id}" for each in found if each.assignee_id}, request)
    return [
        ShownBreak(
            each,
            known[each.biller_id].name(request.reader.language),
            gettext(bills.BREAK_WORDS[each.kind]),
            gettext(bills.BREAK_STATE_WORDS[each.state]),
            LOOKS[each.state],
            each.age_days(today),
            each.is_open and each.age_days(today) >= OLD_DAYS,
            names[f"staff:{each.assignee_id}"].words if each.assignee_id else "",
            payments.reference_of(each.order_id) if each.order_id else each.their_reference,
        )
        for each in found
    ]


@require_safe
@staff_only(WORK)
def break_list(request: StaffRequest) -> HttpResponseBase:
    """List the breaks of this institution's billers, the oldest first; by kind, by biller, one's own, those that ended."""
    request.rights.require(WORK)
    kind, show = request.GET.get("kind", ""), request.GET.get("show", "")
    biller_id = biller_in(request)
    wanted = bills.BreakFilter(
        kind=bills.BreakKind(kind) if kind in set(bills.BreakKind) else None,
        biller_id=biller_id,
        is_open=show != "ended",
        assignee_id=request.staff.id if show == "mine" else None,
    )
    after = request.GET.get("after", "")[:CURSOR_MAX]
    page = bills.breaks(request.institution.id, by=request.author, wanted=wanted, after=after)
    today = banking.business_date(request.institution.id, SYSTEM_CLOCK.now())
    counts = bills.open_breaks(request.institution.id, by=request.author)
    return render(
        request,
        "office/breaks.html",
        tab="breaks",
        breaks=_shown(list(page.breaks), request, today),
        kinds=[
            (one.value, gettext(bills.BREAK_WORDS[one]), count, (today - oldest).days)
            for one, (count, oldest) in counts.items()
        ],
        kind=kind if wanted.kind else "",
        show=show if show in ("mine", "ended") else "",
        biller_id=biller_id,
        next=page.next or "",
        done=request.GET.get("done", ""),
    )


@require_safe
@staff_only(WORK)
def one(request: StaffRequest, break_id: UUID) -> HttpResponseBase:
    """Show a break: what differs, whose it is, and its history."""
    found = bills.break_of(break_id, by=request.author)
    biller = bills.biller(found.biller_id)
    house = people.institution(biller.institution_id)
    steps = bills.break_history(break_id, by=request.author)
    references = {each.actor for each in steps} | {f"staff:{each.assignee_id}" for each in steps if each.assignee_id}
    names = names_of(references, request)
    today = banking.business_date(biller.institution_id, SYSTEM_CLOCK.now())
    (shown,) = _shown([found], request, today)
    return render(
        request,
        "office/break.html",
        tab="breaks",
        one=shown,
        steps=[
            (
                each,
                gettext(bills.BREAK_STATE_WORDS[each.state]),
                names[each.actor],
                names[f"staff:{each.assignee_id}"] if each.assignee_id else None,
                gettext(bills.OUTCOME_WORDS[each.outcome]) if each.outcome else "",
            )
            for each in steps
        ],
        has_payment=found.order_id is not None and _is_payment(found.order_id),
        may_payments=request.rights.may("payments.view", biller.institution_id),
        zone=house.zone,
        country=house.country,
        done=request.GET.get("done", ""),
    )


def _is_payment(order_id: UUID) -> bool:
    return order_id in payments.payments_by_id([order_id])


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(WORK)
def act(request: StaffRequest, break_id: UUID, verb: str) -> HttpResponseBase:
    """Give a break to somebody, resolve it or open it again, with a reason."""
    found = bills.break_of(break_id, by=request.author)
    institution_id = bills.biller(found.biller_id).institution_id
    chosen = request.POST.get("choice", "")[:ENTERED_MAX]
    reason = request.POST.get("reason", "")[:ENTERED_MAX]
    words, choice = _act(verb, chosen, request, institution_id)
    error: RaseedError | None = None
    if request.method == "POST":
        try:
            _do(verb, break_id, chosen, reason, request)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:break", args=[break_id]) + f"?done={verb}", status=303)
    return act_page(
        request,
        words,
        back=reverse("office:break", args=[break_id]),
        subject=gettext(bills.BREAK_WORDS[found.kind]),
        tab="breaks",
        reason=reason,
        choice=choice,
        error=error,
    )


def _act(verb: str, chosen: str, request: StaffRequest, institution_id: UUID) -> tuple[Act, Choice | None]:
    if verb == "assign":
        return (
            Act(gettext("Give the break to somebody"), gettext("It stands in their list until it has ended."), gettext("Give it")),
            Choice("choice", gettext("To whom"), _colleagues(request, institution_id), chosen or str(request.staff.id)),
        )  # fmt: skip
    if verb == "resolve":
        options = tuple((each.value, gettext(bills.OUTCOME_WORDS[each])) for each in bills.BY_PERSONS)
        what = gettext("It counts as dealt with; if a new file tells of it again, it is open again.")
        return (
            Act(gettext("Resolve the break"), what, gettext("Resolve it")),
            Choice("choice", gettext("What became of it"), options, chosen),
        )
    if verb == "reopen":
        return (
            Act(gettext("Open the break again"), gettext("It is in the list of open breaks again."), gettext("Open it again")),
            None,
        )  # fmt: skip
    raise Http404


def _colleagues(request: StaffRequest, institution_id: UUID) -> tuple[tuple[str, str], ...]:
    """Return who may work on breaks here, oneself first."""
    found = [(str(request.staff.id), name_in(request.staff.names, request.reader.language))]
    for each in people.staff_of(institution_id, limit=COLLEAGUES_MAX).staff:
        if each.id == request.staff.id:
            continue
        try:
            may = people.author_of_staff(each.id).may(WORK, institution_id)
        except RaseedError:
            continue
        if may:
            found.append((str(each.id), name_in(each.names, request.reader.language)))
    return tuple(found)


def _do(verb: str, break_id: UUID, chosen: str, reason: str, request: StaffRequest) -> None:
    if verb == "assign":
        try:
            to = parse_id(chosen)
        except InvalidId:
            raise bills.AssigneeUnfit(field="choice") from None
        bills.assign_break(break_id, to=to, by=request.author, reason=reason)
    elif verb == "resolve":
        if chosen not in set(bills.BY_PERSONS):
            raise InputError(field="choice")
        bills.resolve_break(break_id, outcome=bills.Outcome(chosen), by=request.author, reason=reason)
    else:
        bills.reopen_break(break_id, by=request.author, reason=reason)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(WORK)
def hand_in(request: StaffRequest) -> HttpResponseBase:
    """Take in a biller's file of what it received on a day, and show what differs."""
    request.rights.require(WORK)
    entered = {name: request.POST.get(name, "")[:ENTERED_MAX] for name in ("biller", "reason")}
    error: RaseedError | None = None
    done: bills.Reconciliation | None = None
    if request.method == "POST":
        try:
            done = _handed_in(request, entered)
        except RaseedError as refused:
            error = refused
    language = request.reader.language
    known = {each.id: each.name(language) for each in bills.billers_at(request.institution.id)}
    return render(
        request,
        "office/received.html",
        status=status_of(error),
        tab="breaks",
        billers=[(str(id_), name) for id_, name in known.items()],
        entered=entered,
        reason=entered["reason"],
        done=done,
        biller_name=known.get(done.biller_id, "") if done else "",
        errors=said(request, error, ("biller", "file", "reason")),
    )


def _handed_in(request: StaffRequest, entered: dict[str, str]) -> bills.Reconciliation:
    file = request.FILES.get("file")
    try:
        biller = bills.biller(parse_id(entered["biller"]))
    except (InvalidId, bills.BillerUnknown):
        raise BillerMissing(field="biller") from None
    if file is None:
        raise FileMissing(field="file")
    request.rights.require(WORK, biller.institution_id)
    try:
        return bills.reconcile(biller.id, cast("BinaryIO", file.file), by=request.author, reason=entered["reason"])
    except bills.BillsFileRefused as refused:
        refused.field = "file"
        raise
