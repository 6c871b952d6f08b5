"""The report of an import: counts on the screen, and one CSV file each for what can't follow, for roundings, for all.

Amounts in the files are plain decimals in the books' currency; differences are printed minus expected.
"""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext

from raseed.kernel.errors import mark
from raseed.kernel.money import Currency, Money

from .comparison import ComparedLine
from .domain.order import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from .domain.books import Books
    from .services import Outcome

SHOWN_MAX: Final = 40
COLUMNS: Final = (
    "line", "id", "account", "position", "booked_on", "amount", "printed", "expected", "difference", "verdict",
    "ledger", "printed_minus_ledger", "ledger_is_right",
)  # fmt: skip
_FILES: Final[dict[str, Callable[[ComparedLine], bool]]] = {
    "cannot-follow.csv": lambda line: line.verdict is Verdict.CANNOT_FOLLOW,
    "rounding.csv": lambda line: line.verdict is Verdict.ROUNDING,
    "ledger-differs.csv": lambda line: not line.ledger_is_right,
    "every-line.csv": lambda _: True,
}
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t")


@dataclass(slots=True)
class Tally:
    """What was counted while the report was written."""

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    ledger_wrong: int = 0
    ledger_as_printed: int = 0
    carried_minor_max: int = 0
    carried_by_rounding_minor_max: int = 0
    cannot_follow: list[ComparedLine] = field(default_factory=list)
    ledger_wrong_lines: list[ComparedLine] = field(default_factory=list)
    _broken_accounts: set[str] = field(default_factory=set)

    @property
    def lines(self) -> int:
        """All lines compared."""
        return self.verdicts.total()

    def add(self, line: ComparedLine) -> None:
        """Count one line."""
        self.verdicts[line.verdict] += 1
        if not line.ledger_is_right:
            self.ledger_wrong += 1
            self.ledger_wrong_lines.append(line)
        elif line.ledger_minor == line.printed_minor:
            self.ledger_as_printed += 1
        if line.verdict is Verdict.CANNOT_FOLLOW:
            self.cannot_follow.append(line)
            self._broken_accounts.add(line.account)
        self.carried_minor_max = max(self.carried_minor_max, abs(line.carried_minor))
        if line.account not in self._broken_accounts:
            self.carried_by_rounding_minor_max = max(self.carried_by_rounding_minor_max, abs(line.carried_minor))


def write_report(lines: Iterable[ComparedLine], folder: Path, in_currency: Currency) -> Tally:
    """Write the files of the report into ``folder`` and return the counts."""
    folder.mkdir(parents=True, exist_ok=True)
    tally = Tally()
    files = {name: (folder / name).open("w", newline="", encoding="utf-8-sig") for name in _FILES}
    try:
        writers = {name: csv.writer(file) for name, file in files.items()}
        for writer in writers.values():
            writer.writerow(COLUMNS)
        for line in lines:
            tally.add(line)
            row = _row(line, in_currency)
            for name, belongs in _FILES.items():
                if belongs(line):
                    writers[name].writerow(row)
    finally:
        for file in files.values():
            file.close()
    return tally


def _row(line: ComparedLine, in_currency: Currency) -> tuple[object, ...]:
    def money(minor: int | None) -> str:
        return "" if minor is None else Money(minor, in_currency).decimal_text()

    return (
        line.line_no, _cell(line.source_id), _cell(line.account), line.position, line.booked_on.isoformat(),
        money(line.amount_minor), money(line.printed_minor), money(line.expected_minor), money(line.difference_minor),
        line.verdict.value, money(line.ledger_minor), money(line.carried_minor), "yes" if line.ledger_is_right else "no",
    )  # fmt: skip


def _cell(text: str) -> str:
    """Keep a spreadsheet from taking a text for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def screen_text(books: Books, outcome: Outcome, tally: Tally, folder: Path, seconds: int) -> Iterator[str]:
    """Yield the report's lines for the screen, in the language that is active."""
    in_currency = books.institution.currency

    def say(sentence: str, **places: object) -> str:
        return gettext(sentence) % places

    def money(minor: int) -> str:
        return Money(minor, in_currency).decimal_text()

    for skipped in books.skipped:
        yield say(mark("Skipped: line %(line)s of %(file)s has no end: %(text)s"),
                  line=skipped.line_no, file=skipped.file, text=skipped.text)  # fmt: skip
    if outcome.lines_new:
        yield say(mark("Posted: %(lines)s transactions; opened %(accounts)s accounts; registered %(people)s people."),
                  lines=outcome.lines_new, accounts=outcome.accounts_new, people=outcome.people_new)  # fmt: skip
    elif outcome.contracts.is_new:
        yield say(mark("All %(lines)s transactions were here already."), lines=outcome.lines_known)
    else:
        yield say(mark("Nothing was changed: all %(lines)s transactions were here already."), lines=outcome.lines_known)
    yield say(mark("Compared with the balances that were printed: %(lines)s lines."), lines=tally.lines)
    yield "  " + say(mark("follow from the line before, exactly: %(count)s"), count=tally.verdicts[Verdict.EQUAL])
    yield "  " + say(mark("rounding differences (up to %(most)s): %(count)s"), most=money(books.rounding_minor_max),
              count=tally.verdicts[Verdict.ROUNDING])  # fmt: skip
    yield "  " + say(mark("can't follow from the line before: %(count)s"), count=tally.verdicts[Verdict.CANNOT_FOLLOW])
    if tally.verdicts[Verdict.NOT_PRINTED]:
        yield "  " + say(mark("no balance printed: %(count)s"), count=tally.verdicts[Verdict.NOT_PRINTED])
    yield from (f"    {row}" for row in _findings(tally.cannot_follow, in_currency))
    for account, day in outcome.days_not_searched:
        yield "  " + say(mark("no order found for the account %(account)s on %(day)s"), account=account, day=day)
    yield say(mark("In the ledger: %(count)s balances are the printed ones to the last digit; the others differ by exactly what "
                   "the differences up to them add up to: at most %(rounding)s by rounding, at most %(most)s in all."),
              count=tally.ledger_as_printed, rounding=money(tally.carried_by_rounding_minor_max),
              most=money(tally.carried_minor_max))  # fmt: skip
    if tally.ledger_wrong:
        yield say(mark("THE LEDGER IS WRONG in %(count)s lines:"), count=tally.ledger_wrong)
        yield from (f"    {row}" for row in _findings(tally.ledger_wrong_lines, in_currency))
    yield say(mark("The full report is in %(folder)s (%(seconds)s s)."), folder=folder, seconds=seconds)


def _findings(lines: list[ComparedLine], in_currency: Currency) -> Iterator[str]:
    for line in sorted(lines, key=lambda each: each.line_no)[:SHOWN_MAX]:
        yield gettext(
            "line %(line)s, account %(account)s, %(day)s: printed %(printed)s, expected %(expected)s, difference %(difference)s"
        ) % {
            "line": line.line_no,
            "account": line.account,
            "day": line.booked_on.isoformat(),
            "printed": "" if line.printed_minor is None else Money(line.printed_minor, in_currency).decimal_text(),
            "expected": Money(line.expected_minor, in_currency).decimal_text(),
            "difference": Money(line.difference_minor, in_currency).decimal_text(),
        }
    if len(lines) > SHOWN_MAX:
        yield gettext("… and %(count)s more, in the report.") % {"count": len(lines) - SHOWN_MAX}
