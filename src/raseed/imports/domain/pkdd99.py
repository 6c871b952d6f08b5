"""The books of the PKDD'99 Discovery Challenge (P. Berka, M. Sochorova): a Czech bank, anonymised, 1993 onwards.

Files separated by semicolons, Latin-1, dates YYMMDD, amounts with a point and two decimals (in truth rounded to
0.10 CZK). PRIJEM is a credit; VYDAJ and VYBER are debits. The bank computed with finer fractions than it printed: once
an interest has been credited, a printed balance may differ by 0.10 CZK from the line before plus the amount. Each of the
three numbers is off by at most 0.05, so the difference is at most 0.15, printed 0.10: that is the bound for a rounding.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from raseed.kernel.money import currency

from ..errors import AccountUnknown, FileEmpty, FileMissing, IdRepeated, LineAmountInvalid, LineUnreadable
from .books import BookAccount, BookInstitution, BookLine, BookPerson, Books, Kind, Purpose, SkippedLine
from .contracts import by_account
from .pkdd99_contracts import INSTALMENTS_ON, STATUS_AS_OF, read_loans, read_orders
from .synthetic import czech_names, czech_phone
from .textfile import Row, Text, dated, read_text, rows, signed_minor

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ENCODING: Final = "latin-1"
ROUNDING_MINOR_MAX: Final = 10
CZK: Final = currency("CZK")
INSTITUTION: Final = BookInstitution(
    slug="pkdd99",
    names={
        "en": "The PKDD'99 bank (real, anonymised)",
        "ar": "مصرف PKDD'99 (حقيقي، بيانات مجهّلة)",
        "he": "בנק PKDD'99 (אמיתי, בעילום שם)",
    },
    country="CZ",
    zone="Europe/Prague",
    currency=CZK,
)
_ACCOUNT_COLUMNS: Final = ("account_id", "district_id", "frequency", "date")
_CLIENT_COLUMNS: Final = ("client_id", "birth_number", "district_id")
_DISP_COLUMNS: Final = ("disp_id", "client_id", "account_id", "type")
_TRANS_COLUMNS: Final = (
    "trans_id", "account_id", "date", "type", "operation", "amount", "balance", "k_symbol", "bank", "account",
)  # fmt: skip
ID_DIGITS_MAX: Final = 8
REMOTE_CHARACTERS_MAX: Final = 34
BIRTH_NUMBER_DIGITS: Final = 6
_CREDIT: Final = {"PRIJEM": True, "VYDAJ": False, "VYBER": False}
_OPERATIONS: Final = {
    "VKLAD": Kind.CASH_IN,
    "VYBER": Kind.CASH_OUT,
    "VYBER KARTOU": Kind.CARD_CASH_OUT,
    "PREVOD Z UCTU": Kind.TRANSFER_IN,
    "PREVOD NA UCET": Kind.TRANSFER_OUT,
}
_BY_SYMBOL: Final = {
    "UROK": Kind.INTEREST,
    "SANKC. UROK": Kind.PENALTY_INTEREST,
    "SLUZBY": Kind.STATEMENT_FEE,
}
_PURPOSES: Final = {
    "DUCHOD": Purpose.PENSION,
    "SIPO": Purpose.HOUSEHOLD,
    "POJISTNE": Purpose.INSURANCE,
    "UVER": Purpose.LOAN,
}
_WOMAN_MONTH_ADDED: Final = 50
"""A woman's birth number has 50 added to its month (Czech and Slovak birth numbers)."""


def _id_of(row: Row, column: str, seen: dict[str, int]) -> str:
    """Return a row's own id, refusing one that is no number or was there before."""
    written = row.at(column)
    if not (written.isascii() and written.isdigit() and len(written) <= ID_DIGITS_MAX):
        raise LineUnreadable(line=row.line_no, file=row.file, column=column, field=column)
    if written in seen:
        raise IdRepeated(line=row.line_no, file=row.file, id=written, first=seen[written], field=column)
    seen[written] = row.line_no
    return written


def _kind(row: Row) -> Kind:
    kind = _BY_SYMBOL.get(row.at("k_symbol")) or _OPERATIONS.get(row.at("operation"))
    if kind is None:
        raise LineUnreadable(line=row.line_no, file=row.file, column="operation", field="operation")
    return kind


def _remote(row: Row, column: str) -> str:
    """The other side's bank or account; the source writes 0 where there is none."""
    text = row.at(column)
    if text == "0":
        return ""
    if text and not (text.isascii() and text.isalnum() and len(text) <= REMOTE_CHARACTERS_MAX):
        raise LineUnreadable(line=row.line_no, file=row.file, column=column, field=column)
    return text


def _line(row: Row, seen: dict[str, int]) -> BookLine:
    credit = _CREDIT.get(row.at("type"))
    if credit is None:
        raise LineUnreadable(line=row.line_no, file=row.file, column="type", field="type")
    amount = signed_minor(row, "amount", scale=CZK.scale)
    if amount <= 0:
        raise LineAmountInvalid(
            line=row.line_no, file=row.file, text=row.at("amount"), decimals=CZK.scale, field="amount"
        )
    return BookLine(
        line_no=row.line_no,
        source_id=_id_of(row, "trans_id", seen),
        account=row.at("account_id"),
        booked_on=dated(row, "date", "%y%m%d"),
        amount_minor=amount if credit else -amount,
        printed_minor=signed_minor(row, "balance", scale=CZK.scale),
        kind=_kind(row),
        purpose=_PURPOSES.get(row.at("k_symbol"), Purpose.NONE),
        remote_bank=_remote(row, "bank"),
        remote_account=_remote(row, "account"),
    )


