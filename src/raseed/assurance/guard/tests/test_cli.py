"""``./raseed guard``: a release from the terminal, and what the exit status says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from raseed.assurance.guard import api as guard
from raseed.assurance.guard.api import DifferenceKind, ReleaseState
from raseed.assurance.guard.cli import DONE, NOT_GOOD, REFUSED, main
from raseed.assurance.guard.tests.shop import Town


@pytest.fixture
def run(town: Town, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command; return its status and what it printed."""
    assert main(["system", "shop", "--institution", "nile", "--name", "Shop", "--watch-seconds", "0"]) == DONE
    assert town.shop.shown == "old"
    capsys.readouterr()

    def command(*words: str) -> tuple[int, str]:
        status = main(words)
        return status, capsys.readouterr().out

    return command


def test_a_release_is_taken_from_step_to_step_by_its_systems_name(run: Any) -> None:
    status, told = run("register", "shop", "7", "--reason", "a new version", "--json")
    assert (status, json.loads(told)["state"]) == (DONE, "registered")
    assert run("baseline", "shop")[0] == DONE
    assert run("shadow", "shop")[0] == DONE
    status, told = run("cut-over", "shop", "--reason", "it is time", "--verify", "--json")
    assert (status, json.loads(told)["state"]) == (DONE, "verified")
    assert run("report", "shop")[0] == DONE
    status, told = run("status", "--json")
    assert [each["state"] for each in json.loads(told)] == ["verified"]


def test_a_red_shadow_is_status_one_and_a_refused_step_two(run: Any, town: Town) -> None:
    town.shop.wrong = {"account-4": DifferenceKind.MISSING}
    run("register", "shop", "7", "--reason", "a new version")
    assert run("cut-over", "shop", "--reason", "at once")[0] == REFUSED
    run("baseline", "shop")
    status, told = run("shadow", "shop")
    assert status == NOT_GOOD
    assert "1 different" in told
    assert run("cut-over", "shop", "--reason", "all the same")[0] == REFUSED
    assert run("refuse", "shop", "--reason", "a posting is missing")[0] == DONE
    assert guard.releases(town.institution_id, by=town.first)[0].state is ReleaseState.REFUSED


def test_rolling_back_tells_that_it_was_done(run: Any) -> None:
    for words in (
        ("register", "shop", "7", "--reason", "a new version"),
        ("baseline", "shop"),
        ("shadow", "shop"),
        ("cut-over", "shop", "--reason", "it is time"),
    ):
        assert run(*words)[0] == DONE
    status, told = run("roll-back", "shop", "--reason", "customers call", "--json")
    assert (status, json.loads(told)["state"]) == (DONE, "rolled_back")


def test_by_its_systems_name_what_is_shown_is_rolled_back(run: Any) -> None:
    for words in (
        ("register", "shop", "7", "--reason", "a new version"),
        ("baseline", "shop"),
        ("shadow", "shop"),
        ("cut-over", "shop", "--reason", "it is time", "--verify"),
        ("register", "shop", "8", "--reason", "the next version"),
    ):
        assert run(*words)[0] == DONE
    status, told = run("roll-back", "shop", "--reason", "customers call", "--json")
    assert (status, json.loads(told)["candidate"], json.loads(told)["state"]) == (DONE, "7", "rolled_back")
