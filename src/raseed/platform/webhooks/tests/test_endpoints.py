"""Endpoints are their institution's, go to public addresses only, and what they missed can be sent again."""

from __future__ import annotations

import ipaddress
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import override_settings

from raseed.kernel.clock import ManualClock
from raseed.kernel.errors import InputError
from raseed.kernel.ids import new_id
from raseed.kernel.text import UnacceptableText
from raseed.platform.api import InvalidCursor, SameIdOtherContent, audit_trail
from raseed.platform.webhooks import api as webhooks
from raseed.platform.webhooks import services
from raseed.platform.webhooks.addresses import AddressRefused, allowed, checked_url, resolved
from raseed.platform.webhooks.domain import ENDPOINTS_MAX
from raseed.platform.webhooks.models import EndpointRow, OwedRow
from raseed.platform.webhooks.sending import Sender

from .receiving import EVENT, Manager, Receiver, answer, endpoint_at, receiving, tell

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
URL = "https://hooks.example/in"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as there:
        yield there


@pytest.fixture
def manager(database: object) -> Manager:
    return Manager(new_id())


def test_the_same_registration_again_is_one_endpoint_and_tells_the_same_secret(manager: Manager) -> None:
    wanted: dict[str, Any] = {
        "id": new_id(), "institution_id": manager.institution_id, "url": URL, "events": ["*", EVENT, EVENT],
        "description": "  the  shop ", "by": manager,
    }  # fmt: skip
    first, secret = webhooks.register_endpoint(**wanted)
    assert webhooks.register_endpoint(**wanted) == (first, secret)
    assert (first.events, first.description) == (("*", EVENT), "the shop")
    for other in ({"url": "https://elsewhere.example/"}, {"events": [EVENT]}, {"description": ""}):
        with pytest.raises(SameIdOtherContent):
            webhooks.register_endpoint(**{**wanted, **other})
    assert webhooks.endpoints_of(manager.institution_id, by=manager) == [first]


def test_no_secret_is_in_the_database(manager: Manager) -> None:
    _, secret = endpoint_at(URL, manager)
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(json_agg(e)::text, '') FROM platform_webhook_endpoint e")
        kept = str(cursor.fetchone()[0])
    assert secret.removeprefix("whsec_")[:20] not in kept


def test_who_may_not_manage_webhooks_sees_and_does_nothing(manager: Manager) -> None:
    endpoint, _ = endpoint_at(URL, manager)
    stranger, id_ = Manager(new_id()), endpoint.id
    with pytest.raises(webhooks.WebhooksNotPermitted):
        webhooks.endpoints_of(manager.institution_id, by=stranger)
    with pytest.raises(webhooks.WebhooksNotPermitted):
        webhooks.register_endpoint(
            id=new_id(), institution_id=manager.institution_id, url=URL, events=["*"], by=stranger
        )
    span: dict[str, Any] = {"since": NOON, "until": NOON + timedelta(days=1)}
    for verb in (
        lambda: webhooks.endpoint(id_, by=stranger),
        lambda: webhooks.deliveries(id_, by=stranger),
        lambda: webhooks.delivery(id_, new_id(), by=stranger),
        lambda: webhooks.change_endpoint(endpoint_id=id_, on=False, by=stranger),
        lambda: webhooks.rotate_secret(endpoint_id=id_, generation=2, by=stranger),
        lambda: webhooks.replay(endpoint_id=id_, event_id=new_id(), by=stranger),
        lambda: webhooks.replay_span(endpoint_id=id_, by=stranger, **span),
        lambda: webhooks.remove_endpoint(endpoint_id=id_, by=stranger),
    ):
        with pytest.raises(webhooks.EndpointUnknown):
            verb()


@pytest.mark.parametrize("events", [[], ["banking.nothing_like_it"], ["banking.*"], [EVENT, ""]])
def test_names_that_no_event_has_are_refused(manager: Manager, events: list[str]) -> None:
    with pytest.raises(webhooks.UnknownEvent):
        webhooks.register_endpoint(
            id=new_id(), institution_id=manager.institution_id, url=URL, events=events, by=manager
        )


def test_every_event_of_every_package_can_be_asked_for() -> None:
    assert {EVENT, "people.customer_joined"} <= set(webhooks.event_names())


