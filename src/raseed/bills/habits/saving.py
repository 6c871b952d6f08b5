"""Saved billers: a biller with what was typed for it, under a name of the customer's own; nothing moves by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.text import clean_text

from ..fields import reference_of
from ..looking_up import checked_values
from ..queries import biller
from .domain import NICKNAME_LENGTH_MAX, Saved
from .errors import SavedBillerIdTaken, SavedBillerUnknown, TooManySavedBillers
from .models import SavedRow

SAVED_MAX: Final = 50


def save_biller(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    customer_id: UUID,
    biller_id: UUID,
    fields: Mapping[str, str],
    nickname: str,
    clock: Clock = SYSTEM_CLOCK,
) -> Saved:
    """Save a biller with what is typed for it. Saved already, under whatever id: it gets the new name.

    Raises:
        BillerUnknown; FieldMissing, FieldShape, FieldCheckDigit, FieldNotAsked: what was typed. UnacceptableText: the name.
        SavedBillerIdTaken: the id has another. TooManySavedBillers: ``SAVED_MAX`` are enough.
    """
    of = biller(biller_id)
    values = checked_values(of, fields)
    reference = reference_of(of.fields, values)
    name = _name(nickname)
    theirs = SavedRow.objects.filter(customer_id=customer_id)
    try:
        with transaction.atomic():
            row = theirs.select_for_update().filter(biller_id=of.id, reference=reference).first()
            if row is not None:
                row.nickname = name
                row.save(update_fields=["nickname"])
                return _told(row)
            if theirs.count() >= SAVED_MAX:
                raise TooManySavedBillers(limit=SAVED_MAX)
            row = SavedRow(
                id=id, customer_id=customer_id, biller_id=of.id, reference=reference, values=values, nickname=name,
                made_at=clock.now(),
            )  # fmt: skip
            row.save(force_insert=True)
            return _told(row)
    except IntegrityError:
        row = theirs.filter(biller_id=of.id, reference=reference).first()
        if row is None:
            raise SavedBillerIdTaken(field="id") from None
        return _told(row)


def saved_billers(customer_id: UUID) -> list[Saved]:
    """Return what a customer has saved, by name; at most ``SAVED_MAX``."""
    rows = SavedRow.objects.filter(customer_id=customer_id).order_by("nickname", "id")[:SAVED_MAX]
    return [_told(row) for row in rows]


def saved_biller(saved_id: UUID, customer_id: UUID) -> Saved:
    """Return one of them.

    Raises:
        SavedBillerUnknown: no such one, or not this customer's.
    """
    row = SavedRow.objects.filter(id=saved_id, customer_id=customer_id).first()
    if row is None:
        raise SavedBillerUnknown(field="saved_id")
    return _told(row)


def rename_saved_biller(*, saved_id: UUID, customer_id: UUID, nickname: str) -> Saved:
    """Give a saved biller another name.

    Raises:
        SavedBillerUnknown. UnacceptableText: the name.
    """
    name = _name(nickname)
    SavedRow.objects.filter(id=saved_id, customer_id=customer_id).update(nickname=name)
    return saved_biller(saved_id, customer_id)


def remove_saved_biller(*, saved_id: UUID, customer_id: UUID) -> None:
    """Forget a saved biller; bills, payments and autopays stay. Again changes nothing."""
    SavedRow.objects.filter(id=saved_id, customer_id=customer_id).delete()


def _name(nickname: str) -> str:
    return clean_text(nickname, field="nickname", length_max=NICKNAME_LENGTH_MAX)


def _told(row: SavedRow) -> Saved:
    return Saved(
        id=row.id,
        customer_id=row.customer_id,
        biller_id=row.biller_id,
        reference=row.reference,
        values=row.values,
        nickname=row.nickname,
        made_at=row.made_at,
    )
