"""An account's page: state, terms, movements with filters, and verbs that ask for their reason."""

from __future__ import annotations

from datetime import timedelta

import pytest

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.platform import api as platform
from raseed.web.tests.office.house import NILE, House, at_desk
from raseed.web.tests.street import hidden, pay_in, words_of


def account(house: House) -> str:
    return f"/office/accounts/{house.street.layla_wallet.id}"


def test_how_it_stands_what_it_may_and_what_it_costs(house: House) -> None:
    words = words_of(at_desk(house.salma).get(account(house)).content.decode())
    for text in (
        "+20 10 01234567",
        "Open",
        "EGP 1,000.00",
        "EGP 5,000.00",
        "EGP 9,000.00",
        "EGP 0.00",
        "Layla Abdelrahman",
    ):
        assert text in words, text


def test_block_and_unblock_with_a_reason(house: House) -> None:
    salma = at_desk(house.salma)
    refused = salma.post(f"{account(house)}/block", {"code": "lost_or_stolen", "reason": "x"})
    assert refused.status_code == 400
    assert 'id="reason-error"' in refused.content.decode()
    assert '<option value="lost_or_stolen" selected>' in refused.content.decode(), "what was chosen stays"
    done = salma.post(f"{account(house)}/block", {"code": "lost_or_stolen", "reason": "phone stolen on the bus"})
    assert done["Location"] == f"{account(house)}?done=block"
    page = salma.get(account(house)).content.decode()
    assert "Lost or stolen phone or card" in page
    assert f"{account(house)}/unblock" in page
    assert f"{account(house)}/block" not in page
    record = next(one for one in platform.audit_trail(f"account:{house.street.layla_wallet.id}") if one.reason)
    assert (record.actor, record.reason) == (house.salma.staff.actor, "phone stolen on the bus")
    assert salma.post(f"{account(house)}/unblock", {"reason": "the phone was found"}).status_code == 303
    assert banking.account(house.street.layla_wallet.id).state is banking.AccountState.OPEN


def test_an_account_with_money_in_it_is_not_closed_and_the_page_says_why(house: House) -> None:
    hoda = at_desk(house.hoda)
    answer = hoda.post(f"{account(house)}/close", {"reason": "the customer asked"})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "can&#x27;t be closed while there is money in it" in page
    assert ">the customer asked</textarea>" in page
    empty = f"/office/accounts/{house.street.mona_wallet.id}"
    assert hoda.post(f"{empty}/close", {"reason": "the customer asked"}).status_code == 303
    assert banking.account(house.street.mona_wallet.id).state is banking.AccountState.CLOSED


def test_an_account_is_opened_for_a_person_once_with_a_reason(house: House) -> None:
    savings = banking.offer_product(institution_id=NILE, kind=banking.ProductKind.SAVINGS, names={"en": "Savings"})
    salma = at_desk(house.salma)
    address = f"/office/people/{house.street.layla.id}/open"
    form = salma.get(address).content.decode()
    assert "Savings · EGP" in form
    entered = {"id": hidden(form, "id"), "product": str(savings.id), "reason": "asked at the counter"}
    refused = salma.post(address, entered | {"product": "another one"})
    assert refused.status_code == 404
    assert 'id="choice-error"' in refused.content.decode()
    assert salma.post(address, entered)["Location"] == salma.post(address, entered)["Location"]
    opened = [one for one in banking.accounts_of(house.street.layla.id) if one.product.id == savings.id]
    assert len(opened) == 1
    assert at_desk(house.tamer).get(address).status_code == 403


