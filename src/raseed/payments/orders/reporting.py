"""The status report of an order, pain.002.001.12: what became of each payment, in ISO's codes and in our words.

Written as it is read from the database, a few thousand payments at a time, so that a report of a hundred thousand is never
whole in memory. For a refused file it is a rejection of the group with every problem, its line and its place.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID
from xml.sax.saxutils import escape

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.platform import api as platform

from ..domain import Refusal, reference_of
from ..reasons import remembered
from ..sql import STATEMENTS, run
from .codes import reason_code
from .domain import OrderState, Problem
from .errors import OrderLapsed, OrderWithdrawn
from .models import OrderBlockRow, OrderRow
from .queries import order_errors, order_row, place_words
from .schemas import INITIATION, STATUS_REPORT, namespace

RESULTS_AT_ONCE: Final = 5_000
INFORMATION_LENGTH_MAX: Final = 105
INFORMATION_LINES_MAX: Final = 10
NOT_PROVIDED: Final = "NOTPROVIDED"
SETTLED: Final = "ACSC"
REJECTED: Final = "RJCT"
PENDING: Final = "PDNG"
PARTLY: Final = "PART"
_HIDDEN: Final = dict.fromkeys((0x200E, 0x200F, 0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))
"""Marks of direction that our sentences carry for screens; wires have none."""
_GROUP_STATES: Final = {
    OrderState.RECEIVED: "RCVD",
    OrderState.VALIDATING: "RCVD",
    OrderState.REFUSED: REJECTED,
    OrderState.ACCEPTED: "ACTC",
    OrderState.EXECUTING: "ACSP",
}


@dataclass(frozen=True, slots=True)
class _Count:
    """How many payments are at which state."""

    settled: int
    refused: int
    open: int

    def state(self, otherwise: str) -> str:
        """Return the state of them together; ``otherwise`` where some have not ended."""
        if self.open:
            return otherwise
        if not self.refused:
            return SETTLED
        return PARTLY if self.settled else REJECTED


def order_results_pain002(
    order_id: UUID,
    *,
    customer_id: UUID | None = None,
    language: str = "en",
    clock: Clock = SYSTEM_CLOCK,
) -> Iterator[bytes]:
    """Return the status report of an order as it is now, in pieces; with ``customer_id``, only to its sender.

    Args:
        order_id: the order; at any state.
        customer_id: who asks.
        language: of our words beside the codes.
        clock: tells when the report is made.

    Raises:
        OrderUnknown: there is no such order, or it is someone else's.
    """
    row = order_row(order_id, customer_id=customer_id)
    return _report(row, language, clock.now())


def _report(row: OrderRow, language: str, now: datetime) -> Iterator[bytes]:
    yield _opening(row, language, now).encode()
    blocks = list(OrderBlockRow.objects.filter(order_id=row.id).order_by("number"))
    with_results = row.confirmed_at is not None or row.state == OrderState.WITHDRAWN
    unended = _unended(row)
    results = _results(row.id) if with_results else iter(())
    result = next(results, None)
    for block in blocks:
        yield _block_opening(row, block).encode()
        lines: list[str] = []
        while result is not None and result.block == block.number:
            lines.append(_transaction(result, language, unended))
            result = next(results, None)
            if len(lines) >= RESULTS_AT_ONCE:
                yield "".join(lines).encode()
                lines = []
        yield ("".join(lines) + "</OrgnlPmtInfAndSts>\n").encode()
    yield b"</CstmrPmtStsRpt></Document>\n"


def _opening(row: OrderRow, language: str, now: datetime) -> str:
    """Return the report's head and what it says of the whole file."""
    parts = [
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{namespace(STATUS_REPORT)}"><CstmrPmtStsRpt>\n',
        f"<GrpHdr><MsgId>{new_id().hex}</MsgId><CreDtTm>{_instant(now)}</CreDtTm>{_initiator(row)}</GrpHdr>\n",
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{_text(row.message_id or NOT_PROVIDED)}</OrgnlMsgId>",
        f"<OrgnlMsgNmId>{INITIATION}</OrgnlMsgNmId>",
    ]
    if row.message_created_at:
        parts.append(f"<OrgnlCreDtTm>{_text(row.message_created_at)}</OrgnlCreDtTm>")
    if row.payment_count:
        parts.append(f"<OrgnlNbOfTxs>{row.payment_count}</OrgnlNbOfTxs>")
    blocks = list(OrderBlockRow.objects.filter(order_id=row.id))
    count = _count_of(row, blocks)
    state = _GROUP_STATES.get(OrderState(row.state))
    parts.append(f"<GrpSts>{state if state is not None else count.state(PARTLY)}</GrpSts>")
    problems = order_errors(row.id) if row.state == OrderState.REFUSED else ()
    parts += [_reason(problem.refused.code, _problem_text(problem, language)) for problem in problems]
    parts += [_per_state(count), "</OrgnlGrpInfAndSts>\n"]
    return "".join(parts)


