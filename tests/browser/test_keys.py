"""Keys in a real browser: a passkey is made and signs in, this browser's own key is made, signs, and can't be copied out."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from raseed.people import api as people
from raseed.web.tests.street import CODE, Street
from raseed.web.tests.visitor import Visit, Visitor

pytestmark = pytest.mark.browser
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
"""Chromium's virtual authenticator (DevTools protocol, domain WebAuthn): a phone with a fingerprint that is always right."""
KEPT = """(sign) => new Promise((resolve, reject) => {
  const asked = indexedDB.open("raseed", 1);
  asked.onerror = () => reject(asked.error);
  asked.onsuccess = async () => {
    const keys = asked.result.transaction("keys").objectStore("keys").getAll();
    keys.onsuccess = async () => {
      const told = [];
      for (const { privateKey } of keys.result) {
        const copied = await crypto.subtle.exportKey("pkcs8", privateKey).then(() => true, () => false);
        const how = { name: "ECDSA", hash: "SHA-256" };
        const bytes = new Uint8Array(await crypto.subtle.sign(how, privateKey, new TextEncoder().encode(sign)));
        told.push({ copied, extractable: privateKey.extractable, signature: btoa(String.fromCharCode(...bytes)) });
      }
      resolve(told);
    };
  };
})"""


@contextmanager
def with_authenticator(visitor: Visitor, language: str = "en") -> Iterator[Visitor]:
    """Give the visitor's device a passkey store, at an address that passkeys work for (they know names, not numbers)."""
    visitor.address = visitor.address.replace("127.0.0.1", "localhost")
    visitor.context.add_cookies([{"name": "language", "value": language, "url": visitor.address}])
    tools = visitor.context.new_cdp_session(visitor.page)
    tools.send("WebAuthn.enable")
    tools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    yield visitor
    tools.detach()


def prove_by_code(visitor: Visitor) -> None:
    """Ask for a code on the page that asks who it is, and enter it."""
    visitor.press("main form >> nth=0 >> .button.wide")
    visitor.page.fill("#code", CODE)
    visitor.press("main form >> nth=0 >> .button.wide")


def kept_in_browser(visitor: Visitor, sign: str = "") -> list[dict[str, Any]]:
    """Return what can be told of the keys that the browser keeps: whether they can be copied, and a signature by each."""
    told: list[dict[str, Any]] = visitor.page.evaluate(KEPT, sign)
    return told


@pytest.mark.parametrize("language", ["ar", "en"])
def test_a_passkey_is_registered_and_signs_in_after_signing_out(street: Street, visit: Visit, language: str) -> None:
    with visit(language) as opened, with_authenticator(opened, language) as visitor:
        page = visitor.page
        visitor.sign_in()
        visitor.go("/security")
        visitor.press("[data-able=passkey]")
        prove_by_code(visitor)
        page.fill("#name", "هاتفي")
        visitor.picture(f"{language}-add-passkey")
        visitor.press("[data-passkey]")
        assert page.url.endswith("/security?done=added")
        assert page.input_value("form.kept input.input") == "هاتفي"
        visitor.go("/settings")
        visitor.press("form[action='/sign-out'] button")
        visitor.go("/")
        assert "/sign-in" in page.url
        visitor.press("[data-passkey=get]")
        assert page.is_visible("#balance .figure")
    (passkey,) = people.passkeys(street.layla.id)
    assert passkey.last_used_at is not None


def test_this_browsers_key_is_made_signs_and_can_not_be_copied_out(street: Street, visit: Visit) -> None:
    with visit() as opened, with_authenticator(opened) as visitor:
        page = visitor.page
        visitor.sign_in()
        visitor.go("/security")
        visitor.press("[data-able=device]")
        prove_by_code(visitor)
        page.fill("#name", "Desk at home")
        visitor.press("[data-device]")
        assert page.url.endswith("/security?done=device")
        page.wait_for_selector("[data-here]:visible")
        assert not page.is_visible("[data-able=device]"), "this browser is there already"
        (device,) = people.device_keys(street.layla.id)
        (kept,) = kept_in_browser(visitor, "pay Mona")
        assert (kept["copied"], kept["extractable"]) == (False, False)
        signature = base64.b64decode(kept["signature"])
        assert (
            people.verify_device_signature(device.id, message=b"pay Mona", signature=signature).name == "Desk at home"
        )
        visitor.press("form[data-key] [name=remove]")
        page.wait_for_selector("[data-able=device]:visible")
        assert kept_in_browser(visitor) == [], "with the device its key goes"
    assert people.device_keys(street.layla.id) == []


def test_a_passkey_opens_the_page_that_adds_this_browser(street: Street, visit: Visit) -> None:
    with visit("he") as opened, with_authenticator(opened, "he") as visitor:
        visitor.sign_in()
        visitor.go("/security/add/passkey")
        prove_by_code(visitor)
        visitor.press("[data-passkey=create]")
        visitor.go("/security/add/device")
        visitor.press("[data-passkey=get]")
        visitor.press("[data-device]")
        assert visitor.page.url.endswith("/security?done=device")
    (device,) = people.device_keys(street.layla.id)
    assert device.proven_by == "passkey"


def test_without_script_no_key_is_offered_and_the_page_says_why(street: Street, visit: Visit) -> None:
    with visit(script=False) as visitor:
        visitor.sign_in()
        visitor.go("/security")
        assert not visitor.page.is_visible("[data-able]")
        visitor.go("/security/add/passkey")
        prove_by_code(visitor)
        assert not visitor.page.is_visible("[data-passkey]")
        assert visitor.page.is_visible("[data-unable]")
        visitor.go("/sign-in")
        assert not visitor.page.is_visible("[data-passkey]")
