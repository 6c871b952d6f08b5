"""What a late bill costs stands on its confirmation, part by part; a bill that is wrong is disputed, and its state is in words."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from raseed.banking import api as banking
from raseed.banking.api import PenaltyKind, PenaltyRule
from raseed.bills import api as bills
from raseed.bills.models import BillOrderRow, BillRow
from raseed.bills.tests.street import EGP
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money
from raseed.payments import api as payments
from raseed.people import api as people
from raseed.web.tests.corner import Corner, carry
from raseed.web.tests.street import hidden, signed_in, words_of

WHY = "the meter was read wrongly"


def late(corner: Corner, rule: PenaltyRule, *, days: int = 10) -> bills.Bill:
    """Return a bill that is so many days late, of a biller with this penalty."""
    bills.set_penalty_rule(
        corner.nur.id, rule, valid_from=date(2020, 1, 1), by=people.SYSTEM, reason="the contract with them"
    )
    bill = corner.owed()[0]
    today = banking.business_date(corner.street.town.bank, SYSTEM_CLOCK.now())
    BillRow.objects.filter(id=bill.id).update(due_on=today - timedelta(days=days), amount_minor=10_000)
    return bills.bill(bill.id, corner.mona.id)


def test_a_penalty_and_its_waiver_are_read_before_paying_and_on_the_receipt(corner: Corner) -> None:
    bill = late(corner, PenaltyRule(PenaltyKind.FIXED_A_DAY, amount_minor=100))
    today = banking.business_date(corner.street.town.bank, SYSTEM_CLOCK.now())
    bills.give_waiver(
        bills.NewWaiver(
            id=new_id(), institution_id=corner.street.town.bank, names={"en": "After the flood"},
            first_day=today - timedelta(days=3), last_day=today, customer_ids=[corner.mona.id],
        ),
        by=people.SYSTEM, reason="the flood",
    )  # fmt: skip
    page, form = corner.confirmed(bill)
    told = words_of(page)
    assert "Late penalty" in told
    assert "EGP 10.00" in told
    assert "Waived After the flood − EGP 4.00" in told
    assert form["total"] == "106.00"
    address = corner.client.post("/bills/pay", form)["Location"]
    carry()
    receipt = words_of(corner.client.get(address).content.decode())
    assert "Waived After the flood − EGP 4.00" in receipt
    assert "EGP 106.00" in receipt


def test_what_is_paid_over_a_bill_is_kept_and_used_on_the_next(corner: Corner) -> None:
    bills.set_credit_terms(
        corner.nur.id, keeps=True, valid_from=date(2020, 1, 1), by=people.SYSTEM, reason="the contract with them"
    )
    first, second = corner.owed()[:2]
    over = Money(first.owed.amount_minor + 500, EGP).decimal_text()
    page = corner.client.get("/bills/pay", {"bill": str(first.id), "amount": over}).content.decode()
    assert "kept as credit" in words_of(page)
    assert "Kept as credit" in words_of(page)
    form = {"id": hidden(page, "id"), "total": hidden(page, "total"), "amount": over, "bill": str(first.id),
            "from": str(corner.account.id)}  # fmt: skip
    corner.client.post("/bills/pay", form)
    carry()
    page, sent = corner.confirmed(second)
    assert "Credit used" in words_of(page)
    assert sent["total"] == Money(second.owed.amount_minor - 500, EGP).decimal_text()


def test_an_order_of_yesterday_is_shown_again_with_what_it_costs_today(corner: Corner) -> None:
    bill = corner.owed()[0]
    _, form = corner.confirmed(bill)
    order = bills.order(
        id=UUID(str(form["id"])), customer_id=corner.mona.id, biller_id=corner.nur.id,
        fields={"account": bill.reference}, bills=[(bill.id, bill.owed)], clock=corner.street.town.clock,
    )  # fmt: skip
    assert BillOrderRow.objects.get(id=order.id).made_at < SYSTEM_CLOCK.now() - timedelta(days=1)
    answer = corner.client.post("/bills/pay", form)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "has changed meanwhile" in words_of(page)
    assert hidden(page, "id") != form["id"], "the next tap is another order"
    again = form | {"id": hidden(page, "id"), "total": hidden(page, "total")}
    assert corner.client.post("/bills/pay", again).status_code == 303
    assert corner.state(again["id"]) is payments.PaymentState.HELD


def test_a_bill_is_disputed_with_a_reason_and_is_not_paid_meanwhile(corner: Corner) -> None:
    bill = corner.owed()[0]
    page, form = corner.confirmed(bill)
    address = f"/bills/{bill.id}/dispute"
    assert f'href="{address}"' in page
    assert 'name="reason"' in corner.client.get(address).content.decode()
    empty = corner.client.post(address, {"reason": "  "})
    assert empty.status_code in (400, 422)
    assert 'id="reason-error"' in empty.content.decode()
    assert corner.client.post(address, {"reason": WHY}).status_code == 303
    told = corner.client.get(address).content.decode()
    assert "We are looking into this bill" in words_of(told)
    assert WHY in told
    tab = corner.client.get("/bills").content.decode()
    assert f'href="{address}"' in tab
    assert f"/bills/pay?bill={bill.id}" not in tab
    assert "Being looked at" in words_of(tab)
    refused = corner.client.post("/bills/pay", form)
    assert refused.status_code >= 400
    assert "disputed" in words_of(refused.content.decode())


def test_what_was_decided_is_told_with_its_reason(corner: Corner) -> None:
    bill = corner.owed()[0]
    address = f"/bills/{bill.id}/dispute"
    corner.client.post(address, {"reason": WHY})
    made = bills.dispute_of(bill.id, corner.mona.id)
    assert made
    lowered = Money(bill.amount.amount_minor - 100, EGP)
    bills.decide_dispute(
        made.id, outcome=bills.DisputeState.LOWERED, note="read anew", by=people.SYSTEM, lowered_to=lowered
    )
    for language, words in (("en", "the bill was lowered"), ("ar", "خُفّضت الفاتورة"), ("he", "החשבון הופחת")):
        told = signed_in(corner.mona.phone, language).get(address).content.decode()
        assert words in words_of(told)
        assert "read anew" in told
    assert f'href="/bills/pay?bill={bill.id}"' in corner.client.get(address).content.decode()


def test_a_dispute_is_taken_back_and_others_see_only_that_there_is_one(corner: Corner) -> None:
    bill = corner.owed()[0]
    address = f"/bills/{bill.id}/dispute"
    corner.client.post(address, {"reason": WHY})
    ziad, _ = corner.street.person()
    stranger = signed_in(ziad.phone)
    assert stranger.get(address).status_code == 404
    bills.fetch_bills(biller_id=corner.nur.id, fields={"account": bill.reference}, customer_id=ziad.id)
    seen = stranger.get(address).content.decode()
    assert "Somebody else has objected" in words_of(seen)
    assert WHY not in seen
    made = bills.dispute_of(bill.id, corner.mona.id)
    assert made
    assert stranger.post(address, {"withdraw": str(made.id)}).status_code == 404
    assert corner.client.post(address, {"withdraw": "rubbish"}).status_code >= 400
    assert corner.client.post(address, {"withdraw": str(made.id)}).status_code == 303
    assert bills.bill(bill.id, corner.mona.id).state is bills.BillState.OPEN
