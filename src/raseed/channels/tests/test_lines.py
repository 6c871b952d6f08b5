"""Lines belong to one institution, are changed by those who may, keep their secrets in files, and are in the audit trail."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings

from raseed.channels.api import (
    Channel,
    ChannelsNotPermitted,
    InvalidLine,
    LinePurpose,
    LineTaken,
    LineUnknown,
    SecretMissing,
    change_line,
    has_line_secret,
    line,
    line_at,
    line_secret,
    lines,
    register_line,
    set_line_secret,
)
from raseed.channels.lines import secrets
from raseed.kernel.ids import new_id
from raseed.platform.api import SameIdOtherContent, audit_trail

from .lines import Clerk, make_line


def test_scopes_say_under_what_a_senders_id_is_unique(database: object) -> None:
    clerk = Clerk()
    scopes = {
        made.channel.value: made.scope for made in (make_line(channel, clerk, address="here") for channel in Channel)
    }
    assert scopes == {
        "whatsapp": "waba:102290129340398", "telegram": "bot:here", "x": "x:here", "sms": "e164", "email": "address",
        "web": f"institution:{clerk.institution_id}", "phone": "e164", "branch": "e164",
    }  # fmt: skip
    assert [one.channel for one in lines(clerk.institution_id, channel=Channel.SMS)] == [Channel.SMS]
    assert len(lines(clerk.institution_id)) == len(Channel)
    assert lines(new_id()) == []


def test_registering_again_is_the_same_and_other_content_is_refused(database: object) -> None:
    clerk = Clerk()
    told: dict[str, Any] = {
        "id": new_id(),
        "institution_id": clerk.institution_id,
        "channel": Channel.SMS,
        "address": "+2022",
        "by": clerk,
    }
    first = register_line(**told, names={"en": "A"})
    assert register_line(**told, names={"en": "A"}) == first
    with pytest.raises(SameIdOtherContent):
        register_line(**told, names={"en": "B"})
    with pytest.raises(LineTaken):
        register_line(**{**told, "id": new_id()}, names={"en": "A"})
    assert len(audit_trail(f"line:{first.id}")) == 1


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"address": ""}, "address"), ({"address": "a\u202eb"}, "address"), ({"address": "x" * 300}, "address"),
        ({"names": {}}, "names"), ({"names": {"fr": "x"}}, "names"), ({"names": {"en": "\u200b"}}, "names"),
        ({"settings": {"Api": "x"}}, "settings.Api"), ({"settings": {"access_token": "x"}}, "settings.access_token"),
        ({"settings": {"api_base": "x" * 600}}, "settings.api_base"), ({"settings": {}}, "settings.waba_id"),
    ],
)  # fmt: skip
def test_a_line_that_is_not_described_correctly_is_refused(
    database: object, more: dict[str, object], field: str
) -> None:
    clerk = Clerk()
    told = {"address": "1", "names": {"en": "A"}, "settings": {"waba_id": "1"}, **more}
    with pytest.raises(InvalidLine) as refused:
        register_line(id=new_id(), institution_id=clerk.institution_id, channel=Channel.WHATSAPP, by=clerk, **told)  # type: ignore[arg-type]
    assert refused.value.field == field


def test_what_may_change_changes_with_a_trail_and_the_scope_does_not(database: object) -> None:
    clerk = Clerk()
    made = make_line(Channel.WHATSAPP, clerk)
    changed = change_line(
        line_id=made.id, purpose=LinePurpose.DOCUMENTS, active=False, settings={"waba_id": "102290129340398", "keep_position": "yes"},
        names={"he": "קו"}, by=clerk, reason="for documents now",
    )  # fmt: skip
    assert (changed.purpose, changed.active, changed.names) == (LinePurpose.DOCUMENTS, False, {"he": "קו"})
    assert line(made.id) == changed
    assert line_at(Channel.WHATSAPP, made.address, institution_id=made.institution_id) is None, "it is not active"
    with pytest.raises(InvalidLine):
        change_line(line_id=made.id, settings={"waba_id": "2"}, by=clerk, reason="moved")
    [last, *_] = audit_trail(f"line:{made.id}")
    assert (last.reason, last.after) == (
        "for documents now",
        {"active": False, "channel": "whatsapp", "purpose": "documents", "settings": ["keep_position", "waba_id"]},
    )


def test_only_who_may_registers_changes_and_sets_secrets(database: object) -> None:
    clerk, stranger = Clerk(), Clerk()
    made = make_line(Channel.SMS, clerk)
    nobody = Clerk(clerk.institution_id, frozenset())
    for by in (stranger, nobody):
        with pytest.raises(ChannelsNotPermitted):
            change_line(line_id=made.id, active=False, by=by, reason="x")
        with pytest.raises(ChannelsNotPermitted):
            set_line_secret(line_id=made.id, name="api_key", value="x", by=by)
    with pytest.raises(LineUnknown):
        set_line_secret(line_id=new_id(), name="api_key", value="x", by=clerk)


def test_secrets_are_private_files_and_in_nothing_else(database: object, tmp_path: Path) -> None:
    with override_settings(HOME=tmp_path):
        clerk = Clerk()
        made = register_line(
            id=new_id(),
            institution_id=clerk.institution_id,
            channel=Channel.X,
            address="1",
            names={"en": "A"},
            by=clerk,
        )
        with pytest.raises(SecretMissing):
            line_secret(made.id, "consumer_secret")
        assert not has_line_secret(made.id, "consumer_secret")
        for value in ("first-value", "second-value"):
            set_line_secret(line_id=made.id, name="consumer_secret", value=f" {value}\n", by=clerk, reason="given out")
        assert line_secret(made.id, "consumer_secret") == "second-value"
        [path] = secrets.folder(made.id).iterdir()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        for name, value in (("other", "x"), ("consumer_secret", ""), ("consumer_secret", "a\nb"), ("../x", "x")):
            with pytest.raises(InvalidLine):
                set_line_secret(line_id=made.id, name=name, value=value, by=clerk)
        trail = audit_trail(f"line:{made.id}")
        assert [record.after for record in trail][:2] == [{"secret": "consumer_secret"}] * 2
        assert "value" not in json.dumps([record.after for record in trail])
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM channels_line WHERE channels_line::text LIKE '%second-value%'")
            assert cursor.fetchone() == (0,)
