"""Who writes has to prove it before facts are told; the code comes back in the chat, and is not kept there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection

from raseed.care import api as care
from raseed.care.models import EntryRow
from raseed.people import api as people
from raseed.people.tests.world import a_customer, an_institution, latest_code

from .talk import PHONE, House, mona


def events(house: House, one: object) -> list[str]:
    return [entry.event.value for entry in house.said(one) if entry.event]  # type: ignore[arg-type]


def test_a_code_in_the_chat_proves_who_writes_and_is_masked(house: House) -> None:
    customer = mona(house)
    one = house.hears(who="bsuid:1")
    assert care.possible_customers(one, by=house.salma) == []
    with pytest.raises(care.WhichCustomer):
        care.ask_for_code(one, by=house.salma, clock=house.clock)
    chosen = care.choose_customer(
        one, customer_id=customer.id, by=house.salma, reason="gave her name", clock=house.clock
    )
    assert (chosen.customer_id, chosen.proof) == (customer.id, "claimed")
    care.ask_for_code(one, by=house.salma, clock=house.clock)
    code = latest_code()
    house.hears(f"{code[:3]} {code[3:]}", who="bsuid:1")
    assert house.now_is(one).proof == "proven"
    assert events(house, one) == ["linked", "proof_asked", "proven"]
    assert house.said(one)[-2].text == "••• •••"
    assert not EntryRow.objects.filter(text__contains=code[:3]).exists()


def test_a_wrong_code_is_counted_and_an_old_one_is_only_a_number(house: House) -> None:
    customer = mona(house)
    one = house.hears(phone=customer.phone)
    care.ask_for_code(one, by=house.salma, clock=house.clock)
    wrong = f"{(int(latest_code()) + 1) % 10**6:06}"
    house.hears(wrong, phone=customer.phone)
    assert (house.now_is(one).proof, events(house, one)[-1]) == ("claimed", "proof_failed")
    house.waits(301)
    house.hears(latest_code(), phone=customer.phone)
    assert house.now_is(one).proof == "claimed"
    assert house.said(one)[-1].text == latest_code()


def test_a_code_said_on_the_phone_is_taken_by_the_agent(house: House) -> None:
    customer = mona(house)
    one = house.hears(phone=customer.phone)
    care.ask_for_code(one, by=house.salma, clock=house.clock)
    with pytest.raises(people.WrongCode):
        care.take_code(one, code=f"{(int(latest_code()) + 1) % 10**6:06}", by=house.salma, clock=house.clock)
    assert care.take_code(one, code=latest_code(), by=house.salma, clock=house.clock).proof == "proven"


def test_two_who_share_a_telephone_are_asked_which(house: House) -> None:
    customer, husband = mona(house), mona(house, phone="+201007654321")
    one = house.hears(phone=PHONE)
    for each in (customer, husband):
        people.link_identity(
            house.now_is(one).identity_id, customer_id=each.id, how="one_time_code", by=people.SYSTEM, reason="by code",
            clock=house.clock,
        )  # fmt: skip
    house.hears("again", phone=PHONE)
    assert house.now_is(one).customer_id == customer.id
    assert care.possible_customers(one, by=house.salma) == [customer.id, husband.id]
    chosen = care.choose_customer(one, customer_id=husband.id, by=house.salma, reason="he says so", clock=house.clock)
    assert (chosen.customer_id, chosen.proof) == (husband.id, "proven")
    house.answers(one)
    care.close(one, by=house.salma, reason="done with it", clock=house.clock)
    house.clock.advance(timedelta(days=8))
    later = house.now_is(house.hears("another matter", phone=PHONE))
    assert (later.customer_id, later.proof) == (None, "none")


def test_a_wrong_link_is_taken_back_and_the_proof_with_it(house: House) -> None:
    customer = mona(house)
    one = house.hears(phone=customer.phone)
    people.link_identity(
        house.now_is(one).identity_id, customer_id=customer.id, how="one_time_code", by=people.SYSTEM, reason="by code",
        clock=house.clock,
    )  # fmt: skip
    gone = care.unlink_customer(one, by=house.salma, reason="it is her son", clock=house.clock)
    assert (gone.customer_id, gone.proof) == (None, "none")
    with pytest.raises(care.WhichCustomer):
        care.unlink_customer(one, by=house.salma, reason="it is her son", clock=house.clock)


def test_customers_of_another_house_are_not_chosen_here(house: House) -> None:
    stranger = a_customer(an_institution("delta").id)
    one = house.hears()
    with pytest.raises(people.UnknownCustomer):
        care.choose_customer(one, customer_id=stranger.id, by=house.salma, reason="says so", clock=house.clock)


def test_who_is_chosen_while_they_write_waits_for_nobody_for_ever(house: House) -> None:
    customer = mona(house)
    one = house.hears(who="bsuid:1")
    troubles: list[str] = []
    ready = threading.Barrier(6)

    def write(n: int) -> None:
        for k in range(4):
            house.hears(f"message {n}.{k}", who="bsuid:1")

    def choose(_: int) -> None:
        for _ in range(4):
            care.choose_customer(one, customer_id=customer.id, by=house.salma, reason="says so", clock=house.clock)
            care.unlink_customer(one, by=house.salma, reason="not so", clock=house.clock)

    def work(deed: Callable[[int], None], n: int) -> None:
        ready.wait()
        try:
            deed(n)
        except DatabaseError as trouble:
            troubles.append(str(trouble))
        except (care.WhichCustomer, people.NotLinked):
            pass  # a colleague was first
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=((write, choose)[n % 2], n)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not troubles
    assert house.now_is(one).unanswered == 13
