"""Late penalties and waivers of loans in the back office: proposed by one, confirmed by another, read on the loan's page."""

from __future__ import annotations

from datetime import timedelta

import pytest

from raseed.banking import api as banking
from raseed.banking.api import NO_PENALTY, PenaltyKind, PenaltyRule
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.web.tests.corner import Corner
from raseed.web.tests.late import NAMES, late_loan
from raseed.web.tests.office.house import at_desk, cheap_passwords
from raseed.web.tests.office.test_bill_terms import REASON, confirm, today
from raseed.web.tests.office.test_operations import Operations, shown
from raseed.web.tests.street import hidden, words_of


@pytest.fixture
def operations(corner: Corner, monkeypatch: pytest.MonkeyPatch) -> Operations:
    cheap_passwords(monkeypatch)
    return Operations(corner)


def a_product(at: Operations) -> banking.Product:
    return banking.offer_product(
        institution_id=at.corner.street.town.bank, kind=banking.ProductKind.LOAN, names=NAMES, code="plain"
    )


def a_late_loan(at: Operations) -> banking.Loan:
    current = banking.open_current_account(
        id=new_id(), institution_id=at.corner.street.town.bank, owner_id=at.corner.mona.id
    )
    return late_loan(current)


def test_a_rule_is_tried_proposed_confirmed_and_stands_on_the_products_page(operations: Operations) -> None:
    of = a_product(operations)
    desk = at_desk(operations.basma)
    assert "How it is counted No penalty" in shown(desk, f"/office/products/{of.id}")
    address = f"/office/products/{of.id}/penalty"
    page = desk.get(address).content.decode()
    form = {
        "id": hidden(page, "id"), "kind": "fixed_a_day", "amount_minor": "٢٫٥", "grace_days": "3", "cap_minor": "40",
        "cap_ppm": "", "rate_ppm": "", "valid_from": today(operations).isoformat(), "reason": REASON,
    }  # fmt: skip
    tried = words_of(desk.post(address, form | {"try": "1"}).content.decode())
    assert "An instalment of EGP 100.00 · days late: 10 EGP 17.50" in tried
    assert banking.loan_penalty_rule(of.id, on=today(operations)) == NO_PENALTY
    sent = desk.post(address, form)
    assert sent["Location"] == f"/office/changes/{form['id']}"
    confirm(operations, form["id"])
    rule = PenaltyRule(PenaltyKind.FIXED_A_DAY, amount_minor=250, grace_days=3, cap_minor=4_000)
    assert banking.loan_penalty_rule(of.id, on=today(operations)) == rule
    told = shown(desk, f"/office/products/{of.id}")
    assert "A fixed amount for each day" in told
    assert "An instalment of EGP 100.00 · days late: 30 EGP 40.00" in told
    for language in ("ar", "he"):
        for path in (address, f"/office/products/{of.id}", sent["Location"]):
            assert shown(at_desk(operations.basma, language), path)
    wrong = desk.post(address, form | {"id": str(new_id()), "amount_minor": "-1"})
    assert 'id="amount_minor-error"' in wrong.content.decode()


@pytest.mark.parametrize("whom", ["some", "loans", "everyone"])
def test_a_waiver_is_proposed_confirmed_listed_and_ended(operations: Operations, whom: str) -> None:
    loan = a_late_loan(operations)
    desk, hoda, day = at_desk(operations.basma), at_desk(operations.hoda), today(operations)
    assert "Of that, late penalty EGP 2.50" in shown(hoda, f"/office/accounts/{loan.account.id}")
    page = desk.get("/office/loan-waivers/new").content.decode()
    form = {
        "id": hidden(page, "id"), "names_en": "After the flood", "whom": whom,
        "numbers": loan.number if whom == "loans" else operations.corner.mona.phone,
        "biller": str(loan.account.product.id), "first_day": (day - timedelta(days=60)).isoformat(),
        "last_day": (day + timedelta(days=30)).isoformat(), "reason": REASON,
    }  # fmt: skip
    sent = desk.post("/office/loan-waivers/new", form)
    assert sent["Location"] == f"/office/changes/{form['id']}", words_of(sent.content.decode())
    assert "Waits for a second person" in shown(desk, "/office/loan-waivers")
    confirm(operations, form["id"])
    listed = shown(hoda, "/office/loan-waivers")
    assert "In force" in listed
    assert {"some": "Customers: 1", "loans": "Loans: 1", "everyone": "All customers"}[whom] in listed
    assert "Of that, late penalty EGP 0.00" in shown(hoda, f"/office/accounts/{loan.account.id}")
    end = f"/office/loan-waivers/{form['id']}/end"
    assert desk.get(end).status_code == 403, "who proposes does not end"
    assert hoda.post(end, {"reason": ""}).status_code in (400, 422)
    assert hoda.post(end, {"reason": "it is over"})["Location"] == "/office/loan-waivers?ended=1"
    assert "it is over" in shown(hoda, "/office/loan-waivers?ended=1")
    for language in ("ar", "he"):
        for path in ("/office/loan-waivers", "/office/loan-waivers/new"):
            assert shown(at_desk(operations.basma, language), path)
        assert shown(at_desk(operations.hoda, language), sent["Location"])


@pytest.mark.parametrize(
    ("field", "entered"),
    [
        ("last_day", {"last_day": "2020-01-01"}),
        ("numbers", {"numbers": "+201099999999"}),
        ("numbers", {"numbers": ""}),
        ("numbers", {"whom": "loans", "numbers": "123"}),
        ("numbers", {"whom": "loans", "numbers": ""}),
        ("names_ar", {"names_en": ""}),
        ("biller", {"biller": "x"}),
        ("biller", {"biller": str(new_id())}),
        ("reason", {"reason": ""}),
    ],
)
def test_what_can_not_be_a_waiver_is_said_beside_its_field(
    operations: Operations, field: str, entered: dict[str, str]
) -> None:
    day = today(operations)
    form = {
        "id": str(new_id()), "names_en": "Relief", "whom": "some", "numbers": operations.corner.mona.phone, "biller": "",
        "first_day": day.isoformat(), "last_day": (day + timedelta(days=3)).isoformat(), "reason": REASON,
    }  # fmt: skip
    answer = at_desk(operations.basma).post("/office/loan-waivers/new", form | entered)
    assert answer.status_code in (400, 404, 422)
    assert f'id="{field}-error"' in answer.content.decode(), words_of(answer.content.decode())
    assert banking.penalty_waivers(operations.corner.street.town.bank, by=people.SYSTEM) == []
