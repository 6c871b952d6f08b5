"""A code signs in its owner once, soon, and in few tries; nobody learns whose number is whose."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from raseed.channels.models import TextRow
from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock
from raseed.kernel.errors import RaseedError
from raseed.people.api import (
    CodeExpired,
    Customer,
    InvalidPhone,
    TooManyTries,
    WrongCode,
    confirm_code,
    request_code,
    set_language,
)
from raseed.people.models import RateRow, SignInRow
from raseed.people.sign_in import by_code
from raseed.people.sign_in.codes import (
    CODE_LIFE,
    PER_ADDRESS_REQUESTS,
    PER_ADDRESS_TRIES,
    PER_PHONE_DAY,
    PER_PHONE_SHORT,
)
from raseed.platform.api import TooManyRequests

from .world import MONA, STRANGER, latest_code, mona_of_nile

SECOND = timedelta(seconds=1)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(SYSTEM_CLOCK.now())


@pytest.fixture
def build() -> Callable[[], Customer]:
    return mona_of_nile


@pytest.fixture
def mona(built: Customer) -> Customer:
    return built


def other(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def everything_stored() -> str:
    """Return every row of every table of ours and of the job queue, as text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'channels_text'")
        tables = [name for (name,) in cursor.fetchall()]
        rows = []
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            rows += [row for (row,) in cursor.fetchall()]
    return "\n".join(rows)


def test_a_customer_signs_in_with_the_code_that_was_sent(mona: Customer) -> None:
    request_code(phone=MONA)
    assert confirm_code(phone=MONA, code=latest_code()) == mona


def test_arabic_digits_and_spaces_are_understood(mona: Customer) -> None:
    request_code(phone=MONA)
    typed = latest_code().translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    assert confirm_code(phone="+٢٠ ١٠٠ ١٢٣ ٤٥٦٧", code=f" {typed[:3]} {typed[3:]}") == mona


@pytest.mark.parametrize(("language", "word"), [("ar", "رمزك"), ("he", "הקוד"), ("en", "code")])
def test_the_text_is_in_the_customers_language(mona: Customer, language: str, word: str) -> None:
    set_language(mona.id, language)
    request_code(phone=MONA)
    text = TextRow.objects.get().text
    assert text is not None
    assert word in text


def test_a_code_works_once(mona: Customer) -> None:
    request_code(phone=MONA)
    code = latest_code()
    confirm_code(phone=MONA, code=code)
    with pytest.raises(CodeExpired):
        confirm_code(phone=MONA, code=code)


def test_of_two_confirmations_at_the_same_instant_one_wins(mona: Customer) -> None:
    request_code(phone=MONA)
    code, together = latest_code(), Barrier(8)

    def confirm(_: int) -> Customer | RaseedError:
        together.wait()
        try:
            return confirm_code(phone=MONA, code=code)
        except RaseedError as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(confirm, range(8)))
    assert sum(isinstance(outcome, Customer) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, CodeExpired) for outcome in outcomes) == 7


def test_wrong_tries_at_the_same_instant_are_all_counted(mona: Customer) -> None:
    request_code(phone=MONA)
    code = latest_code()

    def confirm(_: int) -> str:
        try:
            confirm_code(phone=MONA, code=other(code))
        except RaseedError as error:
            return error.code
        finally:
            connections.close_all()
        return "in"

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(confirm, range(8)))
    assert outcomes == ["too_many_tries"] * 4 + ["wrong_code"] * 4


def test_a_code_lives_five_minutes(mona: Customer, clock: ManualClock) -> None:
    request_code(phone=MONA, clock=clock)
    clock.advance(CODE_LIFE - SECOND)
    assert confirm_code(phone=MONA, code=latest_code(), clock=clock) == mona
    request_code(phone=MONA, clock=clock)
    clock.advance(CODE_LIFE)
    with pytest.raises(CodeExpired):
        confirm_code(phone=MONA, code=latest_code(), clock=clock)


