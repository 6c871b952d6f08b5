"""Autopays, saved billers, reminders, several billers at once and taking a payment back, on a customer's pages."""

from __future__ import annotations

import re
from typing import Any

import pytest

from raseed.bills import api as bills
from raseed.bills.tests.street import EGP
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money
from raseed.payments import api as payments
from raseed.people import api as people
from raseed.web.tests.corner import REFERENCE, Corner, carry
from raseed.web.tests.street import hidden, signed_in, words_of


@pytest.fixture
def second(corner: Corner) -> bills.Biller:
    """Another biller with bills, of which Mona has asked for hers."""
    made = corner.street.biller("nab", part_payments="any")
    bills.fetch_bills(biller_id=made.id, fields={"account": REFERENCE}, customer_id=corner.mona.id)
    return made


def waiting(corner: Corner, of: bills.Biller) -> list[bills.Bill]:
    return [
        each
        for each in bills.bills_of(corner.mona.id)
        if each.biller_id == of.id and 0 < each.owed.amount_minor < 50_000
    ]


def form_of(page: str) -> dict[str, Any]:
    """Return what the confirmation's form would send."""
    form: dict[str, Any] = {}
    for name, value in re.findall(r'<input type="hidden" name="((?:id|total|from|bill)[^"]*)" value="([^"]*)"', page):
        form.setdefault(name, []).append(value)
    return form


def test_bills_of_two_billers_are_paid_at_once_each_once_and_each_told_of(corner: Corner, second: bills.Biller) -> None:
    corner.owed()
    chosen = [waiting(corner, corner.nur)[0], waiting(corner, second)[0]]
    assert "Pay several at once" in words_of(corner.client.get("/bills").content.decode())
    ticks = corner.client.get("/bills/several").content.decode()
    assert all(f'value="{each.id}"' in ticks for each in chosen)
    page = corner.client.get("/bills/several", {"bill": [str(each.id) for each in chosen]}).content.decode()
    total = Money(sum(each.owed.amount_minor for each in chosen), EGP)
    assert f"EGP {total.decimal_text()}" in words_of(page).replace("\u00a0", " ").replace(",", "")
    form = form_of(page)
    answers = [corner.client.post("/bills/several/pay", form)["Location"] for _ in range(2)]
    carry()
    answers.append(corner.client.post("/bills/several/pay", form)["Location"])
    assert len(set(answers)) == 1
    assert len(bills.bill_orders(corner.mona.id)) == 2
    assert sorted(each.taken for each in corner.street.server.book.payments.values()) == [1, 1]
    done = corner.client.get(answers[0]).content.decode()
    assert words_of(done).count("Paid") == 2
    assert {bills.bill(each.id, corner.mona.id).state for each in chosen} == {bills.BillState.PAID}


def test_one_that_can_t_be_paid_hides_none_of_the_others(corner: Corner, second: bills.Biller) -> None:
    corner.owed()
    chosen = [waiting(corner, corner.nur)[0], waiting(corner, second)[0]]
    asked = {"bill": [str(each.id) for each in chosen]}
    form = form_of(corner.client.get("/bills/several", asked).content.decode())
    bills.suspend_biller(second.id, by=people.SYSTEM, reason="on strike")
    answer = corner.client.post("/bills/several/pay", form)
    carry()
    told = words_of(corner.client.get(answer["Location"]).content.decode())
    assert "Not all could be paid." in told
    assert "This biller takes no payments here at present." in told
    assert bills.bill(chosen[0].id, corner.mona.id).state is bills.BillState.PAID
    assert bills.bill(chosen[1].id, corner.mona.id).paid.amount_minor == 0
    again = words_of(corner.client.get("/bills/several", {"bill": [str(chosen[1].id)]}).content.decode())
    assert "This biller takes no payments here at present." in again


def test_without_money_for_all_those_that_can_are_paid_and_the_rest_is_told(
    corner: Corner, second: bills.Biller
) -> None:
    corner.owed()
    chosen = [waiting(corner, corner.nur)[0], waiting(corner, second)[0]]
    poor, account = corner.street.person(money=chosen[0].owed.amount_minor)
    for of in (corner.nur, second):
        bills.fetch_bills(biller_id=of.id, fields={"account": REFERENCE}, customer_id=poor.id)
    client = signed_in(poor.phone)
    form = form_of(client.get("/bills/several", {"bill": [str(each.id) for each in chosen]}).content.decode())
    place = client.post("/bills/several/pay", form)["Location"]
    carry()
    told = words_of(client.get(place).content.decode())
    assert "Not paid" in told
    assert f"{account.id}" not in told
    states = {bills.bill(each.id, poor.id).state for each in chosen}
    assert bills.BillState.PAID in states
    assert bills.BillState.OPEN in states


