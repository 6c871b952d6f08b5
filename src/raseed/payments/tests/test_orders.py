"""Payment orders from files: read whole, confirmed, carried out once, reported on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

import psycopg
import pytest
from django.db import connection
from lxml import etree

from raseed.banking import api as banking
from raseed.banking.api import AliasKind, BankAccount, Limits
from raseed.banking.tests.town import Town, build_town
from raseed.display import api as display
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money, currency
from raseed.payments import api as payments
from raseed.payments.api import Order, OrderState, PaymentState
from raseed.payments.orders import executing, receiving
from raseed.payments.orders.domain import CONFIRM_WITHIN, FILE_KEPT, payment_id
from raseed.payments.orders.schemas import STATUS_REPORT, schema
from raseed.payments.orders.upkeep import purge_files, take_up_orders
from raseed.payments.orders.validating import _pieces
from raseed.people import api as people
from raseed.platform import api as platform

from .filing import Blk, File, Pay, send_file

EGP = currency("EGP")
FOREIGN = "DE89370400440532013000"
REPORT = "{urn:iso:std:iso:20022:tech:xsd:pain.002.001.12}"


class Firm:
    """A firm with 10,000 pounds in a current account, and two people whom it pays."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.owner = town.person("شركة النيل", "+201001234567")
        self.account = town.current(self.owner, money=1_000_000)
        self.mona = town.current(town.person("منى علي", "+201001234568"))
        self.ziads = town.wallet(town.person("زياد حسن", "+201001234569"))
        self.iban = iban(self.account)
        limits = Limits(per_transfer_minor=500_000, per_day_minor=None)
        banking.set_limits(
            product_id=self.account.product.id,
            limits=limits,
            valid_from=date(2026, 3, 1),
            actor="staff:1",
            reason="firm",
        )

    def file(self, *pays: Pay, message_id: str = "SALARIES-1", on: str = "<Dt>2026-03-01</Dt>") -> File:
        """Return a file of one block."""
        paid = pays or (Pay(iban(self.mona), "10.50"), Pay("+201001234569", "3"))
        return File([Blk(self.iban, paid, on=on)], message_id)

    def send(self, data: bytes | File | None = None, *, id_: UUID | None = None) -> Order:
        """Hand a file in."""
        return send_file(self.file() if data is None else data, self.owner.id, self.town.clock, id_=id_)

    def confirm(self, order: Order) -> Order:
        """Confirm an order."""
        return payments.confirm_order(order_id=order.id, actor_customer_id=self.owner.id, clock=self.town.clock)

    def carry_out(self, order: Order) -> Order:
        """Do what the worker does."""
        payments.execute_order(order.id, clock=self.town.clock)
        return payments.order(order.id)

    def balances(self) -> tuple[int, int, int]:
        """Return what the firm, Mona and Ziad have."""
        shown = display.shown_balances([self.account.id, self.mona.id, self.ziads.id])
        return tuple(shown[id_].booked.amount_minor for id_ in (self.account.id, self.mona.id, self.ziads.id))  # type: ignore[return-value]

    def problems(self, data: File | bytes) -> list[tuple[int | None, str, str]]:
        """Return what is wrong with a file: line, place, code."""
        order = self.send(data)
        assert order.state is OrderState.REFUSED
        return [(each.line, each.place, each.error.code) for each in payments.order_errors(order.id)]


def iban(account: BankAccount) -> str:
    value = account.alias(AliasKind.IBAN)
    assert value is not None
    return value


def line_of(file: File, text: str) -> int:
    return file.text().partition(text)[0].count("\n") + 1


def report(order: Order, firm: Firm, language: str = "en") -> etree._Element:
    """Return an order's status report, held against its schema."""
    data = b"".join(payments.order_results_pain002(order.id, language=language, clock=firm.town.clock))
    root = etree.fromstring(data)
    schema(STATUS_REPORT).assertValid(root)
    return root


def texts(root: etree._Element, *names: str) -> list[str]:
    return [found.text or "" for found in root.iterfind(".//" + "/".join(REPORT + name for name in names))]


def jobs() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT task_name FROM procrastinate_jobs WHERE status = 'todo' AND queue_name = 'orders' ORDER BY id"
        )
        return [name for (name,) in cursor.fetchall()]


