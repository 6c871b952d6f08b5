"""Statements against the ledger: what a customer reads ends at the balance, and every line follows on the one before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from raseed.banking import api as banking
from raseed.kernel.errors import mark
from raseed.ledger import api as ledger

from ..domain import Check, Finding, Look, Over
from .places import institutions

LINES: Final = 10
"""The latest lines that are read of each statement; what is older was the latest once, and histories are walked further back."""


def _statements(look: Look) -> Iterator[Finding]:
    owners = institutions()
    for account in ledger.look_up_accounts(look.ids).values():
        booked = account.balances.credits_posted - account.balances.debits_posted
        try:
            page = banking.statement(account.id, limit=LINES, language="en")
        except banking.AccountUnknown:
            continue  # the check of accounts names it
        wrong = _wrong(page.lines, booked, whole=page.next is None)
        if wrong is not None:
            code, expected, found = wrong
            yield Finding(
                "statements", code, f"account:{account.id}", str(expected), str(found), institution_id=owners.get(account.ledger)
            )  # fmt: skip


def _wrong(lines: Sequence[banking.StatementLine], booked: int, *, whole: bool) -> tuple[str, int, int] | None:
    """Return what is wrong first: how it ends, how a line follows on the one before it, how it begins."""
    if not lines:
        return ("ends", booked, 0) if whole and booked else None
    last = lines[0].balance_after.amount_minor
    if last != booked:
        return "ends", booked, last
    for newer, older in pairwise(lines):
        before = newer.balance_after.amount_minor - newer.amount.amount_minor
        if before != older.balance_after.amount_minor:
            return "follows", older.balance_after.amount_minor, before
    first = lines[-1].balance_after.amount_minor - lines[-1].amount.amount_minor
    return ("begins", 0, first) if whole and first else None


STATEMENTS: Final = Check(
    "statements",
    mark("A customer's statement ends at the balance, and every line follows on the one before."),
    {
        "ends": mark("The statement does not end at the balance"),
        "follows": mark("A line does not follow on the one before it"),
        "begins": mark("The statement does not begin at nothing"),
    },
    _statements,
    over=Over.ACCOUNTS,
)
