"""What members of staff do to their own way in takes the second factor once more, and ends what it should."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.people.api import (
    Institution,
    SignInLocked,
    SignInOver,
    Staff,
    WeakPassword,
    WrongLogin,
    WrongSecondFactor,
    change_staff_password,
    end_staff_sessions,
    finish_staff_sign_in,
    give_second_factor,
    renew_recovery_codes,
    start_staff_sign_in,
)
from raseed.people.models import RecoveryCodeRow
from raseed.people.staff.sign_in import TRIES_MAX

from .office import PASSWORD, Colleague, a_colleague, make_hashes_quick

SECOND = timedelta(seconds=1)
STEP = timedelta(seconds=30)
WRONG = "three dry umbrellas"


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    make_hashes_quick(monkeypatch)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(SYSTEM_CLOCK.now())


@pytest.fixture
def bank(built: Institution) -> UUID:
    return built.id


@pytest.fixture
def salma(bank: UUID, clock: ManualClock) -> Colleague:
    colleague = a_colleague(bank, clock=clock)
    clock.advance(STEP)
    return colleague


def start(clock: Any, password: str = PASSWORD, login: str = "salma", address: str | None = None) -> str:
    return start_staff_sign_in(login=login, password=password, client_address=address, clock=clock).token


def finish(clock: Any, token: str, code: str, address: str | None = None) -> Staff:
    return finish_staff_sign_in(token=token, code=code, client_address=address, clock=clock)


def test_a_second_factor_is_given_again_before_a_deed_with_weight(salma: Colleague, clock: ManualClock) -> None:
    code = salma.phone.code(clock.now())
    assert give_second_factor(salma.staff.id, code=code, clock=clock) == clock.now()
    with pytest.raises(WrongSecondFactor):
        give_second_factor(salma.staff.id, code=code, clock=clock)
    for _ in range(TRIES_MAX - 2):
        with pytest.raises(WrongSecondFactor):
            give_second_factor(salma.staff.id, code="1", client_address="192.0.2.1", clock=clock)
    with pytest.raises(SignInLocked):
        give_second_factor(salma.staff.id, code="1", clock=clock)


def test_recovery_codes_are_renewed_with_a_code(salma: Colleague, clock: ManualClock) -> None:
    with pytest.raises(WrongSecondFactor):
        renew_recovery_codes(salma.staff.id, code="1", clock=clock)
    codes = renew_recovery_codes(salma.staff.id, code=salma.phone.code(clock.now()), clock=clock)
    assert not set(codes) & set(salma.recovery_codes)
    with pytest.raises(WrongSecondFactor):
        finish(clock, start(clock), salma.recovery_codes[0])
    assert finish(clock, start(clock), codes[0]) == salma.staff
    assert RecoveryCodeRow.objects.count() == 10


def test_another_password_takes_the_old_one_and_a_code_and_ends_sessions(salma: Colleague, clock: ManualClock) -> None:
    def change(password: str, code: str, new: str = "nine brass teapots sing") -> Staff:
        return change_staff_password(
            salma.staff.id, password=password, new_password=new, code=code, client_address="192.0.2.1", clock=clock
        )

    with pytest.raises(WeakPassword):
        change(PASSWORD, salma.phone.code(clock.now()), "short")
    with pytest.raises(WrongSecondFactor):
        change(PASSWORD, "1")
    with pytest.raises(WrongLogin):
        change(WRONG, salma.phone.code(clock.now()))
    clock.advance(STEP)
    token = start(clock)
    changed = change(PASSWORD, salma.phone.code(clock.now()))
    assert changed.session_epoch > salma.staff.session_epoch
    clock.advance(STEP)
    with pytest.raises(SignInOver):
        finish(clock, token, salma.phone.code(clock.now()))
    with pytest.raises(WrongLogin):
        start(clock)
    assert finish(clock, start(clock, "nine brass teapots sing"), salma.phone.code(clock.now())) == changed


def test_one_signs_oneself_out_everywhere(salma: Colleague, clock: ManualClock) -> None:
    token = start(clock)
    assert end_staff_sessions(salma.staff.id, clock=clock).session_epoch > salma.staff.session_epoch
    with pytest.raises(SignInOver):
        finish(clock, token, salma.phone.code(clock.now()))
