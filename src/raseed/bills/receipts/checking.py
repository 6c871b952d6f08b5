"""Is a receipt genuine? For anybody, and saying no more than the receipt does: see ADR 0062.

A signature alone is not believed: what it says has to stand in our books too. So a stolen key makes no receipts, and a
receipt of years ago is genuine under a key that has ended since.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from raseed.kernel.errors import mark
from raseed.kernel.text import ascii_digits
from raseed.people import api as people

from .givebacks import given_back
from .issuing import facts_of
from .keys import key_called
from .models import ReceiptRow
from .wire import CODE_LENGTH, Facts, Signed, read

TYPED_LENGTH_MAX: Final = 40
"""The longest number or code that is looked at as it was typed."""
_SPACES: Final = re.compile(r"[\s-]+")
_LOOKALIKES: Final = str.maketrans("ILO", "110")
"""What people read for a digit in the code, which has none of these letters (Crockford's base32)."""
_NUMBER: Final = re.compile(r"[0-9A-F]{10}\Z")


class Since(StrEnum):
    """What became of the money since the receipt."""

    NOTHING = "nothing"
    GIVEN_BACK = "given_back"
    PARTLY_GIVEN_BACK = "partly_given_back"


@dataclass(frozen=True, slots=True)
class Genuine:
    """A receipt of ours: what it says, and whether the money was given back since, wholly or partly (not how much)."""

    facts: Facts
    institution_id: UUID
    since: Since = Since.NOTHING


class Doubt(StrEnum):
    """Why a receipt is not genuine."""

    UNREADABLE = "unreadable"
    UNKNOWN_KEY = "unknown_key"
    FORGED = "forged"
    NOT_IN_BOOKS = "not_in_books"
    NO_SUCH_RECEIPT = "no_such_receipt"


DOUBT_WORDS: Final = {
    Doubt.UNREADABLE: mark("This is not the text of a receipt, or part of it is missing."),
    Doubt.UNKNOWN_KEY: mark("It was signed with a key that is none of ours."),
    Doubt.FORGED: mark("It was changed after it was signed, or somebody else has signed it."),
    Doubt.NOT_IN_BOOKS: mark("What it says does not stand in our books."),
    Doubt.NO_SUCH_RECEIPT: mark("There is no receipt with this number and this code."),
}


@dataclass(frozen=True, slots=True)
class NotGenuine:
    """It is no receipt of ours."""

    doubt: Doubt


def check_receipt(text: str) -> Genuine | NotGenuine:
    """Return whether the signed text of a receipt is genuine. Whatever comes in, it answers."""
    signed = read(text)
    if signed is None:
        return NotGenuine(Doubt.UNREADABLE)
    key = key_called(signed.key_id)
    if key is None:
        return NotGenuine(Doubt.UNKNOWN_KEY)
    signer = people.institution(key.institution_id).slug
    if (
        not signed.is_signed_by(key.public_key)
        or signer != signed.facts.institution
        or not key.signs_on(signed.signed_on)
    ):
        return NotGenuine(Doubt.FORGED)
    return _in_books(signed)


def check_receipt_by_hand(number: str, code: str) -> Genuine | NotGenuine:
    """Return whether there is a receipt with a number and a code, as somebody typed them."""
    number, code = _typed(number), _typed(code).translate(_LOOKALIKES)
    if not _NUMBER.match(number) or len(code) != CODE_LENGTH:
        return NotGenuine(Doubt.NO_SUCH_RECEIPT)
    row = ReceiptRow.objects.filter(number=number, code=code).first()
    return NotGenuine(Doubt.NO_SUCH_RECEIPT) if row is None else _genuine(row, facts_of(row))


def _in_books(signed: Signed) -> Genuine | NotGenuine:
    row = ReceiptRow.objects.filter(number=signed.facts.number, code=signed.facts.code).first()
    if row is None or facts_of(row) != signed.facts:
        return NotGenuine(Doubt.NOT_IN_BOOKS)
    return _genuine(row, signed.facts)


def _genuine(row: ReceiptRow, facts: Facts) -> Genuine:
    back = given_back(row.payment_id)
    if back is None or back.amount_minor <= 0:
        return Genuine(facts, row.institution_id)
    whole = back.amount_minor >= row.amount_minor
    return Genuine(facts, row.institution_id, Since.GIVEN_BACK if whole else Since.PARTLY_GIVEN_BACK)


def _typed(text: str) -> str:
    """Return what was typed without spaces and dashes, in capitals; nothing where it can't be a number or a code."""
    plain = _SPACES.sub("", ascii_digits(text)) if len(text) <= TYPED_LENGTH_MAX else ""
    return plain.upper() if plain.isascii() else ""
