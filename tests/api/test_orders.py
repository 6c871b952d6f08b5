"""Payment orders over the API: a file handed in, looked at, confirmed, followed, and its results taken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import override_settings
from lxml import etree

from raseed.display import api as display
from raseed.kernel.ids import new_id
from raseed.payments.api import FILE_BYTES_MAX
from raseed.payments.tests.filing import Pay
from raseed.platform.api import run_worker
from raseed_testing import NewDatabase

from .world import SELF, Reply, World, ask, build_world, file_of, issued

REPORT = "{urn:iso:std:iso:20022:tech:xsd:pain.002.001.12}"


@pytest.fixture
def world(new_database: NewDatabase) -> Iterator[World]:
    with new_database(build_world) as database, override_settings(API_REQUESTS_PER_SECOND=0):
        yield database.built


def file(world: World, *pays: Pay) -> bytes:
    wanted = pays or (Pay(world.omar.phone, "3.50"), Pay(world.omar.phone, "4"))
    return file_of(world.account, *wanted, message_id="SALARIES-1")


def hand_in(world: World, data: bytes, order_id: Any = None, **more: Any) -> Reply:
    kind = more.pop("kind", "application/xml")
    path = f"/payment-orders/{order_id or new_id()}?file_name=salaries.xml"
    return ask("PUT", path, raw=data, kind=kind, key=world.lailas, **more)


def held(world: World) -> int:
    return display.shown_balance(world.account.id).booked.amount_minor


def test_a_file_is_handed_in_confirmed_and_reported_on(world: World) -> None:
    order_id, data = new_id(), file(world)
    received = hand_in(world, data, order_id, Accept_Language="ar")
    assert (received.status, received.json["state"], received.json["count"]) == (200, "accepted", 2)
    assert received.json["totals"] == [{"amount_minor": "750", "currency": "EGP"}]
    assert (received.json["file_name"], received.json["file_bytes"]) == ("salaries.xml", len(data))
    assert held(world) == 50_000
    assert hand_in(world, data, order_id).json["id"] == str(order_id)
    assert hand_in(world, data).json["id"] == str(order_id), "the same content is the same order"
    for _ in range(2):
        assert ask("POST", f"/payment-orders/{order_id}/confirm", key=world.lailas).json["state"] == "executing"
    run_worker(wait=False, queues=["orders"])
    done = ask("GET", f"/payment-orders/{order_id}", key=world.lailas).json
    assert (done["state"], done["settled"], done["refused"]) == ("done", 2, 0)
    assert done["progress"] == {"done": 2, "total": 2, "ends_at": None, "waits_until": None}
    assert held(world) == 50_000 - 750
    report = ask("GET", f"/payment-orders/{order_id}/pain002", key=world.lailas)
    assert (report.status, report.headers["content-type"]) == (200, "application/xml")
    root = etree.fromstring(report.body)
    assert [each.text for each in root.iterfind(f".//{REPORT}TxSts")] == ["ACSC", "ACSC"]
    for path, key in (("/payment-orders", world.lailas), (f"/customers/{world.laila.id}/payment-orders", world.key)):
        listed = ask("GET", path, key=key).json["orders"]
        assert [each["id"] for each in listed] == [str(order_id), str(world.order_id)]
    paid = ask("GET", f"/customers/{world.laila.id}/payments?limit=2", key=world.key).json["payments"]
    assert {payment["amount"]["amount_minor"] for payment in paid} == {"350", "400"}


def test_a_bad_iban_is_told_with_its_line(world: World) -> None:
    order_id = new_id()
    received = hand_in(world, file(world, Pay("EG380019000500000000263180003")), order_id)
    assert (received.json["state"], received.json["problem_count"]) == ("refused", 1)
    (problem,) = ask("GET", f"/payment-orders/{order_id}/problems", key=world.lailas).json["problems"]
    assert problem["line"] > 20
    assert problem["refusal"]["code"] == "invalid_iban"
    assert str(problem["line"]) in problem["words"]
    confirmed = ask("POST", f"/payment-orders/{order_id}/confirm", key=world.lailas)
    assert (confirmed.status, confirmed.error["code"]) == (409, "order_not_waiting")
    assert held(world) == 50_000


@pytest.mark.parametrize(
    "data",
    [
        b"no xml",
        b"<a/>",
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b'<?xml version="1.0" encoding="UTF-8"?>\n' + b"<a>" * 5_000,
        bytes(range(256)) * 20,
    ],
)
def test_what_is_no_payment_file_is_an_order_that_was_refused(world: World, data: bytes) -> None:
    received = hand_in(world, data)
    assert (received.status, received.json["state"]) == (200, "refused")
    assert "root:" not in received.body.decode()


def test_what_cannot_be_handed_in_is_refused_by_name(world: World) -> None:
    order_id, data = new_id(), file(world)
    assert hand_in(world, b"").error["code"] == "order_file_empty"
    for kind in ("application/json", "text/plain", "multipart/form-data; boundary=x"):
        reply = hand_in(world, data, kind=kind)
        assert (reply.status, reply.error["code"]) == (415, "wrong_content_type")
        assert "application/xml" in reply.error["hint"]
    assert hand_in(world, data, order_id).status == 200
    other = hand_in(world, file(world, Pay(world.omar.phone, "9")), order_id)
    assert (other.status, other.error["code"]) == (409, "order_id_taken")
    hidden = ask(
        "PUT", f"/payment-orders/{new_id()}?file_name=a%E2%80%AEb", raw=data, kind="text/xml", key=world.lailas
    )
    assert (hidden.status, hidden.error["code"]) == (422, "unacceptable_text")


def test_a_file_that_is_too_large_is_refused_by_its_head(world: World) -> None:
    class Long(bytes):
        def __len__(self) -> int:
            return FILE_BYTES_MAX + 1

    reply = hand_in(world, Long(b"x"))
    assert (reply.status, reply.error["code"]) == (413, "body_too_large")


def test_an_order_is_its_senders_alone_and_can_be_withdrawn(world: World) -> None:
    order_id = new_id()
    hand_in(world, file(world), order_id)
    for method, what in (
        ("GET", ""),
        ("GET", "/problems"),
        ("GET", "/pain002"),
        ("POST", "/confirm"),
        ("POST", "/withdraw"),
    ):
        reply = ask(method, f"/payment-orders/{order_id}{what}", key=world.omars_key)
        assert (reply.status, reply.error["code"]) == (404, "order_unknown")
    with issued(f"customer:{world.laila.id}", world.bank, SELF[:1]) as key:
        assert ask("POST", f"/payment-orders/{order_id}/confirm", key=key).status == 403
    for _ in range(2):
        assert ask("POST", f"/payment-orders/{order_id}/withdraw", key=world.lailas).json["state"] == "withdrawn"
    assert held(world) == 50_000