def test_an_institution_has_a_bounded_number_of_endpoints(manager: Manager) -> None:
    last, _ = endpoint_at(URL, manager)
    for _ in range(ENDPOINTS_MAX - 1):
        endpoint_at(URL, manager)
    with pytest.raises(webhooks.TooManyEndpoints):
        endpoint_at(URL, manager)
    webhooks.remove_endpoint(endpoint_id=last.id, by=manager)
    endpoint_at(URL, manager)


def test_a_description_hides_nothing(manager: Manager) -> None:
    with pytest.raises(UnacceptableText):
        webhooks.register_endpoint(
            id=new_id(),
            institution_id=manager.institution_id,
            url=URL,
            events=["*"],
            description="a\u202eb",
            by=manager,
        )


def test_every_change_is_on_record_with_before_and_after_and_without_the_address(manager: Manager) -> None:
    endpoint, _ = endpoint_at("https://hooks.example/token-1234", manager)
    webhooks.change_endpoint(endpoint_id=endpoint.id, url="https://hooks.example/token-5678", events=["*"], by=manager)
    webhooks.rotate_secret(endpoint_id=endpoint.id, generation=2, by=manager)
    webhooks.change_endpoint(endpoint_id=endpoint.id, on=False, description="later", by=manager)
    webhooks.remove_endpoint(endpoint_id=endpoint.id, by=manager)
    trail = audit_trail(f"webhook:{endpoint.id}")
    assert [deed.action for deed in trail] == [
        f"platform.webhook_{deed}" for deed in ("removed", "changed", "secret_rotated", "changed", "registered")
    ]
    assert {deed.actor for deed in trail} == {manager.actor}
    assert trail[3].before == {"events": [EVENT], "state": "on", "off_reason": ""}
    assert trail[3].after == {"events": ["*"], "state": "on", "off_reason": "", "url_changed": True}
    assert "token" not in json.dumps([[deed.before, deed.after, deed.reason] for deed in trail], default=str)


def test_a_removed_endpoint_is_gone_and_its_id_is_not_given_again(manager: Manager, receiver: Receiver) -> None:
    endpoint, _ = endpoint_at(receiver.address, manager)
    tell(manager)
    webhooks.remove_endpoint(endpoint_id=endpoint.id, by=manager)
    assert Sender().run_due() == 0
    assert webhooks.endpoints_of(manager.institution_id, by=manager) == []
    for verb in (webhooks.remove_endpoint, webhooks.change_endpoint):
        with pytest.raises(webhooks.EndpointUnknown):
            verb(endpoint_id=endpoint.id, by=manager)
    with pytest.raises(SameIdOtherContent):
        webhooks.register_endpoint(
            id=endpoint.id, institution_id=manager.institution_id, url=receiver.address, events=[EVENT], by=manager
        )


def test_what_is_owed_waits_while_an_endpoint_is_off(manager: Manager, receiver: Receiver) -> None:
    endpoint, _ = endpoint_at(receiver.address, manager)
    tell(manager)
    webhooks.change_endpoint(endpoint_id=endpoint.id, on=False, by=manager)
    assert Sender().run_due() == 0
    webhooks.change_endpoint(endpoint_id=endpoint.id, on=True, by=manager)
    assert Sender().run_due() == 1


def test_one_event_can_be_sent_again_whatever_became_of_it(manager: Manager, receiver: Receiver) -> None:
    endpoint, _ = endpoint_at(receiver.address, manager)
    event_id = tell(manager)
    Sender().run_due()
    webhooks.replay(endpoint_id=endpoint.id, event_id=event_id, by=manager)
    Sender().run_due()
    assert [message.id for message in receiver.messages] == [event_id, event_id]
    sent, attempts = webhooks.delivery(endpoint.id, event_id, by=manager)
    assert (sent.attempts, [each.number for each in attempts]) == (2, [1, 2])
    with pytest.raises(webhooks.DeliveryUnknown):
        webhooks.replay(endpoint_id=endpoint.id, event_id=new_id(), by=manager)


