"""Savings and loans on the customer's pages: offered with what they bring and cost, opened once, and what they come to."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.web.tests.street import DELTA, MONA_PHONE, Street, hidden, pay_in, signed_in, words_of


def offered(kind: banking.ProductKind, *, rate_ppm: int) -> banking.Product:
    """Let the bank offer a product that bears interest."""
    product = banking.offer_product(
        institution_id=DELTA, kind=kind, names={"en": kind.value.title(), "ar": "منتج", "he": "מוצר"}, code=kind.value
    )
    banking.set_rate(
        product_id=product.id,
        annual_rate_ppm=rate_ppm,
        valid_from=SYSTEM_CLOCK.now().date() - timedelta(days=1),
        actor="test",
        reason="the street",
    )
    return product


def loan_to_layla(street: Street) -> banking.Loan:
    """Lend Layla 1,200 for a year at 12.5 %, and let later loans be dearer."""
    product, today = offered(banking.ProductKind.LOAN, rate_ppm=125_000), SYSTEM_CLOCK.now().date()
    terms = banking.standard_terms(product.id, instalments=12, first_due_on=today + timedelta(days=28), on=today)
    granted = banking.grant_loan(
        id=new_id(), product_id=product.id, pay_to_account_id=street.layla_current.id, principal_minor=1_200_00,
        terms=terms, by=people.SYSTEM, reason="the street",
    )  # fmt: skip
    banking.set_rate(product_id=product.id, annual_rate_ppm=300_000, valid_from=today, actor="test", reason="dearer")
    return granted


def test_savings_are_offered_with_their_interest_and_cost_and_opened_once(street: Street) -> None:
    product = offered(banking.ProductKind.SAVINGS, rate_ppm=92_500)
    client = signed_in()
    page = client.get("/accounts/open").content.decode()
    assert "Savings Delta Bank · interest a year: 9.25% · costs nothing" in words_of(page)
    sent = {"id": hidden(page, "id"), "offer": str(product.id)}
    places = {client.post("/accounts/open", sent)["Location"] for _ in range(2)}
    assert places == {f"/accounts/{sent['id']}?opened=1"}
    mine = [one for one in banking.accounts_of(street.layla.id) if one.product.kind is banking.ProductKind.SAVINGS]
    assert [str(one.id) for one in mine] == [sent["id"]]


def test_a_fee_is_said_before_an_account_is_opened(street: Street) -> None:
    product, today = offered(banking.ProductKind.SAVINGS, rate_ppm=0), SYSTEM_CLOCK.now().date()
    banking.set_fee(
        product_id=product.id, event=banking.FeeEvent.TRANSFER_ON_US, amount_minor=1_50, valid_from=today,
        actor="test", reason="the street",
    )  # fmt: skip
    page = words_of(signed_in().get("/accounts/open").content.decode())
    line = page.split("Savings Delta Bank", 1)[1].split("EGP", 2)
    assert "1.50" in line[1]
    assert "costs nothing" not in line[0]
    assert "interest" not in line[0]


def test_interest_earned_and_credited_is_shown(street: Street) -> None:
    product = offered(banking.ProductKind.SAVINGS, rate_ppm=100_000)
    savings = banking.open_account(
        id=new_id(), product_id=product.id, owner_id=street.layla.id, by=people.Author(f"customer:{street.layla.id}")
    )
    pay_in(savings, 365_000_00)
    address = f"/accounts/{savings.id}/details"
    with time_machine.travel(SYSTEM_CLOCK.now() + timedelta(days=4), tick=False):
        told = words_of(signed_in().get(address).content.decode())
    assert "Earned and not credited yet EGP 500.00 since" in told, "five days at 100 a day"
    assert "Interest a year 10%" in told
    with time_machine.travel(SYSTEM_CLOCK.now() + timedelta(days=40), tick=False):
        assert banking.credit_interest() > 0
        (credit, *_) = banking.interest_credits(savings.id)
        client = signed_in()
        told = words_of(client.get(address).content.decode())
        whole, rest = divmod(credit.amount.amount_minor, 100)
        assert f"+EGP {whole:,}.{rest:02}" in told
        assert f'href="/send?own={savings.id}"' in client.get(address).content.decode()


def test_a_loan_shows_what_is_owed_its_own_rate_and_every_instalment(street: Street) -> None:
    loan = loan_to_layla(street)
    client = signed_in()
    page = client.get(f"/accounts/{loan.account.id}/details").content.decode()
    told = words_of(page)
    assert "Still owed EGP 1,200.00" in told
    assert "Interest a year 12.5%" in told, "of its contract, not of the product today"
    assert told.count(" · interest EGP") == 12
    assert f'href="/send?own={loan.account.id}"' in page
    assert "Available to spend" not in client.get(f"/accounts/{loan.account.id}").content.decode()
    assert signed_in(MONA_PHONE).get(f"/accounts/{loan.account.id}/details").status_code == 404


def test_a_loan_is_never_the_first_account_and_nothing_is_offered_to_be_sent_from_it(street: Street) -> None:
    loan = loan_to_layla(street)
    page = signed_in().get("/send").content.decode()
    assert f'name="from" value="{loan.account.id}"' not in page
    assert f'name="own" value="{loan.account.id}"' in page


def test_a_loan_is_paid_by_choosing_it_and_more_than_is_owed_is_refused(street: Street) -> None:
    loan = loan_to_layla(street)
    client = signed_in()
    pay_in(street.layla_current, 5_000_00)
    sent = {"id": str(new_id()), "from": str(street.layla_current.id), "by": "own", "own": str(loan.account.id)}
    refused = client.post("/send", {**sent, "amount": "1200.01", "to": "", "note": ""})
    assert refused.status_code == 400
    assert 'id="amount-error"' in refused.content.decode()
    done = client.post("/send/confirm", {**sent, "amount": "200", "to": "", "note": ""})
    assert done.status_code == 303
    owed = banking.loan(loan.account.id).owed
    assert owed.amount_minor == 1_000_00


@pytest.mark.parametrize(("language", "words"), [("en", "resting"), ("ar", "خامل"), ("he", "רדום")])
def test_a_dormant_account_is_not_called_closed(street: Street, language: str, words: str) -> None:
    banking.set_dormancy(
        product_id=street.layla_current.product.id,
        months=1,
        valid_from=SYSTEM_CLOCK.now().date(),
        by=people.SYSTEM,
        reason="the street",
    )
    with time_machine.travel(SYSTEM_CLOCK.now() + timedelta(days=70), tick=False):
        assert banking.make_dormant() >= 1
        client = signed_in(language=language)
        assert words in client.get("/").content.decode()
        page = client.get(f"/accounts/{street.layla_current.id}").content.decode()
    assert words in page.split('class="state"')[1].split("</p>")[0]