def _initiator(row: OrderRow) -> str:
    """Say which institution reports, once it is known."""
    if row.institution_id is None:
        return ""
    name = people.display_name(people.institution(row.institution_id), "en")
    return f"<InitgPty><Nm>{_text(name[:140])}</Nm></InitgPty>"


def _block_opening(row: OrderRow, block: OrderBlockRow) -> str:
    count = _count_of(row, [block])
    otherwise = _GROUP_STATES.get(OrderState(row.state), PARTLY)
    return (
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{_text(block.payment_information_id)}</OrgnlPmtInfId>"
        f"<OrgnlNbOfTxs>{block.payment_count}</OrgnlNbOfTxs><PmtInfSts>{count.state(otherwise)}</PmtInfSts>"
        f"{_per_state(count)}\n"
    )


def _count_of(row: OrderRow, blocks: Sequence[OrderBlockRow]) -> _Count:
    settled, refused = sum(block.settled_count for block in blocks), sum(block.refused_count for block in blocks)
    left = sum(block.payment_count for block in blocks) - settled - refused
    return _Count(settled, refused + left, 0) if row.state == OrderState.WITHDRAWN else _Count(settled, refused, left)


def _per_state(count: _Count) -> str:
    return "".join(
        f"<NbOfTxsPerSts><DtldNbOfTxs>{number}</DtldNbOfTxs><DtldSts>{state}</DtldSts></NbOfTxsPerSts>"
        for number, state in ((count.settled, SETTLED), (count.refused, REJECTED), (count.open, PENDING))
        if number
    )


@dataclass(frozen=True, slots=True)
class _Result:
    """What became of one payment; ``state`` is ``None`` where it has not ended."""

    block: int
    instruction_id: str | None
    end_to_end_id: str
    uetr: str | None
    payment_id: UUID
    state: str | None
    at: datetime | None
    refused: Refusal | None


def _results(order_id: UUID) -> Iterator[_Result]:
    first = 1
    while True:
        found = run(STATEMENTS["order_results"], {"id": order_id, "first": first, "limit": RESULTS_AT_ONCE})
        for _, block, instruction_id, end_to_end_id, uetr, payment_id, state, at, code, params in found:
            refused = remembered(code, json.loads(params)) if code else None
            yield _Result(block, instruction_id, end_to_end_id, uetr, payment_id, state, at, refused)
        if len(found) < RESULTS_AT_ONCE:
            return
        first = found[-1][0] + 1


def _transaction(result: _Result, language: str, unended: RaseedError | None) -> str:
    refused = result.refused
    if result.state is None and unended is not None:
        refused = Refusal.of(unended)
    state = REJECTED if refused is not None else SETTLED if result.state is not None else PENDING
    parts = ["<TxInfAndSts>"]
    if result.instruction_id is not None:
        parts.append(f"<OrgnlInstrId>{_text(result.instruction_id)}</OrgnlInstrId>")
    parts.append(f"<OrgnlEndToEndId>{_text(result.end_to_end_id)}</OrgnlEndToEndId>")
    if result.uetr is not None:
        parts.append(f"<OrgnlUETR>{result.uetr}</OrgnlUETR>")
    parts.append(f"<TxSts>{state}</TxSts>")
    if refused is not None:
        parts.append(_reason(refused.code, platform.translate_error(refused.error(), language, digits="latn").message))
    if result.at is not None:
        parts.append(f"<AccptncDtTm>{_instant(result.at)}</AccptncDtTm>")
        parts.append(f"<AcctSvcrRef>{reference_of(result.payment_id)}</AcctSvcrRef>")
    parts.append("</TxInfAndSts>\n")
    return "".join(parts)


def _unended(row: OrderRow) -> RaseedError | None:
    """Return why the payments that have not ended never will, if so it is."""
    if row.state != OrderState.WITHDRAWN:
        return None
    return OrderLapsed() if row.ended_by == "system" else OrderWithdrawn()


def _problem_text(problem: Problem, language: str) -> str:
    told = platform.translate_error(problem.error, language, digits="latn").message
    where = place_words(problem, language, digits="latn")
    return f"{where}: {told}" if where else told


def _reason(code: str, words: str) -> str:
    plain = words.translate(_HIDDEN)
    lines = textwrap.wrap(plain, INFORMATION_LENGTH_MAX)[:INFORMATION_LINES_MAX]
    information = "".join(f"<AddtlInf>{_text(line)}</AddtlInf>" for line in lines)
    return f"<StsRsnInf><Rsn><Cd>{reason_code(code)}</Cd></Rsn>{information}</StsRsnInf>"


def _text(value: str) -> str:
    return escape(value)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
