"""Check a balance's certificate: ``verify_certificate.py FILE --key KEY``. The format: docs/formats/certificate.md.

One file, Python's standard library only, nothing of Raseed's: copy it anywhere and run it with ``python3 -I -S``. Exit
status 0: proven; 1: refused, with the refusal's code and a sentence; 2: it was asked wrongly, or a file can't be read.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

FORMAT = "raseed-certificate-v1"
CERTIFICATE_BYTES_MAX = 65_536
KEY_FILE_BYTES_MAX = 65_536
SEEN_BYTES_MAX = 262_144
TREES_SEEN_MAX = 256
KEYS_MAX = 64
SIGNATURES_MAX = 16
CAPACITY_MAX = 1 << 40
SCALE_MAX = 4
LIMIT = 1 << 63
"""Amounts, sums, positions and times stay below."""
NODE_BYTES = 48
HASH_BYTES = 32
SALT_BYTES = 16
PROVEN, REFUSED, MISUSED = 0, 1, 2

REFUSALS = {
    "not_a_certificate": "This is not a certificate of a balance, or it was damaged.",
    "unknown_key": "None of the keys that you trust has signed it.",
    "forged_checkpoint": "It names a key that you trust, and the signature is not that key's.",
    "wrong_tree": "The signed root is that of another tree, or of another currency.",
    "path_length": "A path does not fit the size of the tree.",
    "sum_overflow": "A sum on a path is larger than any true sum can be.",
    "path_does_not_lead_to_root": "A path does not lead to the signed root: account, balance or path are not as they were signed.",
    "shares_disagree": "The two shares are not halves of one balance.",
    "too_old": "The signed root is older than you allow.",
    "older_than_seen": "A newer root of this tree was seen here before.",
    "other_account": "It is the certificate of another account.",
    "other_amount": "It proves another amount.",
}
"""Every refusal by its code, in the order in which they are looked for."""
_FIELDS = {"format", "account", "currency", "scale", "booked", "held", "position", "shares", "checkpoint"}
_SHARE_FIELDS = {"place", "salt", "owed", "owing", "path"}

_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,18})\Z")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_NAME = re.compile(r"[^\s+]{1,200}\Z")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_AMOUNT = re.compile(r"(-?)([0-9]{1,19})(?:\.([0-9]{1,9}))?\Z", re.ASCII)
_DASH = "— "


class Refused(Exception):
    """The certificate proves nothing; ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(REFUSALS[code])
        self.code = code


class Misused(Exception):
    """What was asked for can't be done: an argument, a file of keys, a file that isn't there."""


# --- Ed25519, verification only (RFC 8032, 5.1) ----------------------------------------------------------------------

