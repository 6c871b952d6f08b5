"""Closing: empty, or paid out; with somebody paying at the same second; by who may, with a reason, on record."""

from __future__ import annotations

from functools import partial

import psycopg
import pytest

from raseed.banking import api as banking
from raseed.banking.api import AccountState, Alias, AliasKind, BankAccount, BlockReason
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money, currency
from raseed.kernel.text import UnacceptableText
from raseed.payments import api as payments
from raseed.people import api as people
from raseed.platform import api as platform

from .town import Town, at_once, booked, build_town, by_owner

EGP = currency("EGP")
ROUNDS = 8


@pytest.fixture
def town(database: object) -> Town:
    del database
    return build_town()


def pay(payer: BankAccount, payee: BankAccount, amount: int) -> payments.Payment:
    kind = AliasKind.PHONE if payee.alias(AliasKind.PHONE) else AliasKind.NUMBER
    return payments.send(
        id=new_id(), actor_customer_id=payer.owner_id, from_account_id=payer.id,
        to=Alias(kind, payee.alias(kind) or ""), amount=Money(amount, EGP),
    )  # fmt: skip


def test_what_is_left_goes_to_the_owners_other_account(town: Town) -> None:
    mona = town.person("منى", "+201001234567")
    wallet, current = town.wallet(mona, money=700), town.current(mona)
    closed = banking.close_account(account_id=wallet.id, by=by_owner(mona), pay_out_to=current.id, clock=town.clock)
    assert (closed.state, booked(wallet), booked(current)) == (AccountState.CLOSED, 0, 700)
    again = banking.close_account(account_id=wallet.id, by=by_owner(mona), pay_out_to=current.id, clock=town.clock)
    assert (again, booked(current)) == (closed, 700)
    (line,) = banking.statement(current.id, language="en").lines
    assert (line.amount.amount_minor, line.counterparty_kind) == (700, banking.CounterpartyKind.OWN_ACCOUNT)
    record = platform.audit_trail(f"account:{wallet.id}")[0]
    assert (record.actor, record.before) == (f"customer:{mona.id}", {"state": "open"})
    assert record.after == {"state": "closed", "paid_out_minor": 700, "paid_out_to": str(current.id)}


def test_it_does_not_go_to_another_person_another_currency_itself_a_loan_or_a_blocked_account(town: Town) -> None:
    mona, ziad = town.person("منى", "+201001234567"), town.person("زياد", "+201001234568")
    wallet, current = town.wallet(mona, money=700), town.current(mona)
    loan = town.loan(town.current(mona), 10_000, banking.LoanTerms(0, 1, town.clock.now().date().replace(month=4)))
    elsewhere = town.wallet(mona, at=town.other_bank)
    banking.block_account(account_id=current.id, by=people.SYSTEM, reason="test", clock=town.clock)
    for to in (town.wallet(ziad).id, elsewhere.id, wallet.id, loan.account.id, current.id, new_id()):
        with pytest.raises(banking.PayOutImpossible):
            banking.close_account(account_id=wallet.id, by=by_owner(mona), pay_out_to=to, clock=town.clock)
    assert (banking.account(wallet.id).state, booked(wallet)) == (AccountState.OPEN, 700)


def test_staff_need_the_permission_and_a_reason_and_another_customer_nothing_helps(town: Town) -> None:
    mona, ziad = town.person("منى", "+201001234567"), town.person("زياد", "+201001234568")
    wallet = town.wallet(mona)
    closer = town.staff("banking.accounts.close")
    for by in (
        by_owner(ziad),
        town.staff("banking.accounts.block"),
        town.staff("banking.accounts.close", at=town.other_bank),
    ):
        with pytest.raises(people.NotPermitted):
            banking.close_account(account_id=wallet.id, by=by, reason="asked at the desk")
    with pytest.raises(UnacceptableText):
        banking.close_account(account_id=wallet.id, by=closer, reason=" ")
    assert (
        banking.close_account(account_id=wallet.id, by=closer, reason="asked at the desk").state is AccountState.CLOSED
    )


def test_every_verb_on_states_asks_for_its_permission_and_leaves_before_and_after(town: Town) -> None:
    wallet = town.wallet(town.person("منى", "+201001234567"))
    wrong = town.staff("banking.accounts.view")
    for verb in (banking.block_account, banking.unblock_account, banking.reopen_account, banking.reactivate_account):
        with pytest.raises(people.NotPermitted):
            verb(account_id=wallet.id, by=wrong, reason="because of this")
    blocker = town.staff("banking.accounts.block")
    blocked = banking.block_account(
        account_id=wallet.id, code=BlockReason.COURT_ORDER, by=blocker, reason="file 17/2026", clock=town.clock
    )
    assert blocked.block_reason is BlockReason.COURT_ORDER
    record = platform.audit_trail(f"account:{wallet.id}")[0]
    assert (record.actor, record.reason, record.before, record.after) == (
        blocker.actor, "file 17/2026", {"state": "open"}, {"state": "blocked", "block_reason": "court_order"},
    )  # fmt: skip
    assert record.at == town.clock.now()
    unblocked = banking.unblock_account(account_id=wallet.id, by=blocker, reason="order lifted", clock=town.clock)
    assert unblocked.block_reason is None
    with pytest.raises(people.NotPermitted):
        banking.unblock_account(account_id=wallet.id, by=by_owner(people.customer(wallet.owner_id)), reason="mine")


