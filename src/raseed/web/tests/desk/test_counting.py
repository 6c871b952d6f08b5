"""How often the desk's pages ask the database: as often with two hundred open conversations as with a few."""

from __future__ import annotations

from django.db import connection
from django.test.utils import CaptureQueriesContext

from raseed.care import api as care
from raseed.care.models import ConversationRow
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.people.models import StaffRow

from .bureau import NILE, Bureau, at_desk

INBOX_MAX = 32
CONVERSATION_MAX = 64
"""How often at the most; a question for each row of a list would be fifty more."""


def hired(login: str) -> StaffRow:
    """Return somebody who may be named on a page; how they enrolled is not what this is about."""
    role = people.role_by_slug(NILE, "agent").id
    staff_id = people.add_staff(
        id=new_id(), login=login, names={"en": login.title()}, language="ar", institution_id=NILE, role_ids=[role],
        by=people.SYSTEM, reason="a test",
    ).id  # fmt: skip
    return StaffRow.objects.get(id=staff_id)


def test_with_two_hundred_open_conversations_of_forty_colleagues_the_desk_asks_as_often_as_with_a_few(
    bureau: Bureau,
) -> None:
    client = at_desk(bureau.house.salma)
    colleagues = [hired(f"colleague{n}") for n in range(40)]

    def asked(address: str) -> int:
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(address)
        assert answer.status_code == 200
        return len(queries)

    ids = [bureau.write(f"رسالة {n}", phone=f"+201001112{n:03d}", name=f"N{n}") for n in range(200)]
    for number, id_ in enumerate(ids):  # given to them all at once: what that takes is not what this is about
        ConversationRow.objects.filter(id=id_).update(assignee=colleagues[number % 40].id)
    for box in (care.Box.OPEN, care.Box.TEAM, care.Box.UNANSWERED):
        assert asked(f"/office/desk/?box={box.value}") <= INBOX_MAX, box
    assert client.get("/office/desk/?box=open").content.decode().count('class="conv ') == 50
    assert asked(f"/office/desk/{ids[0]}?box=open") <= CONVERSATION_MAX
