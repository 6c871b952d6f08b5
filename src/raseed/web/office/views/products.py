"""Products and their terms on a day: limits, fees, interest; each changed by a proposal that a second person confirms."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import InputError, RaseedError, mark
from raseed.kernel.ids import new_id
from raseed.kernel.money import Currency, Money, parse_amount
from raseed.kernel.text import ascii_digits
from raseed.people import api as people
from raseed.web.days import InvalidDay, day_in, needed_day
from raseed.web.office.forms import ENTERED_MAX, form_id, said, status_of
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only
from raseed.web.penalties import example_amount, penalty_examples, penalty_facts, penalty_kind
from raseed.web.rendering import words
from raseed.web.terms import PPM_OF_A_PERCENT, Term, fee_lines, limit_lines, other_lines

from .accounts import account_for
from .changes import shown_changes

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.http.response import HttpResponseBase

VIEW: Final = "banking.accounts.view"
LIMITS: Final = "banking.limits.propose"
FEES: Final = "banking.fees.propose"
RATE_TEXT_MAX: Final = 12
_NOTHING: Final = re.compile(r"0+(?:[.٫]0+)?\Z")


class InvalidRate(InputError):
    """A yearly rate that is not written as a percentage."""

    code = "invalid_rate"
    sentence = mark("This is not a yearly rate.")
    hint = mark("Write it in percent with at most four places, such as 4.25.")


def product_for(request: StaffRequest, product_id: UUID, permission: str = VIEW) -> banking.Product:
    """Return a product of an institution where this person may see accounts.

    Raises:
        ProductNotOffered: there is none, or it is not theirs to see. NotPermitted: ``permission`` is not theirs there.
    """
    product = banking.product(product_id)
    if not request.rights.may(VIEW, product.institution_id):
        raise banking.ProductNotOffered(field="product_id")
    request.rights.require(permission, product.institution_id)
    return product


@require_safe
@staff_only(VIEW)
def product_list(request: StaffRequest) -> HttpResponseBase:
    """List the products of this institution with their terms today."""
    request.rights.require(VIEW)
    reader = request.reader
    shown = []
    for product in banking.products_of(request.institution.id):
        terms = banking.terms_of(product.id, banking.business_date(product.institution_id, SYSTEM_CLOCK.now()))
        shown.append(
            (
                product,
                product.name(reader.language),
                gettext(banking.KIND_WORDS[product.kind]),
                limit_lines(terms.limits, product.currency, reader),
                fee_lines(terms, reader),
            )
        )
    return render(request, "office/products.html", tab="products", products=shown)


@require_safe
@staff_only(VIEW)
def one(request: StaffRequest, product_id: UUID) -> HttpResponseBase:
    """Show a product's terms on a day (today, unless another is asked for) and the changes to them."""
    product = product_for(request, product_id)
    today = banking.business_date(product.institution_id, SYSTEM_CLOCK.now())
    errors: dict[str, object] = {}
    try:
        on = day_in(request.GET.get("on", "")[:RATE_TEXT_MAX], field="on") or today
    except InvalidDay as error:
        on, errors = today, {"on": words(request, error)}
    terms = banking.terms_of(product.id, on)
    history = people.changes(institution_id=product.institution_id, subject=f"product:{product.id}", limit=20)
    institution = people.institution(product.institution_id)
    return render(
        request,
        "office/product.html",
        status=400 if errors else 200,
        tab="products",
        product=product,
        name=product.name(request.reader.language),
        kind_words=gettext(banking.KIND_WORDS[product.kind]),
        on=on,
        is_today=on == today,
        limits=limit_lines(terms.limits, product.currency, request.reader),
        fees=fee_lines(terms, request.reader),
        others=other_lines(terms, request.reader),
        bears_interest=product.kind in (banking.ProductKind.SAVINGS, banking.ProductKind.LOAN),
        penalty=_penalty(product, on, request) if product.kind is banking.ProductKind.LOAN else (),
        changes=shown_changes(list(history.changes), request),
        may_limits=request.rights.may(LIMITS, product.institution_id),
        may_fees=request.rights.may(FEES, product.institution_id),
        may_audit=request.rights.may("people.audit.view", product.institution_id),
        country=institution.country,
        errors=errors,
    )


