"""Prepared answers and tags in the office: written in three languages, seen with examples, edited by one at a time."""

from __future__ import annotations

from html import unescape

from django.test import Client

from raseed.care import api as care
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.web.tests.office.house import DELTA, NILE, House, at_desk
from raseed.web.tests.street import hidden, words_of

NEW = "/office/care/macros/new"
TEXTS = {"text-ar": "أهلاً. {fact:balance}", "text-en": "Hello. {fact:balance}", "text-he": "שלום. {fact:balance}"}
SENT = {"slug": "balance", "title": "الرصيد", "reason": "asked every day", "do": "keep", **TEXTS}


def form_of(client: Client, address: str) -> dict[str, str]:
    page = client.get(address).content.decode()
    return {name: hidden(page, name) for name in ("id", "version")}


def test_a_prepared_answer_is_written_once_and_shown_with_made_up_facts(house: House) -> None:
    client = at_desk(house.hoda)
    form = form_of(client, NEW)
    answers = [client.post(NEW, form | SENT) for _ in range(2)]
    assert [each.status_code for each in answers] == [303, 303]
    (made,) = care.macros(NILE, by=people.SYSTEM)
    assert (made.title, made.facts, made.version, set(made.texts)) == ("الرصيد", ("balance",), 1, {"ar", "he", "en"})
    page = unescape(client.get(answers[0]["Location"]).content.decode())
    assert "Hello. The balance of your account 1234 is EGP 1,250.00 (as of 14:03)." in page
    assert "رصيد حسابكم ١٢٣٤" in page
    listed = words_of(client.get("/office/care/macros").content.decode())
    assert "Balance of an account" in listed


def test_what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost(house: House) -> None:
    client = at_desk(house.hoda)
    for wrong, said in (
        ({"text-en": "Hello."}, "This prepared answer is not complete."),
        ({"text-ar": "", "text-en": "", "text-he": ""}, "This prepared answer is not complete."),
        ({"slug": "Two Words"}, "This prepared answer is not complete."),
        (dict.fromkeys(TEXTS, "x {fact:weather}"), "No card tells customers a fact of this kind: weather."),
        ({"reason": ""}, ""),
        ({"title": "a\u202eb"}, ""),
        ({"text-he": "x" * 4_150}, ""),
    ):
        answer = client.post(NEW, form_of(client, NEW) | SENT | wrong)
        page = answer.content.decode()
        assert answer.status_code == 400, wrong
        assert said in words_of(page)
        assert 'class="error"' in page
        assert "أهلاً. {fact:balance}" in unescape(page) or "text-ar" in wrong
    assert care.macros(NILE, by=people.SYSTEM) == []


def test_looking_how_it_reads_keeps_nothing_and_says_what_the_check_finds(house: House) -> None:
    client = at_desk(house.hoda)
    page = client.post(NEW, form_of(client, NEW) | SENT | {"do": "preview", "text-en": "Please wait."}).content.decode()
    assert "Please wait." in page
    assert 'class="notice warn"' in page
    assert care.macros(NILE, by=people.SYSTEM) == []


def test_who_edits_what_a_colleague_edited_meanwhile_sees_it_and_may_go_on(house: House) -> None:
    client = at_desk(house.hoda)
    client.post(NEW, form_of(client, NEW) | SENT)
    (made,) = care.macros(NILE, by=people.SYSTEM)
    address = f"/office/care/macros/{made.id}"
    form = form_of(client, address)
    assert client.post(address, form | SENT | {"text-ar": "صباح الخير. {fact:balance}"}).status_code == 303
    stale = client.post(address, form | SENT | {"text-en": "Good evening. {fact:balance}"})
    assert stale.status_code == 409
    page = stale.content.decode()
    assert "A colleague changed this prepared answer meanwhile. Nothing was kept." in words_of(page)
    assert "صباح الخير" in page
    assert "Good evening" in page
    again = {"id": hidden(page, "id"), "version": hidden(page, "version")}
    assert client.post(address, again | SENT | {"text-en": "Good evening. {fact:balance}"}).status_code == 303
    assert care.macro_of(made.id, by=people.SYSTEM).version == 3


def test_a_prepared_answer_is_taken_out_of_use_and_brought_back(house: House) -> None:
    client = at_desk(house.hoda)
    client.post(NEW, form_of(client, NEW) | SENT)
    (made,) = care.macros(NILE, by=people.SYSTEM)
    address = f"/office/care/macros/{made.id}"
    gone = form_of(client, address) | {"do": "withdraw", "reason": "nobody needs it"}
    assert client.post(address, gone).status_code == 303
    assert care.macros(NILE, by=people.SYSTEM) == []
    assert f"/office/care/macros/{made.id}" in client.get("/office/care/macros?list=withdrawn").content.decode()
    back = form_of(client, address) | {"do": "bring-back", "reason": "needed after all"}
    assert client.post(address, back).status_code == 303
    assert [each.texts for each in care.macros(NILE, by=people.SYSTEM)] == [made.texts]


def test_who_may_not_edit_sees_them_and_another_house_s_are_not_there(house: House) -> None:
    agent = at_desk(house.salma)
    theirs = care.edit_macro(
        id=new_id(), institution_id=DELTA, slug="x", title="X", texts={"en": "Hello"}, by=people.SYSTEM, reason="theirs"
    )
    ours = care.edit_macro(
        id=new_id(), institution_id=NILE, slug="x", title="X", texts={"en": "Hello"}, by=people.SYSTEM, reason="ours"
    )
    assert agent.get(f"/office/care/macros/{theirs.id}").status_code == 404
    page = agent.get(f"/office/care/macros/{ours.id}").content.decode()
    assert "Hello" in page
    assert 'value="keep"' not in page
    sent = {"version": "1", "do": "withdraw", "reason": "I may not"}
    assert agent.post(f"/office/care/macros/{ours.id}", sent).status_code == 403
    assert care.macro_of(ours.id, by=people.SYSTEM).active


def test_tags_are_made_and_retired_with_a_reason(house: House) -> None:
    client, agent, address = at_desk(house.hoda), at_desk(house.salma), "/office/care/tags"
    form = {"id": hidden(client.get(address).content.decode(), "id"), "reason": "to sort refunds"}
    assert [client.post(f"{address}/new", form | {"name": "استرداد"}).status_code for _ in range(2)] == [303, 303]
    for wrong in ("", "x" * 41, "a\u202eb"):
        refused = client.post(f"{address}/new", form | {"id": str(new_id()), "name": wrong})
        assert refused.status_code == 400
        assert 'id="name-error"' in refused.content.decode()
    assert client.post(f"{address}/new", form | {"id": str(new_id()), "name": "استرداد"}).status_code == 409
    assert agent.post(f"{address}/new", form | {"id": str(new_id()), "name": "mine"}).status_code == 403
    (made,) = care.tags(NILE, by=people.SYSTEM)
    assert client.post(f"{address}/{made.id}/retire", {"reason": ""}).status_code == 400
    assert client.post(f"{address}/{made.id}/retire", {"reason": "nobody uses it"}).status_code == 303
    assert care.tags(NILE, by=people.SYSTEM) == []
    assert "استرداد" in client.get(address).content.decode()
