"""What pages show of a proof: each state in words, never an unproven number; what a page's script is told; and files to check alone."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pytest
from django.test import Client, override_settings

from raseed.display import api as display
from raseed.display.standalone import verify_certificate as verifier
from raseed.display.standalone.tests.grove import KEY
from raseed.web.tests.notary import Notary, notary
from raseed.web.tests.street import MONA_PHONE, Street, signed_in, words_of

__all__ = ["notary"]
LANGUAGES = ("ar", "he", "en")
PROOFS = display.Proof
NUMBER = {"en": "1,000.00", "he": "1,000.00", "ar": "١٬٠٠٠٫٠٠"}
VERIFIED = {"en": "Your balance is being verified.", "he": "היתרה שלך בבדיקה.", "ar": "رصيدك قيد التحقق."}


def page(client: Client, address: str = "/") -> str:
    """Return the words of a page."""
    return words_of(client.get(address).content.decode())


def test_a_proven_balance_says_when_it_was_proven(street: Street, notary: Notary) -> None:
    words = page(signed_in())
    assert re.search(r"Balance: EGP 1,000\.00 Available to spend EGP 1,000\.00", words)
    assert re.search(r"Proven at \d\d:\d\d:\d\d A signed proof says", words)
    assert re.search(r"Current account Delta Bank EGP 250\.00 Proven at \d\d:\d\d:\d\d", words)
    assert "ertified" not in words


def test_a_balance_that_has_just_changed_is_shown_and_says_so(street: Street, notary: Notary) -> None:
    notary.states = dict.fromkeys((street.layla_wallet.id, street.layla_current.id), PROOFS.JUST_CHANGED)
    words = page(signed_in())
    assert "EGP 1,000.00" in words
    assert "Changed just now; being proven" in words
    assert "EGP 250.00 being proven" in words


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_balance_that_is_being_verified_shows_no_number_but_the_last_proven_one(
    street: Street, notary: Notary, language: str
) -> None:
    wallet = street.layla_wallet.id
    notary.states[wallet] = PROOFS.BEING_VERIFIED
    notary.lies[wallet] = 1_000_00
    notary.last[wallet] = (987_65, datetime(2026, 3, 1, 12, 3, tzinfo=UTC))
    client = signed_in(language=language)
    shown = {"ar": "٩٨٧٫٦٥", "he": "987.65", "en": "987.65"}[language]
    for address in ("/", f"/accounts/{wallet}", f"/accounts/{wallet}/details", "/send", "/proof"):
        words = page(client, address)
        assert "2,000.00" not in words, address
        assert "٢٬٠٠٠٫٠٠" not in words, address
    assert VERIFIED[language] in page(client)
    assert shown in page(client)
    assert shown in page(client, f"/accounts/{wallet}/details")
    notary.last = {}
    assert VERIFIED[language] in page(client)
    assert NUMBER[language] not in page(client).split(VERIFIED[language])[1][:200]


def told(client: Client, query: str = "") -> dict[str, object]:
    """Return what a page's script is told."""
    answer = client.get(f"/balances/proofs{query}")
    assert answer.status_code == 200
    found: dict[str, object] = json.loads(answer.content)
    return found


def test_a_pages_script_is_told_what_it_can_check(street: Street, notary: Notary) -> None:
    wallet = str(street.layla_wallet.id)
    answer = told(signed_in(), f"?account={wallet}&hero={wallet}")
    assert answer["keys"] == [str(KEY)]
    assert answer["fresh"] == 10_000
    assert answer["epoch"] == 1
    accounts = answer["accounts"]
    assert isinstance(accounts, dict)
    assert set(accounts) == {wallet}
    one = accounts[wallet]
    assert one["state"] == "proven"
    read = verifier.read_certificate(one["certificate"].encode())
    verifier.verify(read, [verifier.parse_key(str(KEY))], account=wallet, amount=1_000_00)
    assert "figure" in one["html"]
    assert "1,000.00" not in one["doubt"]
    assert VERIFIED["en"] in one["doubt"]


def one_told(client: Client, account: object) -> dict[str, str]:
    """Return what a page's script is told of an account."""
    accounts = told(client)["accounts"]
    assert isinstance(accounts, dict)
    found: dict[str, str] = accounts[str(account)]
    return found


