"""What the ledger refuses as a whole; what it refuses of a single transfer is a result code, not an error."""

from __future__ import annotations

from raseed.kernel.errors import InputError, NotFound, TemporarilyUnavailable, mark


class BatchTooLarge(InputError):
    """More accounts or transfers in one call than the ledger takes."""

    code = "batch_too_large"
    sentence = mark("A batch may hold %(most)s items; this one has %(count)s.")
    hint = mark("Send it in smaller batches.")


class LedgerNotFound(NotFound):
    """No ledger has this number."""

    code = "ledger_not_found"
    sentence = mark("There is no ledger %(number)s.")
    hint = mark("Open the ledger before you use it.")


class AccountNotFound(NotFound):
    """No account has this id."""

    code = "account_not_found"
    sentence = mark("We don't know this account.")
    hint = mark("Check the account number.")


class LedgerBusy(TemporarilyUnavailable):
    """Other transactions stood in the way more often than we try; nothing was posted."""

    code = "ledger_busy"
    sentence = mark("The books are very busy right now. Nothing was posted.")
    hint = mark("Send the same request again; it will not be done twice.")
