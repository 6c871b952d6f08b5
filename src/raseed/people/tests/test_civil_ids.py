"""A civil id is checked by its country's rules, sealed in the database, shown masked, and one person's at a time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from cryptography.exceptions import InvalidTag
from django.db import IntegrityError, connection, connections
from hypothesis import given
from hypothesis import strategies as st

from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id
from raseed.kernel.text import UnacceptableText, arabic_digits
from raseed.people.api import (
    SYSTEM,
    Author,
    CivilIdTaken,
    Customer,
    InvalidCivilId,
    NotPermitted,
    UnknownCivilId,
    UnknownCivilIdCountry,
    UnknownCustomer,
    civil_id_countries,
    civil_ids,
    full_civil_id,
    register_civil_id,
)
from raseed.people.models import CivilIdRow, MembershipRow
from raseed.people.persons.civil_id_rules import normal_civil_id, readings
from raseed.platform.api import audit_trail

from .office import an_author
from .world import a_customer, mona_of_nile

EGYPTIAN = "29001011234567"
ISRAELI = "039337423"


@pytest.fixture
def build() -> Callable[[], Customer]:
    return mona_of_nile


@pytest.fixture
def mona(built: Customer) -> Customer:
    return built


def kept(customer: Customer, number: str = EGYPTIAN, country: str = "EG") -> Any:
    return register_civil_id(customer.id, country=country, number=number, by=SYSTEM, reason="opening an account")


@pytest.mark.parametrize(
    ("country", "typed", "normal"),
    [
        ("EG", EGYPTIAN, EGYPTIAN), ("EG", " ٢٩٠٠١٠١ ١٢٣٤٥٦٧ ", EGYPTIAN), ("EG", "30002290123451", "30002290123451"),
        ("EG", "2-900101-88-1234-1", "29001018812341"), ("IL", "3933742-3", ISRAELI), ("IL", "٣٩٣٣٧٤٢٣", ISRAELI),
        ("CZ", "710319/2745", "7103192745"), ("TR", "17291716060", "17291716060"), ("GB", "ab 12 34 56 c", "AB123456C"),
        ("ES", "54362315-k", "54362315K"), ("PL", "44051401359", "44051401359"), ("ZA", "7503305044089", "7503305044089"),
    ],
)  # fmt: skip
def test_a_number_has_one_form_however_it_is_typed(country: str, typed: str, normal: str) -> None:
    assert normal_civil_id(country, typed) == normal


@pytest.mark.parametrize(
    ("country", "typed"),
    [
        ("EG", "2900101123456"), ("EG", "290010112345678"), ("EG", "19001011234567"), ("EG", "49001011234567"),
        ("EG", "29013011234567"), ("EG", "29002301234567"), ("EG", "29902290112345"), ("EG", "29001019912345"),
        ("EG", "29001010012345"), ("EG", "29001011234560"), ("EG", "2900101123456x"), ("EG", ""), ("IL", "039337424"),
        ("IL", "000000000"), ("CZ", "7103192746"), ("TR", "17291716061"), ("GB", "BG123456C"), ("GB", "AB123456E"),
        ("GB", "DB123456A"), ("GB", "AO123456A"), ("IL", "1" * 60), ("EG", "２９００１０１１２３４５６７"), ("ES", "\x00"), ("PL", "é" * 11),
    ],
)  # fmt: skip
def test_what_is_no_number_of_that_country_is_refused(country: str, typed: str) -> None:
    with pytest.raises(InvalidCivilId) as refusal:
        normal_civil_id(country, typed)
    assert refusal.value.field == "number"


def test_a_country_that_can_not_be_checked_is_refused() -> None:
    assert {"EG", "IL", "CZ", "TR", "GB"} <= set(civil_id_countries())
    for country in ("XX", "eg", "", "SY"):
        with pytest.raises(UnknownCivilIdCountry):
            normal_civil_id(country, EGYPTIAN)


@given(st.one_of(st.text(max_size=20), st.from_regex(r"[A-Z0-9 /+-]{5,20}", fullmatch=True)))
def test_any_text_is_read_or_refused_by_every_country(typed: str) -> None:
    for country, normal in readings(typed, civil_id_countries()):
        assert normal_civil_id(country, normal) == normal


def test_it_is_shown_masked_and_lies_nowhere_in_plain_text(mona: Customer) -> None:
    kept(mona)
    (shown,) = civil_ids(mona.id, by=Author(f"customer:{mona.id}"))
    assert (shown.country, shown.masked) == ("EG", "•" * 11 + "567")
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT count(*) FROM {table} AS t WHERE t::text LIKE %s OR t::text LIKE %s",
                           [f"%{EGYPTIAN}%", f"%{EGYPTIAN.encode().hex()}%"])  # fmt: skip
            assert cursor.fetchone() == (0,), table


def test_a_view_in_full_needs_its_permission_and_is_written_down(mona: Customer) -> None:
    kept(mona)
    (nile,) = {row.institution_id for row in mona_at(mona)}
    clerk = an_author(nile, "people.customers.view", "people.customers.edit")
    assert civil_ids(mona.id, by=clerk)[0].masked.endswith("567")
    with pytest.raises(NotPermitted):
        full_civil_id(mona.id, "EG", by=clerk, reason="he asked")
    chief = an_author(nile, "people.civil_ids.view")
    with pytest.raises(UnacceptableText):
        full_civil_id(mona.id, "EG", by=chief, reason="")
    before = len(audit_trail(f"customer:{mona.id}"))
    assert full_civil_id(mona.id, "EG", by=chief, reason="court order 7/2026") == EGYPTIAN
    viewed = audit_trail(f"customer:{mona.id}")[0]
    assert (viewed.action, viewed.actor, viewed.reason) == ("people.civil_id_viewed", chief.actor, "court order 7/2026")
    assert len(audit_trail(f"customer:{mona.id}")) == before + 1
    assert EGYPTIAN[-3:] not in str(viewed.after)


def mona_at(mona: Customer) -> Any:
    return MembershipRow.objects.filter(customer_id=mona.id)


def test_the_same_again_changes_nothing_and_another_takes_its_place(mona: Customer) -> None:
    first = kept(mona)
    assert kept(mona, "2900101 1234567") == first
    assert CivilIdRow.objects.count() == 1
    second = kept(mona, "29001018812341")
    assert [one.id for one in civil_ids(mona.id, by=SYSTEM)] == [second.id]
    kept(mona, ISRAELI, "IL")
    assert [one.country for one in civil_ids(mona.id, by=SYSTEM)] == ["EG", "IL"]
    assert CivilIdRow.objects.count() == 3


def test_a_number_is_one_persons_at_a_time_in_its_country(mona: Customer) -> None:
    huda = a_customer(mona_at(mona)[0].institution_id, phone="+201001234568")
    kept(mona)
    with pytest.raises(CivilIdTaken):
        kept(huda)
    assert civil_ids(huda.id, by=SYSTEM) == []
    kept(mona, "29001018812341")
    kept(huda)


def test_of_many_who_claim_one_number_at_the_same_instant_one_gets_it(mona: Customer) -> None:
    nile = mona_at(mona)[0].institution_id
    claimants = [mona, *(a_customer(nile, phone=f"+20100123457{n}") for n in range(5))]

    def claim(one: Customer) -> str:
        try:
            kept(one)
        except RaseedError as error:
            return error.code
        finally:
            connections.close_all()
        return "kept"

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(claim, claimants)) == ["civil_id_taken"] * 5 + ["kept"]
    assert CivilIdRow.objects.filter(until=None).count() == 1


def test_who_may_not_edit_customers_registers_none(mona: Customer) -> None:
    for author in (an_author(new_id(), "people.customers.edit"), an_author(mona_at(mona)[0].institution_id)):
        with pytest.raises(NotPermitted):
            register_civil_id(mona.id, country="EG", number=EGYPTIAN, by=author, reason="opening")
    with pytest.raises(NotPermitted):
        civil_ids(mona.id, by=Author(f"customer:{new_id()}"))
    with pytest.raises(UnknownCustomer):
        civil_ids(new_id(), by=SYSTEM)
    with pytest.raises(UnknownCivilId):
        full_civil_id(mona.id, "EG", by=SYSTEM, reason="looking")


def test_a_sealed_number_moved_to_another_row_does_not_open(database: Any, mona: Customer) -> None:
    kept(mona)
    kept(mona, ISRAELI, "IL")
    with connections["default"].cursor() as cursor, pytest.raises(IntegrityError, match="only until"):
        cursor.execute("UPDATE people_civil_id SET sealed = ''")
    with psycopg.connect(database.superuser_dsn) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute("""UPDATE people_civil_id AS one SET sealed = other.sealed FROM people_civil_id AS other
                             WHERE one.country = 'EG' AND other.country = 'IL'""")
    with pytest.raises(InvalidTag):
        full_civil_id(mona.id, "EG", by=SYSTEM, reason="looking")


def test_digits_of_any_script_are_the_same_number() -> None:
    assert normal_civil_id("IL", arabic_digits(ISRAELI)) == ISRAELI
