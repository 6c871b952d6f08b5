"""Answering: facts by one key, looked at again when sent; nobody answers over somebody else; nothing typed is lost."""

from __future__ import annotations

import re
from html import unescape

from django.test import Client

from raseed.care import api as care
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.web.tests.street import hidden, pay_in, words_of

from .bureau import Bureau, at_desk, fields_of

GOOD = "أهلاً ليلى، أنا سلمى. راجعت حسابكم الآن، وسأكتب لكم اليوم الساعة 16:00 بما وجدت. "


def fact_tokens(page: str) -> list[tuple[str, str]]:
    """Return the facts that a page offers: their token, and the words for the customer."""
    found = re.findall(r'<button class="put" name="insert" value="([^"]+)"[^>]*data-text="([^"]+)"', page)
    return [(token, unescape(text)) for token, text in found]


def opened(client: Client, id_: object) -> str:
    answer = client.get(f"/office/desk/{id_}")
    assert answer.status_code == 200, answer.content.decode()[:2000]
    return answer.content.decode()


def test_a_fact_is_put_in_by_its_button_and_sent_with_the_answer(bureau: Bureau) -> None:
    id_ = bureau.write()
    bureau.proven(id_)
    client = at_desk(bureau.house.salma)
    page = opened(client, id_)
    token, text = fact_tokens(page)[0]
    assert "١٬٠٠٠٫٠٠" in text
    page = client.post(f"/office/desk/{id_}/insert", fields_of(page, text=GOOD, insert=token)).content.decode()
    assert text in unescape(page)
    answer = client.post(f"/office/desk/{id_}/reply", {**fields_of(page, text=GOOD + text), "fact": [token]})
    assert answer.status_code == 303, words_of(answer.content.decode())
    sent = [each for each in care.entries(id_, by=people.SYSTEM).entries if each.kind is care.EntryKind.OUT]
    assert [(each.text, len(each.facts)) for each in sent] == [(GOOD + text, 1)]
    assert "facts checked: 1" in words_of(opened(client, id_))


def test_a_fact_that_changed_stops_the_answer_and_is_exchanged_by_one_press(bureau: Bureau) -> None:
    id_ = bureau.write()
    bureau.proven(id_)
    client = at_desk(bureau.house.salma)
    page = opened(client, id_)
    token, text = fact_tokens(page)[0]
    pay_in(bureau.house.street.layla_wallet, 50)
    answer = client.post(f"/office/desk/{id_}/reply", {**fields_of(page, text=GOOD + text), "fact": [token]})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "is no longer so" in words_of(page)
    assert GOOD.strip() in unescape(page)
    sent = {**fields_of(page, text=GOOD + text), "fact": [token], "do": "replace:0"}
    page = client.post(f"/office/desk/{id_}/reply", sent).content.decode()
    assert "١٬٠٠٠٫٥٠" in page.split('<textarea class="input" id="text"', 1)[1].split("</textarea>", 1)[0]
    assert not [each for each in care.entries(id_, by=people.SYSTEM).entries if each.kind is care.EntryKind.OUT]


def test_the_words_of_a_fact_that_somebody_altered_are_not_vouched_for(bureau: Bureau) -> None:
    id_ = bureau.write()
    bureau.proven(id_)
    client = at_desk(bureau.house.salma)
    page = opened(client, id_)
    token, text = fact_tokens(page)[0]
    altered = GOOD + text.replace("١", "٩")
    answer = client.post(f"/office/desk/{id_}/reply", {**fields_of(page, text=altered), "fact": [token]})
    assert answer.status_code == 409
    assert "nobody vouches for them" in words_of(answer.content.decode())
    forged = client.post(f"/office/desk/{id_}/reply", {**fields_of(page, text=altered), "fact": [token[:-3] + "abc"]})
    assert forged.status_code == 400


def test_an_unproven_sender_is_told_no_fact(bureau: Bureau) -> None:
    id_ = bureau.write(phone="+201009990000", name="Somebody")
    client = at_desk(bureau.house.salma)
    page = opened(client, id_)
    assert fact_tokens(page) == []
    assert "no fact about an account may be told" in words_of(page).lower()


