"""The baseline: a file of every balance that was shown before a release, chained and signed, outside the database.

The file (docs/formats/guard-baseline.md) is a head, then chunks, each with its length before it: what stands in it (issuer,
currency, scale, as of when, how many) as a line of JSON, then ids, booked and held amounts. Each chunk is hashed onto the
one before it; the last hash and the sums are signed beside the file. So one byte changed anywhere is seen, and the file of
millions of balances is written and checked in one pass.
"""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final
from uuid import UUID

import numpy as np
from django.conf import settings

from .errors import BaselineBroken, NobodyCompared
from .keys import Signed, is_signed, public_key, sign
from .subjects import Chunk

HEAD: Final = b"raseed-guard-baseline-v1\n"
PURPOSE: Final = "baseline"
CHUNK_BYTES_MAX: Final = 64 << 20
CHUNK_ACCOUNTS_MAX: Final = 100_000
_LENGTH_BYTES: Final = 8
_UUID_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Baseline:
    """What was signed of a baseline.

    Attributes:
        accounts: how many balances it holds.
        root: the last hash of the chain, in hex.
        sums: the sum of booked balances by ``issuer currency``, in minor units.
    """

    accounts: int
    root: str
    sums: dict[str, int]
    taken_at: str
    signed: Signed

    def facts(self) -> dict[str, Any]:
        """Return it as it is kept with the comparison, and told in the report."""
        return {
            "accounts": self.accounts,
            "root": self.root,
            "sums": {name: str(value) for name, value in self.sums.items()},
            "taken_at": self.taken_at,
            "key": self.signed.key,
            "signature": self.signed.signature,
        }


def folder_of(release_id: UUID) -> Path:
    """Return where a release's files are: outside the database."""
    return Path(settings.HOME) / "guard" / str(release_id)


def write(release_id: UUID, chunks: Iterable[Chunk], *, taken_at: str) -> Baseline:
    """Write the baseline whole, sign it, and only then give it its name; an earlier one of this release is replaced.

    Raises:
        NobodyCompared: no balance is shown to anybody.
    """
    folder = folder_of(release_id)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    half = folder / f".baseline.{os.getpid()}"
    root, accounts, sums = hashlib.sha256(HEAD).digest(), 0, dict[str, int]()
    with half.open("wb") as file:
        file.write(HEAD)
        for whole in chunks:
            for chunk in _cut(whole):
                raw = _packed(chunk)
                root = hashlib.sha256(root + hashlib.sha256(raw).digest()).digest()
                file.write(len(raw).to_bytes(_LENGTH_BYTES) + raw)
                accounts += len(chunk.ids)
                name = f"{chunk.issuer} {chunk.currency}"
                sums[name] = sums.get(name, 0) + sum(chunk.booked.tolist())
        file.flush()
        os.fsync(file.fileno())
    if not accounts:
        half.unlink()
        raise NobodyCompared
    content = _content(accounts, root.hex(), sums, taken_at)
    signed = sign(PURPOSE, content)
    told = Baseline(accounts, root.hex(), sums, taken_at, signed)
    half.replace(folder / "baseline")
    beside = folder / ".baseline.json"
    beside.write_text(json.dumps(told.facts(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    beside.replace(folder / "baseline.json")
    return told


def check(release_id: UUID, facts: dict[str, Any]) -> None:
    """Read the file through and hold it against what was signed.

    Raises:
        BaselineBroken: it is not there, a byte of it is another, or the signature is not this guard's.
    """
    root, accounts, sums = hashlib.sha256(HEAD).digest(), 0, dict[str, int]()
    try:
        with (folder_of(release_id) / "baseline").open("rb") as file:
            if file.read(len(HEAD)) != HEAD:
                raise BaselineBroken
            for raw in _raws(file):
                root = hashlib.sha256(root + hashlib.sha256(raw).digest()).digest()
                chunk = _unpacked(raw)
                accounts += len(chunk.ids)
                name = f"{chunk.issuer} {chunk.currency}"
                sums[name] = sums.get(name, 0) + sum(chunk.booked.tolist())
    except (OSError, ValueError, KeyError, zlib.error):
        raise BaselineBroken from None
    signed = Signed(str(facts.get("key")), str(facts.get("signature")))
    content = _content(accounts, root.hex(), sums, str(facts.get("taken_at")))
    if signed.key != public_key() or not is_signed(PURPOSE, content, signed):
        raise BaselineBroken


def balances(release_id: UUID) -> Iterator[Chunk]:
    """Yield what the baseline holds; ``check`` says whether it is what was signed."""
    with (folder_of(release_id) / "baseline").open("rb") as file:
        file.read(len(HEAD))
        for raw in _raws(file):
            yield _unpacked(raw)


def _content(accounts: int, root: str, sums: dict[str, int], taken_at: str) -> bytes:
    said = {
        "accounts": accounts,
        "root": root,
        "sums": {name: str(each) for name, each in sums.items()},
        "at": taken_at,
    }
    return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()


def _cut(chunk: Chunk) -> Iterator[Chunk]:
    """Yield a chunk in pieces that a reader can hold."""
    for start in range(0, len(chunk.ids), CHUNK_ACCOUNTS_MAX):
        piece = slice(start, start + CHUNK_ACCOUNTS_MAX)
        yield Chunk(
            chunk.issuer,
            chunk.currency,
            chunk.scale,
            chunk.ids[piece],
            chunk.booked[piece],
            chunk.held[piece],
            chunk.as_of,
        )


def _packed(chunk: Chunk) -> bytes:
    plain = all(len(each) == _UUID_BYTES for each in chunk.ids)
    ids = b"".join(chunk.ids) if plain else b"\n".join(chunk.ids)
    head = {
        "issuer": chunk.issuer,
        "currency": chunk.currency,
        "scale": chunk.scale,
        "as_of": chunk.as_of,
        "accounts": len(chunk.ids),
        "ids": "bytes16" if plain else "lines",
        "ids_bytes": len(ids),
    }
    body = ids + _amounts(chunk.booked) + _amounts(chunk.held)
    return json.dumps(head, sort_keys=True, separators=(",", ":")).encode() + b"\n" + zlib.compress(body, 1)


def _amounts(values: Any) -> bytes:
    return np.ascontiguousarray(values, dtype=">i8").tobytes()


def _unpacked(raw: bytes) -> Chunk:
    line, _, packed = raw.partition(b"\n")
    head = json.loads(line)
    count, ids_bytes = int(head["accounts"]), int(head["ids_bytes"])
    body = zlib.decompressobj().decompress(packed, CHUNK_BYTES_MAX)
    if len(body) != ids_bytes + 16 * count:
        raise ValueError("a chunk of another length")
    raw_ids = body[:ids_bytes]
    ids = (
        [raw_ids[i : i + _UUID_BYTES] for i in range(0, ids_bytes, _UUID_BYTES)]
        if head["ids"] == "bytes16"
        else raw_ids.split(b"\n")
    )
    if len(ids) != count:
        raise ValueError("other ids than said")
    amounts = np.frombuffer(body, dtype=">i8", offset=ids_bytes)
    return Chunk(
        head["issuer"], head["currency"], int(head["scale"]), ids, amounts[:count], amounts[count:], head["as_of"]
    )


def _raws(file: IO[bytes]) -> Iterator[bytes]:
    while length := file.read(_LENGTH_BYTES):
        size = int.from_bytes(length)
        if len(length) != _LENGTH_BYTES or size > CHUNK_BYTES_MAX:
            raise ValueError("no chunk")
        raw = file.read(size)
        if len(raw) != size:
            raise ValueError("a torn chunk")
        yield raw