def test_a_changed_sum_of_one_is_shown_again_before_any_is_paid(corner: Corner, second: bills.Biller) -> None:
    corner.owed()
    chosen = [waiting(corner, corner.nur)[0], waiting(corner, second)[0]]
    form = form_of(corner.client.get("/bills/several", {"bill": [str(each.id) for each in chosen]}).content.decode())
    form[f"total-{chosen[0].id}"] = ["0.01"]
    answer = corner.client.post("/bills/several/pay", form)
    assert answer.status_code == 409
    assert "What it costs has changed" in words_of(answer.content.decode())
    assert not bills.bill_orders(corner.mona.id)


def test_bad_forms_for_several_pay_nothing(corner: Corner, second: bills.Biller) -> None:
    bill = waiting(corner, second)[0]
    other, others = corner.street.person()
    good = form_of(corner.client.get("/bills/several", {"bill": str(bill.id)}).content.decode())
    wrongs: list[dict[str, Any]] = [
        {"bill": "x"}, {"bill": [str(new_id())]}, {f"id-{bill.id}": "x"}, {"bill": [str(new_id()) for _ in range(60)]},
    ]  # fmt: skip
    for wrong in wrongs:
        assert corner.client.post("/bills/several/pay", good | wrong).status_code in (400, 404)
    purse = next(name for name in good if name.startswith("from-"))
    corner.client.post("/bills/several/pay", good | {purse: str(others.id)})
    assert not bills.bill_orders(corner.mona.id)
    stranger = signed_in(other.phone)
    assert stranger.get("/bills/several", {"bill": str(bill.id)}).status_code == 404
    assert stranger.get("/bills/several/done", {"paid": f"{new_id()}.{bill.id}"}).status_code == 404
    assert corner.client.get("/bills/several/done", {"paid": "x"}).status_code == 400
    assert corner.client.get("/bills/several/done").status_code == 303
    assert corner.client.get("/bills/several/pay").status_code == 303


def test_a_held_payment_is_taken_back_and_its_bill_can_be_paid_again(corner: Corner) -> None:
    bill = corner.owed()[0]
    _, form = corner.confirmed(bill)
    address = corner.client.post("/bills/pay", form)["Location"]
    assert f'action="{address}/withdraw"' in corner.client.get(address).content.decode()
    answer = corner.client.post(f"{address}/withdraw")
    assert answer["Location"] == address
    page = corner.client.get(address).content.decode()
    assert "Not paid" in words_of(page)
    assert "/withdraw" not in page
    assert corner.client.post(f"{address}/withdraw")["Location"] == address, "again changes nothing"
    carry()
    assert corner.state(form["id"]) is payments.PaymentState.RETURNED
    assert not corner.street.server.book.payments, "the biller was never asked"
    assert bills.bill(bill.id, corner.mona.id).owed == bill.owed


def test_what_has_left_can_t_be_taken_back_and_nobody_else_s_either(corner: Corner) -> None:
    corner.street.server.turn("unknown", question="*")
    _, form = corner.confirmed(corner.owed()[0])
    address = corner.client.post("/bills/pay", form)["Location"]
    other, _ = corner.street.person()
    assert signed_in(other.phone).post(f"{address}/withdraw").status_code == 404
    carry()
    page = corner.client.get(address).content.decode()
    assert "/withdraw" not in page
    answer = corner.client.post(f"{address}/withdraw")
    assert answer["Location"] == f"{address}?late=1"
    assert "It had left already" in words_of(corner.client.get(answer["Location"]).content.decode())
    assert corner.state(form["id"]) is payments.PaymentState.UNKNOWN


def test_a_saved_biller_is_named_paid_in_two_taps_renamed_and_removed(corner: Corner) -> None:
    _, form = corner.confirmed(corner.owed()[0])
    address = corner.client.post("/bills/pay", form)["Location"]
    carry()
    receipt = corner.client.get(address).content.decode()
    assert f'href="/bills/saved/new/{form["id"]}"' in receipt
    place = f"/bills/saved/new/{form['id']}"
    page = corner.client.get(place).content.decode()
    wrong = corner.client.post(place, {"id": hidden(page, "id"), "nickname": " "})
    assert wrong.status_code == 400
    assert 'id="nickname-error"' in wrong.content.decode()
    kept = corner.client.post(place, {"id": hidden(page, "id"), "nickname": "بيتنا"})
    assert kept["Location"] == "/bills?done=saved"
    tab = corner.client.get("/bills").content.decode()
    assert "بيتنا" in tab
    (saved,) = bills.saved_billers(corner.mona.id)
    first = corner.client.post(f"/bills/billers/{corner.nur.id}", {"field-account": REFERENCE})
    assert first.status_code == 303
    assert corner.client.post(f"/bills/saved/{saved.id}", {"nickname": "our flat"}).status_code == 303
    assert "our flat" in corner.client.get("/bills").content.decode()
    other, _ = corner.street.person()
    stranger = signed_in(other.phone)
    assert stranger.get(f"/bills/saved/{saved.id}").status_code == 404
    assert stranger.get(place).status_code == 404
    stranger.post(f"/bills/saved/{saved.id}", {"remove": "1"})
    assert bills.saved_billers(corner.mona.id)
    corner.client.post(f"/bills/saved/{saved.id}", {"remove": "1"})
    assert not bills.saved_billers(corner.mona.id)


