"""The rules alone, without a database: every answer, in the order in which they come first."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import hypothesis
import pytest
from hypothesis import strategies as st

from raseed.ledger.api import (
    AccountFlags,
    CreateAccountResult,
    CreateTransferResult,
    NewAccount,
    NewTransfer,
    TransferFlags,
)
from raseed.ledger.columns import day_number, intent_of, unix_us
from raseed.ledger.evaluation import AccountState, State, evaluate

from .effort import EFFORT
from .model import MAX, ONES, ZERO, F, Model, R, four

START = datetime(2025, 3, 1, tzinfo=UTC)
IDS = tuple(UUID(int=number) for number in range(1, 40))
ACCOUNTS = tuple(
    NewAccount(UUID(int=1000 + number), ledger, 1, flags)
    for number, (ledger, flags) in enumerate(
        [
            (1, AccountFlags.NONE), (1, AccountFlags.NONE), (1, AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS),
            (1, AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS), (1, AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS),
            (1, AccountFlags.CLOSED), (2, AccountFlags.NONE), (2, AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS),
        ]
    )
)  # fmt: skip
account_ids = st.sampled_from([*(account.id for account in ACCOUNTS)] * 4 + [None, ZERO, ONES, UUID(int=5)])
flags = st.sampled_from(
    [F.NONE] * 3 + [F.PENDING] * 4 + [F.POST_PENDING_TRANSFER] * 3 + [F.VOID_PENDING_TRANSFER] * 2
    + [F(2 | 4), F(4 | 8), F(2 | 8), F(16), F(1024), F(1024 | 8), F(2048)]
)  # fmt: skip
amounts = st.sampled_from(
    [1, 2, 3, 7, 20] * 6 + [0, -1, MAX, MAX - 1, MAX + 1, MAX // 2, MAX // 2 + 1, MAX // 3, -MAX - 2]
)
transfers = st.builds(
    NewTransfer,
    id=st.sampled_from([*IDS, *IDS[:8], ZERO, ONES]),
    debit_account_id=account_ids,
    credit_account_id=account_ids,
    amount=amounts,
    ledger=st.sampled_from([1] * 8 + [2, 2, 0, 0, -1, 3, 1 << 31]),
    code=st.sampled_from([1] * 8 + [0, 0, 2, -1, 1 << 31]),
    flags=st.builds(lambda kind, linked: kind | F(linked), flags, st.sampled_from([0, 0, 0, 1])),
    pending_id=st.sampled_from([None] * 8 + [*IDS[:20], ZERO, ONES]),
    timeout_s=st.sampled_from([0] * 6 + [1, 5, -1, (1 << 31) - 1, 1 << 31]),
    user_data=st.sampled_from([None, None, ZERO, UUID(int=9), ONES]),
    booked_on=st.sampled_from([None, None, date(2025, 3, 1), date(2024, 1, 1)]),
)


@st.composite
def sensible(draw: st.DrawFn) -> NewTransfer:
    """A transfer with nothing wrong in itself: what it meets depends on the books."""
    made = draw(transfers)
    kind = draw(
        st.sampled_from([F.NONE, F.NONE, F.PENDING, F.PENDING, F.POST_PENDING_TRANSFER, F.VOID_PENDING_TRANSFER])
    )
    debit, credit = draw(st.permutations(ACCOUNTS[:5]))[:2]
    made = replace(
        made, id=draw(st.sampled_from(IDS)), flags=kind, code=1, ledger=1, debit_account_id=debit.id,
        credit_account_id=credit.id, pending_id=None, timeout_s=0, amount=draw(amounts),
    )  # fmt: skip
    if kind & F.PENDING:
        return replace(made, timeout_s=draw(st.sampled_from([0, 0, 1, 4])))
    if kind == F.NONE:
        return made
    return replace(
        made, debit_account_id=draw(st.sampled_from([None, None, debit.id])), credit_account_id=None, ledger=0,
        code=draw(st.sampled_from([0, 0, 1, 2])), amount=draw(st.sampled_from([0, 0, MAX, 1, 2, 3, -1])),
        pending_id=draw(st.sampled_from(IDS[:20])),
    )  # fmt: skip


@st.composite
def batches(draw: st.DrawFn) -> list[tuple[int, list[NewTransfer]]]:
    """Batches, each with the seconds that pass before it; some transfers come again, changed in one field."""
    found: list[tuple[int, list[NewTransfer]]] = []
    sent: list[NewTransfer] = []
    for _ in range(draw(st.integers(1, 6))):
        batch = draw(st.lists(st.one_of(sensible(), sensible(), transfers), min_size=1, max_size=9))
        for at in range(len(batch)):
            if sent and draw(st.integers(0, 5)) == 0:
                other = draw(transfers)
                name = draw(st.sampled_from(["", "", *NewTransfer.__slots__]))
                batch[at] = replace(draw(st.sampled_from(sent)), **({name: getattr(other, name)} if name else {}))
        sent += batch
        found.append((draw(st.sampled_from([0, 0, 1, 3])), batch))
    return found


@hypothesis.settings(max_examples=300 * EFFORT)
@hypothesis.given(batches())
def test_the_rules_answer_as_the_model_does(history: list[tuple[int, list[NewTransfer]]]) -> None:
    model = Model(ledgers={1, 2})
    assert set(model.create_accounts(ACCOUNTS)) == {CreateAccountResult.OK}
    state = State({account.id.bytes: AccountState(account.ledger, int(account.flags)) for account in ACCOUNTS})
    now = START
    for seconds, batch in history:
        now += timedelta(seconds=seconds)
        intents = [intent_of(transfer, day_number(now.date())) for transfer in batch]
        answers, effects = evaluate(intents, state, unix_us(now))
        assert answers == model.create_transfers(batch, now)
        assert [effect is not None for effect in effects] == [answer is R.OK for answer in answers]
        for account in ACCOUNTS:
            b = state.accounts[account.id.bytes]
            assert (b.debits_pending, b.debits_posted, b.credits_pending, b.credits_posted) == four(
                model.balances[account.id]
            )


def test_what_is_expired_by_the_system_is_released_even_on_a_closed_account() -> None:
    debit, credit = ACCOUNTS[0].id, ACCOUNTS[1].id
    state = State({id_.bytes: AccountState(1, 0) for id_ in (debit, credit)}, may_expire=True)
    hold = NewTransfer(IDS[0], debit, credit, 5, 1, 1, F.PENDING, timeout_s=1)
    void = NewTransfer(IDS[1], None, None, 0, 0, 0, F.VOID_PENDING_TRANSFER | F.EXPIRED, IDS[0])
    assert evaluate([intent_of(hold, 0)], state, 0)[0] == [R.OK]
    state.accounts[debit.bytes].flags = int(AccountFlags.CLOSED)
    assert evaluate([intent_of(void, 0)], state, 1_000_000)[0] == [R.OK]
    assert state.accounts[debit.bytes].debits_pending == 0
    again = replace(void, id=IDS[2])
    assert evaluate([intent_of(again, 0)], state, 1_000_000)[0] == [R.PENDING_TRANSFER_EXPIRED]


@pytest.mark.parametrize(
    ("ours", "theirs", "other_names"),
    [
        (CreateTransferResult, "CreateTransferStatus", {"AMOUNT_MUST_NOT_BE_ZERO", "EXISTS_WITH_DIFFERENT_BOOKED_ON"}),
        (CreateAccountResult, "CreateAccountStatus", {"LEDGER_NOT_FOUND"}),
        (TransferFlags, "TransferFlags", {"EXPIRED"}),
        (AccountFlags, "AccountFlags", set()),
    ],
)
def test_names_numbers_and_their_order_are_tigerbeetles(ours: Any, theirs: str, other_names: set[str]) -> None:
    tigerbeetle = pytest.importorskip(
        "tigerbeetle", reason="TigerBeetle's Python client (extra bench) is not installed"
    )
    numbers = {member.name: member.value for member in getattr(tigerbeetle, theirs)}
    mine = {member.name: member.value for member in ours if member.name not in ("OK", "NONE")}
    assert {name for name in mine if name not in numbers} <= other_names | {"FIELD_OUT_OF_RANGE"}
    shared = [name for name in numbers if name in mine]
    assert [name for name in mine if name in numbers] == shared
    assert [mine[name] for name in shared] == [numbers[name] for name in shared]
