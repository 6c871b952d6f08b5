"""A certificate: what one account's balance is, the two paths that lead from it to a root, and the root as it was signed."""

from __future__ import annotations

import base64
import binascii
import functools
import json
import re
from binascii import b2a_base64 as b2a
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self
from uuid import UUID

from raseed.ledger.log.api import KEY_ID_BYTES, Malformed, Note, parse_note

from .checkpoint import SignedRoot
from .format import DEPTH_MAX, NODE_BYTES, SALT_BYTES, SHARES, SUM_MAX
from .refusals import NotACertificate

FORMAT: Final = "raseed-certificate-v1"
BYTES_MAX: Final = 64 << 10
_FIELDS: Final = ("format", "account", "currency", "scale", "booked", "held", "position", "shares", "checkpoint")
_SHARE_FIELDS: Final = ("place", "salt", "owed", "owing", "path")
_NUMBER: Final = re.compile(r"0|-?[1-9][0-9]{0,18}")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_SCALE_MAX: Final = 4
_WRITTEN: Final = (
    b'{"format":"raseed-certificate-v1","account":"%b","currency":"%b","scale":%d,"booked":"%d","held":"%d",'
    b'"position":"%d","shares":[%b,%b],"checkpoint":%b}'
)


@dataclass(frozen=True, slots=True)
class Share:
    """One of an account's two leaves: its place, its salt, its part of the balance (minor units), and its path, bottom up."""

    place: int
    salt: bytes
    owed: int
    owing: int
    path: bytes


@dataclass(frozen=True, slots=True)
class Certificate:
    """A balance and its proof; not checked by being made.

    Attributes:
        account_id: the ledger account.
        currency: the three letters; scale: how many decimals a minor unit has.
        booked_minor: what the institution owes the customer (negative: the customer owes).
        held_minor: what pending debits hold of it.
        position: the batch as of which it was written; the account has not changed from it up to ``batch``.
        shares: its two leaves.
        note: the signed root as it was signed.
        root: what the note's text says.
    """

    account_id: UUID
    currency: str
    scale: int
    booked_minor: int
    held_minor: int
    position: int
    shares: tuple[Share, Share]
    note: str
    root: SignedRoot

    @property
    def as_of(self) -> datetime:
        """Everything committed before this instant (UTC) is in it."""
        return self.root.as_of

    @property
    def batch(self) -> int:
        """The last batch of the ledger that is in it."""
        return self.root.batch

    def signed_note(self) -> Note:
        """Return the root's note, for whoever checks its signatures."""
        return parse_note(self.note)

    def to_json(self) -> bytes:
        """Return the certificate as it travels."""
        first, second = (
            b'{"place":"%d","salt":"%b","owed":"%d","owing":"%d","path":"%b"}'
            % (share.place, b2a(share.salt, newline=False), share.owed, share.owing, b2a(share.path, newline=False))
            for share in self.shares
        )
        return _WRITTEN % (
            str(self.account_id).encode(), self.currency.encode(), self.scale, self.booked_minor, self.held_minor,
            self.position, first, second, _written(self.note),
        )  # fmt: skip

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read a certificate; only its shape is looked at.

        Raises:
            NotACertificate: it is not written as one.
        """
        if len(raw) > BYTES_MAX:
            raise NotACertificate(reason="it is too long")
        try:
            found = json.loads(raw.decode(), object_pairs_hook=_once)
            return cls._of(found)
        except (Malformed, ValueError, RecursionError) as reason:
            raise NotACertificate(reason=str(reason)) from None

    @classmethod
    def _of(cls, found: Any) -> Self:
        _has(found, _FIELDS)
        if found["format"] != FORMAT:
            raise Malformed(f"its format is not {FORMAT}")
        shares, scale = found["shares"], found["scale"]
        if not isinstance(shares, list) or len(shares) != SHARES:
            raise Malformed("it has two shares")
        if type(scale) is not int or not 0 <= scale <= _SCALE_MAX:
            raise Malformed("its scale is a number from 0 to 4")
        account, currency, note = (_text(found[name]) for name in ("account", "currency", "checkpoint"))
        if not _CURRENCY.fullmatch(currency):
            raise Malformed("its currency is three letters")
        account_id = UUID(account)
        if str(account_id) != account:
            raise Malformed("its account is an id in lower case")
        first, second = (_share(share) for share in shares)
        return cls(
            account_id, currency, scale, _number(found["booked"], -SUM_MAX), _number(found["held"]),
            _number(found["position"]), (first, second), note, SignedRoot.parse(_noted(note).text),
        )  # fmt: skip


@functools.lru_cache(maxsize=64)
def _written(note: str) -> bytes:
    """Return a note as JSON; all certificates of a round share theirs."""
    return json.dumps(note, ensure_ascii=False).encode()


def _noted(text: str) -> Note:
    """Return a note whose signatures are written in the one way in which they can be."""
    note = parse_note(text)
    for line, signature in zip(text.splitlines()[-len(note.signatures) :], note.signatures, strict=True):
        raw = signature.key_id.to_bytes(KEY_ID_BYTES) + signature.signature
        if not line.endswith(f" {_b64(raw)}"):
            raise Malformed("a signature is written in base64")
    return note


def _share(found: Any) -> Share:
    _has(found, _SHARE_FIELDS)
    salt, path = _bytes(found["salt"]), _bytes(found["path"])
    if len(salt) != SALT_BYTES or len(path) % NODE_BYTES or len(path) > DEPTH_MAX * NODE_BYTES:
        raise Malformed("a share has a salt of 16 bytes and a path of nodes of 48")
    return Share(_number(found["place"]), salt, _number(found["owed"]), _number(found["owing"]), path)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("a name stands in it twice")
    return found


def _has(found: Any, names: tuple[str, ...]) -> None:
    if not isinstance(found, dict) or set(found) != set(names):
        raise Malformed(f"its fields are {', '.join(names)}")


def _text(found: Any) -> str:
    if not isinstance(found, str):
        raise Malformed("a text is missing")
    return found


def _number(found: Any, least: int = 0) -> int:
    if not isinstance(found, str) or not _NUMBER.fullmatch(found) or not least <= int(found) <= SUM_MAX:
        raise Malformed("a number is not written in decimal digits, or too large")
    return int(found)


def _bytes(found: Any) -> bytes:
    text = _text(found)
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("bytes are written in base64") from None
    if _b64(raw) != text:  # one way to write it, so that no bit of a certificate is without meaning
        raise Malformed("bytes are written in base64")
    return raw


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
