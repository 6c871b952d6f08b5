"""Reading a file whole before the first payment moves: its entries are written as it is read, its state at the end.

Entries go in by short transactions, so that a large file delays nobody who reads below the oldest one. An interrupted
reading leaves entries behind; the next one removes them and begins again.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, time
from itertools import count
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction

from raseed.banking.api import AliasKind
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import RaseedError
from raseed.platform import api as platform
from raseed.platform.api import rows

from ..collector import collector_paused
from ..domain import Refusal
from ..events import ORDER_READ
from ..reasons import kept
from ..sql import STATEMENTS, run
from .domain import PROBLEMS_MAX, SIMILAR_WITHIN, OrderState, Problem, first_payment_id
from .errors import MessageIdTaken
from .holding import held
from .models import OrderBlockRow, OrderEntryRow, OrderProblemRow, OrderRow
from .reading import BlockEnd, BlockHead, Header, Reader, Stop
from .rules import Entry, ReadBlock, Rules

FEED_BYTES: Final = 64 << 10
ENTRIES_AT_ONCE: Final = 8_000
_ENTRY: Final = rows.width(12)


@dataclass(slots=True)
class _Found:
    """What is wrong, as it is found; the same thing is told once."""

    problems: list[Problem] = field(default_factory=list)

    def complain(self, line: int | None, place: str, error: RaseedError) -> None:
        """Take note; reading stops where too much is wrong."""
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(Problem(line, place, Refusal.of(error)))
        if len(self.problems) >= PROBLEMS_MAX:
            raise Stop


def validate(order_id: UUID, *, clock: Clock = SYSTEM_CLOCK) -> None:
    """Read an order's file whole, and accept or refuse it; does nothing where that was done or somebody is at it."""
    with held(order_id) as had:
        if not had:
            return
        row = _begin(order_id, clock)
        if row is None:
            return
        found = _Found()
        rules = Rules(row.actor_customer_id, clock.now(), found.complain)
        with collector_paused(), suppress(Stop):
            _read(row, rules, found, clock)
        _end(row, rules, found.problems, clock)


def _begin(order_id: UUID, clock: Clock) -> OrderRow | None:
    """Mark an order as being read, and remove what an interrupted reading has left."""
    with transaction.atomic():
        row = OrderRow.objects.select_for_update().filter(id=order_id).first()
        if row is None or row.state not in (OrderState.RECEIVED, OrderState.VALIDATING):
            return None
        if row.state == OrderState.VALIDATING and row.read_bytes:
            OrderEntryRow.objects.filter(order_id=order_id).delete()
        now = clock.now()
        row.state, row.read_bytes, row.touched_at = OrderState.VALIDATING.value, 0, now
        row.run_began_at, row.run_began_done = now, 0
        row.save(update_fields=["state", "read_bytes", "touched_at", "run_began_at", "run_began_done"])
    return row


def _read(row: OrderRow, rules: Rules, found: _Found, clock: Clock) -> None:
    """Hold every part of the file to the rules; entries are written as long as nothing is wrong."""
    reader = Reader(found.complain)
    block: ReadBlock | None = None
    entries: list[Entry] = []
    block_began_after = 0
    for part in reader.parts(_pieces(row.id)):
        if isinstance(part, Header):
            rules.take_header(part)
        elif isinstance(part, BlockHead):
            block = rules.take_block(part, block_began_after + 1)
        elif isinstance(part, BlockEnd):
            rules.end_block(part, reader.payments - block_began_after)
            block, block_began_after = None, reader.payments
        else:
            entry = rules.take_payment(part, block)
            if entry is not None and not found.problems:
                entries.append(entry)
        if len(entries) >= ENTRIES_AT_ONCE:
            _write(row, entries, reader.bytes_read, clock)
            entries = []
    rules.end(reader.payments)
    if not found.problems:
        _write(row, entries, reader.bytes_read, clock)


def _pieces(order_id: UUID) -> Iterator[bytes]:
    """Yield the raw file in small pieces."""
    for number in count(1):
        stored = run(STATEMENTS["order_file_piece"], {"id": order_id, "number": number})
        if not stored:
            return
        piece = memoryview(zlib.decompress(stored[0][0]))
        for at in range(0, len(piece), FEED_BYTES):
            yield bytes(piece[at : at + FEED_BYTES])


def _write(row: OrderRow, entries: list[Entry], read_bytes: int, clock: Clock) -> None:
    with transaction.atomic():
        OrderRow.objects.filter(id=row.id).update(read_bytes=read_bytes, touched_at=clock.now())
        rows.copy(STATEMENTS["copy_order_entries"], _entry_rows(row, entries))


