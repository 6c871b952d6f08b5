"""Customers, changes and the audit trail over the API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import override_settings

from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.people.tests.office import a_colleague, an_author, make_hashes_quick
from raseed_testing import NewDatabase

from .world import World, ask, build_world, issued

NEW: dict[str, Any] = {"names": {"ar": "سلمى علي", "en": "Salma Ali"}, "phone": "0100 123 0000", "language": "ar"}


@pytest.fixture
def world(new_database: NewDatabase) -> Iterator[World]:
    with new_database(build_world) as database, override_settings(API_REQUESTS_PER_SECOND=0):
        yield database.built


def test_a_key_tells_whose_it_is(world: World) -> None:
    mine = ask("GET", "/key", key=world.lailas).json
    assert (mine["holder"], mine["customer_id"]) == ("customer", str(world.laila.id))
    assert mine["permissions"] == ["people.self.pay", "people.self.view"]
    theirs = ask("GET", "/key", key=world.key).json
    assert (theirs["holder"], theirs["customer_id"], theirs["institution_id"]) == ("institution", None, str(world.bank))


def test_a_customer_is_registered_once(world: World) -> None:
    customer_id = new_id()
    first = ask("PUT", f"/customers/{customer_id}", NEW, key=world.key)
    assert (first.status, first.json["phone"], first.json["names"]) == (200, "+201001230000", NEW["names"])
    assert ask("PUT", f"/customers/{customer_id}", NEW, key=world.key).json == first.json
    other = ask("PUT", f"/customers/{customer_id}", {**NEW, "language": "en"}, key=world.key)
    assert (other.status, other.error["code"]) == (409, "id_reused")
    taken = ask("PUT", f"/customers/{new_id()}", NEW, key=world.key)
    assert (taken.status, taken.error["code"]) == (409, "phone_taken")
    assert ask("GET", f"/customers/{customer_id}", key=world.key).json == first.json
    assert ask("GET", f"/customers/{customer_id}", key=world.foreign).status == 404


@pytest.mark.parametrize("name", ["a\u202eb", "a\u200bb", " ", "x" * 121, "Ларри Larry"])
def test_names_that_deceive_are_refused(world: World, name: str) -> None:
    reply = ask("PUT", f"/customers/{new_id()}", {**NEW, "names": {"en": name}}, key=world.key)
    assert reply.status in {400, 422}
    assert reply.error["field"].startswith("names")


def test_a_customer_is_renamed_with_a_reason_and_spoken_to_in_another_language(world: World) -> None:
    address = f"/customers/{world.laila.id}"
    renamed = ask("PUT", f"{address}/names", {"names": {"ar": "ليلى سالم"}, "reason": "passport shown"}, key=world.key)
    assert (renamed.status, renamed.json["names"]) == (200, {"ar": "ليلى سالم"})
    assert ask("PUT", f"{address}/language", {"language": "he"}, key=world.key).json["language"] == "he"
    trail = ask("GET", f"/audit?subject=customer:{world.laila.id}", key=world.key).json["records"]
    assert [record["reason"] for record in trail if record["action"] == "people.customer_renamed"] == ["passport shown"]
    assert all(record["intact"] is True for record in trail)


def test_search_forgives_and_lists_are_read_by_pages(world: World) -> None:
    found = ask("GET", "/customers/search?text=ليلي", key=world.key).json
    assert [each["id"] for each in found["customers"]] == [str(world.laila.id)]
    for number in range(5):
        ask("PUT", f"/customers/{new_id()}", {**NEW, "phone": f"+20100123100{number}"}, key=world.key)
    ids, after = [], ""
    while True:
        page = ask("GET", f"/customers?limit=3{after}", key=world.key).json
        ids += [each["id"] for each in page["customers"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert len(ids) == len(set(ids)) == 7
    assert ids == sorted(ids)


def test_institutions_are_told(world: World) -> None:
    assert len(ask("GET", "/institutions", key=world.key).json["institutions"]) == 2
    (own,) = ask("GET", "/institutions", key=world.lailas).json["institutions"]
    assert (own["id"], own["currency"]) == (str(world.bank), "EGP")
    assert ask("GET", f"/institutions/{new_id()}", key=world.lailas).error["code"] == "unknown_institution"


def change(world: World) -> dict[str, Any]:
    return {
        "kind": "banking.limits",
        "subject": f"product:{world.wallet.product.id}",
        "payload": {"per_transfer_minor": 50_000, "per_day_minor": 100_000, "valid_from": "2027-01-01"},
        "reason": "decision of the board",
    }


def test_a_change_is_proposed_by_a_persons_key_and_decided_by_another_person(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_hashes_quick(monkeypatch)
    salma = a_colleague(world.bank, roles=("back-office",)).staff
    change_id = new_id()
    refused = ask("PUT", f"/changes/{change_id}", change(world), key=world.key)
    assert (refused.status, refused.error["code"]) == (403, "person_needed")
    with issued(salma.actor, world.bank, ["banking.limits.propose"], by=people.author_of_staff(salma.id)) as key:
        proposed = ask("PUT", f"/changes/{change_id}", change(world), key=key)
        assert (proposed.status, proposed.json["state"]) == (200, "open")
        assert proposed.json["lines"]
        assert ask("PUT", f"/changes/{change_id}", change(world), key=key).json == proposed.json
        by_person = people.propose_change(
            id=new_id(), institution_id=world.bank, by=people.author_of_staff(salma.id), **change(world)
        )
        taken = ask("POST", f"/changes/{by_person.id}/withdraw", key=key)
        assert (taken.status, taken.error["code"]) == (403, "not_the_proposer"), (
            "what she did herself, her key can't undo"
        )
        people.withdraw_change(by_person.id, by=people.author_of_staff(salma.id))
        other = ask("PUT", f"/changes/{change_id}", {**change(world), "reason": "another one"}, key=key)
        assert (other.status, other.error["code"]) == (409, "id_reused")
        assert [each["id"] for each in ask("GET", "/changes?state=open", key=key).json["changes"]] == [str(change_id)]
        assert ask("GET", f"/changes/{change_id}", key=world.foreign).error["code"] == "unknown_change"
        people.confirm_change(change_id, by=an_author(world.bank, "banking.limits.confirm"))
        applied = ask("GET", f"/changes/{change_id}", key=key).json
        assert (applied["state"], applied["decided_by"][:6]) == ("applied", "staff:")
        late = ask("POST", f"/changes/{change_id}/withdraw", key=key)
        assert (late.status, late.error["code"]) == (409, "change_not_open")
    with issued(f"institution:{world.bank}", world.bank, ["people.phone.propose"]) as key:
        assert ask("GET", "/changes", key=key).json["changes"] == [], "of a kind that is not theirs to see"
        assert ask("GET", f"/changes/{change_id}", key=key).status == 404


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"kind": "banking.nothing"}, 422, "unknown_change_kind"),
        ({"subject": "product"}, 400, "wrong_shape"),
        ({"payload": []}, 400, "wrong_shape"),
        ({"payload": {}}, 422, None),
        ({"payload": {"per_transfer_minor": "x"}}, 422, None),
        ({"reason": "no"}, 400, "wrong_shape"),
    ],
)
def test_a_change_that_cannot_be_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Any], status: int, code: str | None
) -> None:
    make_hashes_quick(monkeypatch)
    salma = a_colleague(world.bank, roles=("back-office",)).staff
    with issued(salma.actor, world.bank, ["banking.limits.propose"], by=people.author_of_staff(salma.id)) as key:
        reply = ask("PUT", f"/changes/{new_id()}", {**change(world), **wrong}, key=key)
    assert reply.status == status, reply
    assert code is None or reply.error["code"] == code


def test_who_reads_a_customers_trail_says_why_and_is_on_it(world: World) -> None:
    address = f"/customers/{world.laila.id}/audit"
    assert ask("GET", address, key=world.key).status == 400
    assert ask("GET", f"{address}?reason=complaint%2012", key=world.key).status == 200
    latest = ask("GET", f"{address}?reason=complaint%2012&limit=1", key=world.key).json["records"][0]
    assert (latest["action"], latest["reason"]) == ("people.trail_viewed", "complaint 12")


def test_the_trail_is_read_by_pages_and_by_time(world: World) -> None:
    whole = ask("GET", "/audit?limit=200", key=world.key).json["records"]
    found, after = [], ""
    while True:
        page = ask("GET", f"/audit?limit=5{after}", key=world.key).json
        found += page["records"]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert found == whole
    assert ask("GET", f"/audit?until={whole[-1]['at']}", key=world.key).json["records"] == []
    assert ask("GET", "/audit?since=2026-13-01T00:00:00Z", key=world.key).status == 400
