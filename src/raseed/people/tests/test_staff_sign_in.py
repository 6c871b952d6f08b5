"""Staff come in with password and second factor; whoever guesses, replays or steals is kept out and learns nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier, BoundedSemaphore
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.kernel.errors import RaseedError, TemporarilyUnavailable
from raseed.people.api import (
    SYSTEM,
    Institution,
    SignInLocked,
    SignInOver,
    Staff,
    StaffNotActive,
    StaffState,
    WrongLogin,
    WrongSecondFactor,
    finish_staff_sign_in,
    lock_staff,
    recovery_codes_left,
    staff,
    start_staff_sign_in,
    unlock_staff,
)
from raseed.people.models import StaffRow, TicketRow
from raseed.people.staff import passwords, second_factor
from raseed.people.staff.sign_in import LOCKS_MAX, PER_NETWORK, TRIES_MAX
from raseed.people.staff.tickets import CHALLENGES_MAX, forget_tickets
from raseed.platform.api import TooManyRequests, audit_trail

from .office import PASSWORD, Colleague, a_colleague, a_newcomer, make_hashes_quick
from .test_sign_in import everything_stored

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


def a_wrong_code(salma: Colleague, clock: ManualClock) -> str:
    good = {salma.phone.code(clock.now() + n * STEP) for n in (-1, 0, 1)}
    return next(code for code in (f"{n:06}" for n in range(9)) if code not in good)


def outcome_of(verb: Callable[..., object], *arguments: Any) -> tuple[str, object]:
    try:
        verb(*arguments)
    except RaseedError as error:
        return error.code, (error.params, error.field)
    return "done", None


def test_password_and_code_let_a_colleague_in(salma: Colleague, clock: ManualClock) -> None:
    came = finish(clock, start(clock), salma.phone.code(clock.now()))
    assert came == salma.staff == staff(salma.staff.id)
    assert came.state is StaffState.ACTIVE
    latest = audit_trail(came.actor)[0]
    assert (latest.action, latest.actor, latest.after) == (
        "people.staff_signed_in",
        came.actor,
        {"second_factor": "totp"},
    )


def test_a_login_may_be_typed_with_capitals_and_a_code_in_arabic_digits(salma: Colleague, clock: ManualClock) -> None:
    code = salma.phone.code(clock.now()).translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    assert finish(clock, start(clock, login=" SALMA "), f" {code[:3]} {code[3:]} ") == salma.staff


def test_the_password_alone_is_not_enough(salma: Colleague, clock: ManualClock) -> None:
    token = start(clock)
    for code in ("", "000000x", "x" * 100_000, "\x00", "½½½½½½", "\ud800"):
        with pytest.raises((WrongSecondFactor, SignInLocked)):
            finish(clock, token, code)


@pytest.mark.parametrize("password", ["", WRONG, PASSWORD.upper(), PASSWORD + " ", "x" * 100_000, "\x00", "\ud800"])
def test_a_wrong_password_is_refused(salma: Colleague, clock: ManualClock, password: str) -> None:
    with pytest.raises(WrongLogin):
        start(clock, password)


def test_a_code_is_good_for_its_half_minute_and_the_ones_beside_it(salma: Colleague, clock: ManualClock) -> None:
    clock.advance(10 * STEP)
    for steps, good in ((-2, False), (-1, True), (0, True), (1, True), (3, False)):
        clock.advance(3 * STEP)
        token, code = start(clock), salma.phone.code(clock.now() + steps * STEP)
        if good:
            assert finish(clock, token, code) == salma.staff
        else:
            with pytest.raises(WrongSecondFactor):
                finish(clock, token, code)


def test_a_code_works_once_and_no_earlier_one_after_it(salma: Colleague, clock: ManualClock) -> None:
    early, code = salma.phone.code(clock.now()), salma.phone.code(clock.now() + STEP)
    finish(clock, start(clock), code)
    for seen in (code, early):
        with pytest.raises(WrongSecondFactor):
            finish(clock, start(clock), seen)
    clock.advance(2 * STEP)
    assert finish(clock, start(clock), salma.phone.code(clock.now())) == salma.staff


def test_the_code_that_enrolled_does_not_sign_in(bank: UUID, clock: ManualClock) -> None:
    salma = a_colleague(bank, clock=clock)
    with pytest.raises(WrongSecondFactor):
        finish(clock, start(clock), salma.phone.code(clock.now()))


def test_of_two_that_show_one_code_at_the_same_instant_one_comes_in(salma: Colleague, clock: ManualClock) -> None:
    tokens, code, together = [start(clock) for _ in range(4)], salma.phone.code(clock.now()), Barrier(4)

    def enter(token: str) -> str:
        together.wait()
        try:
            return finish(clock, token, code).login
        except RaseedError as error:
            return error.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(enter, tokens)) == ["salma"] + ["wrong_second_factor"] * 3


def test_a_challenge_works_once_and_for_five_minutes(salma: Colleague, clock: ManualClock) -> None:
    token = start(clock)
    finish(clock, token, salma.phone.code(clock.now()))
    with pytest.raises(SignInOver):
        finish(clock, token, salma.recovery_codes[0])
    late = start(clock)
    clock.advance(timedelta(minutes=5) - SECOND)
    in_time = start(clock)
    finish(clock, late, salma.phone.code(clock.now()))
    clock.advance(timedelta(minutes=5))
    with pytest.raises(SignInOver):
        finish(clock, in_time, salma.phone.code(clock.now()))


@pytest.mark.parametrize("token", ["", "x", "é", "\x00", "x" * 1_000_000])
def test_a_made_up_challenge_is_none(salma: Colleague, clock: ManualClock, token: str) -> None:
    with pytest.raises(SignInOver):
        finish(clock, token, salma.phone.code(clock.now()))


def test_only_so_many_challenges_wait_at_once(salma: Colleague, clock: ManualClock) -> None:
    tokens = []
    for _ in range(CHALLENGES_MAX + 1):
        tokens.append(start(clock))
        clock.advance(SECOND)
    assert TicketRow.objects.count() == CHALLENGES_MAX
    with pytest.raises(SignInOver):
        finish(clock, tokens[0], salma.phone.code(clock.now()))
    finish(clock, tokens[1], salma.phone.code(clock.now()))


def test_a_recovery_code_stands_in_for_the_app_once(salma: Colleague, clock: ManualClock) -> None:
    code = salma.recovery_codes[3]
    assert len(set(salma.recovery_codes)) == 10
    assert finish(clock, start(clock), code.lower().replace("-", " ")) == salma.staff
    assert audit_trail(salma.staff.actor)[0].after == {"second_factor": "recovery"}
    assert recovery_codes_left(salma.staff.id) == 9
    with pytest.raises(WrongSecondFactor):
        finish(clock, start(clock), code)


def test_another_ones_code_is_no_code(bank: UUID, salma: Colleague, clock: ManualClock) -> None:
    other = a_colleague(bank, login="omar", clock=clock)
    clock.advance(2 * STEP)
    for code in (other.phone.code(clock.now()), other.recovery_codes[0]):
        with pytest.raises(WrongSecondFactor):
            finish(clock, start(clock), code)


def test_five_wrong_passwords_lock_the_login_longer_each_time(salma: Colleague, clock: ManualClock) -> None:
    waits = []
    for _ in range(3):
        for _ in range(TRIES_MAX - 1):
            with pytest.raises(WrongLogin):
                start(clock, WRONG)
        with pytest.raises(SignInLocked) as locked:
            start(clock, WRONG)
        waits.append(locked.value.params["minutes"])
        with pytest.raises(SignInLocked):
            start(clock)
        clock.advance(timedelta(minutes=int(str(locked.value.params["minutes"]))))
    assert waits == [1, 5, 15]
    assert start(clock)
    assert [one.action for one in audit_trail(salma.staff.actor)].count("people.staff_sign_in_locked") == 3


def test_a_stranger_gets_the_same_answers_as_a_colleague_at_every_step(salma: Colleague, clock: ManualClock) -> None:
    def walk(login: str) -> list[tuple[str, object]]:
        return [outcome_of(start, clock, WRONG, login) for _ in range(TRIES_MAX + 2)]

    known, unknown = walk("salma"), walk("nobody")
    assert known == unknown
    assert [code for code, _ in known] == ["wrong_login"] * (TRIES_MAX - 1) + ["sign_in_locked"] * 3
    assert audit_trail("staff:unknown")[0].action == "people.staff_sign_in_locked"
    assert "nobody" not in everything_stored()


@pytest.mark.parametrize("wrong", range(1, TRIES_MAX + 2))
def test_a_stranger_costs_the_same_work_as_a_colleague(
    salma: Colleague, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, wrong: int
) -> None:
    work: dict[str, list[str]] = {}
    hashed: list[str] = []
    verify = passwords._hasher.verify

    def counted(password: str, encoded: str) -> bool:
        hashed.append(encoded)
        assert passwords._hasher.decode(encoded)["memory_cost"] == passwords._hasher.memory_cost
        return verify(password, encoded)

    monkeypatch.setattr(passwords._hasher, "verify", counted)
    for login in ("salma", "nobody"):
        for _ in range(wrong - 1):
            outcome_of(start, clock, WRONG, login)
        with CaptureQueriesContext(connection) as queries:
            outcome_of(start, clock, WRONG, login)
        work[login] = [query["sql"].split(" ")[0] for query in queries]
    assert work["salma"] == work["nobody"]
    assert len(hashed) == 2 * min(wrong, TRIES_MAX)


def test_someone_invited_or_gone_is_a_stranger(bank: UUID, clock: ManualClock) -> None:
    a_newcomer(bank)
    for password in ("", PASSWORD):
        with pytest.raises(WrongLogin):
            start(clock, password)


def test_wrong_passwords_at_the_same_instant_are_all_counted(salma: Colleague, clock: ManualClock) -> None:
    together = Barrier(8)

    def guess(_: int) -> str:
        together.wait()
        try:
            return start(clock, WRONG)
        except RaseedError as error:
            return error.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(guess, range(8)))
    assert set(outcomes) <= {"wrong_login", "sign_in_locked"}
    assert outcomes.count("wrong_login") <= TRIES_MAX
    with pytest.raises(SignInLocked):
        start(clock)


def test_the_right_password_forgives_wrong_ones(salma: Colleague, clock: ManualClock) -> None:
    for _ in range(3):
        for _ in range(TRIES_MAX - 1):
            with pytest.raises(WrongLogin):
                start(clock, WRONG)
        start(clock)


def test_wrong_codes_lock_and_after_several_locks_close_the_account(salma: Colleague, clock: ManualClock) -> None:
    answers = []
    for _ in range(LOCKS_MAX):
        token, wrong = start(clock), a_wrong_code(salma, clock)
        answers += [outcome_of(finish, clock, token, wrong)[0] for _ in range(TRIES_MAX)]
        if answers[-1] == "sign_in_locked":
            assert outcome_of(finish, clock, token, salma.phone.code(clock.now()))[0] == "sign_in_locked"
        clock.advance(timedelta(hours=1))
    wrongs = ["wrong_second_factor"] * (TRIES_MAX - 1)
    assert answers == [*wrongs, "sign_in_locked"] * (LOCKS_MAX - 1) + [*wrongs, "staff_not_active"]
    assert staff(salma.staff.id).state is StaffState.LOCKED
    assert staff(salma.staff.id).session_epoch > salma.staff.session_epoch
    latest = audit_trail(salma.staff.actor)[0]
    assert (latest.action, latest.actor) == ("people.staff_locked", "system")
    with pytest.raises(StaffNotActive):
        start(clock)
    with pytest.raises(WrongLogin):
        start(clock, WRONG)
    unlock_staff(salma.staff.id, by=SYSTEM, reason="it was herself", clock=clock)
    clock.advance(STEP)
    assert finish(clock, start(clock), salma.phone.code(clock.now())).state is StaffState.ACTIVE


def test_the_right_code_forgives_wrong_ones(salma: Colleague, clock: ManualClock) -> None:
    for _ in range(3):
        token, wrong = start(clock), a_wrong_code(salma, clock)
        for _ in range(TRIES_MAX - 1):
            with pytest.raises(WrongSecondFactor):
                finish(clock, token, wrong)
        finish(clock, token, salma.phone.code(clock.now()))
        clock.advance(2 * STEP)


def test_per_network_only_what_went_wrong_is_limited(salma: Colleague, clock: ManualClock) -> None:
    tokens = [start(clock, address="192.0.2.1") for _ in range(PER_NETWORK.count + 1)]
    finish(clock, tokens[-1], salma.phone.code(clock.now()), "192.0.2.1")
    for number in range(PER_NETWORK.count):
        with pytest.raises(WrongLogin):
            start(clock, WRONG, f"nobody{number}", "192.0.2.1")
    with pytest.raises(TooManyRequests):
        start(clock, address="192.0.2.1")
    assert start(clock, address="192.0.2.2")
    clock.advance(PER_NETWORK.window)
    assert start(clock, address="192.0.2.1")


def test_wrong_codes_are_limited_per_network_too(salma: Colleague, clock: ManualClock) -> None:
    for _ in range(PER_NETWORK.count):
        with pytest.raises(SignInOver):
            finish(clock, "made-up", "1", "192.0.2.1")
    token = start(clock)
    with pytest.raises(TooManyRequests):
        finish(clock, token, salma.phone.code(clock.now()), "192.0.2.1")
    assert finish(clock, token, salma.phone.code(clock.now()), "192.0.2.2") == salma.staff


def test_where_too_many_passwords_are_worked_on_the_try_does_not_count(
    salma: Colleague, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = BoundedSemaphore(1)
    busy.acquire()
    with monkeypatch.context() as patch:
        patch.setattr(passwords, "_working", busy)
        patch.setattr(passwords, "WAIT_S_MAX", 0)
        for _ in range(TRIES_MAX + 1):
            with pytest.raises(TemporarilyUnavailable):
                start(clock, address="192.0.2.1")
    assert start(clock)


def test_locking_ends_sessions_and_voids_challenges_at_once(salma: Colleague, clock: ManualClock) -> None:
    token = start(clock)
    gone = lock_staff(salma.staff.id, by=SYSTEM, reason="lost their badge", clock=clock)
    assert gone.session_epoch > salma.staff.session_epoch
    with pytest.raises(SignInOver):
        finish(clock, token, salma.phone.code(clock.now()))
    unlock_staff(salma.staff.id, by=SYSTEM, reason="found it", clock=clock)
    with pytest.raises(SignInOver):
        finish(clock, token, salma.phone.code(clock.now()))


def test_secrets_are_kept_nowhere_in_plain(
    salma: Colleague, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token, code = start(clock), salma.phone.code(clock.now())
    finish(clock, token, code)
    waiting = start(clock)
    stored = everything_stored() + caplog.text
    plain = salma.phone.secret.replace(" ", "")
    for secret in (PASSWORD, token, waiting, plain, plain.lower(), *salma.recovery_codes):
        assert secret not in stored
        assert secret.replace("-", "") not in stored


def test_a_secret_moved_to_another_row_or_without_its_key_is_none(
    bank: UUID, salma: Colleague, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    mallory = a_colleague(bank, login="mallory", clock=clock)
    StaffRow.objects.filter(id=salma.staff.id).update(totp_secret=StaffRow.objects.get(login="mallory").totp_secret)
    clock.advance(2 * STEP)
    with pytest.raises(WrongSecondFactor):
        finish(clock, start(clock), mallory.phone.code(clock.now()))
    token = start(clock, login="mallory")
    monkeypatch.setattr(second_factor, "KEY", "another-key")
    with pytest.raises((WrongSecondFactor, SignInOver)):
        finish(clock, token, mallory.phone.code(clock.now()))


def test_an_older_hash_is_made_anew_at_the_next_sign_in(
    salma: Colleague, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = StaffRow.objects.get().password
    monkeypatch.undo()
    start(clock)
    after = StaffRow.objects.get().password
    assert before.startswith("argon2$argon2id$v=19$m=64,t=1,p=1$")
    assert after.startswith("argon2$argon2id$v=19$m=65536,t=3,p=4$")
    start(clock)
    assert StaffRow.objects.get().password == after


def test_what_is_over_is_forgotten(salma: Colleague, clock: ManualClock) -> None:
    start(ManualClock(SYSTEM_CLOCK.now() - timedelta(minutes=6)))
    start(clock)
    forget_tickets(timestamp=0)
    assert TicketRow.objects.count() == 1


def test_signing_in_inside_another_transaction_is_a_bug_of_ours(salma: Colleague, clock: ManualClock) -> None:
    for verb in (lambda: start(clock), lambda: finish(clock, "x", "1")):
        with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
            verb()


def test_the_codes_are_those_of_rfc_6238() -> None:
    secret = b"12345678901234567890"
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
        at = datetime.fromtimestamp(seconds, tz=UTC)
        assert second_factor.step_of(secret, code, at) == seconds // 30
