"""The demo's billers switched from outside: who misbehaves how, asked and set at their ``/control`` on loopback."""

from __future__ import annotations

import http.client
import json
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import InputError, TemporarilyUnavailable, mark
from raseed.people import api as people
from raseed.platform import api as platform

from .biller.manners import EVERY, SECONDS_MAX, Manner
from .billers import billers_file

SWITCH: Final = "payments.lanes.edit"
"""What it takes: whoever may close the way to a biller may make an invented one sick."""
SHOWN_TIMES_MAX: Final = 1_000_000
_HOST: Final = "127.0.0.1"
_TIMEOUT_S: Final = 3
_ANSWER_BYTES_MAX: Final = 1 << 20

MANNER_WORDS: Final = {
    Manner.WELL: mark("Well"),
    Manner.SLOW: mark("Slow: answers after the seconds"),
    Manner.HANG: mark("Hangs for the seconds"),
    Manner.DRIP: mark("Answers drop by drop over the seconds"),
    Manner.DEAD: mark("Dead: hangs up at once"),
    Manner.REPLY_LOST: mark("Takes it, and its answer is lost"),
    Manner.ERROR: mark("Answers with a server error"),
    Manner.BUSY: mark("Says that it is too busy"),
    Manner.RUBBISH: mark("Answers rubbish"),
    Manner.RUBBISH_SIGNED: mark("Answers rubbish, rightly signed"),
    Manner.UNSIGNED: mark("Does not sign"),
    Manner.WRONG_KEY: mark("Signs with another key"),
    Manner.STALE: mark("Signs with a date of yesterday"),
    Manner.REPLAYED: mark("Repeats its last answer"),
    Manner.REDIRECT: mark("Sends to another address"),
    Manner.TOO_LARGE: mark("Answers far too much"),
    Manner.TWICE: mark("Answers twice"),
    Manner.OTHER_BILLER: mark("Speaks for another biller"),
    Manner.OTHER_PAYMENT: mark("Answers about another payment"),
    Manner.OTHER_ACCOUNT: mark("Names another collection account"),
    Manner.OTHER_BILL: mark("Answers about another bill"),
    Manner.CHANGED_AMOUNT: mark("Names another amount"),
    Manner.WRONG_CURRENCY: mark("Answers in another currency"),
    Manner.WRONG_SCALE: mark("Answers in other minor units"),
    Manner.REFUSE: mark("Refuses"),
    Manner.UNKNOWN: mark("Says that it does not know yet"),
    Manner.LOWERED: mark("Lowers the bill below what was paid"),
}
QUESTION_WORDS: Final = {
    EVERY: mark("All questions"),
    "fetch": mark("Fetching bills"),
    "validate": mark("Validating"),
    "pay": mark("Taking a payment"),
    "status": mark("What became of a payment"),
    "cancel": mark("Cancelling a payment"),
}


class SimulationNotRunning(TemporarilyUnavailable):
    """The process of the invented billers does not answer."""

    code = "simulation_not_running"
    sentence = mark("The simulated billers are not running.")
    hint = mark("'./raseed run' starts them with a demo world.")


class BadManner(InputError):
    """No such biller, question or manner, or numbers that make no sense."""

    code = "simulation_bad_manner"
    sentence = mark("The simulated billers do not understand this.")
    hint = mark("Times are 1 to 1000000, seconds 0 to 600.")


@dataclass(frozen=True, slots=True)
class Misbehaviour:
    """Who misbehaves how, and how often still; ``biller`` and ``question`` may be ``*``: every one."""

    biller: str
    question: str
    manner: Manner
    times: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Simulation:
    """The invented billers as they stand: their codes, how often each was asked, and who misbehaves."""

    asked: dict[str, int]
    rules: tuple[Misbehaviour, ...]


def simulation() -> Simulation:
    """Return how the invented billers stand.

    Raises:
        SimulationNotRunning: they don't answer.
    """
    told = _spoken("GET", None)
    try:
        return Simulation(
            asked={each["code"]: sum(_counts(each["asked"])) for each in told["billers"]},
            rules=tuple(
                Misbehaviour(each["biller"], each["question"], Manner(each["manner"]), each["times"], each["seconds"])
                for each in told["rules"]
            ),
        )
    except (KeyError, TypeError, ValueError):
        raise SimulationNotRunning from None


def is_simulated() -> bool:
    """Whether this home has invented billers at all."""
    return _port() is not None


def switch_billers(
    *,
    biller: str,
    question: str,
    manner: str,
    times: int,
    seconds: int,
    institution_id: UUID,
    by: people.Author,
    reason: str,
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Let an invented biller misbehave, or all of them be well again (``*``, ``*``, ``well``).

    Raises:
        NotPermitted: ``by`` lacks ``payments.lanes.edit`` at the institution. UnacceptableText: the reason.
        BadManner: what is asked makes no sense. SimulationNotRunning: they don't answer.
    """
    people.require(by, SWITCH, institution_id)
    said = people.clean_reason(reason)
    if manner not in set(Manner) or question not in QUESTION_WORDS:
        raise BadManner(field="manner")
    if not 1 <= times <= SHOWN_TIMES_MAX or not 0 <= seconds <= SECONDS_MAX:
        raise BadManner(field="times")
    if biller != EVERY and biller not in simulation().asked:
        raise BadManner(field="biller")
    rule = {"biller": biller, "question": question, "manner": manner, "times": times, "seconds": seconds}
    _spoken("POST", rule)
    with transaction.atomic():
        platform.record(
            actor=by.actor,
            action="demo.billers_switched",
            subject=f"institution:{institution_id}",
            after={"biller": biller, "question": question, "manner": manner, "times": times, "seconds": seconds},
            reason=said,
            institution_id=institution_id,
            clock=clock,
        )


def _spoken(method: str, body: dict[str, Any] | None) -> dict[str, Any]:
    port = _port()
    if port is None:
        raise SimulationNotRunning
    try:
        with closing(http.client.HTTPConnection(_HOST, port, timeout=_TIMEOUT_S)) as connection:
            data = None if body is None else json.dumps(body).encode()
            connection.request(method, "/control", data, {"Content-Type": "application/json"} if data else {})
            answer = connection.getresponse()
            text = answer.read(_ANSWER_BYTES_MAX)
    except (OSError, http.client.HTTPException):
        raise SimulationNotRunning from None
    if answer.status == http.client.BAD_REQUEST:
        raise BadManner(field="manner")
    if answer.status not in (http.client.OK, http.client.NO_CONTENT):
        raise SimulationNotRunning
    try:
        found = json.loads(text) if text else {}
    except ValueError:
        raise SimulationNotRunning from None
    return found if isinstance(found, dict) else {}


def _counts(asked: object) -> list[int]:
    """Return how often a biller was asked: a count, or one for each question."""
    if isinstance(asked, dict):
        return [each for each in asked.values() if isinstance(each, int)]
    return [asked] if isinstance(asked, int) else []


def _port() -> int | None:
    """Return where they listen, as their file says; ``None``: this home has none."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        port = json.loads(billers_file().read_text(encoding="utf-8"))["port"]
        return port if isinstance(port, int) and 0 < port < 1 << 16 else None
    return None