def test_a_new_code_voids_the_earlier_one(mona: Customer, clock: ManualClock) -> None:
    request_code(phone=MONA, clock=clock)
    first = latest_code()
    clock.advance(SECOND)
    request_code(phone=MONA, clock=clock)
    second = latest_code()
    if first != second:
        with pytest.raises(WrongCode):
            confirm_code(phone=MONA, code=first, clock=clock)
    assert confirm_code(phone=MONA, code=second, clock=clock) == mona


def test_five_wrong_tries_void_the_code_and_lock_the_number_longer_each_time(
    mona: Customer, clock: ManualClock
) -> None:
    waits = []
    for _ in range(5):
        request_code(phone=MONA, clock=clock)
        code = latest_code()
        for tries_left in (4, 3, 2, 1):
            with pytest.raises(WrongCode) as wrong:
                confirm_code(phone=MONA, code=other(code), clock=clock)
            assert wrong.value.params == {"tries_left": tries_left}
        with pytest.raises(TooManyTries) as locked:
            confirm_code(phone=MONA, code=other(code), clock=clock)
        waits.append(locked.value.params["minutes"])
        with pytest.raises(TooManyTries):
            confirm_code(phone=MONA, code=code, clock=clock)
        with pytest.raises(TooManyTries):
            request_code(phone=MONA, clock=clock)
        clock.advance(timedelta(minutes=int(str(locked.value.params["minutes"]))))
        clock.advance(PER_PHONE_SHORT.window)
    assert waits == [1, 5, 15, 60, 60]
    request_code(phone=MONA, clock=clock)
    assert confirm_code(phone=MONA, code=latest_code(), clock=clock) == mona


def test_signing_in_forgives_earlier_mistakes(mona: Customer, clock: ManualClock) -> None:
    request_code(phone=MONA, clock=clock)
    code = latest_code()
    for _ in range(4):
        with pytest.raises(WrongCode):
            confirm_code(phone=MONA, code=other(code), clock=clock)
    confirm_code(phone=MONA, code=code, clock=clock)
    row = SignInRow.objects.get()
    assert (row.times_locked, row.locked_until, row.code_hash) == (0, None, None)


def outcome_of(verb: Callable[[], object]) -> tuple[str, object]:
    try:
        verb()
    except RaseedError as error:
        return error.code, error.params
    return "done", None


def test_a_stranger_gets_the_same_answers_as_a_customer_at_every_step(mona: Customer, clock: ManualClock) -> None:
    def walk(phone: str) -> list[tuple[str, object]]:
        answers = [outcome_of(lambda: confirm_code(phone=phone, code="000000", clock=clock))]
        answers += [outcome_of(lambda: request_code(phone=phone, clock=clock)) for _ in range(7)]
        answers += [outcome_of(lambda: confirm_code(phone=phone, code="wrong", clock=clock)) for _ in range(6)]
        answers += [outcome_of(lambda: request_code(phone=phone, clock=clock))]
        return answers

    known, unknown = walk(MONA), walk(STRANGER)
    assert known == unknown
    assert {"done", "too_many_requests", "wrong_code", "too_many_tries", "code_expired"} <= {code for code, _ in known}
    assert not TextRow.objects.filter(to_phone=STRANGER).exists()
    assert STRANGER not in everything_stored()


def test_a_strangers_request_does_the_same_work_as_a_customers(mona: Customer) -> None:
    work = {}
    for phone in (MONA, STRANGER):
        with CaptureQueriesContext(connection) as queries:
            request_code(phone=phone)
        work[phone] = [query["sql"].split(" ")[0] for query in queries if "SAVEPOINT" not in query["sql"]]
    assert work[MONA] == work[STRANGER]
    assert "INSERT" in work[MONA]


