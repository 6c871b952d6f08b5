"""What customers sign in with: a stolen session changes nothing, passkeys sign in, everything ends at once when asked."""

from __future__ import annotations

from datetime import timedelta

import time_machine
from django.test import Client

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.people import api as people
from raseed.people.tests.authenticator import Authenticator
from raseed.web.tests.street import CODE, LAYLA_PHONE, MONA_PHONE, Street, browser, hidden, signed_in

NEW_PHONE = "+201007778899"


def later(minutes: int) -> time_machine.travel:
    """Let minutes pass."""
    return time_machine.travel(SYSTEM_CLOCK.now() + timedelta(minutes=minutes), tick=False)


def asked_for_options(client: Client) -> object:
    return client.post("/security/passkeys/options", {}, content_type="application/json")


def add_passkey(client: Client, authenticator: Authenticator) -> None:
    """Add a passkey as the page's script does."""
    page = client.get("/security").content.decode()
    made = authenticator.create(client.post("/security/passkeys/options", {}, content_type="application/json").json())
    key = page.split('data-key="', 1)[1].split('"', 1)[0]
    answer = client.post("/security/passkeys", {"id": key, "response": made}, content_type="application/json")
    assert answer.json() == {"next": "/security?done=added"}


def test_a_passkey_is_added_and_signs_in_without_a_number(street: Street) -> None:
    authenticator = Authenticator()
    add_passkey(signed_in(), authenticator)
    client = browser()
    options = client.post("/sign-in/passkey/options", {}, content_type="application/json").json()
    answer = client.post(
        "/sign-in/passkey",
        {"response": authenticator.get(options), "next": "/settings"},
        content_type="application/json",
    )
    assert answer.json() == {"next": "/settings"}
    assert "EGP\u00a01,000.00" in client.get("/").content.decode()
    assert "with a passkey" in client.get("/security").content.decode()


def test_a_passkey_answer_leads_to_no_foreign_address_and_rubbish_is_refused_in_words(street: Street) -> None:
    authenticator = Authenticator()
    add_passkey(signed_in(), authenticator)
    client = browser()
    options = client.post("/sign-in/passkey/options", {}, content_type="application/json").json()
    sent = {"response": authenticator.get(options), "next": "//evil.example/"}
    assert client.post("/sign-in/passkey", sent, content_type="application/json").json() == {"next": "/"}
    for body in ("", "[]", "{", '{"response": 1}', '{"response": {}}', '{"a":' * 5000):
        refused = browser().post("/sign-in/passkey", body, content_type="application/json")
        assert 400 <= refused.status_code < 500, body[:20]
        assert refused.json()["message"]


def test_an_old_session_adds_no_passkey_before_it_proves_anew(street: Street) -> None:
    client = signed_in()
    with later(14):
        refused = asked_for_options(client)
        assert refused.status_code == 403  # type: ignore[attr-defined]
        assert refused.json()["next"] == "/security/prove?next=%2Fsecurity"  # type: ignore[attr-defined]
        assert "Send me the code" in client.get("/security/prove?next=/security").content.decode()
        assert 'name="code"' in client.post("/security/prove", {"next": "/security"}).content.decode()
        wrong = client.post("/security/prove", {"next": "/security", "code": "000000"})
        assert wrong.status_code == 400
        proved = client.post("/security/prove", {"next": "/security", "code": CODE})
        assert (proved.status_code, proved["Location"]) == (303, "/security")
        assert asked_for_options(client).status_code == 200  # type: ignore[attr-defined]


def test_signing_out_everywhere_ends_every_session(street: Street) -> None:
    here, there = signed_in(), signed_in()
    assert here.post("/security/sign-out").status_code == 303
    for client in (here, there):
        assert client.get("/").status_code == 303
    assert signed_in(MONA_PHONE).get("/").status_code == 200


def test_a_phone_number_changes_with_a_code_to_each_of_the_two_numbers(street: Street) -> None:
    thief = signed_in()
    client = signed_in()
    page = client.get("/security/phone").content.decode()
    asked = client.post("/security/phone", {"id": hidden(page, "id"), "phone": "0100 777 8899"}).content.decode()
    fields = {name: hidden(asked, name) for name in ("id", "change", "phone")}
    wrong = client.post("/security/phone", {**fields, "old_code": CODE, "new_code": "000000"})
    assert wrong.status_code == 400
    assert people.customer(street.layla.id).phone == LAYLA_PHONE
    changed = client.post("/security/phone", {**fields, "old_code": CODE, "new_code": CODE})
    assert (changed.status_code, changed["Location"]) == (303, "/security?done=phone")
    assert people.customer(street.layla.id).phone == NEW_PHONE
    assert client.get("/security").status_code == 200
    assert thief.get("/").status_code == 303, "every other session has ended"


def test_a_number_that_is_another_customers_is_not_taken_over(street: Street) -> None:
    client = signed_in()
    page = client.get("/security/phone").content.decode()
    asked = client.post("/security/phone", {"id": hidden(page, "id"), "phone": MONA_PHONE})
    if asked.status_code == 200:
        fields = {name: hidden(asked.content.decode(), name) for name in ("id", "change", "phone")}
        client.post("/security/phone", {**fields, "old_code": CODE, "new_code": CODE})
    assert people.customer(street.layla.id).phone == LAYLA_PHONE
    assert people.customer(street.mona.id).phone == MONA_PHONE


def test_passkeys_are_renamed_and_removed_by_their_owner_only(street: Street) -> None:
    client = signed_in()
    add_passkey(client, Authenticator())
    (mine,) = people.passkeys(street.layla.id)
    stranger = signed_in(MONA_PHONE)
    assert stranger.post(f"/security/passkeys/{mine.id}", {"remove": "1"}).status_code == 404
    assert client.post(f"/security/passkeys/{mine.id}", {"name": "هاتف العمل"}).status_code == 303
    assert people.passkeys(street.layla.id)[0].name == "هاتف العمل"
    assert client.post(f"/security/passkeys/{mine.id}", {"remove": "1"}).status_code == 303
    assert people.passkeys(street.layla.id) == []
