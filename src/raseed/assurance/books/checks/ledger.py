"""The ledger against itself: sums to zero, balances that are the fold of their transfers, holds that are what is pending."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from raseed.kernel.errors import mark
from raseed.ledger import api as ledger

from ..domain import FOUND_MAX, Check, Finding, Look, Over
from .places import institutions

_SUMS: Final = {
    "debits_pending": mark("The pending debits are not what the transfers come to"),
    "debits_posted": mark("The posted debits are not what the transfers come to"),
    "credits_pending": mark("The pending credits are not what the transfers come to"),
    "credits_posted": mark("The posted credits are not what the transfers come to"),
}


def _zero_sum(look: Look) -> Iterator[Finding]:
    del look
    owners = institutions()
    pairs: dict[int, list[int]] = {}
    for each in ledger.inspection.sums_by_code():
        sums = pairs.setdefault(each.ledger, [0, 0, 0, 0])
        for place, value in enumerate(
            (each.debits_posted, each.credits_posted, each.debits_pending, each.credits_pending)
        ):
            sums[place] += value
    for number, (debits, credits_, held_debits, held_credits) in pairs.items():
        for code, left, right in (("posted", debits, credits_), ("pending", held_debits, held_credits)):
            if left != right:
                yield Finding(
                    "zero_sum", code, f"ledger:{number}", str(left), str(right), institution_id=owners.get(number)
                )


def _balances(look: Look) -> Iterator[Finding]:
    del look
    yield from _told("balances", ledger.inspection.unlike_their_transfers(limit=FOUND_MAX))


def _histories(look: Look) -> Iterator[Finding]:
    yield from _told("histories", ledger.inspection.unlike_their_history(look.ids))


def _holds(look: Look) -> Iterator[Finding]:
    del look
    yield from _told("holds", ledger.inspection.unlike_their_holds(limit=FOUND_MAX))


def _pending(look: Look) -> Iterator[Finding]:
    del look
    owners = institutions()
    for each in ledger.inspection.odd_holds(limit=FOUND_MAX):
        yield Finding(
            "pending", each.kind, f"transfer:{each.id}", "", str(each.amount), institution_id=owners.get(each.ledger)
        )


def _told(check: str, unlike: list[ledger.inspection.Unlike]) -> Iterator[Finding]:
    owners = institutions()
    for each in unlike:
        yield Finding(
            check, each.field, f"account:{each.account_id}", str(each.expected), str(each.found),
            institution_id=owners.get(each.ledger),
        )  # fmt: skip


ZERO_SUM: Final = Check(
    "zero_sum",
    mark("In every currency, all debits and all credits come to the same."),
    {
        "posted": mark("Posted debits and posted credits differ"),
        "pending": mark("Pending debits and pending credits differ"),
    },
    _zero_sum,
)
BALANCES: Final = Check(
    "balances",
    mark("Every balance is what all its transfers come to."),
    _SUMS | {"entries": mark("Another number of transfers has touched the account than it counts")},
    _balances,
    every_s=900,
)
HISTORIES: Final = Check(
    "histories",
    mark("Walking back an account's history, one arrives where it was marked last, with the sums that were marked."),
    _SUMS | {"history": mark("The history breaks off before it arrives")},
    _histories,
    over=Over.ACCOUNTS,
)
HOLDS: Final = Check(
    "holds",
    mark("What accounts count as pending is what the transfers that are pending come to."),
    {
        "debits_pending": mark("Pending debits are not what is pending"),
        "credits_pending": mark("Pending credits are not what is pending"),
    },
    _holds,
)
PENDING: Final = Check(
    "pending",
    mark("What stands as pending are the pending transfers that nothing has resolved, and all of them."),
    {
        "without_transfer": mark("It stands as pending, and there is no such transfer"),
        "differs": mark("It stands as pending with another amount, account or code than its transfer"),
        "resolved": mark("It stands as pending, though it was posted or voided"),
        "forgotten": mark("It is pending by its transfer, and does not stand as pending"),
    },
    _pending,
    every_s=300,
)
