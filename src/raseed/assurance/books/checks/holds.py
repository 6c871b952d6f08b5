"""Holds against payments: each belongs to a payment that is open, and each open payment holds its money."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final
from uuid import UUID

from raseed.kernel.errors import mark
from raseed.ledger import api as ledger
from raseed.payments import api as payments

from ..domain import FOUND_MAX, Check, Finding, Look
from .places import institutions, institutions_of_accounts

AT_ONCE: Final = 2_000
OTHERS_FOR: Final = timedelta(days=1)
"""How long a hold that is no payment's, such as one made over the rail, is its maker's own business."""


def _orphans(look: Look) -> Iterator[Finding]:
    owners, after, found = institutions(), UUID(int=0), 0
    while found < FOUND_MAX:
        page = ledger.inspection.open_holds(after=after, limit=AT_ONCE)
        if not page:
            return
        after = page[-1].id
        of = payments.payments_by_id({each.user_data for each in page})
        for hold in page:
            payment = of.get(hold.user_data)
            if payment is not None and payment.is_open:
                continue
            if payment is None and not _too_old(hold, look):
                continue
            over = payment is not None and payment.state in payments.inspection.GIVEN_BACK
            found += 1
            yield Finding(
                "orphan_holds", payment.state.value if payment else "no_payment",
                f"payment:{payment.id}" if payment else f"transfer:{hold.id}", "0", str(hold.amount),
                institution_id=owners.get(hold.ledger), repair="release_hold" if over else None,
            )  # fmt: skip


def _too_old(hold: ledger.inspection.OpenHold, look: Look) -> bool:
    return hold.posted_at is not None and hold.posted_at < look.clock.now() - OTHERS_FOR


def _unheld(look: Look) -> Iterator[Finding]:
    del look
    after, found = UUID(int=0), 0
    while found < FOUND_MAX:
        page = payments.inspection.open_payment_ids(after=after, limit=AT_ONCE)
        if not page:
            return
        after = page[-1]
        postings = payments.inspection.postings_of(page)
        pending = ledger.inspection.pending_amounts(id_ for each in postings.values() for id_, _ in each.held)
        owners = institutions_of_accounts({each.payment.from_account_id for each in postings.values()})
        for each in postings.values():
            expected = sum(minor for _, minor in each.held)
            held = sum(pending.get(id_, 0) for id_, _ in each.held)
            if any(pending.get(id_) != minor for id_, minor in each.held):
                found += 1
                yield Finding(
                    "holds_of_payments", "unheld", f"payment:{each.payment.id}", str(expected), str(held),
                    institution_id=owners.get(each.payment.from_account_id),
                )  # fmt: skip


ORPHAN_HOLDS: Final = Check(
    "orphan_holds",
    mark("No money is held for a payment that is over, and none for long without a payment."),
    {
        "returned": mark("Money is held for a payment that was given back"),
        "refused": mark("Money is held for a payment that was refused"),
        "settled": mark("Money is held for a payment that has settled"),
        "accepted": mark("Money is held for a payment that is not known to be held"),
        "no_payment": mark("Money is held, and no payment is known"),
    },
    _orphans,
)
HOLDS_OF_PAYMENTS: Final = Check(
    "holds_of_payments",
    mark("For every payment on its way, amount and fee are held in the ledger."),
    {"unheld": mark("The payment is on its way, and its money is not held")},
    _unheld,
)
