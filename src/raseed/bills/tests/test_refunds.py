"""Money back: never more than was paid, within what is delegated, once, and told to whoever gets it."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import DatabaseError, IntegrityError

from raseed.banking import api as banking
from raseed.banking.tests.town import at_once, booked
from raseed.bills import api as bills
from raseed.bills.api import BillState, Part, PartKind
from raseed.bills.errors import BillOrderUnknown
from raseed.bills.models import BillRow
from raseed.bills.refunds.domain import refundable_minor, taken_back
from raseed.bills.refunds.models import RefundRow
from raseed.channels.models import TextRow
from raseed.kernel.ids import new_id
from raseed.kernel.money import CurrencyMismatch, Money, currency
from raseed.kernel.text import UnacceptableText
from raseed.payments import api as payments
from raseed.people import api as people
from raseed.platform.models import AuditRow, EventRow

from .counter import REASON, clerk, collected, give, money, paid
from .street import Street


def bill_row(order: bills.BillOrder) -> BillRow:
    return BillRow.objects.get(id=order.bill_ids[0])


def test_a_refund_moves_the_money_opens_the_bill_and_is_told(street: Street) -> None:
    nur = street.biller(part_payments="any")
    mona, account = street.person(money=90_000)
    order = paid(street, nur, mona, account)
    whole = order.amount.amount_minor
    kamal = clerk(street, nur, most=whole, a_day=whole)
    back = give(street, order, 400, kamal)
    assert (back.amount, back.clerk, back.order_id, back.biller_id) == (money(400), kamal.id, order.id, nur.id)
    assert booked(account) == 90_000 - whole + 400
    assert collected(nur) == whole - 400
    row = bill_row(order)
    assert (row.paid_minor, row.state) == (whole - 400, "partly_paid")
    (line,) = banking.statement(account.id, language="en").lines[:1]
    assert line.note == f"Refund of payment {payments.reference_of(order.id)}"
    assert line.payment_id == order.id, "it leads to the receipt of what was paid"
    (theirs,) = banking.statement(nur.collection_account_id, language="en").lines[:1]
    assert theirs.amount.amount_minor == -400
    (text,) = TextRow.objects.filter(purpose="bill_refunded")
    assert text.to_phone == mona.phone
    assert payments.reference_of(order.id) in (text.text or "")
    assert EventRow.objects.filter(name="bills.refunded").count() == 1
    recorded = AuditRow.objects.get(action="bills.refunded")
    assert (recorded.actor, recorded.reason, recorded.customer_id) == (kamal.actor, REASON, mona.id)
    give(street, order, whole - 400, kamal)
    assert (bill_row(order).paid_minor, bill_row(order).state) == (0, "open")
    (again,) = [each for each in bills.bills_of(mona.id) if each.id == row.id]
    assert again.owed.amount_minor == whole, "it can be paid again"
    day = back.booked_on
    assert [each.amount.amount_minor for each in bills.refunds_of_day(nur.id, day)] == [400, whole - 400]
    assert bills.refunds_of_day(nur.id, day - timedelta(days=1)) == []
    assert len(bills.refunds_of_orders([order.id])[order.id]) == len(bills.refunds_of_biller(nur.id)) == 2


def test_a_bill_that_stays_paid_is_owed_by_nobody_also_when_the_biller_tells_of_it_again(street: Street) -> None:
    nur = street.biller(part_payments="any")
    mona, account = street.person(money=90_000)
    order = paid(street, nur, mona, account)
    give(street, order, 300, clerk(street, nur), reopens=False)
    row = bill_row(order)
    assert (row.paid_minor, row.elsewhere_minor, row.state) == (order.amount.amount_minor - 300, 300, "paid")
    street.fetch(nur, mona)
    assert bill_row(order).state == "paid"


def test_more_than_was_paid_never_goes_back(street: Street) -> None:
    nur = street.biller()
    mona, account = street.person()
    order = paid(street, nur, mona, account)
    whole = order.amount.amount_minor
    kamal = clerk(street, nur, most=10 * whole, a_day=20 * whole)
    with pytest.raises(bills.RefundTooMuch) as refused:
        give(street, order, whole + 1, kamal)
    assert refused.value.params["amount"] == order.amount.decimal_text()
    give(street, order, whole - 10, kamal)
    with pytest.raises(bills.RefundTooMuch):
        give(street, order, 11, kamal)
    with pytest.raises(IntegrityError):
        RefundRow.objects.create(
            id=new_id(), order_id=order.id, biller_id=nur.id, amount_minor=11, actor="system", reason="x", reopens=True,
            at=street.town.clock.now(), booked_on=street.town.clock.now().date(),
        )  # fmt: skip
    with pytest.raises(DatabaseError):
        RefundRow.objects.all().delete()


def test_two_clerks_the_same_second_give_back_once(street: Street) -> None:
    nur = street.biller()
    mona, account = street.person()
    order = paid(street, nur, mona, account)
    whole = order.amount.amount_minor
    two = [clerk(street, nur, login, most=whole, a_day=whole) for login in ("kamal", "laila")]
    answers = at_once([lambda c=each: give(street, order, whole - 1, c) for each in two])  # type: ignore[misc]
    assert sorted(type(each).__name__ for each in answers) == ["Refund", "RefundTooMuch"]
    assert booked(account) == 1_000_000 - 1


def test_one_clerk_in_many_windows_stays_within_the_day(street: Street) -> None:
    nur = street.biller()
    mona, account = street.person()
    orders = [paid(street, nur, mona, account, number=f"1234567{n}") for n in range(4)]
    kamal = clerk(street, nur, most=400, a_day=1_000)
    answers = at_once([lambda o=each: give(street, o, 400, kamal) for each in orders])  # type: ignore[misc]
    assert sorted(type(each).__name__ for each in answers) == [
        "Refund", "Refund", "RefundAboveDayLimit", "RefundAboveDayLimit",
    ]  # fmt: skip
    with pytest.raises(bills.RefundAboveLimit):
        give(street, orders[0], 401, kamal)
    with pytest.raises(bills.RefundAboveDayLimit) as refused:
        give(street, orders[0], 201, kamal)
    assert refused.value.params["amount"] == "2.00"
    street.town.clock.advance(timedelta(days=1))
    assert give(street, orders[3], 400, kamal).amount == money(400), "another day, another count"


def test_the_same_id_again_gives_the_first_answer_and_another_content_is_refused(street: Street) -> None:
    nur = street.biller()
    mona, account = street.person()
    order = paid(street, nur, mona, account)
    kamal, id_ = clerk(street, nur), new_id()
    first = give(street, order, 100, kamal, id_=id_)
    assert give(street, order, 100, kamal, id_=id_) == first
    answers = at_once([lambda: give(street, order, 100, kamal, id_=id_)] * 3)
    assert answers == [first] * 3
    for changed in ({"minor": 101}, {"reopens": False}, {"reason": "another reason"}):
        with pytest.raises(bills.RefundDiffers):
            give(street, order, **({"minor": 100, "by": kamal, "id_": id_} | changed))  # type: ignore[arg-type]
    other = paid(street, nur, mona, account, number="12345679")
    with pytest.raises(bills.RefundDiffers):
        give(street, other, 100, kamal, id_=id_)
    with pytest.raises(bills.RefundDiffers):
        give(street, other, 100, kamal, id_=order.id)  # the ledger's transfer of another thing
    assert collected(nur) == order.amount.amount_minor + other.amount.amount_minor - 100
    assert TextRow.objects.filter(purpose="bill_refunded").count() == 1


def test_another_billers_payment_is_not_there_and_what_was_not_delegated_is_refused(street: Street) -> None:
    nur, gas = street.biller(), street.biller("gas")
    mona, account = street.person()
    order = paid(street, nur, mona, account)
    with pytest.raises(BillOrderUnknown):
        give(street, order, 100, clerk(street, gas, "gamal"))
    with pytest.raises(bills.RefundNotDelegated):
        give(street, order, 100, clerk(street, nur, "looks", most=None, a_day=None))
    with pytest.raises(BillOrderUnknown):
        bills.refund(id=new_id(), order_id=new_id(), amount=money(1), reason=REASON, by=people.SYSTEM)
    assert not RefundRow.objects.exists()


def test_bad_input_is_refused(street: Street) -> None:
    nur = street.biller()
    mona, account = street.person()
    order = paid(street, nur, mona, account)
    kamal = clerk(street, nur)
    for minor in (0, -5):
        with pytest.raises(bills.RefundAmountNeeded):
            give(street, order, minor, kamal)
    with pytest.raises(UnacceptableText):
        give(street, order, 10, kamal, reason=" ")
    with pytest.raises(CurrencyMismatch):
        bills.refund(
            id=new_id(), order_id=order.id, amount=Money(5, currency("USD")), reason=REASON, clerk=kamal,
            clock=street.town.clock,
        )  # fmt: skip
    waiting = street.order(nur, mona, street.fetch(nur, mona, "10000002")[0])
    with pytest.raises(bills.NotRefundable):
        give(street, waiting, 10, kamal)


def test_a_collection_account_without_money_and_a_payer_who_is_gone_are_said_in_words(street: Street) -> None:
    nur = street.biller()
    mona, account = street.person(money=90_000)
    order = paid(street, nur, mona, account)
    kamal = clerk(street, nur)
    at_the_till = banking.account(nur.collection_account_id)
    street.town.book(at_the_till, -(order.amount.amount_minor - 50))
    with pytest.raises(bills.RefundNotCovered):
        give(street, order, 51, kamal)
    id_ = new_id()
    banking.block_account(account_id=account.id, by=people.SYSTEM, reason="a court said so", clock=street.town.clock)
    with pytest.raises(bills.PayerCannotReceive):
        give(street, order, 50, kamal, id_=id_)
    banking.unblock_account(account_id=account.id, by=people.SYSTEM, reason="and took it back", clock=street.town.clock)
    assert give(street, order, 50, kamal, id_=id_).id == id_, "the id was free"
    assert collected(nur) == 0


def test_staff_refund_alone_what_the_biller_delegates_and_more_with_a_second_person(street: Street) -> None:
    nur = street.biller()
    mona, account = street.person()
    order = paid(street, nur, mona, account)
    whole = order.amount.amount_minor
    basma = street.town.staff("bills.refund")

    def alone(minor: int) -> bills.Refund:
        return bills.refund(
            id=new_id(), order_id=order.id, amount=money(minor), reason=REASON, by=basma, clock=street.town.clock
        )

    with pytest.raises(bills.RefundNeedsSecondPerson):
        alone(100)  # nobody is delegated anything yet
    clerk(street, nur, most=500, a_day=600)
    assert alone(500).clerk is None
    with pytest.raises(bills.RefundNeedsSecondPerson):
        alone(101)
    with pytest.raises(people.NotPermitted):
        bills.refund(id=new_id(), order_id=order.id, amount=money(1), reason=REASON, by=street.town.staff("bills.view"))
    change = bills.propose_refund(
        id=new_id(), order_id=order.id, amount=money(whole - 500), reason=REASON, by=basma, reopens=False,
        clock=street.town.clock,
    )  # fmt: skip
    with pytest.raises(bills.RefundTooMuch):
        bills.propose_refund(id=new_id(), order_id=order.id, amount=money(whole), reason=REASON, by=basma)
    lines = {line.label: line.after for line in people.describe_change(change, "en")}
    assert lines["The bill"] == "Stays paid"
    people.confirm_change(change.id, by=street.town.staff("bills.refunds.confirm"), clock=street.town.clock)
    assert booked(account) == 1_000_000
    assert bill_row(order).state == "partly_paid", "the first opened it, the second did not"
    assert bills.refunds_of_orders([order.id])[order.id][-1].actor == basma.actor


def test_a_proposal_is_outdated_once_somebody_else_has_refunded(street: Street) -> None:
    nur = street.biller()
    mona, account = street.person()
    order = paid(street, nur, mona, account)
    change = bills.propose_refund(
        id=new_id(), order_id=order.id, amount=money(900), reason=REASON, by=street.town.staff("bills.refund"),
        clock=street.town.clock,
    )  # fmt: skip
    give(street, order, 100, clerk(street, nur))
    with pytest.raises(people.ChangeOutdated):
        people.confirm_change(change.id, by=street.town.staff("bills.refunds.confirm"), clock=street.town.clock)


def test_bills_give_back_the_last_first_however_the_sum_is_divided() -> None:
    first, second = new_id(), new_id()
    parts = (
        Part(PartKind.BILL, money(100), first), Part(PartKind.PENALTY, money(10), first),
        Part(PartKind.BILL, money(50), second), Part(PartKind.CREDIT, money(7), second),
    )  # fmt: skip
    assert refundable_minor(parts, 167) == 160, "credit is used, never paid out"
    assert taken_back(parts, 0, 60) == {second: 50, first: 10}
    assert taken_back(parts, 60, 90) == {first: 90}
    assert taken_back(parts, 150, 10) == {}, "the penalty comes last, and no bill gives for it"
    for step in (1, 7, 33):
        sums: dict[UUID, int] = {}
        for before in range(0, 160, step):
            for bill_id, minor in taken_back(parts, before, min(step, 160 - before)).items():
                sums[bill_id] = sums.get(bill_id, 0) + minor
        assert sums == {first: 100, second: 50}


_KILLED = """
import django; django.setup()
import importlib, os, signal, sys
from datetime import datetime
from uuid import UUID
from raseed.bills import api as bills
from raseed.bills.refunds import refunding
from raseed.kernel.clock import ManualClock
from raseed.kernel.money import Money, currency
function, when = sys.argv[4].split(":")
original = getattr(refunding, function)
def deadly(*args, **kwargs):
    if when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    answer = original(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)
    return answer
