"""The Pay tab: bills found, paid in two taps and once, what became of them in words, and nobody else's."""

from __future__ import annotations

import re
from datetime import timedelta

from django.db import transaction

from raseed.bills import api as bills
from raseed.bills.tests.street import EGP
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money
from raseed.payments import api as payments
from raseed.people import api as people
from raseed.web.tests.corner import REFERENCE, Corner, carry
from raseed.web.tests.street import hidden, signed_in, words_of


def test_a_bill_is_paid_in_two_taps_and_its_receipt_says_everything(corner: Corner) -> None:
    bill = corner.owed()[0]
    tab = corner.client.get("/bills").content.decode()
    assert f'href="/bills/pay?bill={bill.id}"' in tab, "the first tap"
    page, form = corner.confirmed(bill)
    told = words_of(page)
    assert "The nur" in told
    assert "Fee EGP 0.00 Paying bills is free" in told
    answer = corner.client.post("/bills/pay", form)
    assert (answer.status_code, answer["Location"]) == (303, f"/payments/{form['id']}"), "the second"
    on_its_way = corner.client.get(answer["Location"]).content.decode()
    assert "On its way" in words_of(on_its_way)
    assert f'hx-get="/payments/{form["id"]}?looks=1"' in on_its_way
    carry()
    receipt = corner.client.get(answer["Location"]).content.decode()
    told = words_of(receipt)
    order = bills.bill_order(bills.bill_orders(corner.mona.id)[0].id, corner.mona.id)
    for wanted in (
        "Paid",
        "The nur",
        REFERENCE,
        order.biller_reference,
        "Free by the schedule of fees",
        "What happened",
    ):
        assert wanted in told
    assert "hx-get" not in receipt, "what has ended is not asked for again"
    assert "Paid ·" in words_of(corner.client.get("/bills/paid").content.decode())


def test_a_confirmation_sent_twice_pays_once_and_leads_to_the_same_receipt(corner: Corner) -> None:
    bill = corner.owed()[0]
    _, form = corner.confirmed(bill)
    answers = [corner.client.post("/bills/pay", form)["Location"] for _ in range(2)]
    carry()
    answers.append(corner.client.post("/bills/pay", form)["Location"])
    assert len(set(answers)) == 1
    assert corner.street.server.book.payments[str(form["id"])].taken == 1
    assert len(bills.bill_orders(corner.mona.id)) == 1


def test_the_page_looks_again_by_itself_so_often_and_not_for_ever(corner: Corner) -> None:
    _, form = corner.confirmed(corner.owed()[0])
    address = corner.client.post("/bills/pay", form)["Location"]
    looks = 0
    while True:
        page = corner.client.get(address, {"looks": looks}, headers={"hx-request": "true"}).content.decode()
        assert "<html" not in page
        found = re.search(r"looks=(\d+)", page)
        if not found:
            break
        assert int(found[1]) == looks + 1
        looks += 1
    assert 5 <= looks < 20
    assert "Look again" in page
    assert corner.client.get(address, {"looks": "-1e9"}).status_code == 200


def test_what_is_not_known_is_said_to_be_held_and_not_lost(corner: Corner) -> None:
    corner.street.server.turn("unknown", question="*")
    _, form = corner.confirmed(corner.owed()[0])
    address = corner.client.post("/bills/pay", form)["Location"]
    carry()
    assert corner.state(form["id"]) is payments.PaymentState.UNKNOWN
    told = words_of(corner.client.get(address).content.decode())
    assert "We are finding out" in told
    assert "Nothing is lost" in told
    assert "Not paid" not in told


def test_what_the_biller_refuses_is_given_back_with_the_reason_and_can_be_tried_again(corner: Corner) -> None:
    corner.street.server.turn("refuse", question="pay")
    bill = corner.owed()[0]
    _, form = corner.confirmed(bill)
    address = corner.client.post("/bills/pay", form)["Location"]
    carry()
    page = corner.client.get(address).content.decode()
    assert "Not paid" in words_of(page)
    assert "No money has left your account." in words_of(page)
    assert f'href="/bills/pay?bill={bill.id}"' in page


