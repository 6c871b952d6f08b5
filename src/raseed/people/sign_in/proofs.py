"""Fresh proofs: that a person has just entered a code or used a passkey, as a token that is good once, for minutes.

What lasts (a passkey, a device key) asks for one, so that a session cookie alone, stolen or left open, gets nobody in for
longer than the session. A page that keeps the token in its form, not in the session, leaves a thief of cookies nothing at all.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from raseed.kernel.errors import PermissionRefused, mark
from raseed.platform.api import keyed_hash

from ..models import ProofRow

PROOF_LIFE: Final = timedelta(minutes=5)
CODE: Final = "code"
PASSKEY: Final = "passkey"
_KEY: Final = "proofs"
_TOKEN_BYTES: Final = 32
_TOKEN_LENGTH_MAX: Final = 100


class ProofNeeded(PermissionRefused):
    """No fresh proof, or one that is another's, too old, or was used."""

    code = "proof_needed"
    sentence = mark("First we need to know that it is really you.")
    hint = mark("Ask for a code and enter it, or use a passkey; then go on within five minutes.")


@dataclass(frozen=True, slots=True)
class Proof:
    """A fresh proof: ``token`` is secret; ``how`` is ``code`` or ``passkey``."""

    token: str
    customer_id: UUID
    how: str
    expires_at: datetime


def give_proof(customer_id: UUID, how: str, now: datetime) -> Proof:
    """Keep and return a proof, in the transaction of what proved it."""
    proof = Proof(secrets.token_urlsafe(_TOKEN_BYTES), customer_id, how, now + PROOF_LIFE)
    ProofRow.objects.create(
        token_hash=_hash(proof.token), customer_id=customer_id, how=how, expires_at=proof.expires_at
    )
    return proof


def check_proof(customer_id: UUID, token: str, now: datetime) -> str:
    """Return how a customer's proof was given; it stays good.

    Raises:
        ProofNeeded: it is not good.
    """
    rows = ProofRow.objects.filter(token_hash=_hash(token), customer_id=customer_id, expires_at__gt=now)
    how = rows.values_list("how", flat=True).first()
    if how is None:
        raise ProofNeeded(field="proof")
    return how


def use_proof(customer_id: UUID, token: str, now: datetime) -> str:
    """Use a customer's proof up, in the caller's transaction, and return how it was given.

    Raises:
        ProofNeeded: it is not good, or was used at this very instant.
    """
    how = check_proof(customer_id, token, now)
    deleted, _ = ProofRow.objects.filter(token_hash=_hash(token)).delete()
    if not deleted:
        raise ProofNeeded(field="proof")
    return how


def _hash(token: str) -> bytes:
    return keyed_hash(_KEY, token[:_TOKEN_LENGTH_MAX])
