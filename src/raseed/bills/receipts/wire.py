"""The signed text of a receipt: what is in it, how it is written, and how it is read. See docs/formats/receipt.md.

Eleven fields and a signature with colons between them, of the characters that a QR code packs most tightly (ISO/IEC 18004,
alphanumeric mode). There is one way to write a receipt: what reads otherwise is none. What is signed is the text itself,
up to the last colon, so whoever checks it needs no rule beside Ed25519 (RFC 8032).
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from raseed.kernel.errors import RaseedError
from raseed.kernel.money import Money, currency

VERSION: Final = "R1"
TEXT_LENGTH_MAX: Final = 320
"""The longest text that is looked at; the longest that can be written has 275 characters."""
KEY_ID_LENGTH: Final = 8
CODE_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: no letter looks like a digit or like another letter."""
CODE_LENGTH: Final = 8
SIGNATURE_BYTES: Final = 64
_TEXT: Final = re.compile(
    rf"""(?P<signed>{VERSION}
    :(?P<key_id>[0-9A-F]{{{KEY_ID_LENGTH}}})
    :(?P<institution>[0-9A-Z-]{{1,40}})
    :(?P<settled_on>[0-9]{{8}})
    :(?P<currency>[A-Z]{{3}})
    :(?P<amount>(?:0|[1-9][0-9]{{0,18}})(?:\.[0-9]{{1,4}})?)
    :(?P<kind>[BT])
    :(?P<payee>[A-Z0-9-]{{0,40}})
    :(?P<number>[0-9A-F]{{10}})
    :(?P<code>[{CODE_ALPHABET}]{{{CODE_LENGTH}}})
    :(?P<signed_on>[0-9]{{8}})
    ):(?P<signature>[A-Z2-7]{{103}})\Z""",
    re.VERBOSE,
)


class ReceiptKind(StrEnum):
    """What was paid: a biller, or somebody by a transfer."""

    BILL = "B"
    TRANSFER = "T"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a receipt says, and all that it says.

    Attributes:
        institution: the slug of the payer's institution, which issues the receipt.
        settled_on: the day on which the money moved, by the institution's zone.
        payee: the biller's code; empty for a transfer.
        number: the payment's reference, ten hexadecimal digits.
        code: a keyed hash that only the issuer can make or trace, in place of names: see ADR 0062.
    """

    institution: str
    settled_on: date
    amount: Money
    kind: ReceiptKind
    payee: str
    number: str
    code: str


@dataclass(frozen=True, slots=True)
class Signed:
    """A text that was read: its facts, and what is to be checked about them. Nothing of it is proven yet."""

    facts: Facts
    key_id: str
    signed_on: date
    signed: bytes
    signature: bytes

    def is_signed_by(self, public_key: bytes) -> bool:
        """Whether this key (32 bytes) has signed it."""
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(self.signature, self.signed)
        except (InvalidSignature, ValueError):
            return False
        return True


def key_id_of(public_key: bytes) -> str:
    """Return the name of a key in texts: the beginning of its public half's SHA-256."""
    return hashlib.sha256(public_key).hexdigest()[:KEY_ID_LENGTH].upper()


def write(facts: Facts, *, key: Ed25519PrivateKey, signed_on: date) -> str:
    """Return the signed text of a receipt."""
    signed = ":".join((
        VERSION, key_id_of(key.public_key().public_bytes_raw()), facts.institution.upper(), f"{facts.settled_on:%Y%m%d}",
        facts.amount.currency.code, facts.amount.decimal_text(), facts.kind.value, facts.payee.upper(), facts.number,
        facts.code, f"{signed_on:%Y%m%d}",
    ))  # fmt: skip
    return f"{signed}:{_base32(key.sign(signed.encode('ascii')))}"


def read(text: str) -> Signed | None:
    """Return what a text says, or ``None`` if it is no receipt; nothing is proven by that."""
    found = _TEXT.match(text) if len(text) <= TEXT_LENGTH_MAX and text.isascii() else None
    if found is None:
        return None
    amount = _amount(found["currency"], found["amount"])
    settled_on, signed_on = _day(found["settled_on"]), _day(found["signed_on"])
    kind = ReceiptKind(found["kind"])
    signature = base64.b32decode(found["signature"] + "=")
    if amount is None or settled_on is None or signed_on is None or (kind is ReceiptKind.BILL) != bool(found["payee"]):
        return None
    if _base32(signature) != found["signature"]:
        return None
    facts = Facts(
        institution=found["institution"].lower(),
        settled_on=settled_on,
        amount=amount,
        kind=kind,
        payee=found["payee"].lower(),
        number=found["number"],
        code=found["code"],
    )
    return Signed(facts, found["key_id"], signed_on, found["signed"].encode("ascii"), signature)


def code_of(digest: bytes) -> str:
    """Return the code that a keyed hash is shortened to: its first forty bits."""
    bits = int.from_bytes(digest[:5])
    return "".join(CODE_ALPHABET[bits >> shift & 31] for shift in range(35, -5, -5))


def _base32(raw: bytes) -> str:
    return base64.b32encode(raw).decode("ascii").rstrip("=")


def _day(text: str) -> date | None:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def _amount(code: str, text: str) -> Money | None:
    """Return an amount that is written as we write it: above zero, with all decimals of its currency and no more."""
    try:
        money = Money(int(text.replace(".", "")), currency(code))
    except RaseedError:
        return None
    return money if money.amount_minor > 0 and money.decimal_text() == text else None
