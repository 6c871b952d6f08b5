"""Lines and messages: how lines stand, secrets that no page shows, what was set aside, messages that nobody is sure of."""

from __future__ import annotations

import pytest
from django.test import Client

from raseed.channels import api as channels
from raseed.channels.api import OutgoingState
from raseed.channels.models import ItemRow, OutgoingRow
from raseed.channels.sending.carrying import carry
from raseed.channels.sending.tests.providers import Provider, graph_error, provider_running
from raseed.channels.tests.lines import make_line
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.platform.api import audit_trail
from raseed.web.office.requests import LINE_SECRET
from raseed.web.tests.office.house import DELTA, NILE, House, at_desk
from raseed.web.tests.street import words_of

REASON = "the provider told us on the telephone"
SECRET = "a-secret-of-tests-that-no-page-shows"


class System:
    """Registers lines at Nile Cash."""

    institution_id = NILE
    actor = people.SYSTEM.actor

    @staticmethod
    def may(permission: str, institution_id: object) -> bool:
        return bool(permission and institution_id)


def a_line(base: str = "", **settings: str) -> channels.Line:
    more = {"api_base": base} if base else {}
    return make_line(
        channels.Channel.WHATSAPP,
        System(),  # type: ignore[arg-type]
        address="106540352242922",
        settings={"waba_id": "102290129340398", **more, **settings},
    )


