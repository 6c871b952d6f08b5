"""What can go wrong on the machine: one clear sentence for the person at the terminal, and no traceback."""

from __future__ import annotations

import errno
import sys
from pathlib import Path

from raseed.kernel.errors import RaseedError


class Trouble(Exception):
    """Raised with one sentence that says what is wrong and what to do; the command line prints it and exits 1."""


def disk_full(folder: Path) -> Trouble:
    """Say that the disk is full."""
    return Trouble(f"The disk that holds {folder} is full: free some space (1 GB is enough to start) and try again.")


def explain(error: Exception) -> str | None:
    """Return the sentence for what a person can mend, or None for what is a fault of the program."""
    if isinstance(error, Trouble):
        return str(error)
    if isinstance(error, RaseedError):
        told = (error.sentence, error.hint)
        return " ".join(text % error.params if error.params else text for text in told if text)
    if type(error).__name__ == "OperationalError" and type(error).__module__.split(".")[0] in ("django", "psycopg"):
        return f"The database can't be reached or had to give up: {str(error).strip().splitlines()[-1]}"
    return _explain_system(error) if isinstance(error, OSError) else None


def _explain_system(error: OSError) -> str | None:
    where = Path(str(error.filename)) if error.filename else Path.cwd()
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return str(disk_full(where))
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{where} can't be read or written by this user: change its owner, or choose another RASEED_HOME."
    if error.errno == errno.EPIPE:
        sys.stdout = None  # nobody reads on; the interpreter would try to flush at its end
        return "Nobody read the rest of the output."
    return None
