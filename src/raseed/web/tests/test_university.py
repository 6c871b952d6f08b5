"""A university's fees by student number and term, paid by the student's father from his own account, and in part."""

from __future__ import annotations

from raseed.bills import api as bills
from raseed.demo.biller.book import terms
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.money import Money
from raseed.payments import api as payments
from raseed.web.tests.corner import Corner, carry
from raseed.web.tests.street import hidden, signed_in, words_of

STUDENT = "202612345"
FIELDS = (
    bills.Field(
        code="student", names={"en": "Student number"}, kind=bills.FieldKind.STUDENT, length_min=9, length_max=9,
        example=STUDENT,
    ),
    bills.Field(
        code="term", names={"en": "Term"}, kind=bills.FieldKind.CODE, length_min=6, length_max=6, mask="9999-9",
        example="2026-1",
    ),
)  # fmt: skip


def test_a_father_pays_part_of_a_term_from_his_own_account_and_the_student_sees_it(corner: Corner) -> None:
    palms = corner.street.biller("palms", part_payments="minimum", fields=FIELDS, by_term=True)
    (last, _), (this, _) = terms(SYSTEM_CLOCK.now().date())
    student = corner.mona
    father, fathers = corner.street.person()

    def owed(term: str, who: object = student) -> bills.Bill:
        asked = {"student": STUDENT, "term": term}
        found = bills.fetch_bills(biller_id=palms.id, fields=asked, customer_id=getattr(who, "id")).bills  # noqa: B009
        return found[0]

    before, now = owed(last), owed(this)
    assert before.number != now.number
    assert last in before.number
    assert this in now.number
    assert before.state is bills.BillState.PARTLY_PAID, "at the university's own counter"
    assert before.owed < before.amount
    assert now.state is bills.BillState.OPEN

    client = signed_in(father.phone)
    place = f"/bills/billers/{palms.id}"
    wrong = client.post(place, {"field-student": STUDENT, "field-term": "autumn"})
    assert wrong.status_code == 400
    assert 'id="field-term-error"' in wrong.content.decode()
    found = client.post(place, {"field-student": STUDENT, "field-term": this})
    part = now.least.amount_minor + 100
    amount = Money(part, now.amount.currency).decimal_text()
    page = client.get(found["Location"], {"bill": str(now.id), "amount": amount}).content.decode()
    form = {name: hidden(page, name) for name in ("id", "total", "amount", "bill", "from")}
    assert form["from"] == str(fathers.id)
    receipt = client.post("/bills/pay", form)["Location"]
    carry()
    told = words_of(client.get(receipt).content.decode())
    assert f"Term {this}" in told
    assert f"Student number {STUDENT}" in told
    assert payments.payment(bills.bill_orders(father.id)[0].id, father.id).from_account_id == fathers.id

    after = owed(this)
    assert after.state is bills.BillState.PARTLY_PAID
    assert after.paid.amount_minor == part
    assert owed(last).owed == before.owed, "the other term is as it was"
    assert not bills.bill_orders(student.id)
    assert corner.client.get(receipt).status_code == 404, "the receipt is the father's"
    bills.order(
        id=bills.bill_orders(father.id)[0].id, customer_id=father.id, biller_id=palms.id,
        fields={"student": STUDENT, "term": this}, bills=[(now.id, Money(part, now.amount.currency))],
    )  # fmt: skip
    rest = owed(last, father)
    made = bills.order(
        id=rest.id, customer_id=father.id, biller_id=palms.id, fields={"student": STUDENT, "term": last},
        bills=[(rest.id, rest.owed)],
    )  # fmt: skip
    bills.pay(order_id=made.id, customer_id=father.id, from_account_id=fathers.id)
    carry()
    assert owed(last).state is bills.BillState.PAID


def test_a_term_that_is_none_of_the_university_s_has_no_fees_and_an_unknown_student_is_told(corner: Corner) -> None:
    palms = corner.street.biller("palms", part_payments="minimum", fields=FIELDS, by_term=True)
    page = corner.client.post(f"/bills/billers/{palms.id}", {"field-student": STUDENT, "field-term": "1999-1"})
    assert "Nothing" in words_of(page.content.decode())
    page = corner.client.post(f"/bills/billers/{palms.id}", {"field-student": "202612000", "field-term": "2026-1"})
    assert "knows nobody by this number" in words_of(page.content.decode())
