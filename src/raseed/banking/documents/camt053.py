"""The statement of a period as ISO 20022 camt.053.001.08, written as it is yielded (ADR 0038).

Every element is in the order of the schema. What a payer is not shown on the screen is not in the file either: names are
those of the statement's lines, and no line carries the other side's account.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.utils.translation import gettext, override
from lxml import etree  # type: ignore[import-untyped, unused-ignore]

from raseed.banking.domain import ROLE_WORDS, AliasKind, BankAccount, CounterpartyKind, InternalRole, StatementLine
from raseed.banking.statement import OTHER_INSTITUTION
from raseed.kernel.money import Money
from raseed.people import api as people

from .errors import AmountTooLargeForFormat
from .period import PeriodStatement
from .plain import plain

NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
DIGITS_MAX: Final = 18
"""Of an amount, by the schema; the ledger's largest has one more."""
ENTRIES_AT_ONCE: Final = 200
NOT_PROVIDED: Final = "NOTPROVIDED"
"""What stands for an end-to-end reference that the payer did not give, by ISO 20022's usage."""

_Words = dict[InternalRole | None, str]
"""What a statement calls each of the institution's own accounts, and (under ``None``) the institution."""
_Code = tuple[str, str, str]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TEXT_MAX, _NAME_MAX, _LABEL_MAX, _REFERENCE_MAX, _WORDS_MAX = 140, 140, 70, 35, 500
_ACCOUNT_TYPES: Final = {"current": "CACC", "savings": "SVGS", "loan": "LOAN"}
"""Of ExternalCashAccountType1Code, by product kind; any other kind is named as it is."""
_BETWEEN_ACCOUNTS: Final = (("PMNT", "RCDT", "BOOK"), ("PMNT", "ICDT", "BOOK"))
_OTHER: Final = (("PMNT", "MCOP", "OTHR"), ("PMNT", "MDOP", "OTHR"))
_INTEREST: Final = (("PMNT", "MCOP", "INTR"), ("PMNT", "MDOP", "INTR"))
_CODES: Final[Mapping[InternalRole, tuple[_Code, _Code]]] = {
    InternalRole.CASH: (("PMNT", "CNTR", "CDPT"), ("PMNT", "CNTR", "CWDL")),
    InternalRole.FEES: (("PMNT", "MCOP", "FEES"), ("PMNT", "MDOP", "FEES")),
    InternalRole.FLOAT: (("PMNT", "RCDT", "OTHR"), ("PMNT", "ICDT", "OTHR")),
    InternalRole.GOODWILL: _OTHER,
    InternalRole.INTEREST_EXPENSE: _INTEREST,
    InternalRole.INTEREST_INCOME: _INTEREST,
    InternalRole.PENALTY_INCOME: (("PMNT", "MCOP", "FEES"), ("PMNT", "MDOP", "FEES")),
    InternalRole.OPENING: (("ACMT", "OPCL", "ACCT"), ("ACMT", "OPCL", "ACCT")),
}
"""Domain, family and sub-family (ISO 20022 external bank transaction codes) of money in and of money out, by which of the
institution's own accounts is on the other side."""


def statement_camt053(period: PeriodStatement) -> Iterator[bytes]:
    """Return the pieces of the file; what refuses it is raised here, before the first.

    Raises:
        AmountTooLargeForFormat: an amount or a sum of more than ``DIGITS_MAX`` digits.
    """
    total = period.money_in + period.money_out
    for money in (total, period.opening, period.closing, period.available):
        if len(str(abs(money.amount_minor))) > DIGITS_MAX:
            raise AmountTooLargeForFormat
    return _pieces(period)


