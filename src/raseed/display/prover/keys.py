"""A tree's keys and secrets, in files outside the database.

``keys/display-ID`` (0600) signs, ``….pub`` names every key that ever did, the oldest first, ``….trusted`` those that do now:
what a verifier trusts. ``keys/display-blinding-ID`` (0600) holds the secrets of places, salts and splits: whoever loses it
loses nothing, since the tree is worked out again under another.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from uuid import UUID

from raseed.ledger.log.api import Malformed, Signer, SigningKeys, UnreadableKey, Verifier, read_public, write_whole

from ..proof.checkpoint import origin_of
from .blinding import SECRET_BYTES, Blinding

KEYS_MAX: Final = 2
"""So many keys sign a tree while one hands over to the other."""
_PRIVATE = 0o600
_PUBLIC = 0o644
_TRUSTED = ".trusted"
_FILE = "display-"


class DisplayKeys(SigningKeys):
    """The keys of one tree in one home."""

    def __init__(self, home: Path, tree_id: UUID) -> None:
        SigningKeys.__init__(self, home, f"{_FILE}{tree_id}", origin_of(tree_id))

    def _write(self, signers: Sequence[Signer]) -> None:
        SigningKeys._write(self, signers)  # noqa: SLF001  (slots leave no super() without arguments)
        trusted = "".join(f"{signer.verifier}\n" for signer in signers)
        write_whole(self.home / "keys" / f"{self.file_name}{_TRUSTED}", trusted, _PUBLIC)

    def mend(self) -> None:
        """Write the trusted keys anew, should a change have been interrupted between its files."""
        trusted = self.home / "keys" / f"{self.file_name}{_TRUSTED}"
        signers = self.signers()
        try:
            right = read_public(trusted) == [signer.verifier for signer in signers]
        except UnreadableKey:  # or not there
            right = False
        if not right:
            self._write(signers)


def trusted_keys(home: Path) -> list[Verifier]:
    """Return the public keys that sign trees now, as the home's files have them; none where nothing was ever signed.

    A file that is damaged names none: what its tree's keys signed is refused until the prover has written it anew.
    """
    found: list[Verifier] = []
    for file in sorted((home / "keys").glob(f"{_FILE}*{_TRUSTED}")):
        with contextlib.suppress(UnreadableKey):
            found += read_public(file)
    return found


def secrets_of(home: Path, tree_id: UUID) -> tuple[Blinding, bytes]:
    """Return what salts and splits come from, and the secret of the places.

    Raises:
        UnreadableKey: there is no such file, or it is damaged.
    """
    path = _secrets_path(home, tree_id)
    try:
        raw = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise UnreadableKey(path=str(path), reason=str(error)) from None
    if len(raw) != 2 * SECRET_BYTES:
        raise UnreadableKey(path=str(path), reason=str(Malformed("it has another length")))
    return Blinding(raw[:SECRET_BYTES]), raw[SECRET_BYTES:]


def renew_secrets(home: Path, tree_id: UUID) -> None:
    """Make fresh secrets; the tree is to be worked out anew under them."""
    write_whole(_secrets_path(home, tree_id), secrets.token_hex(2 * SECRET_BYTES) + "\n", _PRIVATE)


def _secrets_path(home: Path, tree_id: UUID) -> Path:
    return home / "keys" / f"{_FILE}blinding-{tree_id}"
