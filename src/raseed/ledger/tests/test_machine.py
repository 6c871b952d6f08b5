"""Whatever is asked of the books, in whatever order, they answer as the model does, and stand as it stands.

An example has ledgers and accounts of its own; all share one database, which is looked through as a whole at the end.
"""

from __future__ import annotations

import hashlib
import itertools
import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import hypothesis
import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from raseed.kernel.clock import ManualClock
from raseed.kernel.money import currency
from raseed.ledger import api
from raseed.ledger.api import AccountFlags, Balances, HistoryEntry, NewAccount, NewTransfer, TransferFlags
from raseed.ledger.expiry import expire_due

from .audit import audit
from .effort import EFFORT
from .model import MAX, ONES, ZERO, F, Model, R

pytestmark = pytest.mark.usefixtures("database")

START = datetime(2025, 6, 1, 23, 50, tzinfo=UTC)
END_OF_TIME = ManualClock(datetime(2100, 1, 1, tzinfo=UTC))
"""When even the longest timeout is over."""
DAYS = (None, None, None, date(2025, 5, 31), date(2025, 6, 1), date(2025, 6, 2), date(1999, 12, 31))
KINDS = (F.NONE, F.NONE, F.PENDING, F.PENDING, F.POST_PENDING_TRANSFER, F.VOID_PENDING_TRANSFER)
AMOUNTS = (1, 2, 3, 5, 8, 13, 40, 100)
ODD_AMOUNTS = (0, -1, MAX, MAX - 50, MAX + 1, 1 << 62, 1 << 61, 1 << 43, -MAX - 2, (1 << 62) + (1 << 61))
ODD_FLAGS = (16, 256, 1024, 1024 | 8, 2 | 4, 4 | 8, 2 | 8, 2 | 4 | 8, 1 | 2048)
ODD_NUMBERS = (0, -1, 7_777, (1 << 31) - 1, 1 << 31, -(1 << 31) - 1)
LIMITS = (
    AccountFlags.NONE,
    AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS,
    AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS,
    AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS,
    AccountFlags.NONE,
    AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS | AccountFlags.HISTORY,
)
examples = itertools.count(1)
counts: Counter[str] = Counter()
answered: set[R] = set()
small = st.integers(0, 11)


@st.composite
def transfer_recipe(draw: st.DrawFn) -> dict[str, Any]:
    """What a transfer is made of, in small numbers that the machine makes ids and amounts of."""
    return {
        "kind": draw(st.sampled_from(KINDS)),
        "debit": draw(small),
        "credit": draw(small),
        "amount": draw(st.sampled_from(AMOUNTS)),
        "linked": draw(st.sampled_from((False, False, False, True))),
        "pick": draw(st.integers(0, 50)),
        "odd": draw(st.sampled_from((None,) * 10 + ODDITIES)),
        "which": draw(small),
    }


ODDITIES = (
    "amount", "flags", "id", "repeat", "repeat", "changed", "changed", "twice", "account", "ledger", "code", "timeout",
    "pending_id", "named", "user_data", "booked",
)  # fmt: skip


RESOLVED_AS = {0: "pending", 4: "posted", 8: "voided", 1032: "expired"}
"""By the flags of what resolved it; 0: nothing yet."""


