"""Lines are registered, retired, and given new secrets without losing a delivery; messages in trouble are narrowed to a list and a line."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client

from raseed.care import api as care
from raseed.channels import api as channels
from raseed.channels.api import Channel
from raseed.channels.lines.services import overlap_of
from raseed.channels.models import OutgoingRow
from raseed.channels.receiving.doors import look_up
from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.platform.api import audit_trail
from raseed.web.office.requests import LINE_SECRET
from raseed.web.office.setting_up import SET_UPS
from raseed.web.tests.office.house import DELTA, NILE, House, at_desk
from raseed.web.tests.street import words_of

from .test_channels import REASON, a_line, shown

NEW = "/office/channels/new"


@pytest.fixture
def administrator(house: House) -> Client:
    return at_desk(house.adam)


def form(channel: Channel, **others: str) -> dict[str, str]:
    settings = (
        "waba_id = 102290129340398\r\ngraph_version = v23.0\r\ndisplay_number = " if channel is Channel.WHATSAPP else ""
    )
    return {
        "id": str(new_id()), "channel": channel.value, "address": "106540352242922", "name_en": "Talk to us",
        "name_ar": "خط المحادثة", "name_he": "", "purpose": "talk", "settings": settings, "team": "", "reason": REASON,
        **others,
    }  # fmt: skip


@pytest.mark.parametrize("channel", list(Channel))
def test_a_line_of_each_channel_is_registered_once_and_says_what_to_do_next(
    administrator: Client, channel: Channel
) -> None:
    assert f"?channel={channel.value}" in administrator.get(NEW).content.decode()
    assert administrator.get(f"{NEW}?channel={channel.value}").status_code == 200
    entered = form(channel)
    answers = [administrator.post(NEW, entered) for _ in range(2)]
    assert [each.status_code for each in answers] == [303, 303], words_of(answers[0].content.decode())
    (line,) = channels.lines(NILE, channel=channel)
    assert (str(line.id), line.names) == (entered["id"], {"ar": "خط المحادثة", "en": "Talk to us"})
    assert "display_number" not in line.settings, "what is left empty is not kept"
    page = shown(administrator, answers[0]["Location"])
    assert "The line is registered" in page
    assert all(each in page for each in SET_UPS[channel].steps)
    assert (f"/hooks/{channel.value}/{line.id}" in page) is (channel in channels.PROVING)
    (latest, *_) = audit_trail(subject=f"line:{line.id}")
    assert (latest.action, latest.reason) == ("channels.line_registered", REASON)


def test_every_channel_says_how_it_is_set_up() -> None:
    assert set(SET_UPS) == set(Channel)
    assert all(each.address and each.steps for each in SET_UPS.values())


def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_registered(house: House, administrator: Client) -> None:
    for wrong, field in (
        ({"address": ""}, "address"), ({"address": "x" * 201}, "address"), ({"settings": ""}, "settings"),
        ({"settings": "waba_id = 1\napp_secret = x"}, "settings"), ({"name_en": "", "name_ar": ""}, "names"),
        ({"purpose": "x"}, "purpose"), ({"reason": ""}, "reason"),
    ):  # fmt: skip
        answer = administrator.post(NEW, form(Channel.WHATSAPP, **wrong))
        assert answer.status_code in (400, 422), wrong
        assert f'id="{field}-error"' in answer.content.decode(), wrong
    assert not channels.lines(NILE)
    a_line()
    assert administrator.post(NEW, form(Channel.WHATSAPP)).status_code == 409, "another line has the address"
    assert at_desk(house.salma).get(NEW).status_code == 403
    assert at_desk(house.salma).post(NEW, form(Channel.TELEGRAM)).status_code == 403


def test_a_line_may_be_given_to_a_team_at_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    first = care.duty.default_team(NILE)
    team = care.duty.make_team(
        id=new_id(), institution_id=NILE, slug="loans", names={"en": "Loans"}, calendar_id=first.calendar_id,
        lead=house.hoda.staff.id, keeps_after_shift=False, by=people.SYSTEM, reason="a second team",
    )  # fmt: skip
    both = frozenset({"channels.lines.manage", "channels.messages.view", "care.lines.route"})
    monkeypatch.setattr("raseed.people.authority.Author.may", lambda _, code, where: code in both and where == NILE)
    administrator = at_desk(house.adam)
    assert f'value="{team.id}"' in administrator.get(f"{NEW}?channel=telegram").content.decode()
    done = administrator.post(NEW, form(Channel.TELEGRAM, team=str(team.id)))
    assert done.status_code == 303, words_of(done.content.decode())
    assert list(care.routes(NILE).values()) == [team.id]


def test_a_line_is_taken_out_of_use_and_back_with_a_reason(house: House, administrator: Client) -> None:
    line = a_line()
    assert f"{line.id}/retire" in administrator.get(f"/office/channels/{line.id}").content.decode()
    assert administrator.post(f"/office/channels/{line.id}/retire", {"reason": ""}).status_code in (400, 422)
    assert administrator.post(f"/office/channels/{line.id}/retire", {"reason": REASON}).status_code == 303
    assert not channels.line(line.id).active
    assert look_up("whatsapp", str(line.id)) is None, "its provider finds nobody there"
    assert "Out of use" in shown(administrator, f"/office/channels/{line.id}")
    assert administrator.post(f"/office/channels/{line.id}/reuse", {"reason": REASON}).status_code == 303
    assert channels.line(line.id).active
    abroad = channels.register_line(
        id=new_id(), institution_id=DELTA, channel=Channel.TELEGRAM, address="delta", names={"en": "Delta"},
        by=people.SYSTEM,
    )  # fmt: skip
    assert administrator.post(f"/office/channels/{abroad.id}/retire", {"reason": REASON}).status_code == 404
    assert at_desk(house.salma).post(f"/office/channels/{line.id}/retire", {"reason": REASON}).status_code == 403


def test_a_secret_is_replaced_with_both_accepted_for_a_time_that_is_shown_and_can_be_ended(
    administrator: Client,
) -> None:
    line = a_line()
    at, was = f"/office/channels/{line.id}", channels.line_secret(line.id, "app_secret")
    entered = {"name": "app_secret", LINE_SECRET: "the-next-secret", "overlap": "day", "reason": REASON}
    for wrong in ({"overlap": "year"}, {"reason": ""}):
        assert administrator.post(f"{at}/secret", entered | wrong).status_code in (400, 422)
    assert administrator.post(f"{at}/secret", entered).status_code == 303
    door = look_up("whatsapp", str(line.id))
    assert door is not None
    assert door.accepted == ("the-next-secret", was)
    until = overlap_of(line.id)
    assert until is not None
    assert timedelta(hours=23) < until - SYSTEM_CLOCK.now() <= timedelta(days=1)
    page = shown(administrator, at)
    assert "The one before it is accepted as well, until" in page
    assert was not in page
    assert overlap_of(line.id, clock=ManualClock(until)) is None, "bounded"
    assert administrator.post(f"{at}/secret/overlap", {"reason": REASON}).status_code == 303
    door = look_up("whatsapp", str(line.id))
    assert door is not None
    assert door.accepted == ("the-next-secret",)
    assert "accepted as well, until" not in shown(administrator, at)
    actions = [each.action for each in audit_trail(subject=f"line:{line.id}")]
    assert actions[:2] == ["channels.line_overlap_ended", "channels.line_secret_set"]
    other = {"name": "access_token", LINE_SECRET: "a-token", "overlap": "week", "reason": REASON}
    assert administrator.post(f"{at}/secret", other).status_code == 303
    assert overlap_of(line.id) is None, "only what proves deliveries has an earlier one"


def a_message(line: channels.Line, state: str, code: str) -> UUID:
    now = SYSTEM_CLOCK.now()
    row = OutgoingRow.objects.create(
        id=new_id(), line_id=line.id, institution_id=line.institution_id, channel=line.channel.value, purpose="reply",
        to_scope=line.scope, to_external_id="wa:1", text="words for the customer alone", digest=b"d", created_at=now,
        state=state, reason_code=code, sent_at=now if state == "sent" else None,
    )  # fmt: skip
    return row.id


def test_messages_in_trouble_are_counted_and_narrowed(administrator: Client) -> None:
    one = a_line()
    other = channels.register_line(
        id=new_id(), institution_id=NILE, channel=Channel.TELEGRAM, address="nile", names={"en": "Bot"},
        by=people.SYSTEM,
    )  # fmt: skip
    made = {
        "unknown": a_message(one, "unknown", "no_answer"), "no-sign": a_message(one, "sent", "no_sign_of_delivery"),
        "failed": a_message(other, "failed", "provider_trouble"),
    }  # fmt: skip
    a_message(one, "delivered", "")
    listed = administrator.get("/office/channels").content.decode()
    assert re.search(r'Messages in trouble <span class="count">\D*3', listed)
    assert f"?only=no-sign&amp;line={one.id}" in listed
    for only, line, there in (
        ("", "", set(made)), ("no-sign", "", {"no-sign"}), ("", str(one.id), {"unknown", "no-sign"}),
        ("failed", str(one.id), set()), ("nothing", "x", set(made)),
    ):  # fmt: skip
        page = administrator.get("/office/channels/messages", {"only": only, "line": line}).content.decode()
        assert {name for name, id_ in made.items() if str(id_) in page} == there, (only, line)
        assert "words for the customer alone" not in page


def test_a_house_without_staff_says_that_what_customers_write_waits(
    administrator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "Nobody works at this institution who could answer."
    assert words not in shown(administrator, "/office/channels")
    monkeypatch.setattr("raseed.care.duty.teams._staff", lambda _: [])
    assert words in shown(administrator, "/office/channels")
