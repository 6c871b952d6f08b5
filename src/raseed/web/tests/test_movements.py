"""What a movement and an account are called on a page."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

from raseed.banking import api as banking
from raseed.kernel.money import Money, currency
from raseed.people import api as people
from raseed.web.accounts import ShownAccount, _told_apart
from raseed.web.movements import days_of, movement_of
from raseed.web.reader import Reader

EGP, ILS = currency("EGP"), currency("ILS")
LINE = banking.StatementLine(
    seq=1,
    posted_at=datetime(2026, 3, 1, 22, 30, tzinfo=UTC),
    booked_on=date(2026, 3, 2),
    counterparty="Mona Khalil",
    counterparty_kind=banking.CounterpartyKind.CUSTOMER,
    amount=Money(100, EGP),
    balance_after=Money(100, EGP),
    reference="AB12",
    note="Rent",
)
CAIRO = "Africa/Cairo"


def test_a_person_comes_first_then_the_words() -> None:
    movement = movement_of(LINE, CAIRO)
    assert (movement.title, movement.detail) == ("Mona Khalil", "Rent")


def test_words_come_before_the_name_of_an_institutions_own_account() -> None:
    line = replace(LINE, counterparty="Money in trust", counterparty_kind=banking.CounterpartyKind.INSTITUTION)
    assert (movement_of(line, CAIRO).title, movement_of(line, CAIRO).detail) == ("Rent", "Money in trust")
    assert movement_of(replace(line, note=""), CAIRO).title == "Money in trust"


def test_the_hour_stands_only_where_it_is_of_the_day_the_movement_counts_for() -> None:
    assert movement_of(LINE, CAIRO).at == LINE.posted_at
    assert movement_of(LINE, "UTC").at is None, "there it was still the day before"
    assert movement_of(replace(LINE, booked_on=date(1995, 1, 1)), CAIRO).at is None


def test_days_stand_together_and_are_named_once() -> None:
    movements = [movement_of(replace(LINE, booked_on=date(2026, 3, day)), CAIRO) for day in (3, 3, 2)]
    days = days_of(movements, under="2026-03-03")
    assert [(day.booked_on.day, len(day.movements), day.headed) for day in days] == [(3, 2, False), (2, 1, True)]
    assert days_of([]) == []


def _account(name: str, unit: str, number: str) -> ShownAccount:
    product = banking.Product(UUID(int=1), UUID(int=2), banking.ProductKind.CURRENT, currency(unit), {"en": name})
    alias = banking.AccountAlias(banking.AliasKind.NUMBER, number, datetime(2026, 1, 1, tzinfo=UTC))
    account = banking.BankAccount(
        id=UUID(int=int(number)), institution_id=UUID(int=2), owner_id=UUID(int=3), product=product, currency=currency(unit),
        ledger=1, name="", state=banking.AccountState.OPEN, opened_on=date(2026, 1, 1), zone=CAIRO, aliases=(alias,),
    )  # fmt: skip
    keeper = people.Institution(UUID(int=2), "bank", {"en": "Bank"}, "bank", "EG", CAIRO, "EGP", "EG")
    return ShownAccount(account, keeper, name, "Bank", None)


def test_accounts_of_one_name_are_told_apart_by_currency_else_by_number() -> None:
    accounts = [
        _account("Wallet", "EGP", "1"),
        _account("Current", "EGP", "10001234"),
        _account("Current", "ILS", "10005678"),
        _account("Savings", "EGP", "20001111"),
        _account("Savings", "EGP", "20002222"),
    ]
    assert [one.mark for one in _told_apart(accounts, Reader("en"))] == ["", "EGP", "₪", "1111", "2222"]
    assert _told_apart(accounts, Reader("ar"))[3].mark == "١١١١"
