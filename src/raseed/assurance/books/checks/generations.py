"""Generations and the pointer to what is shown: as the audit trail says, no further than the ledger, with all their rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from raseed.display import api as display
from raseed.display.api import Generation, GenerationState, Pointer
from raseed.kernel.errors import mark
from raseed.ledger import api as ledger
from raseed.platform import api as platform

from ..domain import Check, Finding, Look, Severity

BEHIND_FOR: Final = timedelta(seconds=60)
"""Rows are brought up several times a second; after this long somebody should know that they are not."""
MOVES: Final = (
    "display.cut_over",
    "display.rolled_back",
    "display.canary_set",
    "display.canary_cleared",
    "display.previous_given_up",
)
"""The deeds that move the pointer: asked by name, for the trail of shown balances has many others between them."""
RECORDS_READ: Final = 20
"""Of each deed: the latest is enough, unless somebody has changed it."""
_ENDS: Final = {
    "display.generation_failed": GenerationState.FAILED,
    "display.generation_retired": GenerationState.RETIRED,
}
_KEPT_UP: Final = (GenerationState.CANDIDATE, GenerationState.LIVE)
_POINTER: Final = "pointer:shown"


def _pointer(look: Look) -> Iterator[Finding]:
    del look
    found = display.pointer()
    recorded = _recorded()
    if recorded is None or found is None:
        if (recorded is None) != (found is None):
            yield _of_pointer(
                "gone", "" if recorded is None else str(recorded["epoch"]), str(found.epoch if found else "")
            )
        return
    for name, now in _said(found).items():
        if recorded.get(name) != now:
            yield _of_pointer(name, str(recorded.get(name)), str(now))


def _generations(look: Look) -> Iterator[Finding]:
    last = ledger.inspection.last_batch()
    rows = {each.generation: each for each in display.inspection.rows_by_generation()}
    shown = display.pointer()
    for each in display.generations():
        for code, expected, found in _wrong(each, rows.pop(each.number, None), last, shown.live if shown else None):
            yield Finding("generations", code, f"generation:{each.number}", expected, found)
        if each.state in _KEPT_UP and ledger.inspection.batches_wait(
            each.built_to, before=look.clock.now() - BEHIND_FOR
        ):
            yield Finding(
                "generations", "behind", f"generation:{each.number}", str(last), str(each.built_to), Severity.LATE
            )  # fmt: skip
    for stray in rows.values():
        yield Finding("generations", "stray", f"generation:{stray.generation}", "0", str(stray.count))


def _wrong(
    each: Generation, rows: display.inspection.Rows | None, last: int, live: int | None
) -> Iterator[tuple[str, str, str]]:
    """Yield what of a generation can't be: which, what should be, what is."""
    ended = _ended(each.number)
    wanted = ended[0] if ended else None
    if (wanted is not None and each.state is not wanted) or (wanted is None and each.state in _ENDS.values()):
        yield "state", wanted.value if wanted else "", each.state.value
    if each.reason != (ended[1] if ended else ""):
        yield "reason", ended[1] if ended else "", each.reason
    if (each.state is GenerationState.LIVE) != (each.number == live) and wanted is not GenerationState.FAILED:
        yield "state", GenerationState.LIVE.value if each.number == live else "", each.state.value
    if each.state is GenerationState.BUILDING and (each.built_to or each.accounts):
        yield "state", GenerationState.CANDIDATE.value, each.state.value
    if each.projector not in display.projector_names() and each.state in _KEPT_UP:
        yield "projector", ", ".join(display.projector_names()), each.projector
    if each.built_to > last:
        yield "ahead", str(last), str(each.built_to)
    if each.state not in _KEPT_UP:
        return
    count, position = (rows.count, rows.position) if rows else (0, 0)
    if count != each.accounts:
        yield "rows", str(each.accounts), str(count)
    if position > each.built_to:
        yield "position", str(each.built_to), str(position)


def _ended(number: int) -> tuple[GenerationState, str] | None:
    """Return how a generation has ended by the audit trail, and why; ``None``: it has not."""
    for record in platform.audit_trail(f"generation:{number}"):
        if record.action in _ENDS and record.intact is not False:
            return _ENDS[record.action], record.reason
    return None


def _recorded() -> platform.AuditFacts | None:
    """Return where the pointer is by the audit trail."""
    told = [
        record.after
        for action in MOVES
        for record in platform.audit_records(action=action, limit=RECORDS_READ).records
        if record.after is not None and "epoch" in record.after and record.intact is not False
    ]
    return max(told, key=lambda after: int(str(after["epoch"])), default=None)


def _said(pointer: Pointer) -> dict[str, int | None]:
    return {
        "epoch": pointer.epoch, "live": pointer.live, "previous": pointer.previous, "canary": pointer.canary,
        "percent": pointer.percent, "named": pointer.named,
    }  # fmt: skip


def _of_pointer(code: str, expected: str, found: str) -> Finding:
    return Finding("pointer", code, _POINTER, expected, found)


POINTER: Final = Check(
    "pointer",
    mark("The pointer to what is shown is where the audit trail says that it was moved."),
    {
        "gone": mark("It is there without a record, or the other way round"),
        "epoch": mark("It was moved without a record"),
        "live": mark("Another generation is shown than was cut over to"),
        "previous": mark("Another generation would be rolled back to"),
        "canary": mark("Another generation is shown to the cohort"),
        "percent": mark("The cohort is of another size"),
        "named": mark("Another number of accounts is in the cohort by name"),
    },
    _pointer,
)
GENERATIONS: Final = Check(
    "generations",
    mark(
        "Every generation of shown balances is in the state that was recorded, with all its rows, up to the ledger's last batches."
    ),
    {
        "state": mark("It is in another state than was recorded"),
        "reason": mark("It ended for another reason than was recorded"),
        "projector": mark("No projector here has its name"),
        "ahead": mark("It says to be further than the ledger is"),
        "behind": mark("It is not brought up any more"),
        "rows": mark("It has another number of rows than it counts"),
        "position": mark("Rows are from later than it says to be"),
        "stray": mark("There are rows of a generation that does not exist"),
    },
    _generations,
    every_s=300,
)
