"""What the rest of the ledger, its monitoring and its benchmarks use of the log."""

from __future__ import annotations

from .errors import KeyHandOver, LogForked, LogKeyMissing, UnreadableKey
from .queries import LogStatus, log_status
from .running import open_connection, seal_until
from .sealer import Sealer

__all__ = [
    "KeyHandOver",
    "LogForked",
    "LogKeyMissing",
    "LogStatus",
    "Sealer",
    "UnreadableKey",
    "log_status",
    "open_connection",
    "seal_until",
]