@pytest.fixture
def firm(database: object) -> Firm:
    del database
    return Firm(build_town())


def test_a_file_is_read_confirmed_carried_out_and_reported_on(firm: Firm) -> None:
    order = firm.send()
    assert order.state is OrderState.ACCEPTED
    assert (order.count, order.totals, order.message_id) == (2, (Money(1_350, EGP),), "SALARIES-1")
    (block,) = order.blocks
    assert (block.from_account_id, block.execution_on) == (firm.account.id, date(2026, 3, 1))
    assert firm.balances() == (1_000_000, 0, 0)
    assert jobs() == ["payments.validate_order"]
    assert texts(report(order, firm), "GrpSts") == ["ACTC"]

    assert firm.confirm(order).state is OrderState.EXECUTING
    assert jobs() == ["payments.validate_order", "payments.execute_order"]
    assert firm.balances() == (1_000_000, 0, 0)
    done = firm.carry_out(order)
    assert done.state is OrderState.DONE
    assert (done.settled, done.refused, done.settled_totals) == (2, 0, (Money(1_350, EGP),))
    assert (done.progress.done, done.progress.total) == (2, 2)
    assert firm.balances() == (998_650, 1_050, 300)
    told = report(done, firm)
    assert texts(told, "GrpSts") == ["ACSC"]
    assert texts(told, "TxInfAndSts", "TxSts") == ["ACSC", "ACSC"]
    assert texts(told, "TxInfAndSts", "OrgnlEndToEndId") == ["E1", "E2"]
    references = texts(told, "TxInfAndSts", "AcctSvcrRef")
    assert len(set(references)) == 2
    line = banking.statement(firm.account.id, language="en").lines[0]
    assert line.reference == references[1]
    assert [record.action for record in platform.audit_trail(f"payment_order:{order.id}")] == [
        "payments.order_confirmed", "payments.order_received",
    ]  # fmt: skip


def test_a_worker_reads_and_carries_out_by_itself(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "READ_AT_ONCE_BYTES_MAX", 0)
    today = f"<Dt>{banking.business_date(firm.town.bank, SYSTEM_CLOCK.now())}</Dt>"
    order = firm.send(firm.file(on=today))
    assert order.state is OrderState.RECEIVED
    assert (order.progress.done, order.progress.total) == (0, order.file_bytes)
    platform.run_worker(wait=False, queues=["orders"])
    order = payments.order(order.id)
    assert order.state is OrderState.ACCEPTED
    firm.confirm(order)
    platform.run_worker(wait=False, queues=["orders"])
    assert payments.order(order.id).state is OrderState.DONE
    assert firm.balances() == (998_650, 1_050, 300)


def test_single_refusals_stop_nobody_else_and_have_their_codes(firm: Firm) -> None:
    closed = firm.town.current(firm.town.person("ج", "+201001230002"))
    banking.close_account(account_id=closed.id, by=people.SYSTEM, reason="test")
    blocked = firm.town.wallet(firm.town.person("ب", "+201001230003"))
    block(blocked)
    cases = [
        (Pay(iban(firm.mona), "4000"), None),
        (Pay("+201009999999", "1"), "AC01"),
        (Pay(FOREIGN, "1"), "CNOR"),
        (Pay(iban(closed), "1"), "AC07"),
        (Pay("+201001230003", "1"), "AC06"),
        (Pay(firm.iban, "1"), "AG01"),
        (Pay(iban(firm.mona), "5000.01"), "AM02"),
        (Pay(iban(firm.mona), "5000"), None),
        (Pay(iban(firm.mona), "2000"), "AM04"),
        (Pay(iban(firm.mona), "1000"), None),
    ]
    order = firm.send(firm.file(*(pay for pay, _ in cases)))
    assert order.state is OrderState.ACCEPTED
    firm.confirm(order)
    done = firm.carry_out(order)
    assert (done.state, done.settled, done.refused) == (OrderState.DONE, 3, 7)
    assert firm.balances() == (0, 1_000_000, 0)
    told = report(done, firm)
    assert texts(told, "GrpSts") == ["PART"]
    expected = ["ACSC" if code is None else "RJCT" for _, code in cases]
    assert texts(told, "TxInfAndSts", "TxSts") == expected
    assert texts(told, "TxInfAndSts", "StsRsnInf", "Rsn", "Cd") == [code for _, code in cases if code]
    assert "Nobody here has this number." in texts(told, "TxInfAndSts", "StsRsnInf", "AddtlInf")
    arabic = texts(report(done, firm, "ar"), "TxInfAndSts", "StsRsnInf", "AddtlInf")
    assert "لا أحد هنا يحمل هذا الرقم." in arabic


