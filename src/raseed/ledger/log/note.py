"""Signed notes and their keys: C2SP signed-note with Ed25519 (https://c2sp.org/signed-note), pure.

Keys are written as Go's ``golang.org/x/mod/sumdb/note`` writes them, so its tools read ours: a public one as
``NAME+KEYID+BASE64``, a private one as ``PRIVATE+KEY+NAME+KEYID+BASE64``, the base64 over 0x01 and the 32 bytes of the key.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519: Final = b"\x01"
KEY_BYTES: Final = 32
KEY_ID_BYTES: Final = 4
NOTE_BYTES_MAX: Final = 64 << 10
SIGNATURES_MAX: Final = 16
_DASH: Final = "— "
_PRIVATE: Final = "PRIVATE+KEY+"
_NAME: Final = re.compile(r"[^\s+]+\Z")
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")


class Malformed(ValueError):
    """A note or a key that is not written as the specification says."""


class Forged(ValueError):
    """A signature that names a known key, and is not that key's over this text."""


def key_id(name: str, public: bytes) -> int:
    """Return the id of an Ed25519 key under a name: the first 32 bits of a hash over both."""
    return int.from_bytes(hashlib.sha256(name.encode() + b"\n" + ED25519 + public).digest()[:KEY_ID_BYTES])


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed(f"{text!r} is not base64") from None


def _key_parts(text: str) -> tuple[str, int, bytes]:
    name, _, rest = text.partition("+")
    number, _, encoded = rest.partition("+")
    if not _NAME.match(name) or not re.fullmatch("[0-9a-f]{8}", number):
        raise Malformed(f"{text!r} is not NAME+KEYID+KEY")
    raw = _decode(encoded)
    if raw[:1] != ED25519 or len(raw) != 1 + KEY_BYTES:
        raise Malformed(f"{name}+{number} is not an Ed25519 key")
    return name, int(number, 16), raw[1:]


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key and the name it signs under."""

    name: str
    public: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``NAME+KEYID+BASE64``.

        Raises:
            Malformed: it is not written so, or the id is not that of the key.
        """
        name, number, public = _key_parts(text.strip())
        if number != key_id(name, public):
            raise Malformed(f"the id {number:08x} is not that of the key beside it")
        return cls(name, public)

    def __str__(self) -> str:
        return f"{self.name}+{self.id:08x}+{base64.b64encode(ED25519 + self.public).decode()}"

    @property
    def id(self) -> int:
        """The key's id under its name."""
        return key_id(self.name, self.public)

    def verifies(self, text: str, signature: bytes) -> bool:
        """Say whether a signature is this key's over the text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """A private key and the name it signs under."""

    name: str
    seed: bytes

    @classmethod
    def new(cls, name: str) -> Self:
        """Make a key."""
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``PRIVATE+KEY+NAME+KEYID+BASE64``.

        Raises:
            Malformed: it is not written so, or the id is not that of the key.
        """
        if not text.startswith(_PRIVATE):
            raise Malformed("a private key starts with PRIVATE+KEY+")
        name, number, seed = _key_parts(text.removeprefix(_PRIVATE).strip())
        signer = cls(name, seed)
        if number != signer.verifier.id:
            raise Malformed(f"the id {number:08x} is not that of the key beside it")
        return signer

    def private_text(self) -> str:
        """Return the key as it is kept in a file."""
        return f"{_PRIVATE}{self.name}+{self.verifier.id:08x}+{base64.b64encode(ED25519 + self.seed).decode()}"

    def __repr__(self) -> str:
        return f"Signer({self.name}+{self.verifier.id:08x})"  # never the key

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        return Verifier(self.name, Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw())

    def sign(self, text: str) -> bytes:
        """Return the signature over the text."""
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(text.encode())


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: who says to have signed, and what."""

    name: str
    key_id: int
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A text and the signatures under it, none of them checked yet."""

    text: str
    signatures: tuple[Signature, ...]

    def signed_by(self, verifiers: Iterable[Verifier]) -> list[Verifier]:
        """Return those of the given keys that signed this text; signatures of other keys are passed over.

        Raises:
            Forged: a signature names one of the keys and is not that key's.
        """
        known = {(verifier.name, verifier.id): verifier for verifier in verifiers}
        signed = []
        for line in self.signatures:
            verifier = known.get((line.name, line.key_id))
            if verifier is None:
                continue
            if not verifier.verifies(self.text, line.signature):
                raise Forged(f"{line.name}+{line.key_id:08x}")
            if verifier not in signed:
                signed.append(verifier)
        return signed


def sign_note(text: str, signers: Sequence[Signer]) -> str:
    """Return a note: the text (which ends its last line), and a signature by each key.

    Raises:
        Malformed: the text holds control characters or does not end in a newline.
    """
    if not text.endswith("\n") or _CONTROL.search(text):
        raise Malformed("a note's text is lines without control characters")
    lines = [text, "\n"]
    for signer in signers:
        raw = signer.verifier.id.to_bytes(KEY_ID_BYTES) + signer.sign(text)
        lines.append(f"{_DASH}{signer.name} {base64.b64encode(raw).decode()}\n")
    return "".join(lines)


def parse_note(note: str) -> Note:
    """Read a note.

    Raises:
        Malformed: it is not written as a signed note, or is longer than we read.
    """
    if len(note.encode()) > NOTE_BYTES_MAX or _CONTROL.search(note) or not note.endswith("\n"):
        raise Malformed("a note is lines without control characters, 64 KiB at most")
    head, blank, tail = note.rpartition("\n\n")
    lines = tail.removesuffix("\n").split("\n")
    if not blank or len(lines) > SIGNATURES_MAX:
        raise Malformed("a note ends in a blank line and one to sixteen signatures")
    signatures = []
    for line in lines:
        name, space, encoded = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH) or not space or not _NAME.match(name):
            raise Malformed(f"{line!r} is not a signature line")
        raw = _decode(encoded)
        if len(raw) <= KEY_ID_BYTES:
            raise Malformed(f"{line!r} holds no signature")
        signatures.append(Signature(name, int.from_bytes(raw[:KEY_ID_BYTES]), raw[KEY_ID_BYTES:]))
    return Note(head + "\n", tuple(signatures))
