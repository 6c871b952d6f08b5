"""Payments over the API: paid once whatever is repeated, many in a call, each with its result."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from django.db import connections
from django.test import override_settings

from raseed.banking.tests.town import pay_in
from raseed.display import api as display
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed_testing import NewDatabase

from .world import SELF, Reply, World, ask, build_world, issued


@pytest.fixture
def world(new_database: NewDatabase) -> Iterator[World]:
    with new_database(build_world) as database, override_settings(API_REQUESTS_PER_SECOND=0):
        yield database.built


def intent(world: World, minor: Any = 500, **more: Any) -> dict[str, Any]:
    return {
        "from_account_id": str(world.wallet.id),
        "to": {"kind": "phone", "value": world.omar.phone},
        "amount": {"amount_minor": minor, "currency": "EGP"},
        **more,
    }


def send(world: World, payment_id: UUID, body: Any, **headers: Any) -> Reply:
    return ask("PUT", f"/payments/{payment_id}", body, key=world.lailas, **headers)


def held(world: World) -> int:
    return display.shown_balance(world.wallet.id).booked.amount_minor


def test_a_preview_tells_the_masked_name_and_the_cost_and_changes_nothing(world: World) -> None:
    before = held(world)
    reply = ask("POST", "/payments/preview", intent(world, "1250"), key=world.lailas, Accept_Language="ar")
    assert reply.status == 200
    shown = reply.json
    assert shown["recipient_name"] == "ع••• خ•••"
    assert shown["amount"] == {"amount_minor": "1250", "currency": "EGP"}
    assert shown["total"] == shown["amount"]
    assert shown["fee"] == {"amount_minor": "0", "currency": "EGP"}
    assert held(world) == before


def test_the_same_payment_however_often_moves_money_once_and_answers_the_same(world: World) -> None:
    before, payment_id = held(world), new_id()
    first = send(world, payment_id, intent(world, "500", note="rent"))
    assert (first.status, first.json["state"], first.json["refusal"]) == (200, "settled", None)
    assert first.json["timeline"][-1]["words"] == "Done. The money has arrived."
    for body in (intent(world, 500, note="rent"), intent(world, "500", note=" rent ")):
        again = send(world, payment_id, body)
        assert (again.status, again.json) == (200, first.json)
    assert ask("GET", f"/payments/{payment_id}", key=world.lailas).json == first.json
    assert held(world) == before - 500


@pytest.mark.parametrize("other", [{"note": "x"}, {"amount": {"amount_minor": 501, "currency": "EGP"}}])
def test_the_same_id_with_other_content_is_refused(world: World, other: dict[str, Any]) -> None:
    payment_id = new_id()
    send(world, payment_id, intent(world))
    reply = send(world, payment_id, {**intent(world), **other})
    assert (reply.status, reply.error["code"], reply.error["field"]) == (409, "payment_id_taken", "id")
    with issued(f"customer:{world.omar.id}", world.bank, SELF) as key:
        theirs = {
            **intent(world),
            "from_account_id": str(world.omars.id),
            "to": {"kind": "phone", "value": world.laila.phone},
        }
        assert ask("PUT", f"/payments/{payment_id}", theirs, key=key).status == 409


def test_twelve_at_once_with_one_id_are_one_payment(world: World) -> None:
    before, payment_id = held(world), new_id()

    def one(_: int) -> Reply:
        try:
            return send(world, payment_id, intent(world, 700))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(12) as pool:
        replies = list(pool.map(one, range(12)))
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body for reply in replies}) == 1
    assert held(world) == before - 700


def test_a_refusal_is_an_answer_that_stays(world: World) -> None:
    payment_id = new_id()
    first = send(world, payment_id, intent(world, 90_001))
    assert (first.status, first.json["state"]) == (200, "refused")
    refusal = first.json["refusal"]
    assert (refusal["code"], set(refusal)) == ("not_enough_money", {"code", "message", "hint", "field", "params"})
    pay_in(world.wallet, 1_000_000)
    assert send(world, payment_id, intent(world, 90_001)).json == first.json
    assert (
        send(world, payment_id, intent(world, 90_001), Accept_Language="he").json["refusal"]["message"]
        != refusal["message"]
    )


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"amount": {"amount_minor": 0, "currency": "EGP"}}, 422, "amount_not_positive"),
        ({"amount": {"amount_minor": -1, "currency": "EGP"}}, 400, "wrong_shape"),
        ({"amount": {"amount_minor": 1.0, "currency": "EGP"}}, 422, "amount_with_point"),
        ({"amount": {"amount_minor": "1e3", "currency": "EGP"}}, 400, "wrong_shape"),
        ({"amount": {"amount_minor": "٥", "currency": "EGP"}}, 400, "wrong_shape"),
        ({"amount": {"amount_minor": 10**18, "currency": "EGP"}}, 400, "wrong_shape"),
        ({"amount": {"amount_minor": True, "currency": "EGP"}}, 400, "wrong_shape"),
        ({"amount": {"amount_minor": 1, "currency": "XXX"}}, 422, "unknown_currency"),
        ({"amount": {"amount_minor": 1, "currency": "USD"}}, 422, "wrong_currency"),
        ({"to": {"kind": "iban", "value": "EG380019000500000000263180002"}}, 200, None),
        ({"to": {"kind": "iban", "value": "EG380019000500000000263180003"}}, 422, "invalid_iban"),
        ({"to": {"kind": "phone", "value": "01001234567"}}, 422, "invalid_alias"),
        ({"to": {"kind": "mail", "value": "a@b"}}, 400, "wrong_shape"),
        ({"note": "a\u202eb"}, 422, "unacceptable_text"),
        ({"note": "x" * 141}, 400, "wrong_shape"),
        ({"from_account_id": "0193f1f0-7c3e-7a51-9f43-2a6c5d1e8b07"}, 404, "account_unknown"),
    ],
)
def test_bad_input_is_refused_by_name_and_the_id_stays_free(
    world: World, change: Any, status: int, code: str | None
) -> None:
    payment_id, before = new_id(), held(world)
    reply = send(world, payment_id, {**intent(world), **change})
    assert reply.status == status
    if code is not None:
        assert reply.error["code"] == code
        assert send(world, payment_id, intent(world)).json["state"] == "settled"
    else:
        assert reply.json["refusal"]["code"] == "recipient_unknown"
        assert held(world) == before


def test_many_in_one_call_each_with_its_result_and_once(world: World) -> None:
    before = held(world)
    good = [{"id": str(new_id()), **intent(world, 100)} for _ in range(5)]
    poor = {"id": str(new_id()), **intent(world, 99_999)}
    nobody = {"id": str(new_id()), **intent(world, 1), "to": {"kind": "phone", "value": "+201999999999"}}
    many = [good[0], poor, good[1], nobody, *good[2:], good[0]]
    reply = ask("POST", "/payments/bulk", {"payments": many}, key=world.lailas)
    assert reply.status == 200
    results = reply.json["results"]
    assert [result["id"] for result in results] == [payment["id"] for payment in many]
    states = [(result["state"], (result["refusal"] or {}).get("code")) for result in results]
    assert states == [
        ("settled", None), ("refused", "not_enough_money"), ("settled", None), ("refused", "recipient_unknown"),
        ("settled", None), ("settled", None), ("settled", None), ("settled", None),
    ]  # fmt: skip
    assert held(world) == before - 500
    again = ask("POST", "/payments/bulk", {"payments": many}, key=world.lailas)
    assert (again.status, again.json) == (200, reply.json)
    assert held(world) == before - 500


def test_a_call_with_something_that_is_no_payment_sends_nothing(world: World) -> None:
    before = held(world)
    good = {"id": str(new_id()), **intent(world, 100)}
    for bad, status, field in (
        ({"id": str(new_id()), **intent(world), "to": {"kind": "iban", "value": "EG00"}}, 422, "payments[1].to.value"),
        ({"id": str(new_id()), **intent(world), "note": "a\u202eb"}, 422, "payments[1].note"),
        ({"id": good["id"], **intent(world, 101)}, 409, "id"),
        ({"id": str(new_id()), **intent(world), "from_account_id": str(world.omars.id)}, 404, "from_account_id"),
        ({"id": str(new_id()), **intent(world), "from_account_id": str(new_id())}, 404, "payments[1].from_account_id"),
        ({"id": "x", **intent(world)}, 400, "payments[1].id"),
    ):
        reply = ask("POST", "/payments/bulk", {"payments": [good, bad]}, key=world.lailas)
        assert reply.status == status
        assert reply.error["field"] == field
    for count in (0, 8_191):
        many = {"payments": [{"id": str(new_id()), **intent(world, 1)} for _ in range(count)]}
        assert ask("POST", "/payments/bulk", many, key=world.lailas).error["field"] == "payments"
    assert held(world) == before


@pytest.mark.slow
def test_as_many_as_the_books_take_go_in_one_call(world: World) -> None:
    before = held(world)
    many = {"payments": [{"id": str(new_id()), **intent(world, 1, note="salary of March")} for _ in range(8_190)]}
    reply = ask("POST", "/payments/bulk", many, key=world.lailas)
    assert reply.status == 200, reply.body[:500]
    assert {result["state"] for result in reply.json["results"]} == {"settled"}
    assert held(world) == before - 8_190


def test_a_list_of_payments_is_read_by_pages_and_each_sees_their_own_side(world: World) -> None:
    ids = [str(world.payment_id)]
    for number in range(6):
        payment_id = new_id()
        send(world, payment_id, intent(world, 10 + number))
        ids.append(str(payment_id))
    found, after = [], ""
    while True:
        page = ask("GET", f"/payments?limit=3{after}", key=world.lailas).json
        found += [payment["id"] for payment in page["payments"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert found == ids[::-1]
    assert ask("GET", "/payments", key=world.omars_key).json == {"payments": [], "next": None}
    theirs = ask("GET", f"/payments/{ids[-1]}", key=world.omars_key)
    assert (theirs.status, theirs.json["counterparty"]) == (200, "ليلى حسن")
    assert ask("GET", f"/payments/{ids[-1]}", key=world.strangers).error["code"] == "payment_unknown"
    assert ask("GET", f"/payments/{new_id()}", key=world.lailas).status == 404


def test_a_key_for_looking_does_not_pay(world: World) -> None:
    with issued(f"customer:{world.laila.id}", world.bank, ["people.self.view"]) as key:
        assert ask("GET", "/payments", key=key).status == 200
        reply = ask("PUT", f"/payments/{new_id()}", intent(world), key=key)
        assert (reply.status, reply.error["params"]) == (403, {"permission": "people.self.pay"})


def test_a_key_pays_from_accounts_of_its_own_institution_only(world: World) -> None:
    people.join_institution(customer_id=world.laila.id, institution_id=world.town.other_bank)
    elsewhere = world.town.wallet(world.laila, at=world.town.other_bank, money=10_000)
    body = {**intent(world), "from_account_id": str(elsewhere.id), "amount": {"amount_minor": 1, "currency": "SYP"}}
    assert send(world, new_id(), body).error["code"] == "account_unknown"
    assert ask("GET", f"/accounts/{elsewhere.id}", key=world.lailas).status == 404
    assert str(elsewhere.id) not in ask("GET", "/accounts", key=world.lailas).body.decode()
