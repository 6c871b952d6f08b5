"""The payment instruction, its timeline and its routes as plain values, and the rules over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from raseed.banking.api import Alias, BankAccount, Cursor, FeeEvent
from raseed.kernel.errors import RaseedError, mark
from raseed.kernel.money import Money

NOTE_LENGTH_MAX: Final = 140
"""The longest note that goes with a payment: one unstructured remittance line of ISO 20022."""

BATCH_MAX: Final = 8190
"""The most transfers that one batch may need: what the ledger takes in one call."""

PAYMENTS_PER_PAGE: Final = 50


class PaymentState(StrEnum):
    """Where a payment is.

    On us it is settled or refused in the moment in which it is accepted. What goes outside is held first, sent, and then
    settled or returned, by a definite answer. Unknown is neither: it is asked about again, and in the end referred to a person.
    """

    ACCEPTED = "accepted"
    HELD = "held"
    SENT = "sent"
    UNKNOWN = "unknown"
    REFERRED = "referred"
    SETTLED = "settled"
    RETURNED = "returned"
    REFUSED = "refused"


_S: Final = PaymentState
LEGAL_STEPS: Final[Mapping[PaymentState | None, frozenset[PaymentState]]] = {
    None: frozenset({_S.ACCEPTED}),
    _S.ACCEPTED: frozenset({_S.SETTLED, _S.REFUSED, _S.HELD}),
    _S.HELD: frozenset({_S.SENT, _S.RETURNED}),
    _S.SENT: frozenset({_S.SETTLED, _S.RETURNED, _S.UNKNOWN}),
    _S.UNKNOWN: frozenset({_S.SETTLED, _S.RETURNED, _S.REFERRED}),
    _S.REFERRED: frozenset({_S.SETTLED, _S.RETURNED}),
    _S.SETTLED: frozenset(),
    _S.RETURNED: frozenset(),
    _S.REFUSED: frozenset(),
}
"""Which state may follow which; the database holds the same rule in a trigger."""

OPEN_STATES: Final = (_S.REFERRED, _S.UNKNOWN, _S.SENT, _S.HELD)
"""The states in which a payment's money is held, those first that need somebody most."""

REASONED: Final = frozenset({_S.REFUSED, _S.RETURNED, _S.UNKNOWN, _S.REFERRED})
"""The states whose step says why."""

STATE_SENTENCES: Final = {
    _S.ACCEPTED: mark("We have accepted your instruction."),
    _S.HELD: mark("The money is held in your account for this payment."),
    _S.SENT: mark("On its way: we have asked the recipient to take it."),
    _S.UNKNOWN: mark("We have no answer yet. The money stays held, and we keep asking what became of the payment."),
    _S.REFERRED: mark("Still no answer. A person is now finding out; the money stays held until we know."),
    _S.SETTLED: mark("Done. The money has arrived."),
    _S.RETURNED: mark("It was not taken. The money is yours again, nothing has left your account."),
    _S.REFUSED: mark("Refused. Nothing has left your account."),
}


STATE_WORDS: Final = {
    _S.ACCEPTED: mark("Accepted"),
    _S.HELD: mark("Held"),
    _S.SENT: mark("Sent"),
    _S.UNKNOWN: mark("Not known yet"),
    _S.REFERRED: mark("Before a person"),
    _S.SETTLED: mark("Arrived"),
    _S.RETURNED: mark("Given back"),
    _S.REFUSED: mark("Refused"),
}
"""Each state in a word or two, for lists."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a payment was refused, as its timeline keeps it: a typed error's code, field and data."""

    code: str
    field: str | None = None
    params: tuple[tuple[str, object], ...] = ()

    @classmethod
    def of(cls, error: RaseedError) -> Refusal:
        """Return what is kept of an error."""
        return cls(error.code, error.field, tuple(sorted(error.params.items())))

    def error(self) -> RaseedError:
        """Return the typed error again; one that no loaded package knows any more comes back as the root."""
        kind = next((kind for kind in _kinds(RaseedError) if kind.code == self.code), RaseedError)
        return kind(field=self.field, **dict(self.params))


