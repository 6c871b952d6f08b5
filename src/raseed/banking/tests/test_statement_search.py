"""The statement on the screen: filtered, searched, and never telling more than it shows."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raseed.banking import api as banking
from raseed.banking import statement as statements
from raseed.banking.api import Alias, AliasKind, BankAccount, Flow, InternalRole, StatementFilter, StatementLine
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money, currency
from raseed.ledger import api as ledger
from raseed.payments import api as payments
from raseed.people import api as people

from .town import Town, build_town

EGP = currency("EGP")
TODAY = date(2026, 3, 1)


@pytest.fixture
def town(database: object) -> Town:
    del database
    return build_town()


def fill(account: BankAccount, count: int) -> None:
    """Let money come and go over the counter: amounts 1, −2, 3, −4 … booked a day apart, from 2025 on."""
    till = banking.internal_account(account.institution_id, InternalRole.CASH, account.currency.code).id
    transfers = [
        ledger.NewTransfer(
            id=new_id(),
            debit_account_id=till if place % 2 else account.id,
            credit_account_id=account.id if place % 2 else till,
            amount=place,
            ledger=account.ledger,
            code=1,
            booked_on=date(2025, 1, 1) + timedelta(days=place),
        )
        for place in range(1, count + 1)
    ]
    assert set(ledger.create_transfers(transfers)) == {ledger.CreateTransferResult.OK}


def send(town: Town, payer: people.Customer, source: BankAccount, to: people.Customer, note: str) -> payments.Payment:
    return payments.send(
        id=new_id(),
        actor_customer_id=payer.id,
        from_account_id=source.id,
        to=Alias(AliasKind.PHONE, to.phone),
        amount=Money(100, EGP),
        note=note,
        clock=town.clock,
    )


def found(
    account: BankAccount, sought: StatementFilter, *, language: str = "ar", limit: int = 50
) -> list[StatementLine]:
    """Read all pages."""
    lines: list[StatementLine] = []
    before = None
    for _ in range(200):
        page = banking.statement(account.id, before=before, limit=limit, language=language, filter=sought)
        lines += page.lines
        if page.next is None:
            return lines
        assert page.searched_back_to is not None
        before = page.next
    raise AssertionError("a statement ends")


def notes(account: BankAccount, text: str, language: str = "ar") -> list[str]:
    return [line.note for line in found(account, StatementFilter(text=text), language=language)]


def test_words_are_found_in_names_notes_and_references_however_they_are_written(town: Town) -> None:
    mona, ahmad = town.person("منى علي", "+201001234567"), town.person("أحمد إبراهيم", "+201001234568")
    monas, ahmads = town.wallet(mona, money=10_000), town.wallet(ahmad, money=10_000)
    rent = send(town, ahmad, ahmads, mona, "إيجارُ شقة ١٢")
    send(town, ahmad, ahmads, mona, "Electricity")
    for text in ("احمد", "أَحْمَد", "ابراهيم أحمد", "إيجار", "ايجار شقه", "شقة 12", "شقة ۱۲", "\u200fايجار\u200e", rent.reference.lower(), "احمد ايجار"):  # fmt: skip
        assert notes(monas, text) in (["إيجارُ شقة ١٢"], ["Electricity", "إيجارُ شقة ١٢"]), text
    assert notes(monas, "ELECTRICITY") == ["Electricity"]
    assert notes(monas, "احمد electricity") == ["Electricity"]
    assert notes(monas, "شقة ثانية") == []  # not "13": a reference may have it by chance
    assert len(notes(monas, "   ")) == 3


def test_a_search_is_no_way_to_a_payee_s_name(town: Town) -> None:
    """The payer sees م••• ع•••: parts of the name behind the dots find nothing, in no language and spelling."""
    payer, payee = town.person("زياد حسن", "+201001234568"), town.person("منى علي", "+201001234567")
    source, target = town.wallet(payer, money=10_000), town.wallet(payee)
    send(town, payer, source, payee, "gift")
    for language, text in itertools.product(
        ("ar", "en", "he"), ("منى", "مني", "علي", "نى", "لي", "منى علي", payee.phone)
    ):
        assert notes(source, text, language) == []
    assert notes(source, "م•••") == ["gift"]
    assert notes(target, "زياد") == ["gift"]


def test_conditions_hold_together(town: Town) -> None:
    wallet = town.current(town.person("منى", "+201001234567"), overdraft=True)
    fill(wallet, 60)
    every = found(wallet, StatementFilter())
    assert len(every) == 60
    assert [line.amount.amount_minor for line in found(wallet, StatementFilter(flow=Flow.IN))] == list(range(59, 0, -2))
    assert [line.amount.amount_minor for line in found(wallet, StatementFilter(flow=Flow.OUT, most_minor=4))] == [
        -4,
        -2,
    ]
    assert [line.amount.amount_minor for line in found(wallet, StatementFilter(least_minor=58, most_minor=59))] == [
        59,
        -58,
    ]
    days = StatementFilter(first_day=date(2025, 1, 4), last_day=date(2025, 1, 6))
    assert [line.booked_on.day for line in found(wallet, days)] == [6, 5, 4]
    assert [line.balance_after for line in found(wallet, days)] == [
        line.balance_after for line in every if line.booked_on.day in (4, 5, 6) and line.booked_on.month == 1
    ]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    flow=st.sampled_from([None, Flow.IN, Flow.OUT]),
    least=st.integers(0, 70),
    span=st.integers(0, 70),
    limit=st.integers(1, 50),
    at_once=st.integers(2, 40),
    looked_at=st.integers(1, 90),
    text=st.sampled_from(["", "cash", "nobody"]),
)
def test_pages_of_any_size_hold_what_one_look_at_everything_holds(
    town: Town, flow: Flow | None, least: int, span: int, limit: int, at_once: int, looked_at: int, text: str
) -> None:
    wallet = _filled(town)
    sought = StatementFilter(flow=flow, least_minor=least, most_minor=least + span, text=text)
    wanted = [
        line
        for line in found(wallet, StatementFilter(), language="en")
        if least <= abs(line.amount.amount_minor) <= least + span
        and (flow is None or (flow is Flow.IN) == (line.amount.amount_minor > 0))
        and text != "nobody"
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statements, "READ_AT_ONCE", at_once)
        patch.setattr(statements, "LOOKED_AT_MAX", looked_at)
        assert found(wallet, sought, language="en", limit=limit) == wanted


_wallets: dict[int, BankAccount] = {}


def _filled(town: Town) -> BankAccount:
    if id(town) not in _wallets:
        wallet = town.current(town.person("منى", "+201001234567"), overdraft=True)
        fill(wallet, 70)
        _wallets[id(town)] = wallet
    return _wallets[id(town)]


def test_a_page_that_finds_little_says_how_far_it_has_looked(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    wallet = town.current(town.person("منى", "+201001234567"), overdraft=True)
    fill(wallet, 100)
    monkeypatch.setattr(statements, "READ_AT_ONCE", 10)
    monkeypatch.setattr(statements, "LOOKED_AT_MAX", 30)
    sought = StatementFilter(most_minor=3)
    first = banking.statement(wallet.id, filter=sought)
    assert first.lines == ()
    assert first.next is not None
    every = found(wallet, StatementFilter())
    assert first.searched_back_to == every[29].posted_at
    assert [line.amount.amount_minor for line in found(wallet, sought)] == [3, -2, 1]


def test_a_page_without_more_says_nothing_of_having_looked(town: Town) -> None:
    wallet = town.current(town.person("منى", "+201001234567"), overdraft=True)
    fill(wallet, 50)
    page = banking.statement(wallet.id, limit=50)
    assert (len(page.lines), page.next, page.searched_back_to) == (50, None, None)
    page = banking.statement(wallet.id, limit=49)
    assert page.next == banking.Cursor(page.lines[-1].seq)


@pytest.mark.parametrize(
    ("conditions", "field"),
    [
        ({"first_day": TODAY, "last_day": TODAY - timedelta(days=1)}, "last_day"),
        ({"least_minor": 2, "most_minor": 1}, "most_minor"),
        ({"least_minor": -1}, "least_minor"),
        ({"most_minor": 1 << 63}, "most_minor"),
        ({"text": "x" * 101}, "text"),
    ],
)
def test_conditions_that_nothing_can_pass_are_refused(conditions: dict[str, Any], field: str) -> None:
    with pytest.raises(banking.InvalidFilter) as refused:
        StatementFilter(**conditions)
    assert refused.value.field == field