class Ledger(RuleBasedStateMachine):
    """One example: ledgers and accounts of its own, in the one database."""

    @initialize(
        limits=st.lists(st.sampled_from(LIMITS), min_size=3, max_size=6), funds=st.sampled_from((0, 5, 50, 1000))
    )
    def begin(self, limits: list[AccountFlags], funds: int) -> None:
        self.example = next(examples)
        self.ids = itertools.count(1)
        self.clock = ManualClock(START)
        self.model = Model()
        self.sent: list[NewTransfer] = []
        self.read_entries = 0
        self.seqs: dict[UUID, int] = {}
        self.ledgers = [
            api.open_ledger(institution_id=self.new_id(), currency=currency(code)) for code in ("EGP", "ILS")
        ]
        self.model.ledgers.update(self.ledgers)
        opened = [NewAccount(self.new_id(), self.ledgers[0], 1, flags) for flags in (AccountFlags.NONE, *limits)]
        opened.append(NewAccount(self.new_id(), self.ledgers[1], 1))
        opened.append(NewAccount(self.new_id(), self.ledgers[1], 2, AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS))
        self.account_ids: list[UUID] = []
        self.create_all(opened)
        if funds:
            self.send([NewTransfer(self.new_id(), opened[0].id, a.id, funds, a.ledger, 1) for a in opened[1:-2]])
        counts["examples"] += 1

    def new_id(self) -> UUID:
        """Return an id that no other example has, and that sorts anywhere."""
        scattered = hashlib.sha256(str(next(self.ids)).encode()).digest()[:10]
        return UUID(bytes=self.example.to_bytes(6) + scattered)

    # Steps

    @rule(recipes=st.lists(transfer_recipe(), min_size=1, max_size=10))
    def transfers(self, recipes: list[dict[str, Any]]) -> None:
        self.send(self.batch(recipes))

    @rule(recipes=st.lists(transfer_recipe(), min_size=1, max_size=4), keep=st.booleans())
    def transfers_in_a_transaction(self, *, recipes: list[dict[str, Any]], keep: bool) -> None:
        """``post`` with the caller's own transaction, which may be rolled back."""
        batch = self.batch(recipes)
        after = self.model.copy()
        expected = after.create_transfers(batch, self.clock.now())
        with transaction.atomic():
            assert api.post(batch, clock=self.clock) == expected
            transaction.set_rollback(not keep)
        if keep:
            self.model.become(after)

    @rule(seed=st.integers(0, 1 << 32), size=st.sampled_from((20, 60, 150, 195, 260)), shape=st.sampled_from("phrsx"))
    def many(self, seed: int, size: int, shape: str) -> None:
        """A large batch: plain, with holds, with repeats, all from one account, or mixed."""
        chance = random.Random(seed)  # noqa: S311
        accounts = [id_ for id_ in self.account_ids if self.model.accounts[id_].ledger == self.ledgers[0]]
        hot = chance.choice(accounts)
        batch: list[NewTransfer] = []
        held = [id_ for id_, state in self.model.pending.items() if state == "pending"]
        for _ in range(size):
            debit, credit = chance.sample(accounts, 2)
            if shape == "s":
                debit, credit = (hot, credit) if credit != hot else (credit, hot)
            made = NewTransfer(self.new_id(), debit, credit, chance.randint(1, 12), self.ledgers[0], 1)
            if shape in "hx":
                kind = chance.choice((F.NONE, F.PENDING, F.PENDING | F.LINKED, F.LINKED))
                made = replace(made, flags=kind, timeout_s=chance.choice((0, 0, 1, 4)) if kind & F.PENDING else 0)
                if held and chance.random() < 0.4:
                    kind = chance.choice((F.POST_PENDING_TRANSFER, F.VOID_PENDING_TRANSFER))
                    held_id = held.pop() if shape == "h" else chance.choice(held)
                    made = NewTransfer(made.id, None, None, 0, 0, 0, kind, held_id)
            if shape in "rx" and self.sent and chance.random() < 0.1:
                made = chance.choice(self.sent)
            if shape == "r" and batch and chance.random() < 0.02:
                made = replace(made, id=chance.choice(batch).id)
            batch.append(made)
        if chance.random() < 0.8:
            batch[-1] = replace(batch[-1], flags=batch[-1].flags & ~F.LINKED)
        self.send(batch)

    @rule(recipes=st.lists(st.tuples(st.sampled_from(LIMITS), small, small), min_size=1, max_size=4))
    def accounts(self, recipes: list[tuple[AccountFlags, int, int]]) -> None:
        batch: list[NewAccount] = []
        for flags, odd, which in recipes:
            new = NewAccount(self.new_id(), self.ledgers[which % 2], 1, flags)
            if odd == 0:
                new = replace(new, id=(ZERO, ONES)[which % 2])
            elif odd == 1:
                new = replace(new, flags=AccountFlags((6, 16, 32, 1024, 32 | 2, 1)[which % 6]))
            elif odd == 2:
                new = replace(new, ledger=ODD_NUMBERS[which % 6])
            elif odd == 3:
                new = replace(new, code=ODD_NUMBERS[which % 6])
            elif odd in (4, 5):
                new = replace(new, flags=flags | AccountFlags.LINKED)
            elif odd == 6:
                new = self.model.accounts[self.account_ids[which % len(self.account_ids)]]
            elif odd == 7:
                old = self.model.accounts[self.account_ids[which % len(self.account_ids)]]
                other: tuple[dict[str, Any], ...] = (
                    {"code": 9},
                    {"ledger": 9},
                    {"flags": AccountFlags.HISTORY},
                    {"user_data": ONES},
                    {"user_data": ZERO},
                )
                new = replace(old, **other[which % 5])
            elif odd == 8 and batch:
                new = batch[which % len(batch)]
            batch.append(new)
        self.create_all(batch)

    @rule(which=small)
    def close_or_reopen(self, which: int) -> None:
        id_ = self.account_ids[which % len(self.account_ids)]
        if id_ in self.model.closed:
            api.reopen_account(id_)
            self.model.closed.discard(id_)
        else:
            api.close_account(id_)
            self.model.closed.add(id_)

    @rule(seconds=st.sampled_from((0, 1, 1, 3, 700)))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(timedelta(seconds=seconds, microseconds=seconds % 2))

    @rule(most=st.sampled_from((1, 2, 1000)))
    def what_is_due_expires(self, most: int) -> None:
        due = self.model.due(self.clock.now())
        assert expire_due(clock=self.clock, most=most) == min(most, len(due))
        self.see_expiries(self.clock.now())
        left = self.model.due(self.clock.now())
        deadlines = [self.model.deadline(id_) for id_ in due]
        assert sorted(map(self.model.deadline, left), key=str) == sorted(deadlines, key=str)[min(most, len(due)) :]

    # What they do

    def see_expiries(self, now: datetime) -> None:
        """Let the model do what the system did: only what is due, the earliest first."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, pending_id FROM ledger_transfer WHERE flags = 1032 AND pending_id = ANY(%s) AND seq > %s"
                " ORDER BY seq",
                [list(self.model.pending), max(self.seqs.values(), default=0)],
            )
            for id_, pending_id in cursor.fetchall():
                assert pending_id in self.model.due(now)
                self.model.expire(pending_id, id_, now)

    def create_all(self, batch: list[NewAccount]) -> None:
        expected = self.model.create_accounts(batch)
        assert api.create_accounts(batch, clock=self.clock) == expected
        self.account_ids = list(self.model.accounts)

    def send(self, batch: list[NewTransfer]) -> None:
        expected = self.model.create_transfers(batch, self.clock.now())
        answers = api.create_transfers(batch, clock=self.clock)
        wrong = [
            (at, batch[at], got, want)
            for at, (got, want) in enumerate(zip(answers, expected, strict=True))
            if got != want
        ]
        assert not wrong, wrong[0]
        self.sent += batch
        counts["batches"] += 1
        counts["transfers"] += len(batch)
        answered.update(answers)

    def account(self, number: int) -> UUID:
        return self.account_ids[number % len(self.account_ids)]

    def batch(self, recipes: list[dict[str, Any]]) -> list[NewTransfer]:
        made: list[NewTransfer] = []
        for recipe in recipes:
            transfer = self.transfer(recipe)
            odd, which = recipe["odd"], recipe["which"]
            if odd == "twice" and made:
                transfer = made[which % len(made)] if which % 2 else replace(transfer, id=made[which % len(made)].id)
            elif odd is not None:
                transfer = self.oddly(transfer, recipe)
            made.append(replace(transfer, flags=transfer.flags | F.LINKED) if recipe["linked"] else transfer)
        return made

    def transfer(self, recipe: dict[str, Any]) -> NewTransfer:
        kind, pick = recipe["kind"], recipe["pick"]
        held = list(self.model.pending)
        if kind & (F.POST_PENDING_TRANSFER | F.VOID_PENDING_TRANSFER) and held:
            pending = self.model.transfers[held[-1 - pick % min(8, len(held))]]
            amount = (0, MAX, pending.amount, max(1, pending.amount - 1), pending.amount + 1)[recipe["which"] % 5]
            return NewTransfer(self.new_id(), None, None, amount, 0, 0, kind, pending.id)
        if kind & (F.POST_PENDING_TRANSFER | F.VOID_PENDING_TRANSFER):
            kind = F.PENDING
        debit, credit = self.account(recipe["debit"]), self.account(recipe["credit"])
        return NewTransfer(
            self.new_id(), debit, credit, recipe["amount"], self.model.accounts[debit].ledger, 1, kind,
            timeout_s=(0, 0, 1, 5)[recipe["which"] % 4] if kind & F.PENDING else 0,
        )  # fmt: skip

    def oddly(self, t: NewTransfer, recipe: dict[str, Any]) -> NewTransfer:
        odd, which = recipe["odd"], recipe["which"]
        unknown = (None, ZERO, ONES, UUID(int=which + 1), t.debit_account_id, t.credit_account_id)[which % 6]
        earlier = self.sent[-1 - recipe["pick"] % len(self.sent)] if self.sent else t
        if odd == "repeat":
            return earlier
        if odd == "changed":
            return self.changed(earlier, which)
        if odd == "named" and t.pending_id in self.model.transfers:
            held = self.model.transfers[t.pending_id]
            return replace(
                t, debit_account_id=held.debit_account_id, credit_account_id=held.credit_account_id, ledger=held.ledger,
                code=held.code + (which == 0), user_data=held.user_data,
            )  # fmt: skip
        changes: dict[str, dict[str, Any]] = {
            "amount": {"amount": ODD_AMOUNTS[which % len(ODD_AMOUNTS)]},
            "flags": {"flags": TransferFlags(ODD_FLAGS[which % len(ODD_FLAGS)])},
            "id": {"id": (ZERO, ONES)[which % 2]},
            "account": {("debit_account_id", "credit_account_id")[which % 2]: unknown},
            "ledger": {"ledger": (*self.ledgers, *ODD_NUMBERS)[which % 8]},
            "code": {"code": ODD_NUMBERS[which % 6]},
            "timeout": {"timeout_s": (-1, 2, (1 << 31) - 1, 1 << 31)[which % 4]},
            "pending_id": {"pending_id": (ZERO, ONES, t.id, earlier.id, UUID(int=77), None)[which % 6]},
            "user_data": {"user_data": (ZERO, ONES, UUID(int=5))[which % 3]},
            "booked": {"booked_on": DAYS[which % len(DAYS)]},
        }
        return replace(t, **changes.get(odd, {}))

    def changed(self, t: NewTransfer, which: int) -> NewTransfer:
        other = self.account(which)
        changes: tuple[dict[str, Any], ...] = (
            {"amount": t.amount + 1}, {"amount": 0}, {"amount": MAX}, {"debit_account_id": other}, {"credit_account_id": other},
            {"code": 2}, {"ledger": self.ledgers[1]}, {"flags": t.flags ^ F.PENDING}, {"user_data": UUID(int=which)},
            {"booked_on": date(2025, 1, 1)}, {"pending_id": UUID(int=9)}, {"timeout_s": t.timeout_s + 1},
        )  # fmt: skip
        return replace(t, **changes[which])

    # What holds after every step

    @invariant()
    def balances_are_the_models(self) -> None:
        found = api.look_up_accounts(self.account_ids)
        assert found.keys() == set(self.account_ids)
        for id_, account in found.items():
            new = self.model.accounts[id_]
            assert account.balances == self.model.balances[id_]
            assert (account.ledger, account.code) == (new.ledger, new.code)
            assert bool(account.flags & AccountFlags.CLOSED) == (id_ in self.model.closed)
            assert account.flags | AccountFlags.CLOSED == new.flags | AccountFlags.CLOSED

    @invariant()
    def pending_transfers_are_in_the_models_state(self) -> None:
        if not self.model.pending:
            return
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, 0 FROM ledger_pending WHERE id = ANY(%(ids)s) UNION ALL"
                " SELECT pending_id, flags & 1036 FROM ledger_transfer WHERE result = 0 AND pending_id = ANY(%(ids)s)",
                {"ids": list(self.model.pending)},
            )
            assert {id_: RESOLVED_AS[flags] for id_, flags in cursor.fetchall()} == self.model.pending

    @invariant()
    def new_transfers_are_in_the_books(self) -> None:
        """In each touched account's history, with the balances after; and the balances as of then are these."""
        fresh = self.model.log[self.read_entries :]
        self.read_entries = len(self.model.log)
        found = api.look_up_transfers(entry.transfer.id for entry in fresh)
        before = max(self.seqs.values(), default=0)
        for entry in fresh:
            seq = found[entry.transfer.id].seq
            assert seq > before
            before = self.seqs[entry.transfer.id] = seq
        touched = sorted({side for e in fresh for side in (e.transfer.debit_account_id, e.transfer.credit_account_id)})
        for number in range(min(2, len(touched))):
            self.compare_history(touched[(len(self.model.log) + number) % len(touched)])
        refused = self.model.failed | {t.id for t in self.sent[-12:]} - self.model.transfers.keys()
        assert not api.look_up_transfers(refused)

    def teardown(self) -> None:
        """Compare what was not looked at, and leave nothing behind that would come due in the next example."""
        went_well = self.read_entries == len(self.model.log)
        while expire_due(clock=END_OF_TIME):
            pass
        if went_well:
            self.see_expiries(END_OF_TIME.now())
            assert not self.model.due(END_OF_TIME.now())
            self.balances_are_the_models()
            self.pending_transfers_are_in_the_models_state()
            self.new_transfers_are_in_the_books()
            for id_ in {
                side for e in self.model.log for side in (e.transfer.debit_account_id, e.transfer.credit_account_id)
            }:
                self.compare_history(id_)

    def compare_history(self, id_: UUID) -> None:
        entries = [
            HistoryEntry(replace(t, seq=self.seqs[t.id]), is_debit, after)
            for t, is_debit, after in self.model.history(id_)
        ]
        newest_first = entries[::-1]
        assert api.account_history(id_, limit=len(entries) + 5) == newest_first
        at = len(entries) * 7 // 9
        seq = newest_first[at].transfer.seq
        assert api.account_history(id_, before_seq=seq, limit=4) == newest_first[at + 1 : at + 5]
        assert api.account_history(id_, before_seq=seq + 1, limit=2) == newest_first[at : at + 2]
        assert api.balances_at([id_], seq=seq) == {id_: newest_first[at].balances}
        earlier = newest_first[at + 1].balances if at + 1 < len(entries) else Balances(0, 0, 0, 0)
        assert api.balances_at([id_], seq=seq - 1) == {id_: earlier}
        for then in (
            newest_first[at].transfer.posted_at,
            self.clock.now() - timedelta(seconds=3),
            START - timedelta(1),
        ):
            assert api.balances_at([id_], at=then) == {id_: self.model.at_time(id_, then)}
        for day in (date(2025, 6, 1), date(2025, 5, 31)):
            assert api.balances_at([id_], booked_on=day) == {id_: self.model.at_end_of(id_, day)}


def test_the_ledger_does_what_the_model_does(database: Any) -> None:
    settings = hypothesis.settings(
        max_examples=16 * EFFORT, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(Ledger, settings=settings)
    assert audit(database.owner_dsn).wrong == []
    print(counts, "answers never seen:", [result.name for result in R if result not in answered])
