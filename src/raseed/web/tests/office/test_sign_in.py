"""Signing in as staff: two factors, an invitation, sessions of their own that end."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.people import api as people
from raseed.people.tests.office import Phone, a_newcomer
from raseed.web.office import sessions
from raseed.web.tests.office.house import NILE, PASSWORD, House, at_desk, code_of, next_recovery_code
from raseed.web.tests.street import browser, signed_in, words_of


def test_login_password_and_code_open_the_desk(house: House) -> None:
    client = browser()
    answer = client.post("/office/sign-in", {"login": "Salma", "password": PASSWORD})
    assert answer["Location"] == "/office/sign-in/code"
    answer = client.post("/office/sign-in/code", {"code": code_of(house.salma)})
    assert answer["Location"] == "/office/"
    assert "Hello, Salma Fouad" in words_of(client.get("/office/").content.decode())


@pytest.mark.parametrize(("login", "password"), [("salma", "wrong password here"), ("nobody", PASSWORD), ("", "")])
def test_what_is_wrong_is_not_said_and_the_login_stays(house: House, login: str, password: str) -> None:
    answer = browser().post("/office/sign-in", {"login": login, "password": password})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "This login and password don&#x27;t belong together." in page
    assert f'value="{login}"' in page
    assert password not in page or not password


def test_a_wrong_code_is_said_beside_its_field(house: House) -> None:
    client = browser()
    client.post("/office/sign-in", {"login": "salma", "password": PASSWORD})
    answer = client.post("/office/sign-in/code", {"code": "000000"})
    assert answer.status_code == 400
    assert 'id="code-error"' in answer.content.decode()
    assert client.get("/office/").status_code == 303


def test_the_code_page_without_a_password_leads_back(house: House) -> None:
    assert browser().get("/office/sign-in/code")["Location"] == "/office/sign-in"
    client = browser()
    client.cookies["office_pending"] = "forged /office/:1:x"
    assert client.post("/office/sign-in/code", {"code": "1"})["Location"] == "/office/sign-in"


def test_five_wrong_codes_lock_for_a_while(house: House) -> None:
    client = browser()
    client.post("/office/sign-in", {"login": "salma", "password": PASSWORD})
    answers = [client.post("/office/sign-in/code", {"code": "000000"}) for _ in range(6)]
    assert answers[-1].status_code == 429
    assert "Wait" in answers[-1].content.decode()


def test_after_signing_in_one_comes_back_but_never_to_another_site(house: House) -> None:
    client = browser()
    sent = client.get("/office/changes")
    assert sent["Location"] == "/office/sign-in?next=%2Foffice%2Fchanges"
    for wanted, expected in (
        ("/office/changes", "/office/changes"),
        ("/settings", "/office/"),
        ("//evil.example/office/", "/office/"),
        ("https://evil.example/office/", "/office/"),
    ):
        client.post("/office/sign-in", {"login": "salma", "password": PASSWORD, "next": wanted})
        answer = client.post("/office/sign-in/code", {"code": next_recovery_code(house.salma)})
        assert answer["Location"] == expected


def test_a_customers_session_opens_nothing_in_the_office_and_the_other_way_round(house: House) -> None:
    customer = signed_in()
    assert customer.get("/office/").status_code == 303
    staff = at_desk(house.salma)
    assert staff.get("/").status_code == 303
    swapped = browser()
    swapped.cookies["office"] = customer.cookies["session"].value
    assert swapped.get("/office/").status_code == 303, "the key of a customer's session is none here"
    swapped = browser()
    swapped.cookies["session"] = staff.cookies["office"].value
    assert swapped.get("/").status_code == 303, "nor ours there"


def test_the_cookie_is_for_the_office_only(house: House) -> None:
    cookie = at_desk(house.salma).cookies["office"]
    assert cookie["path"] == "/office/"
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert not cookie["max-age"], "it ends with the browser"


def test_a_session_ends_after_ten_minutes_unused(house: House) -> None:
    client = at_desk(house.salma)
    with time_machine.travel(SYSTEM_CLOCK.now() + timedelta(minutes=11), tick=False):
        answer = client.get("/office/")
        assert answer["Location"] == "/office/sign-in?ended=1"
        assert "nothing was done for a while" in client.get(answer["Location"]).content.decode()
    assert client.get("/office/").status_code == 303, "it does not come back"


def test_use_keeps_it_alive_but_for_eight_hours_at_most(house: House) -> None:
    client = at_desk(house.salma)
    began = SYSTEM_CLOCK.now()
    for minutes in range(8, 8 * 60, 8):
        with time_machine.travel(began + timedelta(minutes=minutes), tick=False):
            assert client.get("/office/me").status_code == 200, minutes
    with time_machine.travel(began + timedelta(hours=8, minutes=1), tick=False):
        assert client.get("/office/me").status_code == 303


def test_a_lock_ends_the_session_at_once(house: House) -> None:
    client = at_desk(house.salma)
    people.lock_staff(house.salma.staff.id, by=people.author_of_staff(house.adam.staff.id), reason="lost the phone")
    answer = client.get("/office/")
    assert answer["Location"] == "/office/sign-in?changed=1"
    assert "what you may do here has changed" in client.get(answer["Location"]).content.decode()


def test_other_roles_end_the_session(house: House) -> None:
    client = at_desk(house.salma)
    change = people.propose_change(
        id=house.street.mona.id,
        kind="people.grants",
        institution_id=NILE,
        subject=house.salma.staff.actor,
        payload={"role_ids": [str(people.role_by_slug(NILE, "auditor").id)]},
        reason="moves to audit",
        by=people.author_of_staff(house.adam.staff.id),
    )
    people.confirm_change(change.id, by=people.author_of_staff(house.amal.staff.id))
    assert client.get("/office/").status_code == 303


def test_signing_out_ends_it_on_the_server(house: House) -> None:
    client = at_desk(house.salma)
    key = client.cookies["office"].value
    assert client.get("/office/sign-out").status_code == 405
    answer = client.post("/office/sign-out")
    assert answer["Location"] == "/office/sign-in?left=1"
    again = browser()
    again.cookies["office"] = key
    assert again.get("/office/").status_code == 303


def test_the_key_is_new_after_signing_in(house: House) -> None:
    client = browser()
    client.cookies["office"] = "a" * 32
    client.post("/office/sign-in", {"login": "salma", "password": PASSWORD})
    client.post("/office/sign-in/code", {"code": next_recovery_code(house.salma)})
    assert client.cookies["office"].value != "a" * 32


def test_forms_need_their_token(house: House) -> None:
    client = Client(SERVER_NAME="localhost", enforce_csrf_checks=True)
    answer = client.post("/office/sign-in", {"login": "salma", "password": PASSWORD})
    assert answer.status_code == 403
    assert 'href="/office/"' in answer.content.decode(), "it leads back to the office, not to the customers' pages"


def test_an_invitation_leads_to_a_password_an_app_and_recovery_codes(house: House) -> None:
    newcomer = a_newcomer(NILE, login="dina")
    token = people.issue_invitation(newcomer.id, by=people.SYSTEM, reason="first day").token
    client = browser()
    answer = client.get(f"/office/invitation/{token}")
    assert answer["Location"] == "/office/invitation", "the token does not stay in the address"
    assert "dina" in client.get("/office/invitation").content.decode()
    page = client.post("/office/invitation", {"password": PASSWORD, "again": PASSWORD}).content.decode()
    secret = re.search(r'class="secret"[^>]*>([A-Z2-7 ]+)<', page)
    assert secret
    assert 'href="otpauth://totp/' in page
    carried = re.search(r'name="carried" value="([^"]+)"', page)
    assert carried
    wrong = client.post("/office/invitation/code", {"carried": carried[1], "code": "000000"}).content.decode()
    assert 'id="code-error"' in wrong
    assert secret[1] in wrong, "the key is still there to be typed again"
    phone = Phone(secret[1])
    page = client.post(
        "/office/invitation/code", {"carried": carried[1], "code": phone.code(SYSTEM_CLOCK.now())}
    ).content.decode()
    codes = re.findall(r"<bdo dir=\"ltr\">([A-Z0-9-]{14})</bdo>", page)
    assert len(codes) == 10
    assert "They are not shown again." in page
    assert "no longer valid" in client.get("/office/invitation").content.decode()
    assert people.staff(newcomer.id).state is people.StaffState.ACTIVE


@pytest.mark.parametrize(
    ("password", "again", "said"),
    [("Tiny-Pw-9", "Tiny-Pw-9", "too easy to guess"), (PASSWORD, PASSWORD + "x", "are not the same")],
)
def test_a_password_that_will_not_do_is_refused_beside_its_field(
    house: House, password: str, again: str, said: str
) -> None:
    token = people.issue_invitation(a_newcomer(NILE, login="dina").id, by=people.SYSTEM, reason="first day").token
    client = browser()
    client.get(f"/office/invitation/{token}")
    answer = client.post("/office/invitation", {"password": password, "again": again})
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert password not in answer.content.decode()


def test_an_invitation_that_is_none_says_so(house: House) -> None:
    client = browser()
    client.get("/office/invitation/" + "x" * 43)
    answer = client.get("/office/invitation")
    assert answer.status_code == 400
    assert "This invitation is no longer valid." in answer.content.decode()


def test_sessions_are_signed_apart(house: House) -> None:
    assert sessions.OfficeSession().key_salt != "django.contrib.sessions.SessionStore"
    client = at_desk(house.salma)
    assert sessions.OfficeSession(client.cookies["office"].value).get("staff") == str(house.salma.staff.id)


def test_recovery_codes_and_password_are_ones_own_to_change(house: House) -> None:
    client = at_desk(house.salma)
    assert 'id="code-error"' in client.post("/office/me/recovery-codes", {"code": "000000"}).content.decode()
    page = client.post("/office/me/recovery-codes", {"code": code_of(house.salma)}).content.decode()
    codes = re.findall(r"<bdo dir=\"ltr\">([A-Z0-9-]{14})</bdo>", page)
    assert len(codes) == 10
    newer = "seven wet lamps orange"
    entered = {"password": "not this one here", "new": newer, "again": newer, "code": codes[0]}
    assert 'id="password-error"' in client.post("/office/me/password", entered).content.decode()
    answer = client.post("/office/me/password", entered | {"password": PASSWORD, "code": codes[1]})
    assert answer["Location"] == "/office/sign-in?left=1"
    assert client.get("/office/").status_code == 303
    again = browser().post("/office/sign-in", {"login": "salma", "password": newer})
    assert again["Location"] == "/office/sign-in/code"


def test_signing_out_everywhere_ends_the_other_windows_too(house: House) -> None:
    first, second = at_desk(house.salma), at_desk(house.salma)
    second.post("/office/me/sessions")
    assert first.get("/office/").status_code == 303