def test_a_given_up_event_begins_again_with_all_its_tries(manager: Manager, receiver: Receiver) -> None:
    receiver.default = answer(500)
    endpoint, _ = endpoint_at(receiver.address, manager)
    event_id = tell(manager)
    OwedRow.objects.update(tries=11, attempts=11)
    Sender().run_due()
    assert webhooks.delivery(endpoint.id, event_id, by=manager)[0].state is webhooks.DeliveryState.DEAD
    webhooks.replay(endpoint_id=endpoint.id, event_id=event_id, by=manager)
    Sender().run_due()
    assert OwedRow.objects.get().tries == 1
    assert webhooks.delivery(endpoint.id, event_id, by=manager)[0].state is webhooks.DeliveryState.WAITING


def test_a_span_of_time_is_sent_again_also_what_was_never_owed(manager: Manager, receiver: Receiver) -> None:
    clock = ManualClock(NOON)
    endpoint, _ = endpoint_at(receiver.address, manager, clock=clock)
    early = tell(manager, clock=clock)
    Sender(clock).run_due()
    webhooks.change_endpoint(endpoint_id=endpoint.id, on=False, by=manager, clock=clock)
    clock.advance(timedelta(hours=1))
    missed = tell(manager, clock=clock)
    tell(manager, name="people.customer_joined", clock=clock)
    tell(Manager(new_id()), clock=clock)
    with pytest.raises(webhooks.EndpointOff):
        webhooks.replay_span(endpoint_id=endpoint.id, since=NOON, until=clock.now(), by=manager, clock=clock)
    webhooks.change_endpoint(endpoint_id=endpoint.id, on=True, by=manager, clock=clock)
    clock.advance(timedelta(hours=1))
    span: dict[str, Any] = {"endpoint_id": endpoint.id, "until": clock.now(), "by": manager, "clock": clock}
    assert webhooks.replay_span(since=NOON + timedelta(minutes=30), **span) == 1
    Sender(clock).run_due()
    assert [message.id for message in receiver.messages] == [early, missed]
    assert webhooks.replay_span(since=NOON, **span) == 2
    assert webhooks.replay_span(since=NOON, dead_only=True, **span) == 0
    Sender(clock).run_due()
    assert sorted(message.id for message in receiver.messages[2:]) == sorted([early, missed])
    with pytest.raises(InputError):
        webhooks.replay_span(since=clock.now(), **span)


def test_a_replay_is_bounded(manager: Manager, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "REPLAY_MAX", 2)
    clock = ManualClock(NOON)
    endpoint, _ = endpoint_at(receiver.address, manager, clock=clock)
    for _ in range(3):
        tell(manager, clock=clock)
    with pytest.raises(webhooks.ReplayTooLarge):
        webhooks.replay_span(endpoint_id=endpoint.id, since=NOON, until=NOON + timedelta(1), by=manager, clock=clock)


def test_the_log_of_deliveries_is_read_by_pages_newest_first(manager: Manager, receiver: Receiver) -> None:
    endpoint, _ = endpoint_at(receiver.address, manager)
    ids = [tell(manager) for _ in range(5)]
    found: list[UUID] = []
    after = None
    while True:
        page = webhooks.deliveries(endpoint.id, by=manager, after=after, limit=2)
        found += [each.event_id for each in page.deliveries]
        if page.next is None:
            break
        after = page.next
    assert found == ids[::-1]
    other, _ = endpoint_at(receiver.address, manager)
    with pytest.raises(InvalidCursor):
        webhooks.deliveries(other.id, by=manager, after=after)


def test_old_deliveries_are_forgotten_and_waiting_ones_never(manager: Manager, receiver: Receiver) -> None:
    endpoint, _ = endpoint_at(receiver.address, manager)
    long_ago = tell(manager)
    Sender().run_due()
    OwedRow.objects.update(ended_at=NOON - timedelta(days=300))
    waiting = tell(manager)
    OwedRow.objects.filter(ended_at=None).update(owed_at=NOON - timedelta(days=300))
    services.forget_webhooks(timestamp=0)
    with pytest.raises(webhooks.DeliveryUnknown):
        webhooks.delivery(endpoint.id, long_ago, by=manager)
    assert webhooks.delivery(endpoint.id, waiting, by=manager)[0].attempts == 0


