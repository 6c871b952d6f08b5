"""Signing in: the same answers for known and unknown numbers, a renewed session, an end by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client, RequestFactory

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.people import api as people
from raseed.web.network import client_address
from raseed.web.tests.street import CODE, LAYLA_PHONE, Street, browser, signed_in, words_of


def test_a_customer_signs_in_and_sees_the_balance(street: Street) -> None:
    client = browser()
    asked = client.post("/sign-in", {"phone": "0100 123 4567"})
    assert (asked.status_code, asked["Location"]) == (303, "/sign-in/code")
    page = client.get("/sign-in/code")
    assert "+20 10 01234567" in page.content.decode()
    entered = client.post("/sign-in/code", {"code": CODE})
    assert (entered.status_code, entered["Location"]) == (303, "/")
    assert "EGP\u00a01,000.00" in client.get("/").content.decode()


def test_digits_of_either_script_are_read(street: Street) -> None:
    client = browser("ar")
    client.post("/sign-in", {"phone": "٠١٠٠١٢٣٤٥٦٧"})
    assert client.post("/sign-in/code", {"code": "١٢٣ ٤٥٦"}).status_code == 303
    assert "١٬٠٠٠٫٠٠" in client.get("/").content.decode()


def test_unknown_numbers_get_the_same_answers(street: Street) -> None:
    answers = []
    for phone in (LAYLA_PHONE, "+201005550000"):
        client = browser()
        asked = client.post("/sign-in", {"phone": phone})
        code_page = client.get("/sign-in/code").content.decode()
        wrong = client.post("/sign-in/code", {"code": "000000"})
        answers.append((asked.status_code, asked["Location"], wrong.status_code, words_of(wrong.content.decode())))
        assert "If this number is a customer" in words_of(code_page)
    shown = [people.phone_text(LAYLA_PHONE), people.phone_text("+201005550000")]
    first, second = (answer[-1].replace(number, "…") for answer, number in zip(answers, shown, strict=True))
    assert first == second
    assert answers[0][:3] == answers[1][:3] == (303, "/sign-in/code", 400)


def test_what_is_no_phone_number_is_said_beside_the_field_and_kept(street: Street) -> None:
    for typed in ("", "12", "abc", "+99999999999999999", "0100\u202e1234567x"):
        answer = browser().post("/sign-in", {"phone": typed})
        page = answer.content.decode()
        assert answer.status_code == 400
        assert 'id="phone-error"' in page
        assert 'aria-invalid="true"' in page
        assert f'value="{typed}"' in page
        assert "This is not a phone number we can use." in page


def test_a_wrong_code_says_how_many_tries_are_left_and_then_locks(street: Street) -> None:
    client = browser()
    client.post("/sign-in", {"phone": LAYLA_PHONE})
    first = client.post("/sign-in/code", {"code": "000000"}).content.decode()
    assert "That is not the code we sent." in first
    assert "Tries left: 4." in first
    last = [client.post("/sign-in/code", {"code": "000000"}).content.decode() for _ in range(4)][-1]
    assert "Too many wrong codes were entered." in last
    assert "Too many wrong codes" in client.post("/sign-in/code", {"code": CODE}).content.decode()


def test_a_code_that_is_too_old_is_refused_in_words(street: Street) -> None:
    client = browser()
    client.post("/sign-in", {"phone": LAYLA_PHONE})
    with time_machine.travel(SYSTEM_CLOCK.now() + timedelta(minutes=6), tick=False):
        page = client.post("/sign-in/code", {"code": CODE}).content.decode()
    assert "This code is no longer valid." in page


def test_codes_asked_for_too_often_are_refused_in_words(street: Street) -> None:
    client = browser()
    answers = (client.post("/sign-in", {"phone": LAYLA_PHONE}) for _ in range(50))
    refused = next(answer for answer in answers if answer.status_code != 303)
    assert refused.status_code == 429
    assert "That was tried too often." in refused.content.decode()


def test_the_code_page_without_a_number_goes_back_to_the_first(street: Street) -> None:
    assert browser().get("/sign-in/code")["Location"] == "/sign-in"
    client = browser()
    client.cookies["raseed_pending"] = "+201001234567 /:forged:signature"
    assert client.post("/sign-in/code", {"code": CODE})["Location"] == "/sign-in"


def test_the_session_is_new_after_signing_in(street: Street) -> None:
    client = signed_in()
    key = client.cookies["session"].value
    client.post("/sign-in", {"phone": LAYLA_PHONE})
    client.post("/sign-in/code", {"code": CODE})
    assert client.cookies["session"].value != key
    assert not Session.objects.filter(session_key=key).exists()


def test_a_session_key_brought_along_is_not_used(street: Street) -> None:
    client = browser()
    client.cookies["session"] = "a" * 32
    client.post("/sign-in", {"phone": LAYLA_PHONE})
    client.post("/sign-in/code", {"code": CODE})
    assert client.cookies["session"].value != "a" * 32


def test_cookies_are_not_for_scripts_and_not_for_other_sites(street: Street) -> None:
    client = signed_in()
    for name in ("session", "language"):
        if name in client.cookies and client.cookies[name]["path"]:
            assert client.cookies[name]["httponly"]
            assert client.cookies[name]["samesite"] == "Lax"
    assert not client.cookies["session"]["max-age"], "it ends with the browser"


def test_a_session_ends_when_nothing_is_done(street: Street) -> None:
    client = signed_in()
    with time_machine.travel(SYSTEM_CLOCK.now() + timedelta(minutes=16), tick=False):
        answer = client.get("/")
        assert answer["Location"] == "/sign-in?ended=1"
        assert "You were signed out because nothing was done" in client.get("/sign-in?ended=1").content.decode()
    assert client.get("/").status_code == 303, "it does not come back"


def test_use_keeps_a_session_alive_but_not_for_ever(street: Street) -> None:
    client = signed_in()
    began = SYSTEM_CLOCK.now()
    for minutes in range(10, 12 * 60, 10):
        with time_machine.travel(began + timedelta(minutes=minutes), tick=False):
            assert client.get("/settings").status_code == 200
    with time_machine.travel(began + timedelta(hours=12, minutes=1), tick=False):
        assert client.get("/settings").status_code == 303


def test_signing_out_ends_it_on_the_server(street: Street) -> None:
    client = signed_in()
    key = client.cookies["session"].value
    answer = client.post("/sign-out")
    assert answer["Location"] == "/sign-in?left=1"
    assert answer["Clear-Site-Data"] == '"cache"'
    assert "You are signed out." in client.get("/sign-in?left=1").content.decode()
    client.cookies["session"] = key
    assert client.get("/").status_code == 303


def test_signing_out_needs_a_form_of_ours(street: Street) -> None:
    assert signed_in().get("/sign-out").status_code == 405


def test_after_signing_in_one_comes_back_to_the_page_one_wanted(street: Street) -> None:
    wanted = f"/accounts/{street.layla_wallet.id}"
    client = browser()
    sent = client.get(wanted)
    assert sent["Location"].startswith("/sign-in?next=")
    page = client.get(sent["Location"]).content.decode()
    assert f'name="next" value="{wanted}"' in page
    client.post("/sign-in", {"phone": LAYLA_PHONE, "next": wanted})
    assert client.post("/sign-in/code", {"code": CODE})["Location"] == wanted


def test_but_never_to_another_site(street: Street) -> None:
    for elsewhere in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        client = browser()
        client.post("/sign-in", {"phone": LAYLA_PHONE, "next": elsewhere})
        assert client.post("/sign-in/code", {"code": CODE})["Location"] == "/"


def test_who_is_signed_in_is_not_asked_again(street: Street) -> None:
    assert signed_in().get("/sign-in")["Location"] == "/"


def test_a_language_chosen_before_signing_in_becomes_the_customers(street: Street) -> None:
    client = Client(SERVER_NAME="localhost")
    client.post("/language", {"language": "he", "next": "/sign-in"})
    client.post("/sign-in", {"phone": LAYLA_PHONE})
    client.post("/sign-in/code", {"code": CODE})
    assert people.customer(street.layla.id).language == "he"


def test_else_the_customers_language_is_used(street: Street) -> None:
    people.set_language(street.layla.id, "he")
    people.set_digits(street.layla.id, "arab")
    client = Client(SERVER_NAME="localhost", headers={"accept-language": "en"})
    client.post("/sign-in", {"phone": LAYLA_PHONE})
    client.post("/sign-in/code", {"code": CODE})
    page = client.get("/").content.decode()
    assert '<html lang="he" dir="rtl"' in page
    assert "١٬٠٠٠٫٠٠" in page


def test_the_make_believe_phone_is_named_only_where_there_is_one(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = browser()
    client.post("/sign-in", {"phone": LAYLA_PHONE})
    monkeypatch.setattr(settings, "PHONE_URL", "")
    assert "make-believe" not in client.get("/sign-in/code").content.decode()
    monkeypatch.setattr(settings, "PHONE_URL", "/demo/phone")
    assert 'href="/demo/phone"' in client.get("/sign-in/code").content.decode()
    monkeypatch.setattr(settings, "PHONE_URL", "http://127.0.0.1:8002/phone?number={number}")
    assert 'href="http://127.0.0.1:8002/phone?number=%2B201001234567"' in client.get("/sign-in/code").content.decode()


@pytest.mark.parametrize(
    ("https", "forwarded", "expected"),
    [
        (False, "203.0.113.9", "127.0.0.1"),
        (True, "203.0.113.9", "203.0.113.9"),
        (True, "1.2.3.4, 203.0.113.9", "203.0.113.9"),
        (True, "2001:db8::1", "2001:db8::1"),
        (True, "junk", None),
        (True, "", None),
    ],
)
def test_rate_limits_see_who_asks_not_the_proxy(
    monkeypatch: pytest.MonkeyPatch, *, https: bool, forwarded: str, expected: str | None
) -> None:
    monkeypatch.setattr(settings, "HTTPS", https)
    request = RequestFactory().get("/", headers={"x-forwarded-for": forwarded})
    assert client_address(request) == expected


def test_sessions_that_ran_out_are_deleted_at_the_next_sign_in(street: Street) -> None:
    signed_in()
    with time_machine.travel(SYSTEM_CLOCK.now() + timedelta(hours=25), tick=False):
        signed_in()
        assert Session.objects.count() == 1


def test_forms_need_their_token(street: Street) -> None:
    client = browser(enforce_csrf_checks=True)
    answer = client.post("/sign-in", {"phone": LAYLA_PHONE})
    assert answer.status_code == 403
    assert "This page was open for too long." in answer.content.decode()