@dataclass(frozen=True, slots=True)
class Step:
    """One row of a timeline. ``refused`` says why, where it was refused, returned, or is not known."""

    at: datetime
    state: PaymentState
    refused: Refusal | None = None

    @property
    def reason_code(self) -> str | None:
        """The stable code of the refusal, if it is one."""
        return self.refused.code if self.refused else None

    @property
    def reason(self) -> RaseedError | None:
        """The refusal as the typed error that it is, to be translated for its reader."""
        return self.refused.error() if self.refused else None


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment as its payer sees it.

    Attributes:
        id: made by the client, who keeps it before sending.
        state: its last step's.
        actor_customer_id: who gave the instruction.
        from_account_id, to_account_id: accounts; the second is ``None`` where the recipient was not found.
        recipient_id: the customer who holds the second, if a customer does.
        to: the recipient as the payer named it.
        amount, fee: what the recipient gets; what the payer pays on top.
        note: the payer's words, or empty.
        reference: short, to quote to the institution.
        route: the way that it went, empty where there was none.
        instructed_at: when the instruction was accepted (UTC).
        booked_on: the business date that it counts for.
        timeline: its steps, oldest first.
    """

    id: UUID
    state: PaymentState
    actor_customer_id: UUID
    from_account_id: UUID
    to_account_id: UUID | None
    recipient_id: UUID | None
    to: Alias
    amount: Money
    fee: Money
    note: str
    reference: str
    route: str
    instructed_at: datetime
    booked_on: date
    timeline: tuple[Step, ...] = ()

    @property
    def refusal(self) -> RaseedError | None:
        """Why it was refused or returned, if it was; what is merely unknown is no refusal."""
        if self.state not in (PaymentState.REFUSED, PaymentState.RETURNED):
            return None
        return self.timeline[-1].reason if self.timeline else None

    @property
    def is_open(self) -> bool:
        """Whether its money is held, and what becomes of it is not decided."""
        return self.state in OPEN_STATES


@dataclass(frozen=True, slots=True)
class PaymentPage:
    """A customer's payments, newest first. ``next`` is ``None`` on the last page."""

    payments: tuple[Payment, ...] = field(default=())
    next: Cursor | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a payer is shown before confirming. Names are in the reader's language.

    ``recipient_name`` is masked; where ``to_own_account``, it is the payer's own label of the account, or its product.
    """

    from_account: BankAccount
    to: Alias
    recipient_name: str
    recipient_institution_id: UUID
    recipient_institution: str
    amount: Money
    fee: Money
    to_own_account: bool = False

    @property
    def total(self) -> Money:
        """What will leave the payer's account."""
        return self.amount + self.fee


