"""Every check finds what was planted for it and names just that; where several must see the same wrong, each of them does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from raseed.assurance import api as assurance
from raseed.assurance.tests.square import Square
from raseed.kernel.clock import ManualClock
from raseed.ledger import api as ledger
from raseed.payments import api as payments
from raseed.platform import api as platform


def test_where_all_is_in_order_nothing_is_found(square: Square) -> None:
    assert square.found() == {}


OF_THE_BOOKS = tuple(
    check.name
    for check in assurance.registered_checks()
    if check.name not in ("population", "roots_true", "roots_signed", "tree_files")
)
"""What is shown and signed follows the ledger: whatever is wrong there is seen here too, and tested in test_flipped."""
PENDING_AGAIN = (
    "INSERT INTO ledger_pending SELECT id, debit_account_id, credit_account_id, amount, user_data, 'infinity', ledger, code"
    " FROM ledger_transfer"
)


@dataclass(frozen=True)
class Wrong:
    """A wrong to be planted: what is changed, and what each check then says, by check."""

    name: str
    change: Callable[[Square], list[str]]
    expected: Callable[[Square], dict[str, list[tuple[str, str]]]]


def _account(square: Square) -> str:
    return f"account:{square.wallet.id}"


def _payment(square: Square) -> str:
    return f"payment:{square.on_its_way}"


def _ledger(square: Square) -> str:
    return f"ledger:{square.wallet.ledger}"


WRONGS = (
    Wrong(
        "a balance one piastre higher",
        lambda s: [f"UPDATE ledger_balance SET credits_posted = credits_posted + 1 WHERE id = '{s.wallet.id}'"],
        lambda s: {
            "zero_sum": [("posted", _ledger(s))],
            "balances": [("credits_posted", _account(s))],
            "histories": [("credits_posted", _account(s))],
            "trust": [("behind", _ledger(s))],
            "statements": [("begins", _account(s))],
            "shown": [("row_differs", _account(s))],
        },
    ),
    Wrong(
        "money taken from one account and given to another",
        lambda s: [
            f"UPDATE ledger_balance SET credits_posted = credits_posted + 500 WHERE id = '{s.wallet.id}'",
            f"UPDATE ledger_balance SET credits_posted = credits_posted - 500 WHERE id = '{s.ziad.id}'",
        ],
        lambda s: {
            name: [(code, subject) for subject in sorted((_account(s), f"account:{s.ziad.id}"))]
            for name, code in (("balances", "credits_posted"), ("histories", "credits_posted"), ("statements", "begins"), ("shown", "row_differs"))
        },
    ),
    Wrong(
        "more counted as held than is",
        lambda s: [f"UPDATE ledger_balance SET debits_pending = debits_pending + 5 WHERE id = '{s.wallet.id}'"],
        lambda s: {
            "zero_sum": [("pending", _ledger(s))],
            "balances": [("debits_pending", _account(s))],
            "histories": [("debits_pending", _account(s))],
            "holds": [("debits_pending", _account(s))],
            "shown": [("row_differs", _account(s))],
        },
    ),
    Wrong(
        "a hold forgotten",
        lambda s: [f"DELETE FROM ledger_pending WHERE id = '{s.on_its_way}'"],
        lambda s: {
            "holds": sorted(
                [
                    ("debits_pending", f"account:{s.current.id}"),
                    ("credits_pending", f"account:{_biller_account(s)}"),
                ],
                key=lambda each: each[1],
            ),
            "pending": [("forgotten", f"transfer:{s.on_its_way}")],
            "holds_of_payments": [("unheld", _payment(s))],
        },
    ),
    Wrong(
        "a resolved hold that stands again",
        lambda s: [
            f"{PENDING_AGAIN} WHERE id = '{s.paid}'",
        ],
        lambda s: {
            "holds": sorted(
                [
                    ("debits_pending", f"account:{s.current.id}"),
                    ("credits_pending", f"account:{_biller_account(s)}"),
                ],
                key=lambda each: each[1],
            ),
            "pending": [("resolved", f"transfer:{s.paid}")],
            "orphan_holds": [("settled", f"payment:{s.paid}")],
        },
    ),
    Wrong(
        "an account that banking does not know",
        lambda s: [f"UPDATE ledger_account SET code = 777 WHERE id = '{s.wallet.id}'"],
        lambda s: {"trust": [("accounts", f"{_ledger(s)}/110"), ("behind", _ledger(s))]},
    ),
    Wrong(
        "a batch left out of the log",
        lambda _: ["DELETE FROM ledger_leaf WHERE leaf_index = 1"],
        lambda _: {
            "log": [("batch_unsealed", "batch:2"), ("leaf_missing", "leaf:1"), ("leaves_unsigned", "log:end")]
        },
    ),
    Wrong(
        "a checkpoint taken out",
        lambda _: ["UPDATE ledger_checkpoint SET number = number + 1"],
        lambda _: {"log": [("checkpoint_missing", "checkpoint:1")]},
    ),
    Wrong(
        "a batch without its row",
        lambda _: ["DELETE FROM ledger_batch WHERE number = 3"],
        lambda _: {"log": [("leaf_without_batch", "batch:3")], "batches": [("transfers", "batch:3")]},
    ),
    Wrong(
        "a settled payment that is not in the ledger",
        lambda s: [f"UPDATE payments_payment SET amount_minor = amount_minor + 1 WHERE id = '{s.sent}'"],
        lambda s: {"posted": [("amount", f"payment:{s.sent}")]},
    ),
    Wrong(
        "a payment that nobody will ask about",
        lambda s: [f"DELETE FROM payments_errand WHERE payment_id = '{s.on_its_way}'"],
        lambda s: {"lost": [("no_errand", _payment(s))]},
    ),
    Wrong(
        "an order that is not where its payment is",
        lambda s: [f"UPDATE bills_order SET state = 'held', ended_at = NULL WHERE id = '{s.paid}'"],
        lambda s: {"at_billers": [("order", f"payment:{s.paid}")]},
    ),
    Wrong(
        "a yes without the biller's reference",
        lambda s: [f"UPDATE bills_order SET biller_reference = '' WHERE id = '{s.paid}'"],
        lambda s: {"at_billers": [("no_reference", f"payment:{s.paid}")]},
    ),
    Wrong(
        "a bill that counts more as under way",
        lambda s: [f"UPDATE bills_bill SET held_minor = held_minor - 1 WHERE id = '{_bill(s)}'"],
        lambda s: {"bills_held": [("held", f"bill:{_bill(s)}")]},
    ),
    Wrong(
        "an order without its payment",
        lambda s: [f"UPDATE bills_order SET id = '{s.wallet.id}' WHERE id = '{s.paid}'"],
        lambda s: {
            "at_billers": [("order", f"payment:{s.paid}")],
            "orders_paid": [("no_payment", f"order:{s.wallet.id}")],
        },
    ),
    Wrong(
        "a history cut off",
        lambda s: [f"UPDATE ledger_transfer SET debit_prev = '{s.sent}' WHERE id = '{s.on_its_way}'"],
        lambda s: {
            "histories": [("debits_posted", f"account:{s.current.id}")],
            "statements": [("begins", f"account:{s.current.id}")],
        },
    ),
)  # fmt: skip


def _biller_account(square: Square) -> object:
    return square.rows(f"SELECT credit_account_id FROM ledger_transfer WHERE id = '{square.paid}'")[0][0]


def _bill(square: Square) -> object:
    return square.rows(f"SELECT bill_id FROM bills_part WHERE order_id = '{square.on_its_way}'")[0][0]


@pytest.mark.parametrize("wrong", WRONGS, ids=lambda wrong: wrong.name)
def test_what_was_planted_is_named_and_nothing_else(square: Square, wrong: Wrong) -> None:
    statements = wrong.change(square)
    expected = wrong.expected(square)
    square.change(*statements)
    assert square.found(*OF_THE_BOOKS) == expected


def test_every_check_finds_something_in_these_tests() -> None:
    planted = {
        "zero_sum", "balances", "histories", "holds", "trust", "statements", "pending", "holds_of_payments", "orphan_holds",
        "log", "batches", "posted", "lost", "at_billers", "bills_held", "orders_paid", "sealed", "stuck", "told",
    }  # fmt: skip
    assert planted <= {check.name for check in assurance.registered_checks()}


def test_what_waits_for_its_seal_is_named(square: Square) -> None:
    clock = ManualClock(square.town.clock.now())
    ledger.create_transfers([_move(square)], clock=clock)
    assert square.found("sealed") == {}
    square.town.clock.advance(timedelta(minutes=2))
    assert square.found("sealed") == {"sealed": [("waiting", "log:end")]}


def test_a_payment_that_stays_open_is_named_by_what_it_waits_for(square: Square) -> None:
    square.town.clock.advance(timedelta(minutes=6))
    assert square.found("stuck") == {"stuck": [("nobody_asks", _payment(square))]}
    payment = payments.payments_by_id([square.on_its_way])[square.on_its_way]
    assert payment.state is payments.PaymentState.HELD
    square.town.clock.advance(timedelta(days=30))
    assert square.found("stuck") == {"stuck": [("held_for_long", _payment(square))]}


def test_an_event_that_was_given_up_is_told_again(square: Square) -> None:
    square.change(
        "INSERT INTO platform_delivery (event_id, handler, attempts, due_at, failed_at, error)"
        " SELECT position, 'nobody.hears', 8, now(), now(), 'x' FROM platform_event LIMIT 1"
    )
    ((id_,),) = square.rows("SELECT id FROM platform_delivery WHERE handler = 'nobody.hears'")
    assert square.found("told") == {"told": [("given_up", f"delivery:{id_}")]}
    assert square.found("told") == {}
    assert square.rows(f"SELECT attempts, failed_at FROM platform_delivery WHERE id = {id_}") == [(0, None)]


def test_the_pointer_is_found_in_the_trail_however_much_was_done_since(square: Square) -> None:
    for _ in range(210):
        platform.record(actor="system", action="display.reprojected", subject="generation:1", after={"changed": 1})
    assert square.found("pointer") == {}
    square.change("UPDATE display_pointer SET epoch = epoch + 1")
    assert square.found("pointer") == {"pointer": [("epoch", "pointer:shown")]}


def _move(square: Square) -> ledger.NewTransfer:
    from raseed.kernel.ids import new_id  # noqa: PLC0415

    return ledger.NewTransfer(new_id(), square.wallet.id, square.ziad.id, 5, square.wallet.ledger, 1)
