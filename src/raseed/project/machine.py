"""What the machine offers, and the PostgreSQL settings that follow from it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

MIB: Final = 1 << 20
GIB: Final = 1 << 30
_CGROUP_LIMITS: Final = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def memory_bytes() -> int:
    """Return the memory this process may use: the machine's, or its container's limit where that is lower."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for name in _CGROUP_LIMITS:
        try:
            text = Path(name).read_text(encoding="ascii").strip()
        except OSError:
            continue
        if text.isdigit():
            total = min(total, int(text))
    return total


def free_disk_bytes(folder: Path) -> int:
    """Return the free bytes of the disk that holds ``folder``, or its nearest parent that exists."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _mib(value: int, low: int, high: int) -> str:
    return f"{max(low, min(high, value // MIB))}MB"


def ledger_settings(memory: int, free_disk: int) -> dict[str, str]:
    """Return PostgreSQL settings for a ledger on a machine with so much memory and free disk (both in bytes).

    Nothing that a commit promises is weakened: what is acknowledged is on the disk.
    """
    return {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "shared_buffers": _mib(memory // 4, 64, 8192),
        "effective_cache_size": _mib(memory * 6 // 10, 128, 1 << 20),
        "maintenance_work_mem": _mib(memory // 16, 32, 1024),
        "work_mem": _mib(memory // 512, 4, 64),
        "max_connections": "200",
        # Checkpoints are rare and slow, so that random balance updates write each page's full image seldom.
        "max_wal_size": _mib(free_disk // 8, 512, 16384),
        "min_wal_size": _mib(free_disk // 32, 128, 2048),
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": "0.9",
        "wal_buffers": "64MB" if memory >= 4 * GIB else "16MB",
        # Balances change all the time: vacuum early, in small steps.
        "autovacuum_naptime": "20s",
        "autovacuum_vacuum_cost_limit": "2000",
        "random_page_cost": "1.1",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_min_duration_statement": "2s",
        "log_lock_waits": "on",
        "password_encryption": "scram-sha-256",
    }


def throw_away_settings() -> dict[str, str]:
    """Return PostgreSQL settings for a server whose data nobody will miss: that of a test run."""
    return {
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "shared_buffers": "64MB",
        "max_connections": "150",
        "max_wal_size": "2GB",
        "checkpoint_timeout": "1h",
        "autovacuum": "off",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "password_encryption": "scram-sha-256",
    }
