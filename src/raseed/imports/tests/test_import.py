"""Books come in whole or not at all, each line with its own date, and every balance is compared with the printed one."""

from __future__ import annotations

import csv
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction

from raseed.banking import api as banking
from raseed.imports import cli
from raseed.imports.api import ComparedLine, Outcome, compare, import_books
from raseed.imports.domain.books import Books, derived_id
from raseed.imports.domain.order import Verdict
from raseed.imports.domain.pkdd99 import read_pkdd99
from raseed.imports.errors import InstitutionDiffers, LineContentDiffers, PostingRefused
from raseed.imports.models import HolderRow, LineRow, RunRow
from raseed.imports.services import POSTING
from raseed.kernel.money import currency
from raseed.ledger import api as ledger
from raseed.people import api as people
from raseed.platform.api import no_progress

from .sample import TRANS, write_books

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def books(tmp_path: Path) -> Books:
    return read_pkdd99(write_books(tmp_path))


def compared(outcome: Outcome) -> dict[str, ComparedLine]:
    return {line.source_id: line for line in compare(outcome.accounts, progress=no_progress)}


def counted() -> tuple[int, ...]:
    tables = ("ledger_transfer", "ledger_account", "people_customer", "banking_account", "imports_line", "imports_run")
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"(SELECT count(*) FROM {table})" for table in tables))
        return tuple(cursor.fetchone())


def test_every_line_is_posted_once_with_its_amount_date_and_balance(books: Books):
    outcome = import_books(books)
    assert (outcome.lines_new, outcome.lines_known, outcome.accounts_new, outcome.people_new) == (9, 0, 2, 3)
    entries = list(reversed(ledger.account_history(outcome.accounts["1"], limit=50)))
    assert [entry.transfer.booked_on for entry in entries] == [
        date(1993, 1, 1), date(1993, 1, 31), date(1993, 1, 31), date(1993, 1, 31), date(1993, 2, 28), date(1993, 3, 1),
    ]  # fmt: skip
    balances = [entry.balances.credits_posted - entry.balances.debits_posted for entry in entries]
    assert balances == [1000_00, 1500_00, 1300_00, 1285_40, 1290_50, 1190_50]


def test_each_line_gets_its_verdict_and_the_ledger_differs_by_what_was_found_and_nothing_else(books: Books):
    lines = compared(import_books(books))
    assert all(line.ledger_is_right for line in lines.values())
    assert {key: line.verdict for key, line in lines.items() if line.verdict is not Verdict.EQUAL} == {
        "105": Verdict.ROUNDING,
        "106": Verdict.CANNOT_FOLLOW,
    }
    assert (lines["105"].expected_minor, lines["105"].difference_minor) == (1290_50, -10)
    assert (lines["106"].expected_minor, lines["106"].difference_minor) == (1190_40, -190_40)
    assert (lines["104"].carried_minor, lines["105"].carried_minor, lines["106"].carried_minor) == (0, -10, -190_50)


def test_the_same_books_twice_change_nothing(books: Books):
    first = import_books(books)
    before = counted()
    again = import_books(books)
    assert counted() == before
    assert (again.lines_new, again.lines_known, again.accounts) == (0, 9, first.accounts)


def test_a_later_file_that_overlaps_adds_what_is_new_and_goes_on_from_the_last_printed_balance(
    books: Books, tmp_path: Path
):
    import_books(books)
    more = '107;1;930401;"PRIJEM";"VKLAD";50.00;1050.00;"";;'
    outcome = import_books(read_pkdd99(write_books(tmp_path, trans=(*TRANS, more))))
    assert (outcome.lines_new, outcome.lines_known) == (1, 9)
    line = compared(outcome)["107"]
    assert (line.verdict, line.ledger_minor, line.carried_minor) == (Verdict.EQUAL, 1240_50, -190_50)


def test_a_line_that_says_something_else_under_a_known_id_refuses_everything(books: Books, tmp_path: Path):
    import_books(books)
    before = counted()
    other = '101;1;930101;"PRIJEM";"VKLAD";999.00;1000.00;"";;'
    with pytest.raises(LineContentDiffers) as refused:
        import_books(read_pkdd99(write_books(tmp_path, trans=(other, *TRANS[1:]))))
    assert refused.value.params["line"] == 2
    assert counted() == before


