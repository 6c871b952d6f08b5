"""What receipts refuse."""

from __future__ import annotations

from raseed.kernel.errors import Conflict, TemporarilyUnavailable, mark


class NoReceiptYet(Conflict):
    """The payment has not settled: there is nothing to prove yet, or nothing was paid."""

    code = "no_receipt_yet"
    sentence = mark("There is a receipt only of a payment that has arrived.")
    hint = mark("Look at the payment: it says where it is.")


class ReceiptKeyMissing(TemporarilyUnavailable):
    """The key that receipts are signed with is not in its file any more."""

    code = "receipt_key_missing"
    sentence = mark("Receipts can't be signed at present.")
    hint = mark("The payment itself is safe. Try again later.")
