"""The ledger's verbs on a real database."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest
from django.db import connection, transaction

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.kernel.money import currency
from raseed.ledger import api, state
from raseed.ledger.api import AccountFlags, NewAccount, NewTransfer, TransferFlags
from raseed.ledger.api import CreateTransferResult as R
from raseed.ledger.columns import intent_of

if TYPE_CHECKING:
    from uuid import UUID

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def ledger(database: object) -> int:
    return api.open_ledger(institution_id=new_id(), currency=currency("EGP"))


def open_accounts(ledger: int, *flags: AccountFlags) -> list[UUID]:
    accounts = [NewAccount(new_id(), ledger, 1, flag) for flag in flags]
    assert set(api.create_accounts(accounts)) == {api.CreateAccountResult.OK}
    return [account.id for account in accounts]


LIMITED = AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS
FREE = AccountFlags.NONE


def move(ledger: int, debit: UUID | None, credit: UUID | None, amount: int, **more: object) -> NewTransfer:
    return NewTransfer(new_id(), debit, credit, amount, ledger, 1, **more)  # type: ignore[arg-type]


def sums(account_id: UUID) -> tuple[int, int, int, int]:
    b = api.look_up_accounts([account_id])[account_id].balances
    return b.debits_pending, b.debits_posted, b.credits_pending, b.credits_posted


def test_a_transfer_moves_its_amount_from_debit_to_credit(ledger: int) -> None:
    cash, wallet = open_accounts(ledger, FREE, LIMITED)
    sent = move(ledger, cash, wallet, 500)
    assert api.create_transfers([sent]) == [R.OK]
    assert sums(cash) == (0, 500, 0, 0)
    assert sums(wallet) == (0, 0, 0, 500)
    assert api.look_up_transfers([sent.id])[sent.id].amount == 500


def test_a_batch_sees_its_own_earlier_transfers_in_limits(ledger: int) -> None:
    cash, a, b = open_accounts(ledger, FREE, LIMITED, LIMITED)
    batch = [move(ledger, a, b, 10), move(ledger, cash, a, 10), move(ledger, a, b, 10), move(ledger, a, b, 1)]
    assert api.create_transfers(batch) == [R.EXCEEDS_CREDITS, R.OK, R.OK, R.EXCEEDS_CREDITS]
    assert sums(a) == (0, 10, 0, 10)
    assert sums(b) == (0, 0, 0, 10)
    history = api.account_history(a)
    assert [entry.transfer.id for entry in history] == [batch[2].id, batch[1].id]
    assert history[0].balances.credits_posted == 10
    assert history[1].balances.debits_posted == 0


def test_a_repeat_answers_exists_and_other_content_is_named(ledger: int) -> None:
    cash, wallet = open_accounts(ledger, FREE, LIMITED)
    sent = move(ledger, cash, wallet, 500)
    other = NewTransfer(sent.id, cash, wallet, 501, ledger, 1)
    assert api.create_transfers([sent]) == [R.OK]
    assert api.create_transfers([sent]) == [R.EXISTS]
    assert api.create_transfers([other, sent, move(ledger, cash, wallet, 1)]) == [
        R.EXISTS_WITH_DIFFERENT_AMOUNT,
        R.EXISTS,
        R.OK,
    ]
    assert sums(wallet) == (0, 0, 0, 501)


def test_a_failed_id_stays_failed(ledger: int) -> None:
    cash, wallet = open_accounts(ledger, FREE, LIMITED)
    early = move(ledger, wallet, cash, 5)
    assert api.create_transfers([early]) == [R.EXCEEDS_CREDITS]
    assert api.create_transfers([move(ledger, cash, wallet, 50)]) == [R.OK]
    assert api.create_transfers([early]) == [R.ID_ALREADY_FAILED]
    assert sums(wallet) == (0, 0, 0, 50)


def test_pending_money_is_posted_voided_or_partly_posted(ledger: int) -> None:
    cash, wallet = open_accounts(ledger, FREE, LIMITED)
    holds = [move(ledger, cash, wallet, 100, flags=TransferFlags.PENDING) for _ in range(3)]
    assert api.create_transfers(holds) == [R.OK] * 3
    assert sums(cash) == (300, 0, 0, 0)
    post, void = TransferFlags.POST_PENDING_TRANSFER, TransferFlags.VOID_PENDING_TRANSFER
    done = [
        NewTransfer(new_id(), None, None, api.AMOUNT_MAX, 0, 0, post, holds[0].id),
        NewTransfer(new_id(), None, None, 30, 0, 0, post, holds[1].id),
        NewTransfer(new_id(), None, None, 0, 0, 0, void, holds[2].id),
        NewTransfer(new_id(), None, None, 0, 0, 0, void, holds[0].id),
        NewTransfer(new_id(), None, None, 101, 0, 0, post, holds[1].id),
    ]
    assert api.create_transfers(done) == [
        R.OK, R.OK, R.OK, R.PENDING_TRANSFER_ALREADY_POSTED, R.EXCEEDS_PENDING_TRANSFER_AMOUNT,
    ]  # fmt: skip
    assert sums(wallet) == (0, 0, 0, 130)
    assert [entry.balances.credits_pending for entry in api.account_history(wallet)] == [0, 100, 200, 300, 200, 100]


def test_only_what_is_pending_is_kept_as_pending_and_nothing_is_resolved_twice(database: object, ledger: int) -> None:
    cash, wallet = open_accounts(ledger, FREE, LIMITED)
    holds = [move(ledger, cash, wallet, 100, flags=TransferFlags.PENDING) for _ in range(3)]
    void = NewTransfer(new_id(), None, None, 0, 0, 0, TransferFlags.VOID_PENDING_TRANSFER, holds[0].id)
    too_much = NewTransfer(new_id(), None, None, 101, 0, 0, TransferFlags.POST_PENDING_TRANSFER, holds[1].id)
    assert api.create_transfers(holds) == [R.OK] * 3
    assert api.create_transfers([void, too_much]) == [R.OK, R.EXCEEDS_PENDING_TRANSFER_AMOUNT]
    with psycopg.connect(database.superuser_dsn) as superuser:  # type: ignore[attr-defined]
        kept = {row[0] for row in superuser.execute("SELECT id FROM ledger_pending").fetchall()}
        assert kept == {holds[1].id, holds[2].id}
        superuser.execute("ALTER TABLE ledger_transfer DISABLE TRIGGER ALL")
        with pytest.raises(psycopg.errors.UniqueViolation):
            superuser.execute("UPDATE ledger_transfer SET pending_id = %s WHERE id = %s", [holds[0].id, holds[1].id])


def test_what_does_not_fit_in_a_batch_is_refused_and_the_rest_of_it_posted(ledger: int) -> None:
    cash, wallet, other = open_accounts(ledger, FREE, LIMITED, LIMITED)
    post, void, linked = TransferFlags.POST_PENDING_TRANSFER, TransferFlags.VOID_PENDING_TRANSFER, TransferFlags.LINKED

    def resolve(hold: NewTransfer, flags: TransferFlags, amount: int = 0, credit: UUID | None = None) -> NewTransfer:
        return NewTransfer(new_id(), None, credit, amount, 0, 0, flags, hold.id)

    holds = [move(ledger, cash, wallet, 100, flags=TransferFlags.PENDING) for _ in range(9)]
    assert api.create_transfers(holds) == [R.OK] * 9
    done = [resolve(holds[0], post), resolve(holds[1], void)]
    assert api.create_transfers(done) == [R.OK] * 2
    never = move(ledger, cash, wallet, 1)
    batch = [
        resolve(holds[2], post, 30),
        resolve(never, post),
        resolve(holds[3], post, 101),
        resolve(holds[4], void, 99),
        resolve(holds[5], void, credit=other),
        resolve(holds[0], post),
        resolve(holds[1], post),
        done[0],
        move(ledger, cash, wallet, 7, flags=linked),
        resolve(move(ledger, cash, wallet, 1), void),
        resolve(holds[6], post, api.AMOUNT_MAX),
        resolve(holds[7], void, 100),
        move(ledger, cash, other, 5),
    ]
    assert api.create_transfers(batch) == [
        R.OK, R.PENDING_TRANSFER_NOT_FOUND, R.EXCEEDS_PENDING_TRANSFER_AMOUNT, R.PENDING_TRANSFER_HAS_DIFFERENT_AMOUNT,
        R.PENDING_TRANSFER_HAS_DIFFERENT_CREDIT_ACCOUNT_ID, R.PENDING_TRANSFER_ALREADY_POSTED,
        R.PENDING_TRANSFER_ALREADY_VOIDED, R.EXISTS, R.LINKED_EVENT_FAILED, R.PENDING_TRANSFER_NOT_FOUND, R.OK, R.OK, R.OK,
    ]  # fmt: skip
    assert sums(wallet) == (0, 0, 400, 230)
    assert sums(cash) == (400, 235, 0, 0)
    assert [entry.balances.credits_posted for entry in api.account_history(wallet, limit=4)] == [230, 230, 130, 100]
    again = [resolve(hold, void) for hold in holds[2:]]
    assert api.create_transfers(again) == [
        R.PENDING_TRANSFER_ALREADY_POSTED, R.OK, R.OK, R.OK, R.PENDING_TRANSFER_ALREADY_POSTED,
        R.PENDING_TRANSFER_ALREADY_VOIDED, R.OK,
    ]  # fmt: skip
    assert sums(wallet) == (0, 0, 0, 230)


def test_a_hold_that_comes_while_it_is_looked_for_is_asked_for_again(database: object, ledger: int) -> None:
    """Not taken and yet in the books: its answer would be neither of before nor of after."""
    cash, wallet = open_accounts(ledger, FREE, LIMITED)
    hold = move(ledger, cash, wallet, 100, flags=TransferFlags.PENDING)
    assert api.create_transfers([hold]) == [R.OK]
    post = NewTransfer(new_id(), None, None, 0, 0, 0, TransferFlags.POST_PENDING_TRANSFER, hold.id)
    with psycopg.connect(database.dsn) as other, pytest.raises(psycopg.errors.SerializationFailure):  # type: ignore[attr-defined]
        state.books(other, [intent_of(post, 0)], {}, {})


def test_a_chain_stands_or_falls_together(ledger: int) -> None:
    cash, a, b = open_accounts(ledger, FREE, LIMITED, LIMITED)
    chain = [
        move(ledger, cash, a, 10, flags=TransferFlags.LINKED),
        move(ledger, a, b, 11, flags=TransferFlags.LINKED),
        move(ledger, cash, b, 5),
        move(ledger, cash, b, 5),
    ]
    assert api.create_transfers(chain) == [R.LINKED_EVENT_FAILED, R.EXCEEDS_CREDITS, R.LINKED_EVENT_FAILED, R.OK]
    assert sums(a) == (0, 0, 0, 0)
    assert sums(b) == (0, 0, 0, 5)


def test_the_books_refuse_change_even_to_their_owner(database: object, ledger: int) -> None:
    cash, wallet = open_accounts(ledger, FREE, LIMITED)
    api.create_transfers([move(ledger, cash, wallet, 500)])
    for statement in (
        "UPDATE ledger_transfer SET amount = 1",
        "DELETE FROM ledger_transfer",
        "TRUNCATE ledger_transfer",
        "TRUNCATE ledger_balance",
        "DELETE FROM ledger_mark",
    ):
        with psycopg.connect(database.owner_dsn) as owner, pytest.raises(psycopg.errors.RestrictViolation):  # type: ignore[attr-defined]
            owner.execute(statement)


def test_history_and_balances_as_of_go_back_past_many_marks(ledger: int) -> None:
    cash, wallet = open_accounts(ledger, FREE, LIMITED)
    for _ in range(5):
        batch = [move(ledger, cash, wallet, n + 1) for n in range(200)]
        assert set(api.create_transfers(batch)) == {R.OK}
    entries = api.account_history(wallet, limit=2000)
    assert len(entries) == 1000
    running = 0
    for entry in reversed(entries):
        running += entry.transfer.amount
        assert entry.balances.credits_posted == running
    for at in (0, 1, 127, 128, 129, 500, 998, 999):
        entry = entries[at]
        assert api.balances_at([wallet], seq=entry.transfer.seq)[wallet] == entry.balances
        page = api.account_history(wallet, before_seq=entry.transfer.seq, limit=3)
        assert page == entries[at + 1 : at + 4]
    assert api.balances_at([wallet], at=SYSTEM_CLOCK.now() - timedelta(days=1))[wallet].credits_posted == 0


def test_a_transaction_posts_once(ledger: int) -> None:
    cash, wallet = open_accounts(ledger, FREE, LIMITED)

    def post_twice() -> None:
        with transaction.atomic():
            api.post([move(ledger, cash, wallet, 1)])
            api.post([move(ledger, cash, wallet, 1)])

    with pytest.raises(api.PostedTwice):
        post_twice()
    assert sums(wallet) == (0, 0, 0, 0)
    for _ in range(2):
        with transaction.atomic():
            assert api.post([move(ledger, cash, wallet, 1)]) == [R.OK]
    assert sums(wallet) == (0, 0, 0, 2)


def test_a_number_that_another_connection_posted_under_is_no_second_post(ledger: int) -> None:
    """A server that has crashed gives the number of a transaction that it has lost to another one."""
    cash, wallet = open_accounts(ledger, FREE, LIMITED)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        ((number,),) = cursor.fetchall()
        connection.raseed_posted = (object(), number)  # type: ignore[attr-defined]
        assert api.post([move(ledger, cash, wallet, 1)]) == [R.OK]
        assert connection.raseed_posted[1] == number  # type: ignore[attr-defined]
    assert sums(wallet) == (0, 0, 0, 1)


def test_more_than_one_batch_can_be_posted_all_or_none(ledger: int) -> None:
    cash, wallet = open_accounts(ledger, FREE, LIMITED)
    with transaction.atomic():
        assert set(api.post([move(ledger, cash, wallet, 1) for _ in range(20_000)])) == {R.OK}
    assert sums(wallet) == (0, 0, 0, 20_000)
    assert len({entry.transfer.seq for entry in api.account_history(wallet, limit=10_000)}) == 10_000
