"""Terms of billers: late penalties with their dates and a worked example, and credit; changed by a proposal of one and another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from raseed.banking import api as banking
from raseed.banking.api import PENALTY_WORDS, PenaltyRule
from raseed.bills import api as bills
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id
from raseed.kernel.money import Currency, Money
from raseed.people import api as people
from raseed.web.days import needed_day
from raseed.web.office.forms import ENTERED_MAX, form_id, said, status_of
from raseed.web.office.penalty_fields import RULE_FIELDS, entered_rule, rule_entered
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only
from raseed.web.penalties import example_amount, penalty_examples, penalty_facts, penalty_kind
from raseed.web.terms import Term

from .changes import shown_changes

if TYPE_CHECKING:
    from uuid import UUID

    from django.http.response import HttpResponseBase

    from raseed.web.reader import Reader

VIEW: Final = "bills.view"
PROPOSE: Final = "bills.terms.propose"
_FIELDS: Final = (*RULE_FIELDS, "valid_from", "reason")


@dataclass(frozen=True, slots=True)
class ShownRule:
    """A rule in words, and what a bill of it would cost so many days late."""

    valid_from: date
    in_force: bool
    kind: str
    facts: tuple[Term, ...]
    examples: tuple[tuple[int, Money], ...]


@require_safe
@staff_only(VIEW)
def terms_page(request: StaffRequest, biller_id: UUID) -> HttpResponseBase:
    """Show a biller's terms: each rule from when on, what it would ask for, whether credit is kept, and the changes."""
    of = _biller(request, biller_id)
    today = banking.business_date(of.institution_id, SYSTEM_CLOCK.now())
    rules = bills.penalty_rules(of.id).rules
    now = max((valid_from for valid_from, _ in rules if valid_from <= today), default=None)
    history = people.changes(institution_id=of.institution_id, subject=f"biller:{of.id}", limit=20)
    return render(
        request,
        "office/bill_terms.html",
        tab="billers",
        biller=of,
        name=of.name(request.reader.language),
        rules=[
            _shown(valid_from, rule, of.currency, request.reader, in_force=valid_from == now)
            for valid_from, rule in sorted(dict(rules).items(), reverse=True)
        ],
        example=example_amount(of.currency),
        keeps_credit=bills.keeps_credit(of.id, today),
        changes=shown_changes(list(history.changes), request),
        may_propose=request.rights.may(PROPOSE, of.institution_id),
        country=people.institution(of.institution_id).country,
    )


def _biller(request: StaffRequest, biller_id: UUID, permission: str = VIEW) -> bills.Biller:
    """Return a biller of an institution where this person may see billers.

    Raises:
        BillerUnknown: there is none, or it is not theirs to see. NotPermitted: ``permission`` is not theirs there.
    """
    of = bills.biller(biller_id)
    if not request.rights.may(VIEW, of.institution_id) and not request.rights.may(permission, of.institution_id):
        raise bills.BillerUnknown(field="biller_id")
    request.rights.require(permission, of.institution_id)
    return of


def _shown(valid_from: date, rule: PenaltyRule, unit: Currency, reader: Reader, *, in_force: bool) -> ShownRule:
    facts = penalty_facts(rule, unit, reader, bills.TERM_LABELS)
    return ShownRule(valid_from, in_force, penalty_kind(rule), tuple(facts), penalty_examples(rule, unit))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(PROPOSE, weighty=True)
def penalty_form(request: StaffRequest, biller_id: UUID) -> HttpResponseBase:
    """Propose a biller's late penalty; before it is sent, see what it would ask for."""
    of = _biller(request, biller_id, PROPOSE)
    today = banking.business_date(of.institution_id, SYSTEM_CLOCK.now())
    entered = rule_entered(bills.penalty_rule(of.id, today), of.currency) | {
        "valid_from": today.isoformat(),
        "reason": "",
    }
    error, change_id = None, new_id()
    examples: tuple[tuple[int, Money], ...] = ()
    if request.method == "POST":
        entered = {name: request.POST.get(name, "")[:ENTERED_MAX].strip() for name in _FIELDS}
        change_id = form_id(request)
        try:
            rule, valid_from = entered_rule(entered, of.currency), needed_day(entered["valid_from"], field="valid_from")
            examples = penalty_examples(rule, of.currency)
            if "try" not in request.POST:
                change = bills.propose_penalty_rule(
                    id=change_id, biller_id=of.id, rule=rule, valid_from=valid_from, reason=entered["reason"],
                    by=request.author,
                )  # fmt: skip
                return HttpResponseRedirect(reverse("office:change", args=[change.id]), status=303)
        except RaseedError as refused:
            error = refused
    return render(
        request,
        "office/penalty_form.html",
        status=status_of(error),
        tab="billers",
        back=reverse("office:biller-terms", args=[of.id]),
        labels={
            "cap_ppm": gettext("At most, as a share of the bill"),
            "valid_from": gettext("For bills due from"),
            "example": gettext("A bill of"),
        },
        name=of.name(request.reader.language),
        kinds=[(kind.value, gettext(words)) for kind, words in PENALTY_WORDS.items()],
        entered=entered,
        reason=entered["reason"],
        unit=request.reader.unit(of.currency),
        example=example_amount(of.currency),
        examples=examples,
        today=today.isoformat(),
        id=change_id,
        errors=said(request, error, _FIELDS),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(PROPOSE, weighty=True)
def credit_form(request: StaffRequest, biller_id: UUID) -> HttpResponseBase:
    """Propose whether a biller keeps as credit what is paid over its bills."""
    of = _biller(request, biller_id, PROPOSE)
    today = banking.business_date(of.institution_id, SYSTEM_CLOCK.now())
    keeps = bills.keeps_credit(of.id, today)
    error, change_id, reason, valid_from = None, new_id(), "", today.isoformat()
    if request.method == "POST":
        reason = request.POST.get("reason", "")[:ENTERED_MAX]
        valid_from = request.POST.get("valid_from", "")[:ENTERED_MAX].strip()
        wanted, change_id = request.POST.get("keeps", "") == "yes", form_id(request)
        try:
            change = bills.propose_credit_terms(
                id=change_id, biller_id=of.id, keeps=wanted, valid_from=needed_day(valid_from, field="valid_from"), reason=reason,
                by=request.author,
            )  # fmt: skip
        except RaseedError as refused:
            error, keeps = refused, wanted
        else:
            return HttpResponseRedirect(reverse("office:change", args=[change.id]), status=303)
    return render(
        request,
        "office/credit_form.html",
        status=status_of(error),
        tab="billers",
        biller=of,
        name=of.name(request.reader.language),
        keeps=keeps,
        valid_from=valid_from,
        today=today.isoformat(),
        reason=reason,
        id=change_id,
        errors=said(request, error, ("valid_from", "reason")),
    )