def test_the_code_is_kept_nowhere_but_in_the_text_on_its_way(mona: Customer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    request_code(phone=MONA)
    code = latest_code()
    with pytest.raises(WrongCode) as wrong:
        confirm_code(phone=MONA, code=other(code))
    for place in (everything_stored(), caplog.text, str(wrong.value.params)):
        assert code not in place
        assert other(code) not in place


def test_without_the_pepper_the_stored_hash_tells_nothing(mona: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    request_code(phone=MONA)
    code = latest_code()
    monkeypatch.setattr(by_code, "PEPPER", "another-key")
    with pytest.raises(CodeExpired):
        confirm_code(phone=MONA, code=code)


def test_a_number_may_ask_only_so_often(mona: Customer, clock: ManualClock) -> None:
    for _ in range(PER_PHONE_SHORT.count):
        request_code(phone=MONA, clock=clock)
    with pytest.raises(TooManyRequests) as refusal:
        request_code(phone=MONA, clock=clock)
    assert refusal.value.params == {"minutes": 10}
    clock.advance(PER_PHONE_SHORT.window)
    request_code(phone=MONA, clock=clock)


def test_a_number_may_ask_only_so_often_a_day(mona: Customer, clock: ManualClock) -> None:
    for _ in range(PER_PHONE_DAY.count):
        request_code(phone=MONA, clock=clock)
        clock.advance(timedelta(minutes=3))
    with pytest.raises(TooManyRequests):
        request_code(phone=MONA, clock=clock)


def test_an_address_may_ask_and_try_only_so_often_whatever_the_number(mona: Customer, clock: ManualClock) -> None:
    for number in range(PER_ADDRESS_REQUESTS.count):
        request_code(phone=f"+2010022{number:05}", client_address="192.0.2.1", clock=clock)
    with pytest.raises(TooManyRequests):
        request_code(phone=MONA, client_address="192.0.2.1", clock=clock)
    request_code(phone=MONA, client_address="192.0.2.2", clock=clock)
    for number in range(PER_ADDRESS_TRIES.count):
        with pytest.raises(CodeExpired):
            confirm_code(phone=f"+2010033{number:05}", code="1", client_address="192.0.2.1", clock=clock)
    with pytest.raises(TooManyRequests):
        confirm_code(phone=MONA, code=latest_code(), client_address="192.0.2.1", clock=clock)
    assert confirm_code(phone=MONA, code=latest_code(), client_address="192.0.2.2", clock=clock) == mona


@pytest.mark.parametrize("phone", ["01001234567", "", "mona", "+20", "+999"])
def test_signing_in_needs_a_whole_number(database: Any, phone: str) -> None:
    with pytest.raises(InvalidPhone):
        request_code(phone=phone)
    with pytest.raises(InvalidPhone):
        confirm_code(phone=phone, code="123456")


@pytest.mark.parametrize("code", ["", "1", "12345", "1234567", "abcdef", "x" * 100_000, "\x00", "½½½½½½"])
def test_any_text_as_a_code_is_a_wrong_code(mona: Customer, code: str) -> None:
    request_code(phone=MONA)
    with pytest.raises(WrongCode):
        confirm_code(phone=MONA, code=code)


def test_signing_in_inside_another_transaction_is_a_bug_of_ours(mona: Customer) -> None:
    for verb in (lambda: request_code(phone=MONA), lambda: confirm_code(phone=MONA, code="1")):
        with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
            verb()


def test_what_limits_nobody_any_more_is_forgotten(mona: Customer) -> None:
    past = ManualClock(SYSTEM_CLOCK.now() - timedelta(days=3))
    request_code(phone=MONA, client_address="192.0.2.1", clock=past)
    request_code(phone=STRANGER)
    assert (SignInRow.objects.count(), RateRow.objects.count()) == (2, 5)
    by_code.forget_sign_ins(timestamp=0)
    assert (SignInRow.objects.count(), RateRow.objects.count()) == (1, 2)
