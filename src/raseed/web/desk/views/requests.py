"""What was asked for customers beyond somebody's own limits: what waits for a decision, one with its steps, and asking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from raseed.care import api as care
from raseed.care.api import authority
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import parse_id
from raseed.kernel.money import currency, parse_amount
from raseed.web.desk.listing import address_of, customer_names, staff_names
from raseed.web.desk.words import Due, due_of
from raseed.web.office.forms import form_id, said, status_of
from raseed.web.office.limits import my_limits
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

from .conversation import talk_for

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

    from raseed.web.desk.talking import Talk

ASK: Final = "care.authority.ask"
APPROVE: Final = "care.authority.approve"
TEXT_MAX: Final = 500
CURSOR_MAX: Final = 300
MESSAGES_MAX: Final = 10
SHOWN_LENGTH: Final = 60
LOOKS: Final = {
    authority.RequestState.DONE: "good",
    authority.RequestState.AWAITING: "warn",
    authority.RequestState.APPROVED: "warn",
    authority.RequestState.REFUSED: "bad",
    authority.RequestState.EXPIRED: "bad",
    authority.RequestState.FAILED: "bad",
}


@dataclass(frozen=True, slots=True)
class ShownRequest:
    """Something that was asked for, in words."""

    request: authority.Request
    what: str
    state: str
    look: str
    customer: str
    asked_by: str
    waits_for: str
    beyond: str
    due: Due | None


def shown_requests(request: StaffRequest, found: list[authority.Request]) -> list[ShownRequest]:
    """Return requests as lines of a list."""
    now = SYSTEM_CLOCK.now()
    customers = customer_names(request, [each.customer_id for each in found])
    staff = staff_names(request, [id_ for each in found for id_ in (each.asked_by, each.assigned_to) if id_])
    known = {each.code: each.words for each in authority.actions()}
    return [
        ShownRequest(
            each,
            gettext(known[each.action]) if each.action in known else each.action,
            gettext(authority.REQUEST_STATE_WORDS[each.state]),
            LOOKS.get(each.state, ""),
            customers.get(each.customer_id, ""),
            staff.get(each.asked_by, ""),
            staff.get(each.assigned_to, "")
            if each.assigned_to and each.state is authority.RequestState.AWAITING
            else "",
            gettext(authority.BEYOND_WORDS[each.beyond]) if each.beyond else "",
            due_of(each.due_at, now, request.reader)
            if each.due_at and each.state is authority.RequestState.AWAITING
            else None,
        )
        for each in found
    ]


@require_safe
@staff_only(ASK)
def request_list(request: StaffRequest) -> HttpResponseBase:
    """List what waits for this reader's decision first, or what they asked for, or all."""
    wanted = request.GET.get("list") or "mine"
    only = {
        "mine": authority.RequestFilter(state=authority.RequestState.AWAITING, assigned_to=request.staff.id),
        "asked": authority.RequestFilter(asked_by=request.staff.id),
    }.get(wanted)
    before = request.GET["before"][:CURSOR_MAX] if request.GET.get("before") else None
    page = authority.requests(request.institution.id, by=request.author, only=only, before=before)
    return render(
        request,
        "desk/requests.html",
        tab="inbox",
        requests=shown_requests(request, list(page.requests)),
        wanted=wanted,
        lists=[("mine", gettext("Waits for you")), ("asked", gettext("You asked for")), ("all", gettext("All"))],
        next=page.next or "",
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only()
def one_request(request: StaffRequest, request_id: UUID) -> HttpResponseBase:
    """Show what was asked for, and decide about it: who asked can't, and takes it back instead. Who sees what is granted reads it."""
    found = authority.request(request_id, by=request.author)
    error: RaseedError | None = None
    note = request.POST.get("reason", "").strip()[:TEXT_MAX]
    if request.method == "POST":
        try:
            _decide(request, request_id, request.POST.get("do", ""), note)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:request", args=[request_id]), status=303)
    awaiting = found.state is authority.RequestState.AWAITING
    own = found.asked_by == request.staff.id
    who = [UUID(each.by[6:]) for each in found.steps if each.by.startswith("staff:")]
    staff = staff_names(request, who + [each.to for each in found.steps if each.to])
    return render(
        request,
        "desk/request.html",
        status=status_of(error),
        tab="inbox",
        shown=shown_requests(request, [found])[0],
        steps=[
            (
                gettext(authority.STEP_WORDS[each.kind]),
                each,
                staff.get(UUID(each.by[6:]), "") if each.by.startswith("staff:") else "",
                staff.get(each.to, "") if each.to else "",
            )
            for each in found.steps
        ],
        conversation=address_of(found.conversation_id) if found.conversation_id else "",
        may_decide=awaiting and not own and request.rights.may(APPROVE, found.institution_id),
        may_withdraw=awaiting and own,
        reason=note,
        errors=said(request, error, ("reason", "note")),
    )


def _decide(request: StaffRequest, request_id: UUID, do: str, note: str) -> None:
    if do == "approve":
        authority.approve(request_id, by=request.author, note=note)
    elif do == "decline":
        authority.decline(request_id, by=request.author, note=note)
    elif do == "pass-up":
        authority.pass_up(request_id, by=request.author, note=note)
    elif do == "withdraw":
        authority.withdraw(request_id, by=request.author)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(ASK)
def ask(request: StaffRequest, conversation_id: UUID) -> HttpResponseBase:
    """Mend something for the customer of a conversation, or ask for it where it is beyond one's own limits."""
    talk = talk_for(request, conversation_id)
    names = (
        "action",
        "subject",
        "amount",
        "reason",
        *sorted({each for one in authority.actions() for each in one.details}),
    )
    entered = {name: request.POST.get(name, "").strip()[:TEXT_MAX] for name in names}
    error: RaseedError | None = None
    if request.method == "POST":
        try:
            made = _ask(request, talk, entered)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:request", args=[made.id]), status=303)
    chosen = next((each for each in authority.actions() if each.code == entered["action"]), None)
    mine, without = my_limits(request)
    return render(
        request,
        "desk/ask.html",
        status=status_of(error),
        tab="inbox",
        talk=talk,
        actions=[(each.code, gettext(each.words)) for each in authority.actions()],
        subjects=_subjects(request, talk),
        details=[(name, entered[name]) for name in (chosen.details if chosen else names[4:])],
        entered=entered,
        reason=entered["reason"],
        made_id=form_id(request),
        limits=mine,
        without=without,
        errors=said(request, error, ("action", "subject", "amount", "reason")),
    )


def _ask(request: StaffRequest, talk: Talk, entered: dict[str, str]) -> authority.Request:
    one = talk.conversation
    if one.customer_id is None:
        raise care.WhichCustomer(field="subject")
    of = authority.action(entered["action"])
    amount = None
    if of.asks_amount:
        amount = parse_amount(entered["amount"], currency(request.institution.currency_code), field="amount")
    return authority.ask(
        id=parse_id(request.POST.get("id", ""), field="id"),
        action=of.code,
        institution_id=one.institution_id,
        customer_id=one.customer_id,
        subject=entered["subject"],
        amount=amount,
        reason=entered["reason"],
        details={name: entered[name] for name in of.details},
        conversation_id=one.id,
        by=request.author,
    )


def _subjects(request: StaffRequest, talk: Talk) -> list[tuple[str, str]]:
    """Return what things of the customer may be meant, in the words of the cards."""
    one = talk.conversation
    if one.customer_id is None:
        return []
    found = care.cards(one.customer_id, one.institution_id, by=request.author, language=request.reader.language)
    kinds = ("account", "payment", "bill", "loan")
    shown: dict[str, str] = {}
    for card in found:
        for each in card.facts:
            kind, _, id_ = each.key.partition(":")
            subject = each.link if each.link.partition(":")[0] in kinds else f"{kind}:{id_}"
            if subject.partition(":")[0] in kinds:
                shown.setdefault(subject, each.words)
    return [*shown.items(), *_messages(request, talk)]


def _messages(request: StaffRequest, talk: Talk) -> list[tuple[str, str]]:
    """Return what we wrote last in the conversation, to be sent again: the latest first."""
    latest = care.entries(talk.id, by=request.author).entries[::-1]
    ours = [
        each for each in latest if each.kind is care.EntryKind.OUT and each.message_id and each.delivery != care.TOLD
    ]
    return [
        (f"message:{each.message_id}", gettext("Message: %(text)s") % {"text": each.text[:SHOWN_LENGTH] or gettext("File")})
        for each in ours[:MESSAGES_MAX]
    ]  # fmt: skip
