"""What can go wrong on the machine: one clear sentence for the person at the terminal, and no traceback."""

from __future__ import annotations

import errno
from pathlib import Path


class Trouble(Exception):  # noqa: N818  (what a person reads, not a fault of the program)
    """Raised with one sentence that says what is wrong and what to do; the command line prints it and exits 1."""


def disk_full(folder: Path) -> Trouble:
    """Say that the disk is full."""
    return Trouble(f"The disk that holds {folder} is full: free some space (1 GB is enough to start) and try again.")


def explain(error: OSError) -> Trouble | None:
    """Return the sentence for an operating-system error that a person can mend, or None for any other."""
    where = Path(str(error.filename)) if error.filename else Path.cwd()
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(where)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return Trouble(f"{where} can't be written or read by this user: change its owner, or choose another RASEED_HOME.")
    return None