def test_a_line_that_the_ledger_refuses_undoes_everything(books: Books):
    broke = replace(books, accounts=tuple(replace(account, may_overdraw=False) for account in books.accounts))
    before = counted()
    with pytest.raises(PostingRefused) as refused:
        import_books(broke)
    assert refused.value.params["line"] == 9
    assert counted() == before
    with pytest.raises(people.UnknownInstitution):
        people.institution_by_slug("pkdd99")


def test_an_import_that_is_interrupted_leaves_nothing_and_can_be_run_again(books: Books):
    def interrupted(what: str, done: int, total: int) -> None:
        if what == POSTING and done == total:
            raise KeyboardInterrupt

    before = counted()
    with pytest.raises(KeyboardInterrupt):
        import_books(books, progress=interrupted)
    assert counted() == before
    assert import_books(books).lines_new == 9


def test_two_imports_of_the_same_books_at_once_post_them_once(books: Books):
    def run() -> int:
        try:
            return import_books(books).lines_new
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(run) for _ in range(2)]
        assert sorted(each.result() for each in done) == [0, 9]


def test_books_of_an_institution_in_another_currency_are_refused(books: Books):
    import_books(books)
    with pytest.raises(InstitutionDiffers):
        import_books(replace(books, institution=replace(books.institution, currency=currency("EUR"))))


def test_the_books_of_the_institution_balance(books: Books):
    import_books(books)
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(debits_posted), sum(credits_posted) FROM ledger_balance")
        debited, credited = cursor.fetchone()
    assert debited == credited == sum(abs(line.amount_minor) for line in books.lines)


def test_the_owner_finds_the_account_by_signing_in_and_reads_the_statement_in_three_languages(books: Books):
    import_books(books)
    owner = people.customer_by_phone("+420100000011")
    (account,) = banking.accounts_of(owner.id)
    assert account.alias(banking.AliasKind.NUMBER) == "1"
    words = {
        "en": "Pension · Transfer from another bank",
        "ar": "معاش · تحويل من مصرف آخر",
        "he": "קצבה · העברה מבנק אחר",
    }
    for language, said in words.items():
        lines = banking.statement(account.id, language=language, customer_id=owner.id).lines
        (pension,) = [line for line in lines if line.reference == "102"]
        assert (pension.note, pension.counterparty) == (said, "YZ 62457513")
        assert pension.booked_on == date(1993, 1, 31)
        assert pension.balance_after.amount_minor == 1500_00


def test_who_went_below_zero_at_the_bank_may_overdraw_and_nobody_else(books: Books):
    outcome = import_books(books)
    opened = banking.accounts(outcome.accounts.values())
    assert {opened[id_].alias(banking.AliasKind.NUMBER): opened[id_].overdraft_allowed for id_ in opened} == {
        "1": False, "2": True,
    }  # fmt: skip


def test_a_disponent_is_a_customer_and_kept_beside_the_owner(books: Books):
    outcome = import_books(books)
    disponent = people.customer_by_phone("+420100000012")
    assert list(HolderRow.objects.values_list("account_id", "customer_id")) == [(outcome.accounts["1"], disponent.id)]
    (shared,) = banking.accounts_shared_with(disponent.id)
    assert shared.id == outcome.accounts["1"]
    assert banking.may_pay(disponent.id, shared)


def test_what_a_holder_moves_afterwards_does_not_disturb_the_comparison(books: Books, tmp_path: Path):
    outcome = import_books(books)
    account = banking.account(outcome.accounts["1"])
    other = outcome.accounts["2"]
    sent = ledger.NewTransfer(derived_id("later"), account.id, other, 17_00, account.ledger, 1)
    assert ledger.create_transfers([sent]) == [ledger.CreateTransferResult.OK]
    assert all(line.ledger_is_right for line in compared(outcome).values())
    more = '107;1;930401;"PRIJEM";"VKLAD";50.00;1050.00;"";;'
    later = import_books(read_pkdd99(write_books(tmp_path, trans=(*TRANS, more))))
    assert all(line.ledger_is_right for line in compared(later).values())


