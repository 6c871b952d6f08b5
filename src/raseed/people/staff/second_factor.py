"""The second factor of staff: codes of an authenticator app (TOTP, RFC 6238) and, in need, recovery codes.

A secret lies encrypted (AES-256-GCM, bound to its owner's id) under a key that is kept outside the database. A code's
time step can be used once, and none before it: who looks over a shoulder comes too late.
"""

from __future__ import annotations

import base64
import hmac
import os
import secrets
from datetime import datetime
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from raseed.kernel.text import ascii_digits
from raseed.platform.api import keyed_hash

from ..models import RecoveryCodeRow, StaffRow
from ..sealing import seal, unseal

CODE_DIGITS: Final = 6
CODE_TEXT_MAX: Final = 64
STEP_S: Final = 30
STEPS_AROUND: Final = 1
"""A code is good for its half minute and the ones before and after it: clocks differ, and typing takes time."""
SECRET_BYTES: Final = 20
"""160 bits, as RFC 4226 (section 4, R6) recommends; authenticator apps know SHA-1 only."""
RECOVERY_CODES: Final = 10
RECOVERY_LETTERS: Final = 12
"""60 bits of a recovery code, four letters at a time: ``7KQM-2XRD-9FWB``."""
ISSUER: Final = "Raseed"
KEY: Final = "staff-secrets"
_ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def new_secret() -> bytes:
    """Return a new secret."""
    return os.urandom(SECRET_BYTES)


def secret_for_people(secret: bytes) -> str:
    """Return the secret as it is typed into an app that can't scan: base32, in groups of four."""
    text = base64.b32encode(secret).decode()
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))


def otpauth_uri(secret: bytes, login: str) -> str:
    """Return the address that an authenticator app scans."""
    return _totp(secret).get_provisioning_uri(login, ISSUER)


def encrypted(secret: bytes, owner_id: UUID) -> bytes:
    """Return the secret as it is kept: sealed, and of use for this owner only."""
    return seal(KEY, secret.hex(), about=str(owner_id))


def decrypted(kept: bytes, owner_id: UUID) -> bytes | None:
    """Return the secret, or ``None`` where there is none, or it is not this owner's, or its key is not here."""
    try:
        return bytes.fromhex(unseal(KEY, kept, about=str(owner_id))) if kept else None
    except InvalidTag:
        return None


def step_of(secret: bytes, code: str, now: datetime, *, after: int = 0) -> int | None:
    """Return the time step whose code this is, later than the step ``after``, or ``None`` if it is none that is good now."""
    plain = ascii_digits("".join(code[:CODE_TEXT_MAX].split())).encode("utf-8", "replace")
    present, totp, found = int(now.timestamp()) // STEP_S, _totp(secret), None
    for step in range(present - STEPS_AROUND, present + STEPS_AROUND + 1):
        if hmac.compare_digest(totp.generate(step * STEP_S), plain) and step > after:
            found = step
    return found


def use_code(row: StaffRow, code: str, now: datetime) -> str | None:
    """Use up a code of the member of staff whose row the caller has locked; return ``totp`` or ``recovery``, or ``None``."""
    secret = decrypted(bytes(row.totp_secret), row.id)
    step = None if secret is None else step_of(secret, code, now, after=row.totp_step)
    if step is not None:
        row.totp_step = step
        row.save(update_fields=["totp_step"])
        return "totp"
    hashed = _recovery_hash(row.id, code)
    used = RecoveryCodeRow.objects.filter(staff=row, code_hash=hashed, used_at=None).update(used_at=now)
    return "recovery" if used else None


def new_recovery_codes(row: StaffRow) -> tuple[str, ...]:
    """Give a member of staff new recovery codes, in place of all earlier ones; they are shown this once."""
    codes = tuple(_recovery_code() for _ in range(RECOVERY_CODES))
    forget_recovery_codes(row)
    RecoveryCodeRow.objects.bulk_create(
        RecoveryCodeRow(staff=row, code_hash=_recovery_hash(row.id, code)) for code in codes
    )
    return codes


def forget_recovery_codes(row: StaffRow) -> None:
    """Void the recovery codes of a member of staff."""
    RecoveryCodeRow.objects.filter(staff=row).delete()


def recovery_codes_left(staff_id: UUID) -> int:
    """Return how many recovery codes someone has not used yet."""
    return RecoveryCodeRow.objects.filter(staff_id=staff_id, used_at=None).count()


def _recovery_code() -> str:
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(RECOVERY_LETTERS))
    return "-".join(letters[i : i + 4] for i in range(0, RECOVERY_LETTERS, 4))


def _recovery_hash(staff_id: UUID, code: str) -> bytes:
    plain = "".join(character for character in ascii_digits(code[:CODE_TEXT_MAX]).upper() if character in _ALPHABET)
    return keyed_hash(KEY, "recovery-code", str(staff_id), plain)


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, CODE_DIGITS, SHA1(), STEP_S)  # noqa: S303  (HMAC-SHA-1, which is what apps know; sound here)