def _entry_rows(row: OrderRow, entries: list[Entry]) -> Iterator[bytes]:
    head, first_id = _ENTRY + rows.uuid(row.id), first_payment_id(row.id, row.received_at).int
    kinds = {kind: rows.text(kind.value) for kind in AliasKind}
    for entry in entries:
        yield b"".join((
            head,
            rows.int4(entry.position),
            rows.int4(entry.block),
            rows.int4(entry.line),
            rows.id_number(first_id | entry.position),
            rows.text(entry.instruction_id),
            rows.text(entry.end_to_end_id),
            rows.text(entry.uetr),
            kinds[entry.kind],
            rows.text(entry.value),
            rows.int8(entry.amount_minor),
            rows.text(entry.note),
        ))  # fmt: skip


def _end(row: OrderRow, rules: Rules, problems: list[Problem], clock: Clock) -> None:
    """Accept or refuse the order; a message id that another order of the sender's has is one more reason to refuse."""
    if not problems:
        try:
            with transaction.atomic():
                _accept(row, rules, clock)
        except IntegrityError as error:
            if "payments_order_message_once" not in str(error):
                raise
            assert rules.header is not None, "an order without problems has a header"
            refusal = MessageIdTaken(field="message_id", message_id=rules.header.message_id)
            problems = [Problem(None, "GrpHdr/MsgId", Refusal.of(refusal))]
        else:
            return
    with transaction.atomic():
        _refuse(row, rules, problems, clock)


def _accept(row: OrderRow, rules: Rules, clock: Clock) -> None:
    header, now = rules.header, clock.now()
    assert header is not None, "an order without problems has a header"
    blocks = [_block_row(row, block) for block in rules.blocks]
    OrderBlockRow.objects.bulk_create(blocks)
    digest = rules.digest.digest()
    like = OrderRow.objects.filter(
        actor_customer_id=row.actor_customer_id,
        payments_digest=digest,
        claims=True,
        received_at__gt=now - SIMILAR_WITHIN,
    )
    similar_to = like.exclude(id=row.id).order_by("-position").values_list("id", flat=True).first()
    first = rules.blocks[0].account
    assert first is not None, "a block without problems has an account"
    OrderRow.objects.filter(id=row.id, state=OrderState.VALIDATING).update(
        state=OrderState.ACCEPTED.value, institution_id=first.institution_id, message_id=header.message_id,
        message_created_at=header.created_at[:40], payment_count=sum(block.payment_count for block in blocks),
        payments_digest=digest, similar_to=similar_to, validated_at=now, touched_at=now,
    )  # fmt: skip
    _tell(row, OrderState.ACCEPTED, first.institution_id, clock)


def _refuse(row: OrderRow, rules: Rules, problems: list[Problem], clock: Clock) -> None:
    now = clock.now()
    OrderEntryRow.objects.filter(order_id=row.id).delete()
    OrderProblemRow.objects.bulk_create(
        OrderProblemRow(
            order_id=row.id, number=number, line=problem.line, place=problem.place, code=problem.refused.code,
            params=kept(problem.refused),
        )
        for number, problem in enumerate(problems, start=1)
    )  # fmt: skip
    header = rules.header
    OrderRow.objects.filter(id=row.id, state=OrderState.VALIDATING).update(
        state=OrderState.REFUSED.value, claims=False, message_id=header.message_id[:35] if header else None,
        message_created_at=header.created_at[:40] if header else None, problem_count=len(problems), validated_at=now,
        ended_at=now, touched_at=now,
    )  # fmt: skip
    _tell(row, OrderState.REFUSED, None, clock)


def _block_row(row: OrderRow, block: ReadBlock) -> OrderBlockRow:
    account = block.account
    assert account is not None, "a block without problems has an account"
    assert block.execution_on is not None, "and a date"
    return OrderBlockRow(
        order_id=row.id, number=block.number, payment_information_id=block.payment_information_id,
        from_account_id=account.id, currency=account.currency.code, execution_on=block.execution_on,
        due_at=datetime.combine(block.execution_on, time(), ZoneInfo(account.zone)), batch_booking=block.batch_booking,
        first_position=block.first_position, payment_count=block.count, sum_minor=block.sum_minor,
        next_position=block.first_position, settled_count=0, settled_minor=0, refused_count=0, fees_minor=0,
    )  # fmt: skip


def _tell(row: OrderRow, state: OrderState, institution_id: UUID | None, clock: Clock) -> None:
    platform.emit(
        ORDER_READ,
        institution_id=institution_id,
        payload={"order_id": str(row.id), "customer_id": str(row.actor_customer_id), "state": state.value},
        clock=clock,
    )