setattr(refunding, function, deadly)
(clerk,) = bills.clerk_of(UUID(sys.argv[3]))
answer = bills.refund(id=UUID(sys.argv[1]), order_id=UUID(sys.argv[2]), amount=Money(400, currency("EGP")),
    reason="paid the wrong number", clerk=clerk, clock=ManualClock(datetime.fromisoformat(sys.argv[5])))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(
    ("point", "done"),
    [
        ("_shrink:after", False),
        ("_tell:after", False),
        ("_post:before", False),
        ("_post:after", False),
        ("_said:after", True),
    ],
)
def test_killed_at_any_step_it_was_once_or_not_at_all(street: Street, point: str, *, done: bool) -> None:
    nur = street.biller(part_payments="any")
    mona, account = street.person(money=90_000)
    order = paid(street, nur, mona, account)
    kamal, id_ = clerk(street, nur), new_id()
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, str(id_), str(order.id), str(kamal.id), point, street.town.clock.now().isoformat()],
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    whole = order.amount.amount_minor
    assert (collected(nur), bill_row(order).paid_minor) == ((whole - 400,) * 2 if done else (whole,) * 2)
    assert RefundRow.objects.filter(id=id_).exists() is done
    assert give(street, order, 400, kamal, id_=id_).id == id_
    assert (collected(nur), bill_row(order).paid_minor) == (whole - 400, whole - 400)
    assert booked(account) == 90_000 - whole + 400
    assert TextRow.objects.filter(purpose="bill_refunded").count() == 1
    assert BillState(bill_row(order).state) is BillState.PARTLY_PAID
