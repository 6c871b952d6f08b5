"""The late penalty of a loan product: proposed by one person with what it would come to, confirmed by another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id
from raseed.web.days import needed_day
from raseed.web.office.forms import ENTERED_MAX, form_id, said, status_of
from raseed.web.office.penalty_fields import RULE_FIELDS, entered_rule, rule_entered
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only
from raseed.web.penalties import example_amount, penalty_examples

from .products import FEES, product_for

if TYPE_CHECKING:
    from uuid import UUID

    from django.http.response import HttpResponseBase

    from raseed.kernel.money import Money

_FIELDS: Final = (*RULE_FIELDS, "valid_from", "reason")


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(FEES, weighty=True)
def penalty_form(request: StaffRequest, product_id: UUID) -> HttpResponseBase:
    """Propose the late penalty of loans granted from a day on; before it is sent, see what it would ask for."""
    of = product_for(request, product_id, FEES)
    today = banking.business_date(of.institution_id, SYSTEM_CLOCK.now())
    standing = rule_entered(banking.loan_penalty_rule(of.id, on=today), of.currency)
    entered = standing | {"valid_from": today.isoformat(), "reason": ""}
    error, change_id = None, new_id()
    examples: tuple[tuple[int, Money], ...] = ()
    if request.method == "POST":
        entered = {name: request.POST.get(name, "")[:ENTERED_MAX].strip() for name in _FIELDS}
        change_id = form_id(request)
        try:
            rule = entered_rule(entered, of.currency)
            valid_from = needed_day(entered["valid_from"], field="valid_from")
            examples = penalty_examples(rule, of.currency)
            if "try" not in request.POST:
                change = banking.propose_loan_penalty_rule(
                    id=change_id, of=of, rule=rule, valid_from=valid_from, reason=entered["reason"], by=request.author
                )
                return HttpResponseRedirect(reverse("office:change", args=[change.id]), status=303)
        except RaseedError as refused:
            error = refused
    return render(
        request,
        "office/penalty_form.html",
        status=status_of(error),
        tab="products",
        back=reverse("office:product", args=[of.id]),
        labels={
            "cap_ppm": gettext("At most, as a share of the instalment"),
            "valid_from": gettext("For loans granted from"),
            "example": gettext("An instalment of"),
        },
        name=of.name(request.reader.language),
        kinds=[(kind.value, gettext(words)) for kind, words in banking.PENALTY_WORDS.items()],
        entered=entered,
        reason=entered["reason"],
        unit=request.reader.unit(of.currency),
        example=example_amount(of.currency),
        examples=examples,
        today=today.isoformat(),
        id=change_id,
        errors=said(request, error, _FIELDS),
    )
