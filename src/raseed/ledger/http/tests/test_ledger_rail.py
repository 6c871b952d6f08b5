"""What a trusted system meets at ``/ledger/v1``: the ledger's answers as results, everything malformed as one error shape."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.ledger.commit import GroupCommit
from raseed.ledger.domain import AMOUNT_MAX, CreateTransferResult
from raseed.ledger.http import shapes
from raseed.ledger.http.rail import IN_THREAD_BYTES_MIN, STATUSES, LedgerRail
from raseed.platform.rail.application import Rail
from raseed.platform.rail.pool import Pool
from raseed.platform.rail.sign_in import Key, Keys
from raseed.platform.rail.tests.asking import Reply, ask
from raseed_testing import Database

KEY = "a key"
Ask = Callable[..., Reply]


def build(commit: GroupCommit, pool: Pool) -> Rail:
    key = Key("ours", frozenset({"ledger"}), hashlib.sha256(KEY.encode()).digest())
    return Rail(LedgerRail(commit, pool).routes(), Keys([key]), statuses=STATUSES)


@pytest.fixture
def rail(database: Database) -> Iterator[Rail]:
    commit, pool = GroupCommit(), Pool()
    commit.start()
    yield build(commit, pool)
    commit.close()
    pool.close()


@pytest.fixture
def send(rail: Rail) -> Ask:
    def send(method: str, target: str, body: Any = None, **more: Any) -> Reply:
        return ask(rail, method, f"/ledger/v1/{target}", body, key=KEY, **more)

    return send


class Town:
    """A ledger with cash and two wallets that may not go below zero, one of them with 1,000."""

    def __init__(self, send: Ask) -> None:
        self.send = send
        opened = send("POST", "ledgers", {"institution_id": str(new_id()), "currency": "OMR"})
        assert (opened.status, opened.json["scale"]) == (200, 3)
        self.ledger = opened.json["number"]
        self.cash, self.a, self.b = (str(new_id()) for _ in range(3))
        limited = ["debits_must_not_exceed_credits"]
        accounts = [{"id": id_, "ledger": self.ledger, "code": 1, "flags": flags}
                    for id_, flags in ((self.cash, []), (self.a, limited), (self.b, limited))]  # fmt: skip
        created = send("POST", "accounts", accounts)
        assert (created.status, [row["result"] for row in created.json]) == (200, ["ok"] * 3)
        assert send("POST", "transfers", self.move(self.cash, self.a, 1000)).status == 201

    def move(self, debit: str, credit: str, amount: Any = 1, **more: Any) -> dict[str, Any]:
        return {"id": str(new_id()), "debit_account_id": debit, "credit_account_id": credit, "amount": amount,
                "ledger": self.ledger, "code": 1, **more}  # fmt: skip

    def entries(self) -> list[int]:
        return [self.send("GET", f"accounts/{id_}").json["entries"] for id_ in (self.cash, self.a, self.b)]


@pytest.fixture
def town(send: Ask) -> Town:
    return Town(send)


def test_one_transfer_is_answered_with_what_became_of_it(town: Town, send: Ask) -> None:
    sent = town.move(town.a, town.b, "250")
    reply = send("POST", "transfers", sent)
    assert (reply.status, reply.json) == (201, {"id": sent["id"], "result": "ok"})
    again = send("POST", "transfers", sent)
    assert (again.status, again.json) == (200, {"id": sent["id"], "result": "exists"})
    other = send("POST", "transfers", {**sent, "amount": 251})
    assert (other.status, other.json["result"]) == (200, "exists_with_different_amount")
    poor = send("POST", "transfers", town.move(town.b, town.a, 251))
    assert (poor.status, poor.json["result"]) == (200, "exceeds_credits")
    assert send("POST", "transfers", town.move(town.a, town.b, 0)).json["result"] == "amount_must_not_be_zero"
    assert send("POST", "transfers", {"id": str(new_id())}).json["result"] == "debit_account_id_must_not_be_zero"
    assert send("POST", "transfers", town.move(town.a, str(new_id()))).json["result"] == "credit_account_not_found"
    shown = send("GET", f"transfers/{sent['id']}").json
    assert {name: shown[name] for name in sent} == {**sent, "amount": "250"}
    msgspec.convert(shown, shapes.Transfer)


def test_amounts_past_what_json_numbers_hold_go_through_whole(town: Town, send: Ask) -> None:
    large = AMOUNT_MAX - 1000
    assert send("POST", "transfers", town.move(town.cash, town.b, large)).status == 201
    shown = send("GET", f"accounts/{town.b}").json
    assert shown["balances"]["credits_posted"] == str(large)
    assert shown["flags"] == ["debits_must_not_exceed_credits"]
    assert (
        send("POST", "transfers", town.move(town.cash, town.b, str(AMOUNT_MAX))).json["result"]
        == "overflows_debits_posted"
    )


def test_holds_posts_voids_and_chains_go_through_too(town: Town, send: Ask) -> None:
    hold = town.move(town.a, town.b, 600, flags=["pending"], timeout_s=3600)
    part = {"id": str(new_id()), "flags": ["post_pending_transfer"], "pending_id": hold["id"], "amount": 200}
    void = {"id": str(new_id()), "flags": ["void_pending_transfer"], "pending_id": hold["id"]}
    chain = [town.move(town.cash, town.b, 5, flags=["linked"]), town.move(town.b, town.a, 10**6)]
    assert send("POST", "transfers", hold).status == 201
    reply = send("POST", "transfers", [part, void, *chain])
    assert [row["result"] for row in reply.json] == [
        "ok", "pending_transfer_already_posted", "linked_event_failed", "exceeds_credits",
    ]  # fmt: skip
    assert [row["id"] for row in reply.json] == [row["id"] for row in (part, void, *chain)]
    page = send("GET", f"accounts/{town.b}/history").json
    assert [(entry["side"], entry["transfer"]["flags"], entry["transfer"]["amount"]) for entry in page["entries"]] == [
        ("credit", ["post_pending_transfer"], "200"), ("credit", ["pending"], "600"),
    ]  # fmt: skip


def test_a_large_array_is_answered_in_order(town: Town, send: Ask) -> None:
    batch = [town.move(town.a if n % 2 else town.b, town.cash, 1) for n in range(600)]
    assert len(json.dumps(batch)) > IN_THREAD_BYTES_MIN
    reply = send("POST", "transfers", batch)
    assert [row["result"] for row in reply.json] == ["exceeds_credits", "ok"] * 300
    assert [row["id"] for row in reply.json] == [row["id"] for row in batch]
    small = [town.move(town.a, town.cash, 1) for _ in range(3)]
    assert [row["result"] for row in send("POST", "transfers", small).json] == ["ok"] * 3


def test_history_goes_on_where_a_page_ended(town: Town, send: Ask) -> None:
    assert send("POST", "transfers", [town.move(town.a, town.b, n) for n in range(1, 8)]).status == 200
    whole = send("GET", f"accounts/{town.a}/history?limit=1000").json
    assert whole["before"] is None
    entries, before = [], ""
    for _ in range(5):
        page = send("GET", f"accounts/{town.a}/history?limit=3{before}").json
        entries += page["entries"]
        if page["before"] is None:
            break
        before = f"&before={page['before']}"
    assert entries == whole["entries"]
    assert [entry["balances"]["debits_posted"] for entry in entries] == ["28", "21", "15", "10", "6", "3", "1", "0"]
    msgspec.convert(whole, shapes.History)


def test_balances_are_shown_now_and_as_of_then(town: Town, send: Ask) -> None:
    early = SYSTEM_CLOCK.now() - timedelta(days=1)
    booked = town.move(town.a, town.b, 10, booked_on="2020-02-29")
    assert send("POST", "transfers", booked).status == 201
    seq = send("GET", f"transfers/{booked['id']}").json["seq"]

    def debits(query: str) -> str:
        shown = send("GET", f"accounts/{town.a}/balances{query}").json
        assert shown["account_id"] == town.a
        return str(shown["balances"]["debits_posted"])

    assert debits("") == debits(f"?seq={seq}") == debits("?booked_on=2020-02-29") == "10"
    assert debits(f"?seq={int(seq) - 1}") == debits("?booked_on=2020-02-28") == "0"
    assert debits(f"?at={early.isoformat().replace('+', '%2B')}") == debits("?at=2020-01-01T00:00:00Z") == "0"
    assert debits("?at=2100-01-01T00:00:00Z") == "10"


def test_what_is_not_there_is_not_found(town: Town, send: Ask) -> None:
    unknown = new_id()
    failed = town.move(town.b, town.a, 5)
    assert send("POST", "transfers", failed).json["result"] == "exceeds_credits"
    for target in (f"accounts/{unknown}", f"accounts/{unknown}/history", f"accounts/{unknown}/balances",
                   f"accounts/{unknown}/balances?seq=5"):  # fmt: skip
        assert (send("GET", target).status, send("GET", target).error["code"]) == (404, "account_not_found"), target
    for id_ in (unknown, failed["id"]):
        assert (send("GET", f"transfers/{id_}").status, send("GET", f"transfers/{id_}").error["code"]) == (
            404,
            "transfer_not_found",
        )


def test_accounts_and_ledgers_can_be_asked_for_twice(town: Town, send: Ask) -> None:
    account = {"id": str(new_id()), "ledger": town.ledger, "code": 7, "user_data": str(new_id())}
    assert (send("POST", "accounts", account).status, send("POST", "accounts", account).status) == (201, 200)
    assert send("POST", "accounts", {**account, "code": 8}).json == {
        "id": account["id"],
        "result": "exists_with_different_code",
    }
    shown = send("GET", f"accounts/{account['id']}").json
    assert (shown["user_data"], shown["entries"], shown["last_transfer_id"]) == (account["user_data"], 0, None)
    ledger = {"institution_id": str(new_id()), "currency": "EGP"}
    assert send("POST", "ledgers", ledger).json == send("POST", "ledgers", ledger).json
    for wrong, code in (
        ("egp", "wrong_shape"),
        ("XXX", "unknown_currency"),
        ("EGP\n", "wrong_shape"),
        (5, "wrong_shape"),
    ):
        assert send("POST", "ledgers", {**ledger, "currency": wrong}).error["code"] == code


UPPER = "01A20054-C402-76C7-8ABC-0123456789AB"
WRONG_FIELDS: list[tuple[str, Any, str]] = [
    ("amount", -1, "wrong_shape"), ("amount", 1.5, "wrong_shape"), ("amount", "1.5", "wrong_shape"), ("amount", "-1", "wrong_shape"),
    ("amount", "", "wrong_shape"), ("amount", " 1", "wrong_shape"), ("amount", "1\n", "wrong_shape"), ("amount", "١", "wrong_shape"),
    ("amount", 1 << 63, "wrong_shape"), ("amount", str(1 << 63), "wrong_shape"), ("amount", 10**40, "wrong_shape"),
    ("amount", "9" * 4000, "wrong_shape"), ("amount", True, "wrong_shape"), ("amount", None, "wrong_shape"), ("amount", [1], "wrong_shape"),
    ("ledger", -1, "wrong_shape"), ("ledger", 1 << 31, "wrong_shape"), ("ledger", "1", "wrong_shape"), ("code", 1 << 40, "wrong_shape"),
    ("timeout_s", -1, "wrong_shape"), ("timeout_s", 1 << 31, "wrong_shape"), ("flags", 1, "wrong_shape"), ("flags", None, "wrong_shape"),
    ("booked_on", "2020-02-30", "wrong_shape"), ("booked_on", "29/02/2020", "wrong_shape"), ("booked_on", 5, "wrong_shape"),
    ("id", None, "wrong_shape"), ("id", 5, "wrong_shape"), ("id", "x", "invalid_id"), ("id", "", "invalid_id"),
    ("id", UPPER, "invalid_id"), ("id", UPPER.lower().replace("-", ""), "invalid_id"), ("debit_account_id", UPPER, "invalid_id"),
    ("credit_account_id", f"{{{UPPER.lower()}}}", "invalid_id"), ("pending_id", f"urn:uuid:{UPPER.lower()}", "invalid_id"),
    ("user_data", f"{UPPER.lower()}\u0000", "invalid_id"), ("user_data", f"\u202e{UPPER.lower()}", "invalid_id"), ("user_data", "٣" * 36, "invalid_id"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value", "code"), WRONG_FIELDS, ids=lambda value: ascii(value)[:20])
def test_a_malformed_field_is_named_and_nothing_is_posted(
    town: Town, send: Ask, field: str, value: Any, code: str
) -> None:
    before = town.entries()
    wrong = {**town.move(town.a, town.b), field: value}
    one = send("POST", "transfers", wrong)
    assert (one.status, one.error["code"], one.error["field"]) == (400, code, field)
    many = send("POST", "transfers", [town.move(town.a, town.b), wrong])
    assert (many.status, many.error["code"]) == (400, code)
    assert str(many.error["field"]).startswith(f"[1].{field}" if field != "flags" else "[1].flags")
    assert town.entries() == before


@pytest.mark.parametrize("flags", [["expired"], ["pending", "unknown"], [4], ["Pending"], ["balancing_debit"]])
def test_flags_of_no_caller_are_refused(town: Town, send: Ask, flags: list[Any]) -> None:
    reply = send("POST", "transfers", town.move(town.a, town.b, flags=flags))
    assert (reply.status, reply.error["code"]) == (400, "wrong_shape")
    assert reply.error["field"].startswith("flags[")


def test_bodies_that_are_no_transfers_are_refused(town: Town, send: Ask) -> None:
    before = town.entries()
    good = town.move(town.a, town.b)
    bodies: list[tuple[Any, str]] = [
        (b"", "not_json"), (b"{", "not_json"), (b"[", "not_json"), (b"nonsense", "not_json"), (b"[]", "wrong_shape"), (b"{}", "wrong_shape"),
        (b"null", "wrong_shape"), (b'"x"', "wrong_shape"), (b"[[]]", "wrong_shape"), (b"[" * 100_000, "wrong_shape"),
        (b'{"id":' * 100_000, "wrong_shape"), ([good, {**good, "colour": "red"}], "wrong_shape"), ({**good, "x\u0007": 1}, "wrong_shape"),
        ([good] * 8191, "wrong_shape"), (json.dumps(good).encode("utf-16"), "not_json"), (b"\xef\xbb\xbf" + json.dumps(good).encode(), "not_json"),
    ]  # fmt: skip
    for body, code in bodies:
        reply = send("POST", "transfers", body)
        assert (reply.status, reply.error["code"]) == (400, code), body[:40]
    assert send("POST", "transfers", b" " * 10_000_000).status == 413
    assert town.entries() == before


def test_ids_may_be_written_with_escapes_if_that_is_what_they_spell(town: Town, send: Ask) -> None:
    sent = town.move(town.a, town.b)
    spelt = json.dumps(sent).replace("-", "\\u002D").replace(f'"{sent["id"][0]}', f'"\\u00{ord(sent["id"][0]):02X}', 1)
    assert send("POST", "transfers", spelt.encode()).json == {"id": sent["id"], "result": "ok"}


@pytest.mark.parametrize(
    ("target", "field"),
    [
        ("accounts/{a}/history?limit=0", "limit"), ("accounts/{a}/history?limit=1001", "limit"), ("accounts/{a}/history?limit=-1", "limit"),
        ("accounts/{a}/history?before=x", "before"), ("accounts/{a}/history?before=9223372036854775808", "before"),
        ("accounts/{a}/history?before=%D9%A3", "before"), ("accounts/{a}/history?after=1", "after"),
        ("accounts/{a}/balances?at=2026-01-01T00:00:00", "at"), ("accounts/{a}/balances?at=yesterday", "at"),
        ("accounts/{a}/balances?booked_on=2026-13-01", "booked_on"), ("accounts/{a}/balances?seq=1.5", "seq"),
        ("accounts/{a}/balances?seq=5&booked_on=2026-01-01", None), ("accounts/{a}?x=1", "x"), ("transfers/{a}?x=1", "x"),
    ],
)  # fmt: skip
def test_questions_that_make_no_sense_are_refused(town: Town, send: Ask, target: str, field: str | None) -> None:
    reply = send("GET", target.format(a=town.a))
    assert (reply.status, reply.error["code"], reply.error["field"]) == (400, "wrong_shape", field)


@pytest.mark.parametrize(
    "id_", ["1", "x" * 36, UPPER, "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "%00"]
)
def test_ids_that_are_no_ids_are_refused(send: Ask, id_: str) -> None:
    for target in (f"accounts/{id_}", f"transfers/{id_}", f"accounts/{id_}/history", f"accounts/{id_}/balances"):
        assert (send("GET", target).status, send("GET", target).error["code"]) == (400, "invalid_id")


def test_refusals_are_told_in_arabic_and_hebrew(town: Town, send: Ask) -> None:
    target = f"accounts/{new_id()}"
    assert send("GET", target, language="ar-EG").error["message"] == "لا نعرف هذا الحساب."
    assert send("GET", target, language="he").error["message"] == "איננו מכירים את החשבון הזה."


LEAF = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=40)
    | st.sampled_from([str(new_id()), "pending", "linked"])
)
FIELD = st.sampled_from([*shapes.NewTransfer.__struct_fields__, "x"])
NESTED = LEAF | st.lists(LEAF, max_size=3) | st.dictionaries(FIELD, LEAF)
JSON = NESTED | st.lists(NESTED, max_size=3) | st.dictionaries(FIELD, NESTED)
NAMES = {result.name.lower() for result in CreateTransferResult}


def test_no_body_whatever_makes_the_rail_fail(town: Town, send: Ask) -> None:
    """Whatever arrives is answered with results by name or with 400, and the books still add up."""

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.dictionaries(st.sampled_from(list(shapes.NewTransfer.__struct_fields__)), JSON),
        st.integers(0, 5),
        st.binary(max_size=4),
    )
    @example({"flags": ["linked"]}, 3, b"")
    @example({"flags": ["pending", "post_pending_transfer"], "timeout_s": 5}, 3, b"")
    def poke(changes: dict[str, Any], length: int, noise: bytes) -> None:
        one = {**town.move(town.a, town.b), **changes}
        body: Any = one if length == 0 else [town.move(town.cash, town.a)] * (length - 1) + [one]
        raw = json.dumps(body).encode()
        place = sum(noise) % len(raw)
        reply = send("POST", "transfers", raw[:place] + noise + raw[place:])
        assert reply.status in {200, 201, 400}
        if reply.status == 400:
            assert reply.error["code"] in {"wrong_shape", "not_json", "invalid_id"}
            return
        rows = reply.json if isinstance(reply.json, list) else [reply.json]
        assert {row["result"] for row in rows} <= NAMES

    poke()
    sums = [send("GET", f"accounts/{id_}").json["balances"] for id_ in (town.cash, town.a, town.b)]
    for kind in ("pending", "posted"):
        assert sum(int(b[f"debits_{kind}"]) for b in sums) == sum(int(b[f"credits_{kind}"]) for b in sums)


def test_a_database_that_is_away_is_said_to_be_away(own_server: Database) -> None:
    commit, pool = GroupCommit(), Pool()
    commit.start()
    rail = build(commit, pool)
    account = {"id": str(new_id()), "ledger": 1, "code": 1}
    assert ask(rail, "POST", "/ledger/v1/accounts", account, key=KEY).json["result"] == "ledger_not_found"
    own_server.server.kill()
    write = ask(rail, "POST", "/ledger/v1/accounts", account, key=KEY)
    read = ask(rail, "GET", f"/ledger/v1/accounts/{new_id()}", key=KEY)
    assert (write.status, write.error["code"]) == (504, "outcome_unknown")
    assert (read.status, read.error["code"], read.headers["retry-after"]) == (503, "ledger_unavailable", "1")
    own_server.server.start(leashed=True)
    assert ask(rail, "POST", "/ledger/v1/accounts", account, key=KEY).json["result"] == "ledger_not_found"
    assert ask(rail, "POST", "/ledger/v1/transfers", {"id": str(new_id())}, key=KEY).status == 200
    commit.close()
    pool.close()


def test_the_description_is_whole_and_needs_no_key(rail: Rail) -> None:
    described = ask(rail, "GET", "/ledger/v1/openapi.json").json
    routes = {(method.upper(), path) for path, item in described["paths"].items() for method in item}
    assert routes == {(route.method, route.path) for route in rail.routes}
    references = {found for found in _references(described) if not found.startswith("#/components/schemas/")}
    assert not references
    named = {found.rsplit("/", 1)[1] for found in _references(described)}
    assert named <= set(described["components"]["schemas"])
    properties = described["components"]["schemas"]["NewTransfer"]["properties"]
    assert set(properties) == set(shapes.NewTransfer.__struct_fields__)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def test_results_are_tigerbeetles_names(database: Database) -> None:
    assert set(shapes.RESULTS) == set(CreateTransferResult)
    assert shapes.RESULTS[CreateTransferResult.OK] == "ok"
    with psycopg.connect(database.dsn) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
