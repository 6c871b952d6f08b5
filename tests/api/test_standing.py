"""Standing orders over the API: given, looked at, changed, paused, resumed and ended, by their holder alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.payments import api as payments
from raseed_testing import NewDatabase

from .world import World, ask, build_world

TODAY = SYSTEM_CLOCK.now().date()
FIRST = TODAY + timedelta(days=40)


@pytest.fixture
def world(new_database: NewDatabase) -> Iterator[World]:
    with new_database(build_world) as database, override_settings(API_REQUESTS_PER_SECOND=0):
        yield database.built


def wanted(world: World, **other: Any) -> dict[str, Any]:
    return {
        "from_account_id": str(world.account.id),
        "to": {"kind": "phone", "value": world.omar.phone},
        "amount": {"amount_minor": "350", "currency": "EGP"},
        "note": "rent",
        "timetable": {"first_on": FIRST.isoformat(), "count": 3},
        **other,
    }


def test_an_order_is_given_shown_changed_paused_resumed_and_ended(world: World) -> None:
    id_, key = new_id(), world.lailas
    path = f"/standing-orders/{id_}"
    given = ask("PUT", path, wanted(world), key=key, Accept_Language="ar")
    assert (given.status, given.json["state"], given.json["next_planned_on"]) == (200, "active", FIRST.isoformat())
    assert given.json["words"] == "يُدفع في مواعيده"
    assert ask("PUT", path, wanted(world), key=key).json["id"] == str(id_)
    assert ask("PUT", path, wanted(world, note="other"), key=key).error["code"] == "standing_order_id_taken"
    listed = ask("GET", "/standing-orders", key=key).json["standing_orders"]
    assert {each["id"] for each in listed} == {str(id_), str(world.standing_order_id)}
    dates = ask("GET", f"{path}/dates?limit=2", key=key).json["dates"]
    assert [each["number"] for each in dates] == [1, 2]
    change = {"amount": {"amount_minor": 400, "currency": "EGP"}, "note": "", "count": 2}
    changed = ask("PATCH", path, change, key=key)
    assert (changed.status, changed.json["amount"]["amount_minor"], changed.json["timetable"]["count"]) == (
        200,
        "400",
        2,
    )
    assert ask("POST", f"{path}/pause", key=key).json["try_on"] is None
    assert ask("POST", f"{path}/resume", key=key).json["state"] == "active"
    assert ask("GET", f"{path}/runs", key=key).json == {"runs": [], "next": None}
    for _ in range(2):
        assert ask("POST", f"{path}/end", key=key).json["state"] == "ended"
    assert ask("POST", f"{path}/pause", key=key).error["code"] == "standing_order_ended"
    left = ask("GET", "/standing-orders", key=key).json["standing_orders"]
    assert [each["id"] for each in left] == [str(world.standing_order_id)]


def test_what_was_paid_is_listed_with_its_payment(world: World) -> None:
    id_ = new_id()
    today = wanted(world, timetable={"first_on": (TODAY + timedelta(days=1)).isoformat(), "business_days": "unchanged"})
    assert ask("PUT", f"/standing-orders/{id_}", today, key=world.lailas).status == 200

    class Tomorrow:
        def now(self) -> Any:
            return SYSTEM_CLOCK.now() + timedelta(days=2)

    assert payments.run_standing_orders(clock=Tomorrow()) == 1
    (run,) = ask("GET", f"/standing-orders/{id_}/runs", key=world.lailas).json["runs"]
    assert (run["number"], run["outcome"], run["words"]) == (1, "paid", "Paid")
    assert ask("GET", f"/payments/{run['payment_id']}", key=world.lailas).json["amount"]["amount_minor"] == "350"


def test_nobody_else_sees_or_touches_it_and_staff_see_it_where_they_may(world: World) -> None:
    id_ = new_id()
    path = f"/standing-orders/{id_}"
    ask("PUT", path, wanted(world), key=world.lailas)
    for method, what in (("GET", ""), ("GET", "/dates"), ("GET", "/runs"), ("POST", "/pause"), ("POST", "/end")):
        reply = ask(method, path + what, key=world.omars_key)
        assert (reply.status, reply.error["code"]) == (404, "standing_order_unknown")
    seen = ask("GET", f"/accounts/{world.account.id}/standing-orders", key=world.key)
    assert [each["id"] for each in seen.json["standing_orders"]] == [str(id_)]
    assert ask("GET", f"/accounts/{world.account.id}/standing-orders", key=world.foreign).status in (403, 404)
    assert ask("GET", path, key=world.key).status == 403


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"timetable": {"first_on": "2020-01-01"}}, "invalid_timetable"),
        ({"timetable": {"first_on": FIRST.isoformat(), "until": TODAY.isoformat()}}, "invalid_timetable"),
        ({"amount": {"amount_minor": 0, "currency": "EGP"}}, "amount_not_positive"),
        ({"to": {"kind": "number", "value": "12345"}}, "recipient_unknown"),
        ({"from_account_id": str(new_id())}, "account_unknown"),
    ],
)
def test_what_can_t_be_is_refused(world: World, other: dict[str, Any], code: str) -> None:
    reply = ask("PUT", f"/standing-orders/{new_id()}", wanted(world, **other), key=world.lailas)
    assert reply.error["code"] == code


def test_a_recipient_at_another_institution_is_taken_and_waits(world: World) -> None:
    to = {"kind": "iban", "value": "IL620108000000099999999"}
    given = ask("PUT", f"/standing-orders/{new_id()}", wanted(world, to=to), key=world.lailas)
    assert (given.status, given.json["state"], given.json["try_on"]) == (200, "waiting", None)
