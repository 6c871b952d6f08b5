"""Terms of billers, waivers and disputes in the back office: proposed by one and confirmed by another, with a worked example."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest

from raseed.banking import api as banking
from raseed.banking.api import PenaltyKind, PenaltyRule
from raseed.bills import api as bills
from raseed.bills.tests.street import EGP
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money
from raseed.people import api as people
from raseed.web.tests.corner import Corner
from raseed.web.tests.office.house import at_desk, cheap_passwords
from raseed.web.tests.office.test_operations import Operations, shown
from raseed.web.tests.street import hidden, words_of

REASON = "as agreed with the biller"


@pytest.fixture
def operations(corner: Corner, monkeypatch: pytest.MonkeyPatch) -> Operations:
    cheap_passwords(monkeypatch)
    return Operations(corner)


def today(at: Operations) -> date:
    return banking.business_date(at.corner.street.town.bank, SYSTEM_CLOCK.now())


def confirm(at: Operations, change_id: object) -> None:
    people.confirm_change(UUID(str(change_id)), by=people.author_of_staff(at.hoda.staff.id))


def test_a_penalty_is_tried_proposed_confirmed_and_shown_with_what_it_costs(operations: Operations) -> None:
    nur = operations.corner.nur
    address = f"/office/billers/{nur.id}/terms"
    desk = at_desk(operations.basma)
    assert "No penalty was ever set" in shown(desk, address)
    page = desk.get(f"{address}/penalty").content.decode()
    form = {
        "id": hidden(page, "id"), "kind": "percent_a_day", "rate_ppm": "٠٫٥", "grace_days": "5", "cap_minor": "3",
        "cap_ppm": "", "amount_minor": "", "valid_from": today(operations).isoformat(), "reason": REASON,
    }  # fmt: skip
    tried = desk.post(f"{address}/penalty", form | {"try": "1"})
    assert tried.status_code == 200
    told = words_of(tried.content.decode())
    assert "A bill of EGP 100.00 · days late: 10 EGP 2.50" in told
    assert "A bill of EGP 100.00 · days late: 30 EGP 3.00" in told
    assert bills.penalty_rules(nur.id).rules == ()
    sent = desk.post(f"{address}/penalty", form)
    assert sent["Location"] == f"/office/changes/{form['id']}"
    confirm(operations, form["id"])
    told = shown(desk, address)
    assert "A share of what is owed for each day" in told
    assert "0.5%" in told
    assert "days late: 10 EGP 2.50" in told
    for language in ("ar", "he"):
        assert shown(at_desk(operations.basma, language), address)
        assert shown(at_desk(operations.basma, language), f"{address}/penalty")
        assert shown(at_desk(operations.basma, language), sent["Location"])
    assert "0.5" in shown(desk, sent["Location"])


@pytest.mark.parametrize(
    ("field", "entered"),
    [
        ("rate_ppm", {"kind": "percent", "rate_ppm": "-1"}),
        ("rate_ppm", {"kind": "percent", "rate_ppm": "101"}),
        ("rate_ppm", {"kind": "percent", "rate_ppm": "1e5"}),
        ("rate_ppm", {"kind": "percent", "rate_ppm": ""}),
        ("amount_minor", {"kind": "fixed", "amount_minor": "-5"}),
        ("grace_days", {"kind": "fixed", "amount_minor": "5", "grace_days": "-1"}),
        ("grace_days", {"kind": "fixed", "amount_minor": "5", "grace_days": "99999"}),
        ("cap_minor", {"kind": "fixed", "amount_minor": "5", "cap_minor": "-1"}),
        ("kind", {"kind": "sometimes"}),
        ("valid_from", {"kind": "none", "valid_from": "soon"}),
        ("reason", {"kind": "none", "reason": " "}),
    ],
)
def test_what_can_not_be_a_penalty_is_said_beside_its_field(
    operations: Operations, field: str, entered: dict[str, str]
) -> None:
    form = {"id": str(new_id()), "valid_from": today(operations).isoformat(), "reason": REASON} | entered
    answer = at_desk(operations.basma).post(f"/office/billers/{operations.corner.nur.id}/terms/penalty", form)
    assert answer.status_code in (400, 422)
    assert f'id="{field}-error"' in answer.content.decode()
    assert not bills.penalty_rules(operations.corner.nur.id).rules


def test_whether_credit_is_kept_is_proposed(operations: Operations) -> None:
    nur = operations.corner.nur
    address = f"/office/billers/{nur.id}/terms"
    desk = at_desk(operations.basma)
    assert "More than is owed is not taken" in shown(desk, address)
    form = {"id": str(new_id()), "keeps": "yes", "valid_from": today(operations).isoformat(), "reason": REASON}
    assert desk.post(f"{address}/credit", form)["Location"] == f"/office/changes/{form['id']}"
    confirm(operations, form["id"])
    assert "kept as credit, and used on the next one" in shown(desk, address)
    bad = desk.post(f"{address}/credit", form | {"id": str(new_id()), "reason": ""})
    assert 'id="reason-error"' in bad.content.decode()


def test_a_waiver_is_proposed_for_phone_numbers_confirmed_and_ended(operations: Operations) -> None:
    corner = operations.corner
    desk = at_desk(operations.basma)
    page = desk.get("/office/waivers/new").content.decode()
    day = today(operations)
    form = {
        "id": hidden(page, "id"), "names_en": "After the flood", "names_ar": "بعد الفيضان", "whom": "some",
        "numbers": f"{corner.mona.phone}\n\n{corner.mona.phone}", "biller": str(corner.nur.id),
        "first_day": day.isoformat(), "last_day": (day + timedelta(days=30)).isoformat(), "reason": REASON,
    }  # fmt: skip
    sent = desk.post("/office/waivers/new", form)
    assert sent["Location"] == f"/office/changes/{form['id']}", words_of(sent.content.decode())
    assert "Waits for a second person" in shown(desk, "/office/waivers")
    confirm(operations, form["id"])
    listed = shown(at_desk(operations.hoda), "/office/waivers")
    assert "After the flood" in listed
    assert "In force" in listed
    assert "Customers: 1" in listed
    end = f"/office/waivers/{form['id']}/end"
    assert desk.get(end).status_code == 403, "who proposes does not end"
    hoda = at_desk(operations.hoda)
    assert hoda.post(end, {"reason": ""}).status_code in (400, 422)
    assert hoda.post(end, {"reason": "it is over"})["Location"] == "/office/waivers?ended=1"
    assert "it is over" in shown(hoda, "/office/waivers?ended=1")
    for language in ("ar", "he"):
        assert shown(at_desk(operations.basma, language), "/office/waivers")
        assert shown(at_desk(operations.basma, language), "/office/waivers/new")
        assert shown(at_desk(operations.hoda, language), sent["Location"])


@pytest.mark.parametrize(
    ("field", "entered"),
    [
        ("last_day", {"last_day": "2020-01-01"}),
        ("last_day", {"last_day": ""}),
        ("first_day", {"first_day": "soon"}),
        ("numbers", {"numbers": "+201099999999"}),
        ("numbers", {"numbers": "hello"}),
        ("numbers", {"numbers": ""}),
        ("numbers", {"numbers": "+201099999999\n" * 501}),
        ("names_ar", {"names_en": ""}),
        ("biller", {"biller": "x"}),
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
    answer = at_desk(operations.basma).post("/office/waivers/new", form | entered)
    assert answer.status_code in (400, 404, 422)
    assert f'id="{field}-error"' in answer.content.decode(), words_of(answer.content.decode())
    assert bills.waivers(operations.corner.street.town.bank, by=people.SYSTEM) == []


def test_a_dispute_waits_in_the_queue_and_is_decided_by_whoever_may(operations: Operations) -> None:
    corner = operations.corner
    bill = corner.owed()[0]
    made = bills.dispute(bill_id=bill.id, customer_id=corner.mona.id, reason="we were away")
    auditor, hoda = at_desk(operations.tamer), at_desk(operations.hoda)
    assert "Being looked at" in shown(auditor, "/office/disputes")
    address = f"/office/disputes/{made.id}"
    told = shown(auditor, address)
    assert "we were away" in told
    assert bill.number in told
    assert "Decide it" not in told
    assert auditor.post(address, {"outcome": "rejected", "reason": REASON}).status_code == 403
    for entered, field in (
        ({"outcome": "", "reason": REASON}, "outcome"),
        ({"outcome": "lowered", "amount": "", "reason": REASON}, "amount"),
        ({"outcome": "lowered", "amount": "999999", "reason": REASON}, "amount"),
        ({"outcome": "rejected", "reason": ""}, "reason"),
    ):
        refused = hoda.post(address, entered)
        assert refused.status_code in (400, 422)
        assert f'id="{field}-error"' in refused.content.decode()
    lowered = Money(bill.amount.amount_minor - 100, EGP)
    decided = hoda.post(address, {"outcome": "lowered", "amount": lowered.decimal_text(), "reason": REASON})
    assert decided["Location"] == "/office/disputes?decided=1"
    assert bills.bill(bill.id, corner.mona.id).amount == lowered
    assert "No bill is disputed" in shown(hoda, "/office/disputes")
    assert "the bill is lowered" in shown(hoda, "/office/disputes?all=1")
    assert "Hoda" in shown(hoda, address)
    trail = shown(auditor, "/office/audit")
    assert "Dispute about a bill decided" in trail
    for language in ("ar", "he"):
        for page in ("/office/disputes?all=1", address):
            assert shown(at_desk(operations.hoda, language), page)


def test_what_another_institution_keeps_is_not_there(operations: Operations) -> None:
    corner = operations.corner
    other = corner.street.town.other_bank
    bills.set_penalty_rule(
        corner.nur.id, PenaltyRule(PenaltyKind.FIXED, amount_minor=5), valid_from=today(operations), by=people.SYSTEM,
        reason=REASON,
    )  # fmt: skip
    made = bills.dispute(bill_id=corner.owed()[0].id, customer_id=corner.mona.id, reason="we were away")
    elsewhere = Operations._colleague("salim", "supervisor", other)
    desk = at_desk(elsewhere)
    assert desk.get(f"/office/billers/{corner.nur.id}/terms").status_code == 404
    assert desk.get(f"/office/disputes/{made.id}").status_code == 404
    assert "we were away" not in shown(desk, "/office/disputes")
