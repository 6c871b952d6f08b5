"""The standing orders and loans of the PKDD'99 books: order.asc and loan.asc.

An order names its recipient by another bank's two letters and an account there; it has no date. A loan's ``payments`` is
its amount divided by its ``duration`` (months), in whole crowns: it bears no interest, and its instalments are paid on the
12th of each month, as every line of trans.asc that pays one shows. Its ``status``, as of the end of 1998: A and B are over,
C and D run; B and D were not paid as agreed.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final, TypeVar

from raseed.kernel.money import currency

from ..errors import LineAmountInvalid, LineUnreadable, LoanSumDiffers
from .books import BookLoan, BookOrder, Purpose
from .textfile import Row, Text, dated, rows, signed_minor

if TYPE_CHECKING:
    from collections.abc import Callable

SCALE: Final = currency("CZK").scale
STATUS_AS_OF: Final = date(1998, 12, 31)
INSTALMENTS_ON: Final = 12
MONTHS_MAX: Final = 600
_ORDER_COLUMNS: Final = ("order_id", "account_id", "bank_to", "account_to", "amount", "k_symbol")
_LOAN_COLUMNS: Final = ("loan_id", "account_id", "date", "amount", "duration", "payments", "status")
_PURPOSES: Final = {
    "": Purpose.NONE,
    "SIPO": Purpose.HOUSEHOLD,
    "POJISTNE": Purpose.INSURANCE,
    "UVER": Purpose.LOAN,
    "LEASING": Purpose.LEASING,
}
_OVER: Final = {"A": True, "B": True, "C": False, "D": False}
_TROUBLE: Final = {"A": False, "B": True, "C": False, "D": True}
_Meaning = TypeVar("_Meaning")


def read_orders(
    text: Text, id_of: Callable[[Row, str, dict[str, int]], str], remote: Callable[[Row, str], str]
) -> tuple[BookOrder, ...]:
    """Read order.asc; raises a ``FileRefused`` that names the first line that is not right."""
    seen: dict[str, int] = {}
    return tuple(
        BookOrder(
            line_no=row.line_no,
            source_id=id_of(row, "order_id", seen),
            account=row.at("account_id"),
            bank=_named(row, "bank_to", remote),
            to_account=_named(row, "account_to", remote),
            amount_minor=_positive(row, "amount"),
            purpose=_coded(row, "k_symbol", _PURPOSES),
        )
        for row in rows(text, delimiter=";", needed=_ORDER_COLUMNS, exact=True)
    )


def read_loans(text: Text, id_of: Callable[[Row, str, dict[str, int]], str]) -> tuple[BookLoan, ...]:
    """Read loan.asc; raises a ``FileRefused`` that names the first line that is not right."""
    seen: dict[str, int] = {}
    return tuple(_loan(row, id_of, seen) for row in rows(text, delimiter=";", needed=_LOAN_COLUMNS, exact=True))


def _loan(row: Row, id_of: Callable[[Row, str, dict[str, int]], str], seen: dict[str, int]) -> BookLoan:
    status, months = row.at("status"), row.at("duration")
    if not (months.isascii() and months.isdigit() and 0 < int(months[:4]) <= MONTHS_MAX and len(months) <= len("600")):
        raise LineUnreadable(line=row.line_no, file=row.file, column="duration", field="duration")
    loan = BookLoan(
        line_no=row.line_no,
        source_id=id_of(row, "loan_id", seen),
        account=row.at("account_id"),
        granted_on=dated(row, "date", "%y%m%d"),
        amount_minor=_positive(row, "amount"),
        months=int(months),
        payment_minor=_positive(row, "payments"),
        status=status,
        is_over=_coded(row, "status", _OVER),
        has_trouble=_coded(row, "status", _TROUBLE),
    )
    if loan.payment_minor * loan.months != loan.amount_minor:
        raise LoanSumDiffers(line=row.line_no, file=row.file, id=loan.source_id, field="payments")
    return loan


def _named(row: Row, column: str, remote: Callable[[Row, str], str]) -> str:
    """Read what names a recipient, which every order must."""
    text = remote(row, column)
    if not text:
        raise LineUnreadable(line=row.line_no, file=row.file, column=column, field=column)
    return text


def _coded(row: Row, column: str, meanings: dict[str, _Meaning]) -> _Meaning:
    if row.at(column) not in meanings:
        raise LineUnreadable(line=row.line_no, file=row.file, column=column, field=column)
    return meanings[row.at(column)]


def _positive(row: Row, column: str) -> int:
    amount = signed_minor(row, column, scale=SCALE)
    if amount <= 0:
        raise LineAmountInvalid(line=row.line_no, file=row.file, text=row.at(column), decimals=SCALE, field=column)
    return amount
