"""Two customers who are one person, one who is two, and two who share a telephone: each ends in words, and can be undone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.test import Client

from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.web.tests.office.house import NILE, House, at_desk
from raseed.web.tests.street import hidden, words_of

CARD = "the same identity card was shown"


def address_of(one: people.Customer, other: people.Customer | None = None) -> str:
    return f"/office/people/{one.id}/merge" + (f"/{other.id}" if other else "")


def sender(name: str = "ليلى", number: str = "201005550000") -> people.Identity:
    return people.identity_for(channel="whatsapp", scope="waba:1", external_ids=[f"wa:{number}"], name=name)


def linked(one: people.Identity, *those: people.Customer) -> None:
    for each in those:
        people.link_identity(one.id, customer_id=each.id, how="one_time_code", by=people.SYSTEM, reason="told the code")


def proposed(client: Client, house: House, **others: Any) -> str:
    layla, mona = house.street.layla, house.street.mona
    form = client.get(address_of(layla, mona)).content.decode()
    sent = {"id": hidden(form, "id"), "keep": str(layla.id), "reason": CARD} | others
    answer = client.post(address_of(layla, mona), sent)
    assert answer.status_code == 303, words_of(answer.content.decode())
    assert client.post(address_of(layla, mona), sent)["Location"] == answer["Location"], (
        "sent twice, it is one proposal"
    )
    return answer["Location"]


def decided(house: House, address: str) -> None:
    answer = at_desk(house.hoda).post(f"{address}/decide", {"verdict": "confirm", "note": ""})
    assert answer.status_code == 303, words_of(answer.content.decode())


def test_the_other_is_looked_for_without_a_name_in_an_address(house: House) -> None:
    client, layla, mona = at_desk(house.salma), house.street.layla, house.street.mona
    assert address_of(layla) in client.get(f"/office/people/{layla.id}").content.decode()
    page = client.post(address_of(layla), {"q": mona.phone}).content.decode()
    assert address_of(layla, mona) in page
    own = client.post(address_of(layla), {"q": layla.phone}).content.decode()
    assert "Nobody else here fits." in words_of(own)
    assert client.get(address_of(layla, layla))["Location"] == address_of(layla)
    assert client.post(address_of(layla), {"q": "\u202e" * 500}).status_code == 200


def test_two_are_seen_side_by_side_merged_by_two_people_and_parted_again(house: House) -> None:
    client, layla, mona = at_desk(house.salma), house.street.layla, house.street.mona
    page = words_of(client.get(address_of(layla, mona)).content.decode())
    for said in ("Phone numbers", "Accounts", "Writes from", "Conversations", "Open: 0"):
        assert said in page
    address = proposed(client, house)
    assert client.post(f"{address}/decide", {"verdict": "confirm"}).status_code == 403
    assert people.resolve_customer(mona.id) == mona.id
    shown = words_of(at_desk(house.hoda).get(address).content.decode())
    assert f"(…{mona.phone[-4:]})" in shown
    assert CARD in shown
    decided(house, address)
    assert people.resolve_customer(mona.id) == layla.id
    assert "is read as them" in words_of(client.get(f"/office/people/{mona.id}").content.decode())
    assert "is read as this one" in words_of(client.get(f"/office/people/{layla.id}").content.decode())
    again = client.post(address_of(layla, mona), {"id": str(new_id()), "keep": str(layla.id), "reason": CARD})
    assert again.status_code == 400
    assert "These two customers can't be merged." in words_of(again.content.decode())
    (merge,) = people.merges_of(mona.id)
    undo = f"/office/merges/{merge.id}/undo"
    assert undo in client.get("/office/merges").content.decode()
    assert client.post(undo, {"reason": ""}).status_code == 400
    answer = client.post(undo, {"id": str(new_id()), "reason": "they are sisters"})
    decided(house, answer["Location"])
    assert people.resolve_customer(mona.id) == mona.id
    assert client.post(undo, {"id": str(new_id()), "reason": "they are sisters"}).status_code == 409
    undone = words_of(client.get("/office/merges?list=undone").content.decode())
    assert "Until" in undone


def test_two_customers_who_share_a_telephone_are_said_to_and_not_taken_for_one(house: House) -> None:
    client, layla, mona = at_desk(house.salma), house.street.layla, house.street.mona
    linked(sender(), layla, mona)
    page = words_of(client.get(address_of(layla, mona)).content.decode())
    assert "Two people may share a telephone: that alone doesn't make them one." in page
    assert "in common" in page


def test_two_identity_numbers_of_one_country_are_warned_of(house: House) -> None:
    layla, mona = house.street.layla, house.street.mona
    for one, number in ((layla, "29001011234567"), (mona, "28501012134564")):
        people.register_civil_id(one.id, country="EG", number=number, by=people.SYSTEM, reason="papers seen")
    page = words_of(at_desk(house.salma).get(address_of(layla, mona)).content.decode())
    assert "they are hardly one person" in page


def test_a_customer_who_is_two_people_loses_the_sender_who_is_another(house: House) -> None:
    client, layla = at_desk(house.salma), house.street.layla
    one, other = sender(), sender("كريم", "201005551111")
    linked(one, layla)
    linked(other, layla)
    page = client.get(address_of(layla)).content.decode()
    assert "One customer who is two people?" in words_of(page)
    part = f"/office/people/{layla.id}/senders/{other.id}/part"
    assert part in page
    assert client.post(part, {"reason": ""}).status_code == 400
    assert client.post(part, {"reason": "it is her brother"}).status_code == 303
    assert [each.id for each in people.identities_of(layla.id)] == [one.id]
    assert client.post(part, {"reason": "it is her brother"}).status_code == 404


def test_who_is_not_here_is_not_merged_and_nobody_else_is_kept(house: House) -> None:
    client, layla, mona = at_desk(house.salma), house.street.layla, house.street.mona
    assert client.get(f"/office/people/{layla.id}/merge/{new_id()}").status_code == 404
    for wrong in ({"keep": str(new_id())}, {"keep": "x"}, {"reason": ""}, {"reason": "a\u202eb"}):
        sent = {"id": str(new_id()), "keep": str(layla.id), "reason": CARD} | wrong
        assert client.post(address_of(layla, mona), sent).status_code == 400, wrong
    same = client.post(address_of(layla, layla), {"id": str(new_id()), "keep": str(layla.id), "reason": CARD})
    assert same.status_code == 400
    assert not people.changes(institution_id=NILE, kind="people.merge").changes
    assert at_desk(house.tamer).get("/office/merges").status_code == 403
    assert at_desk(house.basma).get(address_of(layla, mona)).status_code == 403
    assert at_desk(house.adam).post(f"/office/merges/{UUID(int=1)}/undo", {"reason": "x"}).status_code == 403
