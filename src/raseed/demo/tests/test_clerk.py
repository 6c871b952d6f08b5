"""The demo has somebody who works for a biller, who signs in with what the staff file says, and stays ended once ended."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import override_settings

from raseed.bills import api as bills
from raseed.demo import billers, staff
from raseed.demo.authenticator import code_at
from raseed.demo.houses import plant_houses
from raseed.demo.staff import plant_staff
from raseed.demo.staff_file import NAME, read_staff_file
from raseed.demo.world.billers import BILLERS
from raseed.demo.world.people import SEED
from raseed.demo.world.places import BANK
from raseed.demo.world.staff import colleagues
from raseed.kernel.clock import ManualClock
from raseed.people import api as people

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def test_the_clerk_is_planted_once_and_signs_in(
    database: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del database
    clerks = [one for one in colleagues(SEED) if one.works_for]
    monkeypatch.setattr(staff, "colleagues", lambda _: clerks)
    clock = ManualClock(NOON)
    plant_houses(clock)
    plant_staff(seed=SEED, file=tmp_path / NAME, clock=clock)
    bank = people.institution_by_slug(BANK.slug).id
    with override_settings(BILLER_NETWORKS="127.0.0.0/8"):
        billers._registered(0, BILLERS[0], bank, "http://127.0.0.1:1/x", clock)
    for _ in range(2):
        billers._name_clerks(SEED, bank, clock)
    (access,) = read_staff_file(tmp_path / NAME)
    assert access.institution == BILLERS[0].names
    assert "/biller/" in access.roles[0]["ar"]
    challenge = people.start_staff_sign_in(
        login=access.login, password=access.password, client_address="127.0.0.1", clock=clock
    )
    someone = people.finish_staff_sign_in(
        token=challenge.token, code=code_at(access.secret, NOON), client_address="127.0.0.1", clock=clock
    )
    (clerk,) = bills.clerk_of(someone.id)
    assert clerk.biller_id == bills.biller_by_code(bank, BILLERS[0].code).id
    assert clerk.may_refund
    assert someone.grants == ()
    bills.end_clerk(staff_id=someone.id, biller_id=clerk.biller_id, by=people.SYSTEM, reason="left", clock=clock)
    billers._name_clerks(SEED, bank, clock)
    assert bills.clerk_of(someone.id) == [], "whose work was ended stays so"