def test_one_bad_iban_is_told_with_its_line_and_nothing_moves(firm: Firm) -> None:
    bad = firm.iban[:-1] + str((int(firm.iban[-1]) + 1) % 10)
    file = firm.file(Pay(iban(firm.mona)), Pay(bad), Pay(iban(firm.mona)))
    order = firm.send(file)
    assert order.state is OrderState.REFUSED
    (problem,) = payments.order_errors(order.id)
    assert (problem.line, problem.place) == (line_of(file, bad), "PmtInf[1]/CdtTrfTxInf[2]/CdtrAcct/Id/IBAN")
    assert problem.error.code == "invalid_iban"
    words = {language: payments.problem_words(problem, language) for language in ("ar", "he", "en")}
    assert words["en"].startswith(f"Line {problem.line}, ")
    assert len(set(words.values())) == 3
    with pytest.raises(payments.OrderNotWaiting):
        firm.confirm(order)
    assert firm.carry_out(order).state is OrderState.REFUSED
    assert firm.balances() == (1_000_000, 0, 0)
    told = report(order, firm)
    assert texts(told, "GrpSts") == ["RJCT"]
    assert texts(told, "StsRsnInf", "Rsn", "Cd") == ["AC01"]
    assert "".join(texts(told, "StsRsnInf", "AddtlInf")).startswith(f"Line {problem.line}, PmtInf[1]")
    assert texts(told, "TxInfAndSts", "TxSts") == []


def test_everything_that_breaks_a_rule_is_told_at_once(firm: Firm) -> None:
    theirs = iban(firm.mona)
    pays = [
        Pay(theirs, "0.00"),
        Pay(theirs, "1.005"),
        Pay(theirs, currency="USD"),
        Pay(theirs, end_to_end_id="SAME"),
        Pay(theirs, end_to_end_id="SAME", instruction_id="I"),
        Pay(theirs, end_to_end_id="NOTPROVIDED", instruction_id="I"),
        Pay(theirs, end_to_end_id="NOTPROVIDED"),
        Pay(theirs, note="evil\u202enote"),
        Pay(theirs, name="zero\u200bwidth"),
        Pay(theirs, bic="NILEZZCX"),
        Pay(theirs, more="<ChrgBr>CRED</ChrgBr>"),
        Pay("+20-100", "1"),
        Pay(theirs, end_to_end_id="a\u2066b"),
    ]
    place = "PmtInf[1]/CdtTrfTxInf"
    file = File([Blk(firm.iban, pays, count="14", bic="NILEQQCX", method="CHK")], count="15")
    assert [(where, code) for _, where, code in firm.problems(file)] == [
        ("GrpHdr/NbOfTxs", "order_wrong_count"),
        ("PmtInf[1]/PmtMtd", "order_method_not_offered"),
        ("PmtInf[1]/NbOfTxs", "order_wrong_count"),
        ("PmtInf[1]/DbtrAgt/FinInstnId/BICFI", "order_wrong_bic"),
        (f"{place}[1]/Amt/InstdAmt", "amount_not_positive"),
        (f"{place}[2]/Amt/InstdAmt", "invalid_amount"),
        (f"{place}[3]/Amt/InstdAmt", "wrong_currency"),
        (f"{place}[5]/PmtId/EndToEndId", "order_end_to_end_id_twice"),
        (f"{place}[6]/PmtId/InstrId", "order_instruction_id_twice"),
        (f"{place}[8]/RmtInf/Ustrd", "unacceptable_text"),
        (f"{place}[9]/Cdtr/Nm", "unacceptable_text"),
        (f"{place}[10]/CdtrAgt/FinInstnId/BICFI", "order_wrong_bic"),
        (f"{place}[11]/ChrgBr", "order_charges_not_offered"),
        (f"{place}[12]/CdtrAcct/Id/Othr/Id", "invalid_alias"),
        (f"{place}[13]/PmtId/EndToEndId", "unacceptable_text"),
    ]
    assert {line for line, *_ in firm.problems(file)} > {line_of(file, "evil"), line_of(file, "NILEZZCX")}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda _, file: setattr(file, "total", "13.49"), "order_wrong_sum"),
        (lambda _, file: setattr(file.blocks[0], "total", "13.51"), "order_wrong_sum"),
        (lambda _, file: setattr(file.blocks[0], "on", "<Dt>2026-02-28</Dt>"), "order_date_past"),
        (lambda _, file: setattr(file.blocks[0], "on", "<Dt>2028-01-01</Dt>"), "order_date_far"),
        (lambda firm, file: setattr(file.blocks[0], "debtor", iban(firm.mona)), "order_debtor_unknown"),
        (lambda _, file: setattr(file.blocks[0], "debtor", FOREIGN), "order_debtor_unknown"),
        (lambda _, file: setattr(file, "message_id", "a\u200fb"), "unacceptable_text"),
        (lambda _, file: setattr(file, "blocks", [*file.blocks, *file.blocks]), "order_block_id_twice"),
        (lambda firm, _: block(firm.account), "account_blocked"),
    ],
    ids=range(9),
)
def test_a_rule_that_a_file_breaks_refuses_it(firm: Firm, change: Callable[[Firm, File], None], code: str) -> None:
    file = firm.file()
    change(firm, file)
    assert code in {found for *_, found in firm.problems(file)}
    assert firm.balances() == (1_000_000, 0, 0)


