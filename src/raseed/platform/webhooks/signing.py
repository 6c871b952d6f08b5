"""Secrets and signatures after Standard Webhooks 1.0: ``webhook-signature: v1,<base64 of HMAC-SHA256>``.

A secret is not kept: it is HMAC-SHA256 of the endpoint and its generation, under a key in ``HOME/keys/webhooks``. So the
database and its backups hold nothing to sign with, and the secret of each generation can be told again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from ..keys import keyed_hash

KEY: Final = "webhooks"
SECRET_PREFIX: Final = "whsec_"  # noqa: S105  (the mark by which scanners find secrets)


def secret_bytes(endpoint_id: UUID, generation: int) -> bytes:
    """Return what an endpoint's messages are signed with: 32 bytes."""
    return keyed_hash(KEY, "secret", str(endpoint_id), str(generation))


def secret_text(endpoint_id: UUID, generation: int) -> str:
    """Return the same as its receiver keeps it: ``whsec_`` and base64."""
    return SECRET_PREFIX + base64.b64encode(secret_bytes(endpoint_id, generation)).decode()


def headers(*, message_id: UUID, at: datetime, body: bytes, secrets: Sequence[bytes]) -> dict[str, str]:
    """Return the three headers of a message; one signature for each secret that is valid now."""
    timestamp = str(int(at.timestamp()))
    signed = f"{message_id}.{timestamp}.".encode() + body
    signatures = (base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode() for secret in secrets)
    return {
        "webhook-id": str(message_id),
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
