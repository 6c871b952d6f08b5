"""A settlement as ISO 20022 camt.054.001.08 (debit and credit notification), written as it is yielded (ADR 0063).

Every element is in the order of the schema. One entry a payment or refund, so that whoever reads it can match each by our
id (``TxId``), by the biller's own reference (``EndToEndId``) and by the bills' numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from lxml import etree

from raseed.banking import api as banking
from raseed.banking.api import AliasKind, AmountTooLargeForFormat, BankAccount
from raseed.kernel.money import Money
from raseed.people import api as people

from ..domain import Biller
from ..queries import biller
from .domain import Settlement
from .files import SettledLine, settled_lines
from .models import LineKind
from .queries import settlement

NAMESPACE: Final = "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"
DIGITS_MAX: Final = 18
ENTRIES_AT_ONCE: Final = 200
NOT_PROVIDED: Final = "NOTPROVIDED"
_TEXT_MAX, _NAME_MAX, _REFERENCE_MAX = 140, 140, 35
_EPOCH: Final = date(1970, 1, 1)
_CODES: Final = {LineKind.PAYMENT: ("PMNT", "RCDT", "BOOK"), LineKind.REFUND: ("PMNT", "ICDT", "RRTN")}
"""Domain, family and sub-family: money in between accounts here; money out because a payment is given back."""


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


def settlement_camt054(settlement_id: UUID) -> bytes:
    """Return the whole file, for whoever does not send it piece by piece; callers have checked who asks.

    Raises:
        As ``settlement_camt054_pieces``.
    """
    return b"".join(settlement_camt054_pieces(settlement_id))


def settlement_camt054_pieces(settlement_id: UUID) -> Iterator[bytes]:
    """Return the pieces of the file; what refuses it is raised here, before the first.

    Raises:
        SettlementUnknown: there is none. AmountTooLargeForFormat: a sum of more than ``DIGITS_MAX`` digits.
    """
    of = settlement(settlement_id)
    if len(str(of.collected.amount_minor + of.refunded.amount_minor)) > DIGITS_MAX:
        raise AmountTooLargeForFormat
    whose = biller(of.biller_id)
    return _pieces(of, whose, banking.account(whose.collection_account_id))


def _pieces(of: Settlement, whose: Biller, account: BankAccount) -> Iterator[bytes]:
    pipe = _Pipe()
    with etree.xmlfile(pipe, encoding="UTF-8") as file:
        file.write_declaration()
        with file.element("Document", nsmap={None: NAMESPACE}), file.element("BkToCstmrDbtCdtNtfctn"):
            file.write(_header(of))
            with file.element("Ntfctn"):
                for element in _notification_parts(of, whose, account):
                    file.write(element)
                for place, line in enumerate(settled_lines(of.id)):
                    file.write(_entry(line, whose))
                    if place % ENTRIES_AT_ONCE == 0:
                        file.flush()
                        yield pipe.taken()
    yield pipe.taken()


def _header(of: Settlement) -> etree._Element:
    header = etree.Element("GrpHdr")
    _add(header, "MsgId", of.id.hex)
    _add(header, "CreDtTm", _instant(of.closed_at))
    pages = _add(header, "MsgPgntn")
    _add(pages, "PgNb", "1")
    _add(pages, "LastPgInd", "true")
    return header


def _notification_parts(of: Settlement, whose: Biller, account: BankAccount) -> Iterator[etree._Element]:
    """Yield what stands before the entries."""
    yield _element("Id", of.id.hex)
    yield _element("ElctrncSeqNb", str((of.day - _EPOCH).days))
    yield _element("CreDtTm", _instant(of.closed_at))
    zone = ZoneInfo(account.zone)
    span = etree.Element("FrToDt")
    _add(span, "FrDtTm", datetime.combine(of.day, time(), zone).isoformat())
    _add(
        span, "ToDtTm", (datetime.combine(of.day + timedelta(days=1), time(), zone) - timedelta(seconds=1)).isoformat()
    )
    yield span
    yield _account(whose, account)
    yield _summary(of)


def _account(whose: Biller, account: BankAccount) -> etree._Element:
    element = etree.Element("Acct")
    identifier = _add(element, "Id")
    iban = account.alias(AliasKind.IBAN)
    if iban:
        _add(identifier, "IBAN", iban)
    else:
        other = _add(identifier, "Othr")
        _add(other, "Id", whose.account_number or account.id.hex)
        _add(_add(other, "SchmeNm"), "Cd", "BBAN")
    _add(_add(element, "Tp"), "Prtry", "COLLECTION")
    _add(element, "Ccy", whose.currency.code)
    _text(_add(element, "Ownr"), "Nm", whose.name("en"), _NAME_MAX)
    servicer = _add(_add(element, "Svcr"), "FinInstnId")
    _text(servicer, "Nm", people.display_name(people.institution(whose.institution_id), "en"), _NAME_MAX)
    _add(_add(servicer, "Othr"), "Id", whose.institution_id.hex)
    return element


def _summary(of: Settlement) -> etree._Element:
    element = etree.Element("TxsSummry")
    every = _add(element, "TtlNtries")
    _add(every, "NbOfNtries", str(of.payments + of.refunds))
    _add(every, "Sum", (of.collected + of.refunded).decimal_text())
    net = _add(every, "TtlNetNtry")
    _add(net, "Amt", Money(abs(of.net.amount_minor), of.net.currency).decimal_text())
    _add(net, "CdtDbtInd", "DBIT" if of.net.amount_minor < 0 else "CRDT")
    for tag, count, money in (
        ("TtlCdtNtries", of.payments, of.collected),
        ("TtlDbtNtries", of.refunds, of.refunded),
    ):
        part = _add(element, tag)
        _add(part, "NbOfNtries", str(count))
        _add(part, "Sum", money.decimal_text())
    return element


def _entry(line: SettledLine, whose: Biller) -> etree._Element:
    is_refund = line.kind is LineKind.REFUND
    element = etree.Element("Ntry")
    _add(element, "NtryRef", str(line.seq))
    _amount(element, line, whose)
    _add(_add(element, "Sts"), "Cd", "BOOK")
    for tag in ("BookgDt", "ValDt"):
        _add(_add(element, tag), "Dt", line.booked_on.isoformat())
    _add(element, "AcctSvcrRef", line.transfer_id.hex)
    domain, family, sub_family = _CODES[line.kind]
    code = _add(_add(element, "BkTxCd"), "Domn")
    _add(code, "Cd", domain)
    families = _add(code, "Fmly")
    _add(families, "Cd", family)
    _add(families, "SubFmlyCd", sub_family)
    details = _add(_add(element, "NtryDtls"), "TxDtls")
    references = _add(details, "Refs")
    _add(references, "AcctSvcrRef", line.transfer_id.hex)
    if is_refund and line.refund_id is not None:
        _add(references, "InstrId", line.refund_id.hex)
    _add(references, "EndToEndId", _seen(line.biller_reference, _REFERENCE_MAX) or NOT_PROVIDED)
    _add(references, "TxId", line.order_id.hex)
    _amount(details, line, whose)
    _remittance(details, line)
    return element


def _remittance(details: etree._Element, line: SettledLine) -> None:
    told = [_seen(text, _TEXT_MAX) for text in (line.reference, line.numbers)]
    if any(told):
        element = _add(details, "RmtInf")
        for text in told:
            if text:
                _add(element, "Ustrd", text)


def _amount(parent: etree._Element, line: SettledLine, whose: Biller) -> None:
    _add(parent, "Amt", Money(line.amount_minor, whose.currency).decimal_text()).set("Ccy", whose.currency.code)
    _add(parent, "CdtDbtInd", "DBIT" if line.kind is LineKind.REFUND else "CRDT")


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
    if seen := _seen(text, length_max):
        _add(parent, tag, seen)


def _seen(text: str, length_max: int) -> str:
    """Return a text without what can't be seen, cut to the schema's length."""
    plain = "".join(sign if sign.isprintable() else " " for sign in text).strip()
    return plain if len(plain) <= length_max else plain[: length_max - 1].rstrip() + "…"
