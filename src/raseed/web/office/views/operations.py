"""Payments on their way outside as operations see them: by state with their age, all that is known of one; lanes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.http import Http404, HttpResponseRedirect
from django.urls import reverse
from django.utils.timesince import timesince
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from raseed.banking import api as banking
from raseed.bills import api as bills
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import InputError, RaseedError, mark
from raseed.kernel.ids import new_id, parse_id
from raseed.payments import api as payments
from raseed.payments.api import PaymentState
from raseed.people import api as people
from raseed.platform import api as platform
from raseed.web.office.forms import ENTERED_MAX, Act, act_page, said, status_of
from raseed.web.office.naming import names_of
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

from .billers import facts_of
from .changes import shown_changes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from django.http.response import HttpResponseBase

VIEW: Final = "payments.view"
VIEW_BILLS: Final = "bills.view"
EDIT_LANES: Final = "payments.lanes.edit"
PROPOSE: Final = "payments.outcome.propose"
CURSOR_MAX: Final = 300
STATE_LOOKS: Final = {
    PaymentState.REFERRED: "bad",
    PaymentState.UNKNOWN: "warn",
    PaymentState.SETTLED: "good",
    PaymentState.RETURNED: "bad",
    PaymentState.REFUSED: "bad",
}
ASKED_WORDS: Final = {
    payments.Asked.ASK: mark("Asked to take it"),
    payments.Asked.ASK_AGAIN: mark("Asked what became of it"),
    payments.Asked.ASK_AFTER_ALL: mark("Asked to take it after all: it was not seen there"),
}
ANSWER_WORDS: Final = {
    "yes": mark("Taken"),
    "no": mark("Not taken"),
    "unknown": mark("No definite answer"),
}
BREAKER_WORDS: Final = {
    payments.Breaker.CLOSED: mark("Answers"),
    payments.Breaker.OPEN: mark("Left alone for a while"),
    payments.Breaker.HALF_OPEN: mark("Tried with one payment"),
}
BREAKER_LOOKS: Final = {
    payments.Breaker.CLOSED: "good",
    payments.Breaker.OPEN: "bad",
    payments.Breaker.HALF_OPEN: "warn",
}
DECIDABLE: Final = frozenset({PaymentState.UNKNOWN, PaymentState.REFERRED})
"""Where a proposal is offered; whether one is taken is for ``payments`` to say."""


@dataclass(frozen=True, slots=True)
class ShownOpen:
    """A payment on its way, as it stands in the list."""

    open: payments.OpenPayment
    payee: str
    state_words: str
    look: str
    age: str


@dataclass(frozen=True, slots=True)
class ShownAttempt:
    """An attempt in words."""

    attempt: payments.Attempt
    asked: str
    answer: str
    look: str


@dataclass(frozen=True, slots=True)
class ShownContradiction:
    """What was said after the end of a payment, in words."""

    contradiction: payments.Contradiction
    payee: str
    words: str


@dataclass(frozen=True, slots=True)
class ShownLane:
    """A lane with the name of whom it leads to."""

    lane: payments.Lane
    name: str
    words: str
    look: str
    verb: str
    verb_words: str

    @property
    def on_their_way(self) -> int:
        """How many payments are held for it or were sent."""
        return self.lane.held + self.lane.sent


def payees(lanes: Iterable[str], language: str) -> dict[str, str]:
    """Return whom lanes lead to, by the lane's code; one that is no biller's is called by its code."""
    codes = set(lanes)
    ids: dict[str, UUID] = {}
    for code in codes:
        kind, _, text = code.partition(":")
        if kind == "biller":
            ids[code] = parse_id(text)
    known = bills.billers(ids.values())
    return {code: known[ids[code]].name(language) if ids.get(code) in known else code for code in codes}


def _age(since: datetime, request: StaffRequest) -> str:
    return request.reader.text(timesince(since, SYSTEM_CLOCK.now(), depth=2))


@require_safe
@staff_only(VIEW)
def open_payments(request: StaffRequest) -> HttpResponseBase:
    """List the payments that have not ended: those before a person first, then those not known; the oldest of each first."""
    request.rights.require(VIEW)
    wanted, lane = request.GET.get("state", ""), request.GET.get("lane", "")[:CURSOR_MAX]
    state = PaymentState(wanted) if wanted in set(payments.OPEN_STATES) else None
    page = payments.payments_open(
        request.institution.id,
        by=request.author,
        state=state,
        lane=lane or None,
        before=request.GET["before"][:CURSOR_MAX] if "before" in request.GET else None,
    )
    names = payees((each.lane for each in page.payments), request.reader.language)
    shown = [
        ShownOpen(
            each,
            names[each.lane],
            gettext(payments.STATE_WORDS[each.payment.state]),
            STATE_LOOKS.get(each.payment.state, ""),
            _age(each.since, request),
        )
        for each in page.payments
    ]
    return render(
        request,
        "office/operations.html",
        tab="operations",
        contradictions=[] if state or lane or "before" in request.GET else _contradictions(request),
        payments=shown,
        state=state.value if state else "",
        lane=lane,
        states=[(one.value, gettext(payments.STATE_WORDS[one])) for one in payments.OPEN_STATES],
        next=page.next or "",
    )


def _contradictions(request: StaffRequest) -> list[ShownContradiction]:
    """Return what was said after the end and nobody has dealt with yet."""
    found = payments.contradictions(request.institution.id, by=request.author).contradictions
    names = payees((each.lane for each in found), request.reader.language)
    return [_contradiction(each, names[each.lane]) for each in found]


def _contradiction(one: payments.Contradiction, payee: str) -> ShownContradiction:
    return ShownContradiction(one, payee, gettext(payments.CONTRADICTION_WORDS[one.kind]))


@require_safe
@staff_only(VIEW)
def one_payment(request: StaffRequest, payment_id: UUID) -> HttpResponseBase:
    """Show all that is known of a payment: timeline, every attempt and its answer, findings, proposals."""
    found = payments.payment_about(payment_id, by=request.author)
    account = banking.account(found.from_account_id)
    house = people.institution(account.institution_id)
    order = bills.orders_by_id([payment_id]).get(payment_id)
    biller = bills.biller(order.biller_id) if order else None
    findings: Sequence[bills.Finding] = ()
    if order is not None and request.rights.may(VIEW_BILLS, account.institution_id):
        findings = bills.findings(account.institution_id, by=request.author, order_id=payment_id).findings
    proposals = people.changes(institution_id=account.institution_id, subject=f"payment:{payment_id}", limit=20)
    platform.record(
        actor=request.author.actor,
        action="office.payment_opened",
        subject=f"payment:{payment_id}",
        institution_id=account.institution_id,
        customer_id=found.actor_customer_id,
    )
    payer, source = f"customer:{found.actor_customer_id}", f"account:{found.from_account_id}"
    names = names_of([payer, source], request)
    language = request.reader.language
    return render(
        request,
        "office/operation.html",
        tab="operations",
        payment=found,
        payee=biller.name(language) if biller else "",
        lane=biller.lane if biller else "",
        order=order,
        payer=names[payer],
        source=names[source],
        state_words=gettext(payments.STATE_WORDS[found.state]),
        look=STATE_LOOKS.get(found.state, ""),
        age=_age(found.instructed_at, request) if found.state in payments.OPEN_STATES else "",
        steps=[(payments.step_words(step, language), step.reason_code or "", step.at) for step in found.timeline],
        attempts=[_attempt(each) for each in payments.attempts_of(payment_id, by=request.author)],
        findings=[
            (each, gettext(bills.FINDING_WORDS[each.kind]), facts_of(each, biller, request.reader))
            for each in findings
            if biller
        ],
        changes=shown_changes(list(proposals.changes), request),
        contradictions=[_contradiction(each, "") for each in payments.contradictions_of(payment_id, by=request.author)],
        may_close=request.rights.may(PROPOSE, account.institution_id),
        may_propose=found.state in DECIDABLE and request.rights.may(PROPOSE, account.institution_id),
        zone=house.zone,
        country=house.country,
    )


def _attempt(one: payments.Attempt) -> ShownAttempt:
    looks = {"yes": "good", "no": "bad", "unknown": "warn"}
    words = gettext(ANSWER_WORDS[one.answer]) if one.answer in ANSWER_WORDS else one.answer
    return ShownAttempt(one, gettext(ASKED_WORDS[one.asked]), words, looks.get(one.answer, ""))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(PROPOSE, weighty=True)
def outcome(request: StaffRequest, payment_id: UUID) -> HttpResponseBase:
    """Propose what became of a payment that nobody answers for; a second person confirms it among the changes."""
    found = payments.payment_about(payment_id, by=request.author)
    request.rights.require(PROPOSE, banking.account(found.from_account_id).institution_id)
    entered = {name: request.POST.get(name, "")[:ENTERED_MAX] for name in ("outcome", "reference", "reason", "id")}
    error: RaseedError | None = None
    if request.method == "POST":
        try:
            change = payments.propose_outcome(
                id=parse_id(entered["id"]),
                payment_id=payment_id,
                outcome=_outcome(entered["outcome"]),
                reason=entered["reason"],
                by=request.author,
                reference=entered["reference"],
            )
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:change", args=[change.id]), status=303)
    return render(
        request,
        "office/operation_outcome.html",
        status=status_of(error),
        tab="operations",
        payment=found,
        entered=entered,
        id=entered["id"] or new_id(),
        reason=entered["reason"],
        errors=said(request, error, ("outcome", "reference", "reason")),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(PROPOSE, weighty=True)
def dealt_with(request: StaffRequest, payment_id: UUID) -> HttpResponseBase:
    """Ask how an answer that came after the end was dealt with, and keep it."""
    found = payments.payment_about(payment_id, by=request.author)
    request.rights.require(PROPOSE, banking.account(found.from_account_id).institution_id)
    if not payments.contradictions_of(payment_id, by=request.author):
        raise payments.ContradictionUnknown(field="payment_id")
    error: RaseedError | None = None
    reason = request.POST.get("reason", "")[:ENTERED_MAX]
    if request.method == "POST":
        try:
            payments.close_contradictions(payment_id, by=request.author, reason=reason)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:operation", args=[payment_id]), status=303)
    return act_page(
        request,
        Act(
            gettext("Dealt with"),
            gettext(
                "Say what was found out with the other side, and how the money was put right. It then leaves the list."
            ),
            gettext("Dealt with"),
        ),
        back=reverse("office:operation", args=[payment_id]),
        subject=found.reference,
        tab="operations",
        reason=reason,
        error=error,
    )


class OutcomeMissing(InputError):
    """Neither of the two outcomes was chosen."""

    code = "outcome_missing"
    sentence = mark("Say what became of the payment.")
    hint = mark("Choose one of the two.")


def _outcome(text: str) -> PaymentState:
    if text not in (PaymentState.SETTLED, PaymentState.RETURNED):
        raise OutcomeMissing(field="outcome")
    return PaymentState(text)


@require_safe
@staff_only(VIEW)
def lane_list(request: StaffRequest) -> HttpResponseBase:
    """List the ways outside with their breakers and what is on each, the troubled ones first."""
    request.rights.require(VIEW)
    found = payments.lanes(request.institution.id, by=request.author)
    names = payees((each.code for each in found), request.reader.language)
    return render(
        request,
        "office/lanes.html",
        tab="lanes",
        lanes=[_lane(each, names[each.code]) for each in found],
        may_edit=request.rights.may(EDIT_LANES),
        done=request.GET.get("done", ""),
    )


def _lane(lane: payments.Lane, name: str) -> ShownLane:
    verb = VERBS["open" if lane.closed else "close"]
    words = mark("Closed") if lane.closed else BREAKER_WORDS[lane.breaker]
    look = "bad" if lane.closed else BREAKER_LOOKS[lane.breaker]
    return ShownLane(lane, name, gettext(words), look, verb.name, gettext(verb.act.title))


@dataclass(frozen=True, slots=True)
class Verb:
    """What may be done with a lane: by which service, in which words."""

    name: str
    do: Callable[..., object]
    act: Act


VERBS: Final = {
    "close": Verb(
        "close",
        payments.close_lane,
        Act(
            mark("Close the way"),
            mark(
                "New payments are refused in words, what is held and has not left is given back; what has left goes on being asked about."
            ),
            mark("Close it"),
            danger=True,
        ),
    ),
    "open": Verb(
        "open",
        payments.open_lane,
        Act(
            mark("Open the way"),
            mark("Payments are taken again, and the next one is let through at once to see."),
            mark("Open it"),
        ),
    ),
}


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(EDIT_LANES, weighty=True)
def lane_act(request: StaffRequest, lane: str, verb: str) -> HttpResponseBase:
    """Ask for the reason of closing or opening a lane, and do it."""
    chosen = VERBS.get(verb)
    if chosen is None:
        raise Http404
    request.rights.require(EDIT_LANES)
    known = {each.code for each in payments.lanes(request.institution.id, by=request.author)}
    if lane not in known:
        raise payments.LaneUnknown(field="lane")
    error: RaseedError | None = None
    reason = request.POST.get("reason", "")[:ENTERED_MAX]
    if request.method == "POST":
        try:
            chosen.do(lane, by=request.author, reason=reason)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:lanes") + f"?done={chosen.name}", status=303)
    return act_page(
        request,
        Act(gettext(chosen.act.title), gettext(chosen.act.what), gettext(chosen.act.button), danger=chosen.act.danger),
        back=reverse("office:lanes"),
        subject=payees([lane], request.reader.language)[lane],
        tab="lanes",
        reason=reason,
        error=error,
    )