class _Pipe:
    """Where the writer writes, and the generator takes from."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> None:
        self._pieces.append(piece)

    def taken(self) -> bytes:
        piece = b"".join(self._pieces)
        self._pieces.clear()
        return piece


def _pieces(period: PeriodStatement) -> Iterator[bytes]:
    """Write element by element. Elements have no prefix and take the document's namespace, as text does."""
    with override(period.language):
        own_words: _Words = {role: gettext(words) for role, words in ROLE_WORDS.items()}
        own_words[None] = gettext(OTHER_INSTITUTION)
    pipe = _Pipe()
    with etree.xmlfile(pipe, encoding="UTF-8") as file:
        file.write_declaration()
        with file.element("Document", nsmap={None: NAMESPACE}), file.element("BkToCstmrStmt"):
            file.write(_header(period))
            with file.element("Stmt"):
                for element in _statement_parts(period):
                    file.write(element)
                for place, line in enumerate(period.lines):
                    file.write(_entry(line, own_words))
                    if place % ENTRIES_AT_ONCE == 0:
                        file.flush()
                        yield pipe.taken()
    yield pipe.taken()


def _header(period: PeriodStatement) -> etree._Element:
    header = etree.Element("GrpHdr")
    _add(header, "MsgId", _identifier(period, "message"))
    _add(header, "CreDtTm", _instant(period.issued_at))
    pages = _add(header, "MsgPgntn")
    _add(pages, "PgNb", "1")
    _add(pages, "LastPgInd", "true")
    return header


