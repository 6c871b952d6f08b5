"""A conversation is given to a colleague or to another team; the desk opens where there is work, and says what did not arrive."""

from __future__ import annotations

import pytest
from django.db import transaction

from raseed.care import api as care
from raseed.care.conversations.delivery import delivery_changed
from raseed.channels import api as channels
from raseed.channels.models import OutgoingRow
from raseed.channels.sending.moving import move
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.web.tests.street import words_of

from .bureau import NILE, Bureau, at_desk

WHY = "knows the matter"


@pytest.fixture
def loans(bureau: Bureau) -> care.duty.Team:
    """A second team."""
    first = care.duty.default_team(NILE)
    return care.duty.make_team(
        id=new_id(), institution_id=NILE, slug="loans", names={"en": "Loans", "ar": "القروض"},
        calendar_id=first.calendar_id, lead=bureau.house.hoda.staff.id, keeps_after_shift=False, by=people.SYSTEM, reason="a second team",
    )  # fmt: skip


def test_it_goes_to_another_team_with_a_reason_and_back_to_the_list(bureau: Bureau, loans: care.duty.Team) -> None:
    one, client = bureau.write(), at_desk(bureau.house.salma)
    page = client.get(f"/office/desk/{one}").content.decode()
    assert f'value="{loans.id}"' in page
    assert "Customer service" in words_of(page) or "Team" in words_of(page)
    for wrong in ({"to": "x", "reason": WHY}, {"to": str(loans.id), "reason": ""}):
        assert client.post(f"/office/desk/{one}/team", wrong).status_code in (400, 422)
    done = client.post(f"/office/desk/{one}/team", {"to": str(loans.id), "reason": WHY})
    assert done.status_code == 303
    assert "Given to the other team" in words_of(client.get(done["Location"]).content.decode())
    now = care.conversation(one, by=people.SYSTEM)
    assert (now.team_id, now.assignee) == (loans.id, None)
    assert f'value="{loans.id}"' not in client.get(f"/office/desk/{one}").content.decode(), "it is theirs already"


def test_one_s_own_is_given_to_a_colleague_by_everybody_and_others_only_by_who_may(bureau: Bureau) -> None:
    one, salma = bureau.write(), at_desk(bureau.house.salma)
    assert "/assign" not in salma.get(f"/office/desk/{one}").content.decode()
    salma.post(f"/office/desk/{one}/take")
    page = salma.get(f"/office/desk/{one}").content.decode()
    assert f'value="{bureau.house.hoda.staff.id}"' in page
    assert f'<option value="{bureau.house.salma.staff.id}"' not in page.split("/assign", 1)[1].split("</form>")[0]
    to = {"to": str(bureau.house.hoda.staff.id), "reason": WHY}
    assert salma.post(f"/office/desk/{one}/assign", to)["Location"] == "/office/desk/?done=assigned"
    assert care.conversation(one, by=people.SYSTEM).assignee == bureau.house.hoda.staff.id
    back = {"to": str(bureau.house.salma.staff.id), "reason": WHY}
    assert salma.post(f"/office/desk/{one}/assign", back).status_code == 403, "it is not theirs any more"


def test_the_desk_opens_where_there_is_work(bureau: Bureau) -> None:
    client = at_desk(bureau.house.salma)

    def box() -> str:
        page = client.get("/office/desk/").content.decode()
        return page.split('name="box" value="', 1)[1].split('"', 1)[0]

    assert box() == "mine", "nothing waits anywhere"
    one = bureau.write()
    for who, expected in ((bureau.house.salma, "mine"), (bureau.house.hoda, "team")):
        with transaction.atomic():
            care.assign(one, to=who.staff.id, by=people.SYSTEM, reason=WHY)
        assert box() == expected
    assert "?box=closed" in client.get("/office/desk/").content.decode()
    named = client.get("/office/desk/?box=mine").content.decode()
    assert 'name="box" value="mine"' in named, "a list that is named is the one shown"


def test_an_answer_that_did_not_arrive_is_said_in_the_list_and_above_the_conversation(bureau: Bureau) -> None:
    one, client = bureau.write(), at_desk(bureau.house.salma)
    by = people.author_of_staff(bureau.house.salma.staff.id)
    entry = care.reply(
        one, client_message_id=new_id(), text="المبلغ رجع إلى حسابكم الساعة 14:33.", by=by,
        expected_version=care.conversation(one, by=people.SYSTEM).version,
    )  # fmt: skip
    assert entry.message_id is not None
    with transaction.atomic():
        row = OutgoingRow.objects.get(id=entry.message_id)
        move(row, channels.OutgoingState.FAILED, at=SYSTEM_CLOCK.now(), code="provider_trouble", clock=SYSTEM_CLOCK)
    delivery_changed(entry.message_id)
    assert "answer did not arrive" in words_of(client.get("/office/desk/?box=open").content.decode())
    head = words_of(client.get(f"/office/desk/{one}").content.decode())
    assert "Our answer was not sent. The customer still waits" in head
    client.post(f"/office/desk/{one}/entry/{entry.id}/again")
    assert "still waits" not in words_of(client.get(f"/office/desk/{one}").content.decode())


def test_a_line_is_given_to_a_team_by_who_may_and_new_conversations_are_theirs(
    bureau: Bureau, loans: care.duty.Team
) -> None:
    hoda, here = at_desk(bureau.house.hoda), "/office/desk/lines"
    assert here in hoda.get("/office/desk/").content.decode()
    assert "The institution's first team" in words_of(hoda.get(here).content.decode())
    form = {"line": str(bureau.line.id), "team": str(loans.id), "reason": "it is about loans"}
    for wrong in ({"line": "x"}, {"line": str(new_id())}, {"team": "x"}, {"reason": ""}, {"reason": "x" * 501}):
        assert hoda.post(here, form | wrong).status_code in (400, 404, 422), wrong
    done = hoda.post(here, form)
    assert done.status_code == 303
    assert "The line has its team." in words_of(hoda.get(done["Location"]).content.decode())
    assert care.conversation(bureau.write(), by=people.SYSTEM).team_id == loans.id
    assert at_desk(bureau.house.salma).get(here).status_code == 403
