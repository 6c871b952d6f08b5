"""Finding movements in a statement, and taking a period away."""

from __future__ import annotations

import csv
import io

import pytest
from lxml import etree

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.web.tests.street import MONA_PHONE, Street, signed_in, words_of


def send(client, amount: str, note: str) -> None:
    fields = {"id": str(new_id()), "by": "phone", "to": "01009998877", "amount": amount, "note": note}
    page = client.get("/send").content.decode()
    fields["from"] = page.split('name="from" value="', 1)[1].split('"', 1)[0]
    assert client.post("/send/confirm", fields).status_code == 303


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("text=ايجار", ["Rent"]),
        ("flow=in", ["in"]),
        ("flow=out&least=100", ["Rent"]),
        ("most=60", ["Bread"]),
        ("text=nothing", []),
    ],
)
def test_a_movement_is_found_by_its_words_its_direction_and_its_amount(
    street: Street, query: str, found: list[str]
) -> None:
    client = signed_in()
    send(client, "250", "إيجار")
    send(client, "50", "خبز")
    page = client.get(f"/accounts/{street.layla_wallet.id}?{query}").content.decode()
    told = {"Rent": "إيجار" in page, "Bread": "خبز" in page, "in": "+EGP\u00a01,000.00" in page}
    assert [name for name, there in told.items() if there] == found


def test_filters_stay_in_the_form_and_what_is_wrong_is_said_beside_it(street: Street) -> None:
    answer = signed_in().get(f"/accounts/{street.layla_wallet.id}?first=2026-13-40&least=abc&text=x")
    page = answer.content.decode()
    assert answer.status_code == 400
    assert 'id="first-error"' in page
    assert 'id="least-error"' in page
    assert 'value="abc"' in page


def test_a_statement_is_taken_away_in_each_form(street: Street) -> None:
    client = signed_in()
    send(client, "250", "=Rent")
    address = f"/accounts/{street.layla_wallet.id}/take-away?period=this-month&format="
    pdf = client.get(address + "pdf").getvalue()
    assert pdf.startswith(b"%PDF-")
    sheet = client.get(address + "csv").getvalue().decode("utf-8-sig")
    assert any("-250.00" in row for row in csv.reader(io.StringIO(sheet)))
    told = client.get(address + "camt053")
    assert "attachment" in told["Content-Disposition"]
    document = etree.fromstring(told.getvalue())
    assert document.tag.endswith("}Document")


def test_days_of_ones_own_are_checked_and_kept(street: Street) -> None:
    client, today = signed_in(), SYSTEM_CLOCK.now().date().isoformat()
    address = f"/accounts/{street.layla_wallet.id}/take-away?period=own&format=csv"
    for days, field in (
        ("&first=&last=", "first"),
        (f"&first={today}&last=2020-01-01", "last"),
        ("&first=x&last=", "first"),
    ):
        answer = client.get(address + days)
        assert answer.status_code == 400
        assert f'id="{field}-error"' in answer.content.decode()
    before_it_existed = client.get(address + "&first=2020-01-01&last=2020-02-01")
    assert before_it_existed.status_code == 200


def test_a_strangers_statement_is_not_found(street: Street) -> None:
    client = signed_in(MONA_PHONE)
    for path in ("", "/take-away", "/take-away?period=this-month&format=pdf", "?text=x"):
        answer = client.get(f"/accounts/{street.layla_wallet.id}{path}")
        assert answer.status_code == 404
        assert "1,000" not in words_of(answer.content.decode())
