"""The comparison afterwards: each imported line's balance in the ledger beside the one that was printed.

It reads the ledger's own history, not what the import believes it posted. The ledger holds the sum of the amounts as
the institution wrote them; the printed balance differs from that sum by what the findings up to that line add up to,
and by nothing else. ``wrong`` counts the lines of which that is not true.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final
from uuid import UUID

from raseed.kernel.errors import mark
from raseed.ledger import api as ledger

from .domain.order import Verdict
from .models import LineRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from raseed.platform.api import Progress

HISTORY_PAGE: Final = 1_000
COMPARING: Final = mark("comparing each balance")


@dataclass(frozen=True, slots=True)
class ComparedLine:
    """One line beside the ledger. Balances in minor units; ``ledger_minor`` is ``None`` where the ledger lacks the line.

    ``expected_minor`` follows from the line before as the institution printed it; ``ledger_expected_minor`` is the
    sum of all amounts up to this line.
    """

    account: str
    position: int
    line_no: int
    source_id: str
    booked_on: date
    amount_minor: int
    printed_minor: int | None
    expected_minor: int
    difference_minor: int
    verdict: Verdict
    ledger_expected_minor: int
    ledger_minor: int | None

    @property
    def ledger_is_right(self) -> bool:
        """Say whether the ledger has the line with the amount, at the place and with the balance it should have."""
        return self.ledger_minor == self.ledger_expected_minor

    @property
    def carried_minor(self) -> int:
        """Printed minus ledger: what the differences up to this line add up to."""
        if self.printed_minor is None or self.ledger_minor is None:
            return 0
        return self.printed_minor - self.ledger_minor


def compare(accounts: Mapping[str, UUID], *, progress: Progress) -> Iterator[ComparedLine]:
    """Compare every imported line of these accounts, account by account, each in its order."""
    for done, (number, account_id) in enumerate(accounts.items(), 1):
        rows = list(LineRow.objects.filter(account_id=account_id).order_by("position"))
        ours = _ledger_balances(account_id, {row.transfer_id for row in rows})
        for row in rows:
            yield ComparedLine(
                account=number, position=row.position, line_no=row.line_no, source_id=row.source_id,
                booked_on=row.booked_on, amount_minor=row.amount_minor, printed_minor=row.printed_minor,
                expected_minor=row.expected_minor, difference_minor=row.difference_minor,
                verdict=Verdict(row.verdict), ledger_expected_minor=row.running_minor,
                ledger_minor=ours.get((row.transfer_id, row.position, row.amount_minor, row.booked_on)),
            )  # fmt: skip
        progress(COMPARING, done, len(accounts))


def _ledger_balances(account_id: UUID, imported: AbstractSet[UUID]) -> dict[tuple[UUID, int, int, date | None], int]:
    """Return the balance after each imported transfer, by (id, place among the imported ones, amount, booked date).

    What the holder has moved since does not count: its sum is taken off what comes after it.
    """
    entries: list[ledger.HistoryEntry] = []
    before: int | None = None
    more = True
    while more:
        page = ledger.account_history(account_id, before_seq=before, limit=HISTORY_PAGE)
        entries.extend(page)
        more = len(page) == HISTORY_PAGE
        before = page[-1].transfer.seq if page else None
    balances: dict[tuple[UUID, int, int, date | None], int] = {}
    place, moved_since = 0, 0
    for entry in reversed(entries):
        amount = -entry.transfer.amount if entry.is_debit else entry.transfer.amount
        if entry.transfer.id not in imported:
            moved_since += amount
            continue
        place += 1
        balance = entry.balances.credits_posted - entry.balances.debits_posted - moved_since
        balances[entry.transfer.id, place, amount, entry.transfer.booked_on] = balance
    return balances
