"""One shape for every refusal, in the reader's language, whatever is wrong with a request."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError, connection
from django.test import override_settings

from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.platform.rail.bodies import BODY_BYTES_MAX
from raseed_testing import NewDatabase

from .world import World, ask, build_world

NEW = {"names": {"en": "Salma"}, "phone": "+201001230000", "language": "en"}


@pytest.fixture(scope="module")
def world(new_database: NewDatabase) -> Iterator[World]:
    with new_database(build_world) as database, override_settings(API_REQUESTS_PER_SECOND=0):
        yield database.built


def put(world: World, body: Any = None, **more: Any) -> Any:
    return ask("PUT", f"/customers/{new_id()}", body, key=world.key, **more)


def test_an_address_where_nothing_is(world: World) -> None:
    for path in (
        "/",
        "",
        "/nothing",
        "/customers/",
        "/customers/x/y/z",
        "/../v2/key",
        "/customers%2F",
        "/%00",
        "/\u202e",
    ):
        reply = ask("GET", path, key=world.key)
        assert (reply.status, reply.error["code"]) == (404, "no_such_address"), path


SOME = UUID("0190a0b0-0000-7000-8000-00000000abcd")
"""An id that is always the same: the names of tests must be."""


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/key", "GET"),
        ("POST", "/customers/search", "GET"),
        ("POST", f"/customers/{SOME}", "GET, PUT"),
        ("TRACE", "/customers", "GET"),
        ("OPTIONS", f"/webhooks/{SOME}", "DELETE, GET, PATCH, PUT"),
        ("BREW", "/institutions", "GET"),
        ("POST", "/openapi.json", "GET"),
    ],
)
def test_a_method_that_an_address_does_not_take(world: World, method: str, path: str, allowed: str) -> None:
    reply = ask(method, path, key=world.key)
    assert (reply.status, reply.error["code"], reply.headers["allow"]) == (405, "method_refused", allowed)


def test_head_is_get_without_its_body(world: World) -> None:
    whole, head = ask("GET", "/key", key=world.key), ask("HEAD", "/key", key=world.key)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(whole.body))


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"\xff\xfe", "not_json"),
        (b'{"language": "\xd8"}', "not_json"),
        (b"NaN", "not_json"),
        (b'{"language": NaN}', "not_json"),
        (b'{"language": "\\ud800"}', "not_json"),
        (b"[" * 100_000, "not_json"),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "not_json"),
        (b"[]", "wrong_shape"),
        (b"null", "wrong_shape"),
        (b"1" * 5_000, "not_json"),
        (b'"text"', "wrong_shape"),
        (json.dumps({**NEW, "more": 1}).encode(), "wrong_shape"),
        (json.dumps({**NEW, "language": "fr"}).encode(), "wrong_shape"),
        (json.dumps({**NEW, "phone": 201001234567}).encode(), "wrong_shape"),
        (json.dumps({**NEW, "names": {}}).encode(), "wrong_shape"),
        (json.dumps({**NEW, "names": {"fr": "x"}}).encode(), "wrong_shape"),
        (json.dumps({**NEW, "names": {"en": None}}).encode(), "wrong_shape"),
        (json.dumps({"phone": "x"}).encode(), "wrong_shape"),
    ],
)
def test_a_body_that_is_not_what_the_address_takes(world: World, raw: bytes, code: str) -> None:
    reply = put(world, raw=raw)
    assert (reply.status, reply.error["code"]) == (400, code), reply


def test_the_field_at_fault_is_named(world: World) -> None:
    assert put(world, {**NEW, "names": {"en": 1}}).error["field"] == "names.en"
    assert put(world, {**NEW, "more": 1}).error["field"] == "more"
    assert put(world, {**NEW, "phone": "12"}).error["field"] == "phone"
    bulk = {"payments": [{"id": str(new_id())}, {"id": "x"}]}
    assert ask("POST", "/payments/bulk", bulk, key=world.lailas).error["field"].startswith("payments[0].")
    for path, field in ((f"/customers/{str(new_id()).upper()}", "customer_id"), ("/customers/x", "customer_id")):
        reply = ask("GET", path, key=world.key)
        assert (reply.status, reply.error["code"], reply.error["field"]) == (400, "invalid_id", field)


def test_a_nul_character_is_refused_wherever_it_is(world: World) -> None:
    nul = "a\x00b"
    bodies = (
        ("PUT", f"/customers/{new_id()}", {**NEW, "names": {"en": nul}}, "names.en"),
        ("POST", f"/accounts/{world.wallet.id}/block", {"reason": nul}, "reason"),
        ("PUT", f"/changes/{new_id()}", {"kind": "banking.limits", "subject": f"product:{new_id()}",
                                         "payload": {"a": [{"b": nul}]}, "reason": "why not"}, "payload.a[0].b"),
    )  # fmt: skip
    for method, path, body, field in bodies:
        reply = ask(method, path, body, key=world.key)
        assert (reply.status, reply.error["code"], reply.error["field"]) == (422, "unacceptable_text", field)
    assert ask("GET", "/customers/search?text=a%00b", key=world.key).error["field"] == "text"
    fine = {"payments": [{"note": "backslash \\u0000 in words is no NUL"}]}
    assert ask("POST", "/payments/bulk", fine, key=world.lailas).error["field"] != "payments[0].note"


@pytest.mark.parametrize(
    "query", ["?color=red", "?limit=1&limit=2", "?limit=0", "?limit=201", "?limit=x", "?limit=", "?limit=1.0", "?limit=%D9%A1",
              f"?after={'x' * 3000}", "?limit=1&" + "&".join(f"a{n}=1" for n in range(2000))],
)  # fmt: skip
def test_a_query_that_is_not_what_the_address_takes(world: World, query: str) -> None:
    reply = ask("GET", f"/customers{query}", key=world.key)
    assert (reply.status, reply.error["code"]) == (400, "wrong_shape"), reply


def test_a_page_marker_of_another_list_is_refused(world: World) -> None:
    marker = ask("GET", "/customers?limit=1", key=world.key).json["next"]
    assert ask("GET", f"/customers?after={marker}", key=world.key).status == 200
    for path, after in (
        ("/audit", marker),
        ("/customers", marker[:-2] + "AA"),
        ("/customers", "AAAA"),
        ("/customers", "%C3%A9"),
    ):
        reply = ask("GET", f"{path}?after={after}", key=world.key)
        assert (reply.status, reply.error["code"]) == (422, "invalid_cursor"), path


def test_a_body_of_another_kind_or_too_large_is_refused_by_its_head(world: World) -> None:
    for kind, status in {
        "text/plain": 415, "application/xml": 415, "multipart/form-data; boundary=x": 415,
        "application/x-www-form-urlencoded": 415, "application/JSON; charset=utf-8": 200,
    }.items():  # fmt: skip
        reply = put(world, raw=json.dumps({**NEW, "phone": f"+2010012300{len(kind)}"}).encode(), kind=kind)
        assert reply.status == status, kind
    large = put(world, raw=b'"' + b"x" * BODY_BYTES_MAX + b'"')
    assert (large.status, large.error["code"]) == (413, "body_too_large")
    assert put(world, raw=b'"' + b"x" * (BODY_BYTES_MAX - 2) + b'"').status == 400


def test_refusals_speak_the_readers_language_and_codes_stay(world: World) -> None:
    said = {}
    for language in ("en", "ar", "he", "ar-EG,ar;q=0.9", "he;q=0.1, en;q=0.2", "fr", "*", "\xff", ""):
        reply = put(world, {**NEW, "phone": "12"}, Accept_Language=language)
        said[language] = reply.error["message"]
        assert (reply.status, reply.error["code"], reply.error["field"]) == (422, "invalid_phone", "phone")
    assert len({said["en"], said["ar"], said["he"]}) == 3
    assert said["ar-EG,ar;q=0.9"] == said["ar"]
    assert {said[other] for other in ("he;q=0.1, en;q=0.2", "fr", "*", "\xff", "")} == {said["en"]}
    reply = put(world, {**NEW, "phone": "12"}, Accept_Language="he")
    assert (reply.headers["content-language"], reply.headers["vary"].split(", ")[0]) == ("he", "Accept-Language")


def test_what_a_message_was_filled_with_comes_as_data_too(world: World) -> None:
    body = {
        "from_account_id": str(world.wallet.id), "to": {"kind": "phone", "value": world.omar.phone},
        "amount": {"amount_minor": 100_001, "currency": "EGP"},
    }  # fmt: skip
    error = ask("POST", "/payments/preview", body, key=world.lailas).error
    assert (error["code"], error["field"]) == ("limit_per_transfer", "amount")
    assert error["params"] == {"limit": {"amount_minor": "100000", "currency": "EGP"}}


def test_a_bug_of_ours_says_nothing_but_a_reference(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: Any) -> None:
        at_hand = world.key
        raise RuntimeError(f"the inside, {len(at_hand)}")

    monkeypatch.setattr(people, "institution", broken)
    with caplog.at_level(logging.ERROR):
        reply = ask("GET", f"/institutions/{new_id()}", key=world.key)
    error = reply.error
    assert (reply.status, error["code"]) == (500, "internal_error")
    assert error["params"]["reference"] in error["hint"]
    assert "inside" not in reply.body.decode()
    assert error["params"]["reference"] in caplog.text
    assert world.key not in caplog.text


def test_a_databases_error_leaves_no_values_in_the_log(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def violate(_: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO platform_rate (key_id, empty_at) VALUES (%s, NULL)", [world.laila.id])

    monkeypatch.setattr(people, "institution", violate)
    with caplog.at_level(logging.ERROR):
        assert ask("GET", f"/institutions/{new_id()}", key=world.key).status == 500
    assert "IntegrityError: 23502 null value in column" in caplog.text
    assert str(world.laila.id) not in caplog.text


def test_a_database_that_is_away_is_said_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_: Any) -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(people, "institution", away)
    reply = ask("GET", f"/institutions/{new_id()}", key=world.key)
    assert (reply.status, reply.error["code"], reply.headers["retry-after"]) == (503, "temporarily_unavailable", "1")


def test_a_host_that_is_not_ours(world: World) -> None:
    reply = ask("GET", "/key", key=world.key, Host="evil.example")
    assert (reply.status, reply.error["code"]) == (400, "wrong_host")


def test_answers_tell_browsers_to_keep_and_run_nothing(world: World) -> None:
    for path in ("/key", "/nothing", "/openapi.json"):
        headers = ask("GET", path, key=world.key).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'none'")


def test_a_key_that_comes_too_often_waits_and_others_do_not(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock(SYSTEM_CLOCK.now())
    monkeypatch.setattr("raseed.platform.rest.routes.SYSTEM_CLOCK", clock)

    def statuses(count: int, path: str = "/key") -> list[int]:
        return [ask("GET", path, key=world.lailas).status for _ in range(count)]

    with override_settings(API_REQUESTS_PER_SECOND=5):
        assert statuses(15) == [200] * 10 + [429] * 5
        late = ask("GET", "/key", key=world.lailas)
        assert (late.status, late.error["code"], late.headers["retry-after"]) == (429, "rate_exceeded", "1")
        assert late.error["params"] == {"seconds": 1}
        assert ask("GET", "/key", key=world.omars_key).status == 200
        clock.advance(timedelta(seconds=1))
        assert statuses(7) == [200] * 5 + [429] * 2
        clock.advance(timedelta(hours=1))
        assert statuses(1, f"/accounts/{world.wallet.id}/statement?first_day=2026-01-01&last_day=2026-01-02") == [200]
        assert statuses(1) == [429], "a document is worth ten plain requests"
