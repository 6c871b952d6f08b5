"""A rail refuses what it should before any handler runs, in one shape and in the reader's language."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from typing import Any

import msgspec
import pytest

from raseed.kernel.errors import NotFound
from raseed.platform.rail import bodies
from raseed.platform.rail.application import Answer, Rail, Request, Route
from raseed.platform.rail.errors import DETAIL_LENGTH_MAX, RailBusy
from raseed.platform.rail.metrics import Requests
from raseed.platform.rail.openapi import describe
from raseed.platform.rail.pool import Pool
from raseed.platform.rail.sign_in import Key, Keys, WrongKeySetting, keys_from_setting

from .asking import Exchange, ask

KEY = "correct-horse-battery-staple"
BYTES_MAX = 1000


class Thing(msgspec.Struct, forbid_unknown_fields=True):
    """A thing."""

    name: str
    count: int = 0


async def take(request: Request) -> Answer:
    thing = bodies.decoded(msgspec.json.Decoder(Thing), request.body)
    return Answer(msgspec.json.encode(thing), 201)


async def show(request: Request) -> Answer:
    asked = bodies.read_query(request.query, ("limit", "name"))
    return Answer(msgspec.json.encode({**request.places, **asked}))


async def fail(_request: Request) -> Answer:
    raise ZeroDivisionError("a bug of ours")


async def miss(_request: Request) -> Answer:
    raise NotFound(field="id")


@pytest.fixture
def requests() -> Requests:
    return Requests()


@pytest.fixture
def rail(requests: Requests) -> Rail:
    routes = [
        Route("POST", "/things", take, "things", "Take a thing.", Thing, {201: Thing}, bytes_max=BYTES_MAX),
        Route("GET", "/things/{id}/parts.json", show, None, "Show parts.", gives={200: dict[str, str]}),
        Route("GET", "/things/{id}", miss, None, "Show a thing."),
        Route("GET", "/bug", fail, None, "Fail."),
    ]
    keys = [Key("ours", frozenset({"things"}), hashlib.sha256(KEY.encode()).digest()),
            Key("other", frozenset({"metrics"}), hashlib.sha256(b"other").digest())]  # fmt: skip
    return Rail(routes, Keys(keys), requests=requests)


def test_a_request_with_its_key_is_answered(rail: Rail) -> None:
    reply = ask(rail, "POST", "/things", {"name": "صندوق"}, key=KEY)
    assert (reply.status, reply.json) == (201, {"name": "صندوق", "count": 0})
    assert reply.headers["content-type"] == "application/json"
    assert ask(rail, "GET", "/things/7/parts.json?limit=5&name=%D8%A8").json == {"id": "7", "limit": "5", "name": "ب"}


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Basic abc", f"Bearer {KEY}x", "Bearer \xff", f"Bearer {'k' * 9999}"],
)
def test_without_a_key_of_ours_nothing_is_read(rail: Rail, authorization: str | None) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    exchange = Exchange("POST", "/things", [b"{}"], headers)
    asyncio.run(rail(exchange.scope, exchange.receive, exchange.send))
    assert exchange.reply.status == 401
    assert exchange.reply.error["code"] == "key_refused"
    assert exchange.reply.headers["www-authenticate"] == "Bearer"
    assert exchange.taken == 0


def test_a_key_opens_only_what_it_is_for(rail: Rail) -> None:
    reply = ask(rail, "POST", "/things", {"name": "x"}, key="other")
    assert (reply.status, reply.error["code"]) == (403, "permission_refused")


def test_addresses_and_methods_that_are_not_there_are_named(rail: Rail) -> None:
    assert ask(rail, "GET", "/nothing").error["code"] == "no_such_address"
    assert ask(rail, "GET", "/things/1/2").status == 404
    assert ask(rail, "GET", "/things/1/partsXjson").status == 404, "a point is a point"
    wrong = ask(rail, "DELETE", "/things")
    assert (wrong.status, wrong.error["code"], wrong.headers["allow"]) == (405, "method_refused", "POST")
    assert ask(rail, "POST", "/things/1").headers["allow"] == "GET"
    assert ask(rail, "<script>", "/things").status == 405


def test_errors_speak_the_readers_language(rail: Rail) -> None:
    said = {
        language: ask(rail, "GET", "/nothing", language=language).error["message"] for language in ("en", "ar", "he")
    }
    assert len(set(said.values())) == 3
    assert said["en"] == "There is nothing at this address."
    for header, language in {
        "ar-EG,ar;q=0.9,en;q=0.8": "ar", "fr, iw;q=0.4, ar;q=0.2": "he", "en;q=0, he": "he", "zz": "en", "": "en",
        "ar;q=nan, he;q=1": "he", "*": "en", ";;;,,q=": "en", "\xff\xfe": "en", "he;q=0.1,ar;q=99": "ar",
    }.items():  # fmt: skip
        assert ask(rail, "GET", "/nothing", language=header).error["message"] == said[language], header


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (b"", "not_json", None),
        (b"{", "not_json", None),
        (b'{"name": "x"} {}', "not_json", None),
        (b"\xff\xfe", "not_json", None),
        (b'{"name": "\xff"}', "not_json", None),
        (b'{"name": "\x00"}', "not_json", None),
        (b'{"name": "x", "count": NaN}', "not_json", None),
        (b"[" * 900, "wrong_shape", None),
        (b"null", "wrong_shape", None),
        (b"{}", "wrong_shape", "name"),
        (b'{"name": 5}', "wrong_shape", "name"),
        (b'{"name": "x", "count": "5"}', "wrong_shape", "count"),
        (b'{"name": "x", "count": 5.5}', "wrong_shape", "count"),
        (b'{"name": "x", "color": "red"}', "wrong_shape", "color"),
        (b'{"name": "x", "\\u202e\\u0007": 1}', "wrong_shape", "\ufffd\ufffd"),
    ],
)
def test_a_body_that_does_not_fit_is_refused_with_its_field(
    rail: Rail, body: bytes, code: str, field: str | None
) -> None:
    reply = ask(rail, "POST", "/things", body, key=KEY)
    assert (reply.status, reply.error["code"], reply.error["field"]) == (400, code, field)


def test_what_is_quoted_back_is_short_and_can_be_shown(rail: Rail) -> None:
    error = ask(rail, "POST", "/things", {"name": "x", "\x1b]0;" + "a" * 700: 1}, key=KEY).error
    assert "\x1b" not in error["message"] + error["field"]
    assert len(error["field"]) <= DETAIL_LENGTH_MAX + 1


def test_a_body_too_large_is_refused_before_it_is_read(rail: Rail) -> None:
    said = Exchange("POST", "/things", [b"x"] * 10, {"authorization": f"Bearer {KEY}", "content-length": "10000000"})
    asyncio.run(rail(said.scope, said.receive, said.send))
    assert (said.reply.status, said.reply.error["code"], said.taken) == (413, "body_too_large", 0)
    unsaid = Exchange("POST", "/things", [b"x" * 400] * 100, {"authorization": f"Bearer {KEY}"})
    asyncio.run(rail(unsaid.scope, unsaid.receive, unsaid.send))
    assert (unsaid.reply.status, unsaid.taken) == (413, 3)
    assert "1,000" in unsaid.reply.error["message"]
    for length in ("-1", "1e3", "9" * 40, "٣", ""):
        assert ask(rail, "POST", "/things", b"{}", key=KEY, content_length=length).status == 413, length
    assert ask(rail, "POST", "/things", b"x" * (BYTES_MAX + 1), key=KEY).status == 413


def test_a_body_in_pieces_is_put_together_and_a_slow_one_refused(rail: Rail, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Exchange("POST", "/things", [b'{"na', b"", b'me": "x"}'], {"authorization": f"Bearer {KEY}"})
    asyncio.run(rail(whole.scope, whole.receive, whole.send))
    assert whole.reply.status == 201
    monkeypatch.setattr(bodies, "BODY_SECONDS_MAX", 0.01)
    slow = Exchange("POST", "/things", [b"{", b"}"], {"authorization": f"Bearer {KEY}"})

    async def stuck() -> dict[str, Any]:
        return await slow.receive() if slow.taken == 0 else await asyncio.Future()

    asyncio.run(rail(slow.scope, stuck, slow.send))
    assert (slow.reply.status, slow.reply.error["code"]) == (408, "body_too_slow")


def test_who_hangs_up_is_not_answered(rail: Rail) -> None:
    gone = Exchange("POST", "/things", [], {"authorization": f"Bearer {KEY}"})
    asyncio.run(rail(gone.scope, gone.receive, gone.send))
    assert gone.sent == []


def test_a_body_that_says_it_is_something_else_is_refused(rail: Rail) -> None:
    for kind, status in {
        "text/xml": 415,
        "application/json": 201,
        "Application/JSON; charset=utf-8": 201,
        "": 415,
    }.items():
        assert ask(rail, "POST", "/things", {"name": "x"}, key=KEY, content_type=kind).status == status


@pytest.mark.parametrize(
    "query", ["limit=1&limit=2", "color=red", "limit", "a=b&" * 20, "limit=%ff", "x=" + "y" * 3000, "limit=\x80"]
)
def test_a_query_that_does_not_fit_is_refused(rail: Rail, query: str) -> None:
    assert ask(rail, "GET", f"/things/7/parts.json?{query}").error["code"] == "wrong_shape"


def test_a_bug_is_logged_and_answered_without_its_inside(rail: Rail, caplog: pytest.LogCaptureFixture) -> None:
    reply = ask(rail, "GET", "/bug")
    assert (reply.status, reply.error["code"]) == (500, "internal_error")
    assert b"a bug of ours" not in reply.body
    assert "ZeroDivisionError" in caplog.text


def test_requests_are_counted_by_route_and_never_by_what_was_asked(rail: Rail, requests: Requests) -> None:
    ask(rail, "GET", "/things/secret-7")
    ask(rail, "GET", "/secret")
    samples = [(s.name, s.labels) for metric in requests.collect() for s in metric.samples]
    assert ("raseed_rail_requests_total", {"route": "/things/{id}", "method": "GET", "status": "404"}) in samples
    assert ("raseed_rail_requests_total", {"route": "none", "method": "none", "status": "404"}) in samples
    assert "secret" not in str(samples)


def test_keys_are_read_from_a_setting_as_hashes_only() -> None:
    digest = hashlib.sha256(b"partner").hexdigest()
    [one, two] = keys_from_setting(f"partner:ledger:{digest}, watcher:metrics+ledger:{digest} ,")
    assert one.name == "partner"
    assert (set(one.scopes), set(two.scopes)) == ({"ledger"}, {"metrics", "ledger"})
    assert Keys([one]).find(b"bearer partner", "ledger") is one
    assert keys_from_setting("") == []
    for wrong in (
        "partner",
        f"partner:{digest}",
        "partner:ledger:short",
        f"PARTNER:ledger:{digest}",
        f"p:ledger:{digest}0",
    ):
        with pytest.raises(WrongKeySetting):
            keys_from_setting(wrong)


def test_the_pool_refuses_what_it_can_not_keep_waiting() -> None:
    pool, go_on = Pool(threads=1, waiting_max=3), threading.Event()

    def slow(number: int) -> int:
        assert go_on.wait(30)
        return number

    async def overfill() -> list[int]:
        there = [asyncio.ensure_future(pool.run(slow, number)) for number in range(3)]
        await asyncio.sleep(0)  # tidy: allowed - not a wait: each has begun
        for _ in range(2):
            with pytest.raises(RailBusy):
                await pool.run(int)
        go_on.set()
        return [*await asyncio.gather(*there), await pool.run(int)]

    try:
        assert asyncio.run(overfill()) == [0, 1, 2, 0]
    finally:
        go_on.set()
        pool.close()


def test_the_description_names_every_route(rail: Rail) -> None:
    described = json.loads(msgspec.json.encode(describe("Things", "1", "About things.", rail.routes)))
    assert described["openapi"] == "3.1.0"
    assert {(method.upper(), path) for path, item in described["paths"].items() for method in item} == {
        (route.method, route.path) for route in rail.routes
    }
    assert described["components"]["schemas"]["Thing"]["required"] == ["name"]
    assert described["components"]["schemas"]["Error"]
    assert described["paths"]["/things"]["post"]["security"] == [{"key": ["things"]}]
