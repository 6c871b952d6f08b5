"""What customers sign in with: a stolen session changes nothing, passkeys sign in, everything ends at once when asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any
from uuid import UUID

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.test import Client

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.people.tests.authenticator import Authenticator, b64
from raseed.web.tests.street import CODE, LAYLA_PHONE, MONA_PHONE, Street, browser, hidden, signed_in

NEW_PHONE = "+201007778899"


def later(minutes: int) -> time_machine.travel:
    """Let minutes pass."""
    return time_machine.travel(SYSTEM_CLOCK.now() + timedelta(minutes=minutes), tick=False)


def script(client: Client, address: str, **sent: object) -> Any:
    """Send what a page's script would."""
    return client.post(address, sent, content_type="application/json")


def form_with_proof(client: Client, what: str) -> dict[str, str]:
    """Prove by code, as a page without script does, and return the fields of the form that adds."""
    address = f"/security/add/{what}"
    assert "Send me the code" in client.get(address).content.decode()
    assert 'name="code"' in client.post(address).content.decode()
    page = client.post(address, {"code": CODE}).content.decode()
    return {name: hidden(page, name) for name in ("id", "proof")}


def add_passkey(client: Client, authenticator: Authenticator) -> None:
    """Add a passkey as the page's script does."""
    form = form_with_proof(client, "passkey")
    made = authenticator.create(script(client, "/security/passkeys/options", proof=form["proof"]).json())
    answer = script(client, "/security/passkeys", **form, name="Firefox, Android", response=made)
    assert answer.json() == {"next": "/security?done=added"}


@dataclass(frozen=True, slots=True)
class Device:
    """A browser's key, as WebCrypto makes it."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def told(self, form: Mapping[str, str]) -> dict[str, str]:
        """Return what the page's script sends."""
        message = people.enrolment_message(UUID(form["id"]), form["proof"])
        r, s = decode_dss_signature(self.key.sign(message, ec.ECDSA(SHA256())))
        spki = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return {**form, "public_key": b64(spki), "signature": b64(r.to_bytes(32) + s.to_bytes(32))}


def stolen(client: Client) -> Client:
    """Return a thief's browser: it has the cookies of another, and nothing that stood on its pages."""
    thief = browser()
    thief.cookies = SimpleCookie({name: morsel.value for name, morsel in client.cookies.items()})
    return thief


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


@pytest.mark.parametrize("proven", [False, True], ids=["seconds after sign-in", "after its owner proved anew"])
def test_a_stolen_cookie_alone_adds_no_passkey_and_no_device_and_changes_no_number(
    street: Street, *, proven: bool
) -> None:
    client = signed_in()
    if proven:
        form_with_proof(client, "passkey")
    thief = stolen(client)
    assert thief.get("/security").status_code == 200, "the cookie does open the pages"
    for proof in ({}, {"proof": ""}, {"proof": "x" * 43}, {"proof": thief.cookies[settings.SESSION_COOKIE_NAME].value}):
        refused = script(thief, "/security/passkeys/options", **proof)
        assert (refused.status_code, refused.json()["next"]) == (403, "/security/add/passkey")
        form = {"id": str(new_id()), "proof": "", **proof}
        refused = script(thief, "/security/devices", **Device().told(form), name="Phone")
        assert (refused.status_code, refused.json()["next"]) == (403, "/security/add/device")
    pages = "".join(thief.get(f"/{path}").content.decode() for path in ("", "security", "settings", "security/phone"))
    assert 'name="proof"' not in pages, "no page shows a proof to whoever opens it"
    asked = thief.post("/security/phone", {"id": str(new_id()), "phone": NEW_PHONE}).content.decode()
    fields = {name: hidden(asked, name) for name in ("id", "change", "phone")}
    own_code_only = thief.post("/security/phone", {**fields, "old_code": "111111", "new_code": CODE})
    assert own_code_only.status_code == 400, "the code that went to the thief's number is not enough"
    assert people.passkeys(street.layla.id) == []
    assert people.device_keys(street.layla.id) == []
    assert people.customer(street.layla.id).phone == LAYLA_PHONE


