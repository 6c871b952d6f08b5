"""What bills tells other packages. Ids, codes and counts only; everything is additive within a version.

``biller_registered``, ``biller_suspended``, ``biller_resumed`` {biller_id}; ``finding`` {biller_id, kind}: a biller
answered what can't be right. ``dispute_opened``, ``dispute_decided`` {dispute_id, biller_id, state}: a customer says that
a bill is wrong, and what became of it. ``waiver_given``, ``waiver_ended`` {waiver_id}.
``autopay_ended`` {autopay_id, customer_id, code}; ``autopay_not_paid`` {autopay_id, customer_id, bill_id, outcome, code}:
a bill that is not paid by itself after all.
``day_closed``, ``paid_out`` {biller_id, settlement_id}; ``breaks_found`` {biller_id, day, breaks}: so many differences were
opened or reopened; ``reconciled`` {biller_id, reconciliation_id}: a biller's file was held against our books.
``refunded`` {biller_id, payment_id, refund_id}: money of a payment went back. There is none per bill that is paid:
``payments`` tells of those.
"""

from __future__ import annotations

from typing import Final

BILLER_REGISTERED: Final = "bills.biller_registered"
BILLER_SUSPENDED: Final = "bills.biller_suspended"
BILLER_RESUMED: Final = "bills.biller_resumed"
FINDING: Final = "bills.finding"
DAY_CLOSED: Final = "bills.day_closed"
PAID_OUT: Final = "bills.paid_out"
BREAKS_FOUND: Final = "bills.breaks_found"
RECONCILED: Final = "bills.reconciled"
REFUNDED: Final = "bills.refunded"
DISPUTE_OPENED: Final = "bills.dispute_opened"
DISPUTE_DECIDED: Final = "bills.dispute_decided"
WAIVER_GIVEN: Final = "bills.waiver_given"
WAIVER_ENDED: Final = "bills.waiver_ended"
AUTOPAY_ENDED: Final = "bills.autopay_ended"
AUTOPAY_NOT_PAID: Final = "bills.autopay_not_paid"
