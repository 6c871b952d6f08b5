"""Asking billers what is owed: the bills of a reference, kept as their biller tells them, and who asked for them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money
from raseed.people import api as people

from .adapters.protocol import CustomerNotKnown, FetchedBill, Validated
from .adapters.registry import adapter_of, learn_keys, listener
from .domain import BILLS_MAX, AdapterKind, Bill, Biller, BillerModel, BillerState
from .errors import (
    BillerNotAnswering,
    BillerSuspended,
    FieldNotAsked,
    NotTheBillersCustomer,
    TooManyLookUps,
)
from .fields import normal_values, reference_of
from .findings import keep_finding
from .models import LookUpRow
from .queries import biller, bills_at
from .sql import run
from .wrongs import AnswerRefused, FindingKind

LOOK_UPS_PER_HOUR_MAX: Final = 30
"""How many new references somebody may ask for within an hour: more than a household has, fewer than a thief wants."""


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What is owed on a reference. ``values`` are as typed, normalised, by field."""

    biller: Biller
    values: Mapping[str, str]
    reference: str
    bills: tuple[Bill, ...]


def checked_values(of: Biller, typed: Mapping[str, str]) -> dict[str, str]:
    """Return what was typed for a biller in its normal form.

    Raises:
        FieldMissing, FieldShape, FieldCheckDigit, FieldNotAsked.
    """

    def normal_phone(text: str) -> str:
        return people.normal_phone(text, people.institution(of.institution_id).default_region)

    return normal_values(of.fields, typed, normal_phone=normal_phone)


def fetch_bills(
    *, biller_id: UUID, fields: Mapping[str, str], customer_id: UUID, clock: Clock = SYSTEM_CLOCK
) -> LookedUp:
    """Ask a biller for the bills of what was typed, keep them, and return what can be paid or was paid of late.

    From then on the customer sees this reference's bills among their own.

    Raises:
        BillerUnknown, BillerSuspended; FieldMissing, FieldShape, FieldCheckDigit, FieldNotAsked: what was typed.
        FieldNotAsked: the biller has no bills that could be fetched.
        NotTheBillersCustomer: the biller knows nobody by it. TooManyLookUps.
        BillerNotAnswering: it can't be reached, or can't be trusted (then there is a finding).
    """
    of = biller(biller_id)
    check_active(of)
    if of.model is not BillerModel.FETCH:
        raise FieldNotAsked(field="biller_id")
    values = checked_values(of, fields)
    reference = reference_of(of.fields, values)
    _count_and_note(customer_id, of, values, reference, clock.now())
    if of.adapter is AdapterKind.FILE:
        found = bills_at(of.id, reference)
        if not found:
            raise NotTheBillersCustomer(field="fields")
    else:
        _refresh(of, values, reference, clock)
        found = bills_at(of.id, reference)
    return LookedUp(of, values, reference, tuple(found))


def validate(
    of: Biller, values: Mapping[str, str], amount: Money | None, *, customer_id: UUID, clock: Clock
) -> Validated:
    """Ask a biller whether money can be paid for what was typed, and whose it is.

    Raises:
        NotTheBillersCustomer, BillerNotAnswering, TooManyLookUps.
    """
    _count_and_note(customer_id, of, values, reference_of(of.fields, values), clock.now())
    learn_keys({of.id})
    try:
        return listener.ask(of, adapter_of(of).validate(of, values, amount))
    except CustomerNotKnown:
        raise NotTheBillersCustomer(field="fields") from None
    except AnswerRefused as refusal:
        keep_finding(
            refusal, biller_id=of.id, institution_id=of.institution_id, asked="validate", order_id=None, clock=clock
        )
        raise BillerNotAnswering from None


def keep_bills(of: Biller, reference: str, fetched: Sequence[FetchedBill], *, now: datetime) -> list[str]:
    """Keep the bills of a reference as its biller tells them now, and cancel those that it tells of no more.

    Returns the numbers of those that could not be kept: of another reference, or lowered below what was paid on them.
    """
    assert len(fetched) <= BILLS_MAX, "the answer was bounded"
    with transaction.atomic():
        numbers = [each.number for each in fetched]
        run("lock_told_bills", {"biller": of.id, "references": [reference], "numbers": numbers})
        left = _kept(of, [(reference, each) for each in fetched], now)
        run("cancel_missing", {"biller": of.id, "reference": reference, "numbers": numbers, "now": now})
    return left


