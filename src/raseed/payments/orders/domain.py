"""A payment order that came as a file, its blocks, what is wrong with it and how far it is, as plain values."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from raseed.banking.api import Cursor
from raseed.kernel.errors import RaseedError, mark
from raseed.kernel.ids import laid_out
from raseed.kernel.money import Money

from ..domain import Refusal

PAYMENTS_MAX: Final = 100_000
"""The most payments that one file may carry."""
BLOCKS_MAX: Final = 1_000
"""The most PmtInf blocks in one file."""
FILE_BYTES_MAX: Final = 256 << 20
PROBLEMS_MAX: Final = 100
"""Reading stops at so many problems: by then the file needs another look at what made it."""
OPEN_ORDERS_MAX: Final = 20
"""How many files of one sender may be read or wait for confirmation at once."""
ORDERS_PER_PAGE: Final = 20
FILE_NAME_LENGTH_MAX: Final = 120
DAYS_AHEAD_MAX: Final = 365
"""How far in the future an execution date may be."""
CONFIRM_WITHIN: Final = timedelta(days=14)
"""An order that its sender does not confirm lapses."""
FILE_KEPT: Final = timedelta(days=400)
"""How long the raw file is kept after its order has ended: thirteen months, within which a payment may be disputed
(Directive (EU) 2015/2366, article 71), and a few days."""

SIMILAR_WITHIN: Final = timedelta(days=7)
"""Within so many days the very same payments again are pointed out to the sender; salaries of another month are not."""
POSITION_MAX: Final = (1 << 20) - 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class OrderState(StrEnum):
    """Where an order is. Nothing moves before ``EXECUTING``."""

    RECEIVED = "received"
    VALIDATING = "validating"
    REFUSED = "refused"
    ACCEPTED = "accepted"
    EXECUTING = "executing"
    DONE = "done"
    WITHDRAWN = "withdrawn"


LEGAL_ORDER_STEPS: Final[Mapping[OrderState, frozenset[OrderState]]] = {
    OrderState.RECEIVED: frozenset({OrderState.VALIDATING}),
    OrderState.VALIDATING: frozenset({OrderState.REFUSED, OrderState.ACCEPTED}),
    OrderState.REFUSED: frozenset(),
    OrderState.ACCEPTED: frozenset({OrderState.EXECUTING, OrderState.WITHDRAWN}),
    OrderState.EXECUTING: frozenset({OrderState.DONE, OrderState.WITHDRAWN}),
    OrderState.DONE: frozenset(),
    OrderState.WITHDRAWN: frozenset(),
}
"""Which state may follow which; the database holds the same rule in a trigger."""

ENDED: Final = frozenset({OrderState.REFUSED, OrderState.DONE, OrderState.WITHDRAWN})

STATE_WORDS: Final = {
    OrderState.RECEIVED: mark("We have your file and will read it."),
    OrderState.VALIDATING: mark("We are reading your file."),
    OrderState.REFUSED: mark("Refused. Nothing has moved."),
    OrderState.ACCEPTED: mark("The file is in order. It waits for your confirmation; nothing has moved."),
    OrderState.EXECUTING: mark("The payments are being carried out."),
    OrderState.DONE: mark("Done. Each payment has its result."),
    OrderState.WITHDRAWN: mark("Withdrawn. What had not been carried out by then will not be."),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a file: the line, the place in the document's own words, and the typed error.

    ``line`` is ``None`` for what concerns the file as a whole.
    """

    line: int | None
    place: str
    refused: Refusal

    @property
    def error(self) -> RaseedError:
        """The refusal as the typed error that it is."""
        return self.refused.error()


