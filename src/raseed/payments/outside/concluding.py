"""What an answer does: money posted or let go, the step written, the errand gone or put off. A whole batch at once.

A definite answer counts whenever it comes and whoever has the errand by then; what is not known counts only for the attempt
that is the last.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import psycopg
import structlog
from django.db import InterfaceError, OperationalError, transaction

from raseed.kernel.clock import Clock
from raseed.ledger import api as ledger

from ..domain import No, PaymentState, Refusal, Unknown, Yes
from ..queries import told
from ..sql import STATEMENTS, run
from .breaking import note_answers
from .contradictions import keep_contradictions
from .domain import Heard, LaneTerms
from .ending import end_payments, tell_referred
from .steps import Move, move

AWAY: Final = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)
"""What is raised while the database is away: by Django, or by the ledger, which speaks to psycopg itself."""
BUSY_MAX: Final = 8
"""How often a batch is begun again because the books were busy."""
_log = structlog.get_logger("raseed.courier")


class _Locked(NamedTuple):
    """An errand, locked."""

    payment_id: UUID
    lane: str
    state: str
    attempt: int
    unknowns: int
    first_sent_at: datetime | None


def conclude(heard: Sequence[Heard], *, clock: Clock) -> None:
    """Keep what was answered, together or, where one of them stands in the way, each by itself.

    Raises:
        ``AWAY``: the database is; nothing was kept, and all of it may be tried again.
    """
    for _ in range(BUSY_MAX):
        try:
            _conclude(heard, clock)
        except AWAY:
            raise
        except ledger.LedgerBusy:
            continue
        except Exception as error:  # noqa: BLE001  one payment's trouble must not keep the others'
            _apart(heard, error, clock)
        return
    _log.warning("books_busy_for_errands", errands=len(heard))  # their leases end, and they are asked about again


def _apart(heard: Sequence[Heard], error: Exception, clock: Clock) -> None:
    """Find the one that can't be concluded, by halves; what can't be is not known, and in the end a person's."""
    if len(heard) > 1:
        half = len(heard) // 2
        conclude(heard[:half], clock=clock)
        conclude(heard[half:], clock=clock)
        return
    (each,) = heard
    _log.exception("errand_not_concluded", payment_id=str(each.claim.errand.payment_id), error=type(error).__name__)
    if not isinstance(each.answer, Unknown):
        unclear = Unknown("not_concluded", reached=True)
        conclude([Heard(each.claim, each.asked, unclear, each.began_at, each.took_ms)], clock=clock)


def _conclude(heard: Sequence[Heard], clock: Clock) -> None:
    with transaction.atomic(durable=True):
        now = clock.now()
        note_answers(heard, now)
        ids = sorted({each.claim.errand.payment_id for each in heard})
        locked = {row[0]: _Locked(*row) for row in run(STATEMENTS["lock_errands"], {"ids": ids})}
        _keep_attempts(heard)
        decided: dict[UUID, Yes | No] = {}
        late: list[Heard] = []
        for each in heard:
            id_ = each.claim.errand.payment_id
            if isinstance(each.answer, Yes | No):
                if id_ not in locked or type(decided.get(id_, each.answer)) is not type(each.answer):
                    _log.warning("answer_after_the_end", payment_id=str(id_), answer=type(each.answer).__name__)
                    late.append(each)
                else:
                    decided[id_] = each.answer
        unclear = {
            each.claim.errand.payment_id: each.answer
            for each in heard
            if isinstance(each.answer, Unknown)
            and each.claim.errand.payment_id not in decided
            and _is_last(each, locked.get(each.claim.errand.payment_id))
        }
        if unclear:
            _put_off({id_: (locked[id_], answer) for id_, answer in unclear.items()}, now, clock)
        if late:
            keep_contradictions(late, decided, now=now, clock=clock)
        if decided:
            payments = {each.id: each for each in told(decided)}
            end_payments([(payments[id_], decided[id_]) for id_ in sorted(decided)], clock=clock)


def _is_last(heard: Heard, errand: _Locked | None) -> bool:
    return errand is not None and errand.state != "referred" and errand.attempt == heard.claim.errand.attempt


def _keep_attempts(heard: Sequence[Heard]) -> None:
    told_of = [(each, _said(each)) for each in heard]
    run(
        STATEMENTS["add_attempts"],
        {
            "ids": [each.claim.errand.payment_id for each in heard],
            "numbers": [each.claim.errand.attempt for each in heard],
            "asked": [each.asked.value for each in heard],
            "began": [each.began_at for each in heard],
            "took": [each.took_ms for each in heard],
            "answers": [word for _, (word, _, _) in told_of],
            "codes": [code for _, (_, code, _) in told_of],
            "references": [reference for _, (_, _, reference) in told_of],
        },
    )


def _said(heard: Heard) -> tuple[str, str, str]:
    match heard.answer:
        case Yes(reference=reference):
            return "yes", "", reference
        case No(code=code):
            return "no", code, ""
        case Unknown(code=code):
            return "unknown", code, ""
    raise AssertionError("what was not seen was asked after all")


def _put_off(unclear: dict[UUID, tuple[_Locked, Unknown]], now: datetime, clock: Clock) -> None:
    """Ask again after a pause, or put before a person what was not known for as long as it may be."""
    codes = sorted({errand.lane for errand, _ in unclear.values()})
    terms = {code: LaneTerms(*row) for code, *row in run(STATEMENTS["lane_terms"], {"codes": codes})}
    moves: list[Move] = []
    referred: list[Move] = []
    later: dict[str, list[object]] = defaultdict(list)
    for id_, (errand, answer) in unclear.items():
        assert errand.first_sent_at is not None, "what was asked had been sent"
        pause = terms[errand.lane].pause(errand.unknowns + 1, sent_for=now - errand.first_sent_at)
        reason = Refusal(answer.code)
        if errand.state == "sent":
            moves.append((id_, PaymentState.UNKNOWN, reason))
        if pause is None:
            referred.append((id_, PaymentState.REFERRED, reason))
        later["ids"].append(id_)
        later["states"].append("referred" if pause is None else "unknown")
        later["due"].append(None if pause is None else now + pause)
        later["codes"].append(answer.code)
    move(moves, at=now)
    move(referred, at=now)
    run(STATEMENTS["put_off_errands"], later)
    if referred:
        tell_referred([id_ for id_, _, _ in referred], clock=clock)
