"""Sending money: what is shown before, what is done once, and what is refused beside which field."""

from __future__ import annotations

from itertools import product

import pytest
from django.test import Client

from raseed.banking import api as banking
from raseed.display import api as display
from raseed.kernel.ids import new_id
from raseed.payments import api as payments
from raseed.people import api as people
from raseed.web.tests.street import DELTA, MONA_PHONE, SHAM, Street, hidden, signed_in, wallet, words_of

ORDER = {"by": "phone", "to": "01009998877", "amount": "250", "note": "Rent"}


def entered(street: Street, **changes: str) -> dict[str, str]:
    """Return a form as a browser would send it."""
    return {"id": str(new_id()), "from": str(street.layla_wallet.id), **ORDER, **changes}


def booked(account: banking.BankAccount) -> int:
    """Return a shown balance, in minor units."""
    return display.shown_balance(account.id).booked.amount_minor


def test_form_then_confirmation_then_receipt(street: Street) -> None:
    client = signed_in()
    form = client.get("/send").content.decode()
    sent = entered(street, id=hidden(form, "id"))
    confirmation = words_of(client.post("/send", sent).content.decode())
    assert "M••• K•••" in confirmation
    assert "Khalil" not in confirmation, "the name is masked"
    assert "+20 10 09998877" in confirmation
    assert "Nile Cash" in confirmation
    assert "EGP\u00a0250.00" in confirmation or "EGP 250.00" in confirmation
    assert "EGP 0.00 Sending is free" in confirmation
    assert booked(street.layla_wallet) == 1_000_00, "nothing has moved yet"
    done = client.post("/send/confirm", sent)
    assert (done.status_code, done["Location"]) == (303, f"/payments/{sent['id']}")
    receipt = words_of(client.get(done["Location"]).content.decode())
    assert "Sent EGP 250.00" in receipt
    assert "M••• K•••" in receipt
    assert "What happened" in receipt
    assert booked(street.layla_wallet) == 750_00
    assert booked(street.mona_wallet) == 250_00


def test_a_double_tap_sends_once_and_shows_the_same_receipt(street: Street) -> None:
    client = signed_in()
    sent = entered(street)
    places = {client.post("/send/confirm", sent)["Location"] for _ in range(3)}
    assert places == {f"/payments/{sent['id']}"}
    assert booked(street.mona_wallet) == 250_00


def test_the_confirmation_may_be_loaded_again(street: Street) -> None:
    client = signed_in()
    sent = entered(street)
    pages = [client.post("/send", sent).content.decode() for _ in range(2)]
    assert {hidden(page, "id") for page in pages} == {sent["id"]}


def test_going_back_to_a_sent_form_warns_and_begins_a_new_one(street: Street) -> None:
    client = signed_in()
    sent = entered(street)
    client.post("/send/confirm", sent)
    page = client.post("/send", {**sent, "amount": "9"}).content.decode()
    assert "You have already sent this payment." in page
    assert f'href="/payments/{sent["id"]}"' in page
    assert hidden(page, "id") != sent["id"]


def test_a_changed_order_under_a_used_id_is_refused(street: Street) -> None:
    client = signed_in()
    sent = entered(street)
    client.post("/send/confirm", sent)
    answer = client.post("/send/confirm", {**sent, "amount": "9"})
    assert answer.status_code == 400
    assert "This identifier already belongs to another payment." in answer.content.decode()
    assert booked(street.mona_wallet) == 250_00


def test_changing_something_keeps_everything_entered(street: Street) -> None:
    client = signed_in()
    sent = entered(street, note="הערה نص")
    page = client.post("/send/change", sent).content.decode()
    for value in (sent["id"], "01009998877", "250", "הערה نص"):
        assert f'value="{value}"' in page


REFUSALS = [
    ({"to": ""}, "to", "This is not a phone number we can use."),
    ({"to": "12"}, "to", "This is not a phone number we can use."),
    ({"to": "01005550000"}, "to", "Nobody here has this number."),
    ({"to": "01001234567"}, "to", "This is the account that you are sending from."),
    ({"by": "account", "to": "EG000000"}, "to", "Nobody here has this number."),
    ({"by": "account", "to": "EG380019000500000000263180003"}, "to", "This IBAN is not right"),
    ({"by": "account", "to": "<script>"}, "to", "This is not a phone number or an account number."),
    ({"amount": ""}, "amount", "This is not an amount we can use."),
    ({"amount": "0"}, "amount", "This is not an amount we can use."),
    ({"amount": "-5"}, "amount", "This is not an amount we can use."),
    ({"amount": "1.234"}, "amount", "This is not an amount we can use."),
    ({"amount": "1e3"}, "amount", "This is not an amount we can use."),
    ({"amount": "92233720368547758.08"}, "amount", "This is not an amount we can use."),
    ({"amount": "9" * 500}, "amount", "This is not an amount we can use."),
    ({"amount": "1000.01"}, "amount", "There is not enough money in this account."),
    ({"amount": "5000.01"}, "amount", "One transfer from this account may be at most"),
    ({"note": "a\u202eb"}, "note", "This text is empty, too long, or has characters that can't be seen."),
    ({"note": "x" * 141}, "note", "This text is empty, too long, or has characters that can't be seen."),
    ({"from": "nonsense"}, "from", "We could not find this account."),
    ({"from": ""}, "from", "We could not find this account."),
]  # fmt: skip


