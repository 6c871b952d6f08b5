"""Asking checks: each in one view of the database that nothing can change meanwhile, each timed, none able to stop the others."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from itertools import islice
from typing import Final

import structlog
from django.db import connection, transaction

from .domain import FOUND_MAX, Check, CheckRun, Finding, Look, Over

NOT_ASKED: Final = "not_asked"
"""The code of the finding that a check could not be asked; any check can find it."""
_KINDS: Final = {Over.ACCOUNTS: "account", Over.PAYMENTS: "payment"}
_log = structlog.get_logger("raseed.assurance")


def run_check(check: Check, look: Look) -> CheckRun:
    """Ask one check. What it raises is a finding of its own: a question that can't be asked is not answered with yes."""
    began = time.monotonic_ns()
    failed, found = "", []
    try:
        with contextlib.nullcontext() if check.own_view else one_view():
            found = list(islice(check.run(look), FOUND_MAX))
    except Exception as error:  # noqa: BLE001  whatever it was, the other checks are asked
        _log.exception("check_not_asked", check=check.name)
        failed = type(error).__name__
        found = [Finding(check.name, NOT_ASKED, f"check:{check.name}", "", failed)]
    took_ms = (time.monotonic_ns() - began) // 1_000_000
    kind = _KINDS.get(check.over)
    subjects = frozenset(f"{kind}:{id_}" for id_ in look.ids) if kind else None
    return CheckRun(check.name, tuple(found), len(look.ids) if kind else 1, took_ms, failed, subjects)


@contextlib.contextmanager
def one_view() -> Iterator[None]:
    """Hold one view of everything: all packages are asked about the same instant, and nothing can be changed."""
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield
