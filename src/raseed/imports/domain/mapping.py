"""The mapping file (TOML) that says how somebody's CSV is to be read. Every entry is checked; an unknown one is refused.

The entries are described, with an example, in docs/subsystems/imports.md.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from raseed.kernel.errors import RaseedError
from raseed.kernel.money import currency
from raseed.kernel.text import clean_text

from ..errors import FileMissing, MappingInvalid
from .books import BookInstitution

if TYPE_CHECKING:
    from collections.abc import Mapping

MAPPING_BYTES_MAX: Final = 64 << 10
LANGUAGES: Final = ("ar", "he", "en")
ROWS_ANNOUNCED_MAX: Final = 1 << 31
TRAILER_COLUMNS_MAX: Final = 100
ROUNDING_MINOR_MOST: Final = 1_000
_SLUG: Final = re.compile(r"[a-z][a-z0-9-]{1,39}\Z")


class Sign(StrEnum):
    """How a line says whether it raises or lowers the balance."""

    NEGATIVE_IS_DEBIT = "negative_is_debit"
    NEGATIVE_IS_CREDIT = "negative_is_credit"
    TWO_COLUMNS = "two_columns"
    DIRECTION_COLUMN = "direction_column"


@dataclass(frozen=True, slots=True)
class Columns:
    """The header's names; an empty text where the file has no such column."""

    id: str
    account: str
    date: str
    amount: str
    debit: str
    credit: str
    direction: str
    balance: str
    currency: str
    counterparty: str
    counterparty_account: str
    note: str


@dataclass(frozen=True, slots=True)
class Control:
    """What the sender says the file adds up to, as it is written; an empty text or None where nothing is said.

    ``trailer_mark``: the file's last line begins with this and carries the three figures at these columns (from 1).
    """

    rows: int | None
    credits: str
    debits: str
    trailer_mark: str = ""
    trailer_rows: int = 0
    trailer_credits: int = 0
    trailer_debits: int = 0

    @property
    def complete(self) -> bool:
        """Say whether count and both sums are announced, which together prove a file whole."""
        return self.rows is not None and bool(self.credits) and bool(self.debits)


@dataclass(frozen=True, slots=True)
class Holders:
    """A second file of accounts and their holders; ``file`` is empty where there is none."""

    file: str
    account: str
    name: str
    phone: str
    language: str
    may_overdraw: str


@dataclass(frozen=True, slots=True)
class CsvMapping:
    """A whole mapping, checked."""

    institution: BookInstitution
    encoding: str
    delimiter: str
    date_format: str
    decimal: str
    thousands: str
    sign: Sign
    debit_words: tuple[str, ...]
    credit_words: tuple[str, ...]
    rounding_minor_max: int
    order_in_file: bool
    opening_from_first_line: bool
    may_overdraw: bool
    columns: Columns
    control: Control
    holders: Holders


class _Table:
    """A TOML table read entry by entry, so that what nobody asked for is found at the end."""

    def __init__(self, name: str, content: object) -> None:
        if not isinstance(content, dict):
            raise MappingInvalid(entry=name)
        self.name = name
        self._left = dict(content)

    def _refuse(self, key: str) -> MappingInvalid:
        entry = f"{self.name}.{key}" if self.name else key
        return MappingInvalid(entry=entry, field=entry)

    def text(self, key: str, default: str | None = None) -> str:
        value = self._left.pop(key, default)
        if not isinstance(value, str) or (default is None and not value):
            raise self._refuse(key)
        return value

    def whole(self, key: str, default: int | None, most: int) -> int | None:
        value = self._left.pop(key, default)
        if value is None:
            return None
        if type(value) is not int or not 0 <= value <= most:
            raise self._refuse(key)
        return value

    def yes(self, key: str) -> bool:
        value = self._left.pop(key, False)
        if not isinstance(value, bool):
            raise self._refuse(key)
        return value

    def words(self, key: str) -> tuple[str, ...]:
        value = self._left.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
            raise self._refuse(key)
        return tuple(value)

    def table(self, key: str) -> _Table:
        return _Table(f"{self.name}.{key}" if self.name else key, self._left.pop(key, {}))

    def done(self) -> None:
        for key in self._left:
            raise self._refuse(str(key))

    def refuse_if(self, key: str, *, wrong: bool) -> None:
        if wrong:
            raise self._refuse(key)