@dataclass(frozen=True, slots=True)
class Instruction:
    """A payment as it comes in.

    ``instructed_at`` and ``booked_on`` are for instructions given earlier (history, files with a date of their own);
    by default both are the present.
    """

    id: UUID
    actor_customer_id: UUID
    from_account_id: UUID
    to: Alias
    amount: Money
    note: str = ""
    instructed_at: datetime | None = None
    booked_on: date | None = None


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a route takes a payment: the account to credit, and what its payer is told about the recipient.

    Attributes:
        recipient_id: the customer who holds the account, if a customer does.
        lane: ``None``: booked at once. Else whom to ask first (``biller:<uuid>``): each lane has a queue, a bound in flight and
            a breaker of its own. The route is then an ``OutsideRoute``, and the lane is of one institution, this one's.
        fee_event: what the payer's fee is for.
    """

    route: str
    account_id: UUID
    institution_id: UUID
    recipient_id: UUID | None
    lane: str | None = None
    fee_event: FeeEvent = FeeEvent.TRANSFER_ON_US


class Route(Protocol):
    """A way for payments to go; ``bills`` and ``switch`` register theirs through ``api.register_route``."""

    @property
    def code(self) -> str:
        """A stable name, kept with each payment."""

    def find(self, orders: Sequence[tuple[BankAccount, Alias]]) -> list[Destination | RaseedError | None]:
        """Say for each (payer's account, recipient): where it goes, why it can't, or ``None``: not by this route."""


@dataclass(frozen=True, slots=True)
class Yes:
    """A definite yes: the other side has taken it. ``reference`` is its own name for it; ``facts`` go to ``settle``."""

    reference: str
    facts: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class No:
    """A definite no: the other side has not taken it and never will, under this id.

    ``code`` is that of a typed error with a sentence for the payer; ``params`` fill it.
    """

    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unknown:
    """No definite answer; ``code`` says what was seen (``timed_out``, ``amount_differs``), for staff.

    ``reached``: the other side is well and answers, it only can't say yet; its lane's breaker then stays closed.
    """

    code: str
    reached: bool = False


@dataclass(frozen=True, slots=True)
class NotSeen:
    """The other side says that it never received the errand: it is carried there again, under the same id."""


Answer = Yes | No | Unknown | NotSeen


@dataclass(frozen=True, slots=True)
class Errand:
    """What is to be asked outside for a payment.

    Attributes:
        amount: what the recipient is to get.
        attempt: how often it was taken up, this time included.
        first_sent_at: when it left for the first time.
        brief: what the route's ``brief`` has found for it.
    """

    payment_id: UUID
    lane: str
    amount: Money
    attempt: int
    first_sent_at: datetime
    brief: object = None

    @property
    def order_id(self) -> UUID:
        """The id that the other side hears, the same on every attempt: the payment's."""
        return self.payment_id


class OutsideRoute(Route, Protocol):
    """A way that leaves the house: money is held, somebody is asked, and the money is posted on yes and let go on no.

    ``reserve``, ``brief``, ``settle`` and ``give_back`` run in transactions of ``payments``, always before the ledger posts, and
    lock their own rows in order of id. ``ask`` and ``ask_again`` run in the courier's event loop with no transaction open:
    they must not block it, have the lane's deadline, and whatever they raise counts as ``Unknown``.
    """

    def reserve(self, payments: Sequence[Payment]) -> Mapping[UUID, RaseedError]:
        """Claim what each payment pays, and say who is refused and why. First in the accepting transaction.

        If a payment is refused afterwards (by a limit, by the books), the whole transaction is rolled back and begun again
        without it, so nothing has to be undone.
        """

    def brief(self, errands: Sequence[Errand]) -> Mapping[UUID, object]:
        """Return what ``ask`` and ``ask_again`` will need of each, read for a whole batch while it is being sent."""

    async def ask(self, errand: Errand) -> Answer:
        """Carry the errand out. The other side hears the same id on every attempt, and must do it once."""

    async def ask_again(self, errand: Errand) -> Answer:
        """Find out what became of it, without carrying it out."""

    def settle(self, settled: Sequence[tuple[Payment, Yes]]) -> None:
        """Keep that these were taken, in the settling transaction. The payments are as they were before."""

    def give_back(self, returned: Sequence[tuple[Payment, No]]) -> None:
        """Let go of what these had reserved, in the returning transaction. The payments are as they were before."""

    def names(self, payments: Sequence[Payment], language: str) -> Mapping[UUID, str]:
        """Say whom each payer has paid, in the reader's language."""


def _kinds(root: type[RaseedError]) -> Iterator[type[RaseedError]]:
    for kind in root.__subclasses__():
        yield from _kinds(kind)
        if "code" in vars(kind):
            yield kind


def reference_of(payment_id: UUID) -> str:
    """Return the reference that people quote: the last ten hexadecimal digits of the id, in capitals."""
    return payment_id.hex[-10:].upper()
