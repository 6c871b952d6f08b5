"""Reads of payments."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import get_language, gettext, override

from raseed.banking import api as banking
from raseed.banking.api import Alias, AliasKind, Cursor, Narrative
from raseed.kernel.errors import RaseedError
from raseed.kernel.money import Money, currency
from raseed.people import api as people
from raseed.platform import api as platform

from .domain import PAYMENTS_PER_PAGE, STATE_SENTENCES, Payment, PaymentPage, PaymentState, Step, reference_of
from .errors import PaymentUnknown
from .models import PaymentRow
from .reasons import remembered
from .routes import leads_outside, outside_route
from .sql import STATEMENTS, run


def payment(payment_id: UUID, customer_id: UUID) -> Payment:
    """Return a payment that this customer sent, or that has reached them.

    Raises:
        PaymentUnknown: no such payment, or not this customer's to see.
    """
    found = platform.look_up(told_by_id, payment_id)
    if found is not None:
        has_reached_them = found.recipient_id == customer_id and found.state is PaymentState.SETTLED
        if found.actor_customer_id == customer_id or has_reached_them:
            return found
    raise PaymentUnknown(field="id")


def payments_of(customer_id: UUID, *, before: Cursor | None = None, limit: int = PAYMENTS_PER_PAGE) -> PaymentPage:
    """Return the payments that a customer has instructed, newest first, at most ``PAYMENTS_PER_PAGE``."""
    wanted = min(max(limit, 1), PAYMENTS_PER_PAGE)
    rows = PaymentRow.objects.filter(actor_customer_id=customer_id).order_by("-position")
    if before is not None:
        rows = rows.filter(position__lt=before.position)
    page = list(rows.values_list("id", "position")[: wanted + 1])
    more = len(page) > wanted
    return PaymentPage(tuple(told(id_ for id_, _ in page[:wanted])), Cursor(page[wanted - 1][1]) if more else None)


def payments_by_id(payment_ids: Iterable[UUID]) -> dict[UUID, Payment]:
    """Return those payments that exist, whoever's they are: for packages that look after them."""
    there = [id_ for (id_,) in run(STATEMENTS["payments_there"], {"ids": list(payment_ids)})]
    return {found.id: found for found in told(there)}


def counterparties(payments: Sequence[Payment], *, customer_id: UUID, language: str) -> dict[UUID, str]:
    """Return, for each payment, who is on the other side as this customer may read it, in two look-ups for all.

    The payer is named in full to the recipient; the recipient is masked to the payer, unless it is the payer's own
    account; a recipient who was not found is called by the number that the payer gave.
    """
    ids = {id_ for each in payments for id_ in (each.from_account_id, each.to_account_id) if id_}
    accounts = banking.accounts(ids, with_aliases=False)
    holders = people.customers({account.owner_id for account in accounts.values()})
    names = _named_by_routes([each for each in payments if each.actor_customer_id == customer_id], language)
    for each in payments:
        if each.id in names:
            continue
        incoming = each.actor_customer_id != customer_id
        other = accounts.get(each.from_account_id if incoming else each.to_account_id or UUID(int=0))
        holder = holders.get(other.owner_id) if other else None
        if other is None or holder is None:
            names[each.id] = each.to.value
        elif other.owner_id == customer_id:
            names[each.id] = other.name or other.product.name(language)
        else:
            names[each.id] = (people.display_name if incoming else people.masked_name)(holder, language)
    return names


def _named_by_routes(sent: Sequence[Payment], language: str) -> dict[UUID, str]:
    """Return whom payers have paid outside, as their routes call them."""
    by_route: dict[str, list[Payment]] = defaultdict(list)
    for each in sent:
        by_route[each.route].append(each)
    names: dict[UUID, str] = {}
    for code, its in by_route.items():
        if leads_outside(code):
            names |= outside_route(code).names(its, language)
    return names


def step_words(step: Step, language: str) -> str:
    """Return a step in words, in the reader's language, with the reason of a refusal or return that has words of its own.

    What is not known yet has none: its reason is for staff.
    """
    with override(language):
        words = gettext(STATE_SENTENCES[step.state])
    reason = step.reason if step.state in (PaymentState.REFUSED, PaymentState.RETURNED) else None
    if reason is None or type(reason) is RaseedError:
        return words
    return f"{words} {platform.translate_error(reason, language).message}"


def narrate(causes: Sequence[UUID]) -> Mapping[UUID, Narrative]:
    """Tell the statement about movements that payments caused."""
    rows = run(STATEMENTS["notes_of_payments"], {"ids": list(causes)})
    routes = {route for *_, route in rows}
    leaving = [id_ for id_, _, route in rows if leads_outside(route)] if any(map(leads_outside, routes)) else []
    payees = _named_by_routes(told(leaving), get_language() or "") if leaving else {}
    return {
        id_: Narrative(reference=reference_of(id_), note=note, payment_id=id_, payee=payees.get(id_, ""))
        for id_, note, _ in rows
    }


def told(payment_ids: Iterable[UUID]) -> list[Payment]:
    """Return those payments that exist, with their timelines, in the order of their ids as given."""
    ids = list(payment_ids)
    found = told_by_id(ids) if ids else {}
    return [found[id_] for id_ in ids if id_ in found]


def told_by_id(payment_ids: Sequence[UUID]) -> dict[UUID, Payment]:
    """Return the same by id, in no order."""
    return {row[0]: _payment(row) for row in run(STATEMENTS["payments_told"], {"ids": payment_ids})}


def _payment(row: Sequence[Any]) -> Payment:
    id_, state, actor, from_account, to_account, recipient, kind, value, institution, minor, fee_minor, code = row[:12]
    note, route, instructed_at, booked_on, at, states, reasons, params = row[12:]
    money = currency(code)
    return Payment(
        id=id_,
        state=PaymentState(state),
        actor_customer_id=actor,
        from_account_id=from_account,
        to_account_id=to_account,
        recipient_id=recipient,
        to=Alias(AliasKind(kind), value, institution),
        amount=Money(minor, money),
        fee=Money(fee_minor, money),
        note=note,
        reference=reference_of(id_),
        route=route,
        instructed_at=instructed_at,
        booked_on=booked_on,
        timeline=tuple(map(_step, at, states, reasons, params)),
    )


def _step(at: datetime, state: str, reason: str | None, params: str | None) -> Step:
    refused = remembered(reason, json.loads(params) if params else {}) if reason else None
    return Step(at=at, state=PaymentState(state), refused=refused)
