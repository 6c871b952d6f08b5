"""Cases: the list, one with its history and papers, and papers that nobody has filed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.db import transaction
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from raseed.care import api as care
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import parse_id
from raseed.web.desk.files import ShownFile, shown_files
from raseed.web.desk.listing import customer_names, staff_names
from raseed.web.desk.talking import VIEW, WORK
from raseed.web.office.forms import said, status_of
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

from .conversation import back_to, talk_for

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

TEXT_MAX: Final = 4_000
OPEN: Final = care.CaseState.OPEN.value
LISTS: Final = {OPEN: True, care.CaseState.RESOLVED.value: False}
"""The lists of cases: those that are open or wait, and those that ended; any other word: all."""
CURSOR_MAX: Final = 300
LOOSE_MAX: Final = 20
"""So many papers of a conversation are offered to a case at once."""
FILEABLE: Final = frozenset({"waiting", "kept"})
LOOKS: Final = {care.CaseState.OPEN: "warn", care.CaseState.WAITING: "", care.CaseState.RESOLVED: "good"}


@dataclass(frozen=True, slots=True)
class ShownCase:
    """A case as a line of the list."""

    case: care.Case
    category: str
    state: str
    look: str
    customer: str
    owner: str


@dataclass(frozen=True, slots=True)
class ShownPaper:
    """A document that came in, and where it may belong."""

    paper: care.Attachment
    file: ShownFile | None
    customer: str
    conversation: str
    suggested: str
    cases: tuple[tuple[str, str], ...]


def _shown(request: StaffRequest, found: list[care.Case]) -> list[ShownCase]:
    customers = customer_names(request, [each.customer_id for each in found if each.customer_id])
    staff = staff_names(request, [each.owner for each in found])
    return [
        ShownCase(
            each,
            gettext(care.CATEGORY_WORDS[each.category]),
            gettext(care.CASE_STATE_WORDS[each.state]),
            LOOKS[each.state],
            customers.get(each.customer_id, "") if each.customer_id else "",
            staff.get(each.owner, ""),
        )
        for each in found
    ]


@require_safe
@staff_only(VIEW)
def case_list(request: StaffRequest) -> HttpResponseBase:
    """List the cases that are open, or those of a state; a reference number leads to its case."""
    request.rights.require(VIEW)
    wanted, q = request.GET.get("state") or OPEN, (request.GET.get("q") or "").strip()[:40]
    if q:
        try:
            found = care.case_by_reference(q, institution_id=request.institution.id, by=request.author)
        except RaseedError as error:
            return _listed(request, [], wanted, q, "", error)
        return HttpResponseRedirect(reverse("office:case", args=[found.id]), status=303)
    before = request.GET["before"][:CURSOR_MAX] if request.GET.get("before") else None
    page = care.cases(
        institution_id=request.institution.id, by=request.author, is_open=LISTS.get(wanted), before=before
    )
    return _listed(request, list(page.cases), wanted, q, page.next or "", None)


def _listed(
    request: StaffRequest, found: list[care.Case], wanted: str, q: str, following: str, error: RaseedError | None
) -> HttpResponseBase:
    return render(
        request,
        "desk/cases.html",
        status=status_of(error),
        tab="inbox",
        cases=_shown(request, found),
        state=wanted,
        states=[
            (each.value, gettext(care.CASE_STATE_WORDS[each]))
            for each in (care.CaseState.OPEN, care.CaseState.RESOLVED)
        ],
        q=q,
        next=following,
        errors=said(request, error, ("q",)),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(VIEW)
def one_case(request: StaffRequest, case_id: UUID) -> HttpResponseBase:
    """Show a case, and work on it: a note, waiting, its end, or opening it again."""
    found = care.case(case_id, by=request.author)
    error: RaseedError | None = None
    text = request.POST.get("text", "").strip()[:TEXT_MAX]
    if request.method == "POST":
        request.rights.require(WORK, found.institution_id)
        try:
            _work(request, found, request.POST.get("do", ""), text)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:case", args=[case_id]), status=303)
    steps = care.case_steps(case_id, by=request.author)
    staff = staff_names(request, [UUID(each.actor[6:]) for each in steps if each.actor.startswith("staff:")])
    return render(
        request,
        "desk/case.html",
        status=status_of(error),
        tab="inbox",
        shown=_shown(request, [found])[0],
        steps=[
            (
                each,
                gettext(care.CASE_STATE_WORDS[each.state]),
                gettext(care.OUTCOME_WORDS[each.outcome]) if each.outcome else "",
                staff.get(UUID(each.actor[6:]), "") if each.actor.startswith("staff:") else "",
            )
            for each in steps
        ],
        papers=[_paper(request, each) for each in found.attachments],
        conversations=[reverse("office:conversation", args=[each]) for each in found.conversations],
        outcome=gettext(care.OUTCOME_WORDS[found.outcome]) if found.outcome else "",
        outcomes=[(each.value, gettext(words)) for each, words in care.OUTCOME_WORDS.items()],
        resolved=found.state is care.CaseState.RESOLVED,
        may_work=request.rights.may(WORK, found.institution_id),
        text=text,
        errors=said(request, error, ("text",)),
    )


def _work(request: StaffRequest, found: care.Case, do: str, text: str) -> None:
    if do == "resolve":
        outcome = care.Outcome(request.POST.get("outcome", care.Outcome.ANSWERED.value))
        care.resolve_case(found.id, outcome=outcome, resolution=text, by=request.author)
    elif do == "reopen":
        care.reopen_case(found.id, by=request.author, reason=text)
    else:
        state = care.CaseState.WAITING if do == "wait" else care.CaseState.OPEN if do == "open" else None
        care.work_on_case(found.id, by=request.author, note=text, state=state)


def _paper(request: StaffRequest, one: care.Attachment, cases: tuple[tuple[str, str], ...] = ()) -> ShownPaper:
    files = shown_files(request, one.conversation_id, [one.media] if one.media else [])
    customer = customer_names(request, [one.customer_id]) if one.customer_id else {}
    return ShownPaper(
        one,
        files[0] if files else None,
        customer.get(one.customer_id, "") if one.customer_id else "",
        reverse("office:conversation", args=[one.conversation_id]),
        str(one.suggested_case_id or ""),
        cases,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(VIEW)
def unfiled(request: StaffRequest) -> HttpResponseBase:
    """Show the papers that belong to no case yet, the oldest first, and file one."""
    request.rights.require(VIEW)
    error: RaseedError | None = None
    if request.method == "POST":
        request.rights.require(WORK)
        try:
            case = care.case_by_reference(
                request.POST.get("case", "")[:40], institution_id=request.institution.id, by=request.author
            )
            media_id = parse_id(request.POST.get("media", ""), field="media")
            care.attach_media(case.id, media_id, by=request.author, reason=gettext("chosen by a colleague"))
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:unfiled"), status=303)
    before = request.GET["before"][:CURSOR_MAX] if request.GET.get("before") else None
    page = care.unfiled(request.institution.id, by=request.author, before=before)
    return render(
        request,
        "desk/unfiled.html",
        status=status_of(error),
        tab="inbox",
        papers=[_paper(request, each, _open_cases(request, each)) for each in page.attachments],
        next=page.next or "",
        may_work=request.rights.may(WORK),
        errors=said(request, error, ()),
    )


def _open_cases(request: StaffRequest, one: care.Attachment) -> tuple[tuple[str, str], ...]:
    """Return the open cases of the customer who sent a paper, the one whose reference was typed first."""
    if one.customer_id is None:
        return ()
    found = care.cases(
        institution_id=one.institution_id, by=request.author, customer_id=one.customer_id, is_open=True
    ).cases
    ordered = sorted(found, key=lambda each: each.id != one.suggested_case_id)
    return tuple((each.reference, f"{each.reference} · {each.title}") for each in ordered)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(WORK)
def of_conversation(request: StaffRequest, conversation_id: UUID) -> HttpResponseBase:
    """Open a case from a conversation, or put it with one that is open."""
    talk = talk_for(request, conversation_id)
    one = talk.conversation
    error: RaseedError | None = None
    title, category = request.POST.get("title", "").strip()[:200], request.POST.get("category", "")
    if request.method == "POST":
        try:
            _file(request, one, title, category)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(back_to(conversation_id), status=303)
    theirs: tuple[care.Case, ...] = ()
    if one.customer_id is not None:
        theirs = care.cases(institution_id=one.institution_id, by=request.author, customer_id=one.customer_id).cases
    return render(
        request,
        "desk/case_form.html",
        status=status_of(error),
        tab="inbox",
        talk=talk,
        title=title,
        category=category,
        categories=[(each.value, gettext(words)) for each, words in care.CATEGORY_WORDS.items()],
        cases=_shown(request, [each for each in theirs if each.state is not care.CaseState.RESOLVED]),
        papers=[_paper(request, each) for each in _loose(request, one)],
        errors=said(request, error, ("title", "reason")),
    )


def _loose(request: StaffRequest, one: care.Conversation) -> list[care.Attachment]:
    """Return what was sent in a conversation and is with no case yet, the latest last."""
    sent = care.attachments_of(one.id, by=request.author)
    return [each for each in sent if each.case_id is None and each.state in FILEABLE][-LOOSE_MAX:]


@transaction.atomic
def _file(request: StaffRequest, one: care.Conversation, title: str, category: str) -> None:
    """Open a case, or join or leave one; papers of the conversation that were ticked go with it."""
    do = request.POST.get("do", "open")
    if do == "leave":
        care.leave_case(one.id, by=request.author, reason=request.POST.get("reason", ""))
        return
    if do == "join":
        case_id = parse_id(request.POST.get("case", ""), field="case")
        case = care.join_case(one.id, case_id=case_id, by=request.author)
    else:
        kind = care.Category(category) if category in set(care.Category) else care.Category.OTHER
        case = care.open_case(one.id, category=kind, title=title, by=request.author)
    ticked = set(request.POST.getlist("media"))
    for each in _loose(request, one):
        if str(each.media_id) in ticked:
            care.attach_media(case.id, each.media_id, by=request.author, reason=gettext("chosen by a colleague"))
