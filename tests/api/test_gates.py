"""Every route: nothing without a key, nothing with another's, nothing without the permission, nothing of others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import override_settings

from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.platform.rest.routes import Gate
from raseed.project.rest import management_api
from raseed_testing import NewDatabase

from .world import SELF, World, ask, build_world, every_permission, issue, issued

GATES = {str(gate.operation.operation_id): gate for gate in management_api().gates() if gate.operation}
ROUTES = sorted(GATES)
QUERIES = {
    "search_customers": "?text=%D9%84%D9%8A%D9%84%D9%89",
    "search_accounts": "?text=1001234567",
    "customers_audit_trail": "?reason=asked",
    "list_granted": "?since=2026-01-01&until=2026-12-31",
    "statement_document": "?first_day=2026-01-01&last_day=2026-12-31",
}


@pytest.fixture(scope="module")
def world(new_database: NewDatabase) -> Iterator[World]:
    with new_database(build_world) as database, override_settings(API_REQUESTS_PER_SECOND=0):
        yield database.built


def address(world: World, name: str) -> str:
    """Return a route's address, filled with things of the first institution."""
    gate = GATES[name]
    assert gate.operation is not None
    ids = {
        "account_id": world.wallet.id, "customer_id": world.laila.id, "institution_id": world.town.other_bank,
        "payment_id": world.payment_id, "order_id": world.order_id, "product_id": world.wallet.product.id, "webhook_id": world.webhook_id,
        "standing_order_id": world.standing_order_id, "event_id": new_id(), "change_id": new_id(), "bill_id": new_id(),
        "autopay_id": new_id(), "saved_id": new_id(), "request_id": new_id(),
    }  # fmt: skip
    path = re.sub(r"\{(\w+)\}", lambda place: str(ids[place[1]]), gate.operation.path)
    return path + QUERIES.get(name, "")


def body_of(name: str) -> Any:
    gate = GATES[name]
    return gate.rules.example if gate.takes_json else None


def method_of(gate: Gate) -> str:
    assert gate.operation is not None
    return gate.operation.methods[0]


def test_every_route_says_who_may_ask() -> None:
    known = every_permission()
    for name, gate in GATES.items():
        rules = gate.rules
        assert rules.anyone or rules.permission or rules.own or rules.any_of, name
        assert rules.permission is None or rules.permission in known, name
        assert rules.own is None or rules.own in SELF, name
        assert gate.takes_json == (rules.example is not None), f"{name}: a body has an example"


@pytest.mark.parametrize("name", ROUTES)
def test_nothing_without_a_key_of_ours(world: World, name: str) -> None:
    with issued(f"institution:{world.bank}", world.bank, every_permission()) as ended_text:
        pass
    wrong = [
        None,
        "",
        "x",
        "raseed_key_" + "0" * 72,
        world.key[:-1],
        world.key + "0",
        ended_text,
        "\u0660" * 10,
        "k" * 9999,
    ]
    for key in wrong:
        headers: dict[str, Any] = {} if key is None else {"Authorization": f"Bearer {key}".encode().decode("latin-1")}
        reply = ask(method_of(GATES[name]), address(world, name), body_of(name), **headers)
        assert (reply.status, reply.error["code"]) == (401, "key_refused"), (key, reply)
        assert reply.headers["www-authenticate"] == "Bearer"
    for scheme in ("Basic", "bearer:", "Token"):
        reply = ask(method_of(GATES[name]), address(world, name), body_of(name), Authorization=f"{scheme} {world.key}")
        assert reply.status == 401


@pytest.mark.parametrize("name", ROUTES)
def test_nothing_of_ours_with_another_institutions_key(world: World, name: str) -> None:
    gate = GATES[name]
    key = world.foreign if gate.rules.permission or gate.rules.any_of or gate.rules.anyone else world.strangers
    reply = ask(method_of(gate), address(world, name), body_of(name), key=key)
    text = reply.body.decode("utf-8", "replace")
    told = {each for each in world.ours() if each in text}
    assert not told, reply
    if "{" in gate.operation.path and not gate.rules.anyone:  # type: ignore[union-attr]
        assert reply.status in {403, 404, 409, 422}, reply


@pytest.mark.parametrize("name", ROUTES)
def test_nothing_without_the_permission(world: World, name: str) -> None:
    gate = GATES[name]
    rules = gate.rules
    if rules.anyone:
        return
    lacking = every_permission() - (
        {rules.permission} if rules.permission else set(rules.any_of() if rules.any_of else ())
    )
    with issued(f"institution:{world.bank}", world.bank, lacking) as weak:
        reply = ask(method_of(gate), address(world, name), body_of(name), key=weak)
    expected = "key_not_enough" if rules.permission or rules.any_of else "not_for_institutions"
    assert (reply.status, reply.error["code"]) == (403, expected), reply
    others = {code for code in SELF if code != rules.own}
    with issued(f"customer:{world.laila.id}", world.bank, others) as weak:
        reply = ask(method_of(gate), address(world, name), body_of(name), key=weak)
    expected = "key_not_enough" if rules.own else "not_for_customers"
    assert (reply.status, reply.error["code"]) == (403, expected), reply


@pytest.mark.parametrize("name", [name for name in ROUTES if GATES[name].rules.own])
def test_a_customers_key_sees_and_moves_nothing_of_another_customer(world: World, name: str) -> None:
    gate = GATES[name]
    body = body_of(name)
    if body is not None:
        body = _from_account(body, str(world.wallet.id))
    reply = ask(method_of(gate), address(world, name), body, key=world.omars_key)
    theirs = {str(world.wallet.id), str(world.account.id), world.laila.phone}
    if name == "show_payment":  # it has reached Omar: the payer is named, the account that it came from too
        assert reply.status == 200
        return
    assert not [each for each in theirs if each in reply.body.decode("utf-8", "replace")], reply
    if name in ("show_receipt", "receipt_document"):  # as whoever was paid may: it says nothing of the payer
        assert reply.status == 200
        return
    if "{" in gate.operation.path and "product" not in gate.operation.path:  # type: ignore[union-attr]
        assert reply.status in {403, 404, 409} or reply.error["code"] == "order_file_empty", reply


def _from_account(body: Any, account_id: str) -> Any:
    if isinstance(body, dict):
        return {
            name: account_id if name == "from_account_id" else _from_account(value, account_id)
            for name, value in body.items()
        }
    return [_from_account(each, account_id) for each in body] if isinstance(body, list) else body


def test_a_permission_that_its_holder_loses_is_lost_by_the_key(world: World) -> None:
    _, text = issue(f"institution:{world.bank}", world.bank, ["people.customers.view"])
    assert ask("GET", "/customers", key=text).status == 200
    found, _ = people.author_of_access_key(text)
    people.revoke_access_key(found.id, by=people.SYSTEM)
    assert ask("GET", "/customers", key=text).status == 401


def test_no_cookie_is_set_or_asked_for(world: World) -> None:
    for path, key in (("/key", world.key), ("/nothing", world.key), ("/key", None), ("/openapi.json", None)):
        assert "set-cookie" not in ask("GET", path, key=key).headers
    reply = ask(
        "PUT", f"/customers/{new_id()}/language", {"language": "he"}, key=world.key, Cookie="sessionid=x; csrftoken=y"
    )
    assert reply.error["code"] == "unknown_customer", "no form token is asked for"
