"""What customers are owed, against what stands behind it in the institutions' own accounts.

The equality that our books hold, in every ledger, with debits counted positive on the left:

    money in trust + cash + balances brought forward + interest paid to savers + what customers owe
        = what customers are owed + fees + interest received

It follows from zero sums exactly if every account is a customer's that banking knows or one of the institution's own accounts that
banking knows; that is what can go wrong, so the two sides are taken from different places: the left and the fees from the
institutions' accounts by their ids, the rest from all of the ledger's accounts by their codes, and their numbers from banking.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from raseed.banking import api as banking
from raseed.kernel.errors import mark
from raseed.ledger import api as ledger

from ..domain import Check, Finding, Look
from .places import institutions

_CUSTOMERS: Final = banking.inspection.CUSTOMER_CODES


def _trust(look: Look) -> Iterator[Finding]:
    del look
    owners = institutions()
    sums = ledger.inspection.sums_by_code()
    known = banking.inspection.customer_accounts()
    counted = {(each.ledger, each.code): each.accounts for each in sums if each.code in _CUSTOMERS}
    for number, code in sorted(known.keys() | counted.keys()):
        expected, found = known.get((number, code), 0), counted.get((number, code), 0)
        if expected != found:
            yield Finding(
                "trust",
                "accounts",
                f"ledger:{number}/{code}",
                str(expected),
                str(found),
                institution_id=owners.get(number),
            )
    customers: dict[int, int] = defaultdict(int)
    for each in sums:
        if each.code in _CUSTOMERS:
            customers[each.ledger] += each.owed - each.owing
    behind = _behind()
    for number, institution_id in owners.items():
        if behind[number] != customers[number]:
            yield Finding(
                "trust", "behind", f"ledger:{number}", str(customers[number]), str(behind[number]),
                institution_id=institution_id,
            )  # fmt: skip


def _behind() -> dict[int, int]:
    """Return what stands behind customers' money, by ledger: the institutions' own accounts, debits positive."""
    own = {each.id: each.ledger for each in banking.inspection.own_accounts()}
    behind: dict[int, int] = defaultdict(int)
    for account in ledger.look_up_accounts(own).values():
        behind[own[account.id]] += account.balances.debits_posted - account.balances.credits_posted
    return behind


TRUST: Final = Check(
    "trust",
    mark(
        "What customers are owed is what stands behind it: money in trust, cash, what customers owe, less what the institution earned."
    ),
    {
        "accounts": mark("The ledger has another number of customers' accounts than banking"),
        "behind": mark("What stands behind customers' money is not what they are owed"),
    },
    _trust,
    every_s=300,
)
