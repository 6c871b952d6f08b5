"""The ledger's sealed log: no gap in it, nothing that waits for its seal for long, every batch as it was posted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from raseed.kernel.errors import mark
from raseed.ledger import api as ledger

from ..domain import FOUND_MAX, Check, Finding, Look, Severity

SEALED_WITHIN: Final = timedelta(seconds=60)
"""A batch is sealed within a second; after this long somebody should know that it is not."""
_ABOUT: Final = {"checkpoint_missing": "checkpoint", "leaf_missing": "leaf"}


def _log(look: Look) -> Iterator[Finding]:
    del look
    for gap in ledger.inspection.log_gaps(limit=FOUND_MAX):
        subject = "log:end" if gap.kind == "leaves_unsigned" else f"{_ABOUT.get(gap.kind, 'batch')}:{gap.number}"
        yield Finding("log", gap.kind, subject, str(gap.number), str(gap.found))


def _batches(look: Look) -> Iterator[Finding]:
    del look
    for gap in ledger.inspection.batches_unlike(limit=FOUND_MAX):
        yield Finding("batches", "transfers", f"batch:{gap.number}", gap.kind, str(gap.found))


def _sealed(look: Look) -> Iterator[Finding]:
    count, _ = ledger.inspection.unsealed_before(look.clock.now() - SEALED_WITHIN, limit=100_000)
    if count:
        yield Finding("sealed", "waiting", "log:end", "0", str(count), Severity.LATE)


LOG: Final = Check(
    "log",
    mark(
        "The sealed log has no gap: every batch below the last sealed one has its leaf, leaves and checkpoints follow on each other."
    ),
    {
        "batch_unsealed": mark("A batch was left out of the log"),
        "leaf_without_batch": mark("The log has a leaf for a batch that is not there"),
        "leaf_missing": mark("A leaf of the log is missing"),
        "checkpoint_missing": mark("A checkpoint of the log is missing"),
        "leaves_unsigned": mark("The last checkpoint does not cover the leaves that are there"),
    },
    _log,
    every_s=300,
)
BATCHES: Final = Check(
    "batches",
    mark("Every batch holds as many transfers as were posted in it."),
    {"transfers": mark("Transfers of the batch are missing, or there are more")},
    _batches,
    every_s=900,
)
SEALED: Final = Check(
    "sealed",
    mark("What is posted is sealed within a minute."),
    {"waiting": mark("Batches wait for their seal")},
    _sealed,
)  # fmt: skip