def test_a_refusal_is_said_beside_its_field_and_nothing_entered_is_lost(
    street: Street, subtests: pytest.Subtests
) -> None:
    client = signed_in()
    for changes, field, sentence in REFUSALS:
        with subtests.test(**changes):
            sent = entered(street, **changes)
            answer = client.post("/send", sent)
            page = answer.content.decode()
            assert answer.status_code == 400
            assert f'id="{field}-error"' in page
            said = page.split(f'id="{field}-error"')[1].split("</p>")[0]
            assert sentence in words_of(said)
            assert sent["id"] in page
    assert booked(street.layla_wallet) == 1_000_00


def test_several_mistakes_are_said_at_once(street: Street) -> None:
    page = signed_in().post("/send", entered(street, to="1", amount="x")).content.decode()
    assert 'id="to-error"' in page
    assert 'id="amount-error"' in page
    assert page.count("autofocus") == 1, "the first mistake has the cursor"


def test_an_id_that_is_none_is_refused_for_the_form_as_a_whole(street: Street) -> None:
    client = signed_in()
    bad_ids = ("junk", "0" * 32, "00000000-0000-0000-0000-000000000000", "'; --")
    for place, bad in product(("/send", "/send/confirm"), bad_ids):
        answer = client.post(place, entered(street, id=bad))
        assert answer.status_code == 400
        assert "This is not a valid identifier." in answer.content.decode()


def test_someone_elses_account_can_not_be_sent_from(street: Street) -> None:
    client = signed_in(MONA_PHONE)
    for place in ("/send", "/send/confirm"):
        answer = client.post(place, entered(street))
        assert answer.status_code == 400
        assert "We could not find this account." in answer.content.decode()
    assert booked(street.layla_wallet) == 1_000_00


def test_another_institution_is_refused_until_the_switch_exists(street: Street) -> None:
    yusuf = street.mona
    elsewhere = wallet(yusuf, SHAM)
    banking.close_account(account_id=street.mona_wallet.id, by=people.SYSTEM, reason="moved")
    page = signed_in().post("/send", entered(street)).content.decode()
    assert elsewhere.institution_id != street.layla_wallet.institution_id
    assert "payments between institutions do not work yet" in page or "closed" in page


def test_what_is_refused_at_the_last_moment_gets_a_receipt_that_says_so(street: Street) -> None:
    client = signed_in()
    sent = entered(street, amount="900")
    assert client.post("/send", sent).status_code == 200
    client.post("/send/confirm", entered(street, amount="500"))
    done = client.post("/send/confirm", sent)
    assert done.status_code == 303
    page = words_of(client.get(done["Location"]).content.decode())
    assert "Not sent" in page
    assert "No money has left your account." in page
    assert "There is not enough money" in page
    assert "Change it and try again" in page
    assert booked(street.layla_wallet) == 500_00


def test_the_form_made_from_a_refusal_has_a_new_id_and_the_old_content(street: Street) -> None:
    client = signed_in()
    sent = {"from": str(street.layla_wallet.id), **ORDER}
    page = client.post("/send/change", sent).content.decode()
    assert hidden(page, "id")
    assert 'value="01009998877"' in page


def test_who_received_sees_the_receipt_too_with_the_payers_name(street: Street) -> None:
    sent = entered(street)
    signed_in().post("/send/confirm", sent)
    page = words_of(signed_in(MONA_PHONE).get(f"/payments/{sent['id']}").content.decode())
    assert "Received EGP 250.00" in page
    assert "Layla Abdelrahman" in page
    assert "Rent" in page


def test_nobody_else_sees_it(street: Street) -> None:
    sent = entered(street)
    signed_in(MONA_PHONE).post("/send/confirm", sent)
    answer = signed_in(MONA_PHONE).get(f"/payments/{new_id()}")
    assert answer.status_code == 404
    assert "We could not find this payment." in answer.content.decode()


