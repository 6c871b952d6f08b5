"""Payments against the ledger and against time: what has settled is posted, what has not ended moves on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from raseed.kernel.errors import mark
from raseed.ledger import api as ledger
from raseed.payments import api as payments

from ..domain import FOUND_MAX, Check, Finding, Look, Over, Severity
from .places import institutions_of_accounts

GRACE: Final = timedelta(minutes=5)
"""How much later than its lane's terms a payment may be before it counts as stuck."""
REFERRED_FOR: Final = timedelta(days=2)
"""How long a payment may be before a person."""


def _posted(look: Look) -> Iterator[Finding]:
    postings = payments.inspection.postings_of(look.ids)
    owners = institutions_of_accounts({each.payment.from_account_id for each in postings.values()})
    booked = ledger.look_up_transfers([id_ for each in postings.values() for id_, _ in each.posted])
    for each in postings.values():
        for transfer_id, minor in each.posted:
            transfer = booked.get(transfer_id)
            if transfer is not None and transfer.amount == minor:
                continue
            yield Finding(
                "posted", "amount" if transfer else "missing", f"payment:{each.payment.id}", str(minor),
                str(transfer.amount) if transfer else "0", institution_id=owners.get(each.payment.from_account_id),
            )  # fmt: skip


def _stuck(look: Look) -> Iterator[Finding]:
    found = payments.inspection.stuck_payments(
        grace=GRACE, referred=REFERRED_FOR, now=look.clock.now(), limit=FOUND_MAX
    )
    for each in found:
        yield Finding(
            "stuck", each.why, f"payment:{each.payment_id}", "", each.state, Severity.LATE, institution_id=each.institution_id
        )  # fmt: skip


def _lost(look: Look) -> Iterator[Finding]:
    del look
    lost = payments.inspection.lost_payments(limit=FOUND_MAX)
    owners = institutions_of_accounts({each.from_account_id for each in lost})
    for each in lost:
        yield Finding(
            "lost", "state" if each.errand else "no_errand", f"payment:{each.payment_id}", each.state, each.errand,
            institution_id=owners.get(each.from_account_id),
        )  # fmt: skip


POSTED: Final = Check(
    "posted",
    mark("Every payment that has settled is in the ledger, with its amount and its fee."),
    {
        "missing": mark("The payment has settled, and the ledger does not have it"),
        "amount": mark("The ledger has another amount than the payment"),
    },
    _posted,
    over=Over.PAYMENTS,
)
STUCK: Final = Check(
    "stuck",
    mark("No payment stays open for longer than its way outside allows."),
    {
        "held_for_long": mark("Held for longer than it may be, and has not left"),
        "unknown_for_long": mark("Not answered for longer than it may be, and not before a person"),
        "nobody_asks": mark("Due to be asked about, and nobody asks"),
        "referred_for_long": mark("Before a person for days"),
    },
    _stuck,
)
LOST: Final = Check(
    "lost",
    mark("Every payment that has not ended is one that the courier knows, in the same state."),
    {
        "no_errand": mark("It has not ended, and nobody will ask about it any more"),
        "state": mark("Payment and errand are in different states"),
    },
    _lost,
    every_s=300,
)
