"""What the rest of the ledger, its monitoring and its benchmarks use of the log, and what other logs share with it.

Shared are signed notes, files of keys, checkpoints kept outside the database, and the horizon of final batches.
"""

from __future__ import annotations

from .checkpoint import KEY_LINE, Checkpoint, origin_of
from .errors import KeyHandOver, LogForked, LogKeyMissing, UnreadableKey
from .horizon import Horizon
from .keys import SigningKeys, public_path, read_public, write_whole
from .note import KEY_ID_BYTES, Forged, Malformed, Note, Signer, Verifier, parse_note, sign_note
from .outside import folder_of, keep
from .queries import LogStatus, log_status
from .running import open_connection, seal_until
from .sealer import Sealer

__all__ = [
    "KEY_ID_BYTES",
    "KEY_LINE",
    "Checkpoint",
    "Forged",
    "Horizon",
    "KeyHandOver",
    "LogForked",
    "LogKeyMissing",
    "LogStatus",
    "Malformed",
    "Note",
    "Sealer",
    "Signer",
    "SigningKeys",
    "UnreadableKey",
    "Verifier",
    "folder_of",
    "keep",
    "log_status",
    "open_connection",
    "origin_of",
    "parse_note",
    "public_path",
    "read_public",
    "seal_until",
    "sign_note",
    "write_whole",
]