def test_a_part_is_paid_where_the_biller_takes_parts(corner: Corner) -> None:
    bill = corner.owed()[0]
    page = corner.client.get("/bills/pay", {"bill": str(bill.id), "amount": "3"}).content.decode()
    assert hidden(page, "total") == "3.00"
    form = {
        "id": hidden(page, "id"),
        "total": "3.00",
        "amount": "3",
        "bill": str(bill.id),
        "from": str(corner.account.id),
    }
    corner.client.post("/bills/pay", form)
    carry()
    assert bills.bill(bill.id, corner.mona.id).paid == Money(3_00, EGP)
    refused = corner.client.get("/bills/pay", {"bill": str(bill.id), "amount": "99999"})
    assert refused.status_code == 400
    assert 'id="amount-error"' in refused.content.decode()
    assert 'value="99999"' in refused.content.decode()


def test_a_new_biller_is_found_in_the_catalogue_and_its_fields_are_checked(corner: Corner) -> None:
    catalogue = corner.client.get("/bills/billers").content.decode()
    address = f"/bills/billers/{corner.nur.id}"
    assert f'href="{address}"' in catalogue
    assert "Electricity" in words_of(catalogue)
    wrong = corner.client.post(address, {"field-account": "12ab"})
    page = wrong.content.decode()
    assert wrong.status_code == 400
    assert 'value="12ab"' in page
    assert 'id="field-account-error"' in page
    found = corner.client.post(address, {"field-account": REFERENCE})
    assert found.status_code == 303
    assert re.fullmatch(r"/bills/(pay\?bill=[\w-]+|[\w-]+/choose)", found["Location"])


def test_a_biller_that_does_not_answer_is_said_so_and_nothing_typed_is_lost(corner: Corner) -> None:
    corner.street.server.turn("rubbish", question="fetch")
    answer = corner.client.post(f"/bills/billers/{corner.nur.id}", {"field-account": REFERENCE})
    assert answer.status_code == 400
    assert "does not answer" in words_of(answer.content.decode())
    assert f'value="{REFERENCE}"' in answer.content.decode()


def test_a_biller_without_bills_is_paid_an_amount(corner: Corner) -> None:
    donations = corner.street.biller("gift", model=bills.BillerModel.DIRECT)
    address = f"/bills/billers/{donations.id}"
    typed = {"field-account": REFERENCE, "amount": "25"}
    page = corner.client.post(address, typed).content.decode()
    assert hidden(page, "total") == "25.00"
    form = typed | {"id": hidden(page, "id"), "total": "25.00", "from": str(corner.account.id)}
    changed = corner.client.post(address, form | {"change": "1"}).content.decode()
    assert 'value="25"' in changed
    sent = corner.client.post(address, form)
    assert sent["Location"] == f"/payments/{form['id']}"
    carry()
    assert corner.state(form["id"]) is payments.PaymentState.SETTLED
    bad = corner.client.post(address, typed | {"amount": "none"})
    assert bad.status_code == 400
    assert 'id="amount-error"' in bad.content.decode()


def test_several_bills_of_one_number_are_ticked_and_paid_at_once(corner: Corner) -> None:
    number = next(n for n in map(str, range(10_000_001, 10_000_020)) if len(corner.owed(n)) > 1)
    found = sorted(corner.owed(number), key=lambda each: each.owed.amount_minor)
    tab = corner.client.get("/bills").content.decode()
    assert "Several at once" in words_of(tab)
    page = corner.client.get(f"/bills/{found[0].id}/choose").content.decode()
    assert page.count('type="checkbox"') == len(found)
    two = found[:2]
    assert sum(each.owed.amount_minor for each in two) <= 100_000, "within the limit of the street"
    _, form = corner.confirmed(*two)
    corner.client.post("/bills/pay", form)
    carry()
    assert corner.state(form["id"]) is payments.PaymentState.SETTLED
    assert {bills.bill(each.id, corner.mona.id).state for each in two} == {bills.BillState.PAID}


def test_too_little_money_is_said_beside_the_account_and_the_id_stays_good(corner: Corner) -> None:
    poor, account = corner.street.person(money=1)
    bill = corner.owed()[0]
    bills.fetch_bills(biller_id=corner.nur.id, fields={"account": REFERENCE}, customer_id=poor.id)
    client = signed_in(poor.phone)
    _, form = corner.confirmed(bill, client=client, **{"from": str(account.id)})
    refused = client.post("/bills/pay", form)
    page = refused.content.decode()
    assert refused.status_code == 422
    assert 'id="from-error"' in page
    assert hidden(page, "id") == form["id"]
    assert not bills.bill_orders(poor.id)


