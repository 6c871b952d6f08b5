"""Cases and requests at the desk: opened, told on a card, worked on; what is beyond one's limits is said in words."""

from __future__ import annotations

import re
from html import unescape

from raseed.care import api as care
from raseed.channels import api as channels
from raseed.people import api as people
from raseed.web.tests.street import hidden, words_of

from .bureau import NILE, Bureau, at_desk
from .test_answering import fact_tokens, opened


def test_a_case_is_opened_told_on_a_card_worked_on_and_ended(bureau: Bureau) -> None:
    id_ = bureau.write()
    bureau.proven(id_)
    client = at_desk(bureau.house.salma)
    form = client.get(f"/office/desk/{id_}/case")
    assert form.status_code == 200
    sent = {"do": "open", "title": "تحويل 250 لم يصل", "category": "transfer"}
    assert client.post(f"/office/desk/{id_}/case", sent).status_code == 303
    (case,) = care.cases(institution_id=NILE, by=people.SYSTEM).cases
    page = opened(client, id_)
    assert case.reference in page
    assert any(case.reference in text for _, text in fact_tokens(page))
    address = f"/office/desk/cases/{case.id}"
    assert client.post(address, {"do": "wait", "text": "asked for the receipt"}).status_code == 303
    assert "Waiting for the customer" in words_of(client.get(address).content.decode())
    ended = {"do": "resolve", "outcome": "upheld", "text": "المبلغ وصل وأُبلغت الزبونة"}
    assert client.post(address, ended).status_code == 303
    page = client.get(address).content.decode()
    assert "The customer was right, and it is mended" in words_of(page)
    refused = client.post(address, {"do": "note", "text": "one more"})
    assert refused.status_code == 409
    listed = client.get("/office/desk/cases?state=resolved").content.decode()
    assert case.reference in listed
    found = client.get("/office/desk/cases", {"q": case.reference.lower()})
    assert (found.status_code, found["Location"]) == (303, address)
    assert client.get("/office/desk/cases", {"q": "R-1999-1"}).status_code == 404


PICTURE = channels.NewFile("bill.jpg", "image/jpeg", b"\xff\xd8\xff\xe0 synthetic", "image")


def test_what_was_sent_before_there_was_a_case_goes_with_it_where_it_is_ticked(bureau: Bureau) -> None:
    talk, other = bureau.write(files=(PICTURE,)), bureau.write(files=(PICTURE,), phone="+201009998877", name="منى")
    bureau.proven(talk)
    bureau.write(files=(PICTURE,))
    client = at_desk(bureau.house.salma)
    form = client.get(f"/office/desk/{talk}/case").content.decode()
    mine, theirs = (
        [str(each.media_id) for each in care.attachments_of(one, by=people.SYSTEM)] for one in (talk, other)
    )
    assert re.findall(r'type="checkbox" name="media" value="([^"]+)" checked', form) == mine
    sent = {"do": "open", "title": "رسوم", "category": "fee", "media": [mine[0], *theirs, "nonsense"]}
    assert client.post(f"/office/desk/{talk}/case", sent).status_code == 303
    (case,) = care.cases(institution_id=NILE, by=people.SYSTEM).cases
    assert [str(each.media_id) for each in case.attachments] == mine[:1]
    assert client.post(f"/office/desk/{talk}/case", {"do": "leave", "reason": "another matter"}).status_code == 303
    form = client.get(f"/office/desk/{talk}/case").content.decode()
    assert re.findall(r'type="hidden" name="media" value="([^"]+)"', form) == mine[1:]
    joined = {"do": "join", "case": str(case.id), "media": mine[1:]}
    assert client.post(f"/office/desk/{talk}/case", joined).status_code == 303
    assert {str(each.media_id) for each in care.case(case.id, by=people.SYSTEM).attachments} == set(mine)


def test_what_is_beyond_ones_limits_is_said_in_words_and_nothing_typed_is_lost(bureau: Bureau) -> None:
    id_ = bureau.write()
    bureau.proven(id_)
    client = at_desk(bureau.house.salma)
    page = client.get(f"/office/desk/{id_}/ask").content.decode()
    assert f"account:{bureau.house.street.layla_wallet.id}" in page
    sent = {
        "id": hidden(page, "id"), "action": "goodwill_credit", "subject": f"account:{bureau.house.street.layla_wallet.id}",
        "amount": "٥٠", "reason": "three days without an answer",
    }  # fmt: skip
    answer = client.post(f"/office/desk/{id_}/ask", sent)
    assert answer.status_code in (403, 409)
    page = answer.content.decode()
    assert 'class="error" id="amount-error"' in page
    assert "three days without an answer" in unescape(page)
    assert client.get("/office/desk/requests").status_code == 200
    assert client.get("/office/desk/requests?list=all").status_code == 200


def test_papers_that_nobody_filed_are_listed(bureau: Bureau) -> None:
    assert "Every paper is with its case." in words_of(
        at_desk(bureau.house.salma).get("/office/desk/papers").content.decode()
    )