def test_a_line_missing_in_the_ledger_or_with_another_amount_is_wrong(books: Books):
    outcome = import_books(books)
    assert sum(not line.ledger_is_right for line in compared(outcome).values()) == 0
    run = RunRow.objects.get()
    LineRow.objects.create(
        transfer_id=derived_id("nowhere"), run=run, account_id=outcome.accounts["2"], position=4, line_no=99,
        source_id="x", booked_on=date(1993, 2, 1), amount_minor=5, printed_minor=None, expected_minor=-102_45,
        running_minor=-102_45, difference_minor=0, verdict="not_printed", kind="other_in", purpose="", remote_bank="",
        remote_account="", note="",
    )  # fmt: skip
    assert [line.source_id for line in compared(outcome).values() if not line.ledger_is_right] == ["x"]


@pytest.mark.parametrize("table", ["imports_line", "imports_run", "imports_disponent"])
def test_what_was_imported_is_never_changed(books: Books, table: str):
    import_books(books)
    for change in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
        with pytest.raises(DatabaseError, match=r"append-only|permission denied"), transaction.atomic():
            connection.cursor().execute(change)


CSV_MAPPING = """
[institution]
slug = "al-waha"
country = "OM"
zone = "Asia/Muscat"
currency = "OMR"
names = { en = "Al Waha", ar = "الواحة" }
[file]
encoding = "windows-1256"
date_format = "%Y-%m-%d"
opening = "first_line"
[amounts]
sign = "negative_is_debit"
[columns]
id = "ref"
account = "account"
date = "date"
amount = "amount"
balance = "balance"
counterparty = "who"
"""


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    (tmp_path / "m.toml").write_text(CSV_MAPPING, encoding="utf-8")

    def run_it(*words: str) -> tuple[int, str, str]:
        status = cli.main([*words, "--report", str(tmp_path / "report")])
        told = capsys.readouterr()
        return status, told.out, told.err

    return run_it


def test_a_csv_with_opening_balances_comes_in_and_twice_changes_nothing(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path
):
    lines = (
        "ref,account,date,amount,balance,who",
        "r2,A1,2026-01-02,-1.250,98.750,متجر",
        "r1,A1,2026-01-02,10.000,100.000,",
        "r3,A2,2026-01-03,5.000,5.000,",
    )
    path = tmp_path / "b.csv"
    path.write_bytes(("\n".join(lines) + "\n").encode("windows-1256"))
    words = ("csv", str(path), "--mapping", str(tmp_path / "m.toml"))
    status, out, _ = run(*words)
    assert status == 0
    assert "Posted: 3 transactions; opened 2 accounts; registered 2 people." in out
    before = counted()
    status, out, _ = run(*words, "--language", "ar")
    assert (status, counted()) == (0, before)
    assert "لم يتغير شيء" in out
    with (tmp_path / "report" / "every-line.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["id"], row["ledger"], row["verdict"]) for row in rows] == [
        ("opening/A1", "90.000", "equal"), ("r1", "100.000", "equal"), ("r2", "98.750", "equal"), ("r3", "5.000", "equal"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "Line 3 of"), ("ar", "السطر ٣ من"), ("he", "שורה 3 בקובץ")],
)
def test_a_refusal_is_one_translated_sentence_and_changes_nothing(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path, language: str, said: str
):
    path = tmp_path / "b.csv"
    path.write_text(
        "ref,account,date,amount,balance,who\nr1,A1,2026-01-02,1,1,\nr2,A1,2026-01-02,0,1,\n", encoding="ascii"
    )
    before = counted()
    status, out, err = run("csv", str(path), "--mapping", str(tmp_path / "m.toml"), "--language", language)
    assert (status, out, counted()) == (2, "", before)
    assert said in err


def test_the_report_names_what_can_t_follow_and_each_rounding_apart(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path
):
    status, out, _ = run("pkdd99", str(write_books(tmp_path)))
    assert status == 0
    assert "Skipped: line 11 of trans.asc has no end" in out
    assert "follow from the line before, exactly: 7" in out
    assert "line 7, account 1, 1993-03-01: printed 1000.00, expected 1190.40, difference -190.40" in out
    assert "+420 100000011" in out

    def ids(name: str) -> list[str]:
        with (tmp_path / "report" / name).open(encoding="utf-8-sig", newline="") as file:
            return [row["id"] for row in csv.DictReader(file)]

    assert ids("cannot-follow.csv") == ["106"]
    assert ids("rounding.csv") == ["105"]
    assert ids("ledger-differs.csv") == []
    assert len(ids("every-line.csv")) == 9