def test_a_sum_that_is_no_longer_so_is_shown_again_before_anything_is_paid(corner: Corner) -> None:
    bill = corner.owed()[0]
    _, form = corner.confirmed(bill, total="0.01")
    answer = corner.client.post("/bills/pay", form)
    assert answer.status_code == 409
    assert "What it costs has changed" in words_of(answer.content.decode())
    assert hidden(answer.content.decode(), "id") != form["id"]
    assert not bills.bill_orders(corner.mona.id)


def test_a_bill_under_way_on_another_phone_is_refused_in_words(corner: Corner) -> None:
    bill = corner.owed()[0]
    _, first = corner.confirmed(bill)
    _, second = corner.confirmed(bill)
    corner.client.post("/bills/pay", first)
    answer = corner.client.post("/bills/pay", second)
    assert answer.status_code == 422
    assert "being paid right now" in words_of(answer.content.decode())


def test_the_calendar_shows_the_days_of_a_month_and_refuses_what_is_none(corner: Corner) -> None:
    bill = next(each for each in corner.owed() if each.due_on)
    assert bill.due_on
    page = corner.client.get("/bills/calendar", {"month": f"{bill.due_on:%Y-%m}"}).content.decode()
    assert f"bill={bill.id}" in page
    assert f"bill={bill.id}" not in corner.client.get("/bills/calendar", {"month": "2039-01"}).content.decode()
    assert corner.client.get("/bills/calendar").status_code == 200
    for wrong in ("x", "2026-13", "2026-1", "9" * 50):
        assert corner.client.get("/bills/calendar", {"month": wrong}).status_code == 400


def test_an_extended_bill_is_due_on_its_new_day_everywhere_with_the_old_one_struck(corner: Corner) -> None:
    bill = next(each for each in corner.owed() if each.due_on)
    assert bill.due_on
    with transaction.atomic():
        later = bills.extend_bill(
            id=new_id(), bill_id=bill.id, customer_id=corner.mona.id, reason="her salary is late", actor="system",
            until=max(bill.due_on, SYSTEM_CLOCK.now().date()) + timedelta(days=40),
        ).last_day  # fmt: skip
    struck = re.compile(r"extended from <s>[^<]+</s>")
    pages = {
        "tab": corner.client.get("/bills"),
        "calendar": corner.client.get("/bills/calendar", {"month": f"{later:%Y-%m}"}),
        "bill": corner.client.get("/bills/pay", {"bill": str(bill.id)}),
        "several": corner.client.get("/bills/several"),
        "objection": corner.client.get(f"/bills/{bill.id}/dispute"),
    }
    for name, answer in pages.items():
        page = answer.content.decode()
        assert len(struck.findall(page)) == 1, name
        assert f"{later.day} {later:%B}" in words_of(page), name
    before = corner.client.get("/bills/calendar", {"month": f"{bill.due_on:%Y-%m}"}).content.decode()
    assert f"bill={bill.id}" not in before


def test_nobody_sees_or_pays_what_they_never_asked_for(corner: Corner) -> None:
    bill = corner.owed()[0]
    _, form = corner.confirmed(bill)
    corner.client.post("/bills/pay", form)
    other, _ = corner.street.person()
    client = signed_in(other.phone)
    assert client.get("/bills/pay", {"bill": str(bill.id)}).status_code == 404
    assert client.get(f"/bills/{bill.id}/choose").status_code == 404
    assert client.get(f"/payments/{form['id']}").status_code == 404
    assert str(bill.id) not in client.get("/bills").content.decode()
    assert client.get("/bills/pay", {"bill": "x"}).status_code == 400
    assert client.get("/bills/pay").status_code == 303


def test_a_picture_runs_nothing_and_is_kept_under_its_own_address(corner: Corner) -> None:
    svg = (
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="4" fill="#123456"/></svg>'
    )
    bills.set_logo(corner.nur.id, svg, by=people.SYSTEM, reason="a picture")
    address = re.search(
        r'src="(/bills/billers/[^"]+/logo/[^"]+)"', corner.client.get("/bills/billers").content.decode()
    )
    assert address
    answer = corner.client.get(address[1])
    assert answer["Content-Type"] == "image/svg+xml"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "immutable" in answer["Cache-Control"]
    assert corner.client.get(f"/bills/billers/{new_id()}/logo/x").status_code == 404


def test_who_has_no_bills_and_no_bank_is_told_what_to_do(corner: Corner) -> None:
    stranger = corner.street.town.person("Stranger", "+201009990001")
    client = signed_in(stranger.phone)
    assert "No bill waits that we know of" in words_of(client.get("/bills").content.decode())
    assert "Open an account" in words_of(client.get("/bills/billers").content.decode())