def shown(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, words_of(answer.content.decode())
    return words_of(answer.content.decode())


@pytest.fixture
def administrator(house: House) -> Client:
    return at_desk(house.adam)


def asked_and_unanswered(line: channels.Line, provider: Provider, *answers: tuple[int | None, object]) -> list[str]:
    """Send a message for each answer of the provider, and return their ids."""
    party = channels.Party(line.scope, "wa:201001234567", "+201001234567", "Mona (synthetic)")
    channels.take_in(
        line_id=line.id, party=party, kind="text", text="hello", provider_id="wamid.in", sent_at=SYSTEM_CLOCK.now()
    )  # fmt: skip
    provider.answers = list(answers)
    ids = []
    for _ in answers:
        sent = channels.send_message(
            client_message_id=new_id(),
            line_id=line.id,
            to=party,
            content=channels.OutgoingContent(text="words for the customer alone"),
            purpose=channels.REPLY,
        )
        carry(sent.id)
        ids.append(str(sent.id))
    return ids


def test_a_line_says_how_it_stands_and_where_its_provider_delivers(administrator: Client) -> None:
    line = a_line()
    listed = shown(administrator, "/office/channels")
    assert "A line" in listed
    assert "In use" in listed
    told = administrator.get(f"/office/channels/{line.id}").content.decode()
    assert f"/hooks/whatsapp/{line.id}" in told
    assert "102290129340398" in told
    with provider_running() as provider:
        refused = make_line(
            channels.Channel.WHATSAPP,
            System(),  # type: ignore[arg-type]
            address="7",
            settings={"waba_id": "8", "api_base": provider.address},
        )
        asked_and_unanswered(refused, provider, (401, graph_error(190)))
    listed = shown(administrator, "/office/channels")
    assert "Needs a new access token" in listed
    assert administrator.get(f"/office/channels/{new_id()}").status_code == 404


def test_a_secret_is_set_with_a_reason_and_stands_on_no_page_and_not_in_the_trail(administrator: Client) -> None:
    line = a_line()
    address = f"/office/channels/{line.id}/secret"
    form = {"name": "access_token", LINE_SECRET: SECRET, "reason": REASON}
    for wrong in ({"name": "a_name_of_none"}, {LINE_SECRET: ""}, {"reason": ""}):
        refused = administrator.post(address, form | wrong)
        assert refused.status_code in (400, 422)
        assert SECRET not in refused.content.decode()
        assert "error" in refused.content.decode()
    assert channels.line_secret(line.id, "access_token") != SECRET
    done = administrator.post(address, form)
    assert done.status_code == 303
    assert channels.line_secret(line.id, "access_token") == SECRET
    page = administrator.get(done["Location"]).content.decode()
    assert "It is shown nowhere" in page
    assert SECRET not in page
    (latest, *_) = audit_trail(subject=f"line:{line.id}")
    assert (latest.action, latest.reason) == ("channels.line_secret_set", REASON)
    assert SECRET not in str(latest)


def test_a_secret_does_not_go_along_with_the_second_factor(
    administrator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = a_line()
    monkeypatch.setattr("raseed.web.office.sessions.factor_is_fresh", lambda *_a, **_k: False)
    address = f"/office/channels/{line.id}/secret"
    assert "Is it still you?" in shown(administrator, address), "asked before the secret is entered"
    asked = administrator.post(address, {"name": "access_token", LINE_SECRET: SECRET, "reason": REASON})
    page = asked.content.decode()
    assert "Is it still you?" in words_of(page)
    assert SECRET not in page
    assert channels.line_secret(line.id, "access_token") != SECRET


def test_names_settings_and_use_are_changed_with_a_reason_and_nothing_entered_is_lost(administrator: Client) -> None:
    line = a_line()
    address = f"/office/channels/{line.id}/change"
    form = {
        "name_ar": "خط المحادثة",
        "name_he": "קו שיחה",
        "name_en": "Talk to us",
        "purpose": "talk",
        "settings": "waba_id = 102290129340398\r\nkeep_position=yes\r\n",
        "reason": REASON,
    }
    wrongs = (
        ({"settings": "waba_id = 1"}, "settings"), ({"settings": "no sign here"}, "settings"),
        ({"settings": form["settings"] + "\napp_secret = x"}, "settings"), ({"purpose": "x"}, "purpose"),
        ({"name_ar": "", "name_he": "", "name_en": ""}, "names"), ({"reason": ""}, "reason"),
    )  # fmt: skip
    for wrong, field in wrongs:
        refused = administrator.post(address, form | wrong)
        assert refused.status_code in (400, 422), wrong
        assert f'id="{field}-error"' in refused.content.decode(), wrong
        assert field == "names" or 'value="Talk to us"' in refused.content.decode()
    assert channels.line(line.id).active
    assert administrator.post(address, form).status_code == 303
    now = channels.line(line.id)
    assert (now.names["he"], now.active, now.settings["keep_position"]) == ("קו שיחה", False, "yes")
    assert "Out of use" in shown(administrator, "/office/channels")
    assert administrator.post(address, form | {"active": "1"}).status_code == 303
    assert channels.line(line.id).active


def test_what_was_set_aside_is_looked_at_for_a_reason_and_tried_again(administrator: Client) -> None:
    line, now = a_line(), SYSTEM_CLOCK.now()
    item = ItemRow.objects.create(
        id=new_id(), line_id=line.id, kind="message", key="k", content=b'{"item": "<b>a customer\'s words</b>"}',
        received_at=now, state="set_aside", ended_at=now, attempts=8, problem="number_unknown",
    )  # fmt: skip
    listed = administrator.get("/office/channels/set-aside").content.decode()
    assert "register the line, then try again" in words_of(listed)
    assert "customer&#x27;s words" not in listed
    address = f"/office/channels/set-aside/{item.id}"
    assert "customer&#x27;s words" not in administrator.get(f"{address}/look").content.decode()
    assert administrator.post(f"{address}/look", {"reason": ""}).status_code == 400
    assert not audit_trail(subject=f"item:{item.id}")
    looked = administrator.post(f"{address}/look", {"reason": REASON}).content.decode()
    assert "&lt;b&gt;a customer&#x27;s words" in looked
    assert administrator.post(f"{address}/replay", {"reason": ""}).status_code == 400
    assert administrator.post(f"{address}/replay", {"reason": REASON}).status_code == 303
    item.refresh_from_db()
    assert item.state == "waiting"
    assert {(each.action, each.reason) for each in audit_trail(subject=f"item:{item.id}")} == {
        ("channels.item_viewed", REASON), ("channels.item_replayed", REASON),
    }  # fmt: skip
    assert administrator.post(f"{address}/replay", {"reason": REASON}).status_code == 404, "it is there no more"
    assert "Nothing is set aside" in shown(administrator, "/office/channels/set-aside?before=rubbish")


def test_a_person_says_what_became_of_messages_and_sends_again_warned(administrator: Client) -> None:
    with provider_running() as provider:
        line = a_line(provider.address)
        ids = asked_and_unanswered(line, provider, (None, None), (None, None), (400, graph_error(131026)))
        arrived, lost, refused = ids
        listed = administrator.get("/office/channels/messages").content.decode()
        assert all(each in listed for each in ids)
        assert "words for the customer alone" not in listed
        one = f"/office/channels/messages/{arrived}"
        assert "No answer that says whether it took it" in shown(administrator, one)
        assert "words for the customer alone" not in shown(administrator, one)
        assert "a second time" in shown(administrator, f"{one}/again")
        assert administrator.post(f"{one}/sent", {"reason": ""}).status_code == 400
        assert administrator.post(f"{one}/sent", {"reason": REASON}).status_code == 303
        assert administrator.post(f"{one}/not-sent", {"reason": REASON}).status_code == 409
        assert administrator.post(f"{one}/again", {"reason": REASON}).status_code == 409
        assert administrator.get(f"{one}/paint").status_code == 404
        for each, verb in ((lost, "not-sent"), (lost, "again"), (refused, "again")):
            done = administrator.post(f"/office/channels/messages/{each}/{verb}", {"reason": REASON})
            assert done.status_code == 303, words_of(done.content.decode())
    states = dict(OutgoingRow.objects.values_list("id", "state"))
    assert sorted(states.values()) == ["sent", "waiting", "waiting"]
    assert "sent again" not in shown(administrator, f"/office/channels/messages/{refused}"), "not asked anew yet"
    assert {str(each): state for each, state in states.items()}[arrived] == OutgoingState.SENT


def test_templates_are_registered_changed_and_taken_off_the_list(administrator: Client) -> None:
    line = a_line()
    address = f"/office/channels/{line.id}/templates"
    form = {"name": "reminder_1", "language": "ar", "body": "مرحبا {{1}}", "active": "1", "reason": REASON}
    wrongs = (
        ({"name": "With Spaces"}, "name"), ({"language": "Arabic"}, "language"), ({"body": "{{2}}"}, "body"),
        ({"reason": ""}, "reason"),
    )  # fmt: skip
    for wrong, field in wrongs:
        refused = administrator.post(address, form | wrong)
        assert refused.status_code in (400, 422), wrong
        assert f'id="{field}-error"' in refused.content.decode(), wrong
    assert administrator.post(address, form).status_code == 303
    assert "{{1}}" in shown(administrator, f"/office/channels/{line.id}")
    assert "مرحبا {{1}}" in administrator.get(f"{address}?name=reminder_1&language=ar").content.decode()
    assert administrator.post(address, {key: form[key] for key in form if key != "active"}).status_code == 303
    assert channels.templates(line.id) == []


def test_another_institutions_lines_are_not_there_and_who_may_not_is_not_offered_them(house: House) -> None:
    elsewhere = channels.register_line(
        id=new_id(), institution_id=DELTA, channel=channels.Channel.TELEGRAM, address="a_bot",
        names={"en": "Delta's bot"}, by=people.SYSTEM,
    )  # fmt: skip
    administrator, agent = at_desk(house.adam), at_desk(house.salma)
    for page in ("", "/change", "/secret", "/templates"):
        assert administrator.get(f"/office/channels/{elsewhere.id}{page}").status_code == 404
    assert "Delta" not in shown(administrator, "/office/channels").replace("Delta Bank", "")
    assert 'href="/office/channels"' in administrator.get("/office/").content.decode()
    assert 'href="/office/channels"' not in agent.get("/office/").content.decode()
    assert agent.get("/office/channels").status_code == 403
