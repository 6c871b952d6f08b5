"""Threads that ask billers: a few at a time each, the others as soon as there is room, and nobody waits for a sick one for long."""

from __future__ import annotations

import asyncio
import threading
import time
from types import SimpleNamespace
from typing import cast
from uuid import UUID

import pytest

from raseed.banking.tests.town import at_once
from raseed.bills.adapters.protocol import NoAnswer
from raseed.bills.adapters.registry import AT_ONCE_MAX, FAILURES_MAX, PLACE_SECONDS_MAX, Listener
from raseed.bills.api import Biller, BillerNotAnswering

ONE = cast(Biller, SimpleNamespace(id=UUID(int=1)))
OTHER = cast(Biller, SimpleNamespace(id=UUID(int=2)))


async def _well() -> str:
    await asyncio.wait([asyncio.ensure_future(asyncio.Event().wait())], timeout=0.02)
    return "well"


async def _silent() -> str:
    raise NoAnswer("silent")


def test_more_than_may_ask_at_once_are_all_answered_by_a_biller_that_answers() -> None:
    listener = Listener()
    answers = at_once([lambda: listener.ask(ONE, _well()) for _ in range(4 * AT_ONCE_MAX)])
    assert answers == ["well"] * (4 * AT_ONCE_MAX)


def test_who_finds_no_place_at_a_biller_that_hangs_is_told_soon_and_others_are_not_held_up() -> None:
    listener, free, asked = Listener(), asyncio.Event(), threading.Semaphore(0)
    loops: list[asyncio.AbstractEventLoop] = []

    async def hanging() -> str:
        loops.append(asyncio.get_running_loop())
        asked.release()
        await free.wait()
        return "after all"

    def late() -> object:
        for _ in range(AT_ONCE_MAX):
            asked.acquire()
        began = time.monotonic()
        with pytest.raises(BillerNotAnswering):
            listener.ask(ONE, _well())
        took = time.monotonic() - began
        assert listener.ask(OTHER, _well()) == "well"
        loops[0].call_soon_threadsafe(free.set)
        return took >= PLACE_SECONDS_MAX

    answers = at_once([*[lambda: listener.ask(ONE, hanging()) for _ in range(AT_ONCE_MAX)], late])
    assert answers == ["after all"] * AT_ONCE_MAX + [True]


def test_a_biller_that_failed_again_and_again_is_left_alone() -> None:
    listener = Listener()
    for _ in range(FAILURES_MAX):
        with pytest.raises(BillerNotAnswering):
            listener.ask(ONE, _silent())
    with pytest.raises(BillerNotAnswering):
        listener.ask(ONE, _well())
    assert listener.ask(OTHER, _well()) == "well"
    listener.forget()
    assert listener.ask(ONE, _well()) == "well"