def test_the_database_itself_keeps_states_and_times_together(manager: Manager, receiver: Receiver) -> None:
    endpoint_at(receiver.address, manager)
    tell(manager)
    of_deliveries: list[dict[str, Any]] = [{"state": "delivered"}, {"next_try_at": None}, {"state": "lost"}]
    of_endpoints: list[dict[str, Any]] = [{"state": "off"}, {"off_reason": "gone"}, {"generation": 0}]
    for rows, wrong in ((OwedRow.objects, of_deliveries), (EndpointRow.objects, of_endpoints)):
        for change in wrong:
            with pytest.raises(IntegrityError), transaction.atomic():
                rows.update(**change)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "unreadable"),
        ("hooks.example/in", "unreadable"),
        ("ftp://hooks.example/", "unreadable"),
        ("https://", "unreadable"),
        ("https://hooks.example:0/", "unreadable"),
        ("https://hooks.example:99999/", "unreadable"),
        ("https://hooks.example/#part", "unreadable"),
        ("https://hooks.example/in now", "unreadable"),
        ("https://hooks.example/\r\nHost: evil", "unreadable"),
        ("https://بنك.example/", "unreadable"),
        ("https://[::1", "unreadable"),
        (f"https://hooks.example/{'a' * 500}", "unreadable"),
        ("https://me:secret@hooks.example/", "credentials"),
        ("http://hooks.example/", "not_https"),
        ("http://127.0.0.1/", "not_https"),
        ("https://127.0.0.1/", "private"),
        ("https://10.0.0.1/", "private"),
        ("https://169.254.169.254/latest/meta-data", "private"),
        ("https://[::ffff:10.0.0.1]/", "private"),
    ],
)  # fmt: skip
def test_addresses_we_do_not_send_to_are_refused_when_they_are_given(url: str, reason: str) -> None:
    with override_settings(WEBHOOK_NETWORKS=""), pytest.raises(webhooks.InvalidEndpointUrl) as refused:
        checked_url(url)
    assert refused.value.params == {"reason": reason}


def test_what_a_setting_allows_may_be_given() -> None:
    with override_settings(WEBHOOK_NETWORKS="127.0.0.0/8, 10.1.0.0/16"):
        for url in ("http://127.0.0.1:8080/in", "https://10.1.2.3/", "https://hooks.example:8443/in?a=b"):
            assert checked_url(url) == url
        with pytest.raises(webhooks.InvalidEndpointUrl):
            checked_url("http://10.1.2.3/")
        with pytest.raises(webhooks.InvalidEndpointUrl):
            checked_url("https://10.2.2.3/")


PRIVATE = [
    "0.0.0.1", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.8.8.8", "169.254.169.254", "172.16.0.1", "192.0.0.1",
    "192.0.2.1", "192.168.1.1", "198.18.0.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:192.168.0.1", "64:ff9b::a00:1", "2002:7f00:1::", "2002:a00:1::1", "fc00::1",
    "fd12::1", "fe80::1", "ff02::1", "2001:db8::1", "2001:0:53aa:64c::1", "64:ff9b:1::a00:1",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_no_address_that_only_we_reach_is_public(address: str) -> None:
    with override_settings(WEBHOOK_NETWORKS=""):
        assert not allowed(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses_are_public(address: str) -> None:
    with override_settings(WEBHOOK_NETWORKS=""):
        assert allowed(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("answers", "chosen"),
    [(["10.0.0.1"], None), (["127.0.0.1", "::1"], None), (["10.0.0.1", "8.8.8.8"], "8.8.8.8"), ([], None)],
)
def test_a_name_that_leads_inside_is_not_followed_there(
    monkeypatch: pytest.MonkeyPatch, answers: list[str], chosen: str | None
) -> None:
    def look_up(*_: Any, **__: Any) -> list[Any]:
        if not answers:
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in answers]

    monkeypatch.setattr("raseed.platform.webhooks.addresses.socket.getaddrinfo", look_up)
    with override_settings(WEBHOOK_NETWORKS=""):
        if chosen is None:
            with pytest.raises(AddressRefused):
                resolved("https://hooks.example/")
        else:
            assert str(resolved("https://hooks.example/")[1]) == chosen


@pytest.mark.parametrize("host", ["127.1", "0x7f.0.0.1", "2130706433", "localhost", "0"])
def test_other_ways_to_write_loopback_are_seen_through(host: str) -> None:
    with override_settings(WEBHOOK_NETWORKS=""), pytest.raises(AddressRefused):
        resolved(f"https://{host}/")