def test_closing_with_a_pay_out_and_being_paid_at_the_same_second_loses_nothing(town: Town) -> None:
    ziad = town.person("زياد", "+201001234568")
    payer = town.wallet(ziad, money=100_000)
    outcomes = set()
    for round_ in range(ROUNDS):
        mona = town.person("منى", f"+2010012301{round_:02d}")
        wallet, current = town.wallet(mona, money=500), town.current(mona)
        paid, closed = at_once(
            [
                partial(pay, payer, wallet, 100),
                partial(banking.close_account, account_id=wallet.id, by=by_owner(mona), pay_out_to=current.id),
            ]
        )
        assert isinstance(paid, payments.Payment)
        assert isinstance(closed, BankAccount), closed
        settled = paid.state is payments.PaymentState.SETTLED
        assert settled or paid.timeline[-1].reason_code == "recipient_closed"
        assert (booked(wallet), booked(current)) == (0, 600 if settled else 500)
        outcomes.add(settled)
    assert outcomes


def test_closing_with_a_pay_out_and_paying_at_the_same_second_ends_in_one_of_the_two_orders(town: Town) -> None:
    payee = town.wallet(town.person("زياد", "+201001234568"))
    for round_ in range(ROUNDS):
        mona = town.person("منى", f"+2010012302{round_:02d}")
        wallet, current = town.wallet(mona, money=500), town.current(mona)
        before = booked(payee)
        paid, closed = at_once(
            [
                partial(pay, wallet, payee, 200),
                partial(banking.close_account, account_id=wallet.id, by=by_owner(mona), pay_out_to=current.id),
            ]
        )
        assert isinstance(paid, payments.Payment)
        assert isinstance(closed, BankAccount), closed
        settled = paid.state is payments.PaymentState.SETTLED
        assert settled or paid.timeline[-1].reason_code == "account_closed"
        assert booked(wallet) == 0
        assert (booked(current), booked(payee) - before) == ((300, 200) if settled else (500, 0))


def test_two_accounts_that_are_paid_out_into_each_other_at_once_leave_one_with_all(town: Town) -> None:
    for round_ in range(ROUNDS):
        mona = town.person("منى", f"+2010012303{round_:02d}")
        one, other = town.wallet(mona, money=500), town.current(mona, money=300)
        answers = at_once(
            [
                partial(banking.close_account, account_id=a.id, by=by_owner(mona), pay_out_to=b.id)
                for a, b in ((one, other), (other, one))
            ]
        )
        kinds = sorted(type(answer).__name__ for answer in answers)
        assert kinds == ["BankAccount", "PayOutImpossible"]
        assert sorted([booked(one), booked(other)]) == [0, 800]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE banking_account SET state = 'dormant' WHERE state = 'blocked'",
        "UPDATE banking_account SET state = 'closed' WHERE state = 'blocked'",
        "UPDATE banking_account SET quiet_since = quiet_since - 1",
        "UPDATE banking_account SET product_id = gen_random_uuid()",
    ],
)
def test_the_database_refuses_what_no_verb_does(town: Town, database, statement: str) -> None:
    wallet = town.wallet(town.person("منى", "+201001234567"))
    banking.block_account(account_id=wallet.id, by=people.SYSTEM, reason="test")
    with psycopg.connect(database.owner_dsn) as owner, pytest.raises(psycopg.errors.RestrictViolation):
        owner.execute(statement)


def test_a_block_reason_goes_with_the_block_whoever_lifts_it(town: Town, database) -> None:
    wallet = town.wallet(town.person("منى", "+201001234567"))
    banking.block_account(account_id=wallet.id, code=BlockReason.DECEASED, by=people.SYSTEM, reason="test")
    with psycopg.connect(database.owner_dsn) as owner:
        owner.execute("UPDATE banking_account SET state = 'open'")
    assert banking.account(wallet.id).block_reason is None
    with psycopg.connect(database.owner_dsn) as owner, pytest.raises(psycopg.errors.CheckViolation):
        owner.execute("UPDATE banking_account SET state = 'blocked', block_reason = 'dislike'")
