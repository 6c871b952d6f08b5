"""Anyone's books from a CSV file and its mapping: judged whole before anything is posted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from raseed.kernel.text import ascii_digits

from ..errors import (
    AccountUnknown,
    ColumnsDiffer,
    ControlCountDiffers,
    ControlCreditsDiffer,
    ControlDebitsDiffer,
    FileCutOff,
    FileEmpty,
    IdRepeated,
    LineAmountInvalid,
    LineCurrencyDiffers,
    LineTextUnacceptable,
    LineUnreadable,
)
from .books import BookAccount, BookLine, BookPerson, Books, Kind
from .mapping import Control, Sign
from .synthetic import holder_names, holder_phone
from .textfile import SOURCE_ID_CHARACTERS_MAX, Row, Text, dated, read_text, rows, shown, signed_minor, worded

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from pathlib import Path

    from .mapping import CsvMapping

ACCOUNT_NUMBER_CHARACTERS_MAX: Final = 34
COUNTERPARTY_CHARACTERS_MAX: Final = 120
NOTE_CHARACTERS_MAX: Final = 140
_ACCOUNT_NUMBER: Final = re.compile(r"[A-Z0-9][A-Z0-9-]{0,33}\Z")
_YES: Final = frozenset({"1", "yes", "true", "y", "نعم", "כן"})


def _amount(row: Row, mapping: CsvMapping) -> int:
    """Return the line's amount with the holder's sign, refusing zero and signs where none belong."""
    columns, scale = mapping.columns, mapping.institution.currency.scale

    def at(column: str) -> int:
        return signed_minor(row, column, scale=scale, decimal=mapping.decimal, thousands=mapping.thousands)

    def refused(column: str) -> LineAmountInvalid:
        return LineAmountInvalid(
            line=row.line_no, file=row.file, text=shown(row.at(column)), decimals=scale, field=column
        )

    if mapping.sign is Sign.TWO_COLUMNS:
        given = [(c, way) for c, way in ((columns.debit, -1), (columns.credit, 1)) if row.at(c) and at(c) != 0]
        if len(given) != 1:
            raise refused(columns.credit)
        column, way = given[0]
    elif mapping.sign is Sign.DIRECTION_COLUMN:
        column, word = columns.amount, row.at(columns.direction)
        if word not in mapping.debit_words and word not in mapping.credit_words:
            raise LineUnreadable(line=row.line_no, file=row.file, column=columns.direction, field=columns.direction)
        way = -1 if word in mapping.debit_words else 1
    else:
        signed = at(columns.amount)
        if signed == 0:
            raise refused(columns.amount)
        return signed if mapping.sign is Sign.NEGATIVE_IS_DEBIT else -signed
    amount = at(column)
    if amount <= 0:
        raise refused(column)
    return way * amount


def _name(row: Row, column: str, length_max: int) -> str:
    """Return an id or account number: short, with no blanks and nothing invisible."""
    text = worded(row, column, length_max=length_max, empty=False)
    if not text.isprintable() or " " in text:
        raise LineTextUnacceptable(line=row.line_no, file=row.file, column=column, field=column)
    return text


def _number(row: Row, column: str) -> str:
    """Return an account number as ``banking`` keeps it: Latin letters (capitals), digits and hyphens."""
    number = ascii_digits(row.at(column)).upper()
    if not _ACCOUNT_NUMBER.match(number):
        raise LineUnreadable(line=row.line_no, file=row.file, column=column, field=column)
    return number


def _line(row: Row, mapping: CsvMapping, seen: dict[str, int]) -> BookLine:
    columns, books_currency = mapping.columns, mapping.institution.currency
    source_id = _name(row, columns.id, SOURCE_ID_CHARACTERS_MAX)
    if source_id in seen:
        raise IdRepeated(line=row.line_no, file=row.file, id=source_id, first=seen[source_id], field=columns.id)
    seen[source_id] = row.line_no
    if columns.currency and row.at(columns.currency) != books_currency.code:
        raise LineCurrencyDiffers(
            line=row.line_no, file=row.file, given=shown(row.at(columns.currency)), expected=books_currency.code,
            field=columns.currency,
        )  # fmt: skip
    amount = _amount(row, mapping)
    return BookLine(
        line_no=row.line_no,
        source_id=source_id,
        account=_number(row, columns.account),
        booked_on=dated(row, columns.date, mapping.date_format),
        amount_minor=amount,
        printed_minor=signed_minor(
            row, columns.balance, scale=books_currency.scale, decimal=mapping.decimal, thousands=mapping.thousands
        )
        if columns.balance
        else None,
        kind=Kind.OTHER_IN if amount > 0 else Kind.OTHER_OUT,
        remote_bank=_optional(row, columns.counterparty, COUNTERPARTY_CHARACTERS_MAX),
        remote_account=_optional(row, columns.counterparty_account, ACCOUNT_NUMBER_CHARACTERS_MAX),
        note=_optional(row, columns.note, NOTE_CHARACTERS_MAX),
    )


def _optional(row: Row, column: str, length_max: int) -> str:
    return worded(row, column, length_max=length_max) if column else ""


def _without_trailer(text: Text, mapping: CsvMapping) -> tuple[Text, Control]:
    """Take the trailer off the end and read what it announces; a missing trailer means the file is cut off."""
    control = mapping.control
    if not control.trailer_mark:
        return text, control
    end = len(text.lines)
    while end and not text.lines[end - 1].strip():
        end -= 1
    values = text.lines[end - 1].split(mapping.delimiter) if end else []
    if not values or values[0].strip() != control.trailer_mark:
        raise FileCutOff(line=end, file=text.name)

    def at(place: int) -> str:
        if place > len(values):
            raise ColumnsDiffer(line=end, file=text.name, found=len(values), expected=place)
        return values[place - 1].strip() if place else ""

    rows_text = ascii_digits(at(control.trailer_rows))
    if rows_text and not rows_text.isdecimal():
        raise LineUnreadable(line=end, file=text.name, column=control.trailer_mark)
    announced = Control(
        int(rows_text) if rows_text else control.rows,
        at(control.trailer_credits) or control.credits,
        at(control.trailer_debits) or control.debits,
    )
    return Text(text.name, text.digest, text.lines[: end - 1], None), announced


def _check_control(lines: tuple[BookLine, ...], control: Control, mapping: CsvMapping, file: str) -> None:
    """Compare the lines with what the sender announced."""
    if control.rows is not None and control.rows != len(lines):
        raise ControlCountDiffers(expected=control.rows, found=len(lines), file=file)
    scale = mapping.institution.currency.scale
    credited = sum(line.amount_minor for line in lines if line.amount_minor > 0)
    debited = -sum(line.amount_minor for line in lines if line.amount_minor < 0)
    for announced, found, refusal in (
        (control.credits, credited, ControlCreditsDiffer),
        (control.debits, debited, ControlDebitsDiffer),
    ):
        if not announced:
            continue
        row = Row(file, 0, {"sum": announced})
        expected = signed_minor(row, "sum", scale=scale, decimal=mapping.decimal, thousands=mapping.thousands)
        if abs(expected) != found:
            raise refusal(found=_decimal(found, scale), expected=shown(announced), file=file)


def _decimal(minor: int, scale: int) -> str:
    digits = str(minor).rjust(scale + 1, "0")
    return f"{digits[:-scale]}.{digits[-scale:]}" if scale else digits


def _holders(
    text: Text, mapping: CsvMapping, check_phone: Callable[[str, str], str]
) -> dict[str, tuple[BookPerson, bool]]:
    """Read the holders' file: account → (holder, may overdraw). A holder is known by the phone number."""
    holders = mapping.holders
    needed = tuple(
        c for c in (holders.account, holders.name, holders.phone, holders.language, holders.may_overdraw) if c
    )
    found: dict[str, tuple[BookPerson, bool]] = {}
    lines: dict[str, int] = {}
    for row in rows(text, delimiter=mapping.delimiter, needed=needed):
        account = _number(row, holders.account)
        if account in found:
            raise IdRepeated(line=row.line_no, file=row.file, id=account, first=lines[account], field=holders.account)
        lines[account] = row.line_no
        language = row.at(holders.language) if holders.language else "ar"
        if language not in {"ar", "he", "en"}:
            raise LineUnreadable(line=row.line_no, file=row.file, column=holders.language, field=holders.language)
        name = worded(row, holders.name, length_max=COUNTERPARTY_CHARACTERS_MAX, empty=False)
        given = row.at(holders.phone) if holders.phone else ""
        number = (
            check_phone(given, mapping.institution.country)
            if given
            else holder_phone(mapping.institution.slug, account)
        )
        person = BookPerson(number, {language: name}, number, language, synthetic=not given)
        overdraw = row.at(holders.may_overdraw).casefold() in _YES if holders.may_overdraw else mapping.may_overdraw
        found[account] = (person, overdraw)
    if text.unterminated is not None:
        raise FileCutOff(line=len(text.lines) + 1, file=text.name)
    return found