def _penalty(product: banking.Product, on: date, request: StaffRequest) -> list[Term]:
    """Return what being late costs of a loan that is granted on a day, and what that comes to; that it costs nothing is said."""
    rule = banking.loan_penalty_rule(product.id, on=on)
    reader, lines = request.reader, [Term(gettext("How it is counted"), penalty_kind(rule))]
    lines += penalty_facts(rule, product.currency, reader)
    example = (
        f"{gettext('An instalment of')} {reader.money(example_amount(product.currency))} · {gettext('days late:')}"
    )
    lines += [
        Term(f"{example} {reader.number(days)}", reader.money(amount))
        for days, amount in penalty_examples(rule, product.currency)
    ]
    return lines


@dataclass(frozen=True, slots=True)
class TermField:
    """A field of a form of terms: its name, its label, what stands in it, what to know about it, its unit beside it."""

    name: str
    label: str
    value: str
    hint: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class TermsForm:
    """A proposal of terms: what it is called, for what, its fields with what is in force now, and how it is proposed."""

    title: str
    subject: str
    back: str
    fields: tuple[TermField, ...]
    propose: Callable[[UUID, dict[str, str], date, str], people.Change]


def _terms_page(request: StaffRequest, form: TermsForm, today: date) -> HttpResponse:
    """Show a form of terms; take it, and propose what was entered."""
    names = [one.name for one in form.fields]
    entered = {one.name: one.value for one in form.fields}
    valid_from, reason, error, change_id = today.isoformat(), "", None, new_id()
    if request.method == "POST":
        entered = {name: request.POST.get(name, "")[:ENTERED_MAX].strip() for name in names}
        valid_from = request.POST.get("valid_from", "")[:ENTERED_MAX].strip()
        reason = request.POST.get("reason", "")[:ENTERED_MAX]
        change_id = form_id(request)
        try:
            change = form.propose(change_id, entered, needed_day(valid_from, field="valid_from"), reason)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:change", args=[change.id]), status=303)
    errors = said(request, error, (*names, "valid_from", "reason"))
    return render(
        request,
        "office/terms_form.html",
        status=status_of(error),
        tab="products",
        form=form,
        fields=[(one, entered[one.name], errors.get(one.name)) for one in form.fields],
        id=change_id,
        valid_from=valid_from,
        today=today.isoformat(),
        reason=reason,
        errors=errors,
    )


def _minor(text: str, unit: Currency, *, field: str) -> int | None:
    """Return an amount that was entered, in minor units; ``None`` where the field was left empty."""
    return parse_amount(text, unit, field=field).amount_minor if text else None


def _fee_minor(text: str, unit: Currency) -> int:
    """Return a fee that was entered, in minor units; unlike other amounts it may be zero."""
    if _NOTHING.match(ascii_digits(text)):
        return 0
    return parse_amount(text, unit, field="amount").amount_minor


def _plain(minor: int | None, unit: Currency) -> str:
    return "" if minor is None else Money(minor, unit).decimal_text()