def block(account: BankAccount) -> None:
    banking.block_account(account_id=account.id, by=people.SYSTEM, reason="test")


def test_a_file_with_too_much_wrong_is_told_of_up_to_a_bound(firm: Firm) -> None:
    file = firm.file(*[Pay("EG110000000000000000000000000")] * 150)
    assert len(firm.problems(file)) == payments.PROBLEMS_MAX


def test_the_same_file_twice_is_one_order_under_whatever_id_it_comes(firm: Firm) -> None:
    order = firm.send()
    assert firm.send(id_=order.id) == order
    assert firm.send().id == order.id
    firm.confirm(order)
    firm.carry_out(order)
    again = firm.send()
    assert (again.id, again.state) == (order.id, OrderState.DONE)
    firm.confirm(again)
    firm.carry_out(again)
    assert firm.balances() == (998_650, 1_050, 300)
    with pytest.raises(payments.OrderIdTaken):
        firm.send(firm.file(Pay(iban(firm.mona))), id_=order.id)


def test_another_file_under_the_same_message_id_is_refused_once_the_first_is_accepted(firm: Firm) -> None:
    firm.send()
    other = firm.file(Pay(iban(firm.mona), "7"))
    assert firm.problems(other) == [(None, "GrpHdr/MsgId", "order_message_id_taken")]
    stranger = send_file(firm.file(), firm.mona.owner_id, firm.town.clock)
    assert {each.error.code for each in payments.order_errors(stranger.id)} == {"order_debtor_unknown"}


def test_a_refused_file_may_be_corrected_and_come_again_under_its_message_id(firm: Firm) -> None:
    assert firm.problems(firm.file(Pay(iban(firm.mona), "0")))
    assert firm.send(firm.file(Pay(iban(firm.mona), "1"))).state is OrderState.ACCEPTED


def test_the_same_payments_under_another_message_id_are_pointed_out(firm: Firm) -> None:
    first = firm.send()
    second = firm.send(firm.file(message_id="SALARIES-2"))
    assert (second.state, second.similar_to) == (OrderState.ACCEPTED, first.id)
    third = firm.send(firm.file(Pay(iban(firm.mona), "9"), message_id="SALARIES-3"))
    assert third.similar_to is None


def test_a_withdrawn_order_moves_nothing_and_its_file_may_come_again(firm: Firm) -> None:
    order = firm.send()
    withdrawn = payments.withdraw_order(order_id=order.id, actor_customer_id=firm.owner.id, clock=firm.town.clock)
    assert withdrawn.state is OrderState.WITHDRAWN
    with pytest.raises(payments.OrderNotWaiting):
        firm.confirm(order)
    told = report(withdrawn, firm)
    assert texts(told, "GrpSts") == ["RJCT"]
    assert texts(told, "TxInfAndSts", "StsRsnInf", "Rsn", "Cd") == ["DS02", "DS02"]
    again = firm.send()
    assert (again.state, again.id == order.id) == (OrderState.ACCEPTED, False)
    assert firm.balances() == (1_000_000, 0, 0)


