"""The biller's door: who comes in, who does not, and when it closes behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.urls import URLPattern

from raseed.bills import api as bills
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.people.models import GrantRow
from raseed.people.tests.office import PASSWORD
from raseed.web.biller.urls import urlpatterns
from raseed.web.tests.biller.desk import Desk, at_desk
from raseed.web.tests.office.house import at_desk as at_office
from raseed.web.tests.office.house import code_of, enrolled, next_recovery_code
from raseed.web.tests.street import browser, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

OPEN = {"sign-in", "sign-in-code", "sign-out", "language"}


def addresses() -> Iterator[tuple[str, str]]:
    for pattern in urlpatterns:
        assert isinstance(pattern, URLPattern)
        path = str(pattern.pattern).replace("<path:rest>", "nowhere").replace("<slug:form>", "csv")
        for part in ("<uuid:payment_id>", "<uuid:settlement_id>"):
            path = path.replace(part, str(new_id()))
        yield pattern.name or "nowhere", f"/biller/{path}"


def test_a_clerk_signs_in_with_the_second_factor_and_comes_to_where_they_wanted(desk: Desk) -> None:
    client = browser()
    stranger = client.get("/biller/bills?show=overdue")
    assert (stranger.status_code, stranger["Location"]) == (
        303,
        "/biller/sign-in?next=%2Fbiller%2Fbills%3Fshow%3Doverdue",
    )
    sent = client.post(
        "/biller/sign-in", {"login": "kamal", "password": PASSWORD, "next": "/biller/bills?show=overdue"}
    )
    assert sent["Location"] == "/biller/sign-in/code"
    assert client.get("/biller/").status_code == 303, "a password is half the way"
    wrong = client.post("/biller/sign-in/code", {"code": "000000"})
    assert 'id="code-error"' in wrong.content.decode()
    done = client.post("/biller/sign-in/code", {"code": code_of(desk.kamal)})
    assert done["Location"] == "/biller/bills?show=overdue"
    cookie = client.cookies["biller"]
    assert (cookie["path"], cookie["samesite"], cookie["httponly"]) == ("/biller/", "Strict", True)
    page = client.get("/biller/")
    assert page["Cache-Control"] == "no-store"
    assert "default-src 'none'" in page["Content-Security-Policy"]
    assert "The nur" in words_of(page.content.decode())
    assert client.get("/biller/sign-in").status_code == 303
    left = client.post("/biller/sign-out")
    assert left["Clear-Site-Data"] == '"cache"'
    assert client.get("/biller/").status_code == 303


@pytest.mark.parametrize("follow", ["//evil.example", "https://evil.example/biller/", "/office/", "/biller/../office/"])
def test_after_signing_in_nobody_is_led_elsewhere(desk: Desk, follow: str) -> None:
    client = browser()
    client.post("/biller/sign-in", {"login": "kamal", "password": PASSWORD, "next": follow})
    done = client.post("/biller/sign-in/code", {"code": next_recovery_code(desk.kamal)})
    assert done["Location"] in ("/biller/", "/biller/../office/"), "which the browser's Strict cookie does not reach"


def test_every_page_asks_who_comes(desk: Desk) -> None:
    signed_in_customer = desk.corner.client
    office = at_office(enrolled("basma", {"en": "Basma", "ar": "بسمة"}, "back-office", at=desk.bank))
    for name, address in addresses():
        for who in (browser(), signed_in_customer, office):
            for answer in (who.get(address), who.post(address)):
                if name in OPEN:
                    assert answer.status_code in (200, 303, 400, 405, 422), (name, answer.status_code)
                elif answer.status_code != 405:
                    assert answer.status_code == 303, (name, answer.status_code)
                    assert answer["Location"].startswith("/biller/sign-in"), name
    clerk = at_desk(desk.kamal)
    for name, address in addresses():
        expected = 404 if "payments/" in address or name in {"settlement-file", "nowhere"} else 200
        if name not in OPEN | {"works-for", "me-sessions"}:
            answer = clerk.get(address)
            assert answer.status_code == expected, (name, answer.status_code)


def test_staff_of_the_bank_are_turned_away_with_the_right_password(desk: Desk) -> None:
    basma = enrolled("basma", {"en": "Basma", "ar": "بسمة"}, "back-office", at=desk.bank)
    nobody = desk.staff("noone")
    for someone in (basma, nobody):
        client = browser()
        client.post("/biller/sign-in", {"login": someone.staff.login, "password": PASSWORD})
        refused = client.post("/biller/sign-in/code", {"code": next_recovery_code(someone)})
        assert refused.status_code == 403
        assert "You do not work for a biller here." in words_of(refused.content.decode())
        assert client.get("/biller/").status_code == 303


def test_a_clerk_is_turned_away_at_the_back_office_also_from_a_session_that_is_open(desk: Desk) -> None:
    client = browser()
    client.post("/office/sign-in", {"login": "kamal", "password": PASSWORD})
    refused = client.post("/office/sign-in/code", {"code": next_recovery_code(desk.kamal)})
    assert refused.status_code == 403
    assert "/biller/" in words_of(refused.content.decode())
    assert client.get("/office/").status_code == 303
    samir = desk.staff("samir")
    office = at_office(samir)
    assert office.get("/office/").status_code == 200
    bills.name_clerk(staff_id=samir.staff.id, biller_id=desk.nur.id, by=people.SYSTEM, reason="named today")
    assert office.get("/office/").status_code == 403
    assert office.get("/office/me").status_code == 403


def test_the_key_of_one_kind_of_session_opens_nothing_of_another(desk: Desk) -> None:
    clerk = at_desk(desk.kamal)
    key = clerk.cookies["biller"].value
    for cookie, address in (("office", "/office/"), ("sessionid", "/")):
        other = browser()
        other.cookies[cookie] = key
        assert other.get(address).status_code == 303
    samir = desk.staff("samir")
    office = at_office(samir)
    other = browser()
    other.cookies["biller"] = office.cookies["office"].value
    assert other.get("/biller/").status_code == 303


def ended(client: Client) -> None:
    answer = client.get("/biller/")
    assert (answer.status_code, answer["Location"]) == (303, "/biller/sign-in?changed=1")


def test_the_session_ends_at_once_when_the_work_does(desk: Desk) -> None:
    first = at_desk(desk.kamal)
    bills.end_clerk(staff_id=desk.kamal.staff.id, biller_id=desk.nur.id, by=people.SYSTEM, reason="left the utility")
    polled = first.get("/biller/", HTTP_HX_REQUEST="true")
    assert polled["HX-Redirect"].startswith("/biller/sign-in")
    bills.name_clerk(staff_id=desk.kamal.staff.id, biller_id=desk.nur.id, by=people.SYSTEM, reason="came back")
    assert first.get("/biller/").status_code == 303, "the old session does not come back to life"
    second = at_desk(desk.kamal)
    people.lock_staff(desk.kamal.staff.id, by=people.SYSTEM, reason="lost the phone")
    ended(second)
    third = at_desk(desk.gamal)
    role = people.role_by_slug(desk.bank, "agent").id
    GrantRow.objects.create(staff_id=desk.gamal.staff.id, role_id=role, since="2026-01-01T00:00:00Z")
    ended(third)


def test_who_works_for_two_billers_chooses_and_sees_one_at_a_time(desk: Desk) -> None:
    bills.name_clerk(staff_id=desk.kamal.staff.id, biller_id=desk.gas.id, by=people.SYSTEM, reason="both of them")
    order = desk.paid(desk.gas)
    client = at_desk(desk.kamal)
    assert client.get(f"/biller/payments/{order.id}").status_code == 404
    other = next(each for each in bills.clerk_of(desk.kamal.staff.id) if each.biller_id == desk.gas.id)
    assert client.post("/biller/works-for", {"right": str(new_id())}).status_code == 303
    assert client.get(f"/biller/payments/{order.id}").status_code == 404
    client.post("/biller/works-for", {"right": str(other.right_id)})
    assert client.get(f"/biller/payments/{order.id}").status_code == 200


def test_signing_out_everywhere_ends_other_windows(desk: Desk) -> None:
    one, other = at_desk(desk.kamal), at_desk(desk.kamal)
    assert one.post("/biller/me/sessions").status_code == 303
    ended(other)


@pytest.mark.parametrize("language", ["ar", "he", "en"])
def test_the_language_is_chosen_at_the_door(desk: Desk, language: str) -> None:
    client = browser("en")
    answer = client.post("/biller/language", {"language": language, "next": "/biller/sign-in"})
    assert answer["Location"] == "/biller/sign-in"
    page = client.get("/biller/sign-in").content.decode()
    assert f'lang="{language}" dir="{"ltr" if language == "en" else "rtl"}"' in page
