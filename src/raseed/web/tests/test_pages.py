"""Home, statement, opening, settings, error pages: what stands on them, in three languages, and their headers."""

from __future__ import annotations

import re
from itertools import product

import pytest
from django.db import OperationalError
from django.test import Client

from raseed.banking import api as banking
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.web.tests.street import MONA_PHONE, SHAM, Street, browser, hidden, pay_in, signed_in, words_of
from raseed.web.views import home
from raseed.web.views.errors import server_error

LANGUAGES = ("ar", "he", "en")


def test_home_shows_balances_with_their_time_and_says_they_are_not_certified(street: Street) -> None:
    page = words_of(signed_in().get("/").content.decode())
    assert "Hello, Layla Abdelrahman" in page
    assert re.search(r"Balance: EGP 1,000\.00 Available to spend EGP 1,000\.00", page)
    assert re.search(r"As of \d\d:\d\d Not yet certified", page)
    assert "Current account Delta Bank EGP 250.00" in page


def test_the_statement_is_fifty_lines_a_page_and_goes_on(street: Street) -> None:
    pay_in(street.layla_wallet, 1_00, times=70)
    client = signed_in()
    address = f"/accounts/{street.layla_wallet.id}"
    first = client.get(address).content.decode()
    assert first.count('class="sum"') == 50
    older = re.search(r'href="([^"]*before=\d+)"', first)
    assert older
    second = client.get(older[1]).content.decode()
    assert second.count('class="sum"') == 21
    assert "To the latest movements" in second
    assert "Older movements" not in second
    assert 'id="balance"' not in second


def test_htmx_gets_only_the_lines_and_no_day_twice(street: Street) -> None:
    pay_in(street.layla_wallet, 1_00, times=70)
    client = signed_in()
    first = client.get(f"/accounts/{street.layla_wallet.id}").content.decode()
    more = re.search(r'hx-get="([^"]*)" hx-trigger="revealed"', first)
    assert more
    fragment = client.get(more[1].replace("&amp;", "&"), headers={"hx-request": "true"}).content.decode()
    assert "<html" not in fragment
    assert fragment.count('class="sum"') == 21
    assert 'class="day"' not in fragment, "all of them were today, and today is already named"


def test_the_balance_after_each_line_is_there(street: Street) -> None:
    pay_in(street.layla_wallet, 50_00)
    page = words_of(signed_in().get(f"/accounts/{street.layla_wallet.id}").content.decode())
    assert "+EGP 50.00 Balance after: EGP 1,050.00" in page
    assert "+EGP 1,000.00 Balance after: EGP 1,000.00" in page


def test_someone_elses_statement_does_not_exist(street: Street) -> None:
    answer = signed_in(MONA_PHONE).get(f"/accounts/{street.layla_wallet.id}")
    assert answer.status_code == 404
    assert "We could not find this account." in answer.content.decode()


def test_a_page_marker_that_is_none_is_refused_in_words(street: Street) -> None:
    client = signed_in()
    for before in ("x", "-1", "0", "9" * 30, "1;drop"):
        answer = client.get(f"/accounts/{street.layla_wallet.id}", {"before": before})
        assert answer.status_code == 400
        assert "This is not a valid identifier." in answer.content.decode()


def test_an_empty_account_says_so(street: Street) -> None:
    page = words_of(signed_in(MONA_PHONE).get(f"/accounts/{street.mona_wallet.id}").content.decode())
    assert "Nothing has moved in this account yet." in page


def test_the_statement_tab_leads_to_the_first_account(street: Street) -> None:
    assert signed_in().get("/statement")["Location"] == f"/accounts/{street.layla_wallet.id}"


def test_a_session_that_ended_sends_htmx_to_the_sign_in_page(street: Street) -> None:
    answer = Client(SERVER_NAME="localhost").get(f"/accounts/{new_id()}?before=9", headers={"hx-request": "true"})
    assert answer["HX-Redirect"].startswith("/sign-in?next=")


def test_an_account_is_opened_once_however_often_it_is_sent(street: Street) -> None:
    client = signed_in(MONA_PHONE)
    page = client.get("/accounts/open").content.decode()
    sham = next(p for p in banking.products_of(SHAM))
    assert "Sham Cash" in page
    assert "Nile Cash" not in page, "Mona has that wallet already"
    form = {"id": hidden(page, "id"), "offer": str(sham.id)}
    places = {client.post("/accounts/open", form)["Location"] for _ in range(2)}
    assert places == {f"/accounts/{form['id']}?opened=1"}
    assert len(banking.accounts_of(street.mona.id)) == 2
    assert "Your account is open." in client.get(places.pop()).content.decode()
    assert SHAM in {one.id for one in people.institutions_of(street.mona.id)}


def test_what_is_not_offered_is_refused_beside_the_choice(street: Street) -> None:
    client = signed_in()
    for offer in ("", "junk", "00000000-0000-0000-0000-0000000000ff"):
        answer = client.post("/accounts/open", {"id": str(new_id()), "offer": offer})
        assert answer.status_code == 400
        assert "This sort of account is not offered here." in answer.content.decode()