def test_blocks_of_later_dates_wait_for_their_date_and_can_be_withdrawn(firm: Firm) -> None:
    theirs = iban(firm.mona)
    blocks = [
        Blk(firm.iban, [Pay(theirs, "1"), Pay(theirs, "2")]),
        Blk(firm.iban, [Pay(theirs, "4")], on="<Dt>2026-03-03</Dt>", id="B2"),
        Blk(firm.iban, [Pay(theirs, "8")], on="<DtTm>2026-03-02T23:30:00Z</DtTm>", id="B3"),
        Blk(firm.iban, [Pay(theirs, "16")], on="<Dt>2026-03-09</Dt>", id="B4"),
    ]
    order = firm.send(File(blocks))
    assert [block.execution_on.day for block in order.blocks] == [1, 3, 3, 9]  # half past one in Cairo
    firm.confirm(order)
    waiting = firm.carry_out(order)
    assert (waiting.state, waiting.settled, waiting.progress.waits_until) == (OrderState.EXECUTING, 2, date(2026, 3, 3))
    assert firm.balances()[1] == 300
    assert texts(report(waiting, firm), "TxInfAndSts", "TxSts") == ["ACSC", "ACSC", "PDNG", "PDNG", "PDNG"]
    firm.town.clock.advance(timedelta(days=1))
    take_up_orders(clock=firm.town.clock)
    assert jobs().count("payments.execute_order") == 1
    firm.town.clock.advance(timedelta(hours=11))  # 3 March has begun in Cairo
    take_up_orders(clock=firm.town.clock)
    assert jobs().count("payments.execute_order") == 2
    assert firm.carry_out(order).settled == 4
    booked = payments.payments_of(firm.owner.id).payments[0].booked_on
    assert booked == date(2026, 3, 3)
    withdrawn = payments.withdraw_order(order_id=order.id, actor_customer_id=firm.owner.id, clock=firm.town.clock)
    assert withdrawn.state is OrderState.WITHDRAWN
    firm.town.clock.advance(timedelta(days=30))
    firm.carry_out(order)
    assert firm.balances()[1] == 1_500
    assert texts(report(withdrawn, firm), "TxInfAndSts", "TxSts") == ["ACSC"] * 4 + ["RJCT"]
    assert firm.send(File(blocks)).id == order.id  # what was carried out in part does not come again as a whole


def test_an_order_that_nobody_confirms_lapses(firm: Firm) -> None:
    order = firm.send()
    firm.town.clock.advance(CONFIRM_WITHIN + timedelta(hours=1))
    take_up_orders(clock=firm.town.clock)
    lapsed = payments.order(order.id)
    assert lapsed.state is OrderState.WITHDRAWN
    words = texts(report(lapsed, firm), "TxInfAndSts", "StsRsnInf", "AddtlInf")
    assert words == ["The order was not confirmed in time."] * 2