def test_a_certificate_of_another_moment_is_not_told(street: Street, notary: Notary) -> None:
    """The account moved between the two looks: the next one tells."""
    client = signed_in()
    notary.lies[street.layla_wallet.id] = 5
    moved = one_told(client, street.layla_wallet.id)
    assert "certificate" not in moved
    assert moved["state"] == "just_changed", "what comes without a certificate is not called proven"
    assert "being proven" in moved["html"]
    assert "certificate" in one_told(client, street.layla_current.id)


def test_a_release_that_drops_certificates_proves_nothing_and_each_state_comes_with_its_doubt(
    street: Street, notary: Notary, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, wallet = signed_in(), street.layla_wallet.id
    monkeypatch.setattr(display, "certificates_of", lambda _: {})
    for state in PROOFS:
        notary.states[wallet] = state
        one = one_told(client, wallet)
        assert one["state"] == (PROOFS.JUST_CHANGED if state is PROOFS.PROVEN else state)
        assert "Proven at" not in one["html"]
        assert "being verified" in one["doubt"]
        assert "1,000.00" not in one["doubt"]
        assert one["doubted"] == VERIFIED["en"]


def test_one_is_told_of_ones_own_accounts_only(street: Street, notary: Notary) -> None:
    wallet = street.layla_wallet.id
    mona = signed_in(MONA_PHONE)
    assert told(mona, f"?account={wallet}")["accounts"] == {}
    assert mona.get(f"/proof/{wallet}.json").status_code == 404
    assert told(mona, "?account=nonsense&hero=1'--")["accounts"].keys() == {str(street.mona_wallet.id)}  # type: ignore[attr-defined]
    stranger = Client(SERVER_NAME="localhost")
    assert stranger.get("/balances/proofs").status_code == 401
    assert stranger.get("/balances/proofs").content == b"{}"
    assert stranger.get("/proof").status_code == 303


def test_a_page_that_asks_by_itself_does_not_keep_its_session_alive(street: Street, notary: Notary) -> None:
    client = signed_in()
    session = client.session
    session["seen"] = int(datetime.now(UTC).timestamp()) - 500  # tidy: allowed
    session.save()
    told(client)
    assert client.session["seen"] == session["seen"]
    client.get("/")
    assert client.session["seen"] > session["seen"]
    session = client.session
    session["seen"] -= 3_600
    session.save()
    assert client.get("/balances/proofs").status_code == 401


def test_ones_certificate_can_be_kept_and_checked_alone(street: Street, notary: Notary) -> None:
    client, wallet = signed_in(), street.layla_wallet.id
    answer = client.get(f"/proof/{wallet}.json")
    assert re.fullmatch(
        r'attachment; filename="balance-[0-9a-f]{10}-\d{8}T\d{6}Z\.json"', answer["Content-Disposition"]
    )
    keys = client.get("/proof/keys")
    assert keys["Content-Type"] == "text/plain; charset=utf-8"
    trusted = [verifier.parse_key(line) for line in keys.content.decode().splitlines()]
    verifier.verify(verifier.read_certificate(answer.content), trusted, account=str(wallet), amount=1_000_00)
    program = client.get("/proof/verify_certificate.py").content
    assert program.startswith(b'"""Check a balance')


def test_where_there_is_no_certificate_a_sentence_says_so(street: Street) -> None:
    answer = signed_in().get(f"/proof/{street.layla_wallet.id}.json")
    assert answer.status_code == 404
    assert "There is no certificate of this balance at the moment." in words_of(answer.content.decode())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_of_proofs_explains_in_the_readers_language(street: Street, notary: Notary, language: str) -> None:
    client = signed_in(language=language)
    text = client.get("/proof").content.decode()
    assert text.count('data-drawn="line"') == 2
    assert str(KEY) in text
    if language != "en":
        rest = re.sub(r'<bdo class="code".*?</bdo>|verify_certificate\.py|keys\.txt|https', "", text)
        assert not re.findall(r"[A-Za-z]{3,}", re.sub(r"\b(EGP|English)\b", "", words_of(rest)))


def test_pages_may_connect_to_the_rail_where_they_are_told_of_it(street: Street, notary: Notary) -> None:
    client = signed_in()
    assert "connect-src 'self';" in client.get("/")["Content-Security-Policy"]
    assert "data-changes" not in client.get("/").content.decode()
    for told_, origin in ((":8001", "http://localhost:8001"), ("https://rail.example", "https://rail.example")):
        with override_settings(RAIL_URL=told_):
            answer = client.get("/")
        assert f"connect-src 'self' {origin};" in answer["Content-Security-Policy"]
        assert f'data-changes="{origin}/display/v1/changes"' in answer.content.decode()
