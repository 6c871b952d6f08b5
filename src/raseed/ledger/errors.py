"""What the ledger refuses as a whole; what it refuses of a single transfer is a result code, not an error."""

from __future__ import annotations

from raseed.kernel.errors import Conflict, InputError, NotFound, RaseedError, TemporarilyUnavailable, mark


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


class TransferNotFound(NotFound):
    """No posted transfer has this id; one that failed is not shown."""

    code = "transfer_not_found"
    sentence = mark("We don't know this transfer.")
    hint = mark("Check its identifier; a transfer that was refused is not in the books.")


class RowsMissing(Conflict):
    """Rows of transfers are gone from the books, or were put in: what follows from them can't be worked out."""

    code = "ledger_rows_missing"
    sentence = mark("The transfers of the batches from %(first)s to %(last)s are not those that were posted.")
    hint = mark("Run: ./raseed ledger verify.")


class LedgerBusy(TemporarilyUnavailable):
    """Other transactions stood in the way more often than we try; nothing was posted."""

    code = "ledger_busy"
    sentence = mark("The books are very busy right now. Nothing was posted.")
    hint = mark("Send the same request again; it will not be done twice.")


class LedgerUnavailable(TemporarilyUnavailable):
    """The database can't be reached, or the process is stopping; nothing was posted."""

    code = "ledger_unavailable"
    sentence = mark("The books can't be reached right now. Nothing was posted.")
    hint = mark("Send the same request again; it will not be done twice.")


class OutcomeUnknown(RaseedError):
    """The connection broke while the transfers were being committed, and nobody could tell in time what became of them.

    Not a failure: they may be in the books. The same ids, asked again, answer what is true.
    """

    code = "outcome_unknown"
    sentence = mark("We don't know yet whether this was posted.")
    hint = mark("Send the same request again, with the same identifiers: it will not be done twice.")
