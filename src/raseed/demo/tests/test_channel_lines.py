"""The bank's lines are planted once, share secrets with the simulated channels, and move with the ports."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.test import override_settings

from raseed.channels import api as channels
from raseed.demo.channel_lines import NAME, Ports, plant_lines
from raseed.demo.channels.lines import Lines
from raseed.demo.services import plant_world
from raseed.demo.world.channels import LINES, TEMPLATES
from raseed.demo.world.places import BANK
from raseed.people import api as people

pytestmark = pytest.mark.usefixtures("database")


def test_lines_are_planted_with_secrets_that_both_sides_know_and_templates(tmp_path: Path) -> None:
    plant_world(people=6)
    bank = people.institution_by_slug(BANK.slug).id
    with override_settings(HOME=tmp_path):
        assert plant_lines(Ports(8004, "127.0.0.1:8001")) == len(LINES)
        first = (tmp_path / NAME).read_text(encoding="utf-8")
        assert plant_lines(Ports(8004, "127.0.0.1:8001")) == len(LINES)
        assert (tmp_path / NAME).read_text(encoding="utf-8") == first, "again changes nothing"
        assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600
        ours = {(line.channel.value, line.address): line for line in channels.lines(bank)}
        assert set(ours) == {(each.channel, each.address) for each in LINES}
        assert not ours["email", "care@yasmin.invalid"].active
        theirs = Lines(tmp_path / NAME)
        assert len(list(theirs)) == sum(bool(each.secrets) for each in LINES)
        for line in theirs:
            mine = ours[line.channel, line.address]
            assert line.hook == f"http://127.0.0.1:8001/hooks/{line.channel}/{mine.id}"
            assert {name: channels.line_secret(mine.id, name) for name in line.secrets} == line.secrets
            assert mine.settings["api_base"].startswith("http://127.0.0.1:8004")
        talk, documents = (line for line in ours.values() if line.channel is channels.Channel.WHATSAPP)
        assert {talk.purpose, documents.purpose} == {channels.LinePurpose.TALK, channels.LinePurpose.DOCUMENTS}
        assert talk.scope == documents.scope
        assert {each.name for each in channels.templates(talk.id, "ar")} == set(TEMPLATES)
        assert len(theirs.people()) == 6


def test_other_ports_move_the_lines_and_a_lost_file_means_new_secrets(tmp_path: Path) -> None:
    plant_world(people=6)
    bank = people.institution_by_slug(BANK.slug).id
    with override_settings(HOME=tmp_path):
        plant_lines(Ports(8004, "127.0.0.1:8001"))
        before = json.loads((tmp_path / NAME).read_text(encoding="utf-8"))
        plant_lines(Ports(9004, "127.0.0.1:9001"))
        after = json.loads((tmp_path / NAME).read_text(encoding="utf-8"))
        assert (after["port"], after["rail"]) == (9004, "127.0.0.1:9001")
        assert [each["secrets"] for each in after["lines"]] == [each["secrets"] for each in before["lines"]]
        (line,) = channels.lines(bank, channel=channels.Channel.TELEGRAM)
        assert line.settings["api_base"] == "http://127.0.0.1:9004"
        (tmp_path / NAME).unlink()
        plant_lines(Ports(9004, "127.0.0.1:9001"))
        renewed = json.loads((tmp_path / NAME).read_text(encoding="utf-8"))
        assert renewed["lines"][0]["secrets"] != before["lines"][0]["secrets"]
        for each in renewed["lines"]:
            mine = next(
                one
                for one in channels.lines(bank)
                if (one.channel.value, one.address) == (each["channel"], each["address"])
            )
            assert all(channels.line_secret(mine.id, name) == value for name, value in each["secrets"].items())


def test_without_a_world_nothing_is_planted(tmp_path: Path) -> None:
    with override_settings(HOME=tmp_path):
        assert plant_lines(Ports(8004, "127.0.0.1:8001")) == 0
    assert not (tmp_path / NAME).exists()
