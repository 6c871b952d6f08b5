"""Billers as staff see them: who is paid, whether they take payments, and what they answered that can't be right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.http import Http404, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from raseed.banking import api as banking
from raseed.bills import api as bills
from raseed.kernel.errors import RaseedError, mark
from raseed.kernel.ids import InvalidId, parse_id
from raseed.kernel.money import Money
from raseed.web.office.forms import ENTERED_MAX, Act, act_page
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

from .simulated import PERMISSION as SWITCH
from .simulated import demo_doors

if TYPE_CHECKING:
    from uuid import UUID

    from django.http.response import HttpResponseBase

    from raseed.web.reader import Reader

VIEW: Final = "bills.view"
SUSPEND: Final = "bills.billers.suspend"
MODEL_WORDS: Final = {
    bills.BillerModel.FETCH: mark("Bills are fetched"),
    bills.BillerModel.VALIDATE: mark("An amount, checked with the biller"),
    bills.BillerModel.DIRECT: mark("Any amount"),
}

FACT_WORDS: Final = {
    "bills": mark("Bills"),
    "expected": mark("Expected"),
    "said": mark("Said"),
}


@dataclass(frozen=True, slots=True)
class Verb:
    """What may be done with a biller: in which state, by which service, in which words."""

    name: str
    state: bills.BillerState
    do: Callable[..., object]
    act: Act


VERBS: Final = (
    Verb(
        "suspend",
        bills.BillerState.ACTIVE,
        bills.suspend_biller,
        Act(
            mark("Suspend the biller"),
            mark("It leaves the catalogue and takes nothing new; what is under way ends."),
            mark("Suspend it"),
            danger=True,
        ),
    ),
    Verb(
        "resume",
        bills.BillerState.SUSPENDED,
        bills.resume_biller,
        Act(
            mark("Let the biller go on"), mark("It is in the catalogue again and takes payments."), mark("Let it go on")
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class ShownBiller:
    """A biller in words."""

    biller: bills.Biller
    name: str
    category: str
    model: str
    state_words: str
    look: str
    verb: str
    verb_words: str


@require_safe
@staff_only(VIEW)
def biller_list(request: StaffRequest) -> HttpResponseBase:
    """List the billers of this institution, those suspended too."""
    request.rights.require(VIEW)
    found = bills.billers_of(request.institution.id, by=request.author)
    return render(
        request,
        "office/billers.html",
        tab="billers",
        billers=[_shown(each, request.reader.language) for each in found],
        may_suspend=request.rights.may(SUSPEND),
        may_payments=request.rights.may("payments.view"),
        simulated=request.rights.may(SWITCH) and demo_doors() is not None,
        done=request.GET.get("done", ""),
    )


def _shown(one: bills.Biller, language: str) -> ShownBiller:
    is_active = one.state is bills.BillerState.ACTIVE
    verb = next(each for each in VERBS if each.state is one.state)
    return ShownBiller(
        one,
        one.name(language),
        gettext(bills.CATEGORY_WORDS[one.category]),
        gettext(MODEL_WORDS[one.model]),
        gettext("Takes payments") if is_active else gettext("Suspended"),
        "good" if is_active else "bad",
        verb.name,
        gettext(verb.act.title),
    )


def facts_of(finding: bills.Finding, biller: bills.Biller, reader: Reader) -> list[tuple[str, str]]:
    """Return what was asked, expected and said, in words where there are some; the contract's own codes stay as they are."""
    facts = [(gettext("Question"), finding.asked)]
    for name, value in sorted(finding.facts.items()):
        is_amount = finding.kind is bills.FindingKind.AMOUNT_CHANGED and isinstance(value, int)
        text = reader.money(Money(int(value), biller.currency)) if is_amount else reader.text(str(value))
        facts.append((gettext(FACT_WORDS[name]) if name in FACT_WORDS else name, text))
    return facts


@require_safe
@staff_only(VIEW)
def finding_list(request: StaffRequest) -> HttpResponseBase:
    """List what billers answered wrongly, the latest first; of one biller, if one is named."""
    request.rights.require(VIEW)
    before = banking.Cursor.parse(request.GET["before"]) if "before" in request.GET else None
    try:
        biller_id = parse_id(request.GET["biller"]) if "biller" in request.GET else None
    except InvalidId:
        biller_id = None
    page = bills.findings(request.institution.id, by=request.author, biller_id=biller_id, before=before)
    known = bills.billers({each.biller_id for each in page.findings} | ({biller_id} if biller_id else set()))
    language = request.reader.language
    return render(
        request,
        "office/findings.html",
        tab="billers",
        findings=[
            (
                each,
                known[each.biller_id].name(language),
                gettext(bills.FINDING_WORDS[each.kind]),
                facts_of(each, known[each.biller_id], request.reader),
            )
            for each in page.findings
        ],
        biller=known.get(biller_id) if biller_id else None,
        biller_name=known[biller_id].name(language) if biller_id in known else "",
        may_payments=request.rights.may("payments.view"),
        next=page.next.text() if page.next else "",
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(SUSPEND, weighty=True)
def act(request: StaffRequest, biller_id: UUID, verb: str) -> HttpResponseBase:
    """Ask for the reason of suspending a biller or letting it go on, and do it."""
    chosen = next((each for each in VERBS if each.name == verb), None)
    if chosen is None:
        raise Http404
    found = bills.biller(biller_id)
    request.rights.require(SUSPEND, found.institution_id)
    error: RaseedError | None = None
    reason = request.POST.get("reason", "")[:ENTERED_MAX]
    if request.method == "POST":
        try:
            chosen.do(biller_id, by=request.author, reason=reason)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:billers") + f"?done={chosen.name}", status=303)
    return act_page(
        request,
        Act(gettext(chosen.act.title), gettext(chosen.act.what), gettext(chosen.act.button), danger=chosen.act.danger),
        back=reverse("office:billers"),
        subject=found.name(request.reader.language),
        tab="billers",
        reason=reason,
        error=error,
    )
