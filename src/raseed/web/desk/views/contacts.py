"""Writing down a call or a visit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from raseed.care import api as care
from raseed.channels import api as channels
from raseed.kernel.errors import InputError, RaseedError
from raseed.kernel.ids import parse_id
from raseed.web.desk.contacting import THEY, WE, Contact, chosen_name, contact_lines, line_options, named
from raseed.web.desk.talking import WORK
from raseed.web.office.forms import said, status_of
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only
from raseed.web.office.search import TYPED_MAX, find

if TYPE_CHECKING:
    from uuid import UUID

    from django.http.response import HttpResponseBase

FIELDS = ("line", "at", "customer", "phone", "name", "text", "said")


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(WORK)
def contact(request: StaffRequest) -> HttpResponseBase:
    """Show the form, with the customers that fit what was typed to find one, and write down what was entered."""
    request.rights.require(WORK)
    entered, error = Contact.of(request), None
    if request.method == "POST" and request.POST.get("do") == "other":
        entered = replace(entered, customer="")
    elif request.method == "POST" and request.POST.get("do") != "find":
        try:
            return HttpResponseRedirect(reverse("office:conversation", args=[_written(request, entered)]), status=303)
        except RaseedError as refused:
            error = named(refused, entered) if isinstance(refused, InputError) else refused
    typed = request.POST.get("q", request.GET.get("q", ""))[:TYPED_MAX].strip()
    name = chosen_name(request, entered)
    return render(
        request,
        "desk/contact.html",
        status=status_of(error),
        tab="inbox",
        lines=line_options(request),
        entered=entered,
        directions=[(THEY, gettext("They called or came")), (WE, gettext("We called them"))],
        q=typed,
        found=find(typed, request).people if typed and not name else (),
        chosen=name,
        may_find=request.rights.may("people.customers.view"),
        errors=said(request, error, FIELDS),
    )


def _written(request: StaffRequest, entered: Contact) -> UUID:
    """Write it down once, and return its conversation.

    Raises:
        LineUnknown: no line for calls or visits of this institution. InputError: what the form says.
    """
    line_id = parse_id(entered.line, field="line")
    if all(each.id != line_id for each in contact_lines(request)):
        raise channels.LineUnknown(field="line")
    return care.log_contact(
        id=entered.id,
        line_id=line_id,
        text=entered.text,
        by=request.author,
        phone=entered.phone,
        customer_id=entered.customer_id(),
        name=entered.name,
        said=entered.said,
        at=entered.when(request.institution.zone),
        we_called=entered.we_called,
    )
