"""Questions without an answer at the desk: kept with an owner and a time, joined, answered to everyone who asked."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest
from django.test import Client

from raseed.care import api as care
from raseed.care.api import promises
from raseed.care.promises.telling import tell_one
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.web.desk.asking import time_entered
from raseed.web.tests.street import hidden, words_of

from .bureau import NILE, Bureau, at_desk

QUESTION = "متى تعود خدمة السحب من أجهزة الصراف في المنصورة؟"
ANSWER = "عادت الخدمة إلى كل الأجهزة في المنصورة يوم 22 نوفمبر الساعة 10:00، والسحب حتى 6000 جنيه في اليوم."
EMPTY = "سنتابع الموضوع ونعود إليكم"
ZONE = "Africa/Cairo"


def in_hours(hours: int) -> str:
    return time_entered(SYSTEM_CLOCK.now() + timedelta(hours=hours), ZONE)


def keep(client: Client, bureau: Bureau, conversation_id: object, **others: str) -> int:
    """Keep a question; return the status of the answer."""
    address = f"/office/desk/{conversation_id}/question"
    page = client.get(address).content.decode()
    sent = {
        "id": hidden(page, "id"), "question": QUESTION, "language": "ar", "owner": str(bureau.house.salma.staff.id),
        "due_at": in_hours(20), "do": "keep",
    }  # fmt: skip
    return client.post(address, sent | others).status_code


def open_gap() -> promises.Gap:
    (gap,) = promises.gaps(NILE, by=people.SYSTEM)
    return gap


def told_texts(conversation_id: object) -> list[str]:
    entries = care.entries(conversation_id, by=people.SYSTEM).entries  # type: ignore[arg-type]
    return [each.text for each in entries if each.kind is care.EntryKind.OUT]


def test_a_question_is_kept_listed_and_answered_to_everyone_who_asked(bureau: Bureau) -> None:
    first, second = bureau.write(), bureau.write(phone="+201001234568", name="نور")
    client = at_desk(bureau.house.salma)
    assert "No answer yet" in client.get(f"/office/desk/{first}").content.decode()
    assert keep(client, bureau, first) == 303
    gap = open_gap()
    address = f"/office/desk/{second}/question"
    page = client.get(address).content.decode()
    sent = {
        "id": hidden(page, "id"), "question": "متى يعود السحب من الصراف؟", "language": "ar",
        "owner": str(bureau.house.salma.staff.id), "due_at": in_hours(20), "do": "keep",
    }  # fmt: skip
    offered = client.post(address, sent).content.decode()
    assert f"join:{gap.id}" in offered
    assert QUESTION in unescape(offered)
    assert client.post(address, sent | {"do": f"join:{gap.id}"}).status_code == 303
    assert open_gap().askers == 2
    assert QUESTION in unescape(client.get("/office/desk/questions").content.decode())
    one = f"/office/desk/questions/{gap.id}"
    page = client.get(one).content.decode()
    assert "نور" in page
    assert "One more customer asks" in words_of(page)
    answer = {"id": hidden(page, "id"), "question-ar": QUESTION, "text-ar": ANSWER, "reason": "the bank said so"}
    assert client.post(one, answer | {"do": "answer"}).status_code == 303
    for asker in promises.not_told(NILE, by=people.SYSTEM):
        tell_one(asker.id)
    assert [len(told_texts(each)) for each in (first, second)] == [1, 1]
    assert ANSWER in told_texts(second)[0]
    page = words_of(client.get(one).content.decode())
    assert "was told" in page
    assert "Answer it" not in page
    listed = client.get("/office/desk/questions?list=answered").content.decode()
    assert QUESTION in unescape(listed)
    assert "Everyone who asked knows the answer." in client.get("/office/desk/questions/not-told").content.decode()


def test_an_answer_that_says_nothing_is_stopped_with_its_findings_and_nothing_typed_is_lost(bureau: Bureau) -> None:
    client = at_desk(bureau.house.salma)
    assert keep(client, bureau, bureau.write()) == 303
    one = f"/office/desk/questions/{open_gap().id}"
    page = client.get(one).content.decode()
    sent = {"id": hidden(page, "id"), "question-ar": QUESTION, "text-ar": EMPTY, "reason": "to be seen"}
    checked = client.post(one, sent | {"do": "check"})
    assert checked.status_code == 200
    assert 'name="override"' in checked.content.decode()
    refused = client.post(one, sent | {"do": "answer"})
    assert refused.status_code == 400
    page = refused.content.decode()
    assert "was stopped by the check of replies" in words_of(page)
    assert EMPTY in unescape(page)
    assert "to be seen" in page
    english = {
        **sent,
        "question-ar": "",
        "text-ar": "",
        "question-en": "When?",
        "text-en": "Since 10:00 on 22 November.",
    }
    missing = client.post(one, english | {"do": "answer"})
    assert missing.status_code == 400
    assert "reads another language: ar" in words_of(missing.content.decode())
    assert open_gap().state is promises.GapState.OPEN


def test_a_question_is_handed_over_promised_for_later_and_joined_by_who_may(bureau: Bureau) -> None:
    agent, supervisor = at_desk(bureau.house.salma), at_desk(bureau.house.hoda)
    assert keep(agent, bureau, bureau.write()) == 303
    gap = open_gap()
    one = f"/office/desk/questions/{gap.id}"
    assert "Promise it for later" not in agent.get(one).content.decode()
    handed = {"do": "hand_over", "to": str(bureau.house.hoda.staff.id), "reason": "knows the machines"}
    assert agent.post(one, handed).status_code == 403
    assert supervisor.post(one, handed).status_code == 303
    assert open_gap().owner == bureau.house.hoda.staff.id
    assert supervisor.post(one, {"do": "move", "due_at": "yesterday", "reason": "parts are late"}).status_code == 400
    later = {"do": "move", "due_at": in_hours(50), "reason": "parts are late"}
    assert supervisor.post(one, later).status_code == 303
    assert open_gap().due_at > gap.due_at
    assert "parts are late" in supervisor.get(one).content.decode()
    other = bureau.write(phone="+201001234568", name="نور")
    assert keep(agent, bureau, other, question="السحب من الصراف متوقف؟", do="new") == 303
    (new,) = (each for each in promises.gaps(NILE, by=people.SYSTEM) if each.id != gap.id)
    joined = {"do": "join", "into": str(gap.id), "reason": "the same machines"}
    assert supervisor.post(f"/office/desk/questions/{new.id}", joined).status_code == 303
    assert open_gap().askers == 2
    assert f"/office/desk/questions/{gap.id}" in supervisor.get(f"/office/desk/questions/{new.id}").content.decode()


def test_lists_say_what_is_mine_and_what_is_overdue(bureau: Bureau) -> None:
    agent, supervisor = at_desk(bureau.house.salma), at_desk(bureau.house.hoda)
    assert keep(agent, bureau, bureau.write()) == 303
    assert QUESTION in unescape(agent.get("/office/desk/questions?list=mine").content.decode())
    assert "No question is in this list." in supervisor.get("/office/desk/questions?list=mine").content.decode()
    assert QUESTION in unescape(supervisor.get("/office/desk/questions?list=all").content.decode())
    assert "No question is in this list." in agent.get("/office/desk/questions?list=overdue").content.decode()
    assert agent.get("/office/desk/questions?after=nonsense").status_code == 400
    assert keep(agent, bureau, bureau.write(), question="سؤال آخر", due_at=in_hours(-1), do="new") == 400


def test_answers_are_written_found_changed_and_withdrawn(bureau: Bureau) -> None:
    agent, supervisor = at_desk(bureau.house.salma), at_desk(bureau.house.hoda)
    assert agent.get("/office/desk/answers/new").status_code == 403
    page = supervisor.get("/office/desk/answers/new").content.decode()
    sent = {
        "id": hidden(page, "id"), "question-ar": QUESTION, "text-ar": ANSWER, "public": "1", "reason": "asked often",
        "do": "keep",
    }  # fmt: skip
    answer = supervisor.post("/office/desk/answers/new", sent)
    assert answer.status_code == 303, words_of(answer.content.decode())
    address = answer["Location"]
    assert QUESTION in unescape(agent.get("/office/desk/answers", {"q": "الصرّاف"}).content.decode())
    assert "No answer is in this list." in agent.get("/office/desk/answers", {"q": "zebra"}).content.decode()
    assert "Keep the answer" not in agent.get(address).content.decode()
    page = supervisor.get(address).content.decode()
    changed = {**sent, "version": hidden(page, "version"), "text-ar": ANSWER + " والرسوم 5 جنيهات.", "public": ""}
    assert supervisor.post(address, changed).status_code == 303
    stale = supervisor.post(address, changed)
    assert stale.status_code == 409
    page = agent.get(address).content.decode()
    assert "والرسوم 5 جنيهات" in page
    assert "Staff alone" in page
    assert agent.post(address, {"do": "withdraw", "reason": "no longer so"}).status_code == 403
    assert supervisor.post(address, {"do": "withdraw", "reason": "no longer so"}).status_code == 303
    assert "Withdrawn" in agent.get(address).content.decode()
    assert "No answer is in this list." in agent.get("/office/desk/answers").content.decode()


def test_a_promise_stands_on_a_card_and_is_looked_at_again_when_it_was_answered(bureau: Bureau) -> None:
    id_ = bureau.write()
    one = bureau.proven(id_)
    client = at_desk(bureau.house.salma)
    assert keep(client, bureau, id_) == 303
    gap, by = open_gap(), people.author_of_staff(bureau.house.salma.staff.id)
    assert one.customer_id is not None
    asked = {"customer_id": one.customer_id, "institution_id": NILE, "by": by, "language": "en", "reply_language": "en"}
    (card,) = care.cards(**asked, only=["promises"])  # type: ignore[arg-type]
    (fact,) = card.facts
    assert (card.title, fact.key, fact.source) == ("Promises made", f"gap:{gap.id}", "Questions without an answer")
    assert fact.as_of == gap.raised_at
    assert QUESTION in fact.words
    assert "We promised you an answer by" in fact.reply
    assert QUESTION not in fact.reply
    assert QUESTION in unescape(client.get(f"/office/desk/{id_}").content.decode())
    care.recheck([fact.inserted()], **asked)  # type: ignore[arg-type]
    said = {"ar": promises.AnswerText(QUESTION, ANSWER)}
    promises.answer_gap(gap.id, said, id=new_id(), public=False, reason="the bank said so", by=by)
    with pytest.raises(care.FactChanged):
        care.recheck([fact.inserted()], **asked)  # type: ignore[arg-type]
    (card,) = care.cards(**asked, only=["promises"])  # type: ignore[arg-type]
    assert "answered on" in card.facts[0].words
