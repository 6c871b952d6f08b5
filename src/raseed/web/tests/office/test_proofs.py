"""The back office says how far a balance is proven, too: no number to rely on where there is none, and the reason's code."""

from __future__ import annotations

from datetime import UTC, datetime

from raseed.display import api as display
from raseed.web.tests.notary import Notary, notary
from raseed.web.tests.office.house import House, at_desk
from raseed.web.tests.street import words_of

__all__ = ["notary"]


def test_a_balance_that_is_being_verified_is_no_number_in_the_office_either(house: House, notary: Notary) -> None:
    wallet = house.street.layla_wallet
    notary.states[wallet.id] = display.Proof.BEING_VERIFIED
    notary.lies[wallet.id] = 777_00
    notary.last[wallet.id] = (1_234_56, datetime(2026, 3, 1, 12, 3, tzinfo=UTC))
    salma = at_desk(house.salma)
    words = words_of(salma.get(f"/office/accounts/{wallet.id}").content.decode())
    assert "being verified" in words
    assert "1,234.56" in words
    assert "row_differs" in words
    assert "1,777.00" not in words
    person = words_of(salma.get(f"/office/people/{house.street.layla.id}").content.decode())
    assert "being verified" in person
    assert "1,777.00" not in person


def test_a_proven_balance_says_so(house: House, notary: Notary) -> None:
    words = words_of(at_desk(house.salma).get(f"/office/accounts/{house.street.layla_wallet.id}").content.decode())
    assert "Proven" in words
    assert "ertified" not in words
