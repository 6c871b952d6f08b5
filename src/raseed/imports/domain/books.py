"""What every source of books is read into: institution, people, accounts and lines, as frozen values.

Money is in whole minor units, signed as the account's holder sees it: positive raises the balance.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from uuid import UUID

from raseed.kernel.errors import mark
from raseed.kernel.ids import laid_out

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from raseed.kernel.money import Currency

ID_FORMAT: Final = "raseed-import-1"


class Kind(StrEnum):
    """How the money moved; decides the words on the statement and the institution's own account beside it."""

    CASH_IN = "cash_in"
    CASH_OUT = "cash_out"
    CARD_CASH_OUT = "card_cash_out"
    TRANSFER_IN = "transfer_in"
    TRANSFER_OUT = "transfer_out"
    INTEREST = "interest"
    PENALTY_INTEREST = "penalty_interest"
    STATEMENT_FEE = "statement_fee"
    OPENING = "opening"
    OTHER_IN = "other_in"
    OTHER_OUT = "other_out"


class Purpose(StrEnum):
    """What the money was for, where the source says so."""

    NONE = ""
    PENSION = "pension"
    HOUSEHOLD = "household"
    INSURANCE = "insurance"
    LOAN = "loan"
    LEASING = "leasing"


KIND_WORDS: Final[Mapping[Kind, str]] = {
    Kind.CASH_IN: mark("Cash paid in"),
    Kind.CASH_OUT: mark("Cash withdrawn"),
    Kind.CARD_CASH_OUT: mark("Cash withdrawn by card"),
    Kind.TRANSFER_IN: mark("Transfer from another bank"),
    Kind.TRANSFER_OUT: mark("Transfer to another bank"),
    Kind.INTEREST: mark("Interest"),
    Kind.PENALTY_INTEREST: mark("Penalty interest for an overdrawn account"),
    Kind.STATEMENT_FEE: mark("Fee for the statement"),
    Kind.OPENING: mark("Opening balance"),
    Kind.OTHER_IN: mark("Paid in"),
    Kind.OTHER_OUT: mark("Paid out"),
}
PURPOSE_WORDS: Final[Mapping[Purpose, str]] = {
    Purpose.PENSION: mark("Pension"),
    Purpose.HOUSEHOLD: mark("Household payment"),
    Purpose.INSURANCE: mark("Insurance"),
    Purpose.LOAN: mark("Loan payment"),
    Purpose.LEASING: mark("Leasing"),
}


@dataclass(frozen=True, slots=True)
class BookInstitution:
    """Whose books these are; ``country`` (ISO 3166) is also where local phone numbers belong."""

    slug: str
    names: Mapping[str, str]
    country: str
    zone: str
    currency: Currency


@dataclass(frozen=True, slots=True)
class BookPerson:
    """A holder. ``synthetic``: name and phone number are made up, and say so."""

    key: str
    names: Mapping[str, str]
    phone: str
    language: str
    synthetic: bool


@dataclass(frozen=True, slots=True)
class BookAccount:
    """An account: ``number`` is how its institution calls it; ``disponent_keys`` may use it beside the owner."""

    number: str
    owner_key: str
    disponent_keys: tuple[str, ...]
    opened_on: date
    may_overdraw: bool


@dataclass(frozen=True, slots=True)
class BookLine:
    """One transaction as the file has it; ``printed_minor`` is the balance the institution printed after it."""

    line_no: int
    source_id: str
    account: str
    booked_on: date
    amount_minor: int
    printed_minor: int | None
    kind: Kind
    purpose: Purpose = Purpose.NONE
    remote_bank: str = ""
    remote_account: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class BookOrder:
    """A standing order: each month ``amount_minor`` to an account at another bank, which ``bank`` and ``to_account`` name."""

    line_no: int
    source_id: str
    account: str
    bank: str
    to_account: str
    amount_minor: int
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class BookLoan:
    """A loan without interest: ``months`` instalments of ``payment_minor``, which add up to ``amount_minor`` exactly.

    ``status`` as the source writes it; it says whether the contract ``is_over`` and whether it ``has_trouble`` (was not paid
    as agreed) on the books' ``status_as_of``.
    """

    line_no: int
    source_id: str
    account: str
    granted_on: date
    amount_minor: int
    months: int
    payment_minor: int
    status: str
    is_over: bool
    has_trouble: bool


@dataclass(frozen=True, slots=True)
class SkippedLine:
    """A line that was not taken, and its text as far as it goes."""

    file: str
    line_no: int
    text: str


@dataclass(frozen=True, slots=True)
class Books:
    """A source, read whole: nothing here has been posted yet."""

    source: str
    file: str
    digest: str
    institution: BookInstitution
    people: tuple[BookPerson, ...]
    accounts: tuple[BookAccount, ...]
    lines: tuple[BookLine, ...]
    rounding_minor_max: int
    order_in_file: bool = False
    opening_from_first_line: bool = False
    skipped: tuple[SkippedLine, ...] = field(default=())
    orders: tuple[BookOrder, ...] = field(default=())
    loans: tuple[BookLoan, ...] = field(default=())
    instalments_on: int = 1
    """The day of the month on which loans are paid, at most 28."""
    status_as_of: date | None = None

    @property
    def last_day(self) -> date:
        """The day of the last line."""
        return max(line.booked_on for line in self.lines)


def derived_id(*names: str) -> UUID:
    """Return the id that always belongs to these names: the same on every run, which makes a second run harmless.

    It is laid out as version 7 (RFC 9562) with the instant zero, so that imported ids lie together in an index; its
    random part is the SHA-256 of the names.
    """
    joined = "\x1f".join((ID_FORMAT, *names)).encode()
    return laid_out(0, int.from_bytes(hashlib.sha256(joined).digest()[:10]))
