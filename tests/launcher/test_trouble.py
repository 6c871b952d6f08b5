"""What a person can mend is one sentence; what is our fault stays a fault."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import psycopg

from raseed.kernel.errors import NotFound
from raseed.project.trouble import Trouble, disk_full, explain


def test_a_full_disk_names_the_disk() -> None:
    assert explain(OSError(errno.ENOSPC, "No space left on device", "/data/raseed")) == str(
        disk_full(Path("/data/raseed"))
    )


def test_a_folder_of_somebody_else_s() -> None:
    sentence = explain(PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/data/raseed"))
    assert sentence is not None
    assert sentence.startswith("/data/raseed can't be read or written by this user")


def test_a_refusal_is_told_with_what_to_do() -> None:
    assert explain(NotFound()) == "We could not find that. Check what you entered."
    assert explain(Trouble("Port 80 is taken.")) == "Port 80 is taken."


def test_an_unreachable_database() -> None:
    sentence = explain(psycopg.OperationalError("connection failed\nNo such host"))
    assert sentence == "The database can't be reached or had to give up: No such host"


def test_a_fault_of_ours_stays_one() -> None:
    assert explain(KeyError("x")) is None
    assert explain(OSError(errno.EBADF, "Bad file descriptor")) is None
