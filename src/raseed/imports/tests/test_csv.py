"""Anyone's CSV is read as its mapping says, or refused whole with the line and why."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raseed.imports.domain.books import Books
from raseed.imports.domain.csvfile import read_csv
from raseed.imports.domain.mapping import parse_mapping, read_mapping
from raseed.imports.domain.textfile import Row, signed_minor
from raseed.imports.errors import (
    AccountUnknown,
    ColumnsDiffer,
    ControlCountDiffers,
    ControlCreditsDiffer,
    ControlDebitsDiffer,
    FileCutOff,
    FileEmpty,
    FileMissing,
    FileRefused,
    IdRepeated,
    LineAmountInvalid,
    LineCurrencyDiffers,
    LineDateInvalid,
    LineTextUnacceptable,
    LineUnreadable,
    MappingInvalid,
    WrongEncoding,
    WrongHeader,
)
from raseed.kernel.errors import InputError
from raseed.kernel.money import UnknownCurrency

MAPPING = """
[institution]
slug = "al-waha"
country = "OM"
zone = "Asia/Muscat"
currency = "OMR"
names = { en = "Al Waha", ar = "الواحة" }
[file]
encoding = "utf-8"
delimiter = ";"
date_format = "%d/%m/%Y"
[amounts]
decimal = ","
thousands = "."
sign = "negative_is_debit"
[columns]
id = "ref"
account = "account"
date = "date"
amount = "amount"
balance = "balance"
currency = "currency"
counterparty = "who"
note = "note"
"""
HEADER = "ref;account;date;amount;balance;currency;who;note"
LINES = (
    "r1;A-1;01/02/2026;1.500,250;1.500,250;OMR;صندوق;إيداع",
    "r2;A-1;٠٢/٠٢/٢٠٢٦;-٢٠٠,٠٠٠;1.300,250;OMR;متجر;",
    "r3;B-2;03/02/2026;10,000;10,000;OMR;;",
)


def mapping_of(**changes: dict[str, Any]) -> dict[str, Any]:
    content = tomllib.loads(MAPPING)
    for table, entries in changes.items():
        content.setdefault(table, {}).update(entries)
        content[table] = {key: value for key, value in content[table].items() if value is not None}
    return content


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Books]:
    def read_it(*lines: str, header: str = HEADER, end: str = "\n", encoding: str = "utf-8", **changes: Any) -> Books:
        path = tmp_path / "books.csv"
        path.write_bytes(("\n".join([header, *(lines or LINES)]) + end).encode(encoding))
        return read_csv(path, parse_mapping(mapping_of(**changes)), check_phone=lambda text, _: text)

    return read_it


def test_amounts_dates_and_digits_of_both_scripts_are_read(read: Callable[..., Books]):
    books = read()
    assert [line.amount_minor for line in books.lines] == [1_500_250, -200_000, 10_000]
    assert [line.printed_minor for line in books.lines] == [1_500_250, 1_300_250, 10_000]
    assert [line.booked_on for line in books.lines] == [date(2026, 2, day) for day in (1, 2, 3)]
    assert [account.number for account in books.accounts] == ["A-1", "B-2"]


def test_an_account_number_is_one_whatever_its_digits_and_letters(read: Callable[..., Books]):
    books = read("r1;a-١;01/02/2026;1,000;1,000;OMR;;", "r2;A-1;02/02/2026;1,000;2,000;OMR;;")
    assert [account.number for account in books.accounts] == ["A-1"]


def test_windows_1256_is_read_when_named_and_refused_when_it_is_something_else(read: Callable[..., Books]):
    books = read(LINES[2], encoding="windows-1256", file={"encoding": "windows-1256"})
    assert books.lines[0].source_id == "r3"
    arabic = "r1;A-1;01/02/2026;1,000;1,000;OMR;صندوق;إيداع"
    assert read(arabic, encoding="windows-1256", file={"encoding": "windows-1256"}).lines[0].remote_bank == "صندوق"
    with pytest.raises(WrongEncoding) as refused:
        read(arabic, encoding="windows-1256")
    assert refused.value.params["line"] == 2


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        ("r9;A-1;03/02/2026;0,000;1,000;OMR;;", LineAmountInvalid),
        ("r9;A-1;03/02/2026;1,0005;1,000;OMR;;", LineAmountInvalid),
        ("r9;A-1;03/02/2026;--1,000;1,000;OMR;;", LineAmountInvalid),
        ("r9;A-1;03/02/2026;9223372036854775808;1,000;OMR;;", LineAmountInvalid),
        ("r9;A-1;03/02/2026;NaN;1,000;OMR;;", LineAmountInvalid),
        ("r9;A-1;31/02/2026;1,000;1,000;OMR;;", LineDateInvalid),
        ("r9;A-1;2026-02-01;1,000;1,000;OMR;;", LineDateInvalid),
        ("r9;A-1;03/02/2026;1,000;1,000;EGP;;", LineCurrencyDiffers),
        ("r1;A-1;03/02/2026;1,000;1,000;OMR;;", IdRepeated),
        (";A-1;03/02/2026;1,000;1,000;OMR;;", LineTextUnacceptable),
        ("r9;;03/02/2026;1,000;1,000;OMR;;", LineUnreadable),
        ("r9;A 1;03/02/2026;1,000;1,000;OMR;;", LineUnreadable),
        ("r9;حساب;03/02/2026;1,000;1,000;OMR;;", LineUnreadable),
        ("r9;A-1;03/02/2026;1,000;1,000;OMR;\u202eevil;", LineTextUnacceptable),
        ("r9;A-1;03/02/2026;1,000;1,000;OMR;a\tb;", LineTextUnacceptable),
        ("r9;A-1;03/02/2026;1,000;1,000;OMR;" + "x" * 121 + ";", LineTextUnacceptable),
        ("r9;A-1;03/02/2026;1,000;1,000;OMR;;" + "x" * 2000, LineUnreadable),
        ('r9;A-1;03/02/2026;1,000;1,000;OMR;"open;', LineUnreadable),
        ("r9;A-1;03/02/2026;1,000", ColumnsDiffer),
    ],
)
def test_a_bad_line_refuses_the_whole_file_and_is_named(
    read: Callable[..., Books], line: str, refusal: type[FileRefused]
):
    with pytest.raises(refusal) as refused:
        read(*LINES, line)
    assert refused.value.params["line"] == 5


def test_a_file_cut_in_the_middle_is_refused_unless_its_sums_prove_it_whole(read: Callable[..., Books]):
    with pytest.raises(FileCutOff) as refused:
        read(end="")
    assert refused.value.params["line"] == 4
    announced = {"rows": 3, "credits": "1.510,250", "debits": "200,000"}
    assert len(read(end="", control=announced).lines) == 3


@pytest.mark.parametrize(
    ("control", "refusal"),
    [
        ({"rows": 4}, ControlCountDiffers),
        ({"credits": "1.510,251"}, ControlCreditsDiffer),
        ({"debits": "0,000"}, ControlDebitsDiffer),
    ],
)
def test_a_file_that_lies_about_its_count_or_sums_is_refused(
    read: Callable[..., Books], control: dict[str, Any], refusal: type[FileRefused]
):
    with pytest.raises(refusal):
        read(control=control)


def test_a_trailer_is_checked_and_a_missing_one_means_that_the_file_is_cut(read: Callable[..., Books]):
    trailer = {"trailer_mark": "TOTAL", "trailer_rows": 2, "trailer_credits": 3, "trailer_debits": 4}
    assert len(read(*LINES, "TOTAL;3;1.510,250;200,000", control=trailer).lines) == 3
    assert len(read(*LINES, "TOTAL;3;1.510,250;200,000", end="", control=trailer).lines) == 3
    with pytest.raises(ControlCountDiffers):
        read(*LINES[:2], "TOTAL;3;1.510,250;200,000", control=trailer)
    with pytest.raises(ControlCreditsDiffer):
        read(*LINES, "TOTAL;3;1.510,251;200,000", control=trailer)
    with pytest.raises(FileCutOff):
        read(control=trailer)


def test_two_columns_and_a_direction_column_say_which_way_money_went(read: Callable[..., Books]):
    two = {"columns": {"amount": None, "debit": "out", "credit": "in", "balance": None, "currency": None},
           "amounts": {"sign": "two_columns"}}  # fmt: skip
    header = "ref;account;date;out;in;who;note"
    books = read("1;A;01/02/2026;5,000;;;", "2;A;01/02/2026;0,000;7,500;;", header=header, **two)
    assert [line.amount_minor for line in books.lines] == [-5_000, 7_500]
    for wrong in ("1;A;01/02/2026;5,000;1,000;;", "1;A;01/02/2026;;;;", "1;A;01/02/2026;-5,000;;;"):
        with pytest.raises(LineAmountInvalid):
            read(wrong, header=header, **two)
    word = {"columns": {"direction": "way", "balance": None, "currency": None},
            "amounts": {"sign": "direction_column", "debit_words": ["مدين"], "credit_words": ["دائن"]}}  # fmt: skip
    header = "ref;account;date;amount;way;who;note"
    books = read("1;A;01/02/2026;5,000;مدين;;", "2;A;01/02/2026;7,500;دائن;;", header=header, **word)
    assert [line.amount_minor for line in books.lines] == [-5_000, 7_500]
    with pytest.raises(LineUnreadable):
        read("1;A;01/02/2026;5,000;other;;", header=header, **word)
    with pytest.raises(LineAmountInvalid):
        read("1;A;01/02/2026;-5,000;مدين;;", header=header, **word)


def test_holders_come_from_a_file_beside_and_every_account_needs_one(read: Callable[..., Books], tmp_path: Path):
    holders = {"holders": {"file": "holders.csv", "account": "acc", "name": "name", "phone": "phone"}}
    (tmp_path / "holders.csv").write_text("acc;name;phone\nA-1;ليلى حسن;+96890000001\nB-2;سعيد;\n", encoding="utf-8")
    books = read(**holders)
    people = {person.key: person for person in books.people}
    assert people["+96890000001"].names == {"ar": "ليلى حسن"}
    assert not people["+96890000001"].synthetic
    assert [person.synthetic for person in books.people] == [False, True]
    (tmp_path / "holders.csv").write_text("acc;name;phone\nA-1;ليلى حسن;+96890000001\n", encoding="utf-8")
    with pytest.raises(AccountUnknown) as refused:
        read(**holders)
    assert refused.value.params["line"] == 4


def test_an_account_whose_printed_balance_was_negative_may_overdraw(read: Callable[..., Books]):
    books = read(*LINES, "r4;B-2;04/02/2026;-20,000;-10,000;OMR;;")
    assert [account.may_overdraw for account in books.accounts] == [False, True]


def test_an_empty_or_missing_file_and_a_wrong_header_are_refused(read: Callable[..., Books], tmp_path: Path):
    with pytest.raises(FileEmpty):
        read(" ")
    with pytest.raises(WrongHeader):
        read(header="ref;account;date;betrag;balance;currency;who;note")
    with pytest.raises(FileMissing):
        read_csv(tmp_path / "none.csv", parse_mapping(mapping_of()), check_phone=lambda text, _: text)
    with pytest.raises(FileMissing):
        read_mapping(tmp_path / "none.toml")


@pytest.mark.parametrize(
    "changes",
    [
        {"file": {"encoding": "klingon"}},
        {"file": {"encoding": "rot13"}},
        {"file": {"encoding": "base64"}},
        {"file": {"delimiter": ";;"}},
        {"file": {"order": "random"}},
        {"file": {"surprise": 1}},
        {"amounts": {"sign": "sometimes"}},
        {"amounts": {"decimal": "5"}},
        {"amounts": {"thousands": ","}},
        {"amounts": {"rounding_minor_max": -1}},
        {"amounts": {"debit_words": ["x"]}},
        {"columns": {"id": ""}},
        {"columns": {"debit": "out"}},
        {"institution": {"slug": "No Spaces"}},
        {"institution": {"zone": "Moon/Base"}},
        {"institution": {"zone": "../etc"}},
        {"institution": {"names": {"en": "a\u202eb"}}},
        {"holders": {"file": "../../etc/passwd", "account": "a", "name": "n"}},
        {"control": {"trailer_mark": "T"}},
        {"what": {"is": "this"}},
    ],
)
def test_a_mapping_with_a_wrong_entry_is_refused(changes: dict[str, Any]):
    with pytest.raises(MappingInvalid):
        parse_mapping(mapping_of(**changes))


def test_the_mapping_in_the_documentation_is_one_that_works_and_names_every_entry():
    page = (Path(__file__).parents[4] / "docs" / "subsystems" / "imports.md").read_text(encoding="utf-8")
    block = page.split("```toml\n")[1].split("```")[0]
    mapping = parse_mapping(tomllib.loads(block))
    for part in (mapping.columns, mapping.control, mapping.holders):
        assert all(f"{slot} = " in block for slot in part.__slots__)


def test_an_unknown_currency_is_refused():
    with pytest.raises(UnknownCurrency):
        parse_mapping(mapping_of(institution={"currency": "XXQ"}))


def test_a_mapping_that_is_not_toml_is_refused(tmp_path: Path):
    (tmp_path / "m.toml").write_bytes(b"\xff\xfe= [")
    with pytest.raises(MappingInvalid):
        read_mapping(tmp_path / "m.toml")


@given(st.integers(-(2**63) + 1, 2**63 - 1), st.sampled_from(["", ",", "٬"]), st.booleans())
def test_any_amount_is_read_back_as_it_was_written(minor: int, thousands: str, arabic: bool):  # noqa: FBT001
    whole, part = divmod(abs(minor), 1000)
    text = f"{whole:,}".replace(",", thousands) + f"٫{part:03}"
    text = ("-" if minor < 0 else "") + (text.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")) if arabic else text)
    row = Row("f", 2, {"a": text})
    assert signed_minor(row, "a", scale=3, decimal="٫", thousands=thousands) == minor


@given(st.binary(max_size=400))
def test_no_bytes_are_a_crash(tmp_path_factory: pytest.TempPathFactory, raw: bytes):
    path = tmp_path_factory.mktemp("raw") / "books.csv"
    path.write_bytes(HEADER.encode() + b"\n" + raw)
    try:
        books = read_csv(path, parse_mapping(mapping_of()), check_phone=lambda text, _: text)
    except InputError:
        return
    assert books.lines
