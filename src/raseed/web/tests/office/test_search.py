"""One box: people by any spelling, numbers in any digits, accounts; only what one may see; nothing in the address."""

from __future__ import annotations

import pytest

from raseed.people import api as people
from raseed.web.tests.office.house import House, at_desk
from raseed.web.tests.street import words_of


def hits(house: House, typed: str, who: str = "salma") -> str:
    answer = at_desk(getattr(house, who)).post("/office/search", {"q": typed}, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return words_of(answer.content.decode())


@pytest.mark.parametrize(
    "typed",
    ["ليلى", "ليلي", "لَيْلَى", "عبد الرحمن", "عبدالرحمن", "الرحمن", "layla", "LAYLA abd", "לילא", "01001234567",
     "٠١٠٠١٢٣٤٥٦٧", "+20 100 123 4567", "29001011234567", "٢٩٠٠١٠١١٢٣٤٥٦٧"],
)  # fmt: skip
def test_people_are_found_however_they_are_typed(house: House, typed: str) -> None:
    people.register_civil_id(
        house.street.layla.id, country="EG", number="29001011234567", by=people.SYSTEM, reason="papers seen"
    )
    assert "Layla Abdelrahman" in hits(house, typed)


@pytest.mark.parametrize("typed", ["", " ", "x", "زكريا", "\u202e", "%", "'; --", "0" * 500])
def test_what_fits_nothing_says_so_and_breaks_nothing(house: House, typed: str) -> None:
    assert "Layla" not in hits(house, typed)


def test_accounts_are_found_by_their_number(house: House) -> None:
    found = hits(house, "01001234567")
    assert "Accounts" in found
    assert "Wallet" in found


def test_customers_of_another_institution_are_not_found(house: House) -> None:
    iban = house.street.layla_current.aliases[0].value
    assert "Accounts" not in hits(house, iban)


def test_without_htmx_one_comes_to_a_page_and_the_text_is_in_no_address(house: House) -> None:
    salma = at_desk(house.salma)
    answer = salma.post("/office/search", {"q": "ليلى"})
    assert answer["Location"] == "/office/search"
    page = salma.get("/office/search").content.decode()
    assert 'value="ليلى"' in page
    assert "Layla Abdelrahman" in page
    salma.post("/office/sign-out")
    assert at_desk(house.salma).get("/office/search").content.decode().count("Layla") == 0, "it goes with the session"


def test_each_group_is_only_for_who_may_see_it(house: House) -> None:
    assert at_desk(house.adam).post("/office/search", {"q": "ليلى"}).status_code == 403
