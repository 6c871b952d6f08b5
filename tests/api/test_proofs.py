"""Certificates over the API: the one that its holder may check alone, and only for whoever may see the account."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from django.test import override_settings

from raseed.display.standalone import verify_certificate as verifier
from raseed.web.tests.notary import Notary, notary
from raseed_testing import NewDatabase

from .world import World, ask, build_world

__all__ = ["notary"]


@pytest.fixture
def world(new_database: NewDatabase) -> Iterator[World]:
    with new_database(build_world) as database, override_settings(API_REQUESTS_PER_SECOND=0):
        yield database.built


def test_a_certificate_over_the_api_checks_alone(world: World, notary: Notary) -> None:
    answer = ask("GET", f"/accounts/{world.wallet.id}/certificate", key=world.lailas)
    keys = [verifier.parse_key(line) for line in ask("GET", "/proof-keys", key=world.lailas).json["keys"]]
    read = verifier.read_certificate(json.dumps(answer.json).encode())
    verifier.verify(read, keys, account=str(world.wallet.id), amount=887_50)


def test_only_who_may_see_the_account_is_given_its_certificate(world: World, notary: Notary) -> None:
    assert ask("GET", f"/accounts/{world.wallet.id}/certificate", key=world.key).status == 200
    omars = ask("GET", f"/accounts/{world.wallet.id}/certificate", key=world.omars_key)
    assert (omars.status, omars.error["code"]) == (404, "account_unknown")


def test_where_there_is_no_certificate_a_refusal_says_so(world: World) -> None:
    answer = ask("GET", f"/accounts/{world.wallet.id}/certificate", key=world.lailas)
    assert (answer.status, answer.error["code"]) == (404, "no_certificate")
