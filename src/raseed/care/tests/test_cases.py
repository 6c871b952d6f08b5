"""Cases have numbers without gaps, and documents find the right one or wait for a person."""

from __future__ import annotations

import threading
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, transaction

from raseed.care import api as care
from raseed.care.cases.filing import media_settled, references_in
from raseed.care.conversations.handlers import follow_media, receive_message
from raseed.care.models import AttachmentRow
from raseed.channels.api import NewFile
from raseed.channels.events import MEDIA_SETTLED, MESSAGE_RECEIVED
from raseed.kernel.errors import InputError
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.platform.api import Event, SameIdOtherContent, audit_records

from .talk import PHONE, House, mona, staff_id

PICTURE = (NewFile(kind="image", name="id.jpg", claimed_type="image/jpeg", content=b"\xff\xd8\xff\xe0 synthetic"),)


def a_case(house: House, conversation_id: UUID, title: str = "A transfer that did not arrive") -> care.Case:
    return care.open_case(conversation_id, category="transfer", title=title, by=house.salma, clock=house.clock)


def brings(house: House, text: str = "", **more: object) -> care.Attachment:
    """Let somebody send a picture to the line for documents; return what became of it."""
    more.setdefault("phone", PHONE)
    message = house.writes(text, line=house.documents, files=PICTURE, kind="image", **more)  # type: ignore[arg-type]
    one = care.receive(message.id, clock=house.clock)
    found = AttachmentRow.objects.get(message_id=message.id)
    return next(each for each in care.attachments_of(one, by=house.salma) if each.id == found.id)


def test_a_case_has_a_reference_an_owner_and_a_clock(house: House) -> None:
    one, id_ = house.hears(), new_id()
    made = care.open_case(one, id=id_, category="transfer", title="Lost transfer", by=house.salma, clock=house.clock)
    assert (made.reference, made.owner, made.state.value) == ("R-2026-000001", staff_id(house.salma), "open")
    assert (made.conversations, house.now_is(one).case_id) == ((one,), made.id)
    assert {rule: each.assignee for rule, each in house.running(made.id).items()} == {
        "resolution": staff_id(house.salma)
    }
    again = care.open_case(one, id=id_, category="transfer", title="Lost transfer", by=house.salma, clock=house.clock)
    assert again == made
    with pytest.raises(SameIdOtherContent):
        care.open_case(one, id=id_, category="bill", title="Lost transfer", by=house.salma, clock=house.clock)
    with pytest.raises(care.CaseEnded):
        a_case(house, one)
    with pytest.raises(InputError):
        care.open_case(one, category="weather", title="Rain", by=house.salma, clock=house.clock)


