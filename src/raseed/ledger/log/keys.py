"""A log's keys, in files outside the database: ``keys/ledger-log-ID`` (0600), and ``….pub`` for whoever checks (0644).

A private file holds one key, or two while the first hands over to the second; then both sign. The public file names
every key the log ever had, the oldest first.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from .checkpoint import origin_of
from .errors import KeyHandOver, LogKeyMissing, UnreadableKey
from .note import Malformed, Signer, Verifier

PRIVATE_MODE: Final = 0o600
PUBLIC_MODE: Final = 0o644
KEYS_MAX: Final = 2


def write_whole(path: Path, text: str, mode: int) -> None:
    """Write a file so that it is there whole or as it was before, whatever happens meanwhile."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def public_path(home: Path, log_id: UUID) -> Path:
    """Return where the public keys of a log are kept."""
    return home / "keys" / f"ledger-log-{log_id}.pub"


def read_public(path: Path) -> list[Verifier]:
    """Return the keys in a file of public keys, one a line.

    Raises:
        UnreadableKey: the file can't be read, holds no key, or one that is not written rightly.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UnreadableKey(path=str(path), reason=error.strerror) from None
    lines = [line for line in text.split("\n") if line.strip()]
    try:
        keys = [Verifier.parse(line) for line in lines]
    except Malformed as reason:
        raise UnreadableKey(path=str(path), reason=str(reason)) from None
    if not keys:
        raise UnreadableKey(path=str(path), reason="it is empty")
    return keys


@dataclass(slots=True)
class SigningKeys:
    """The keys that sign under one name in one home.

    Attributes:
        home: the folder that holds ``keys``.
        file_name: of the private file; the public one ends in ``.pub``.
        origin: the name they sign under.
    """

    home: Path
    file_name: str
    origin: str
    _stamp: tuple[int, int] | None = None
    _signers: tuple[Signer, ...] = ()

    @property
    def path(self) -> Path:
        """Where the private keys are."""
        return self.home / "keys" / self.file_name

    @property
    def public_path(self) -> Path:
        """Where the public ones are."""
        return self.home / "keys" / f"{self.file_name}.pub"

    def make(self) -> None:
        """Make the first key."""
        self._write([Signer.new(self.origin)])

    def signers(self) -> tuple[Signer, ...]:
        """Return the keys that sign now, the older first, as the file has them now.

        Raises:
            LogKeyMissing: the file is not there.
            UnreadableKey: it is damaged.
        """
        try:
            found = self.path.stat()
        except FileNotFoundError:
            raise LogKeyMissing(origin=self.origin, folder=str(self.path.parent)) from None
        stamp = (found.st_mtime_ns, found.st_ino)
        if stamp != self._stamp:
            self._signers, self._stamp = self._read(), stamp
        return self._signers

    def _read(self) -> tuple[Signer, ...]:
        lines = [line for line in self.path.read_text(encoding="utf-8").split("\n") if line]
        try:
            signers = tuple(Signer.parse(line) for line in lines)
        except Malformed as reason:
            raise UnreadableKey(path=str(self.path), reason=str(reason)) from None
        if not 1 <= len(signers) <= KEYS_MAX:
            raise UnreadableKey(path=str(self.path), reason=f"it holds {len(signers)} keys")
        return signers

    def begin_hand_over(self) -> Signer:
        """Let a new key sign beside the present one; return it.

        Raises:
            KeyHandOver: two keys sign already.
        """
        signers = self.exactly(1)
        new = Signer.new(self.origin)
        self._write([*signers, new])
        return new

    def finish_hand_over(self) -> None:
        """Forget the older of two keys.

        Raises:
            KeyHandOver: only one key signs.
        """
        self._write(self.exactly(KEYS_MAX)[-1:])

    def exactly(self, count: int) -> tuple[Signer, ...]:
        """Return the keys that sign now.

        Raises:
            KeyHandOver: they are more or fewer than ``count``.
        """
        signers = self.signers()
        if len(signers) != count:
            raise KeyHandOver(keys=len(signers))
        return signers

    def _write(self, signers: Sequence[Signer]) -> None:
        public = self.public_path
        known = [str(key) for key in read_public(public)] if public.exists() else []
        new = [str(signer.verifier) for signer in signers if str(signer.verifier) not in known]
        write_whole(public, "\n".join([*known, *new]) + "\n", PUBLIC_MODE)
        write_whole(self.path, "".join(f"{signer.private_text()}\n" for signer in signers), PRIVATE_MODE)
        self._stamp = None


class LogKeys(SigningKeys):
    """The keys of one ledger's log in one home."""

    def __init__(self, home: Path, log_id: UUID) -> None:
        SigningKeys.__init__(self, home, public_path(home, log_id).stem, origin_of(log_id))
        self.log_id = log_id