def test_by_account_number_and_by_iban(street: Street) -> None:
    mine = street.layla_current
    mona = banking.open_current_account(id=new_id(), institution_id=DELTA, owner_id=street.mona.id)
    iban = mona.alias(banking.AliasKind.IBAN)
    number = mona.alias(banking.AliasKind.NUMBER)
    client = signed_in()
    for to in (iban and banking.printed_iban(iban), number):
        if to:
            page = client.post("/send", entered(street, **{"from": str(mine.id)}, by="account", to=to, amount="10"))
            assert page.status_code == 200, words_of(page.content.decode())
            assert "M••• K•••" in page.content.decode()


def test_arabic_digits_and_signs_in_the_amount(street: Street) -> None:
    page = signed_in(language="ar").post("/send", entered(street, amount="١٢٫٥٠")).content.decode()
    assert "١٢٫٥٠" in page


def test_get_on_a_posted_page_leads_to_the_form(street: Street) -> None:
    client = signed_in()
    assert client.get("/send/confirm")["Location"] == "/send"
    assert client.get("/send/change")["Location"] == "/send"


def test_without_an_account_there_is_nothing_to_send_from(street: Street) -> None:
    banking.close_account(account_id=street.mona_wallet.id, by=people.SYSTEM, reason="wish")
    page = words_of(signed_in(MONA_PHONE).get("/send").content.decode())
    assert "You have no account to send from." in page


def test_only_the_signed_in_get_anywhere(street: Street) -> None:
    stranger = Client(SERVER_NAME="localhost")
    places = ("/", "/send", "/settings", "/statement", "/accounts/open", f"/accounts/{street.layla_wallet.id}")
    for place in (*places, f"/payments/{new_id()}"):
        assert stranger.get(place)["Location"].startswith("/sign-in")
    for place in ("/send", "/send/confirm", "/send/change", "/accounts/open", "/settings"):
        assert stranger.post(place, entered(street))["Location"].startswith("/sign-in")


def test_the_statement_shows_what_was_sent(street: Street) -> None:
    client = signed_in()
    client.post("/send/confirm", entered(street))
    page = words_of(client.get(f"/accounts/{street.layla_wallet.id}").content.decode())
    assert "-EGP 250.00" in page
    assert "Rent" in page
    assert payments.payments_of(street.layla.id).payments


def own(street: Street, to: banking.BankAccount, **changes: str) -> dict[str, str]:
    """Return a form that sends to another of Layla's own accounts."""
    return entered(street, by="own", to="", own=str(to.id), note="", **changes)


def test_to_another_account_of_ones_own_by_choosing_it(street: Street) -> None:
    second = banking.open_current_account(id=new_id(), institution_id=DELTA, owner_id=street.layla.id)
    banking.rename_account(account_id=second.id, customer_id=street.layla.id, name="Rainy days", actor="test")
    client = signed_in()
    form = client.get("/send", {"from": str(street.layla_current.id), "own": str(second.id)}).content.decode()
    assert 'value="own" checked' in form
    assert f'name="own" value="{second.id}" checked' in form
    sent = own(street, second, **{"id": hidden(form, "id"), "from": str(street.layla_current.id), "amount": "40"})
    confirmation = client.post("/send", sent).content.decode()
    assert hidden(confirmation, "own") == str(second.id)
    assert "This goes to another account of your own." in words_of(confirmation)
    assert "Rainy days" in words_of(confirmation)
    assert f'name="own" value="{second.id}" checked' in client.post("/send/change", sent).content.decode()
    done = client.post("/send/confirm", sent)
    assert (done.status_code, done["Location"]) == (303, f"/payments/{sent['id']}")
    receipt = words_of(client.get(done["Location"]).content.decode())
    assert "Sent EGP 40.00" in receipt
    assert "To Rainy days" in receipt
    assert (booked(second), booked(street.layla_current)) == (40_00, 210_00)


def test_an_own_account_that_can_not_be_paid_is_refused_beside_the_list(street: Street) -> None:
    client = signed_in()
    for to, sentence in (
        (str(street.layla_wallet.id), "This is the account that you are sending from."),
        (str(street.mona_wallet.id), "We could not find this account."),
        ("", "We could not find this account."),
        ("nonsense", "We could not find this account."),
        (str(street.layla_current.id), "institution"),
    ):
        sent = {**entered(street), "by": "own", "to": "", "own": to}
        answer = client.post("/send", sent)
        page = answer.content.decode()
        assert answer.status_code == 400, to
        assert sentence in words_of(page.split('id="to-error"')[1].split("</p>")[0]), to
        assert 'value="own" checked' in page
        assert sent["id"] in page
    assert booked(street.layla_wallet) == 1_000_00


def test_who_has_one_account_is_not_asked_which(street: Street) -> None:
    assert 'value="own"' not in signed_in(MONA_PHONE).get("/send").content.decode()