def test_cases_opened_at_the_same_instant_get_numbers_without_gaps(house: House) -> None:
    ids = [house.hears(who=f"wa:{n}") for n in range(8)]
    ready = threading.Barrier(8)

    def begin(one: UUID) -> None:
        ready.wait()
        try:
            a_case(house, one)
        finally:
            connection.close()

    threads = [threading.Thread(target=begin, args=(one,)) for one in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    found = care.cases(institution_id=house.id, by=house.salma).cases
    assert sorted(each.reference for each in found) == [f"R-2026-{n:06}" for n in range(1, 9)]


@pytest.mark.parametrize("typed", ["R-2026-000001", "r2026 1", "ر", "my case is R-٢٠٢٦-٠٠٠٠٠١, thanks", "R/2026/1."])
def test_a_reference_is_found_however_it_is_typed(house: House, typed: str) -> None:
    made = a_case(house, house.hears())
    if typed == "ر":
        with pytest.raises(care.UnknownCase):
            care.case_by_reference(typed, institution_id=house.id, by=house.salma)
        return
    assert care.case_by_reference(typed, institution_id=house.id, by=house.salma).id == made.id


def test_what_only_looks_like_a_reference_is_none() -> None:
    assert references_in("CAR-2026-000001 or R-1999-1 or R-2026-0") == []
    assert references_in("R-2026-12 r-2026-12 R 2026 13") == [(2026, 12), (2026, 13)]


def test_a_case_is_worked_on_resolved_and_opened_again_by_steps(house: House) -> None:
    made = a_case(house, house.hears())
    waiting = care.work_on_case(
        made.id, by=house.salma, note="Asked for a copy", state=care.CaseState.WAITING, clock=house.clock
    )
    assert waiting.state is care.CaseState.WAITING
    with pytest.raises(InputError):
        care.work_on_case(made.id, by=house.salma, note="done", state=care.CaseState.RESOLVED, clock=house.clock)
    done = care.resolve_case(
        made.id, outcome="upheld", resolution="EGP 50 given back", by=house.salma, clock=house.clock
    )
    assert (done.state.value, done.outcome, done.resolution) == ("resolved", care.Outcome.UPHELD, "EGP 50 given back")
    assert house.running(made.id) == {}
    with pytest.raises(care.CaseEnded):
        care.work_on_case(made.id, by=house.salma, note="more", clock=house.clock)
    care.reopen_case(made.id, by=house.salma, reason="it failed again", clock=house.clock)
    assert [(step.number, step.state.value) for step in care.case_steps(made.id, by=house.salma)] == [
        (1, "open"), (2, "waiting"), (3, "resolved"), (4, "open"),
    ]  # fmt: skip
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE care_case_step SET note = 'else'")


def test_a_document_goes_to_the_only_open_case_of_its_sender(house: House) -> None:
    mona(house)
    made = a_case(house, house.hears(phone=PHONE))
    filed = brings(house)
    assert (filed.case_id, filed.how, filed.filed_by) == (made.id, care.FiledHow.ONLY_OPEN, "system")
    assert care.unfiled(house.id, by=house.salma).attachments == ()
    assert [each.id for each in care.case(made.id, by=house.salma).attachments] == [filed.id]


def test_with_two_open_cases_a_person_chooses_unless_a_reference_is_typed(house: House) -> None:
    mona(house)
    first = a_case(house, house.hears(phone=PHONE))
    contact = care.log_contact(
        id=new_id(), line_id=house.branch.id, phone=PHONE, text="Brought a complaint", by=house.salma, clock=house.clock
    )
    second = care.open_case(contact, category="fee", title="A fee", by=house.salma, clock=house.clock)
    lost = brings(house)
    assert (lost.case_id, care.unfiled_count(house.id, by=house.salma)) == (None, 1)
    assert brings(house, f"for {second.reference}").case_id == second.id
    chosen = care.attach_media(first.id, lost.media_id, by=house.salma, reason="the picture says so", clock=house.clock)
    assert (chosen.case_id, chosen.how, chosen.filed_by) == (first.id, care.FiledHow.PERSON, house.salma.actor)
    assert care.unfiled_count(house.id, by=house.salma) == 0
    assert audit_records(action="care.document_filed").records[0].reason == "the picture says so"


def test_a_reference_that_comes_after_the_picture_files_it(house: House) -> None:
    mona(house)
    made = a_case(house, house.hears(phone=PHONE))
    contact = care.log_contact(
        id=new_id(), line_id=house.branch.id, phone=PHONE, text="Another matter", by=house.salma, clock=house.clock
    )
    care.open_case(contact, category="fee", title="A fee", by=house.salma, clock=house.clock)
    brings(house)
    house.hears(f"it is for {made.reference}", line=house.documents, phone=PHONE)
    assert AttachmentRow.objects.get().case_id == made.id
    house.waits(60)
    assert brings(house).case_id == made.id


def test_a_stranger_who_types_a_reference_puts_nothing_into_another_customers_case(house: House) -> None:
    mona(house)
    made = a_case(house, house.hears(phone=PHONE))
    strange = brings(house, f"see {made.reference}", who="wa:9", phone=None)
    assert (strange.case_id, strange.suggested_case_id) == (None, made.id)
    assert [each.id for each in care.unfiled(house.id, by=house.salma).attachments] == [strange.id]


def test_one_customers_document_does_not_go_to_another_customers_case(house: House) -> None:
    mona(house)
    mona(house, phone="+201007654321")
    made = a_case(house, house.hears(phone=PHONE))
    other = brings(house, who="wa:2", phone="+201007654321")
    with pytest.raises(care.CaseOfAnother):
        care.attach_media(made.id, other.media_id, by=house.salma, reason="by mistake", clock=house.clock)
    with pytest.raises(care.UnknownAttachment):
        care.attach_media(made.id, new_id(), by=house.salma, reason="by mistake", clock=house.clock)


def test_a_conversation_joins_only_a_case_of_the_same_customer(house: House) -> None:
    mona(house)
    mona(house, phone="+201007654321")
    made = a_case(house, house.hears(phone=PHONE))
    other = house.hears(who="wa:2", phone="+201007654321")
    with pytest.raises(care.CaseOfAnother):
        care.join_case(other, case_id=made.id, by=house.salma, clock=house.clock)
    unknown = house.hears(who="wa:3")
    joined = care.join_case(unknown, case_id=made.id, by=house.salma, clock=house.clock)
    assert set(joined.conversations) == {*made.conversations, unknown}
    care.leave_case(unknown, by=house.salma, reason="somebody else", clock=house.clock)
    assert house.now_is(unknown).case_id is None


def test_what_became_of_a_file_is_taken_over(house: House) -> None:
    mona(house)
    lost = brings(house)
    assert care.unfiled_count(house.id, by=house.salma) == 1
    for _ in range(2):
        media_settled(lost.media_id, state="infected", clock=house.clock)
    assert care.unfiled_count(house.id, by=house.salma) == 0
    media_settled(new_id(), state="kept", clock=house.clock)


def test_a_file_that_is_settled_before_its_message_was_placed_is_not_forgotten(house: House) -> None:
    mona(house)
    message = house.writes("", kind="image", files=PICTURE, phone=PHONE)
    (file,) = message.media
    told = {"media_id": str(file.id), "message_id": str(message.id), "state": "infected"}
    now = house.clock.now()
    follow_media(Event(new_id(), MEDIA_SETTLED, 1, house.id, 1, now, told))
    receive_message(Event(new_id(), MESSAGE_RECEIVED, 1, house.id, 2, now, {"message_id": str(message.id)}))
    (attachment,) = AttachmentRow.objects.all()
    assert (attachment.media_id, attachment.state) == (file.id, "infected")


def test_who_may_not_see_finds_no_case(house: House) -> None:
    made = a_case(house, house.hears())
    stranger = people.Author("staff:x", {})
    with pytest.raises(care.UnknownCase):
        care.case(made.id, by=stranger)
    with pytest.raises(people.NotPermitted):
        care.unfiled(house.id, by=stranger)
