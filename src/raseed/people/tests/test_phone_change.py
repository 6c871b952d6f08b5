"""A phone number changes with codes to both phones, or by two of the staff; a stolen session changes nothing."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, connections

from raseed.channels.models import TextRow
from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id
from raseed.people.api import (
    Author,
    ChangeOutdated,
    CodeExpired,
    Customer,
    Institution,
    InvalidPhone,
    NotPermitted,
    PhoneTaken,
    ProofNeeded,
    SamePhone,
    SecondPersonNeeded,
    TooManyTries,
    UnknownCustomer,
    WrongCode,
    change,
    confirm_change,
    confirm_code,
    confirm_phone_change,
    customer,
    customer_by_phone,
    describe_change,
    device_keys,
    propose_change,
    propose_phone_change,
    request_code,
    request_phone_change,
    search_customers,
    set_language,
)
from raseed.people.events import PHONE_CHANGED
from raseed.people.models import IdentityRow, PhoneChangeRow
from raseed.people.persons import phone_change
from raseed.people.sign_in.codes import CODE_LIFE, TRIES_MAX
from raseed.people.sign_in.proofs import check_proof, give_proof
from raseed.platform.api import SameIdOtherContent, TooManyRequests, audit_records, audit_trail
from raseed.platform.models import AuditRow, EventRow

from .office import an_author
from .test_devices import Device, enrolled
from .world import MONA, a_customer, an_institution

NEW = "+201119998888"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(SYSTEM_CLOCK.now())


@pytest.fixture
def nile(built: Institution) -> UUID:
    return built.id


@pytest.fixture
def mona(nile: UUID) -> Customer:
    return a_customer(nile)


def code_to(phone: str) -> str:
    texts = TextRow.objects.filter(to_phone=phone, purpose="one_time_code").order_by("-created_at", "-message_id")
    found = re.search(r"\d{6}", texts[0].text or "")
    assert found is not None
    return found[0]


def asked(mona: Customer, phone: str = NEW, **more: Any) -> UUID:
    return request_phone_change(mona.id, id=new_id(), new_phone=phone, **more).id


def other(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_codes_to_both_phones_change_the_number(nile: UUID, mona: Customer) -> None:
    asked_id = asked(mona, "01119998888", region="EG")
    changed = confirm_phone_change(mona.id, asked_id, old_code=code_to(MONA), new_code=f" {code_to(NEW)} ")
    assert (changed.phone, customer(mona.id), customer_by_phone(NEW)) == (NEW, changed, changed)
    with pytest.raises(UnknownCustomer):
        customer_by_phone(MONA)
    assert [one.id for one in search_customers("9998888", institution_id=nile)] == [mona.id]
    assert list(search_customers(MONA, institution_id=nile)) == []
    request_code(phone=NEW)
    assert confirm_code(phone=NEW, code=code_to(NEW)).id == mona.id


def test_the_old_phone_is_told_and_every_session_proof_and_device_key_ends(mona: Customer) -> None:
    device = enrolled(mona, Device())
    proof = give_proof(mona.id, "code", SYSTEM_CLOCK.now())
    change_id = asked(mona)
    assert device_keys(mona.id) == [device]
    changed = confirm_phone_change(mona.id, change_id, old_code=code_to(MONA), new_code=code_to(NEW))
    told = TextRow.objects.get(purpose="phone_changed")
    assert (told.to_phone, NEW in (told.text or "")) == (MONA, False)
    assert changed.session_epoch == mona.session_epoch + 1
    assert device_keys(mona.id) == []
    with pytest.raises(ProofNeeded):
        check_proof(mona.id, proof.token, SYSTEM_CLOCK.now())


@pytest.mark.parametrize(("language", "word"), [("ar", "رمز"), ("he", "קוד"), ("en", "ode")])
def test_texts_are_in_the_customers_language(mona: Customer, language: str, word: str) -> None:
    set_language(mona.id, language)
    asked(mona)
    assert all(word in (text.text or "") for text in TextRow.objects.all())
    assert TextRow.objects.count() == 2


def test_one_code_alone_changes_nothing(mona: Customer) -> None:
    change_id = asked(mona)
    old, new = code_to(MONA), code_to(NEW)
    for codes, field in (
        ((old, other(new)), "new_code"),
        ((other(old), new), "old_code"),
        ((new, old), "old_code"),
        ((old, ""), "new_code"),
    ):
        with pytest.raises(WrongCode) as refusal:
            confirm_phone_change(mona.id, change_id, old_code=codes[0], new_code=codes[1])
        assert refusal.value.field == field
    assert customer(mona.id) == mona


def test_after_five_wrong_tries_it_is_over_and_waits(mona: Customer, clock: ManualClock) -> None:
    change_id = asked(mona, clock=clock)
    old, new = code_to(MONA), code_to(NEW)
    for _ in range(TRIES_MAX - 1):
        with pytest.raises(WrongCode):
            confirm_phone_change(mona.id, change_id, old_code=old, new_code=other(new), clock=clock)
    for code in (other(new), new):
        with pytest.raises(TooManyTries):
            confirm_phone_change(mona.id, change_id, old_code=old, new_code=code, clock=clock)
    with pytest.raises(TooManyTries):
        asked(mona, clock=clock)
    clock.advance(timedelta(minutes=1, seconds=1))
    with pytest.raises(CodeExpired):
        confirm_phone_change(mona.id, change_id, old_code=old, new_code=new, clock=clock)
    again = asked(mona, clock=clock)
    confirm_phone_change(mona.id, again, old_code=code_to(MONA), new_code=code_to(NEW), clock=clock)


def test_codes_are_good_once_for_five_minutes_and_for_one_change(mona: Customer, clock: ManualClock) -> None:
    first = asked(mona, clock=clock)
    codes: dict[str, Any] = {"old_code": code_to(MONA), "new_code": code_to(NEW)}
    second = asked(mona, clock=clock)
    with pytest.raises(CodeExpired):
        confirm_phone_change(mona.id, first, **codes, clock=clock)
    codes = {"old_code": code_to(MONA), "new_code": code_to(NEW)}
    clock.advance(CODE_LIFE)
    with pytest.raises(CodeExpired):
        confirm_phone_change(mona.id, second, **codes, clock=clock)
    third = asked(mona, clock=clock)
    codes = {"old_code": code_to(MONA), "new_code": code_to(NEW)}
    confirm_phone_change(mona.id, third, **codes, clock=clock)
    with pytest.raises(CodeExpired):
        confirm_phone_change(mona.id, third, **codes, clock=clock)


def test_anothers_change_is_not_confirmed(nile: UUID, mona: Customer) -> None:
    huda = a_customer(nile, phone="+201001234568")
    change_id = asked(mona)
    with pytest.raises(CodeExpired):
        confirm_phone_change(huda.id, change_id, old_code=code_to(MONA), new_code=code_to(NEW))


def test_that_a_number_is_anothers_is_told_only_to_who_has_it(nile: UUID, mona: Customer) -> None:
    huda = a_customer(nile, phone=NEW)
    change_id = asked(mona)
    with pytest.raises(WrongCode):
        confirm_phone_change(mona.id, change_id, old_code=code_to(MONA), new_code=other(code_to(NEW)))
    with pytest.raises(PhoneTaken):
        confirm_phone_change(mona.id, change_id, old_code=code_to(MONA), new_code=code_to(NEW))
    assert (customer(mona.id), customer_by_phone(NEW)) == (mona, huda)
    assert PhoneChangeRow.objects.get().state == "refused"
    assert EventRow.objects.filter(name=PHONE_CHANGED).count() == 0


def test_of_many_who_claim_one_number_at_the_same_instant_one_gets_it(nile: UUID) -> None:
    claimants = [a_customer(nile, phone=f"+2010012345{n}") for n in range(60, 65)]
    ready = []
    for one in claimants:
        change_id = asked(one)
        ready.append((one, change_id, code_to(one.phone), code_to(NEW)))

    def claim(each: tuple[Customer, UUID, str, str]) -> str:
        one, change_id, old, new = each
        try:
            confirm_phone_change(one.id, change_id, old_code=old, new_code=new)
        except RaseedError as error:
            return error.code
        finally:
            connections.close_all()
        return "changed"

    with ThreadPoolExecutor(5) as pool:
        assert sorted(pool.map(claim, ready)) == ["changed"] + ["phone_taken"] * 4
    now = IdentityRow.objects.filter(until=None)
    assert (now.count(), now.filter(value=NEW).count()) == (5, 1)


def test_of_two_confirmations_at_the_same_instant_one_changes_it(mona: Customer) -> None:
    change_id = asked(mona)
    codes: dict[str, Any] = {"old_code": code_to(MONA), "new_code": code_to(NEW)}

    def confirm(_: int) -> str:
        try:
            confirm_phone_change(mona.id, change_id, **codes)
        except RaseedError as error:
            return error.code
        finally:
            connections.close_all()
        return "changed"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(confirm, range(4))) == ["changed"] + ["code_expired"] * 3
    assert EventRow.objects.filter(name=PHONE_CHANGED).count() == 1


def test_a_repeat_sends_nothing_and_other_content_is_refused(mona: Customer) -> None:
    change_id = asked(mona)
    assert request_phone_change(mona.id, id=change_id, new_phone=NEW).id == change_id
    assert TextRow.objects.count() == 2
    with pytest.raises(SameIdOtherContent):
        request_phone_change(mona.id, id=change_id, new_phone="+201119998889")


@pytest.mark.parametrize(
    ("phone", "refusal"), [("", InvalidPhone), ("01119998888", InvalidPhone), (MONA, SamePhone), ("٠١٠", InvalidPhone)]
)
def test_a_number_that_can_not_be_the_new_one_is_refused(
    mona: Customer, phone: str, refusal: type[RaseedError]
) -> None:
    with pytest.raises(refusal):
        asked(mona, phone)


def test_asking_is_limited(mona: Customer) -> None:
    for _ in range(5):
        asked(mona)
    with pytest.raises(TooManyRequests):
        asked(mona)


def test_the_trail_and_the_event_name_nobodys_number(mona: Customer) -> None:
    change_id = asked(mona)
    confirm_phone_change(mona.id, change_id, old_code=code_to(MONA), new_code=code_to(NEW))
    (event,) = EventRow.objects.filter(name=PHONE_CHANGED)
    assert event.payload == {"customer_id": str(mona.id)}
    assert audit_trail(f"customer:{mona.id}")[0].action == "people.phone_changed"
    kept = str(list(EventRow.objects.values())) + str(list(AuditRow.objects.values()))
    assert not [number for number in (MONA, NEW, MONA[3:], NEW[3:]) if number in kept]


def test_numbers_are_kept_with_their_time_and_the_database_alters_none(mona: Customer) -> None:
    change_id = asked(mona)
    confirm_phone_change(mona.id, change_id, old_code=code_to(MONA), new_code=code_to(NEW))
    old, new = IdentityRow.objects.order_by("id")
    assert (old.value, new.value, old.until, new.until) == (MONA, NEW, new.since, None)
    for statement in (
        "UPDATE people_identity SET value = '+201'", "DELETE FROM people_identity",
        "UPDATE people_identity SET until = NULL WHERE until IS NOT NULL", "UPDATE people_identity SET customer_id = customer_id",
    ):  # fmt: skip
        with pytest.raises(DatabaseError), connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.mark.parametrize(
    "step", ["end_sessions", "revoke_all_device_keys", "index_person", "send_text", "emit", "record"]
)
def test_a_change_that_is_cut_short_changes_nothing(mona: Customer, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    change_id = asked(mona)
    codes: dict[str, Any] = {"old_code": code_to(MONA), "new_code": code_to(NEW)}
    with monkeypatch.context() as cut:
        cut.setattr(phone_change, step, lambda *_, **__: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            confirm_phone_change(mona.id, change_id, **codes)
    assert (customer(mona.id), PhoneChangeRow.objects.get().state) == (mona, "open")
    assert confirm_phone_change(mona.id, change_id, **codes).phone == NEW


# By the staff, for who has lost the old phone.


@pytest.fixture
def lina(nile: UUID) -> Author:
    return an_author(nile, "people.phone.propose", "people.phone.confirm")


@pytest.fixture
def omar(nile: UUID) -> Author:
    return an_author(nile, "people.phone.confirm")


def proposed(nile: UUID, mona: Customer, by: Author, phone: str = NEW) -> UUID:
    return propose_phone_change(
        id=new_id(),
        customer_id=mona.id,
        new_phone=phone,
        institution_id=nile,
        by=by,
        reason="phone lost, seen in person",
    ).id


def test_two_of_the_staff_change_a_number(nile: UUID, mona: Customer, lina: Author, omar: Author) -> None:
    enrolled(mona, Device())
    change_id = proposed(nile, mona, lina, "٠١١١٩٩٩٨٨٨٨")
    assert customer(mona.id) == mona
    with pytest.raises(SecondPersonNeeded):
        confirm_change(change_id, by=lina)
    confirm_change(change_id, by=omar)
    now = customer(mona.id)
    assert (now.phone, now.session_epoch, device_keys(mona.id)) == (NEW, 1, [])
    assert TextRow.objects.get().to_phone == MONA
    assert EventRow.objects.get(name=PHONE_CHANGED).payload == {"customer_id": str(mona.id)}
    told = [one for one in audit_records(customer_id=mona.id).records if one.action.startswith("people.change")]
    assert {one.actor for one in told} == {lina.actor, omar.actor}
    assert not [number for number in (MONA, NEW, MONA[3:], NEW[3:]) if number in str(list(AuditRow.objects.values()))]


def test_a_proposal_is_described_with_both_numbers(nile: UUID, mona: Customer, lina: Author, omar: Author) -> None:
    change_id = proposed(nile, mona, lina)
    for _ in range(2):
        (line,) = describe_change(change(change_id), "en")
        assert (line.label, line.before, line.after) == ("Phone number", "+20 10 01234567", "+20 11 19998888")
        if customer(mona.id).phone == MONA:
            confirm_change(change_id, by=omar)


def test_a_number_that_changed_meanwhile_makes_a_proposal_outdated(
    nile: UUID, mona: Customer, lina: Author, omar: Author
) -> None:
    change_id = proposed(nile, mona, lina)
    by_herself = asked(mona, "+201119998889")
    confirm_phone_change(mona.id, by_herself, old_code=code_to(MONA), new_code=code_to("+201119998889"))
    with pytest.raises(ChangeOutdated):
        confirm_change(change_id, by=omar)


def test_a_number_taken_meanwhile_leaves_the_proposal_open(
    nile: UUID, mona: Customer, lina: Author, omar: Author
) -> None:
    change_id = proposed(nile, mona, lina)
    a_customer(nile, phone=NEW)
    with pytest.raises(PhoneTaken):
        confirm_change(change_id, by=omar)
    assert change(change_id).state == "open"
    assert customer(mona.id) == mona


def test_a_wrong_proposal_is_refused(nile: UUID, mona: Customer, lina: Author) -> None:
    a_customer(nile, phone=NEW)
    delta = an_institution("delta").id
    stranger = a_customer(delta, phone="+201001234569")
    for phone, refusal in ((NEW, PhoneTaken), (MONA, SamePhone), ("12", InvalidPhone)):
        with pytest.raises(refusal):
            proposed(nile, mona, lina, phone)
    with pytest.raises(UnknownCustomer):
        proposed(nile, stranger, lina, "+201119998889")
    with pytest.raises(NotPermitted):
        proposed(delta, stranger, lina, "+201119998889")
    for subject, payload in (
        (f"staff:{mona.id}", {"phone": "+201119998889"}), (f"customer:{mona.id}", {"phone": 5}), ("customer:x", {"phone": NEW}),
        (f"customer:{mona.id}", {}), (f"customer:{mona.id}", {"phone": "01119998889"}),
        (f"customer:{mona.id}", {"phone": "+201119998889", "more": 1}),
    ):  # fmt: skip
        with pytest.raises(RaseedError):
            propose_change(
                id=new_id(),
                kind="people.phone",
                institution_id=nile,
                subject=subject,
                payload=payload,
                reason="lost",
                by=lina,
            )