def _accounts(
    lines: tuple[BookLine, ...],
    file: str,
    mapping: CsvMapping,
    holders: dict[str, tuple[BookPerson, bool]] | None,
) -> tuple[tuple[BookAccount, ...], tuple[BookPerson, ...]]:
    first_line: dict[str, BookLine] = {}
    opened: dict[str, date] = {}
    overdrawn = {line.account for line in lines if line.printed_minor is not None and line.printed_minor < 0}
    for line in lines:
        first_line.setdefault(line.account, line)
        opened[line.account] = min(opened.get(line.account, line.booked_on), line.booked_on)
    accounts, people = [], {}
    for number, line in first_line.items():
        if holders is None:
            phone = holder_phone(mapping.institution.slug, number)
            person = BookPerson(number, holder_names(number), phone, "ar", synthetic=True)
            overdraw = mapping.may_overdraw
        elif number in holders:
            person, overdraw = holders[number]
        else:
            raise AccountUnknown(line=line.line_no, file=file, account=number)
        people[person.key] = person
        accounts.append(BookAccount(number, person.key, (), opened[number], overdraw or number in overdrawn))
    return tuple(accounts), tuple(people.values())


def read_csv(path: Path, mapping: CsvMapping, *, check_phone: Callable[[str, str], str]) -> Books:
    """Read and judge a whole CSV file; nothing is posted.

    Args:
        path: the file; a holders' file named by the mapping stands beside it.
        mapping: how to read it.
        check_phone: turns a phone number as written, and a country, into E.164, or raises a typed error.

    Raises:
        FileMissing, FileRefused: names the line and why. A last line without an end is refused unless the control
            count and both control sums were given and hold.
    """
    text = read_text(path, mapping.encoding)
    cut = text.unterminated is not None
    if text.unterminated is not None:
        text = Text(text.name, text.digest, (*text.lines, text.unterminated.removesuffix("\r")), None)
    last = len(text.lines)
    body, control = _without_trailer(text, mapping)
    if cut and not control.complete:
        raise FileCutOff(line=last, file=text.name)
    columns = mapping.columns
    needed = tuple(name for name in (getattr(columns, slot) for slot in columns.__slots__) if name)
    seen: dict[str, int] = {}
    lines = tuple(_line(row, mapping, seen) for row in rows(body, delimiter=mapping.delimiter, needed=needed))
    if not lines:
        raise FileEmpty(file=text.name)
    _check_control(lines, control, mapping, text.name)
    holders = None
    if mapping.holders.file:
        beside = read_text(path.parent / mapping.holders.file, mapping.encoding)
        holders = _holders(beside, mapping, check_phone)
    accounts, people = _accounts(lines, text.name, mapping, holders)
    return Books(
        source=f"csv:{mapping.institution.slug}",
        file=text.name,
        digest=text.digest,
        institution=mapping.institution,
        people=people,
        accounts=accounts,
        lines=lines,
        rounding_minor_max=mapping.rounding_minor_max,
        order_in_file=mapping.order_in_file,
        opening_from_first_line=mapping.opening_from_first_line,
    )