def _limits_form(
    request: StaffRequest, of: banking.Product | banking.BankAccount, limits: banking.Limits, hint: str
) -> TermsForm:
    unit = of.currency
    is_product = isinstance(of, banking.Product)

    def propose(id_: UUID, entered: dict[str, str], valid_from: date, reason: str) -> people.Change:
        wanted = banking.Limits(
            _minor(entered["per_transfer_minor"], unit, field="per_transfer_minor"),
            _minor(entered["per_day_minor"], unit, field="per_day_minor"),
        )
        return banking.propose_limits(
            id=id_, of=of, limits=wanted, valid_from=valid_from, reason=reason, by=request.author
        )

    sign = request.reader.unit(unit)
    return TermsForm(
        gettext("Limits"),
        of.name(request.reader.language)
        if isinstance(of, banking.Product)
        else of.product.name(request.reader.language),
        reverse("office:product" if is_product else "office:account", args=[of.id]),
        (
            TermField(
                "per_transfer_minor", gettext("Per transfer"), _plain(limits.per_transfer_minor, unit), hint, sign
            ),
            TermField("per_day_minor", gettext("Per day"), _plain(limits.per_day_minor, unit), hint, sign),
        ),
        propose,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(LIMITS, weighty=True)
def limits(request: StaffRequest, product_id: UUID) -> HttpResponseBase:
    """Propose a product's limits."""
    product = product_for(request, product_id, LIMITS)
    today = banking.business_date(product.institution_id, SYSTEM_CLOCK.now())
    present = banking.limits_of(product.id, on=today)
    return _terms_page(request, _limits_form(request, product, present, gettext("Empty: no limit.")), today)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(LIMITS, weighty=True)
def account_limits(request: StaffRequest, account_id: UUID) -> HttpResponseBase:
    """Propose limits of an account's own."""
    account = account_for(request, account_id, LIMITS)
    today = banking.business_day(account, SYSTEM_CLOCK.now())
    own = banking.account_details(account_id, by=request.author).own_limits or banking.NO_LIMITS
    return _terms_page(request, _limits_form(request, account, own, gettext("Empty: as the product.")), today)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(FEES, weighty=True)
def fees(request: StaffRequest, product_id: UUID) -> HttpResponseBase:
    """Propose what something costs: one line of the product's fee schedule."""
    product = product_for(request, product_id, FEES)
    today = banking.business_date(product.institution_id, SYSTEM_CLOCK.now())
    schedule = {one.event.value: one for one in banking.fee_schedule(product.id, today)}
    chosen = schedule.get(request.GET.get("event", ""), next(iter(schedule.values())))

    def propose(id_: UUID, entered: dict[str, str], valid_from: date, reason: str) -> people.Change:
        return banking.propose_fee(
            id=id_, of=product, event=chosen.event, amount_minor=_fee_minor(entered["amount"], product.currency),
            valid_from=valid_from, reason=reason, by=request.author,
        )  # fmt: skip

    label = gettext(banking.FEE_WORDS[chosen.event])
    field = TermField("amount", label, chosen.amount.decimal_text(), "", request.reader.unit(product.currency))
    form = TermsForm(
        gettext("Fee"),
        product.name(request.reader.language),
        reverse("office:product", args=[product.id]),
        (field,),
        propose,
    )
    return _terms_page(request, form, today)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(FEES, weighty=True)
def rate(request: StaffRequest, product_id: UUID) -> HttpResponseBase:
    """Propose a product's yearly rate of interest."""
    product = product_for(request, product_id, FEES)
    today = banking.business_date(product.institution_id, SYSTEM_CLOCK.now())
    present = Decimal(banking.terms_of(product.id, today).annual_rate_ppm) / PPM_OF_A_PERCENT

    def propose(id_: UUID, entered: dict[str, str], valid_from: date, reason: str) -> people.Change:
        return banking.propose_rate(
            id=id_, of=product, annual_rate_ppm=_ppm(entered["annual_rate_ppm"]), valid_from=valid_from,
            reason=reason, by=request.author,
        )  # fmt: skip

    form = TermsForm(
        gettext("Interest a year"),
        product.name(request.reader.language),
        reverse("office:product", args=[product.id]),
        (TermField("annual_rate_ppm", gettext("Interest a year"), f"{present.normalize():f}", "", "%"),),
        propose,
    )
    return _terms_page(request, form, today)


def _ppm(text: str) -> int:
    plain = ascii_digits(text).replace("٫", ".").replace(",", ".").rstrip("%٪ ")
    try:
        ppm = Decimal(plain) * PPM_OF_A_PERCENT if len(plain) <= RATE_TEXT_MAX else Decimal("NaN")
    except InvalidOperation:
        raise InvalidRate(field="annual_rate_ppm") from None
    if not ppm.is_finite() or ppm != ppm.to_integral_value():
        raise InvalidRate(field="annual_rate_ppm")
    return int(ppm)
