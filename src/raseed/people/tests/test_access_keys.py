"""A key does what its issuer may hand on, for as long as it is good, and never more than its holder may now."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, connection
from hypothesis import example, given
from hypothesis import strategies as st

from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id
from raseed.kernel.text import UnacceptableText
from raseed.people.api import (
    OF_A_CUSTOMER,
    SYSTEM,
    AccessKey,
    AccessKeyIssued,
    AccessKeyRefused,
    Author,
    Institution,
    InvalidAccessKey,
    NotPermitted,
    TooManyAccessKeys,
    UnknownAccessKey,
    access_keys,
    author_of_access_key,
    author_of_staff,
    issue_access_key,
    lock_staff,
    revoke_access_key,
)
from raseed.people.keys import access_keys as module
from raseed.people.models import AccessKeyRow
from raseed.platform.api import audit_trail

from .office import a_colleague, an_author, make_hashes_quick
from .world import a_customer, an_institution

YEAR = timedelta(days=366)
VIEW, EDIT, MANAGE = "people.customers.view", "people.customers.edit", "people.keys.manage"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    make_hashes_quick(monkeypatch)


@pytest.fixture
def nile(built: Institution) -> UUID:
    return built.id


def issued(nile: UUID, by: Author = SYSTEM, **more: Any) -> tuple[AccessKey, str]:
    said: dict[str, Any] = {
        "id": new_id(), "holder": f"institution:{nile}", "permissions": [VIEW], "name": "Payroll",
        "expires_at": SYSTEM_CLOCK.now() + timedelta(days=30),
    }  # fmt: skip
    return issue_access_key(institution_id=nile, by=by, **{**said, **more})


def test_a_key_is_shown_once_and_signs_in_as_itself_with_its_holder_behind(nile: UUID) -> None:
    key, text = issued(nile)
    assert re.fullmatch(r"raseed_key_[0-9a-f]{72}", text)
    found, author = author_of_access_key(text)
    assert (found.id, found.permissions, found.name) == (key.id, frozenset({VIEW}), "Payroll")
    assert (author.actor, author.holder, author.everything) == (f"key:{key.id}", f"institution:{nile}", False)
    assert author.may(VIEW, nile)
    assert not author.may(EDIT, nile)
    assert not author.may(VIEW, new_id())


def test_the_text_lies_nowhere_in_the_database(nile: UUID) -> None:
    _, text = issued(nile, reason="new payroll system")
    secret = text.removeprefix("raseed_key_")
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT count(*) FROM {table} AS t WHERE t::text LIKE %s", [f"%{secret[:32]}%"])
            assert cursor.fetchone() == (0,), table


@pytest.mark.parametrize(
    "bend",
    [lambda t: t[:-1], lambda t: t + "0", lambda t: t.upper(), lambda t: " " + t, lambda t: t.replace("raseed", "rasheed"),
     lambda t: t[:-1] + ("0" if t[-1] != "0" else "1"), lambda t: t[:11] + ("0" if t[11] != "0" else "1") + t[12:], lambda _: "",
     lambda t: t + "\n", lambda _: "raseed_key_" + "0" * 72],
)  # fmt: skip
def test_a_bent_key_is_refused(nile: UUID, bend: Any) -> None:
    _, text = issued(nile)
    with pytest.raises(AccessKeyRefused):
        author_of_access_key(bend(text))


@given(st.text(max_size=100))
@example("raseed_key_" + "٠" * 72)
@example("raseed_key_" + "0" * 10**5)
def test_any_text_is_refused_without_the_database(text: str) -> None:
    with pytest.raises(AccessKeyRefused):
        author_of_access_key(text)


def test_a_key_ends_at_its_time_and_when_it_is_revoked(nile: UUID) -> None:
    clock = ManualClock(SYSTEM_CLOCK.now())
    (_, first), (second_key, second) = issued(nile), issued(nile)
    revoke_access_key(second_key.id, by=SYSTEM, reason="lost laptop")
    revoke_access_key(second_key.id, by=SYSTEM, reason="again")
    with pytest.raises(AccessKeyRefused):
        author_of_access_key(second)
    clock.advance(timedelta(days=29))
    author_of_access_key(first, clock=clock)
    clock.advance(timedelta(days=2))
    with pytest.raises(AccessKeyRefused):
        author_of_access_key(first, clock=clock)


def test_what_it_was_last_used_for_is_kept_to_the_hour(nile: UUID) -> None:
    _, text = issued(nile)
    clock = ManualClock(SYSTEM_CLOCK.now().replace(minute=5))
    for minutes in (0, 30, 40):
        clock.advance(timedelta(minutes=minutes))
        author_of_access_key(text, clock=clock)
        (kept,) = access_keys(nile, by=SYSTEM)
        assert kept.last_used_at == clock.now().replace(minute=0, second=0, microsecond=0)


def test_nobody_hands_on_what_they_may_not_do(nile: UUID) -> None:
    manager = an_author(nile, MANAGE, VIEW)
    issued(nile, manager)
    for permissions, by in (
        ([VIEW, EDIT], manager), ([VIEW], an_author(nile, VIEW)), ([VIEW], an_author(new_id(), MANAGE, VIEW)),
        ([VIEW], Author(f"customer:{new_id()}")), ([VIEW], Author(f"key:{new_id()}", {nile: frozenset({MANAGE, VIEW})})),
    ):  # fmt: skip
        with pytest.raises(NotPermitted):
            issued(nile, by, permissions=permissions)
    assert AccessKeyRow.objects.count() == 1


def test_a_member_of_staffs_key_may_what_they_may_now(nile: UUID) -> None:
    salma = a_colleague(nile, roles=("agent",)).staff
    herself = author_of_staff(salma.id)
    may = sorted(herself.permissions[nile])
    key, text = issued(nile, herself, holder=herself.actor, permissions=may[:2])
    assert author_of_access_key(text)[1].permissions[nile] == set(may[:2])
    assert key.holder == herself.actor
    _, institutions_text = issued(nile, SYSTEM, permissions=may[:1])
    with pytest.raises(NotPermitted):
        issued(nile, SYSTEM, holder=herself.actor, permissions=["people.roles.confirm"])
    lock_staff(salma.id, by=SYSTEM, reason="phone stolen")
    with pytest.raises(AccessKeyRefused):
        author_of_access_key(text)
    author_of_access_key(institutions_text)


def test_a_customers_key_is_issued_by_them_alone_and_acts_for_them_alone(nile: UUID) -> None:
    mona = a_customer(nile)
    herself = Author(f"customer:{mona.id}")
    key, text = issued(nile, herself, holder=herself.actor, permissions=sorted(OF_A_CUSTOMER))
    found, author = author_of_access_key(text)
    assert (found.holder_kind, found.holder_id, author.person) == ("customer", mona.id, herself.actor)
    assert audit_trail(f"access_key:{key.id}")[0].customer_id == mona.id
    manager = an_author(nile, MANAGE, VIEW)
    for by, change, refusal in (
        (manager, {"permissions": ["people.self.view"]}, NotPermitted),
        (Author(f"customer:{new_id()}"), {"permissions": ["people.self.view"]}, NotPermitted),
        (herself, {"permissions": [VIEW]}, InvalidAccessKey),
        (manager, {"holder": f"institution:{nile}", "permissions": ["people.self.pay"]}, InvalidAccessKey),
    ):
        with pytest.raises(refusal):
            issued(nile, by, **{"holder": herself.actor, **change})
    with pytest.raises(InvalidAccessKey):
        issued(an_institution("delta").id, herself, holder=herself.actor, permissions=["people.self.view"])
    assert [one.id for one in access_keys(nile, by=herself, holder=herself.actor)] == [key.id]
    revoke_access_key(key.id, by=herself)
    with pytest.raises(AccessKeyRefused):
        author_of_access_key(text)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"holder": "nobody"}, InvalidAccessKey), ({"holder": "robot:0190aaaa-0000-7000-8000-000000000001"}, InvalidAccessKey),
        ({"holder": "institution:0190aaaa-0000-7000-8000-000000000001"}, InvalidAccessKey), ({"permissions": []}, InvalidAccessKey),
        ({"permissions": ["people.everything"]}, InvalidAccessKey), ({"expires_at": SYSTEM_CLOCK.now()}, InvalidAccessKey),
        ({"expires_at": SYSTEM_CLOCK.now() + 2 * YEAR}, InvalidAccessKey), ({"name": ""}, UnacceptableText),
        ({"name": "a\u202eb"}, UnacceptableText), ({"reason": "x"}, UnacceptableText), ({"institution_id": new_id()}, RaseedError),
    ],
)  # fmt: skip
def test_what_is_no_key_is_refused(nile: UUID, change: dict[str, Any], refusal: type[RaseedError]) -> None:
    said: dict[str, Any] = {"id": new_id(), "holder": f"institution:{nile}", "institution_id": nile, "permissions": [VIEW],
                            "name": "Payroll", "expires_at": SYSTEM_CLOCK.now() + YEAR / 2, "by": SYSTEM}  # fmt: skip
    with pytest.raises(refusal):
        issue_access_key(**{**said, **change})
    assert AccessKeyRow.objects.count() == 0


def test_a_secret_is_not_shown_a_second_time(nile: UUID) -> None:
    key, _ = issued(nile)
    with pytest.raises(AccessKeyIssued):
        issued(nile, id=key.id)


def test_no_more_than_so_many_live_keys(nile: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEYS_MAX", 2)
    first, _ = issued(nile)
    issued(nile)
    with pytest.raises(TooManyAccessKeys):
        issued(nile)
    revoke_access_key(first.id, by=SYSTEM)
    issued(nile)


def test_keys_are_seen_and_revoked_by_their_holder_and_by_who_manages_them(nile: UUID) -> None:
    key, _ = issued(nile)
    for by in (an_author(nile, VIEW), an_author(new_id(), MANAGE)):
        with pytest.raises(NotPermitted):
            access_keys(nile, by=by)
        with pytest.raises(UnknownAccessKey):
            revoke_access_key(key.id, by=by)
    with pytest.raises(UnknownAccessKey):
        revoke_access_key(new_id(), by=SYSTEM)
    manager = an_author(nile, MANAGE)
    assert [one.id for one in access_keys(nile, by=manager)] == [key.id]
    revoke_access_key(key.id, by=manager, reason="no longer used")
    revoked, issued_ = audit_trail(f"access_key:{key.id}")
    assert (revoked.actor, revoked.reason) == (manager.actor, "no longer used")
    assert issued_.after is not None
    assert issued_.after["permissions"] == [VIEW]


@pytest.mark.parametrize(
    "statement",
    ["UPDATE people_access_key SET permissions = '{people.roles.confirm}'", "UPDATE people_access_key SET expires_at = 'infinity'",
     "DELETE FROM people_access_key", "UPDATE people_access_key SET holder = 'staff:x'",
     "UPDATE people_access_key SET revoked_at = now()"],
)  # fmt: skip
def test_the_database_lets_no_key_grow(nile: UUID, statement: str) -> None:
    issued(nile)
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_revoked_key_stays_revoked_in_the_database_too(nile: UUID) -> None:
    key, _ = issued(nile)
    revoke_access_key(key.id, by=SYSTEM)
    with pytest.raises(DatabaseError, match="has ended"), connection.cursor() as cursor:
        cursor.execute("UPDATE people_access_key SET revoked_at = NULL, revoked_by = ''")
