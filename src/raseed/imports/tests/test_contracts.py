"""Loans and standing orders come in whole with their books, once, and are laid beside what the lines say."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction

from raseed.banking import api as banking
from raseed.display import api as display
from raseed.imports import cli
from raseed.imports.api import import_books
from raseed.imports.contract_report import compare_loans
from raseed.imports.contracts import loan_id
from raseed.imports.domain.books import Books, derived_id
from raseed.imports.domain.contracts import (
    Agreement,
    Standing,
    agreement,
    days_of_orders,
    first_due_after,
    loans_of_orders,
    payments_of_loans,
)
from raseed.imports.domain.pkdd99 import read_pkdd99
from raseed.imports.errors import (
    AccountUnknown,
    FileRefused,
    IdRepeated,
    LineAmountInvalid,
    LineContentDiffers,
    LineDateInvalid,
    LineUnreadable,
    LoanSumDiffers,
)
from raseed.imports.models import LoanContractRow, LoanPaymentRow, OrderRow
from raseed.imports.services import POSTING
from raseed.kernel.clock import ManualClock
from raseed.ledger import api as ledger
from raseed.payments import api as payments
from raseed.people import api as people

from .sample import CUT, LOAN, ORDER, PAID, TRANS, write_books
from .test_pkdd99 import real_bank

__all__ = ["real_bank"]


def read(folder: Path, **files: tuple[str, ...]) -> Books:
    lines = {"order": ORDER, "loan": LOAN, **files}
    trans = lines.pop("trans", (*TRANS, *PAID))
    return read_pkdd99(write_books(folder, trans=trans, cut=CUT, **lines))


@pytest.fixture
def books(tmp_path: Path) -> Books:
    return read(tmp_path)


def counted() -> tuple[int, ...]:
    tables = (
        "ledger_transfer", "ledger_account", "people_customer", "banking_account", "banking_loan", "payments_standing",
        "imports_line", "imports_run", "imports_loan", "imports_loan_payment", "imports_order",
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"(SELECT count(*) FROM {table})" for table in tables))
        return tuple(cursor.fetchone())


def test_orders_and_loans_are_read_with_their_accounts(books: Books) -> None:
    assert [(each.source_id, each.bank, each.to_account, each.amount_minor) for each in books.orders[:2]] == [
        ("301", "QR", "13943797", 100_00), ("302", "ST", "89597016", 33_30),
    ]  # fmt: skip
    assert [each.purpose.value for each in books.orders] == ["household", "loan", "", "insurance", "loan"]
    first = books.loans[0]
    assert (first.granted_on, first.amount_minor, first.months, first.payment_minor) == (
        date(1993, 1, 12),
        396_00,
        12,
        33_00,
    )
    assert [(each.status, each.is_over, each.has_trouble) for each in books.loans] == [
        ("A", True, False), ("B", True, True), ("C", False, False),
    ]  # fmt: skip
    assert [account.number for account in books.accounts] == ["1", "2", "3"]


def test_books_without_orders_and_loans_are_read_as_before(tmp_path: Path) -> None:
    books = read_pkdd99(write_books(tmp_path))
    assert (books.orders, books.loans, len(books.accounts)) == ((), (), 2)


@pytest.mark.parametrize(
    ("file", "line", "refusal"),
    [
        ("order", '306;9;"QR";"1";5.00;"SIPO"', AccountUnknown),
        ("order", '301;1;"QR";"1";5.00;"SIPO"', IdRepeated),
        ("order", '306;1;"QR";"1";0.00;"SIPO"', LineAmountInvalid),
        ("order", '306;1;"QR";"1";-5.00;"SIPO"', LineAmountInvalid),
        ("order", '306;1;"";"1";5.00;"SIPO"', LineUnreadable),
        ("order", '306;1;"Q R";"1";5.00;"SIPO"', LineUnreadable),
        ("order", '306;1;"QR";"1";5.00;"DAR"', LineUnreadable),
        ("order", '306;1;"QR";"1";5.00', FileRefused),
        ("loan", '404;9;930705;1200;12;100.00;"A"', AccountUnknown),
        ("loan", '401;1;930705;1200;12;100.00;"A"', IdRepeated),
        ("loan", '404;1;930705;1201;12;100.00;"A"', LoanSumDiffers),
        ("loan", '404;1;930705;1200;12;100.001;"A"', LineAmountInvalid),
        ("loan", '404;1;930705;0;12;0.00;"A"', LineAmountInvalid),
        ("loan", '404;1;930231;1200;12;100.00;"A"', LineDateInvalid),
        ("loan", '404;1;930705;1200;0;100.00;"A"', LineUnreadable),
        ("loan", '404;1;930705;1200;9999999999;100.00;"A"', LineUnreadable),
        ("loan", '404;1;930705;1200;١٢;100.00;"A"'.encode().decode("latin-1"), LineUnreadable),
        ("loan", '404;1;930705;1200;12;100.00;"E"', LineUnreadable),
    ],
)
def test_a_bad_order_or_loan_refuses_everything_and_is_named(
    tmp_path: Path, file: str, line: str, refusal: type[FileRefused]
) -> None:
    lines = {"order": ORDER, "loan": LOAN}[file]
    with pytest.raises(refusal) as refused:
        read(tmp_path, **{file: (*lines, line)})
    assert refused.value.params["line"] == len(lines) + 1


@pytest.mark.parametrize(
    ("granted_on", "first"),
    [
        (date(1993, 7, 5), date(1993, 7, 12)),
        (date(1993, 7, 12), date(1993, 8, 12)),
        (date(1993, 12, 31), date(1994, 1, 12)),
    ],
)
def test_the_first_instalment_is_on_the_next_such_day(granted_on: date, first: date) -> None:
    assert first_due_after(granted_on, 12) == first


def test_a_line_pays_the_loan_whose_instalment_it_is_and_no_more_than_was_lent(books: Books) -> None:
    paid = payments_of_loans(books.lines, books.loans)
    assert {loan: [line.source_id for line in lines] for loan, lines in paid.items()} == {"401": ["107", "108"]}
    small = replace(books.loans[0], amount_minor=66_00, months=2)
    assert [line.source_id for line in payments_of_loans(books.lines, [small])["401"]] == ["107"]
    later = replace(books.loans[0], granted_on=date(1993, 3, 12))
    assert payments_of_loans(books.lines, [later]) == {}
    other = replace(books.loans[0], payment_minor=32_00)
    assert payments_of_loans(books.lines, [other]) == {}


def test_orders_know_their_loan_and_their_day(books: Books) -> None:
    assert {order: loan.source_id for order, loan in loans_of_orders(books.orders, books.loans).items()} == {
        "302": "401"
    }
    assert days_of_orders(books.orders, books.lines) == {"301": 1, "302": 12}


@pytest.mark.parametrize(
    ("status", "due", "arrears", "to_its_end", "said"),
    [
        ("A", 4, 0, True, Agreement.AGREES),
        ("A", 4, 200, True, Agreement.AGREES),
        ("A", 4, 201, True, Agreement.DIFFERS),
        ("C", 4, 0, False, Agreement.AGREES_SO_FAR),
        ("C", 0, 0, False, Agreement.CANNOT_TELL),
        ("B", 4, 0, True, Agreement.DIFFERS),
        ("B", 4, 5_000, True, Agreement.AGREES),
        ("D", 4, 0, False, Agreement.CANNOT_TELL),
        ("D", 4, 5_000, False, Agreement.AGREES),
    ],
)
def test_a_status_is_compared_as_far_as_the_lines_go(
    books: Books,
    status: str,
    due: int,
    arrears: int,
    to_its_end: bool,  # noqa: FBT001
    said: Agreement,
) -> None:
    loan = replace(books.loans[0], status=status, has_trouble=status in "BD", is_over=status in "AB")
    assert agreement(loan, Standing(due, arrears, to_its_end)) is said


@pytest.mark.usefixtures("database")
class TestBroughtIn:
    """In the database."""

    def test_a_loan_has_the_books_schedule_and_what_the_lines_paid_of_it(self, books: Books) -> None:
        outcome = import_books(books)
        loan = banking.loan(loan_id(books, "401"), on=date(1993, 3, 31))
        assert [(each.due_on, each.total.amount_minor) for each in loan.schedule[:2]] == [
            (date(1993, 2, 12), 33_00), (date(1993, 3, 12), 33_00),
        ]  # fmt: skip
        assert sum(each.total.amount_minor for each in loan.schedule) == 396_00
        assert (loan.granted_on, loan.principal.amount_minor, loan.repaid.amount_minor) == (
            date(1993, 1, 12),
            396_00,
            66_60,
        )
        assert (loan.owed.amount_minor, loan.arrears.amount_minor) == (396_00 - 66_60, 0)
        assert loan.pay_account_id == outcome.accounts["1"]
        behind = banking.loan(loan_id(books, "402"), on=date(1993, 3, 31))
        assert (behind.arrears.amount_minor, behind.days_past_due) == (150_00, 78)

    def test_nothing_is_paid_out_twice_and_the_books_balance(self, books: Books) -> None:
        outcome = import_books(books)
        (last, *_) = ledger.account_history(outcome.accounts["1"], limit=1)
        assert last.balances.credits_posted - last.balances.debits_posted == 1190_50 - 66_60
        third = derived_id("account", "pkdd99", "3")
        assert display.shown_balance(third).booked.amount_minor == 0
        with connection.cursor() as cursor:
            cursor.execute("SELECT sum(debits_posted), sum(credits_posted) FROM ledger_balance")
            debited, credited = cursor.fetchone()
        assert debited == credited
        assert banking.sums(outcome.institution_id).loans.amount_minor == 396_00 + 1200_00 + 2400_00 - 66_60

    def test_an_order_to_a_loan_of_these_books_runs_and_all_others_wait(self, books: Books) -> None:
        outcome = import_books(books, clock=ManualClock(datetime(2026, 3, 1, 12, tzinfo=UTC)))
        orders = {row.source_id: payments.standing_order(row.standing_order_id) for row in OrderRow.objects.all()}
        assert {key: each.state for key, each in orders.items()} == {
            "301": payments.StandingState.WAITING, "302": payments.StandingState.ACTIVE,
            "303": payments.StandingState.WAITING, "304": payments.StandingState.WAITING,
            "305": payments.StandingState.WAITING,
        }  # fmt: skip
        assert orders["301"].to == payments.Outside("QR", "13943797")
        assert orders["301"].purpose is payments.Purpose.HOUSEHOLD
        runs = orders["302"]
        assert (runs.try_on, runs.from_account_id) == (date(2026, 3, 12), outcome.accounts["1"])
        owner = people.customer_by_phone("+420100000011")
        assert {each.id for each in payments.standing_orders(owner.id).orders} == {orders["301"].id, runs.id}

    def test_the_order_pays_its_loan(self, books: Books) -> None:
        clock = ManualClock(datetime(2026, 3, 1, 12, tzinfo=UTC))
        import_books(books, clock=clock)
        clock.advance(datetime(2026, 3, 12, 12, tzinfo=UTC) - clock.now())
        assert payments.run_standing_orders(clock=clock) == 1
        loan = banking.loan(loan_id(books, "401"), on=date(1993, 3, 31))
        assert loan.repaid.amount_minor == 66_60 + 33_30
        assert all(each.is_right for each in compare_loans(books))

    def test_the_same_books_twice_change_nothing(self, books: Books) -> None:
        first = import_books(books)
        assert (len(first.contracts.loans), len(first.contracts.orders), len(first.contracts.payments)) == (3, 5, 2)
        before = counted()
        again = import_books(books)
        assert counted() == before
        assert (again.contracts.is_new, again.contracts.loans_known, again.contracts.orders_known) == (False, 3, 5)

    def test_books_that_came_without_them_get_them_later_and_lines_that_come_later_pay(self, tmp_path: Path) -> None:
        import_books(read_pkdd99(write_books(tmp_path)))
        first = import_books(read(tmp_path, trans=TRANS))
        assert (first.lines_new, len(first.contracts.loans), len(first.contracts.payments)) == (0, 3, 0)
        assert (first.accounts_new, first.people_new) == (1, 1)
        later = import_books(read(tmp_path))
        assert (later.lines_new, len(later.contracts.loans), len(later.contracts.payments)) == (2, 0, 2)
        assert banking.loan(derived_id("loan", "pkdd99", "401")).repaid.amount_minor == 66_60

    @pytest.mark.parametrize(
        ("file", "old", "new"),
        [("order", "250.00", "251.00"), ("order", '"YZ"', '"ZZ"'), ("loan", '24;50.00;"B"', '24;50.00;"A"')],
    )
    def test_other_content_under_a_known_id_refuses_everything(
        self, books: Books, tmp_path: Path, file: str, old: str, new: str
    ) -> None:
        import_books(books)
        before = counted()
        changed = tuple(line.replace(old, new) for line in {"order": ORDER, "loan": LOAN}[file])
        with pytest.raises(LineContentDiffers) as refused:
            import_books(read(tmp_path, **{file: changed}))
        assert refused.value.params["file"] == f"{file}.asc"
        assert counted() == before

    def test_an_import_that_is_interrupted_leaves_nothing(self, books: Books) -> None:
        def interrupted(what: str, done: int, total: int) -> None:
            if what == POSTING and done == total:
                raise KeyboardInterrupt

        before = counted()
        with pytest.raises(KeyboardInterrupt):
            import_books(books, progress=interrupted)
        assert counted() == before
        import_books(books)
        assert LoanContractRow.objects.count() == 3

    @pytest.mark.parametrize("table", ["imports_loan", "imports_loan_payment", "imports_order"])
    def test_what_was_imported_is_never_changed(self, books: Books, table: str) -> None:
        import_books(books)
        for change in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
            with pytest.raises(DatabaseError, match=r"append-only|permission denied"), transaction.atomic():
                connection.cursor().execute(change)

    def test_a_loan_that_is_not_the_books_is_named(self, books: Books) -> None:
        import_books(books)
        assert all(each.is_right for each in compare_loans(books))
        lied = replace(books, loans=(replace(books.loans[0], granted_on=date(1993, 1, 20)), *books.loans[1:]))
        assert [each.is_right for each in compare_loans(lied)] == [True, True, True], "the same due dates"
        lied = replace(books, loans=(replace(books.loans[0], months=6, payment_minor=66_00), *books.loans[1:]))
        assert [each.is_right for each in compare_loans(lied)] == [False, True, True]
        LoanPaymentRow.objects.all()

    def test_the_report_says_what_came_and_what_fits(
        self, books: Books, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        del books
        for language, said in (
            ("en", "Loans: 3 brought in, 0 were here already; lent 3996.00, schedules add up to 3996.00."),
            ("ar", "القروض"),
            ("he", "הלוואות"),
        ):
            words = ["pkdd99", str(tmp_path), "--report", str(tmp_path / "report"), "--language", language]
            assert cli.main(words) == 0
            out = capsys.readouterr().out
            assert said in out
            if language == "en":
                assert "pay loans of these books and run: 1" in out
                assert "wait until payments between institutions work: 4" in out
                assert "loan 402, status B: 150.00 overdue on 1993-03-12" in out
        with (tmp_path / "report" / "loans.csv").open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        assert [(row["loan"], row["schedule_sum"], row["schedule_is_the_books"], row["status_and_lines"]) for row in rows] == [
            ("401", "396.00", "yes", "agrees_so_far"), ("402", "1200.00", "yes", "agrees"),
            ("403", "2400.00", "yes", "cannot_tell"),
        ]  # fmt: skip
        with (tmp_path / "report" / "orders.csv").open(encoding="utf-8-sig", newline="") as file:
            assert [row["state"] for row in csv.DictReader(file)] == ["waits", "runs", "waits", "waits", "waits"]


def test_the_real_bank_has_682_loans_and_6471_orders_of_which_its_lines_show_these(real_bank: Path) -> None:
    books = read_pkdd99(real_bank)
    assert (len(books.loans), len(books.orders)) == (682, 6_471)
    assert sum(loan.amount_minor for loan in books.loans) == sum(
        loan.payment_minor * loan.months for loan in books.loans
    )
    paid = payments_of_loans(books.lines, books.loans)
    assert (len(paid), sum(len(lines) for lines in paid.values())) == (34, 123)
    assert {line.booked_on.day for lines in paid.values() for line in lines} == {12}
    assert len(loans_of_orders(books.orders, books.loans)) == 682
    assert len(days_of_orders(books.orders, books.lines)) == 1_150
