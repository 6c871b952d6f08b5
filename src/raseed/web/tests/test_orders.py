"""Payments from a file: handed in, looked at, confirmed once, and the results taken away."""

from __future__ import annotations

from django.core.files.uploadedfile import SimpleUploadedFile
from lxml import etree

from raseed.banking import api as banking
from raseed.display import api as display
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.payments import api as payments
from raseed.payments.tests.filing import Blk, File, Pay
from raseed.people import api as people
from raseed.web.tests.street import DELTA, MONA_PHONE, Street, hidden, signed_in


def file_of(street: Street, *, to: str = "", amount: str = "10.00") -> SimpleUploadedFile:
    """Return a file that pays Mona from Layla's current account, or somebody else."""
    payer = street.layla_current.alias(banking.AliasKind.IBAN)
    assert payer is not None
    today = banking.business_day(street.layla_current, SYSTEM_CLOCK.now())
    content = File([Blk(payer, [Pay(to, amount), Pay(to, "5.00")], on=f"<Dt>{today}</Dt>")]).data()
    return SimpleUploadedFile("salaries.xml", content, content_type="application/xml")


def mona_at_delta(street: Street) -> banking.BankAccount:
    people.join_institution(customer_id=street.mona.id, institution_id=DELTA)
    opened = banking.open_current_account(id=new_id(), institution_id=DELTA, owner_id=street.mona.id)
    return banking.account(opened.id)


def hand_in(client, file: SimpleUploadedFile) -> str:
    page = client.get("/orders").content.decode()
    answer = client.post("/orders", {"id": hidden(page, "id"), "file": file})
    assert answer.status_code == 303, answer.content.decode()
    return str(answer["Location"])


def test_a_file_is_looked_at_confirmed_carried_out_and_its_results_taken(street: Street) -> None:
    account = mona_at_delta(street)
    client = signed_in()
    address = hand_in(client, file_of(street, to=account.alias(banking.AliasKind.IBAN) or ""))
    page = client.get(address).content.decode()
    assert "waits for your confirmation" in page
    assert "EGP\u00a015.00" in page
    assert display.shown_balance(account.id).booked.amount_minor == 0, "nothing has moved"
    assert client.post(f"{address}/confirm").status_code == 303
    assert client.post(f"{address}/confirm").status_code == 303, "confirming again changes nothing"
    (order,) = payments.orders(street.layla.id).orders
    payments.execute_order(order.id)
    payments.execute_order(order.id)
    assert display.shown_balance(account.id).booked.amount_minor == 15_00
    assert "Done. Each payment has its result." in client.get(address).content.decode()
    report = etree.fromstring(client.get(f"{address}/results").getvalue())
    assert [each.text for each in report.iter("{*}TxSts")] == ["ACSC", "ACSC"]


def test_the_same_file_twice_is_one_order(street: Street) -> None:
    iban = mona_at_delta(street).alias(banking.AliasKind.IBAN) or ""
    client = signed_in()
    assert hand_in(client, file_of(street, to=iban)) == hand_in(client, file_of(street, to=iban))


def test_a_bad_iban_says_the_line_and_why_and_nothing_can_be_confirmed(street: Street) -> None:
    client = signed_in()
    address = hand_in(client, file_of(street, to="EG000000000000000000000000000"))
    page = client.get(address).content.decode()
    assert "What is wrong with the file" in page
    assert "Line " in page
    assert "/confirm" not in page
    assert client.post(f"{address}/confirm").status_code == 409


def test_no_file_and_no_xml_are_said_in_words(street: Street) -> None:
    client = signed_in()
    page = client.get("/orders").content.decode()
    missing = client.post("/orders", {"id": hidden(page, "id")})
    assert missing.status_code == 400
    assert 'id="file-error"' in missing.content.decode()
    address = hand_in(client, SimpleUploadedFile("x.xml", b"this is no XML"))
    assert "What is wrong with the file" in client.get(address).content.decode()


def test_another_customers_order_is_not_found(street: Street) -> None:
    address = hand_in(signed_in(), file_of(street, to=mona_at_delta(street).alias(banking.AliasKind.IBAN) or ""))
    stranger = signed_in(MONA_PHONE)
    assert stranger.get(address).status_code == 404
    assert stranger.post(f"{address}/confirm").status_code == 404
    assert stranger.get(f"{address}/results").status_code == 404
