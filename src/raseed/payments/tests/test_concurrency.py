"""Payments when things happen at the same second: threads, real transactions, real locks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from uuid import UUID

import pytest
from django.db import connection

from raseed.banking import api as banking
from raseed.banking.api import AccountState, Alias, AliasKind, BankAccount, Limits
from raseed.banking.tests.town import Town, build_town
from raseed.display import api as display
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money, currency
from raseed.payments import api as payments
from raseed.payments.api import Instruction, Payment, PaymentState
from raseed.people import api as people

EGP = currency("EGP")
ROUNDS = 8


@pytest.fixture
def town(database: object) -> Town:
    del database
    return build_town()


def at_once(acts: Sequence[Callable[[], object]]) -> list[object]:
    """Run acts in threads that start together; return what each returned or was refused with, in order."""
    gate = threading.Barrier(len(acts))
    answers: list[object] = [None] * len(acts)

    def run(place: int, act: Callable[[], object]) -> None:
        try:
            gate.wait()
            answers[place] = act()
        except RaseedError as refusal:
            answers[place] = refusal
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place, act)) for place, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def paying(
    payer: BankAccount, payee: BankAccount, amount_minor: int, *, id_: UUID | None = None
) -> Callable[[], Payment]:
    to = Alias(AliasKind.PHONE, payee.alias(AliasKind.PHONE) or "")
    once = id_ or new_id()

    def act() -> Payment:
        return payments.send(
            id=once, actor_customer_id=payer.owner_id, from_account_id=payer.id, to=to, amount=Money(amount_minor, EGP)
        )

    return act


def booked(account: BankAccount) -> int:
    return display.shown_balance(account.id).booked.amount_minor


def two_wallets(town: Town, *, money: int) -> tuple[BankAccount, BankAccount]:
    return (
        town.wallet(town.person("منى", "+201001234567"), money=money),
        town.wallet(town.person("زياد", "+201001234568")),
    )


def test_a_double_submit_from_several_threads_is_one_payment(town: Town) -> None:
    monas, ziads = two_wallets(town, money=10_000)
    for round_ in range(1, ROUNDS + 1):
        act = paying(monas, ziads, 100)
        answers = at_once([act] * 4)
        assert len({answer.id for answer in answers if isinstance(answer, Payment)}) == 1
        assert [answer.state for answer in answers if isinstance(answer, Payment)] == [PaymentState.SETTLED] * 4
        assert booked(ziads) == 100 * round_
    assert banking.left_today(monas.id, now=town.clock.now())[1] is not None


def test_one_id_with_two_contents_at_once_is_one_payment_and_one_conflict(town: Town) -> None:
    monas, ziads = two_wallets(town, money=10_000)
    for _ in range(ROUNDS):
        id_ = new_id()
        before = booked(ziads)
        answers = at_once([paying(monas, ziads, 100, id_=id_), paying(monas, ziads, 200, id_=id_)])
        kinds = sorted(type(answer).__name__ for answer in answers)
        assert kinds == ["Payment", "PaymentIdTaken"]
        assert booked(ziads) - before in (100, 200)


def test_two_payments_that_only_fit_one_by_one_do_not_both_go(town: Town) -> None:
    monas, ziads = two_wallets(town, money=ROUNDS * 100)
    for _ in range(ROUNDS):
        left = booked(monas)
        answers = at_once([paying(monas, ziads, left), paying(monas, ziads, left - 1)])
        states = sorted(answer.state.value for answer in answers if isinstance(answer, Payment))
        assert states == ["refused", "settled"]
        assert booked(monas) in (0, 1)
        at_once([paying(ziads, monas, ROUNDS * 100 - booked(monas))])


def test_people_who_pay_each_other_at_once_never_deadlock_and_lose_nothing(town: Town) -> None:
    wallets = [town.wallet(town.person(f"p{n}", f"+2010012300{n:02d}"), money=1_000) for n in range(4)]
    acts = [
        paying(payer, payee, 10) for payer in wallets for payee in wallets if payer.id != payee.id for _ in range(2)
    ]
    answers = at_once(acts)
    assert {answer.state for answer in answers if isinstance(answer, Payment)} == {PaymentState.SETTLED}
    assert [booked(wallet) for wallet in wallets] == [1_000] * 4


def test_the_daily_limit_holds_against_many_at_once(town: Town) -> None:
    monas, ziads = two_wallets(town, money=100_000)
    banking.set_limits(
        product_id=monas.product.id, limits=Limits(per_transfer_minor=None, per_day_minor=500),
        valid_from=town.clock.now().date(), actor="staff:1", reason="test",
    )  # fmt: skip
    answers = at_once([paying(monas, ziads, 100) for _ in range(8)])
    codes = [answer.timeline[-1].reason_code for answer in answers if isinstance(answer, Payment)]
    assert sorted(code or "" for code in codes) == [""] * 5 + ["limit_per_day"] * 3
    assert booked(ziads) == 500


def test_closing_and_paying_at_the_same_second_leaves_no_money_in_a_closed_account(town: Town) -> None:
    monas = town.wallet(town.person("منى", "+201001234567"), money=100_000)
    seen = set()
    for round_ in range(ROUNDS):
        target = town.wallet(town.person("ز", f"+2010012301{round_:02d}"))

        def close(account_id: UUID = target.id) -> BankAccount:
            return banking.close_account(account_id=account_id, by=people.SYSTEM, reason="test")

        paid, closed = at_once([paying(monas, target, 100), close])
        assert isinstance(paid, Payment)
        state = banking.account(target.id).state
        if paid.state is PaymentState.SETTLED:
            assert isinstance(closed, banking.AccountNotEmpty)
            assert (state, booked(target)) == (AccountState.OPEN, 100)
        else:
            assert paid.timeline[-1].reason_code == "recipient_closed"
            assert (state, booked(target)) == (AccountState.CLOSED, 0)
        seen.add(paid.state)
    assert seen


def test_a_payer_who_empties_and_closes_at_the_same_second_ends_in_one_of_the_two_orders(town: Town) -> None:
    ziads = town.wallet(town.person("زياد", "+201001234568"))
    for round_ in range(ROUNDS):
        source = town.wallet(town.person("م", f"+2010012302{round_:02d}"), money=100)

        def close(account_id: UUID = source.id) -> BankAccount:
            return banking.close_account(account_id=account_id, by=people.SYSTEM, reason="test")

        paid, closed = at_once([paying(source, ziads, 100), close])
        assert isinstance(paid, Payment)
        assert paid.state is PaymentState.SETTLED
        expected = AccountState.CLOSED if isinstance(closed, BankAccount) else AccountState.OPEN
        assert (banking.account(source.id).state, booked(source)) == (expected, 0)


def test_after_a_block_has_returned_nothing_more_leaves(town: Town) -> None:
    monas, ziads = two_wallets(town, money=100_000)
    balances: list[int] = []

    def block() -> None:
        banking.block_account(account_id=monas.id, by=people.SYSTEM, reason="stolen")
        balances.append(booked(monas))

    answers = at_once([block, *(paying(monas, ziads, 100) for _ in range(8))])
    settled = [answer for answer in answers if isinstance(answer, Payment) and answer.state is PaymentState.SETTLED]
    assert balances == [booked(monas)] == [100_000 - 100 * len(settled)]


def test_batches_that_share_ids_and_accounts_settle_each_payment_once(town: Town) -> None:
    monas, ziads = two_wallets(town, money=100_000)
    shared = [
        Instruction(new_id(), monas.owner_id, monas.id, Alias(AliasKind.PHONE, ziads.alias(AliasKind.PHONE) or ""), Money(10, EGP))
        for _ in range(40)
    ]  # fmt: skip
    answers = at_once(
        [lambda: payments.send_many(shared), lambda: payments.send_many(shared[::-1]), lambda: payments.send_many(shared[:5])]
    )  # fmt: skip
    settled = {payment.id for batch in answers if isinstance(batch, list) for payment in batch}
    assert settled == {instruction.id for instruction in shared}
    assert booked(ziads) == 400