def test_an_account_id_that_is_none_is_refused(street: Street) -> None:
    sham = next(p for p in banking.products_of(SHAM))
    answer = signed_in().post("/accounts/open", {"id": "junk", "offer": str(sham.id)})
    assert answer.status_code == 400
    assert hidden(answer.content.decode(), "id") != "junk"


def test_settings_are_kept_with_the_customer_and_on_the_device(street: Street) -> None:
    client = signed_in()
    answer = client.post("/settings", {"language": "he", "digits": "arab", "theme": "dark"})
    assert answer["Location"] == "/settings?saved=1"
    page = client.get("/settings?saved=1").content.decode()
    assert '<html lang="he" dir="rtl" data-theme="dark">' in page
    assert "נשמר." in page
    kept = people.customer(street.layla.id)
    assert (kept.language, kept.digits) == ("he", "arab")
    client.post("/settings", {"language": "en", "digits": "", "theme": "auto"})
    page = client.get("/settings").content.decode()
    assert '<html lang="en" dir="ltr">' in page
    assert people.customer(street.layla.id).digits is None


def test_a_language_we_do_not_write_is_refused_in_words(street: Street) -> None:
    client = signed_in()
    for junk in ("", "fr", "../x"):
        answer = client.post("/settings", {"language": junk})
        assert answer.status_code == 400
        assert "We can't write in this language yet." in answer.content.decode().replace("&#x27;", "'")


def test_the_language_switch_comes_back_to_the_same_page_and_to_no_other_site(street: Street) -> None:
    client = signed_in()
    answer = client.post("/language", {"language": "he", "next": "/send?from=x"})
    assert answer["Location"] == "/send?from=x"
    assert people.customer(street.layla.id).language == "he"
    assert client.post("/language", {"language": "xx", "next": "https://evil.example/"})["Location"] == "/"


def test_every_page_is_in_its_language_and_direction(street: Street) -> None:
    client, account = signed_in(), street.layla_wallet.id
    places = ("/", f"/accounts/{account}", "/send", "/accounts/open", "/settings", "/nothing-here")
    for language, place in product(LANGUAGES, places):
        client.cookies["language"] = language
        page = client.get(place).content.decode()
        assert f'<html lang="{language}" dir="{"ltr" if language == "en" else "rtl"}"' in page
        assert client.get(place)["Content-Language"] == language
        if language != "en":
            text = re.sub(r"\b(EGP|En|English|IBAN)\b", "", words_of(page))
            assert not re.findall(r"[A-Za-z]{3,}", text), place


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", ["/nothing", "/accounts/not-an-id", "/payments/1", "/static/nothing.css"])
def test_what_is_not_there_is_said_in_words(language: str, path: str) -> None:
    answer = browser(language).get(path)
    assert answer.status_code == 404
    assert 'class="seal quiet"' in answer.content.decode()


def test_a_host_that_is_not_ours_gets_an_error_page_too() -> None:
    answer = Client(SERVER_NAME="evil.example").get("/")
    assert answer.status_code == 400
    assert "default-src 'none'" in answer["Content-Security-Policy"]


def test_a_database_that_is_away_is_said_plainly(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("connection refused")

    client = signed_in()
    monkeypatch.setattr(home, "accounts_of", away)
    answer = client.get("/")
    assert answer.status_code == 503
    assert "We can't do this right now. Nothing was changed." in answer.content.decode().replace("&#x27;", "'")


def test_a_bug_of_ours_is_admitted_without_a_trace(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    client = signed_in()
    client.raise_request_exception = False
    monkeypatch.setattr(home, "accounts_of", bug)
    answer = client.get("/")
    assert answer.status_code == 500
    assert "Something went wrong on our side." in answer.content.decode()
    assert "secret detail" not in answer.content.decode()
    assert server_error.__doc__


def test_headers_keep_strangers_out_and_balances_out_of_caches(street: Street) -> None:
    for answer in (signed_in().get("/"), browser().get("/sign-in"), browser().get("/nothing")):
        policy = answer["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer["Cache-Control"] == "no-store"
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Referrer-Policy"] == "same-origin"
        assert answer["Cross-Origin-Opener-Policy"] == "same-origin"


def test_no_page_has_script_or_style_of_its_own(street: Street) -> None:
    client = signed_in()
    for place in ("/", f"/accounts/{street.layla_wallet.id}", "/send", "/settings", "/accounts/open"):
        page = client.get(place).content.decode()
        assert not re.search(r"<style|style=|\son\w+=|<script(?![^>]*\ssrc=)", page)


def test_names_and_notes_can_not_become_markup(street: Street) -> None:
    client = signed_in()
    page = client.post(
        "/send/change", {"from": str(street.layla_wallet.id), "note": '"><script>x</script>', "to": "<b>"}
    )
    assert "<script>x" not in page.content.decode()
    assert "&lt;b&gt;" in page.content.decode()


def test_the_manifest_lets_the_pages_be_installed() -> None:
    answer = browser("ar").get("/manifest.webmanifest")
    manifest = answer.json()
    assert answer["Content-Type"] == "application/manifest+json"
    assert manifest["name"] == "رصيد"
    assert manifest["start_url"] == "/"
    assert browser().get(manifest["icons"][0]["src"]).status_code == 200
