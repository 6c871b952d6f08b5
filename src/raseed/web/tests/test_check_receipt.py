"""The public page on which anybody checks a receipt: genuine or not, in three languages, and nothing about who paid."""

from __future__ import annotations

import base64
import re
from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest
from django.test import Client, override_settings
from django.urls import resolve

from raseed.bills import api as bills
from raseed.bills.receipts import givebacks
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money
from raseed.people import api as people
from raseed.web.tests.corner import Corner, carry
from raseed.web.tests.street import browser, signed_in, words_of
from raseed.web.views import check_receipt


def paid(corner: Corner) -> str:
    """Pay a bill to its end, and return its id."""
    _, form = corner.confirmed(corner.owed()[0])
    corner.client.post("/bills/pay", form)
    carry()
    return str(form["id"])


def proof(corner: Corner) -> bills.Receipt:
    return bills.receipt(UUID(paid(corner)), corner.mona.id)


def told(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, address
    return words_of(answer.content.decode())


def test_the_receipt_on_the_screen_has_the_code_number_and_pdf(corner: Corner) -> None:
    id_ = paid(corner)
    page = corner.client.get(f"/payments/{id_}").content.decode()
    drawn = re.search(r'<svg class="qr" viewBox="0 0 (\d+) \1" role="img" aria-label="[^"]+"', page)
    assert drawn
    assert int(drawn[1]) <= 57 + 8, "version 10"
    assert f'href="/payments/{id_}/receipt.pdf"' in page
    assert "Is this receipt genuine?" in page
    paper = corner.client.get(f"/payments/{id_}/receipt.pdf")
    assert (paper["Content-Type"], paper.content[:5]) == ("application/pdf", b"%PDF-")
    assert 'filename="receipt-' in paper["Content-Disposition"]
    assert corner.client.get(f"/payments/{new_id()}/receipt.pdf").status_code == 404
    assert browser().get(f"/payments/{id_}/receipt.pdf").status_code == 303, "the PDF has names, and is for its owner"


def test_a_payment_that_has_not_arrived_has_no_code_and_no_pdf(corner: Corner) -> None:
    _, form = corner.confirmed(corner.owed()[0])
    corner.client.post("/bills/pay", form)
    page = corner.client.get(f"/payments/{form['id']}").content.decode()
    assert 'class="qr"' not in page
    answer = corner.client.get(f"/payments/{form['id']}/receipt.pdf")
    assert answer.status_code == 409
    assert "only of a payment that has arrived" in words_of(answer.content.decode())


@pytest.mark.parametrize(
    ("language", "genuine", "false"),
    [
        ("en", "This receipt is genuine", "Not genuine"),
        ("ar", "هذا الإيصال صحيح", "غير صحيح"),
        ("he", "הקבלה הזאת אמיתית", "לא אמיתית"),
    ],
)
def test_anybody_is_told_in_their_language(corner: Corner, language: str, genuine: str, false: str) -> None:
    found, anybody = proof(corner), browser(language)
    for path in ("r", "R"):
        page = told(anybody, f"/{path}/{found.text}")
        assert genuine in page
    by_hand = anybody.get("/receipts/check", {"number": found.number.lower(), "code": found.code_shown})
    assert genuine in words_of(by_hand.content.decode())
    pasted = anybody.get("/receipts/check", {"text": f" HTTPS://PAY.EXAMPLE/R/{found.text} "})
    assert genuine in words_of(pasted.content.decode())
    changed = found.text.replace("EGP:", "EGP:1")
    assert false in told(anybody, f"/r/{changed}", 404)
    assert false in words_of(anybody.get("/receipts/check", {"number": found.number, "code": "0"}).content.decode())


def test_it_says_what_the_receipt_says_and_no_more(corner: Corner) -> None:
    found = proof(corner)
    answer = browser().get(f"/r/{found.text}")
    page = words_of(answer.content.decode())
    assert found.number in page
    assert "The nur" in page
    order = bills.bill_order(found.payment.id, corner.mona.id)
    for secret in (
        corner.mona.names["en"], corner.mona.phone, order.reference, str(found.payment.id), order.biller_reference,
        str(corner.account.id),
    ):  # fmt: skip
        assert secret not in answer.content.decode()
    assert set(answer.cookies) <= {"csrftoken"}, "nobody is followed; the switch of languages is a form"
    assert "img-src 'self'" in answer["Content-Security-Policy"]
    assert answer["Cache-Control"] == "no-store"


def test_what_was_given_back_is_not_passed_off_as_paid(corner: Corner, monkeypatch: pytest.MonkeyPatch) -> None:
    found = proof(corner)

    for back, wanted in ((1, "Genuine, but partly given back since"), (10**9, "Genuine, but given back since")):
        refund = SimpleNamespace(amount=Money(back, found.facts.amount.currency))
        monkeypatch.setattr(givebacks, "refunds_of_orders", lambda ids, refund=refund: dict.fromkeys(ids, (refund,)))
        assert wanted in told(browser(), f"/r/{found.text}")


def test_whatever_is_asked_it_answers(corner: Corner) -> None:
    del corner
    anybody = browser()
    for text in ("x" * 10_000, "%D8%B1%D9%A1", "%00", "R1:/../..", "%F0%9F%92%B8" * 50, "%FF%FE", "R1" + ":" * 300):
        assert "Not genuine" in told(anybody, f"/r/{text}", 404)
    answer = anybody.get("/receipts/check", {"text": "ر" * 10_000})
    assert answer.status_code == 404
    assert anybody.get("/receipts/check", {"number": "\x00", "code": "'; DROP TABLE"}).status_code == 404
    assert "Check a receipt" in told(anybody, "/receipts/check")
    assert anybody.post("/receipts/check").status_code == 405


def test_who_guesses_is_stopped_and_who_asks_about_receipts_of_ours_is_not(
    corner: Corner, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = proof(corner)
    monkeypatch.setattr(check_receipt, "WRONG_MAX", people.VisitLimit(count=3, window=timedelta(hours=1)))
    anybody = browser()
    for _ in range(5):
        assert anybody.get(f"/r/{found.text}").status_code == 200
    guesses = [
        anybody.get("/receipts/check", {"number": found.number, "code": f"{n:08}"}).status_code for n in range(5)
    ]
    assert guesses == [404, 404, 404, 429, 429]
    elsewhere = Client(SERVER_NAME="localhost", REMOTE_ADDR="198.51.100.7")
    assert elsewhere.get(f"/r/{found.text}").status_code == 200


def test_the_keys_are_published_and_check_without_us(corner: Corner) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

    found = proof(corner)
    bills.renew_receipt_key(found.institution_id, by=people.SYSTEM, reason="once a year")
    answer = browser().get("/receipts/keys")
    assert answer["Access-Control-Allow-Origin"] == "*"
    keys = {each["key"]: each for each in answer.json()["keys"]}
    assert len(keys) == 2
    its = keys[found.text.split(":")[1]]
    assert (its["algorithm"], its["revoked"], its["institution"]) == ("Ed25519", False, found.text.split(":")[2])
    assert its["valid_until"] is not None
    signed, _, signature = found.text.rpartition(":")
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(its["public_key"]))
    public.verify(base64.b32decode(signature + "="), signed.encode())


@override_settings(PUBLIC_ADDRESS="https://pay.example")
def test_what_is_printed_leads_where_everybody_finds_the_pages(corner: Corner) -> None:
    assert resolve(f"{bills.SCAN_PATH}x").view_name == "receipt-scanned"
    assert resolve(bills.HAND_PATH).view_name == "receipt-check"
    pdfium = pytest.importorskip("pypdfium2")
    id_ = paid(corner)
    document = pdfium.PdfDocument(corner.client.get(f"/payments/{id_}/receipt.pdf").content)
    assert "pay.example/receipts/check" in document[0].get_textpage().get_text_range()
    document.close()


def test_the_statement_says_once_that_payments_are_free(corner: Corner) -> None:
    paid(corner)
    page = told(corner.client, f"/accounts/{corner.account.id}")
    assert page.count("free by the schedule of fees") == 1
    assert signed_in(corner.mona.phone, "ar").get(f"/accounts/{corner.account.id}").status_code == 200
