"""Cases as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from raseed.channels.api import Media
from raseed.kernel.errors import mark

CATEGORIES_MAX: Final = 100
TITLE_LENGTH_MAX: Final = 200
PAGE_MAX: Final = 100


class CaseState(StrEnum):
    """Where a case is: being worked on, waiting for the customer's papers or word, or ended with an outcome."""

    OPEN = "open"
    WAITING = "waiting"
    RESOLVED = "resolved"


CASE_STATE_WORDS: Final = {
    CaseState.OPEN: mark("Open"),
    CaseState.WAITING: mark("Waiting for the customer"),
    CaseState.RESOLVED: mark("Resolved"),
}


class Category(StrEnum):
    """What a case is about."""

    BALANCE = "balance"
    TRANSFER = "transfer"
    BILL = "bill"
    FEE = "fee"
    CARD_ATM = "card_atm"
    LOAN = "loan"
    ACCOUNT = "account"
    METER = "meter"
    SERVICE = "service"
    FRAUD = "fraud"
    DOCUMENTS = "documents"
    OTHER = "other"


CATEGORY_WORDS: Final = {
    Category.BALANCE: mark("A balance that is not right"),
    Category.TRANSFER: mark("A transfer"),
    Category.BILL: mark("A bill"),
    Category.FEE: mark("A fee or a penalty"),
    Category.CARD_ATM: mark("A card or a cash machine"),
    Category.LOAN: mark("A loan"),
    Category.ACCOUNT: mark("Opening, blocking or closing an account"),
    Category.METER: mark("A meter or a reading"),
    Category.SERVICE: mark("How we served"),
    Category.FRAUD: mark("Fraud"),
    Category.DOCUMENTS: mark("Documents that we asked for"),
    Category.OTHER: mark("Something else"),
}


class Outcome(StrEnum):
    """How a case ended."""

    UPHELD = "upheld"
    PARTLY_UPHELD = "partly_upheld"
    NOT_UPHELD = "not_upheld"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"
    DUPLICATE = "duplicate"


OUTCOME_WORDS: Final = {
    Outcome.UPHELD: mark("The customer was right, and it is mended"),
    Outcome.PARTLY_UPHELD: mark("The customer was right in part"),
    Outcome.NOT_UPHELD: mark("It was as it should be, and why was explained"),
    Outcome.ANSWERED: mark("The question was answered"),
    Outcome.WITHDRAWN: mark("The customer took it back"),
    Outcome.DUPLICATE: mark("It is another case already"),
}


class FiledHow(StrEnum):
    """Why a document is with a case."""

    REFERENCE = "reference"
    ONLY_OPEN = "only_open"
    CONVERSATION = "conversation"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document that came with a message. ``case_id`` is ``None`` while it is unfiled: a person chooses.

    Attributes:
        media: as channels tells it now; ``None`` if channels has forgotten it.
        suggested_case_id: the case whose reference was typed, where it is not certain that it is the sender's.
        state: ``waiting``, ``kept``, ``refused``, ``gone`` or ``infected``, as channels settled it.
    """

    id: UUID
    institution_id: UUID
    media_id: UUID
    message_id: UUID
    conversation_id: UUID
    customer_id: UUID | None
    case_id: UUID | None
    suggested_case_id: UUID | None
    state: str
    received_at: datetime
    filed_at: datetime | None
    filed_by: str
    how: FiledHow | None
    media: Media | None = None


@dataclass(frozen=True, slots=True)
class CaseStep:
    """One step of a case's history, from 1."""

    number: int
    at: datetime
    actor: str
    state: CaseState
    outcome: Outcome | None
    note: str


@dataclass(frozen=True, slots=True)
class Case:
    """A matter with a reference number, which a customer can name.

    Attributes:
        reference: ``R-2026-000123``, of the institution.
        owner: the member of staff who answers for it.
        resolution: what the customer was told in the end.
    """

    id: UUID
    institution_id: UUID
    reference: str
    category: Category
    title: str
    state: CaseState
    customer_id: UUID | None
    team_id: UUID | None
    owner: UUID
    opened_at: datetime
    opened_by: str
    changed_at: datetime
    outcome: Outcome | None
    resolution: str
    resolved_at: datetime | None
    conversations: tuple[UUID, ...] = ()
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class CasePage:
    """Cases, and the marker of the next page if there is one."""

    cases: tuple[Case, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class AttachmentPage:
    """Documents that nobody has filed, the oldest first, and the marker of the next page if there is one."""

    attachments: tuple[Attachment, ...]
    next: str | None