def _statement_parts(period: PeriodStatement) -> Iterator[etree._Element]:
    """Yield what stands before the entries."""
    yield _element("Id", _identifier(period, "statement"))
    yield _element("ElctrncSeqNb", str((period.issued_at - _EPOCH) // timedelta(microseconds=1)))
    yield _element("CreDtTm", _instant(period.issued_at))
    yield _from_to(period)
    yield _account(period)
    for code, money, day in (
        ("OPBD", period.opening, period.first_day),
        ("CLBD", period.closing, period.last_day),
        ("CLAV", period.available, period.last_day),
    ):
        yield _balance(code, money, day)
    yield _summary(period)


def _from_to(period: PeriodStatement) -> etree._Element:
    zone = ZoneInfo(period.account.zone)
    element = etree.Element("FrToDt")
    _add(element, "FrDtTm", datetime.combine(period.first_day, time(), zone).isoformat())
    _add(element, "ToDtTm", datetime.combine(period.last_day, time(23, 59, 59), zone).isoformat())
    return element


def _account(period: PeriodStatement) -> etree._Element:
    of = period.account
    element = etree.Element("Acct")
    _account_id(_add(element, "Id"), of)
    kind = of.product.kind.value
    code = _ACCOUNT_TYPES.get(kind)
    _add(_add(element, "Tp"), "Cd" if code else "Prtry", code or kind.upper())
    _add(element, "Ccy", of.currency.code)
    _text(element, "Nm", of.name or of.product.name(period.language), _LABEL_MAX)
    _text(_add(element, "Ownr"), "Nm", period.holder, _NAME_MAX)
    servicer = _add(_add(element, "Svcr"), "FinInstnId")
    _text(servicer, "Nm", people.display_name(period.institution, period.language), _NAME_MAX)
    _add(_add(servicer, "Othr"), "Id", of.institution_id.hex)
    return element


def _account_id(parent: etree._Element, of: BankAccount) -> None:
    iban = of.alias(AliasKind.IBAN)
    if iban:
        _add(parent, "IBAN", iban)
        return
    other = _add(parent, "Othr")
    number, phone = of.alias(AliasKind.NUMBER), of.alias(AliasKind.PHONE)
    _add(other, "Id", number or phone or of.id.hex)
    if number:
        _add(_add(other, "SchmeNm"), "Cd", "BBAN")
    elif phone:
        _add(_add(other, "SchmeNm"), "Prtry", "MSISDN")


def _balance(code: str, money: Money, day: date) -> etree._Element:
    element = etree.Element("Bal")
    _add(_add(_add(element, "Tp"), "CdOrPrtry"), "Cd", code)
    _amount(element, money)
    _add(_add(element, "Dt"), "Dt", day.isoformat())
    return element


def _summary(period: PeriodStatement) -> etree._Element:
    element = etree.Element("TxsSummry")
    every = _add(element, "TtlNtries")
    _add(every, "NbOfNtries", str(len(period.lines)))
    _add(every, "Sum", (period.money_in + period.money_out).decimal_text())
    net = period.money_in - period.money_out
    sums = _add(every, "TtlNetNtry")
    _add(sums, "Amt", _unsigned(net))
    _add(sums, "CdtDbtInd", _side(net))
    for tag, count, money in (
        ("TtlCdtNtries", period.count_in, period.money_in),
        ("TtlDbtNtries", period.count_out, period.money_out),
    ):
        part = _add(element, tag)
        _add(part, "NbOfNtries", str(count))
        _add(part, "Sum", money.decimal_text())
    return element


def _entry(line: StatementLine, own_words: _Words) -> etree._Element:
    element = etree.Element("Ntry")
    _add(element, "NtryRef", str(line.seq))
    _amount(element, line.amount)
    _add(_add(element, "Sts"), "Cd", "BOOK")
    for tag in ("BookgDt", "ValDt"):
        _add(_add(element, tag), "Dt", line.booked_on.isoformat())
    _text(element, "AcctSvcrRef", line.reference, _REFERENCE_MAX)
    _transaction_code(_add(element, "BkTxCd"), line)
    details = _add(_add(element, "NtryDtls"), "TxDtls")
    references = _add(details, "Refs")
    _text(references, "AcctSvcrRef", line.reference, _REFERENCE_MAX)
    _add(references, "EndToEndId", plain(line.end_to_end_id, _REFERENCE_MAX) or NOT_PROVIDED)
    if line.payment_id is not None:
        _add(references, "TxId", line.payment_id.hex)
    _amount(details, line.amount)
    if line.counterparty_kind is CounterpartyKind.INSTITUTION and line.counterparty == own_words.get(line.role):
        _text(element, "AddtlNtryInf", line.counterparty, _WORDS_MAX)
    else:
        _party(details, line)
    if plain(line.note):
        _text(_add(details, "RmtInf"), "Ustrd", line.note, _TEXT_MAX)
    return element


def _party(details: etree._Element, line: StatementLine) -> None:
    name = plain(line.counterparty, _NAME_MAX)
    if name:
        side = "Dbtr" if line.amount.amount_minor > 0 else "Cdtr"
        _add(_add(_add(_add(details, "RltdPties"), side), "Pty"), "Nm", name)


def _transaction_code(parent: etree._Element, line: StatementLine) -> None:
    codes = _CODES.get(line.role, _OTHER) if line.role else _BETWEEN_ACCOUNTS
    domain, family, sub_family = codes[0 if line.amount.amount_minor > 0 else 1]
    element = _add(parent, "Domn")
    _add(element, "Cd", domain)
    families = _add(element, "Fmly")
    _add(families, "Cd", family)
    _add(families, "SubFmlyCd", sub_family)


def _amount(parent: etree._Element, money: Money) -> None:
    _add(parent, "Amt", _unsigned(money)).set("Ccy", money.currency.code)
    _add(parent, "CdtDbtInd", _side(money))


def _unsigned(money: Money) -> str:
    return Money(abs(money.amount_minor), money.currency).decimal_text()


def _side(money: Money) -> str:
    return "DBIT" if money.amount_minor < 0 else "CRDT"


def _identifier(period: PeriodStatement, what: str) -> str:
    """Return an identifier that no other statement has: of account, period and the instant of issue."""
    parts = (what, period.account.id.hex, period.first_day, period.last_day, _instant(period.issued_at))
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:32].upper()


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _element(tag: str, text: str) -> etree._Element:
    element = etree.Element(tag)
    element.text = text
    return element


def _add(parent: etree._Element, tag: str, text: str | None = None) -> etree._Element:
    element = etree.SubElement(parent, tag)
    element.text = text
    return element


def _text(parent: etree._Element, tag: str, text: str, length_max: int) -> None:
    """Add a text of people's making, cleaned and cut to the schema's length; one of which nothing is left is left out."""
    seen = plain(text, length_max)
    if seen:
        _add(parent, tag, seen)
