"""Taking a file in, and what its sender decides about it: each verb owns its transaction, audit record and event."""

from __future__ import annotations

import hashlib
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Final, Protocol
from uuid import UUID

from django.db import IntegrityError, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.text import clean_text
from raseed.platform import api as platform
from raseed.platform.api import rows

from ..events import ORDER_ENDED
from ..sql import STATEMENTS
from .domain import (
    FILE_BYTES_MAX,
    FILE_NAME_LENGTH_MAX,
    OPEN_ORDERS_MAX,
    Order,
    OrderState,
)
from .errors import FileEmpty, FileTooLarge, OrderIdTaken, OrderNotWaiting, OrderUnknown, TooManyOpenOrders
from .jobs import have_executed, have_validated
from .models import OrderRow
from .queries import order
from .validating import validate

PIECE_BYTES: Final = 1 << 20
COMPRESSION: Final = 3
READ_AT_ONCE_BYTES_MAX: Final = 1 << 20
"""A file up to this size is read before ``receive_order_file`` returns; larger ones are read by a worker."""
_FILE_ROW: Final = rows.width(3)


class ByteStream(Protocol):
    """What a file is read from."""

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes; none at the end."""


@dataclass(frozen=True, slots=True)
class _Spooled:
    """A file on its way in: compressed pieces one after the other in a nameless temporary file."""

    store: IO[bytes]
    lengths: list[int]
    size: int
    digest: bytes

    def pieces(self) -> Iterator[bytes]:
        self.store.seek(0)
        for length in self.lengths:
            yield self.store.read(length)


def receive_order_file(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    stream: ByteStream,
    actor_customer_id: UUID,
    file_name: str = "",
    clock: Clock = SYSTEM_CLOCK,
) -> Order:
    """Keep a payment file and have it read; nothing moves before ``confirm_order``. Look at the order's ``state``.

    A file of up to ``READ_AT_ONCE_BYTES_MAX`` has been read on return (accepted or refused); a larger one is read by a
    worker, and ``order`` says how far it is. The same content again, under whatever id, is the same order, unless that
    one was refused, or withdrawn before anything moved.

    Raises (nothing is kept):
        FileEmpty, FileTooLarge: nothing came, or more than ``FILE_BYTES_MAX``.
        TooManyOpenOrders: so many files of the sender's wait already.
        OrderIdTaken: the id is another file's.
        UnacceptableText: the file's name hides something or is too long.
    """
    name = clean_text(file_name, field="file_name", length_max=FILE_NAME_LENGTH_MAX) if file_name.strip() else ""
    with tempfile.TemporaryFile() as store:
        file = _spool(stream, store)
        known = _known(id, actor_customer_id, file) or _keep(id, actor_customer_id, name, file, clock)
    if known.state in (OrderState.RECEIVED, OrderState.VALIDATING) and file.size <= READ_AT_ONCE_BYTES_MAX:
        validate(known.id, clock=clock)
    return order(known.id)


def confirm_order(*, order_id: UUID, actor_customer_id: UUID, clock: Clock = SYSTEM_CLOCK) -> Order:
    """Have an accepted order carried out: what is due at once, the rest on its dates. Confirming again changes nothing.

    Raises:
        OrderUnknown: no such order, or not the sender's.
        OrderNotWaiting: it is still being read, was refused, or was withdrawn.
    """
    with transaction.atomic():
        row = _locked(order_id, actor_customer_id)
        if row.state not in (OrderState.EXECUTING, OrderState.DONE):
            if row.state != OrderState.ACCEPTED:
                raise OrderNotWaiting(field="order_id")
            now = clock.now()
            row.state, row.confirmed_at, row.touched_at = OrderState.EXECUTING.value, now, now
            row.run_began_at = None
            row.save(update_fields=["state", "confirmed_at", "touched_at", "run_began_at"])
            _record(row, "confirmed", f"customer:{actor_customer_id}", OrderState.ACCEPTED, clock)
            have_executed(order_id)
    return order(order_id)


def withdraw_order(*, order_id: UUID, actor_customer_id: UUID, clock: Clock = SYSTEM_CLOCK) -> Order:
    """Withdraw an order that is not carried out yet, or what of it waits still. Withdrawing again changes nothing.

    Raises:
        OrderUnknown: no such order, or not the sender's.
        OrderNotWaiting: it is being read, was refused, or has ended.
    """
    with transaction.atomic():
        row = _locked(order_id, actor_customer_id)
        if row.state != OrderState.WITHDRAWN:
            if row.state not in (OrderState.ACCEPTED, OrderState.EXECUTING):
                raise OrderNotWaiting(field="order_id")
            _withdraw(row, f"customer:{actor_customer_id}", clock)
    return order(order_id)


def let_lapse(order_id: UUID, accepted_before: datetime, *, clock: Clock = SYSTEM_CLOCK) -> None:
    """Withdraw an order that was accepted long ago and never confirmed."""
    with transaction.atomic():
        row = OrderRow.objects.select_for_update().filter(id=order_id, state=OrderState.ACCEPTED).first()
        if row is not None and row.validated_at is not None and row.validated_at < accepted_before:
            _withdraw(row, "system", clock)


def _spool(stream: ByteStream, store: IO[bytes]) -> _Spooled:
    digest, size = hashlib.sha256(), 0
    lengths: list[int] = []
    while piece := stream.read(PIECE_BYTES):
        size += len(piece)
        if size > FILE_BYTES_MAX:
            raise FileTooLarge(field="file", limit=FILE_BYTES_MAX >> 20)
        digest.update(piece)
        lengths.append(store.write(zlib.compress(piece, COMPRESSION)))
    if not size:
        raise FileEmpty(field="file")
    return _Spooled(store, lengths, size, digest.digest())


def _known(id_: UUID, actor: UUID, file: _Spooled) -> OrderRow | None:
    """Return the order that came under this id before."""
    row = OrderRow.objects.filter(id=id_).first()
    if row is not None and (row.actor_customer_id != actor or bytes(row.content_hash) != file.digest):
        raise OrderIdTaken(field="id")
    return row


def _keep(id_: UUID, actor: UUID, name: str, file: _Spooled, clock: Clock) -> OrderRow:
    """Keep a file and defer its reading, or return the order that has its content already."""
    try:
        with transaction.atomic():
            return _insert(id_, actor, name, file, clock)
    except IntegrityError:
        known = _known(id_, actor, file)
        if known is None:
            known = OrderRow.objects.filter(actor_customer_id=actor, content_hash=file.digest, claims=True).first()
        if known is None:
            raise
        return known


def _insert(id_: UUID, actor: UUID, name: str, file: _Spooled, clock: Clock) -> OrderRow:
    now = clock.now()
    row = OrderRow(
        id=id_, state=OrderState.RECEIVED.value, claims=True, actor_customer_id=actor, file_name=name, file_bytes=file.size,
        content_hash=file.digest, payment_count=0, problem_count=0, read_bytes=0, received_at=now, touched_at=now,
        run_began_done=0,
    )  # fmt: skip
    row.save(force_insert=True)
    waiting = (OrderState.RECEIVED, OrderState.VALIDATING, OrderState.ACCEPTED)
    if OrderRow.objects.filter(actor_customer_id=actor, state__in=waiting).count() > OPEN_ORDERS_MAX:
        raise TooManyOpenOrders(limit=OPEN_ORDERS_MAX)
    rows.copy(
        STATEMENTS["copy_order_file"],
        (
            _FILE_ROW + rows.uuid(id_) + rows.int4(number) + rows.raw(piece)
            for number, piece in enumerate(file.pieces(), start=1)
        ),
    )
    platform.record(
        actor=f"customer:{actor}", action="payments.order_received", subject=f"payment_order:{id_}",
        after={"bytes": file.size}, clock=clock,
    )  # fmt: skip
    have_validated(id_)
    return row


def _locked(order_id: UUID, actor: UUID) -> OrderRow:
    row = OrderRow.objects.select_for_update().filter(id=order_id, actor_customer_id=actor).first()
    if row is None:
        raise OrderUnknown(field="order_id")
    return row


def _withdraw(row: OrderRow, actor: str, clock: Clock) -> None:
    before = OrderState(row.state)
    row.claims = row.confirmed_at is not None  # what was carried out in part must not come again as a whole
    row.state, row.ended_at, row.ended_by = OrderState.WITHDRAWN.value, clock.now(), actor
    row.save(update_fields=["claims", "state", "ended_at", "ended_by"])
    _record(row, "withdrawn", actor, before, clock)
    platform.emit(
        ORDER_ENDED,
        institution_id=row.institution_id,
        payload={"order_id": str(row.id), "customer_id": str(row.actor_customer_id), "state": row.state},
        clock=clock,
    )


def _record(row: OrderRow, deed: str, actor: str, before: OrderState, clock: Clock) -> None:
    platform.record(
        actor=actor, action=f"payments.order_{deed}", subject=f"payment_order:{row.id}", before={"state": before.value},
        after={"state": row.state}, institution_id=row.institution_id, clock=clock,
    )  # fmt: skip