_P = (1 << 255) - 19
_L = (1 << 252) + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT_OF_MINUS_ONE = pow(2, (_P - 1) // 4, _P)
_Point = tuple[int, int, int, int]
"""Extended coordinates X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z."""


def _added(one: _Point, other: _Point) -> _Point:
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = other
    a, b = (y1 - x1) * (y2 - x2) % _P, (y1 + x1) * (y2 + x2) % _P
    c, d = 2 * t1 * t2 * _D % _P, 2 * z1 * z2 % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(number: int, point: _Point) -> _Point:
    result: _Point = (0, 1, 1, 0)
    while number:
        if number & 1:
            result = _added(result, point)
        point = _added(point, point)
        number >>= 1
    return result


def _point(raw: bytes) -> _Point | None:
    """Return the point that 32 bytes stand for, or ``None``: for none, or not written in the one way."""
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if x * x % _P != square:
        x = x * _ROOT_OF_MINUS_ONE % _P
    if x * x % _P != square or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return x, y, 1, x * y % _P


def _written(point: _Point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, -1, _P)
    x, y = x * inverse % _P, y * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


_BASE = _point(bytes([0x58, *[0x66] * 31]))


def signed_by(public: bytes, text: bytes, signature: bytes) -> bool:
    """Say whether an Ed25519 signature is that of a public key over a text."""
    a = _point(public)
    if a is None or _BASE is None or len(signature) != 64:  # noqa: PLR2004  (the length of a signature)
        return False
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    if s >= _L:
        return False
    k = int.from_bytes(hashlib.sha512(r + public + text).digest(), "little") % _L
    x, y, z, t = a
    return _written(_added(_times(s, _BASE), _times(k, (_P - x, y, z, _P - t)))) == r


# --- What is read ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Key:
    """A public key and the name that it signs under, which is that of the tree."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """The first four bytes of a hash over name and key: what signature lines name."""
        return hashlib.sha256(self.name.encode() + b"\n\x01" + self.public).digest()[:4]


@dataclass(frozen=True)
class Checkpoint:
    """A signed root. ``text`` is what was signed; ``signatures`` are (name, key id, signature), unchecked."""

    text: bytes
    origin: str
    capacity: int
    root: bytes
    currency: str
    scale: int
    owed: int
    owing: int
    as_of_us: int
    batch: int
    signatures: tuple[tuple[str, bytes, bytes], ...]

    @property
    def depth(self) -> int:
        """How many nodes a path has."""
        return self.capacity.bit_length() - 1


@dataclass(frozen=True)
class Share:
    """One of an account's two leaves: its place, its part of the balance, and the sibling nodes on its way up."""

    place: int
    salt: bytes
    owed: int
    owing: int
    path: bytes


@dataclass(frozen=True)
class Certificate:
    """A certificate that is rightly written; nothing in it is checked yet."""

    account: str
    currency: str
    scale: int
    booked: int
    held: int
    position: int
    shares: tuple[Share, Share]
    checkpoint: Checkpoint


def _number(text: object) -> int:
    if not isinstance(text, str) or not _NUMBER.match(text) or int(text) >= LIMIT:
        raise ValueError("not a number")
    return int(text)


def _scale(value: object) -> int:
    if type(value) is not int or not 0 <= value <= SCALE_MAX:
        raise ValueError("not a scale")
    return value


def _text(value: object, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not pattern.match(value):
        raise ValueError("not as it should be written")
    return value


def _bytes(text: object, length: int | None = None) -> bytes:
    """Return what base64 stands for, written in its one way."""
    if not isinstance(text, str):
        raise ValueError("not base64")  # noqa: TRY004  (one kind of error for all that is written wrongly)
    raw = base64.b64decode(text.encode("ascii"), validate=True)
    if base64.b64encode(raw).decode("ascii") != text or (length is not None and len(raw) != length):
        raise ValueError("not base64 of this length")
    return raw


def _share(value: Mapping[str, Any]) -> Share:
    if set(value) != _SHARE_FIELDS or len(path := _bytes(value["path"])) % NODE_BYTES:
        raise ValueError("not a share")
    return Share(
        place=_number(value["place"]),
        salt=_bytes(value["salt"], SALT_BYTES),
        owed=_number(value["owed"]),
        owing=_number(value["owing"]),
        path=path,
    )


def _signature(line: str) -> tuple[str, bytes, bytes]:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    raw = _bytes(encoded)
    if not line.startswith(_DASH) or len(raw) <= 4:  # noqa: PLR2004  (the length of a key's id)
        raise ValueError("not a signature line")
    return _text(name, _NAME), raw[:4], raw[4:]


def _key(text: str) -> Key:
    name, number, encoded = text.split("+", 2)
    raw = _bytes(encoded, 33)
    key = Key(_text(name, _NAME), raw[1:])
    if raw[:1] != b"\1" or number != key.id.hex():
        raise ValueError("not an Ed25519 key with its own id")
    return key


def _only(lines: Sequence[str], name: str, words: int) -> list[str]:
    """Return the words after the name of an extension line that has to stand there once."""
    [line] = [line for line in lines if line.partition(" ")[0] == name]
    found = line.split(" ")[1:]
    if len(found) != words:
        raise ValueError(f"not {name}")
    return found


def _checkpoint(note: object) -> Checkpoint:
    if not isinstance(note, str) or _CONTROL.search(note) or not note.endswith("\n"):
        raise ValueError("not a signed note")
    head, blank, tail = note.rpartition("\n\n")
    for line in head.split("\n"):
        if line.startswith("raseed-key-v1 "):
            _key(line.partition(" ")[2])
    signatures = tail.removesuffix("\n").split("\n")
    origin, capacity, root, *more = head.split("\n")
    if not blank or not all(more) or not 1 <= len(signatures) <= SIGNATURES_MAX:
        raise ValueError("not a signed note")
    places = _number(capacity)
    if not 2 <= places <= CAPACITY_MAX or places & (places - 1):  # noqa: PLR2004  (two leaves at least)
        raise ValueError("not a capacity")
    unit, scale, owed, owing = _only(more, "raseed-sum-v1", 4)
    as_of, batch = _only(more, "raseed-asof-v1", 2)
    _, leaves, log_root = _only(more, "raseed-ledger-v1", 3)
    _number(leaves), _bytes(log_root, HASH_BYTES)
    return Checkpoint(
        text=(head + "\n").encode(),
        origin=_text(origin, _NAME),
        capacity=places,
        root=_bytes(root, HASH_BYTES),
        currency=_text(unit, _CURRENCY),
        scale=_scale(_number(scale)),
        owed=_number(owed),
        owing=_number(owing),
        as_of_us=_number(as_of),
        batch=_number(batch),
        signatures=tuple(_signature(line) for line in signatures),
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) != len(pairs):
        raise ValueError("a name stands in it twice")
    return found


def _certificate(value: Mapping[str, Any]) -> Certificate:
    if set(value) != _FIELDS:
        raise ValueError("other names")
    first, second = value["shares"]
    booked = value["booked"]
    below = isinstance(booked, str) and booked.startswith("-") and booked != "-0"
    return Certificate(
        account=_text(value["account"] if value["format"] == FORMAT else None, _UUID),
        currency=_text(value["currency"], _CURRENCY),
        scale=_scale(value["scale"]),
        booked=-_number(booked[1:]) if below else _number(booked),
        held=_number(value["held"]),
        position=_number(value["position"]),
        shares=(_share(first), _share(second)),
        checkpoint=_checkpoint(value["checkpoint"]),
    )


def read_certificate(data: bytes) -> Certificate:
    """Read a certificate.

    Raises:
        Refused: ``not_a_certificate``.
    """
    try:
        return _certificate(
            json.loads(data.decode() if len(data) <= CERTIFICATE_BYTES_MAX else "", object_pairs_hook=_once)
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Refused("not_a_certificate") from None


# --- What is checked -------------------------------------------------------------------------------------------------


Seen = tuple[int, int]
"""The newest root of a tree that was accepted here: its time (microseconds) and its batch."""


def check_signature(checkpoint: Checkpoint, keys: Sequence[Key]) -> None:
    """Refuse what no trusted key has signed, what one of them only seems to have signed, and another tree's root.

    Raises:
        Refused: ``unknown_key``, ``forged_checkpoint``, ``wrong_tree``.
    """
    trusted = {(key.name, key.id): key for key in keys}
    signed = [(trusted[name, id_], raw) for name, id_, raw in checkpoint.signatures if (name, id_) in trusted]
    if not signed:
        raise Refused("unknown_key")
    if not all(signed_by(key.public, checkpoint.text, raw) for key, raw in signed):
        raise Refused("forged_checkpoint")
    if all(key.name != checkpoint.origin for key, _ in signed):
        raise Refused("wrong_tree")


def root_of(certificate: Certificate, number: int) -> bytes:
    """Return the root's node (hash, owed, owing: 48 bytes) to which the path of share 0 or 1 leads.

    Raises:
        Refused: ``sum_overflow``.
    """
    share = certificate.shares[number]
    leaf = b"".join((
        b"\0", share.salt, bytes.fromhex(certificate.account.replace("-", "")), bytes([number]),
        *(part.to_bytes(8, "big") for part in (share.owed, share.owing, certificate.held, certificate.position)),
    ))  # fmt: skip
    digest, owed, owing = hashlib.sha256(leaf).digest(), share.owed, share.owing
    node = digest + owed.to_bytes(8, "big") + owing.to_bytes(8, "big")
    for level in range(len(share.path) // NODE_BYTES):
        beside = share.path[level * NODE_BYTES : (level + 1) * NODE_BYTES]
        owed += int.from_bytes(beside[32:40], "big")
        owing += int.from_bytes(beside[40:48], "big")
        if owed >= LIMIT or owing >= LIMIT:
            raise Refused("sum_overflow")
        pair = beside + node if share.place >> level & 1 else node + beside
        node = hashlib.sha256(b"\1" + pair).digest() + owed.to_bytes(8, "big") + owing.to_bytes(8, "big")
    return node


def check_proof(certificate: Certificate) -> None:
    """Refuse a certificate whose two leaves don't stand below its signed root, or aren't halves of its balance.

    Raises:
        Refused: ``wrong_tree`` (another currency), ``path_length``, ``sum_overflow``, ``path_does_not_lead_to_root``,
            ``shares_disagree``.
    """
    signed, shares = certificate.checkpoint, certificate.shares
    if (certificate.currency, certificate.scale) != (signed.currency, signed.scale):
        raise Refused("wrong_tree")
    if any(len(each.path) != signed.depth * NODE_BYTES or each.place >= signed.capacity for each in shares):
        raise Refused("path_length")
    root = signed.root + signed.owed.to_bytes(8, "big") + signed.owing.to_bytes(8, "big")
    if [root_of(certificate, 0), root_of(certificate, 1)] != [root, root]:
        raise Refused("path_does_not_lead_to_root")
    owed, owing = (shares[0].owed + shares[1].owed), (shares[0].owing + shares[1].owing)
    if shares[0].place == shares[1].place or (owed and owing) or owed - owing != certificate.booked:
        raise Refused("shares_disagree")


def verify(
    certificate: Certificate,
    keys: Sequence[Key],
    *,
    account: str | None = None,
    amount: int | None = None,
    oldest_us: int | None = None,
    seen: Seen | None = None,
) -> None:
    """Check a certificate; whoever returns from here has proof.

    ``account`` is whose it has to be, ``amount`` what it has to prove as booked (minor units), ``oldest_us`` how old the root
    may be (microseconds since 1970, UTC), ``seen`` the newest root of its tree accepted before; ``None``: it does not matter.

    Raises:
        Refused: it proves nothing; every code of ``REFUSALS`` but the first.
    """
    signed = certificate.checkpoint
    check_signature(signed, keys)
    check_proof(certificate)
    if oldest_us is not None and signed.as_of_us < oldest_us:
        raise Refused("too_old")
    if seen is not None and (signed.as_of_us < seen[0] or signed.batch < seen[1]):
        raise Refused("older_than_seen")
    if account is not None and certificate.account != account:
        raise Refused("other_account")
    if amount is not None and certificate.booked != amount:
        raise Refused("other_amount")


# --- The command -----------------------------------------------------------------------------------------------------


def parse_key(text: str) -> Key:
    """Read ``NAME+KEYID+BASE64``.

    Raises:
        Misused: it is not written so.
    """
    try:
        return _key(text)
    except ValueError:
        raise Misused(f"{text[:80]!r} is not a public key: NAME+KEYID+BASE64, with its own id") from None


def _read(path: str, most: int) -> bytes:
    """Return what a file (``-``: standard input) holds, one byte more than ``most`` at the utmost."""
    try:
        if path == "-":
            return sys.stdin.buffer.read(most + 1)
        with Path(path).open("rb") as file:
            return file.read(most + 1)
    except (OSError, ValueError) as error:
        raise Misused(f"{path} can't be read: {error}") from None


def _keys(words: Sequence[str]) -> list[Key]:
    """Return the trusted keys: each word is one, or names a file with one a line."""
    lines: list[str] = []
    for word in words:
        if word.count("+") >= 2 and not Path(word).exists():  # noqa: PLR2004  (NAME+KEYID+BASE64)
            lines.append(word)
            continue
        raw = _read(word, KEY_FILE_BYTES_MAX)
        if len(raw) > KEY_FILE_BYTES_MAX:
            raise Misused(f"{word} is too long for a file of keys")
        lines += raw.decode("utf-8", "replace").splitlines()
    found = [parse_key(line.strip()) for line in lines if line.strip() and not line.startswith("#")]
    if not 1 <= len(found) <= KEYS_MAX:
        raise Misused(f"{len(found)} keys were given: name one to {KEYS_MAX}")
    return found


def _minor(text: str, scale: int) -> int:
    match = _AMOUNT.match(text.replace(",", ""))
    if not match or len(match[3] or "") > scale:
        raise Misused(f"{text!r} is not an amount with {scale} decimals at most, such as -1234.50")
    minor = int(match[2] + (match[3] or "").ljust(scale, "0"))
    return -minor if match[1] else minor


def _plain(minor: int, scale: int) -> str:
    digits = str(abs(minor)).rjust(scale + 1, "0")
    whole, fraction = digits[: len(digits) - scale], digits[len(digits) - scale :]
    return ("-" if minor < 0 else "") + whole + (f".{fraction}" if fraction else "")


def _remembered(path: str) -> dict[str, Seen]:
    """Return the newest roots seen, by tree: a line each, ``TREE MICROSECONDS BATCH``."""
    raw = _read(path, SEEN_BYTES_MAX) if Path(path).exists() else b""
    try:
        rows = [line.split(" ") for line in raw.decode("ascii").splitlines()]
        return {_text(tree, _NAME): (_number(as_of), _number(batch)) for tree, as_of, batch in rows}
    except ValueError:
        raise Misused(f"{path} is not a file of roots seen; remove it to begin anew") from None


def _remember(path: str, known: dict[str, Seen]) -> None:
    """Keep the newest roots. The file is there whole or as it was before."""
    if len(known) > TREES_SEEN_MAX:
        raise Misused(f"{path} knows {TREES_SEEN_MAX} trees already")
    fresh = Path(f"{path}.{os.getpid()}")
    try:
        fresh.write_text("".join(f"{tree} {at} {batch}\n" for tree, (at, batch) in known.items()), encoding="ascii")
        fresh.replace(path)
    except (OSError, ValueError) as error:
        raise Misused(f"{path} can't be written: {error}") from None


def _moment(as_of_us: int) -> str:
    try:
        told = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=as_of_us)  # noqa: UP017  (old Pythons)
    except OverflowError:
        return f"{as_of_us} microseconds after 1970"
    return told.isoformat(sep=" ", timespec="seconds")


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="verify-certificate", description=__doc__)
    parser.add_argument("file", help="the certificate; - reads standard input")
    parser.add_argument("--key", action="append", required=True, metavar="KEY",
                        help="a public key that you trust (NAME+KEYID+BASE64), or a file of such; may be repeated")  # fmt: skip
    parser.add_argument("--account", metavar="ID", help="whose certificate it has to be")
    parser.add_argument("--amount", metavar="AMOUNT", help="the booked balance that it has to prove, such as 1234.50")
    parser.add_argument("--max-age", type=int, metavar="SECONDS", help="how old the signed root may be")
    parser.add_argument(
        "--at", type=int, metavar="UNIX-SECONDS", help="the instant that --max-age counts to; not given: now"
    )
    parser.add_argument(
        "--seen", metavar="FILE", help="a file in which the newest root of each tree is kept: an older one is refused"
    )
    return parser.parse_args(argv)


def _checked(asked: argparse.Namespace) -> Certificate:
    keys = _keys(asked.key)
    known = _remembered(asked.seen) if asked.seen else {}
    if asked.account is not None and not _UUID.match(asked.account.lower()):
        raise Misused(f"{asked.account!r} is not an account's id")
    oldest = None
    if asked.max_age is not None:
        now = int(time.time()) if asked.at is None else asked.at  # tidy: allowed (the command has no clock of ours)
        if not (0 <= asked.max_age < LIMIT and 0 <= now < LIMIT):
            raise Misused("--max-age and --at are seconds")
        oldest = (now - asked.max_age) * 1_000_000
    certificate = read_certificate(_read(asked.file, CERTIFICATE_BYTES_MAX))
    verify(
        certificate,
        keys,
        account=asked.account.lower() if asked.account else None,
        amount=None if asked.amount is None else _minor(asked.amount, certificate.scale),
        oldest_us=oldest,
        seen=known.get(certificate.checkpoint.origin),
    )
    if asked.seen:
        signed = certificate.checkpoint
        _remember(asked.seen, {**known, signed.origin: (signed.as_of_us, signed.batch)})
    return certificate


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    asked = _arguments(argv)
    try:
        certificate = _checked(asked)
    except Refused as refused:
        print(f"refused: {refused.code}\n{refused}")
        return REFUSED
    except Misused as wrong:
        print(f"verify-certificate: {wrong}", file=sys.stderr)
        return MISUSED
    signed = certificate.checkpoint
    print(f"proven: account {certificate.account}")
    print(f"booked {certificate.currency} {_plain(certificate.booked, certificate.scale)}, "
          f"of that held {_plain(certificate.held, certificate.scale)}")  # fmt: skip
    print(f"as of {_moment(signed.as_of_us)} (batch {signed.batch} of the ledger), tree {signed.origin}")
    return PROVEN


if __name__ == "__main__":
    sys.exit(main())
