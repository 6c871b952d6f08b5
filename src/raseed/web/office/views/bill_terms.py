"""Terms of billers: late penalties with their dates and a worked example, and credit; changed by a proposal of one and another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from raseed.banking import api as banking
from raseed.banking.api import PENALTY_WORDS, InvalidTerms, PenaltyKind, PenaltyRule, penalty
from raseed.bills import api as bills
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id
from raseed.kernel.money import Currency, Money, parse_amount
from raseed.kernel.text import ascii_digits
from raseed.people import api as people
from raseed.web.days import needed_day
from raseed.web.office.forms import ENTERED_MAX, form_id, said, status_of
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only
from raseed.web.terms import PPM_OF_A_PERCENT, rate_text

from .changes import shown_changes

if TYPE_CHECKING:
    from uuid import UUID

    from django.http.response import HttpResponseBase

    from raseed.web.reader import Reader

VIEW: Final = "bills.view"
PROPOSE: Final = "bills.terms.propose"
EXAMPLE_WHOLE: Final = 100
"""What the bill of the worked example asks for, in whole units of the currency."""
EXAMPLE_DAYS: Final = (1, 10, 30)
PERCENT_TEXT_MAX: Final = 12
DAYS_TEXT_MAX: Final = 4
_FIELDS: Final = ("kind", "amount_minor", "rate_ppm", "grace_days", "cap_minor", "cap_ppm", "valid_from", "reason")


@dataclass(frozen=True, slots=True)
class ShownRule:
    """A rule in words, and what a bill of it would cost so many days late."""

    valid_from: date
    in_force: bool
    kind: str
    facts: tuple[tuple[str, str], ...]
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
        example=Money(EXAMPLE_WHOLE * 10**of.currency.scale, of.currency),
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
    facts = [
        (gettext(bills.TERM_LABELS[name]), text)
        for name, text in (
            ("amount_minor", _money(rule.amount_minor, unit, reader)),
            ("rate_ppm", "" if rule.rate_ppm is None else rate_text(rule.rate_ppm, reader)),
            ("grace_days", reader.number(rule.grace_days) if rule.kind is not PenaltyKind.NONE else ""),
            ("cap_minor", _money(rule.cap_minor, unit, reader)),
            ("cap_ppm", "" if rule.cap_ppm is None else rate_text(rule.cap_ppm, reader)),
        )
        if text
    ]
    return ShownRule(valid_from, in_force, gettext(PENALTY_WORDS[rule.kind]), tuple(facts), _examples(rule, unit))


def _examples(rule: PenaltyRule, unit: Currency) -> tuple[tuple[int, Money], ...]:
    """Return what a bill of the example would cost so many days late."""
    if rule.kind is PenaltyKind.NONE:
        return ()
    owed, due_on = Money(EXAMPLE_WHOLE * 10**unit.scale, unit), date(2026, 1, 1)
    return tuple((days, penalty(rule, owed, due_on, due_on + timedelta(days=days))) for days in EXAMPLE_DAYS)


def _money(minor: int | None, unit: Currency, reader: Reader) -> str:
    return "" if minor is None else reader.money(Money(minor, unit))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(PROPOSE, weighty=True)
def penalty_form(request: StaffRequest, biller_id: UUID) -> HttpResponseBase:
    """Propose a biller's late penalty; before it is sent, see what it would ask for."""
    of = _biller(request, biller_id, PROPOSE)
    today = banking.business_date(of.institution_id, SYSTEM_CLOCK.now())
    entered = _standing(bills.penalty_rule(of.id, today), of.currency) | {"valid_from": today.isoformat(), "reason": ""}
    error, change_id = None, new_id()
    examples: tuple[tuple[int, Money], ...] = ()
    if request.method == "POST":
        entered = {name: request.POST.get(name, "")[:ENTERED_MAX].strip() for name in _FIELDS}
        change_id = form_id(request)
        try:
            rule, valid_from = _rule(entered, of.currency), needed_day(entered["valid_from"], field="valid_from")
            examples = _examples(rule, of.currency)
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
        biller=of,
        name=of.name(request.reader.language),
        kinds=[(kind.value, gettext(words)) for kind, words in PENALTY_WORDS.items()],
        entered=entered,
        reason=entered["reason"],
        unit=request.reader.unit(of.currency),
        example=Money(EXAMPLE_WHOLE * 10**of.currency.scale, of.currency),
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


def _standing(rule: PenaltyRule, unit: Currency) -> dict[str, str]:
    """Return a rule as it stands in the fields of the form."""
    return {
        "kind": rule.kind.value,
        "amount_minor": _plain_money(rule.amount_minor, unit),
        "rate_ppm": _plain_percent(rule.rate_ppm),
        "grace_days": str(rule.grace_days or ""),
        "cap_minor": _plain_money(rule.cap_minor, unit),
        "cap_ppm": _plain_percent(rule.cap_ppm),
    }


def _plain_money(minor: int | None, unit: Currency) -> str:
    return "" if minor is None else Money(minor, unit).decimal_text()


def _plain_percent(ppm: int | None) -> str:
    return "" if ppm is None else f"{(Decimal(ppm) / PPM_OF_A_PERCENT).normalize():f}"


def _rule(entered: dict[str, str], unit: Currency) -> PenaltyRule:
    """Return the rule that was entered; fields that its kind has no use for are not looked at.

    Raises:
        InvalidTerms, InvalidAmount: ``field`` says which.
    """
    try:
        kind = PenaltyKind(entered["kind"])
    except ValueError:
        raise InvalidTerms(field="kind") from None
    if kind is PenaltyKind.NONE:
        return PenaltyRule(kind)
    is_share = kind in (PenaltyKind.PERCENT, PenaltyKind.PERCENT_A_DAY)
    return PenaltyRule(
        kind,
        amount_minor=None if is_share else _minor(entered["amount_minor"], unit, "amount_minor"),
        rate_ppm=_ppm(entered["rate_ppm"], "rate_ppm") if is_share else None,
        grace_days=_days(entered["grace_days"]),
        cap_minor=_minor(entered["cap_minor"], unit, "cap_minor"),
        cap_ppm=_ppm(entered["cap_ppm"], "cap_ppm"),
    )


def _minor(text: str, unit: Currency, field: str) -> int | None:
    return parse_amount(text, unit, field=field).amount_minor if text else None


def _days(text: str) -> int:
    plain = ascii_digits(text)
    if not plain:
        return 0
    if len(plain) > DAYS_TEXT_MAX or not (plain.isascii() and plain.isdigit()):
        raise InvalidTerms(field="grace_days")
    return int(plain)


def _ppm(text: str, field: str) -> int | None:
    plain = ascii_digits(text).replace("٫", ".").replace(",", ".").rstrip("%٪ ")
    if not plain:
        return None
    try:
        ppm = Decimal(plain) * PPM_OF_A_PERCENT if len(plain) <= PERCENT_TEXT_MAX else Decimal("NaN")
    except InvalidOperation:
        raise InvalidTerms(field=field) from None
    if not ppm.is_finite() or ppm != ppm.to_integral_value():
        raise InvalidTerms(field=field)
    return int(ppm)