def test_a_large_order_goes_in_several_transactions_and_its_end_is_estimated(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executing, "PAYMENTS_AT_ONCE", 4)
    order = firm.send(firm.file(*[Pay(iban(firm.mona), "1")] * 10))
    firm.confirm(order)
    original = executing._carry_out_some

    def slowly(*args: object) -> None:
        firm.town.clock.advance(timedelta(seconds=6))
        original(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(executing, "_carry_out_some", slowly)
    assert payments.execute_order(order.id, clock=firm.town.clock) is True  # ten seconds are over
    half = payments.order(order.id)
    assert (half.progress.done, half.progress.total) == (8, 10)
    assert half.progress.ends_at == firm.town.clock.now() + timedelta(seconds=3)
    assert payments.execute_order(order.id, clock=firm.town.clock) is False
    assert payments.order(order.id).state is OrderState.DONE
    assert firm.balances()[1] == 1_000


def test_the_door_refuses_what_no_file_is(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(payments.FileEmpty):
        firm.send(b"")
    monkeypatch.setattr(receiving, "FILE_BYTES_MAX", 1000)
    with pytest.raises(payments.FileTooLarge):
        firm.send()
    monkeypatch.undo()
    with pytest.raises(RaseedError, match="can't be seen"):
        send_file(firm.file(), firm.owner.id, firm.town.clock, name="evil\u202egpj.xml")
    monkeypatch.setattr(receiving, "OPEN_ORDERS_MAX", 2)
    for number in (1, 2):
        firm.send(firm.file(message_id=f"M{number}"))
    with pytest.raises(payments.TooManyOpenOrders):
        firm.send(firm.file(message_id="M3"))
    page = payments.orders(firm.owner.id, limit=1)
    assert page.orders[0].message_id == "M2"
    assert page.next is not None
    (first,) = payments.orders(firm.owner.id, before=page.next).orders
    assert first.message_id == "M1"


def test_an_order_is_its_sender_s_alone(firm: Firm) -> None:
    order, other = firm.send(), firm.mona.owner_id
    reads: list[Callable[[], object]] = [
        lambda: payments.order(order.id, customer_id=other),
        lambda: payments.order_errors(order.id, customer_id=other),
        lambda: payments.order_results_pain002(order.id, customer_id=other),
        lambda: payments.confirm_order(order_id=order.id, actor_customer_id=other),
        lambda: payments.withdraw_order(order_id=order.id, actor_customer_id=other),
        lambda: payments.order(new_id()),
    ]
    for read in reads:
        with pytest.raises(payments.OrderUnknown):
            read()
    assert payments.orders(other).orders == ()
    assert payments.order(order.id).state is OrderState.ACCEPTED


def test_the_raw_file_is_kept_for_disputes_and_then_removed(firm: Firm, database) -> None:
    file = firm.file()
    order = firm.send(file)
    assert b"".join(_pieces(order.id)) == file.data()
    purge_files(clock=firm.town.clock)
    firm.confirm(order)
    firm.carry_out(order)
    firm.town.clock.advance(FILE_KEPT - timedelta(days=1))
    purge_files(clock=firm.town.clock)
    assert b"".join(_pieces(order.id)) == file.data()
    firm.town.clock.advance(timedelta(days=2))
    purge_files(clock=firm.town.clock)
    assert b"".join(_pieces(order.id)) == b""
    assert texts(report(payments.order(order.id), firm), "GrpSts") == ["ACSC"]


def test_ids_of_payments_follow_from_the_order_s_and_end_differently(firm: Firm) -> None:
    order = firm.send()
    ids = [payment_id(order.id, order.received_at, position) for position in (1, 2, 99_999)]
    assert ids == sorted(ids)
    assert {id_.version for id_ in ids} == {7}
    assert len({id_.hex[-10:] for id_ in ids}) == 3
    firm.confirm(order)
    firm.carry_out(order)
    assert payments.payment(ids[0], firm.owner.id).state is PaymentState.SETTLED


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE payments_order SET state = 'done'",
        "UPDATE payments_order SET actor_customer_id = gen_random_uuid()",
        "UPDATE payments_order SET payment_count = 1",
        "UPDATE payments_order SET state = 'validating'",
        "DELETE FROM payments_order",
        "TRUNCATE payments_order",
        "UPDATE payments_order_entry SET amount_minor = 1",
        "DELETE FROM payments_order_entry",
        "TRUNCATE payments_order_entry",
        "INSERT INTO payments_order_entry SELECT id, 3, 1, 1, id, NULL, 'x', NULL, 'iban', 'x', 1, '' FROM payments_order",
        "UPDATE payments_order_block SET payment_count = 1",
        "UPDATE payments_order_block SET next_position = 2, settled_count = 1",
        "DELETE FROM payments_order_block",
        "DELETE FROM payments_order_file",
        "UPDATE payments_order_file SET piece = ''",
        "TRUNCATE payments_order_file",
        "INSERT INTO payments_order_problem SELECT id, 1, 1, '', 'x', '{}' FROM payments_order",
    ],
)
def test_the_database_refuses_what_no_verb_does(firm: Firm, database, statement: str) -> None:
    firm.send()
    with psycopg.connect(database.owner_dsn) as owner, pytest.raises(psycopg.errors.RestrictViolation):
        owner.execute(statement)