@dataclass(frozen=True, slots=True)
class KnownBills:
    """What somebody owes a biller, known without asking: for planting and for moving in from another system."""

    customer_id: UUID
    fields: Mapping[str, str]
    bills: Sequence[FetchedBill]


def keep_known_bills(biller_id: UUID, known: Sequence[KnownBills], *, clock: Clock = SYSTEM_CLOCK) -> int:
    """Keep the bills of many people at once, as if each had asked for theirs; return how many bills were kept.

    Raises:
        BillerUnknown; FieldMissing, FieldShape, FieldCheckDigit, FieldNotAsked.
    """
    of, now = biller(biller_id), clock.now()
    values = [checked_values(of, each.fields) for each in known]
    references = [reference_of(of.fields, each) for each in values]
    pairs = [(reference, bill) for reference, each in zip(references, known, strict=True) for bill in each.bills]
    with transaction.atomic():
        run("lock_told_bills", {"biller": of.id, "references": [], "numbers": [bill.number for _, bill in pairs]})
        left = _kept(of, pairs, now)
        run(
            "note_look_ups",
            {
                "now": now,
                "customers": [each.customer_id for each in known],
                "billers": [of.id] * len(known),
                "references": references,
                "values": [json.dumps(each, ensure_ascii=False) for each in values],
            },
        )
    return len(pairs) - len(left)


def _kept(of: Biller, pairs: Sequence[tuple[str, FetchedBill]], now: datetime) -> list[str]:
    """Keep bills with their references; return the numbers of those that could not be kept."""
    bills = [bill for _, bill in pairs]
    kept = run(
        "keep_bills",
        {
            "biller": of.id,
            "now": now,
            "ids": [new_id() for _ in bills],
            "references": [reference for reference, _ in pairs],
            "numbers": [each.number for each in bills],
            "issued": [each.issued_on for each in bills],
            "due": [each.due_on for each in bills],
            "periods": [each.period for each in bills],
            "amounts": [each.amount.amount_minor for each in bills],
            "minimums": [None if each.minimum is None else each.minimum.amount_minor for each in bills],
            "parts": [each.part_payments.value for each in bills],
            "paid": [each.paid.amount_minor for each in bills],
            "names": [each.customer_name for each in bills],
        },
    )
    return sorted({each.number for each in bills} - {number for (number,) in kept})


def note_look_up(customer_id: UUID, of: Biller, values: Mapping[str, str], reference: str, now: datetime) -> None:
    """Note that a customer has asked for a reference: its bills are among their own from now on."""
    run(
        "note_look_ups",
        {
            "now": now,
            "customers": [customer_id],
            "billers": [of.id],
            "references": [reference],
            "values": [json.dumps(dict(values), ensure_ascii=False)],
        },
    )


def check_active(of: Biller) -> None:
    """Refuse a biller that takes no payments."""
    if of.state is not BillerState.ACTIVE:
        raise BillerSuspended(field="biller_id")


def _count_and_note(customer_id: UUID, of: Biller, values: Mapping[str, str], reference: str, now: datetime) -> None:
    """Refuse somebody who asks for one new reference after another, whatever the biller answers to it.

    It is noted before the biller is asked: who guesses numbers is mostly told that nobody has them.
    """
    asked = LookUpRow.objects.filter(customer_id=customer_id)
    if asked.filter(biller_id=of.id, reference=reference).exists():
        note_look_up(customer_id, of, values, reference, now)
        return
    if asked.filter(first_at__gt=now - timedelta(hours=1)).count() >= LOOK_UPS_PER_HOUR_MAX:
        raise TooManyLookUps
    note_look_up(customer_id, of, values, reference, now)


def _refresh(of: Biller, values: Mapping[str, str], reference: str, clock: Clock) -> None:
    """Ask the biller, and keep what it tells; what it tells that can't be right is a finding."""

    def keep(refusal: AnswerRefused) -> None:
        keep_finding(
            refusal, biller_id=of.id, institution_id=of.institution_id, asked="fetch", order_id=None, clock=clock
        )

    learn_keys({of.id})
    try:
        fetched = listener.ask(of, adapter_of(of).fetch(of, values))
    except CustomerNotKnown:
        raise NotTheBillersCustomer(field="fields") from None
    except AnswerRefused as refusal:
        keep(refusal)
        raise BillerNotAnswering from None
    left = keep_bills(of, reference, fetched, now=clock.now())
    if left:
        keep(AnswerRefused(FindingKind.CHANGED_UNDER_PAYMENT, bills=",".join(left)))