def test_no_proof_lies_in_the_session(street: Street) -> None:
    client = signed_in()
    form = form_with_proof(client, "passkey")
    kept = client.session
    assert set(kept.keys()) == {"customer", "began", "seen", "epoch"}
    assert form["proof"] not in str(dict(kept.items()))
    assert all(form["proof"] not in morsel.value for morsel in client.cookies.values())


def test_a_wrong_code_gives_no_form_and_the_proof_is_good_for_five_minutes_and_once(street: Street) -> None:
    client = signed_in()
    client.post("/security/add/passkey")
    wrong = client.post("/security/add/passkey", {"code": "000000"})
    assert wrong.status_code == 400
    assert 'id="code-error"' in wrong.content.decode()
    form = form_with_proof(client, "passkey")
    with later(6):
        late = script(client, "/security/passkeys/options", proof=form["proof"])
    assert (late.status_code, late.json()["next"]) == (403, "/security/add/passkey")
    assert script(client, "/security/passkeys/options", proof=form["proof"]).status_code == 200
    stranger = signed_in(MONA_PHONE)
    assert script(stranger, "/security/passkeys/options", proof=form["proof"]).status_code == 403
    assert script(client, "/security/devices", **Device().told(form), name="Phone").status_code == 200
    again = script(client, "/security/devices", **Device().told({**form, "id": str(new_id())}), name="Phone")
    assert again.status_code == 403, "a proof is used up"


def test_a_passkey_proves_in_place_of_a_code(street: Street) -> None:
    client, authenticator = signed_in(), Authenticator()
    add_passkey(client, authenticator)
    assert 'data-passkey="get"' in client.get("/security/add/device").content.decode()
    options = script(client, "/security/proof/options").json()
    proof = script(client, "/security/proof", response=authenticator.get(options)).json()["proof"]
    form = {"id": hidden(client.post("/security/add/device", {"proof": proof}).content.decode(), "id"), "proof": proof}
    told = Device().told(form)
    assert script(client, "/security/devices", **told, name="Desk").json() == {"next": "/security?done=device"}
    assert script(client, "/security/devices", **told, name="Desk").status_code == 200, "after a lost answer"
    (device,) = people.device_keys(street.layla.id)
    assert (device.name, device.proven_by) == ("Desk", "passkey")


def test_a_device_is_not_added_by_another_key_or_by_rubbish(street: Street) -> None:
    client = signed_in()
    told = Device().told(form_with_proof(client, "device"))
    other = Device().told({"id": told["id"], "proof": told["proof"]})
    wrong: tuple[dict[str, object], ...] = (
        {"signature": other["signature"]},
        {"public_key": "%%%"},
        {"public_key": "AAAA"},
        {"signature": None},
        {"id": 7},
    )
    for changes in wrong:
        sent: dict[str, object] = {**told, "name": "Desk", **changes}
        refused = script(client, "/security/devices", **sent)
        assert 400 <= refused.status_code < 500, changes
        assert refused.json()["message"]
    assert script(client, "/security/devices", **told, name="a\u202eb").status_code == 400
    assert people.device_keys(street.layla.id) == []
    assert script(client, "/security/devices", **told, name="Desk").status_code == 200, "and the proof is still good"


def test_devices_are_renamed_and_removed_by_their_owner_only(street: Street) -> None:
    client = signed_in()
    script(client, "/security/devices", **Device().told(form_with_proof(client, "device")), name="Desk")
    (mine,) = people.device_keys(street.layla.id)
    address = f"/security/devices/{mine.id}"
    assert signed_in(MONA_PHONE).post(address, {"remove": "1"}).status_code == 404
    wrong = client.post(address, {"name": "a\u202eb"})
    assert wrong.status_code == 400
    assert 'id="kept-error"' in wrong.content.decode()
    assert client.post(address, {"name": "حاسوب البيت"}).status_code == 303
    assert people.device_keys(street.layla.id)[0].name == "حاسوب البيت"
    assert client.post(address, {"remove": "1"}).status_code == 303
    assert people.device_keys(street.layla.id) == []


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
