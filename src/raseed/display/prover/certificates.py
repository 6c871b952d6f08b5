"""What others get of the prover: certificates, keys, the proven population, from mapped files; and what was signed last."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection

from raseed.ledger.log.api import UnreadableKey, Verifier

from ..proof.certificate import Certificate
from ..proof.verify import check
from .building import folder_of
from .keys import secrets_of, trusted_keys
from .layout import Head, Torn
from .reader import WAIT_MS, TreeReader
from .tables import ROUNDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOOK_SECONDS: Final = 0.5
"""How long the trees and keys found in the home are taken for all there are."""


@dataclass(frozen=True, slots=True)
class Round:
    """What was signed last of a ledger's tree; sums in minor units.

    Attributes:
        trouble: the name of what keeps the prover from signing; empty while all is well.
    """

    ledger: int
    tree_id: UUID
    currency: str
    capacity: int
    owed: int
    owing: int
    batch: int
    as_of: datetime
    note: str
    accounts: int
    trouble: str


class Proofs:
    """The trees and keys of one home, as they are found there."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._looked = -LOOK_SECONDS
        self._readers: list[TreeReader] = []
        self._keys: tuple[Verifier, ...] = ()

    def certificate(self, account_id: UUID, within_ms: int = WAIT_MS) -> Certificate | None:
        """Return an account's certificate; None: it has no leaf, or its tree can't be read within so many milliseconds."""
        self._look()
        for place, reader in enumerate(self._readers):
            try:
                found = reader.certificate(account_id, within_ms)
            except Torn:
                continue
            if found is not None:
                if place:  # most who ask next ask of the same tree
                    self._readers = [reader, *(other for other in self._readers if other is not reader)]
                return found
        return None

    def trusted(self) -> tuple[Verifier, ...]:
        """Return the keys that sign now."""
        self._look()
        return self._keys

    def heads(self) -> Iterator[tuple[str, Head]]:
        """Yield the head of every tree that can be read, with its id."""
        self._look()
        for reader in self._readers:
            with contextlib.suppress(Torn):
                yield reader.folder.name, reader.root()[0]

    def reader(self, tree_id: UUID) -> TreeReader | None:
        """Return the reader of one tree."""
        self._look()
        return next((reader for reader in self._readers if reader.folder.name == str(tree_id)), None)

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return
        self._keys = tuple(trusted_keys(self._home))
        known = {reader.folder.name: reader for reader in self._readers if reader.is_current()}
        folder = self._home / "display"
        for path in sorted(folder.iterdir()) if folder.exists() else ():
            if path.name not in known and (reader := self._opened(path)) is not None:
                known[path.name] = reader
        self._readers = [
            *(reader for reader in self._readers if known.get(reader.folder.name) is reader),
            *(reader for reader in known.values() if reader not in self._readers),
        ]
        self._looked = now

    def _opened(self, path: Path) -> TreeReader | None:
        try:
            tree_id = UUID(path.name)
            return TreeReader(folder_of(self._home, tree_id), *secrets_of(self._home, tree_id))
        except (ValueError, Torn, UnreadableKey):
            return None  # being built, or not one of ours


_proofs: dict[Path, Proofs] = {}


def proofs() -> Proofs:
    """Return the proofs of this installation's home."""
    home = Path(settings.HOME)
    found = _proofs.get(home)
    if found is None:
        found = _proofs[home] = Proofs(home)
    return found


def certificates_of(account_ids: Sequence[UUID]) -> dict[UUID, Certificate]:
    """Return the certificates of those accounts that have a leaf, each under the root that was signed last."""
    mine = proofs()
    found = ((account_id, mine.certificate(account_id)) for account_id in account_ids)
    return {account_id: certificate for account_id, certificate in found if certificate is not None}


def checked(certificate: Certificate, *, now: datetime, **asked: Any) -> None:
    """Return if the certificate proves its balance by the keys of this installation; ``asked`` as ``proof.verify.check``.

    Raises:
        CertificateRefused: which of its kinds says why.
    """
    check(certificate, proofs().trusted(), now=now, **asked)


def public_keys() -> list[str]:
    """Return the public keys that sign trees now, written ``NAME+KEYID+BASE64``."""
    return [str(key) for key in proofs().trusted()]


def rounds() -> list[Round]:
    """Return what was signed last of each tree, by ledger."""
    with connection.cursor() as cursor:
        cursor.execute(ROUNDS)
        return [Round(*row) for row in cursor.fetchall()]


def proven_population(ledger: int) -> Iterator[NDArray[Any]]:
    """Yield every account in a ledger's tree (``id``, ``booked``, ``held``, ``position``); none where it has no tree.

    Each chunk is as of one signed root; later chunks may be of later ones.

    Raises:
        Torn: the tree can't be read now.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT tree_id FROM display_tree WHERE ledger = %s", [ledger])
        row = cursor.fetchone()
    reader = proofs().reader(row[0]) if row else None
    if reader is not None:
        yield from reader.population()
