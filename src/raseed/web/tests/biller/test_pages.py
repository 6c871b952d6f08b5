"""What a clerk does: watches collections, finds payments, gives money back; and what the customer sees of that."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client

from raseed.banking.tests.town import booked
from raseed.bills import api as bills
from raseed.bills.refunds.models import RefundRow
from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money
from raseed.payments import api as payments
from raseed.people import api as people
from raseed.web.office import sessions
from raseed.web.tests.biller.desk import Desk, at_desk
from raseed.web.tests.office.house import at_desk as at_office
from raseed.web.tests.office.house import code_of, enrolled
from raseed.web.tests.street import hidden, words_of

REASON = "paid the wrong number"


def shown(client: Client, address: str, **headers: str) -> str:
    answer = client.get(address, **headers)  # type: ignore[arg-type]
    assert answer.status_code == 200, words_of(answer.content.decode())
    return words_of(answer.content.decode())


def form_of(client: Client, order: bills.BillOrder, **changed: str) -> dict[str, str]:
    """Return what the form of a refund would send."""
    page = client.get(f"/biller/payments/{order.id}/refund").content.decode()
    form = {"id": hidden(page, "id"), "step": "look", "amount": "4", "reason": REASON, "bill": "reopen"}
    return form | changed


def test_new_payments_appear_by_themselves_and_nobody_elses(desk: Desk) -> None:
    client = at_desk(desk.kamal)
    assert "Nothing was collected yet" in shown(client, "/biller/")
    order, theirs = desk.paid(), desk.paid(desk.gas)
    page = client.get("/biller/", HTTP_HX_REQUEST="true").content.decode()
    assert "<html" not in page, "the live part alone"
    assert 'hx-trigger="every 5s"' in page
    told = words_of(page)
    assert payments.reference_of(order.id) in told
    assert payments.reference_of(theirs.id) not in told
    assert "Payments: 1" in told
    for secret in (desk.corner.mona.phone, desk.corner.mona.names["en"], str(desk.corner.account.id)):
        assert secret not in page


def test_a_page_that_looks_again_by_itself_does_not_keep_the_session_alive(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = at_desk(desk.kamal)
    start = sessions.idle_limit()
    from raseed.web.biller import requests  # noqa: PLC0415  (its clock is moved)

    real = SYSTEM_CLOCK.now()

    class Later:
        past = timedelta(0)

        def now(self) -> object:
            return real + self.past

    later = Later()
    monkeypatch.setattr(requests, "SYSTEM_CLOCK", later)
    later.past = start - timedelta(minutes=1)
    assert client.get("/biller/", HTTP_HX_REQUEST="true").status_code == 200
    later.past = start + timedelta(minutes=1)
    answer = client.get("/biller/", HTTP_HX_REQUEST="true")
    assert answer["HX-Redirect"] == "/biller/sign-in?ended=1"


def test_a_payment_is_found_and_what_is_typed_stays_out_of_the_address(desk: Desk) -> None:
    order, other = desk.paid(), desk.paid(number="10000002")
    client = at_desk(desk.kamal)
    for text in ("١٢٣٤٥٦٧٨", payments.reference_of(order.id), order.biller_reference):
        sent = client.post("/biller/search", {"text": text})
        assert sent["Location"] == "/biller/search"
        told = shown(client, "/biller/search")
        assert payments.reference_of(order.id) in told
        assert payments.reference_of(other.id) not in told
    client.post("/biller/search", {"text": "nobody"})
    assert "Nothing fits" in shown(client, "/biller/search")
    client.post("/biller/search", {"amount": order.amount.decimal_text()})
    assert payments.reference_of(order.id) in shown(client, "/biller/search")
    client.post("/biller/search", {"first": "2026-02-30", "amount": "x", "last": "2026-01-01"})
    refused = client.get("/biller/search")
    assert refused.status_code == 400
    assert {f'id="{field}-error"' in refused.content.decode() for field in ("first", "amount")} == {True}
    client.post("/biller/search", {})
    assert payments.reference_of(other.id) in shown(client, "/biller/search")
    assert client.get("/biller/search?before=rubbish").status_code == 400


def test_another_billers_payment_is_not_there_by_any_address(desk: Desk) -> None:
    theirs = desk.paid(desk.gas)
    client = at_desk(desk.kamal)
    for address in ("", "/proof", "/refund"):
        assert client.get(f"/biller/payments/{theirs.id}{address}").status_code == 404
    form = {"id": str(new_id()), "step": "send", "amount": "1", "reason": REASON, "bill": "reopen"}
    assert client.post(f"/biller/payments/{theirs.id}/refund", form).status_code == 404
    assert client.get(f"/biller/payments/{new_id()}").status_code == 404
    assert not RefundRow.objects.exists()


def test_a_refund_is_looked_at_once_more_and_given_once(desk: Desk) -> None:
    order = desk.paid()
    client, before = at_desk(desk.kamal), booked(desk.corner.account)
    form = form_of(client, order)
    address = f"/biller/payments/{order.id}/refund"
    asked = client.post(address, form)
    assert asked.status_code == 200
    assert "Confirm the refund" in words_of(asked.content.decode())
    assert hidden(asked.content.decode(), "id") == form["id"]
    assert booked(desk.corner.account) == before
    again = client.post(address, form | {"step": "change"}).content.decode()
    assert REASON in again
    done = f"/biller/payments/{order.id}?done=1"
    for _ in range(2):
        sent = client.post(address, form | {"step": "send"})
        assert sent["Location"] == done, words_of(sent.content.decode())
    assert booked(desk.corner.account) == before + 4_00
    told = shown(client, done)
    for words in ("has been told", REASON, "Kamal", "The bill can be paid again", "Partly paid"):
        assert words in told
    assert payments.reference_of(order.id) in shown(client, "/biller/refunds")
    assert "Refunded EGP 4.00" in shown(client, "/biller/").replace("\xa0", " ")


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"amount": ""}, "amount"), ({"amount": "-1"}, "amount"), ({"amount": "abc"}, "amount"), ({"amount": "9999999"}, "amount"),
     ({"reason": " "}, "reason"), ({"bill": ""}, "bill"), ({"bill": "both"}, "bill")],
)  # fmt: skip
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_lost(
    desk: Desk, changed: dict[str, str], field: str
) -> None:
    order = desk.paid()
    client = at_desk(desk.kamal)
    form = form_of(client, order, **changed)
    refused = client.post(f"/biller/payments/{order.id}/refund", form)
    assert refused.status_code in (400, 422)
    page = refused.content.decode()
    assert f'id="{field}-error"' in page
    assert hidden(page, "id") == form["id"]
    assert not RefundRow.objects.exists()


def test_limits_are_held_where_the_money_moves_and_said_in_words(desk: Desk) -> None:
    order = desk.paid()
    little = desk.clerk("little", desk.nur, most=5_00)
    client = at_desk(little)
    address = f"/biller/payments/{order.id}/refund"
    refused = client.post(address, form_of(client, order, amount="5.01", step="send"))
    assert refused.status_code == 403
    assert "at most 5.00 EGP" in words_of(refused.content.decode())
    assert client.post(address, form_of(client, order, amount="5", step="send")).status_code == 303
    refused = client.post(address, form_of(client, order, amount="4", step="send"))
    assert "3.00 EGP are left" in words_of(refused.content.decode())
    looks = desk.clerk("looks", desk.nur)
    only = at_desk(looks)
    assert "Refund it" not in shown(only, f"/biller/payments/{order.id}")
    assert only.get(address).status_code == 403
    assert only.post(address, {"step": "send"}).status_code == 403


def test_a_refund_asks_for_the_second_factor_where_it_was_shown_long_ago(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = desk.paid()
    client = at_desk(desk.kamal)
    form = form_of(client, order, step="send")
    monkeypatch.setattr(sessions, "factor_limit", lambda: timedelta(seconds=-1))
    address = f"/biller/payments/{order.id}/refund"
    asked = client.post(address, form)
    page = asked.content.decode()
    assert "Is it still you?" in words_of(page)
    assert hidden(page, "id") == form["id"]
    assert not RefundRow.objects.exists()
    done = client.post(address, form | {"second_factor": code_of(desk.kamal)})
    assert done.status_code == 303
    assert RefundRow.objects.count() == 1


def test_the_customer_sees_what_went_back(desk: Desk) -> None:
    order = desk.paid()
    clerk = bills.clerk_of(desk.kamal.staff.id)[0]
    whole = order.amount.amount_minor
    for minor in (200, whole - 200):
        bills.refund(
            id=new_id(), order_id=order.id, amount=type(order.amount)(minor, order.amount.currency), reason=REASON,
            clerk=clerk if minor == 200 else None, by=None if minor == 200 else people.SYSTEM,
        )  # fmt: skip
        told = shown(desk.corner.client, f"/payments/{order.id}")
        assert ("Partly refunded" if minor == 200 else "Refunded") in told
        assert "The bill can be paid again." in told
        assert REASON not in told, "the reason is the biller's own"
        assert "Paid, refunded:" in shown(desk.corner.client, "/bills/paid")
    statement = shown(desk.corner.client, f"/accounts/{desk.corner.account.id}")
    assert f"Refund of payment {payments.reference_of(order.id)}" in statement


def test_the_signed_yes_is_shown_and_handed_out(desk: Desk) -> None:
    order = desk.paid()
    client = at_desk(desk.kamal)
    told = shown(client, f"/biller/payments/{order.id}")
    assert "nur-1" in told
    assert order.biller_reference in told
    file = client.get(f"/biller/payments/{order.id}/proof")
    assert file["Content-Disposition"] == f'attachment; filename="payment-{payments.reference_of(order.id)}.json"'
    kept = json.loads(file.content)
    assert kept["payment"] == str(order.id)
    assert kept["key_id"] == "nur-1"
    assert json.loads(kept["body"])
    assert kept["signature"]


def test_bills_are_listed_by_what_becomes_of_them(desk: Desk) -> None:
    desk.corner.owed()
    client = at_desk(desk.kamal)
    for show in ("open", "overdue", "disputed", "rubbish"):
        assert client.get(f"/biller/bills?show={show}").status_code == 200
    assert "12345678" in shown(client, "/biller/bills")
    assert "There are none" in shown(client, "/biller/bills?show=disputed")
    assert client.get("/biller/bills?after=rubbish").status_code == 400


class TestTheOffice:
    """What staff of the bank do about clerks and refunds."""

    @pytest.fixture
    def staffed(self, desk: Desk) -> tuple[Client, Client]:
        """Basma of the back office proposes; Hoda, who supervises, confirms."""
        return tuple(  # type: ignore[return-value]
            at_office(enrolled(login, {"en": login.title(), "ar": login}, role, at=desk.bank))
            for login, role in (("basma", "back-office"), ("hoda", "supervisor"))
        )

    def test_two_people_name_a_clerk_and_one_ends_it(self, desk: Desk, staffed: tuple[Client, Client]) -> None:
        basma, hoda = staffed
        samir = desk.staff("samir")
        address = f"/office/billers/{desk.nur.id}/clerks"
        assert "Kamal" in shown(basma, address)
        form = {"id": hidden(basma.get(f"{address}/name").content.decode(), "id"), "login": "samir", "reason": "begins"}
        for wrong, field in (({"login": "nobody"}, "login"), ({"login": "basma"}, "login"), ({"reason": ""}, "reason"),
                             ({"refund_most": "5"}, "refund_most_day"), ({"refund_most": "x"}, "refund_most")):  # fmt: skip
            refused = basma.post(f"{address}/name", form | wrong)
            assert f'id="{field}-error"' in refused.content.decode(), (field, words_of(refused.content.decode()))
        sent = basma.post(f"{address}/name", form | {"refund_most": "50", "refund_most_day": "100"})
        assert sent.status_code == 303, words_of(sent.content.decode())
        assert "samir" in shown(hoda, sent["Location"])
        assert hoda.get(f"{address}/name").status_code == 403
        hoda.post(sent["Location"] + "/decide", {"verdict": "confirm"})
        assert bills.clerk_of(samir.staff.id)[0].refund_most.amount_minor == 50_00  # type: ignore[union-attr]
        assert 'value="50.00"' in basma.get(f"{address}/name?staff={samir.staff.id}").content.decode()
        clerk = at_desk(samir)
        stranger = basma.get(f"{address}/{desk.clerk('nabil', desk.gas).staff.id}/end")
        assert stranger.status_code == 403, "who does not work for this biller is not named"
        done = basma.post(f"{address}/{samir.staff.id}/end", {"reason": "left the utility"})
        assert done["Location"] == f"{address}?done=1"
        assert clerk.get("/biller/").status_code == 303

    def test_staff_refund_alone_what_is_delegated_and_propose_more(
        self, desk: Desk, staffed: tuple[Client, Client]
    ) -> None:
        basma, hoda = staffed
        order = desk.paid()
        bills.end_clerk(staff_id=desk.kamal.staff.id, biller_id=desk.nur.id, by=people.SYSTEM, reason="smaller limits")
        desk.clerk("little", desk.nur, most=5_00)
        address = f"/office/bill-payments/{order.id}"
        assert "nur-1" in shown(hoda, address)
        assert hoda.get(f"{address}/proof").status_code == 200
        assert hoda.get(f"{address}/refund").status_code == 403
        page = basma.get(f"{address}/refund").content.decode()
        form = {"id": hidden(page, "id"), "amount": "5", "reason": REASON, "bill": "stays"}
        for _ in range(2):
            assert basma.post(f"{address}/refund", form)["Location"] == f"{address}?done=1"
        assert RefundRow.objects.count() == 1
        more = form | {"id": str(new_id()), "amount": "6"}
        sent = basma.post(f"{address}/refund", more)
        assert "/office/changes/" in sent["Location"]
        assert RefundRow.objects.count() == 1
        hoda.post(sent["Location"] + "/decide", {"verdict": "confirm"})
        assert RefundRow.objects.count() == 2
        told = shown(basma, address)
        assert "Basma" in told
        assert REASON in told
        refused = basma.post(f"{address}/refund", form | {"id": str(new_id()), "amount": "0"})
        assert 'id="amount-error"' in refused.content.decode()
        assert basma.get(f"/office/bill-payments/{new_id()}").status_code == 404


def test_a_clerk_takes_the_files_of_closed_days_with_refunds_in_them_and_no_other_billers(desk: Desk) -> None:
    order, theirs = desk.paid(), desk.paid(desk.gas)
    money = Money(400, order.amount.currency)
    bills.refund(
        id=new_id(),
        order_id=order.id,
        amount=money,
        reason=REASON,
        clerk=bills.clerk_of(desk.kamal.staff.id)[0],
        reopens=False,
    )
    today = bills.today_of(order.biller_id, SYSTEM_CLOCK.now())
    tomorrow = ManualClock(SYSTEM_CLOCK.now() + timedelta(days=1, hours=3))
    ours = bills.close_day(order.biller_id, today, clock=tomorrow)
    others = bills.close_day(theirs.biller_id, today, clock=tomorrow)
    assert (ours.payments, ours.refunds, ours.refunded, ours.others) == (1, 1, money, 0)
    client = at_desk(desk.kamal)
    page = client.get("/biller/settlements").content.decode()
    assert f"/biller/settlements/{ours.id}/csv" in page
    assert str(others.id) not in page
    csv = b"".join(client.get(f"/biller/settlements/{ours.id}/csv"))
    assert str(order.id).encode() in csv
    assert b"refund" in csv
    assert client.get(f"/biller/settlements/{ours.id}/camt054").status_code == 200
    for form in ("csv", "camt054"):
        assert client.get(f"/biller/settlements/{others.id}/{form}").status_code == 404
    assert client.get(f"/biller/settlements/{ours.id}/xlsx").status_code == 404
