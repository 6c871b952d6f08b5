"""Saved billers: under a name of the customer's own, each reference once, and nobody else's."""

from __future__ import annotations

import pytest

from raseed.banking.tests.town import at_once
from raseed.bills import api as bills
from raseed.kernel.ids import new_id
from raseed.kernel.text import UnacceptableText

from .habit import NUMBER, Household
from .street import Street


@pytest.fixture
def house(street: Street) -> Household:
    return Household(street)


def test_saved_billers_are_named_renamed_removed_and_nobody_else_s(house: Household) -> None:
    def save(name: str) -> bills.Saved:
        return bills.save_biller(
            id=new_id(), customer_id=house.mona.id, biller_id=house.nur.id, fields={"account": NUMBER}, nickname=name,
            clock=house.clock,
        )  # fmt: skip

    first = save("  our   flat ")
    assert first.nickname == "our flat"
    assert save("البيت").id == first.id
    assert [each.nickname for each in bills.saved_billers(house.mona.id)] == ["البيت"]
    for wrong in ("", " ", "x" * 41, "a\u202eb"):
        with pytest.raises(UnacceptableText):
            bills.rename_saved_biller(saved_id=first.id, customer_id=house.mona.id, nickname=wrong)
    other, _ = house.street.person()
    with pytest.raises(bills.SavedBillerUnknown):
        bills.rename_saved_biller(saved_id=first.id, customer_id=other.id, nickname="mine")
    bills.remove_saved_biller(saved_id=first.id, customer_id=other.id)
    assert bills.saved_biller(first.id, house.mona.id).reference == NUMBER
    bills.remove_saved_biller(saved_id=first.id, customer_id=house.mona.id)
    bills.remove_saved_biller(saved_id=first.id, customer_id=house.mona.id)
    assert bills.saved_billers(house.mona.id) == []
    with pytest.raises(bills.FieldShape):
        bills.save_biller(
            id=new_id(), customer_id=house.mona.id, biller_id=house.nur.id, fields={"account": "1"}, nickname="x",
            clock=house.clock,
        )  # fmt: skip


def test_a_biller_saved_by_two_phones_at_once_is_saved_once_and_there_is_an_end_to_it(house: Household) -> None:
    def save(number: str) -> bills.Saved:
        return bills.save_biller(
            id=new_id(), customer_id=house.mona.id, biller_id=house.nur.id, fields={"account": number}, nickname="x",
            clock=house.clock,
        )  # fmt: skip

    answers = at_once([lambda: save(NUMBER) for _ in range(4)])
    assert len({answer.id for answer in answers if isinstance(answer, bills.Saved)}) == 1
    assert len(answers) == 4
    for number in range(49):
        save(str(10_000_000 + number))
    with pytest.raises(bills.TooManySavedBillers):
        save("20000000")
    assert save(NUMBER).nickname == "x"