def test_who_answers_after_a_colleague_did_is_shown_what_the_other_wrote(bureau: Bureau) -> None:
    id_ = bureau.write()
    salma, hoda = at_desk(bureau.house.salma), at_desk(bureau.house.hoda)
    page = opened(salma, id_)
    theirs = opened(hoda, id_)
    first = GOOD.replace("سلمى", "نور").strip()
    assert hoda.post(f"/office/desk/{id_}/reply", fields_of(theirs, text=first)).status_code == 303
    answer = salma.post(f"/office/desk/{id_}/reply", fields_of(page, text=GOOD))
    assert answer.status_code == 409
    shown = answer.content.decode()
    assert "The conversation has moved on. Nothing was sent." in words_of(shown)
    assert first in unescape(shown.split('class="out fresh"', 1)[1])
    assert GOOD.strip() in unescape(shown)
    assert salma.post(f"/office/desk/{id_}/reply", fields_of(shown, text=GOOD)).status_code == 303


def test_an_empty_answer_is_explained_and_goes_with_a_reason(bureau: Bureau) -> None:
    id_ = bureau.write()
    client = at_desk(bureau.house.salma)
    page = opened(client, id_)
    empty = "يتم تحديث البيانات، برجاء الانتظار."
    check = client.post(f"/office/desk/{id_}/check", fields_of(page, text=empty)).content.decode()
    assert 'name="override"' in check
    answer = client.post(f"/office/desk/{id_}/reply", fields_of(page, text=empty))
    assert answer.status_code == 400
    assert "Nothing was sent." in words_of(answer.content.decode())
    sent = fields_of(answer.content.decode(), text=empty, override="the system will be back in a minute")
    assert client.post(f"/office/desk/{id_}/reply", sent).status_code == 303
    assert "sent although the check stopped it" in words_of(opened(client, id_))


def test_sent_twice_is_sent_once(bureau: Bureau) -> None:
    id_ = bureau.write()
    client = at_desk(bureau.house.salma)
    sent = fields_of(opened(client, id_), text=GOOD)
    assert [client.post(f"/office/desk/{id_}/reply", sent).status_code for _ in range(2)] == [303, 303]
    assert len([each for each in care.entries(id_, by=people.SYSTEM).entries if each.kind is care.EntryKind.OUT]) == 1


def test_a_colleague_who_writes_is_seen_and_not_answered_over(bureau: Bureau) -> None:
    id_ = bureau.write()
    salma, hoda = at_desk(bureau.house.salma), at_desk(bureau.house.hoda)
    page = opened(salma, id_)
    assert hoda.post(f"/office/desk/{id_}/here", {"typing": "1"}).status_code == 200
    said = salma.post(f"/office/desk/{id_}/here", {"typing": ""}).content.decode()
    assert "Hoda Mansour is writing" in said
    answer = salma.post(f"/office/desk/{id_}/reply", fields_of(page, text=GOOD))
    assert answer.status_code == 409
    assert "Hoda Mansour is writing" in words_of(answer.content.decode())


def test_what_is_done_with_a_conversation(bureau: Bureau) -> None:
    id_ = bureau.write()
    client = at_desk(bureau.house.hoda)
    address = f"/office/desk/{id_}"
    assert client.post(f"{address}/take").status_code == 303
    assert client.post(f"{address}/note", {"reason": "الزبونة اتصلت أمس"}).status_code == 303
    page = opened(client, id_)
    assert "الزبونة اتصلت أمس" in page
    to = str(bureau.house.salma.staff.id)
    assert client.post(f"{address}/assign", {"to": to, "reason": "knows the matter"}).status_code == 303
    assert care.conversation(id_, by=people.SYSTEM).assignee == bureau.house.salma.staff.id
    refused = client.post(f"{address}/close", {"reason": "done"})
    assert refused.status_code == 409
    assert "has no answer yet" in words_of(refused.content.decode())
    closed = client.post(f"{address}/close", {"reason": "thanks only", "tick": "1"})
    assert (closed.status_code, closed["Location"]) == (303, "/office/desk/?done=closed")
    assert client.post(f"{address}/reopen", {"reason": "wrote again"}).status_code == 303
    assert client.post(f"{address}/fly").status_code == 404
    assert client.post(f"/office/desk/{new_id()}/take").status_code == 404


def test_who_may_not_see_conversations_does_not(bureau: Bureau) -> None:
    id_ = bureau.write()
    assert at_desk(bureau.house.adam).get(f"/office/desk/{id_}").status_code == 403


def test_a_conversation_can_be_read_in_three_languages(bureau: Bureau) -> None:
    id_ = bureau.write()
    bureau.proven(id_)
    for language in ("ar", "he", "en"):
        page = at_desk(bureau.house.salma, language).get(f"/office/desk/{id_}")
        assert page.status_code == 200
        assert 'dir="auto"' in page.content.decode()


