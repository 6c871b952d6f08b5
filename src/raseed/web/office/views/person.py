"""A person as staff see them: who they are, how they are reached, what they hold, and what they agreed to.

Opening a page about a person is recorded, with the part that was opened. What is more sensitive (the civil id in full, the
days on which they need their money, vulnerability) stands behind a reason: ``views/person_acts``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from raseed.banking import api as banking
from raseed.people import api as people
from raseed.platform import api as platform
from raseed.web.accounts import shown_accounts
from raseed.web.office.naming import Named, names_of
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

from .changes import shown_changes
from .person_acts import offered_acts, offered_views

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from django.http.response import HttpResponseBase

VIEW: Final = "people.customers.view"
PAYMENTS: Final = "payments.view"
ORDERS: Final = "payments.orders.view"
LATEST: Final = 8


@dataclass(frozen=True, slots=True)
class Seen:
    """A person whom this reader may see, and the institutions at which they may."""

    customer: people.Customer
    name: str
    houses: tuple[people.Institution, ...]
    here: people.Institution


def person_for(request: StaffRequest, customer_id: UUID, permission: str = VIEW) -> Seen:
    """Return a person who is a customer where the reader may see customers; another is as if they were not there.

    Raises:
        UnknownCustomer: there is none, or not for this reader. NotPermitted: ``permission`` is not theirs there.
    """
    theirs = people.institutions_of(customer_id)
    houses = tuple(one for one in theirs if request.rights.may(VIEW, one.id))
    if not houses:
        raise people.UnknownCustomer(field="customer_id")
    customer = people.customer(customer_id)
    permitted = [one for one in houses if request.rights.may(permission, one.id)]
    if not permitted:
        raise people.NotPermitted(permission=permission)
    here = next((one for one in permitted if one.id == request.institution.id), permitted[0])
    return Seen(customer, people.display_name(customer, request.reader.language), houses, here)


def note_opened(request: StaffRequest, seen: Seen, part: str) -> None:
    """Record that a page about a person was opened."""
    platform.record(
        actor=request.author.actor,
        action="office.person_opened",
        subject=f"customer:{seen.customer.id}",
        after={"part": part},
        institution_id=seen.here.id,
    )


@require_safe
@staff_only(VIEW)
def overview(request: StaffRequest, customer_id: UUID) -> HttpResponseBase:
    """Show a person."""
    seen = person_for(request, customer_id)
    note_opened(request, seen, "overview")
    customer = seen.customer
    pending = people.changes(institution_id=seen.here.id, subject=f"customer:{customer.id}", limit=LATEST)
    return render(
        request,
        "office/person.html",
        tab="search",
        seen=seen,
        person=customer,
        phone_shown=people.phone_text(customer.phone),
        names=[(code, customer.names[code]) for code in people.LANGUAGES if code in customer.names],
        language_words=gettext({"ar": "Arabic", "he": "Hebrew", "en": "English"}[customer.language]),
        phones=[people.phone_text(one) for one in reversed(people.phones_of(customer.id))],
        civil_ids=people.civil_ids(customer.id, by=request.author),
        memberships=[people.display_name(one, request.reader.language) for one in seen.houses],
        accounts=_accounts(request, seen),
        may_accounts=any(request.rights.may("banking.accounts.view", one.id) for one in seen.houses),
        consents=_consents(request, seen),
        passkeys=people.passkeys(customer.id),
        devices=people.device_keys(customer.id),
        sign_ins=people.sign_ins(customer.id, limit=LATEST),
        changes=shown_changes(list(pending.changes), request),
        views=offered_views(request, seen),
        acts=offered_acts(request, seen),
        merges=_merges(request, seen),
        may_payments=request.rights.may(PAYMENTS, seen.here.id),
        may_orders=request.rights.may(ORDERS, seen.here.id),
        may_audit=request.rights.may("people.audit.view", seen.here.id),
        zone=seen.here.zone,
        country=seen.here.country,
        done=request.GET.get("done", ""),
    )


def _merges(request: StaffRequest, seen: Seen) -> list[tuple[Named, bool]]:
    """Return with whom this person is read as one now, and whether it is this one who is read as the other."""
    customer_id = seen.customer.id
    now = [each for each in people.merges_of(customer_id) if each.until is None]
    others = [(each.kept if each.merged == customer_id else each.merged, each.merged == customer_id) for each in now]
    named = names_of({f"customer:{id_}" for id_, _ in others}, request)
    return [(named[f"customer:{id_}"], read_as) for id_, read_as in others]


def _accounts(request: StaffRequest, seen: Seen) -> list[object]:
    """Return the person's accounts where the reader may see accounts, with their balances."""
    theirs = [
        one
        for one in banking.accounts_of(seen.customer.id)
        if request.rights.may("banking.accounts.view", one.institution_id)
    ]
    return [
        (one, gettext(banking.STATE_WORDS[one.account.state]), "" if one.is_open else "warn")
        for one in shown_accounts(theirs, request.reader)
    ]


@dataclass(frozen=True, slots=True)
class ShownConsent:
    """What a person agreed to, or withdrew, at an institution."""

    words: str
    house: str
    given: bool
    at: datetime


def _consents(request: StaffRequest, seen: Seen) -> list[ShownConsent]:
    found = []
    language = request.reader.language
    for house in seen.houses:
        titles = {(one.purpose, one.version): one.names for one in people.consent_texts(house.id)}
        for one in people.consents(seen.customer.id, institution_id=house.id, by=request.author):
            names = titles.get((one.purpose, one.version), {})
            words = names.get(language) or next(iter(names.values()), one.purpose)
            found.append(ShownConsent(words, people.display_name(house, language), one.given, one.at))
    return found
