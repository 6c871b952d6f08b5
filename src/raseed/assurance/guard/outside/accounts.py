"""Whose balances a system of others shows: enumerated once for a release, and kept beside the baseline."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

from raseed.kernel.errors import InputError, mark

from ..baseline import folder_of
from ..errors import MappingRefused, SystemSilent
from .answers import _at
from .mapping import Mapping

if TYPE_CHECKING:
    from .client import Line

ACCOUNTS_MAX: Final = 50_000_000
PAGES_MAX: Final = 1_000_000
ID_LENGTH_MAX: Final = 80
_THOUSAND: Final = 1_000


class NoAccounts(InputError):
    """An enumeration that came out empty: compared with nothing, nothing would differ."""

    code = "guard_no_accounts"
    sentence = mark("No account was listed, so nothing can be compared.")
    hint = mark("Look at the file of accounts, or at the pages of the live system and where the mapping looks in them.")


@dataclass(frozen=True, slots=True)
class Account:
    """An account as its system names it, and its issuer's code."""

    id: str
    issuer: str


def population(release_id: UUID, mapping: Mapping, live: Line) -> Path:
    """Return the file of all accounts (a line each: id, tab, issuer); it is written whole when it is first needed.

    Raises:
        MappingRefused: the CSV is not there, or holds no such column. SystemSilent: the pages can't be had.
        NoAccounts: there is none.
    """
    path = folder_of(release_id) / "accounts"
    if path.exists() and path.stat().st_size:
        return path
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    half = path.with_name(f".accounts.{os.getpid()}")
    try:
        with half.open("w", encoding="utf-8") as file:
            for one in _listed(mapping) if mapping.accounts.file else _paged(mapping, live):
                file.write(f"{one.id}\t{one.issuer}\n")
        if not half.stat().st_size:
            raise NoAccounts(field="mapping")
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
    return path


def _listed(mapping: Mapping) -> Iterator[Account]:
    of = mapping.accounts
    try:
        with Path(of.file).open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if of.column not in (rows.fieldnames or ()) or (
                of.issuer_column and of.issuer_column not in (rows.fieldnames or ())
            ):
                raise MappingRefused(field="mapping", place="accounts.column")
            for row in rows:
                yield _account(row[of.column], row[of.issuer_column] if of.issuer_column else mapping.issuer)
    except (OSError, UnicodeDecodeError, csv.Error):
        raise MappingRefused(field="mapping", place="accounts.file") from None


def _paged(mapping: Mapping, live: Line) -> Iterator[Account]:
    of, after = mapping.accounts, ""
    for _ in range(PAGES_MAX):
        heard = live.get(of.page.replace("{after}", after))
        try:
            table = json.loads(heard.body) if heard.status == 200 else None  # noqa: PLR2004
        except ValueError:
            table = None
        items = _at(table, of.items) if table is not None else None
        if not isinstance(items, list):
            raise SystemSilent(reason=heard.trouble or f"page_{heard.status}")
        for item in items:
            yield _account(_at(item, of.id), mapping.issuer)
        after_now = _at(table, of.next) if of.next else ""
        if not items or not isinstance(after_now, str | int) or str(after_now) in ("", after):
            return
        after = str(after_now)


def _account(account: object, issuer: object) -> Account:
    text, code = str(account), str(issuer or "")
    if not isinstance(account, str | int) or not 0 < len(text) <= ID_LENGTH_MAX or not (text + code).isprintable():
        raise MappingRefused(field="mapping", place="accounts: an id")
    return Account(text, code[:ID_LENGTH_MAX])


def batches(path: Path, *, after: int, size: int) -> Iterator[tuple[int, list[Account]]]:
    """Yield the accounts after the first ``after`` of them, in batches, with how many there are up to their end."""
    with path.open(encoding="utf-8") as file:
        batch: list[Account] = []
        place = 0
        for place, line in enumerate(file, 1):
            if place <= after:
                continue
            batch.append(_of_line(line))
            if len(batch) >= size:
                yield place, batch
                batch = []
        if batch:
            yield place, batch


def drawn(path: Path, count: int) -> list[Account]:
    """Return so many accounts drawn anew: places in the file, and the line after each."""
    size, chosen = path.stat().st_size, set[str]()
    draw = random.SystemRandom()
    with path.open("rb") as file:
        for _ in range(count):
            file.seek(draw.randrange(max(size, 1)))
            file.readline()
            line = file.readline()
            if not line:
                file.seek(0)
                line = file.readline()
            chosen.add(line.decode())
    return [_of_line(line) for line in sorted(chosen) if line]


def belongs(release_id: UUID, account: str, permille: int) -> bool:
    """Whether an account belongs to the sample of a release: by a hash, so that nobody chooses."""
    if permille >= _THOUSAND:
        return True
    digest = hashlib.sha256(f"{release_id} {account}".encode()).digest()
    return int.from_bytes(digest[:8]) % _THOUSAND < permille


def _of_line(line: str) -> Account:
    account, _, issuer = line.rstrip("\n").partition("\t")
    return Account(account, issuer)