def read_mapping(path: Path) -> CsvMapping:
    """Read a mapping file.

    Raises:
        FileMissing: it can't be opened.
        MappingInvalid: it is not TOML, or names the entry at fault.
        UnknownCurrency: its currency is not in ISO 4217.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAPPING_BYTES_MAX + 1)
    except OSError:
        raise FileMissing(file=path.name) from None
    if len(raw) > MAPPING_BYTES_MAX:
        raise MappingInvalid(entry=path.name)
    try:
        content = tomllib.loads(raw.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise MappingInvalid(entry=path.name) from None
    return parse_mapping(content)


def _institution(table: _Table) -> BookInstitution:
    slug, code = table.text("slug"), table.text("currency")
    table.refuse_if("slug", wrong=not _SLUG.match(slug))
    names_table = table.table("names")
    names = {language: names_table.text(language, "") for language in LANGUAGES}
    names_table.done()
    country, zone = table.text("country"), table.text("zone")
    table.refuse_if("country", wrong=not re.fullmatch(r"[A-Z]{2}", country))
    try:
        ZoneInfo(zone)
        kept = {language: clean_text(name) for language, name in names.items() if name}
    except (RaseedError, ValueError, OSError, LookupError):
        raise MappingInvalid(entry="institution") from None
    table.refuse_if("names", wrong=not kept)
    table.done()
    return BookInstitution(slug, kept, country, zone, currency(code))


def _columns(table: _Table) -> Columns:
    needed = {key: table.text(key) for key in ("id", "account", "date")}
    optional = {
        key: table.text(key, "")
        for key in (
            "amount", "debit", "credit", "direction", "balance", "currency", "counterparty", "counterparty_account",
            "note",
        )
    }  # fmt: skip
    table.done()
    return Columns(**needed, **optional)


def _control(table: _Table) -> Control:
    mark = table.text("trailer_mark", "")
    places = [table.whole(f"trailer_{each}", 0, TRAILER_COLUMNS_MAX) or 0 for each in ("rows", "credits", "debits")]
    table.refuse_if("trailer_mark", wrong=bool(mark) != any(places))
    found = Control(
        table.whole("rows", None, ROWS_ANNOUNCED_MAX),
        table.text("credits", ""),
        table.text("debits", ""),
        mark,
        *places,
    )
    table.done()
    return found


def _known_codec(name: str) -> bool:
    """Say whether ``name`` is a text encoding that Python knows (some codecs turn bytes into bytes)."""
    try:
        return isinstance(bytes(4).decode(name), str)
    except (LookupError, ValueError):
        return False


@dataclass(frozen=True, slots=True)
class _Amounts:
    decimal: str
    thousands: str
    sign: Sign
    debit_words: tuple[str, ...]
    credit_words: tuple[str, ...]
    rounding_minor_max: int


def _amounts(table: _Table) -> _Amounts:
    decimal, thousands = table.text("decimal", "."), table.text("thousands", "")
    table.refuse_if("decimal", wrong=len(decimal) != 1 or decimal in "-+0123456789")
    table.refuse_if("thousands", wrong=len(thousands) > 1 or thousands == decimal or thousands in set("-+0123456789"))
    sign = table.text("sign")
    table.refuse_if("sign", wrong=sign not in set(Sign))
    debit_words, credit_words = table.words("debit_words"), table.words("credit_words")
    by_word = sign == Sign.DIRECTION_COLUMN
    table.refuse_if("debit_words", wrong=bool(debit_words) != by_word)
    table.refuse_if("credit_words", wrong=bool(credit_words) != by_word or bool({*debit_words} & {*credit_words}))
    rounding = table.whole("rounding_minor_max", 0, ROUNDING_MINOR_MOST) or 0
    table.done()
    return _Amounts(decimal, thousands, Sign(sign), debit_words, credit_words, rounding)


def _holders(table: _Table) -> Holders:
    holders = Holders(**{key: table.text(key, "") for key in Holders.__slots__})
    table.refuse_if("file", wrong=holders.file != Path(holders.file).name)
    table.refuse_if("account", wrong=bool(holders.file) != bool(holders.account))
    table.refuse_if("name", wrong=bool(holders.file) != bool(holders.name))
    table.done()
    return holders


def parse_mapping(content: Mapping[str, object]) -> CsvMapping:
    """Check a mapping's entries; see ``read_mapping``."""
    top = _Table("", content)
    institution, amounts = _institution(top.table("institution")), _amounts(top.table("amounts"))
    columns_table = top.table("columns")
    columns = _columns(columns_table)
    two = amounts.sign is Sign.TWO_COLUMNS
    columns_table.refuse_if("amount", wrong=bool(columns.amount) == two)
    columns_table.refuse_if("debit", wrong=bool(columns.debit) != two)
    columns_table.refuse_if("credit", wrong=bool(columns.credit) != two)
    columns_table.refuse_if("direction", wrong=bool(columns.direction) != (amounts.sign is Sign.DIRECTION_COLUMN))
    file = top.table("file")
    encoding, delimiter = file.text("encoding"), file.text("delimiter", ",")
    file.refuse_if("encoding", wrong=not _known_codec(encoding))
    file.refuse_if("delimiter", wrong=len(delimiter) != 1 or delimiter in '"\r\n')
    order, opening = file.text("order", "search"), file.text("opening", "zero")
    file.refuse_if("order", wrong=order not in {"search", "file"})
    file.refuse_if("opening", wrong=opening not in {"zero", "first_line"})
    file.refuse_if("opening", wrong=opening == "first_line" and not columns.balance)
    date_format, may_overdraw = file.text("date_format"), file.yes("may_overdraw")
    file.done()
    control, holders = _control(top.table("control")), _holders(top.table("holders"))
    top.done()
    return CsvMapping(
        institution=institution, encoding=encoding, delimiter=delimiter, date_format=date_format,
        decimal=amounts.decimal, thousands=amounts.thousands, sign=amounts.sign, debit_words=amounts.debit_words,
        credit_words=amounts.credit_words, rounding_minor_max=amounts.rounding_minor_max,
        order_in_file=order == "file", opening_from_first_line=opening == "first_line", may_overdraw=may_overdraw,
        columns=columns, control=control, holders=holders,
    )  # fmt: skip
