"""The PKDD'99 files are read as they are written, or refused with the line and why."""

from __future__ import annotations

import os
import tarfile
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from raseed.imports.domain.books import BookLine, Kind, Purpose
from raseed.imports.domain.order import Verdict, place_lines
from raseed.imports.domain.pkdd99 import read_pkdd99
from raseed.imports.errors import (
    AccountUnknown,
    ColumnsDiffer,
    FileMissing,
    FileRefused,
    IdRepeated,
    LineAmountInvalid,
    LineDateInvalid,
    LineUnreadable,
    WrongHeader,
)

from .sample import TRANS, write_books


def test_lines_are_read_with_their_sign_date_kind_and_other_side(tmp_path: Path):
    books = read_pkdd99(write_books(tmp_path))
    by_id = {line.source_id: line for line in books.lines}
    assert len(books.lines) == len(TRANS)
    pension = by_id["102"]
    assert (pension.amount_minor, pension.printed_minor, pension.booked_on) == (500_00, 1500_00, date(1993, 1, 31))
    assert (pension.kind, pension.purpose) == (Kind.TRANSFER_IN, Purpose.PENSION)
    assert (pension.remote_bank, pension.remote_account) == ("YZ", "62457513")
    assert by_id["103"].amount_minor == -200_00
    assert by_id["103"].kind is Kind.CASH_OUT
    assert by_id["104"].kind is Kind.STATEMENT_FEE
    assert by_id["105"].kind is Kind.INTEREST
    assert by_id["203"].kind is Kind.PENALTY_INTEREST
    assert by_id["201"].remote_account == ""


def test_a_last_line_without_an_end_is_skipped_and_named(tmp_path: Path):
    (skipped,) = read_pkdd99(write_books(tmp_path)).skipped
    assert (skipped.file, skipped.line_no, skipped.text) == ("trans.asc", len(TRANS) + 2, '204;2;930201;"PRIJE')


def test_only_accounts_with_transactions_are_opened_with_their_owner_and_disponents(tmp_path: Path):
    books = read_pkdd99(write_books(tmp_path))
    assert [(a.number, a.owner_key, a.disponent_keys, a.may_overdraw) for a in books.accounts] == [
        ("1", "11", ("12",), False),
        ("2", "13", (), True),
    ]
    assert {person.key for person in books.people} == {"11", "12", "13"}


def test_names_and_phone_numbers_are_made_up_and_say_so(tmp_path: Path):
    people = read_pkdd99(write_books(tmp_path)).people
    assert all(person.synthetic for person in people)
    assert all("synthetic" in person.names["en"] and "مصطنع" in person.names["ar"] for person in people)
    assert len({person.phone for person in people}) == len(people)
    assert all(person.phone.startswith("+4201") for person in people)


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        ('107;1;930301;"PRIJEM";"VKLAD";0.00;0.00;"";;', LineAmountInvalid),
        ('107;1;930301;"PRIJEM";"VKLAD";-5.00;0.00;"";;', LineAmountInvalid),
        ('107;1;930301;"PRIJEM";"VKLAD";5.001;0.00;"";;', LineAmountInvalid),
        ('107;1;930301;"PRIJEM";"VKLAD";1e5;0.00;"";;', LineAmountInvalid),
        ('107;1;930301;"PRIJEM";"VKLAD";99999999999999999.00;0.00;"";;', LineAmountInvalid),
        ('107;1;930231;"PRIJEM";"VKLAD";5.00;0.00;"";;', LineDateInvalid),
        ('107;1;930301;"DAREK";"VKLAD";5.00;0.00;"";;', LineUnreadable),
        ('107;1;930301;"PRIJEM";"NECO";5.00;0.00;"";;', LineUnreadable),
        ('x07;1;930301;"PRIJEM";"VKLAD";5.00;0.00;"";;', LineUnreadable),
        ('107;1;930301;"PRIJEM";"VKLAD;5.00;0.00;"";;', LineUnreadable),
        ('101;1;930301;"PRIJEM";"VKLAD";5.00;0.00;"";;', IdRepeated),
        ('107;9;930301;"PRIJEM";"VKLAD";5.00;0.00;"";;', AccountUnknown),
        ('107;1;930301;"PRIJEM";"VKLAD";5.00;0.00;""', ColumnsDiffer),
    ],
)
def test_a_bad_line_refuses_the_whole_file_and_is_named(tmp_path: Path, line: str, refusal: type[FileRefused]):
    with pytest.raises(refusal) as refused:
        read_pkdd99(write_books(tmp_path, trans=(*TRANS, line)))
    assert refused.value.params["line"] == len(TRANS) + 2


def test_a_missing_file_and_a_wrong_header_are_named(tmp_path: Path):
    with pytest.raises(FileMissing):
        read_pkdd99(tmp_path / "nowhere")
    write_books(tmp_path, disp=('"disp_id";"client";"account_id";"type"',))
    with pytest.raises(WrongHeader) as refused:
        read_pkdd99(tmp_path)
    assert refused.value.params["column"] == "client_id"


@pytest.fixture(scope="session")
def real_bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real files: the folder that RASEED_PKDD99 names, or unpacked from shared/data beside the checkout."""
    if named := os.environ.get("RASEED_PKDD99"):
        return Path(named)
    packed = Path(__file__).parents[5] / "shared" / "data" / "bank" / "pkdd99.tar.gz"
    if not packed.exists():
        pytest.skip("the real bank's files are not on this machine (RASEED_PKDD99 names their folder)")
    folder = tmp_path_factory.mktemp("pkdd99")
    with tarfile.open(packed) as archive:
        for member in archive:
            if member.isfile() and (content := archive.extractfile(member)):  # extractall's filter came with 3.11.4
                (folder / Path(member.name).name).write_bytes(content.read())
    return folder


def test_the_real_bank_has_49102_whole_lines_and_each_gets_its_verdict(real_bank: Path):
    books = read_pkdd99(real_bank)
    assert (len(books.lines), len(books.accounts), len(books.people)) == (49_102, 3_965, 4_794)
    assert [(skipped.line_no, skipped.text) for skipped in books.skipped] == [(49_104, '3526882;11021;940331;"PRIJE')]
    assert len({line.account for line in books.lines}) == 1_229
    by_account: dict[str, list[BookLine]] = {}
    for line in books.lines:
        by_account.setdefault(line.account, []).append(line)
    placed = [each for lines in by_account.values() for each in place_lines(lines, rounding_minor_max=10).placed]
    assert Counter(each.verdict for each in placed) == {
        Verdict.EQUAL: 46_749, Verdict.ROUNDING: 2_325, Verdict.CANNOT_FOLLOW: 28,
    }  # fmt: skip
    # Every rounding is one tenth of a crown; whatever can't follow is on the file's last day, where lines are cut off.
    assert {abs(each.difference_minor) for each in placed if each.verdict is Verdict.ROUNDING} == {10}
    cannot = [each for each in placed if each.verdict is Verdict.CANNOT_FOLLOW]
    assert {each.line.booked_on for each in cannot} == {date(1994, 3, 31)}
    assert min(each.difference_minor for each in cannot) == 60_50