@dataclass(frozen=True, slots=True)
class Block:
    """A PmtInf block: payments from one account on one date, and how far they are.

    Attributes:
        number: its place in the file, from 1.
        payment_information_id: the sender's name for it.
        from_account_id: the account that pays.
        execution_on: the date that the sender asks for; it is carried out on that business date of the account's
            institution, or at once where that has come.
        count, total: its payments and their sum.
        settled, settled_total, refused: what has become of them so far.
        fees: what was paid on top.
    """

    number: int
    payment_information_id: str
    from_account_id: UUID
    execution_on: date
    count: int
    total: Money
    settled: int
    settled_total: Money
    refused: int
    fees: Money

    @property
    def done(self) -> int:
        """How many of its payments have ended."""
        return self.settled + self.refused


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the work at hand is.

    Attributes:
        done, total: payments while they are carried out; bytes while the file is read.
        ends_at: when it will be over if it goes on as it has gone so far; ``None`` where nothing can be said yet.
        waits_until: the execution date that the next payments wait for, if they do.
    """

    done: int
    total: int
    ends_at: datetime | None = None
    waits_until: date | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A payment order from a file, as its sender sees it.

    Attributes:
        id: made by the client, who keeps it before sending.
        state: where it is.
        actor_customer_id: who sent it.
        institution_id: where the paying accounts are; known once it has been read.
        file_name, file_bytes: of the file, as it came.
        message_id: the sender's own (GrpHdr/MsgId), once read.
        count: its payments, once read.
        blocks: by account and date, once it is accepted.
        problem_count: what is wrong with it (at most ``PROBLEMS_MAX``; see ``order_errors``).
        similar_to: an earlier order of the sender's with the very same payments under another message id, if there is
            one: shown before confirming, never a refusal.
        received_at, confirmed_at, ended_at: instants, UTC.
        progress: how far it is.
    """

    id: UUID
    state: OrderState
    actor_customer_id: UUID
    institution_id: UUID | None
    file_name: str
    file_bytes: int
    message_id: str | None
    count: int
    blocks: tuple[Block, ...]
    problem_count: int
    similar_to: UUID | None
    received_at: datetime
    confirmed_at: datetime | None
    ended_at: datetime | None
    progress: Progress

    @property
    def settled(self) -> int:
        """How many payments have arrived."""
        return sum(block.settled for block in self.blocks)

    @property
    def refused(self) -> int:
        """How many payments were refused, each with its reason."""
        return sum(block.refused for block in self.blocks)

    @property
    def totals(self) -> tuple[Money, ...]:
        """What the order adds up to, one sum for each currency."""
        return _sums(block.total for block in self.blocks)

    @property
    def settled_totals(self) -> tuple[Money, ...]:
        """What of it has arrived."""
        return _sums(block.settled_total for block in self.blocks)


@dataclass(frozen=True, slots=True)
class OrderPage:
    """A sender's orders, newest first. ``next`` is ``None`` on the last page."""

    orders: tuple[Order, ...] = field(default=())
    next: Cursor | None = None


def payment_id(order_id: UUID, received_at: datetime, position: int) -> UUID:
    """Return the id of an order's payment: the same however often it is asked for, so that nothing is done twice.

    A version-7 id whose time is the order's, followed by fifty-four bits of a digest of the order's id and twenty of the
    position: a file's ids follow each other in the books' indexes, and end differently, as references have to.
    """
    assert 0 < position <= POSITION_MAX, "a position fits twenty bits"
    return UUID(int=first_payment_id(order_id, received_at).int | position)


def first_payment_id(order_id: UUID, received_at: datetime) -> UUID:
    """Return what the ids of an order's payments have in common, for a position of zero, which no payment has."""
    milliseconds = (received_at - _EPOCH) // timedelta(milliseconds=1)
    digest = int.from_bytes(hashlib.sha256(b"raseed order\x00" + order_id.bytes).digest()[:8]) >> 10
    return laid_out(milliseconds, digest << 20)


def _sums(amounts: Iterable[Money]) -> tuple[Money, ...]:
    sums: dict[str, Money] = {}
    for amount in amounts:
        known = sums.get(amount.currency.code)
        sums[amount.currency.code] = amount if known is None else known + amount
    return tuple(sums.values())
