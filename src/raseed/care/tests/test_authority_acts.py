"""Each action does what it says over the packages below, within what it was weighed at, once; money is neither made nor lost."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from raseed.banking import api as banking
from raseed.banking.api import BlockReason, FeeEvent, LoanTerms, Method, PenaltyKind, PenaltyRule
from raseed.bills import api as bills
from raseed.bills.tests.counter import paid
from raseed.bills.tests.late import A_DAY, Late, late
from raseed.care.api import authority
from raseed.care.authority.api import RequestState
from raseed.channels import api as channels
from raseed.channels.models import TextRow
from raseed.kernel.errors import InputError
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money, currency
from raseed.payments import api as payments
from raseed.people import api as people

from .mending import REASON, Mending, bounds, times

EGP = currency("EGP")


def money(minor: int) -> Money:
    return Money(minor, EGP)


def sent_with_a_fee(mending: Mending, fee: int = 250) -> payments.Payment:
    """Let somebody pay somebody, at a price."""
    town = mending.street.town
    payer, source = mending.street.person(money=50_000)
    _, target = mending.street.person(money=0)
    banking.set_fee(
        product_id=source.product.id, event=FeeEvent.TRANSFER_ON_US, amount_minor=fee,
        valid_from=town.clock.now().date(), actor="system", reason="a test", clock=town.clock,
    )  # fmt: skip
    number = target.alias(banking.AliasKind.NUMBER) or ""
    return payments.send(
        id=new_id(), actor_customer_id=payer.id, from_account_id=source.id,
        to=banking.Alias(banking.AliasKind.NUMBER, number), amount=money(10_000), clock=town.clock,
    )  # fmt: skip


def test_a_fee_goes_back_whole_once_to_who_paid_it(mending: Mending) -> None:
    agent = mending.staff()
    mending.limit("agent", bounds(1_000), "refund_fee")
    sent = sent_with_a_fee(mending)
    source = banking.account(sent.from_account_id)
    fees = banking.internal_account(mending.bank, banking.InternalRole.FEES)
    subject, payer = f"payment:{sent.id}", sent.actor_customer_id
    with pytest.raises(authority.AmountDiffers):
        mending.ask(agent, "refund_fee", subject, payer, amount=money(100))
    done = mending.ask(agent, "refund_fee", subject, payer)
    assert (done.state, done.amount) == (RequestState.DONE, money(250))
    assert mending.held(source) == 50_000 - 10_000
    (line,) = banking.statement(source.id, language="en").lines[:1]
    assert (line.amount, line.note) == (money(250), f"Fee given back: {REASON}")
    with pytest.raises(payments.FeeGivenBack):
        mending.ask(agent, "refund_fee", subject, payer)
    with pytest.raises(authority.InvalidSubject):
        mending.ask(agent, "refund_fee", subject, mending.street.person()[0].id)
    with pytest.raises(authority.InvalidSubject):
        mending.ask(agent, "refund_fee", f"payment:{new_id()}", payer)
    assert fees is not None


def test_a_payment_without_a_fee_gives_none_back(mending: Mending) -> None:
    agent = mending.staff()
    mending.limit("agent", bounds(1_000), "refund_fee")
    sent = sent_with_a_fee(mending, fee=0)
    with pytest.raises(payments.NoFeeToGiveBack):
        mending.ask(agent, "refund_fee", f"payment:{sent.id}", sent.actor_customer_id)


def test_a_bill_s_payment_goes_back_in_part_and_never_more_than_was_paid(mending: Mending) -> None:
    agent = mending.staff()
    mending.limit("agent", bounds(100_000), "refund_bill_payment")
    nur = mending.street.biller(part_payments="any")
    mona, account = mending.street.person(money=90_000)
    order = paid(mending.street, nur, mona, account)
    whole = order.amount.amount_minor
    done = mending.ask(agent, "refund_bill_payment", f"payment:{order.id}", mona.id, amount=money(400))
    assert done.state is RequestState.DONE
    assert mending.held(account) == 90_000 - whole + 400
    (refund,) = bills.refunds_of_orders([order.id])[order.id]
    assert (refund.id, refund.actor, refund.reason) == (done.id, f"staff:{agent}", REASON)
    with pytest.raises(bills.RefundTooMuch):
        mending.ask(agent, "refund_bill_payment", f"payment:{order.id}", mona.id, amount=money(whole))


@pytest.fixture
def owing(mending: Mending) -> Late:
    """Somebody owes bills to a biller that asks 1.00 a day, at most 20.00."""
    built = late(mending.street)
    built.rule(A_DAY)
    return built


def penalty_of(owing: Late, bill: bills.Bill) -> int:
    return sum(part.signed_minor for part in owing.quote(bill).parts if part.kind is not bills.PartKind.BILL)


def test_a_bill_s_penalty_is_waived_for_the_days_until_now_and_of_this_bill_only(mending: Mending, owing: Late) -> None:
    agent = mending.staff()
    mending.limit("agent", bounds(1_500), "waive_bill_penalty")
    bill, other = owing.owe(days_late=10), owing.owe(days_late=5)
    before = penalty_of(owing, bill)
    done = mending.ask(agent, "waive_bill_penalty", f"bill:{bill.id}", owing.mona.id)
    assert (done.state, done.amount) == (RequestState.DONE, money(before))
    assert (penalty_of(owing, bill), penalty_of(owing, other)) == (0, 500)
    with pytest.raises(bills.NothingToWaive):
        mending.ask(agent, "waive_bill_penalty", f"bill:{bill.id}", owing.mona.id)
    owing.days_go_by(3)
    assert penalty_of(owing, bill) == 300, "later days count"
    (let_off,) = bills.sparings_of([bill.id])
    assert (let_off.id, let_off.kind, let_off.actor) == (done.id, bills.SparingKind.WAIVED, f"staff:{agent}")
    with pytest.raises(bills.BillUnknown):
        mending.ask(agent, "waive_bill_penalty", f"bill:{bill.id}", mending.street.person()[0].id)


def test_what_grows_while_it_waits_is_not_part_of_what_was_approved(mending: Mending, owing: Late) -> None:
    agent, boss = mending.staff(), mending.staff("supervisor")
    mending.limit("supervisor", bounds(1_000), "waive_bill_penalty")
    mending.chain("supervisor", within_s=10 * 86_400)
    bill = owing.owe(days_late=10)
    asked = mending.ask(agent, "waive_bill_penalty", f"bill:{bill.id}", owing.mona.id)
    assert (asked.state, asked.amount) == (RequestState.AWAITING, money(1_000))
    owing.days_go_by(4)
    assert mending.approve(asked, boss).state is RequestState.DONE
    assert penalty_of(owing, bill) == 400


def test_a_bill_extended_is_not_late_until_then(mending: Mending, owing: Late) -> None:
    agent = mending.staff()
    mending.limit("agent", times(day=2), "extend_due_date", "")
    bill, today = owing.owe(days_late=2), owing.today
    subject = f"bill:{bill.id}"
    for wrong in (today, today - timedelta(days=1), today + timedelta(days=61)):
        with pytest.raises(bills.InvalidExtension):
            mending.ask(agent, "extend_due_date", subject, owing.mona.id, details={"until": wrong.isoformat()})
    with pytest.raises(InputError):
        mending.ask(agent, "extend_due_date", subject, owing.mona.id, details={"until": "soon"})
    until = {"until": (today + timedelta(days=10)).isoformat()}
    assert mending.ask(agent, "extend_due_date", subject, owing.mona.id, details=until).state is RequestState.DONE
    assert penalty_of(owing, bill) == 0
    owing.days_go_by(10)
    assert penalty_of(owing, bill) == 0
    owing.days_go_by(2)
    assert penalty_of(owing, bill) == 200
    first = owing.owe(days_late=1)
    later = {"until": (owing.today + timedelta(days=5)).isoformat()}
    mending.limit("agent", times(day=0), "extend_due_date", "")
    with pytest.raises(authority.NobodyMayApprove):
        mending.ask(agent, "extend_due_date", f"bill:{first.id}", owing.mona.id, details=later)


def test_a_loan_s_late_penalties_are_waived_and_come_back(mending: Mending) -> None:
    agent, town = mending.staff(), mending.street.town
    mending.limit("agent", bounds(50_000), "waive_loan_penalty")
    mona, account = mending.street.person(money=100)
    banking.set_loan_penalty_rule(
        town.product(banking.ProductKind.LOAN).id, PenaltyRule(PenaltyKind.FIXED_A_DAY, amount_minor=100),
        valid_from=date(2026, 1, 1), by=people.SYSTEM, reason="a test", clock=town.clock,
    )  # fmt: skip
    lent = town.loan(
        account,
        120_000,
        LoanTerms(annual_rate_ppm=0, instalments=12, first_due_on=date(2026, 4, 1), method=Method.ANNUITY),
    )
    town.clock.advance(timedelta(days=31 + 9))
    banking.charge_loan_penalties(clock=town.clock)
    due = banking.loan(lent.account.id, clock=town.clock).penalties_due
    assert due.amount_minor > 0
    done = mending.ask(agent, "waive_loan_penalty", f"account:{lent.account.id}", mona.id)
    assert (done.state, done.amount) == (RequestState.DONE, due)
    assert banking.loan(lent.account.id, clock=town.clock).penalties_due == money(0)
    banking.charge_loan_penalties(clock=town.clock)
    assert banking.loan(lent.account.id, clock=town.clock).owed == banking.loan(
        lent.account.id, clock=town.clock
    ).due + money(110_000)
    with pytest.raises(bills.NothingToWaive):
        mending.ask(agent, "waive_loan_penalty", f"account:{lent.account.id}", mona.id)


def test_a_blocked_account_opens_unless_a_court_or_fraud_is_behind_it(mending: Mending) -> None:
    agent = mending.staff()
    mending.limit("agent", times(day=5), "unblock_account", "")
    mona, account = mending.street.person(money=100)
    with pytest.raises(authority.NothingToDecide):
        mending.ask(agent, "unblock_account", f"account:{account.id}", mona.id)
    banking.block_account(account_id=account.id, code=BlockReason.LOST_OR_STOLEN, by=people.SYSTEM, reason="lost phone")
    assert mending.ask(agent, "unblock_account", f"account:{account.id}", mona.id).state is RequestState.DONE
    assert banking.account(account.id).state is banking.AccountState.OPEN
    banking.block_account(account_id=account.id, code=BlockReason.COURT_ORDER, by=people.SYSTEM, reason="order 12/2026")
    with pytest.raises(authority.BlockStays):
        mending.ask(agent, "unblock_account", f"account:{account.id}", mona.id)
    assert banking.account(account.id).state is banking.AccountState.BLOCKED


def test_a_text_and_a_receipt_are_sent_again_but_never_a_code_nor_another_s(mending: Mending) -> None:
    agent = mending.staff()
    for action in ("resend_message", "resend_receipt"):
        mending.limit("agent", times(day=5), action, "")
    mona, account = mending.street.person(money=90_000)
    text_id, code_id = new_id(), new_id()
    channels.send_text(to_phone=mona.phone, text="Your bill is ready.", purpose="reminder", message_id=text_id)
    channels.send_text(to_phone=mona.phone, text="123456", purpose=channels.ONE_TIME_CODE, message_id=code_id)
    again = mending.ask(agent, "resend_message", f"text:{text_id}", mona.id)
    assert TextRow.objects.get(message_id=again.id).text == "Your bill is ready."
    TextRow.objects.filter(message_id=text_id).update(state="failed", next_try_at=None, attempts=10)
    mending.ask(agent, "resend_message", f"text:{text_id}", mona.id)
    assert TextRow.objects.get(message_id=text_id).state == "waiting", "one that was given up is really tried again"
    other, _ = mending.street.person()
    for id_, whose in ((code_id, mona.id), (text_id, other.id)):
        with pytest.raises(authority.InvalidSubject):
            mending.ask(agent, "resend_message", f"text:{id_}", whose)
    order = paid(mending.street, mending.street.biller(), mona, account)
    sent = mending.ask(agent, "resend_receipt", f"payment:{order.id}", mona.id)
    text = TextRow.objects.get(message_id=sent.id)
    assert text.to_phone == mona.phone
    assert payments.reference_of(order.id) in (text.text or "")