def test_a_saved_biller_without_bills_opens_its_form_filled_in(corner: Corner) -> None:
    gift = corner.street.biller("gift", model=bills.BillerModel.DIRECT)
    saved = bills.save_biller(
        id=new_id(), customer_id=corner.mona.id, biller_id=gift.id, fields={"account": REFERENCE}, nickname="orphans"
    )
    tab = corner.client.get("/bills").content.decode()
    assert f'href="/bills/billers/{gift.id}?saved={saved.id}"' in tab
    page = corner.client.get(f"/bills/billers/{gift.id}", {"saved": str(saved.id)}).content.decode()
    assert f'value="{REFERENCE}"' in page
    other, _ = corner.street.person()
    theirs = signed_in(other.phone).get(f"/bills/billers/{gift.id}?saved={saved.id}").content.decode()
    assert f'value="{REFERENCE}"' not in theirs


def test_an_autopay_is_given_seen_changed_paused_and_ended(corner: Corner) -> None:
    owed = corner.owed()
    page = corner.client.get("/bills/autopays/new").content.decode()
    key = re.search(r'name="of" value="([^"]+)"', page)
    assert key
    form = corner.client.post("/bills/autopays/new", {"of": key[1]}).content.decode()
    sent = {"id": hidden(form, "id"), "of": key[1], "from": str(corner.account.id), "ceiling": "x", "days": "2"}
    wrong = corner.client.post("/bills/autopays/new", sent)
    assert wrong.status_code == 400
    assert 'id="ceiling-error"' in wrong.content.decode()
    for bad in ({"days": "11"}, {"days": "x"}, {"from": str(new_id())}, {"from": "x"}, {"ceiling": "0"}, {"id": "x"}):
        assert corner.client.post("/bills/autopays/new", sent | {"ceiling": "900"} | bad).status_code in (400, 404)
    assert not bills.autopays(corner.mona.id)
    answers = [corner.client.post("/bills/autopays/new", sent | {"ceiling": "٩٠٠"})["Location"] for _ in range(2)]
    assert answers[0] == answers[1] == f"/bills/autopays/{sent['id']}?done=given"
    bills.run_autopays()
    carry()
    told = words_of(corner.client.get(answers[0]).content.decode())
    assert "Agreed" in told
    assert "EGP 900.00" in told.replace("\u00a0", " ")
    assert "2 days before the due date" in told
    assert "Paid automatically" in words_of(corner.client.get("/bills").content.decode()) or not corner.owed()
    overdue = [each for each in owed if each.due_on and each.is_overdue(each.due_on.max)]
    assert overdue
    place = answers[0].removesuffix("?done=given")
    changed = corner.client.post(place, {"do": "", "from": str(corner.account.id), "ceiling": "1000", "days": "0"})
    assert changed["Location"] == f"{place}?done=changed"
    assert bills.autopays(corner.mona.id)[0].ceiling == Money(100_000, EGP)
    refused = corner.client.post(place, {"from": str(corner.account.id), "ceiling": "", "days": "0"})
    assert refused.status_code == 400
    assert corner.client.post(place, {"do": "pause"}).status_code == 303
    assert "On pause" in words_of(corner.client.get(place).content.decode())
    corner.client.post(place, {"do": "resume"})
    corner.client.post(place, {"do": "end"})
    assert not bills.autopays(corner.mona.id)
    assert "Has ended" in words_of(corner.client.get("/bills/autopays").content.decode())
    other, _ = corner.street.person()
    stranger = signed_in(other.phone)
    assert stranger.get(place).status_code == 404
    assert stranger.post(place, {"do": "end"}).status_code == 404
    assert stranger.post("/bills/autopays/new", sent | {"ceiling": "900"}).status_code == 200, (
        "asked which, gives nothing"
    )
    assert not bills.autopays(other.id)


def test_the_receipt_leads_to_an_autopay_of_the_same_number(corner: Corner) -> None:
    _, form = corner.confirmed(corner.owed()[0])
    address = corner.client.post("/bills/pay", form)["Location"]
    carry()
    link = f"/bills/autopays/new?order={form['id']}"
    assert f'href="{link}"' in corner.client.get(address).content.decode()
    assert hidden(corner.client.get(link).content.decode(), "of") == f"{corner.nur.id}/{REFERENCE}"


def test_reminders_are_chosen_and_none_is_a_choice(corner: Corner) -> None:
    page = corner.client.get("/bills/reminders").content.decode()
    assert [int(n) for n in re.findall(r'name="days" value="(\d)" checked', page)] == [3, 0]
    corner.client.post("/bills/reminders", {"days": ["7", "x", "99"]})
    assert bills.reminder_days(corner.mona.id) == (7,)
    corner.client.post("/bills/reminders", {})
    assert bills.reminder_days(corner.mona.id) == ()
    assert "checked" not in corner.client.get("/bills/reminders").content.decode()