def test_savings_show_their_interest_and_a_loan_its_schedule(house: House) -> None:
    today = banking.business_date(NILE, SYSTEM_CLOCK.now())
    savings = banking.offer_product(institution_id=NILE, kind=banking.ProductKind.SAVINGS, names={"en": "Savings"})
    lending = banking.offer_product(institution_id=NILE, kind=banking.ProductKind.LOAN, names={"en": "Loan"})
    banking.set_rate(
        product_id=lending.id, annual_rate_ppm=120_000, valid_from=today, actor="system", reason="the rate of the house"
    )
    opened = banking.open_account(
        id=new_id(), product_id=savings.id, owner_id=house.street.layla.id, by=people.SYSTEM, reason="asked for it"
    )
    first_due = today + timedelta(days=31)
    loan = banking.grant_loan(
        id=new_id(),
        product_id=lending.id,
        pay_to_account_id=house.street.layla_wallet.id,
        principal_minor=1_200_00,
        terms=banking.standard_terms(lending.id, instalments=12, first_due_on=first_due, on=today),
        by=people.SYSTEM,
        reason="a new stove for the shop",
    )
    salma = at_desk(house.salma)
    page = words_of(salma.get(f"/office/accounts/{opened.id}").content.decode())
    assert "Earned and not credited yet" in page
    page = salma.get(f"/office/accounts/{loan.account.id}").content.decode()
    words = words_of(page)
    for text in ("Lent EGP 1,200.00", "12%", "To come", "Not paid yet"):
        assert text in words, text
    assert page.count('<tr role="row"><th role="rowheader"') == 12


def test_a_verb_that_does_not_exist_leads_nowhere(house: House) -> None:
    assert at_desk(house.salma).get(f"{account(house)}/explode").status_code == 404


def test_filters_are_kept_in_the_session_not_in_the_address(house: House) -> None:
    pay_in(house.street.layla_wallet, 77_00)
    salma = at_desk(house.salma)
    answer = salma.post(account(house), {"least": "50", "most": "100", "flow": "in"})
    assert answer["Location"] == f"{account(house)}#movements"
    page = words_of(salma.get(account(house)).content.decode())
    assert "+EGP 77.00" in page
    assert "+EGP 1,000.00" not in page
    assert 'value="50"' in salma.get(account(house)).content.decode()
    other = salma.get(f"/office/accounts/{house.street.mona_wallet.id}").content.decode()
    assert 'value="50"' not in other
    salma.post(account(house), {"least": "50", "clear": "1"})
    assert "+EGP 1,000.00" in words_of(salma.get(account(house)).content.decode())


@pytest.mark.parametrize(
    ("entered", "field"),
    [
        ({"first": "2026-99-01"}, "first"),
        ({"first": "2026-05-02", "last": "2026-05-01"}, "last"),
        ({"least": "abc"}, "least"),
        ({"least": "100", "most": "50"}, "most"),
    ],
)
def test_filters_that_can_not_be_are_said_beside_their_field(house: House, entered: dict[str, str], field: str) -> None:
    salma = at_desk(house.salma)
    salma.post(account(house), entered)
    answer = salma.get(account(house))
    assert answer.status_code == 400
    assert f'id="{field}-error"' in answer.content.decode()


def test_older_movements_come_as_a_fragment_for_htmx(house: House) -> None:
    pay_in(house.street.layla_wallet, 1_00, times=60)
    salma = at_desk(house.salma)
    page = salma.get(account(house)).content.decode()
    assert page.count('class="line in"') == 50
    before = page.split("?before=")[1].split("&")[0]
    fragment = salma.get(f"{account(house)}?before={before}", headers={"HX-Request": "true"}).content.decode()
    assert fragment.count('class="line in"') == 11
    assert "<html" not in fragment


def test_looking_at_an_account_is_on_record_under_its_holder(house: House) -> None:
    at_desk(house.salma).get(account(house))
    latest = platform.audit_records(customer_id=house.street.layla.id).records[0]
    assert (latest.actor, latest.action) == (house.salma.staff.actor, "office.account_opened")


def test_who_works_at_several_institutions_chooses_one_and_sees_its_own(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    delta = house.street.layla_current.institution_id
    real = people.author_of_staff(house.salma.staff.id)
    both = {**real.permissions, delta: frozenset({"banking.accounts.view"})}
    monkeypatch.setattr(people, "author_of_staff", lambda id_: people.Author(f"staff:{id_}", both))
    salma = at_desk(house.salma)
    page = salma.get("/office/").content.decode()
    assert f'<option value="{delta}">' in page
    assert "Wallet" in words_of(salma.get("/office/products").content.decode())
    assert salma.post("/office/institution", {"institution": str(delta)}).status_code == 303
    assert "Current account" in words_of(salma.get("/office/products").content.decode())
    salma.post("/office/institution", {"institution": "not one of hers"})
    assert "Current account" in words_of(salma.get("/office/products").content.decode()), "it stays where it was"
