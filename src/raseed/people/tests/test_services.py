"""A person is registered once, known by one phone number at a time, and chooses how they are written to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError, connections

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id
from raseed.kernel.text import UnacceptableText
from raseed.people.api import (
    Customer,
    Institution,
    InvalidPhone,
    NewCustomer,
    PhoneTaken,
    UnknownCustomer,
    UnknownInstitution,
    UnknownLanguage,
    customer,
    customer_by_phone,
    customers,
    customers_of,
    institution,
    institution_by_slug,
    institutions,
    institutions_of,
    join_institution,
    register_customer,
    register_customers_bulk,
    register_institution,
    set_digits,
    set_language,
)
from raseed.people.events import CUSTOMER_JOINED, CUSTOMERS_JOINED_IN_BULK
from raseed.people.models import CustomerRow, IdentityRow, MembershipRow
from raseed.platform.api import InvalidCursor, SameIdOtherContent, audit_trail
from raseed.platform.models import AuditRow, EventRow

from .world import MONA, a_customer, an_institution


@pytest.fixture
def nile(built: Institution) -> Institution:
    return built


def test_a_registered_person_is_found_by_id_and_by_phone(nile: Institution) -> None:
    mona = a_customer(nile.id, phone="٠١٠٠١٢٣٤٥٦٧")
    assert mona.phone == MONA
    assert customer(mona.id) == customer_by_phone(MONA) == customers([mona.id])[mona.id] == mona
    assert institutions_of(mona.id) == [nile]


def test_the_same_registration_again_changes_nothing_and_other_content_is_refused(nile: Institution) -> None:
    said: dict[str, Any] = {"id": new_id(), "names": {"ar": "منى"}, "phone": MONA, "language": "ar"}
    first = register_customer(**said, institution_id=nile.id)
    assert register_customer(**said, institution_id=nile.id) == first
    for change in ({"names": {"ar": "هدى"}}, {"phone": "+201001234568"}, {"language": "he"}):
        with pytest.raises(SameIdOtherContent):
            register_customer(**{**said, **change}, institution_id=nile.id)
    assert (EventRow.objects.count(), MembershipRow.objects.count()) == (1, 1)


def test_a_phone_number_is_one_persons_at_a_time(nile: Institution) -> None:
    a_customer(nile.id)
    with pytest.raises(PhoneTaken):
        a_customer(nile.id)
    assert CustomerRow.objects.count() == 1


def test_of_many_who_claim_one_number_at_the_same_instant_one_gets_it(nile: Institution) -> None:
    def claim(_: int) -> str:
        try:
            a_customer(nile.id)
        except RaseedError as error:
            return error.code
        finally:
            connections.close_all()
        return "registered"

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(claim, range(6))) == ["phone_taken"] * 5 + ["registered"]
    assert CustomerRow.objects.count() == IdentityRow.objects.count() == MembershipRow.objects.count() == 1


def test_a_number_given_up_may_become_anothers(nile: Institution) -> None:
    a_customer(nile.id)
    IdentityRow.objects.update(until=SYSTEM_CLOCK.now())
    huda = a_customer(nile.id)
    assert customer_by_phone(MONA).id == huda.id


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"names": {"ar": "منى\u202e"}}, UnacceptableText),
        ({"names": {}}, UnacceptableText),
        ({"names": {"xx": "Mona"}}, UnknownLanguage),
        ({"language": "fr"}, UnknownLanguage),
        ({"phone": "12"}, InvalidPhone),
        ({"institution_id": new_id()}, UnknownInstitution),
    ],
)
def test_what_is_wrong_with_a_registration_is_named_and_nothing_is_kept(
    nile: Institution, change: dict[str, Any], refusal: type[RaseedError]
) -> None:
    said = {"id": new_id(), "names": {"ar": "منى"}, "phone": MONA, "language": "ar", "institution_id": nile.id}
    with pytest.raises(refusal):
        register_customer(**{**said, **change})
    assert CustomerRow.objects.count() == 0


def test_one_person_may_be_a_customer_of_several_institutions(nile: Institution) -> None:
    delta, mona = an_institution("delta"), a_customer(nile.id)
    for _ in range(2):
        join_institution(customer_id=mona.id, institution_id=delta.id)
    assert [one.slug for one in institutions_of(mona.id)] == ["delta", "nile"]
    with pytest.raises(UnknownCustomer):
        join_institution(customer_id=new_id(), institution_id=delta.id)


def test_neither_events_nor_the_audit_trail_hold_personal_data(nile: Institution) -> None:
    mona = a_customer(nile.id)
    set_language(mona.id, "en")
    kept = str(list(EventRow.objects.values())) + str(list(AuditRow.objects.values()))
    for secret in (MONA, MONA[3:], "منى", "Mona", "مني"):
        assert secret not in kept
    (event,) = EventRow.objects.all()
    assert (event.name, event.payload, event.institution_id) == (
        CUSTOMER_JOINED,
        {"customer_id": str(mona.id)},
        nile.id,
    )


def test_a_person_chooses_language_and_digits_and_it_is_written_down(nile: Institution) -> None:
    mona = a_customer(nile.id)
    set_language(mona.id, "he")
    set_language(mona.id, "he")
    set_digits(mona.id, "latn")
    known = customer(mona.id)
    assert (known.language, known.digits) == ("he", "latn")
    digits, language, _ = audit_trail(f"customer:{mona.id}")
    assert (language.actor, language.before, language.after) == (
        f"customer:{mona.id}",
        {"language": "ar"},
        {"language": "he"},
    )
    assert digits.after == {"digits": "latn"}
    set_digits(mona.id, None)
    assert customer(mona.id).digits is None
    with pytest.raises(UnknownLanguage):
        set_language(mona.id, "fr")
    with pytest.raises(UnknownCustomer):
        set_language(new_id(), "ar")
    with pytest.raises(UnknownCustomer):
        set_digits(new_id(), None)


def test_an_institution_is_registered_once(nile: Institution) -> None:
    assert register_institution(nile) == institution(nile.id) == institution_by_slug("nile") == nile
    with pytest.raises(SameIdOtherContent):
        register_institution(replace(nile, kind="bank"))
    with pytest.raises(SameIdOtherContent):
        register_institution(replace(nile, id=new_id()))
    bank = register_institution(replace(nile, id=new_id(), slug="bank", kind="bank"))
    assert institutions() == [bank, nile]
    assert institutions(kind="bank") == [bank]
    with pytest.raises(UnknownInstitution):
        institution(new_id())
    with pytest.raises(UnknownInstitution):
        institution_by_slug("none")


def test_nobody_is_found_by_an_unknown_id_or_number(nile: Institution) -> None:
    with pytest.raises(UnknownCustomer):
        customer(new_id())
    with pytest.raises(UnknownCustomer):
        customer_by_phone(MONA)
    assert customers([new_id()]) == {}


def newcomers(count: int, institution_id: Any, *, first: int = 0) -> list[NewCustomer]:
    now = SYSTEM_CLOCK.now()
    return [
        NewCustomer(new_id(), {"ar": f"منى {n}"}, f"+2010{n:08}", "ar", (institution_id,), now)
        for n in range(first, first + count)
    ]


def test_many_are_registered_at_once_like_one_alone(nile: Institution) -> None:
    seen: list[int] = []
    people = newcomers(20_050, nile.id)
    assert register_customers_bulk(people, progress=seen.append) == 20_050
    assert seen == [20_000, 20_050]
    one = people[20_010]
    assert customer_by_phone(one.phone) == Customer(one.id, one.names, one.phone, "ar", one.created_at)
    assert institutions_of(one.id) == [nile]
    assert list(EventRow.objects.values_list("name", "payload")) == [
        (CUSTOMERS_JOINED_IN_BULK, {"count": 20_000}),
        (CUSTOMERS_JOINED_IN_BULK, {"count": 50}),
    ]


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"names": {"ar": "a\u202eb"}}, UnacceptableText),
        ({"phone": "01000000001"}, InvalidPhone),
        ({"phone": "+2010000000001111"}, InvalidPhone),
        ({"phone": "+20100000000x"}, InvalidPhone),
        ({"phone": "+201000000000"}, PhoneTaken),
        ({"language": "fr"}, UnknownLanguage),
        ({"institution_ids": (new_id(),)}, UnknownInstitution),
    ],
)
def test_one_wrong_person_in_a_chunk_refuses_the_chunk(
    nile: Institution, change: dict[str, Any], refusal: type[RaseedError]
) -> None:
    people = newcomers(5, nile.id)
    people[3] = replace(people[3], **change)
    with pytest.raises(refusal):
        register_customers_bulk(people)
    assert CustomerRow.objects.count() == 0


def test_a_repeated_id_in_bulk_is_refused(nile: Institution) -> None:
    people = newcomers(5, nile.id)
    people[3] = replace(people[3], id=people[0].id)
    with pytest.raises(SameIdOtherContent):
        register_customers_bulk(people)


def test_an_institutions_customers_are_read_page_by_page_each_once(nile: Institution) -> None:
    people = newcomers(23, nile.id)
    register_customers_bulk(people)
    register_customers_bulk(newcomers(3, an_institution("delta").id, first=100))
    read, after = [], None
    for _ in range(10):
        page, after = customers_of(nile.id, after=after, limit=5)
        assert len(page) <= 5
        read += [one.id for one in page]
        if after is None:
            break
    assert read == sorted(one.id for one in people)
    with pytest.raises(InvalidCursor):
        customers_of(nile.id, after="bent")


def test_the_database_itself_refuses_a_second_owner_of_a_number(nile: Institution) -> None:
    mona = a_customer(nile.id)
    with pytest.raises(IntegrityError, match="people_identity_one_owner"):
        IdentityRow.objects.create(channel="phone", value=MONA, customer_id=mona.id, since=SYSTEM_CLOCK.now())