def _holders(disp: Text, clients: dict[str, int]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return each account's owner, and its disponents."""
    owner: dict[str, str] = {}
    disponents: dict[str, list[str]] = defaultdict(list)
    seen: dict[str, int] = {}
    for row in rows(disp, delimiter=";", needed=_DISP_COLUMNS, exact=True):
        _id_of(row, "disp_id", seen)
        client = row.at("client_id")
        if client not in clients or row.at("type") not in {"OWNER", "DISPONENT"}:
            raise LineUnreadable(line=row.line_no, file=row.file, column="client_id", field="client_id")
        if row.at("type") == "DISPONENT":
            disponents[row.at("account_id")].append(client)
        elif row.at("account_id") in owner:
            raise LineUnreadable(line=row.line_no, file=row.file, column="type", field="type")
        else:
            owner[row.at("account_id")] = client
    return owner, disponents


def _accounts(
    account: Text,
    disp: Text,
    lines: tuple[BookLine, ...],
    clients: dict[str, int],
    named: Mapping[str, tuple[int, str]],
) -> tuple[BookAccount, ...]:
    """Return the accounts that have transactions or are ``named`` by an order or a loan, with their owner and disponents."""
    owner, disponents = _holders(disp, clients)
    overdrawn = {line.account for line in lines if line.printed_minor is not None and line.printed_minor < 0}
    used = {line.account for line in lines} | named.keys()
    accounts, numbers = [], dict[str, int]()
    for row in rows(account, delimiter=";", needed=_ACCOUNT_COLUMNS, exact=True):
        number = _id_of(row, "account_id", numbers)
        opened_on = dated(row, "date", "%y%m%d")
        if number not in used:
            continue
        if number not in owner:
            raise AccountUnknown(line=row.line_no, file=disp.name, account=number)
        accounts.append(BookAccount(number, owner[number], tuple(disponents[number]), opened_on, number in overdrawn))
    for line in lines:
        if line.account not in numbers:
            raise AccountUnknown(line=line.line_no, file="trans.asc", account=line.account)
    for number, (line_no, file) in named.items():
        if number not in numbers:
            raise AccountUnknown(line=line_no, file=file, account=number)
    return tuple(accounts)


def _people(client: Text) -> tuple[tuple[BookPerson, ...], dict[str, int]]:
    people, seen = [], dict[str, int]()
    for row in rows(client, delimiter=";", needed=_CLIENT_COLUMNS, exact=True):
        key = _id_of(row, "client_id", seen)
        birth = row.at("birth_number")
        if not (birth.isascii() and birth.isdigit() and len(birth) == BIRTH_NUMBER_DIGITS):
            raise LineUnreadable(line=row.line_no, file=row.file, column="birth_number", field="birth_number")
        woman = int(birth[2:4]) > _WOMAN_MONTH_ADDED
        people.append(BookPerson(key, czech_names(int(key), woman=woman), czech_phone(key), "en", synthetic=True))
    return tuple(people), seen


def read_pkdd99(folder: Path) -> Books:
    """Read and judge the whole folder; nothing is posted.

    Args:
        folder: with account.asc, client.asc, disp.asc and trans.asc, and, where they are there, order.asc and loan.asc.

    Only accounts that have a transaction, an order or a loan are opened, and only their people are registered. An account
    without a transaction was opened after the last line: it is opened with nothing in it. A last line without an end is
    skipped and named.

    Raises:
        FileMissing, FileRefused: a file is missing, or a line of one is not what it must be; names the line.
    """
    if not folder.is_dir():
        raise FileMissing(file=folder.name or str(folder))
    account, client, disp, trans = (
        read_text(folder / f"{name}.asc", ENCODING) for name in ("account", "client", "disp", "trans")
    )
    seen: dict[str, int] = {}
    lines = tuple(_line(row, seen) for row in rows(trans, delimiter=";", needed=_TRANS_COLUMNS, exact=True))
    if not lines:
        raise FileEmpty(file=trans.name)
    contracts = {
        name: read_text(folder / f"{name}.asc", ENCODING)
        for name in ("order", "loan")
        if (folder / f"{name}.asc").exists()
    }
    orders = read_orders(contracts["order"], _id_of, _remote) if "order" in contracts else ()
    loans = read_loans(contracts["loan"], _id_of) if "loan" in contracts else ()
    everyone, clients = _people(client)
    accounts = _accounts(account, disp, lines, clients, by_account(orders, loans))
    texts = (account, client, disp, trans, *contracts.values())
    used = {key for each in accounts for key in (each.owner_key, *each.disponent_keys)}
    skipped = tuple(
        SkippedLine(text.name, len(text.lines) + 1, text.unterminated)
        for text in texts
        if text.unterminated is not None
    )
    return Books(
        source="pkdd99",
        file=trans.name,
        digest=hashlib.sha256("".join(t.digest for t in texts).encode()).hexdigest(),
        institution=INSTITUTION,
        people=tuple(person for person in everyone if person.key in used),
        accounts=accounts,
        lines=lines,
        rounding_minor_max=ROUNDING_MINOR_MAX,
        skipped=skipped,
        orders=orders,
        loans=loans,
        instalments_on=INSTALMENTS_ON,
        status_as_of=STATUS_AS_OF,
    )
