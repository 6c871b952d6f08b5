"""Receipts: only of what has settled, checked by anybody, forged by nobody, and known for years."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import IntegrityError, ProgrammingError, connection, transaction

from raseed.banking import api as banking
from raseed.banking.tests.town import at_once
from raseed.bills import api as bills
from raseed.bills.receipts import givebacks, keys
from raseed.bills.receipts.models import ReceiptKeyRow, ReceiptRow
from raseed.bills.receipts.wire import key_id_of, write
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money
from raseed.payments import api as payments
from raseed.payments.outside.courier import carry_due
from raseed.people import api as people
from tests.api.world import SELF, ask, issue

from .street import EGP, Street

ORIGIN = "https://pay.example"


def paid(street: Street, code: str = "nur") -> tuple[bills.BillOrder, people.Customer]:
    """Have a bill paid to its end."""
    nur = street.biller(code)
    mona, account = street.person()
    order = street.order(nur, mona, street.fetch(nur, mona)[0])
    bills.pay(order_id=order.id, customer_id=mona.id, from_account_id=account.id, clock=street.town.clock)
    street.town.clock.advance(timedelta(seconds=1))
    carry_due(clock=street.town.clock)
    return order, mona


def transferred(street: Street) -> tuple[payments.Payment, people.Customer, people.Customer]:
    payer, source = street.person()
    friend, target = street.person(money=0)
    alias = next(each for each in target.aliases if each.kind is banking.AliasKind.IBAN)
    to = banking.Alias(banking.AliasKind.IBAN, alias.value)
    sent = payments.send(
        id=new_id(), actor_customer_id=payer.id, from_account_id=source.id, to=to, amount=Money(12_345, EGP), note="rent",
        clock=street.town.clock,
    )  # fmt: skip
    return sent, payer, friend


def receipt(street: Street, payment_id: UUID, customer: people.Customer) -> bills.Receipt:
    return bills.receipt(payment_id, customer.id, clock=street.town.clock)


def test_the_receipt_of_a_bill_is_genuine_and_says_whom_but_not_who(street: Street) -> None:
    order, mona = paid(street)
    found = receipt(street, order.id, mona)
    checked = bills.check_receipt(found.text)
    assert isinstance(checked, bills.Genuine)
    assert checked == bills.Genuine(found.facts, street.town.bank)
    assert (found.facts.payee, found.facts.amount, found.number) == ("nur", order.amount, found.payment.reference)
    told = found.text.replace(found.number, "")
    for secret in (order.reference, mona.id.hex, order.id.hex, mona.phone[1:], "CUSTOMER"):
        assert secret.upper() not in told
    assert bills.check_receipt_by_hand(found.number.lower(), f" {found.code_shown.lower()} ") == checked
    assert bills.check_receipt_by_hand(found.number, found.code.replace("0", "O").replace("1", "l")) == checked


def test_it_is_the_same_receipt_however_often_it_is_asked_for(street: Street) -> None:
    order, mona = paid(street)
    texts = {receipt(street, order.id, mona).text for _ in range(3)}
    assert len(texts) == 1
    assert ReceiptRow.objects.count() == 1


def test_who_asks_at_the_same_instant_gets_the_same_receipt_and_key(street: Street) -> None:
    order, mona = paid(street)
    found = at_once([lambda: receipt(street, order.id, mona).text for _ in range(4)])
    assert len(set(found)) == 1, found
    assert (ReceiptRow.objects.count(), ReceiptKeyRow.objects.count()) == (1, 1)


def test_who_paid_and_who_was_paid_have_the_same_receipt_and_others_none(street: Street) -> None:
    sent, payer, friend = transferred(street)
    assert sent.state is payments.PaymentState.SETTLED
    assert receipt(street, sent.id, payer).text == receipt(street, sent.id, friend).text
    assert receipt(street, sent.id, payer).facts.payee == ""
    stranger, _ = street.person()
    with pytest.raises(payments.PaymentUnknown):
        receipt(street, sent.id, stranger)


def test_there_is_no_receipt_of_what_has_not_settled(street: Street) -> None:
    nur = street.biller()
    mona, account = street.person()
    order = street.order(nur, mona, street.fetch(nur, mona)[0])
    bills.pay(order_id=order.id, customer_id=mona.id, from_account_id=account.id, clock=street.town.clock)
    with pytest.raises(bills.NoReceiptYet):
        receipt(street, order.id, mona)
    street.server.turn("refuse", question="pay")
    street.town.clock.advance(timedelta(seconds=1))
    carry_due(clock=street.town.clock)
    with pytest.raises(bills.NoReceiptYet):
        receipt(street, order.id, mona)
    assert not ReceiptRow.objects.exists()


def doubt_of(text: str) -> bills.Doubt | None:
    found = bills.check_receipt(text)
    return found.doubt if isinstance(found, bills.NotGenuine) else None


def test_what_was_changed_forged_or_made_up_is_not_genuine(street: Street) -> None:
    order, mona = paid(street)
    found = receipt(street, order.id, mona)
    day = street.town.clock.now().date()
    amount = f":{found.facts.amount.decimal_text()}:"
    assert doubt_of(found.text.replace(amount, ":9999999.00:")) is bills.Doubt.FORGED
    stranger = Ed25519PrivateKey.generate()
    text = write(found.facts, key=stranger, signed_on=day)
    assert doubt_of(text) is bills.Doubt.UNKNOWN_KEY
    ours = key_id_of(keys.signing_key(street.town.bank).public_key().public_bytes_raw())
    theirs = key_id_of(stranger.public_key().public_bytes_raw())
    assert doubt_of(text.replace(theirs, ours)) is bills.Doubt.FORGED
    for rubbish in ("", "R1", "x" * 10_000, "ر١:" + found.text[3:], "\x00" * 50, found.text + "\n", f" {found.text}"):
        assert doubt_of(rubbish) is bills.Doubt.UNREADABLE, rubbish[:20]
    for number, code in (
        (found.number, "00000000"),
        ("0000000000", found.code),
        ("", ""),
        ("١" * 10, "x"),
        ("9" * 10_000, "a"),
    ):
        assert bills.check_receipt_by_hand(number, code) == bills.NotGenuine(bills.Doubt.NO_SUCH_RECEIPT)


def test_a_stolen_key_makes_no_receipt_that_the_books_do_not_know(street: Street) -> None:
    order, mona = paid(street)
    found = receipt(street, order.id, mona)
    key, day = keys.signing_key(street.town.bank), street.town.clock.now().date()
    for changed in (
        {"amount": Money(found.facts.amount.amount_minor + 1, EGP)},
        {"payee": "gas"},
        {"code": "ZZZZZZZZ"},
        {"settled_on": day - timedelta(days=400)},
    ):
        told: dict[str, Any] = {name: getattr(found.facts, name) for name in found.facts.__slots__} | changed
        assert doubt_of(write(bills.Facts(**told), key=key, signed_on=day)) is bills.Doubt.NOT_IN_BOOKS


def test_another_institution_can_not_sign_for_this_one(street: Street) -> None:
    order, mona = paid(street)
    found = receipt(street, order.id, mona)
    elsewhere = people.Institution(
        new_id(), "other-bank", {"en": "Other Bank"}, "bank", "EG", "Africa/Cairo", "EGP", "EG"
    )
    people.register_institution(elsewhere)
    theirs, day = keys.signing_key(elsewhere.id, clock=street.town.clock), street.town.clock.now().date()
    assert doubt_of(write(found.facts, key=theirs, signed_on=day)) is bills.Doubt.FORGED
    told = {name: getattr(found.facts, name) for name in found.facts.__slots__} | {"institution": "other-bank"}
    assert doubt_of(write(bills.Facts(**told), key=theirs, signed_on=day)) is bills.Doubt.NOT_IN_BOOKS


def test_a_receipt_is_known_years_after_its_key_was_renewed(street: Street) -> None:
    order, mona = paid(street)
    old = receipt(street, order.id, mona)
    street.town.clock.advance(timedelta(days=400))
    fresh = bills.renew_receipt_key(street.town.bank, by=people.SYSTEM, reason="once a year", clock=street.town.clock)
    street.town.clock.advance(timedelta(days=3000))
    again = receipt(street, order.id, mona)
    assert (again.key_id, again.facts) == (fresh.key_id, old.facts)
    assert again.text != old.text
    assert doubt_of(old.text) is None
    assert doubt_of(again.text) is None
    (first,) = [each for each in bills.receipt_keys() if each.generation == 1]
    assert first.valid_until is not None
    late = write(old.facts, key=keys._derived(street.town.bank, 1), signed_on=street.town.clock.now().date())
    assert doubt_of(late) is bills.Doubt.FORGED, "a key that has ended signs no more"


def test_a_key_that_was_revoked_says_so_and_what_was_paid_stays_paid(street: Street) -> None:
    order, mona = paid(street)
    old = receipt(street, order.id, mona)
    bills.renew_receipt_key(
        street.town.bank, by=people.SYSTEM, reason="its file was copied", revoke=True, clock=street.town.clock
    )
    assert [each.revoked for each in bills.receipt_keys()] == [False, True]
    assert doubt_of(old.text) is None


def test_without_its_file_a_key_signs_nothing_until_it_is_renewed(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, mona = paid(street)
    old = receipt(street, order.id, mona)
    monkeypatch.setattr(keys, "SECRET", "receipts-lost")
    with pytest.raises(bills.ReceiptKeyMissing):
        receipt(street, order.id, mona)
    assert doubt_of(old.text) is None, "checking needs public halves only"
    bills.renew_receipt_key(street.town.bank, by=people.SYSTEM, reason="the file is lost", clock=street.town.clock)
    assert receipt(street, order.id, mona).code == old.code
    assert doubt_of(receipt(street, order.id, mona).text) is None


def test_only_who_may_renews_a_key(street: Street) -> None:
    with pytest.raises(people.NotPermitted):
        bills.renew_receipt_key(street.town.bank, by=people.Author("staff:x", {}), reason="because I can")
    assert not ReceiptKeyRow.objects.exists()


def test_what_was_given_back_since_is_said_wholly_or_partly_and_no_sum(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, mona = paid(street)
    found = receipt(street, order.id, mona)
    for minor, since in (
        (0, bills.Since.NOTHING),
        (1, bills.Since.PARTLY_GIVEN_BACK),
        (order.amount.amount_minor, bills.Since.GIVEN_BACK),
    ):
        back = (SimpleNamespace(amount=Money(minor, EGP)),) if minor else ()
        monkeypatch.setattr(givebacks, "refunds_of_orders", lambda ids, back=back: dict.fromkeys(ids, back))
        checked = bills.check_receipt(found.text)
        assert isinstance(checked, bills.Genuine)
        assert checked.since is since
        assert bills.check_receipt_by_hand(found.number, found.code) == checked
    again = receipt(street, order.id, mona)
    assert again.given_back == order.amount


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE bills_receipt SET amount_minor = 1",
        "DELETE FROM bills_receipt",
        "TRUNCATE bills_receipt",
        "UPDATE bills_receipt_key SET public_key = 'x'",
        "DELETE FROM bills_receipt_key",
        "INSERT INTO bills_receipt_key SELECT 'AAAAAAAA', institution_id, 9, public_key, valid_from FROM bills_receipt_key",
    ],
)
def test_nobody_changes_a_receipt_or_a_key_by_sql(street: Street, statement: str) -> None:
    order, mona = paid(street)
    receipt(street, order.id, mona)
    with pytest.raises((IntegrityError, ProgrammingError)), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_key_of_the_api_gets_text_and_page_of_its_holders_receipts_only(street: Street) -> None:
    order, mona = paid(street)
    ziad, _ = street.person()
    key = issue(f"customer:{mona.id}", street.town.bank, SELF)[1]
    his = issue(f"customer:{ziad.id}", street.town.bank, SELF)[1]
    given = ask("GET", f"/payments/{order.id}/receipt", key=key)
    assert given.status == 200, given.body
    assert doubt_of(given.json["text"]) is None
    assert given.json["address"].upper().endswith("/R/" + given.json["text"])
    assert (given.json["biller"], given.json["amount"]["amount_minor"]) == ("nur", str(order.amount.amount_minor))
    paper = ask("GET", f"/payments/{order.id}/receipt.pdf", key=key)
    assert (paper.status, paper.body[:5]) == (200, b"%PDF-")
    for path in ("receipt", "receipt.pdf"):
        assert ask("GET", f"/payments/{order.id}/{path}", key=his).error["code"] == "payment_unknown"
        assert ask("GET", f"/payments/{new_id()}/{path}", key=key).error["code"] == "payment_unknown"


@pytest.mark.parametrize("language", ["ar", "he", "en"])
def test_the_page_is_one_with_everything_on_it(street: Street, language: str) -> None:
    pdfium = pytest.importorskip("pypdfium2")
    order, mona = paid(street)
    data = bills.receipt_pdf(order.id, mona.id, language=language, origin=ORIGIN, clock=street.town.clock)
    document = pdfium.PdfDocument(data)
    assert len(document) == 1
    text = document[0].get_textpage().get_text_range()
    found = receipt(street, order.id, mona)
    told = {
        "".join(sorted(word)) for word in text.split()
    }  # of a word in two directions pdfium tells the parts in its own order
    for wanted in (found.number, found.code_shown, "pay.example/receipts/check", "EGP"):
        assert wanted in text or "".join(sorted(wanted)) in told, (wanted, text)
    document.close()