def test_a_suggestion_is_made_of_facts_and_sends_nothing(bureau: Bureau) -> None:
    id_ = bureau.write()
    bureau.proven(id_)
    client = at_desk(bureau.house.salma)
    page = opened(client, id_)
    answer = client.post(f"/office/desk/{id_}/reply", fields_of(page, do="draft"))
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "١٬٠٠٠٫٠٠" in page.split('<textarea class="input" id="text"', 1)[1].split("</textarea>", 1)[0]
    assert 'name="fact"' in page
    assert not [each for each in care.entries(id_, by=people.SYSTEM).entries if each.kind is care.EntryKind.OUT]


def prepared(bureau: Bureau, text: str, slug: str = "balance") -> care.Macro:
    return care.edit_macro(
        id=new_id(), institution_id=bureau.line.institution_id, slug=slug, title="الرصيد الآن", texts={"ar": text},
        by=people.SYSTEM, reason="often asked",
    )  # fmt: skip


def box_of(page: str) -> str:
    return unescape(page.split('<textarea class="input" id="text"', 1)[1].split(">", 1)[1].split("</textarea>", 1)[0])


def test_a_prepared_answer_goes_with_its_facts_or_not_at_all(bureau: Bureau) -> None:
    id_ = bureau.write()
    bureau.proven(id_)
    macro = prepared(bureau, GOOD + "{fact:balance}")
    client = at_desk(bureau.house.salma)
    address, page = f"/office/desk/{id_}/reply", opened(client, id_)
    page = client.post(address, {**fields_of(page), "do": "macro", "macro": str(macro.id)}).content.decode()
    text, begun = box_of(page), hidden(page, "begun")
    assert begun == str(macro.id)
    assert "١٬٠٠٠٫٠٠" in text
    token = re.findall(r'name="fact" value="([^"]+)"', page)
    answer = client.post(address, {**fields_of(page, text=GOOD, begun=begun), "fact": []})
    assert answer.status_code == 400
    shown = answer.content.decode()
    assert "must carry facts that are not in it: Balance of an account" in words_of(shown)
    assert hidden(shown, "begun") == begun
    assert not [each for each in care.entries(id_, by=people.SYSTEM).entries if each.kind is care.EntryKind.OUT]
    sent = client.post(address, {**fields_of(shown, text=text, begun=begun), "fact": token})
    assert sent.status_code == 303, words_of(sent.content.decode())


def test_what_a_prepared_answer_lacks_is_said_in_the_reader_s_language(bureau: Bureau) -> None:
    id_ = bureau.write()
    macro = prepared(bureau, GOOD + "{fact:loan}")
    client = at_desk(bureau.house.salma, "ar")
    answer = client.post(
        f"/office/desk/{id_}/reply", {**fields_of(opened(client, id_)), "do": "macro", "macro": str(macro.id)}
    )
    assert answer.status_code == 400
    assert "قرض وما يستحق منه" in words_of(answer.content.decode())


def test_what_was_typed_before_stays_above_a_prepared_answer(bureau: Bureau) -> None:
    id_ = bureau.write()
    macro = prepared(bureau, GOOD)
    client = at_desk(bureau.house.salma)
    page = fields_of(opened(client, id_), text="أهلًا أستاذ أحمد،")
    answered = client.post(f"/office/desk/{id_}/reply", {**page, "do": "macro", "macro": str(macro.id)})
    assert box_of(answered.content.decode()).split() == ["أهلًا", "أستاذ", "أحمد،", *GOOD.split()]


def test_a_prepared_answer_is_taken_out_again_and_a_forged_one_is_refused(bureau: Bureau) -> None:
    id_ = bureau.write()
    macro = prepared(bureau, GOOD)
    client = at_desk(bureau.house.salma)
    address, page = f"/office/desk/{id_}/reply", opened(client, id_)
    page = client.post(address, {**fields_of(page), "do": "macro", "macro": str(macro.id)}).content.decode()
    left = client.post(address, fields_of(page, text=box_of(page), begun=str(macro.id), do="leave-macro"))
    assert (box_of(left.content.decode()), hidden(left.content.decode(), "begun")) == ("", "")
    for forged in ("x", str(new_id())):
        refused = client.post(address, fields_of(left.content.decode(), text=GOOD, begun=forged))
        assert refused.status_code in (400, 404), forged
        assert GOOD.strip() in unescape(refused.content.decode())
