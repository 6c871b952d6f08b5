"""Accounts over the API: opened once, blocked, closed; balances, lines, documents and terms as their readers may see them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from django.test import override_settings
from lxml import etree

from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.platform.api import audit_trail
from raseed_testing import NewDatabase

from .world import World, ask, build_world

CAMT = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
YEAR = "first_day=2026-01-01&last_day=2026-12-31"


@pytest.fixture
def world(new_database: NewDatabase) -> Iterator[World]:
    with new_database(build_world) as database, override_settings(API_REQUESTS_PER_SECOND=0):
        yield database.built


def product(world: World, kind: str) -> str:
    found = ask("GET", "/products", key=world.key).json["products"]
    return str(next(each["id"] for each in found if each["kind"] == kind))


def test_an_account_is_opened_once_with_a_reason_on_record(world: World) -> None:
    account_id = new_id()
    body = {
        "product_id": product(world, "current"),
        "owner_id": str(world.omar.id),
        "name": "دكان",
        "reason": "at the counter",
    }
    opened = ask("PUT", f"/accounts/{account_id}", body, key=world.key)
    assert (opened.status, opened.json["state"], opened.json["kind"]) == (200, "open", "current")
    assert {alias["kind"] for alias in opened.json["aliases"]} == {"number", "iban"}
    assert ask("PUT", f"/accounts/{account_id}", body, key=world.key).json == opened.json
    other = ask("PUT", f"/accounts/{account_id}", {**body, "owner_id": str(world.laila.id)}, key=world.key)
    assert (other.status, other.error["code"]) == (409, "account_opened_differently")
    (deed,) = audit_trail(f"account:{account_id}")
    assert (deed.actor, deed.reason) == (f"key:{world.key_ids['institution']}", "at the counter")
    assert ask("GET", f"/accounts/{account_id}", key=world.omars_key).json == opened.json


def test_what_cannot_be_opened_is_refused_by_name(world: World) -> None:
    body = {"product_id": product(world, "wallet"), "owner_id": str(world.omar.id), "reason": "at the counter"}
    assert ask("PUT", f"/accounts/{new_id()}", body, key=world.key).error["code"] == "alias_taken"
    for change, status in (
        ({"product_id": str(new_id())}, 404),
        ({"owner_id": str(new_id())}, 404),
        ({"product_id": product(world, "loan")}, 404),
        ({"phone": "12"}, 422),
        ({"reason": "x"}, 400),
        ({"reason": " \u200b  x"}, 422),
        ({"name": "a\u202eb"}, 422),
    ):
        assert ask("PUT", f"/accounts/{new_id()}", {**body, **change}, key=world.key).status == status, change


def test_blocking_unblocking_and_closing_leave_a_trail_and_repeat_without_harm(world: World) -> None:
    address = f"/accounts/{world.account.id}"
    for _ in range(2):
        blocked = ask(
            "POST", f"{address}/block", {"code": "lost_or_stolen", "reason": "called at 14:03"}, key=world.key
        )
        assert (blocked.status, blocked.json["state"], blocked.json["block_reason"]) == (
            200,
            "blocked",
            "lost_or_stolen",
        )
    closing = ask("POST", f"{address}/close", {"reason": "moves abroad"}, key=world.key)
    assert (closing.status, closing.error["code"]) == (409, "illegal_state_change")
    assert ask("POST", f"{address}/unblock", {"reason": "found again"}, key=world.key).json["state"] == "open"
    assert (
        ask("POST", f"{address}/close", {"reason": "moves abroad"}, key=world.key).error["code"] == "account_not_empty"
    )
    with_rest = {"reason": "moves abroad", "pay_out_to": str(world.wallet.id)}
    assert ask("POST", f"{address}/close", with_rest, key=world.key).json["state"] == "closed"
    assert ask("POST", f"{address}/reopen", {"reason": "is back"}, key=world.key).json["state"] == "open"
    deeds = [deed.action for deed in audit_trail(f"account:{world.account.id}")]
    assert deeds[:4] == [f"banking.account_{deed}" for deed in ("reopened", "closed", "unblocked", "blocked")]
    assert (
        ask("POST", f"/accounts/{new_id()}/block", {"reason": "called"}, key=world.key).error["code"]
        == "account_unknown"
    )


def test_a_balance_says_how_far_it_is_proven_in_the_readers_words(world: World) -> None:
    english = ask("GET", f"/accounts/{world.wallet.id}/balance", key=world.lailas).json
    arabic = ask("GET", f"/accounts/{world.wallet.id}/balance", key=world.lailas, Accept_Language="ar").json
    assert english["booked"] == english["available"] == {"amount_minor": "88750", "currency": "EGP"}
    assert english["proof"] == "not_yet_certified"
    assert english["proof_words"] == "Read from the books just now; not yet certified."
    assert arabic["proof_words"] != english["proof_words"]
    every = ask("GET", f"/customers/{world.laila.id}/balances", key=world.key).json["balances"]
    assert {each["account_id"]: each["booked"]["amount_minor"] for each in every} == {
        str(world.wallet.id): "88750",
        str(world.account.id): "50000",
    }


def test_lines_are_read_by_pages_and_searched(world: World) -> None:
    for number in range(7):
        body = {
            "from_account_id": str(world.wallet.id), "to": {"kind": "phone", "value": world.omar.phone},
            "amount": {"amount_minor": 100 + number, "currency": "EGP"}, "note": f"bread {number}",
        }  # fmt: skip
        ask("PUT", f"/payments/{new_id()}", body, key=world.lailas)
    found: list[Any] = []
    after = ""
    while True:
        page = ask("GET", f"/accounts/{world.wallet.id}/lines?limit=4{after}", key=world.lailas).json
        found += page["lines"]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert [line["amount"]["amount_minor"] for line in found] == [
        *(str(-100 - number) for number in reversed(range(7))), "-1250", "90000",
    ]  # fmt: skip
    assert all(int(one["seq"]) > int(two["seq"]) for one, two in pairwise(found))
    sought = f"/accounts/{world.wallet.id}/lines?text=BREAD&flow=out&most_minor=103&least_minor=102"
    assert [line["note"] for line in ask("GET", sought, key=world.lailas).json["lines"]] == ["bread 3", "bread 2"]
    upside_down = f"/accounts/{world.wallet.id}/lines?first_day=2026-02-01&last_day=2026-01-01"
    assert ask("GET", upside_down, key=world.lailas).error["code"] == "invalid_filter"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "application/pdf"),
        ("*/*", "application/pdf"),
        ("text/csv", "text/csv; charset=utf-8"),
        ("application/xml", "application/xml"),
        ("text/*;q=0.5, application/pdf;q=0.1", "text/csv; charset=utf-8"),
        ("application/*;q=0.5, application/pdf;q=0", "application/xml"),
    ],
)
def test_a_statement_comes_in_the_form_that_is_asked_for(world: World, accept: str | None, kind: str) -> None:
    headers: dict[str, Any] = {} if accept is None else {"Accept": accept}
    reply = ask("GET", f"/accounts/{world.wallet.id}/statement?{YEAR}", key=world.lailas, **headers)
    assert (reply.status, reply.headers["content-type"]) == (200, kind)
    assert reply.headers["content-disposition"].startswith(
        f'attachment; filename="statement-{world.wallet.id}-2026-01-01-'
    )
    if kind == "application/pdf":
        assert reply.body.startswith(b"%PDF-")
    elif kind == "application/xml":
        assert etree.fromstring(reply.body).tag == f"{{{CAMT}}}Document"
    else:
        assert b"12.50" in reply.body


def test_forms_and_periods_that_cannot_be_are_refused(world: World) -> None:
    address = f"/accounts/{world.wallet.id}/statement"
    refused = ask("GET", f"{address}?{YEAR}", key=world.lailas, Accept="image/png")
    assert (refused.status, refused.error["code"]) == (406, "no_such_form")
    for query, status in (
        ("first_day=2026-02-01&last_day=2026-01-01", 422),
        ("first_day=1900-01-01&last_day=2026-01-01", 422),
        ("first_day=9999-01-01&last_day=9999-12-31", 422),
        ("first_day=0001-01-01&last_day=0001-01-31", 200),
        ("first_day=2026-01-01", 400),
        ("first_day=2026-02-30&last_day=2026-03-01", 400),
        ("first_day=20260201&last_day=2026-03-01", 400),
        ("first_day=٢٠٢٦-٠١-٠١&last_day=2026-03-01", 400),
    ):
        assert ask("GET", f"{address}?{query}", key=world.lailas, Accept="text/csv").status == status, query


def test_products_tell_their_terms_with_every_zero(world: World) -> None:
    terms = ask("GET", f"/products/{product(world, 'wallet')}/terms?on=2026-06-01", key=world.lailas).json
    assert terms["limits"]["per_transfer"] == {"amount_minor": "100000", "currency": "EGP"}
    assert terms["fees"] == [
        {"event": "transfer_on_us", "amount": {"amount_minor": "0", "currency": "EGP"}, "valid_from": None}
    ]
    left = ask("GET", f"/accounts/{world.wallet.id}/limits", key=world.lailas).json
    assert left["left_today"] == {"amount_minor": "248750", "currency": "EGP"}
    assert ask("GET", f"/accounts/{world.wallet.id}/loan", key=world.lailas).error["code"] == "loan_unknown"


def test_accounts_are_found_by_number_and_by_name_within_the_institution(world: World) -> None:
    iban = next(alias.value for alias in world.account.aliases if alias.kind.value == "iban")
    for text in (iban, iban[-6:], "ليلي حسن"):
        found = ask("GET", f"/accounts/search?text={text}", key=world.key).json["accounts"]
        assert str(world.account.id) in [each["id"] for each in found], text
    assert ask("GET", f"/accounts/search?text={iban}", key=world.foreign).json == {"accounts": []}
    people.join_institution(customer_id=world.laila.id, institution_id=world.town.other_bank)
    assert ask("GET", f"/customers/{world.laila.id}/accounts", key=world.foreign).json == {"accounts": []}
