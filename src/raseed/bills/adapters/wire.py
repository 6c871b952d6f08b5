"""The shapes of docs/biller-api.md: what is sent and what may come back. Unknown names are let be, everything else is strict."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

MINOR_MAX: Final = (1 << 63) - 1
Minor = Annotated[int, Meta(gt=0, le=MINOR_MAX)]
MinorOrNone = Annotated[int, Meta(ge=0, le=MINOR_MAX)]
Id = Annotated[str, Meta(pattern="^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Number = Annotated[str, Meta(min_length=1, max_length=60, pattern="^[0-9A-Za-z][0-9A-Za-z ./_-]*$")]
Reference = Annotated[str, Meta(min_length=1, max_length=120, pattern="^[0-9A-Za-z][0-9A-Za-z ./_:-]*$")]
Code = Annotated[str, Meta(max_length=40, pattern="^[a-z][a-z0-9_]*$")]
Name = Annotated[str, Meta(max_length=120)]
Period = Annotated[str, Meta(max_length=40)]


class Question(Struct, frozen=True):
    """What every question says: which biller, and what its amounts are counted in."""

    biller: str
    currency: str
    scale: int


class FetchQuestion(Question, frozen=True):
    """Which bills are open?"""

    fields: dict[str, str]


class ValidateQuestion(Question, frozen=True, omit_defaults=True):
    """May money be paid for this?"""

    fields: dict[str, str]
    amount_minor: int | None = None


class PartSaid(Struct, frozen=True, omit_defaults=True):
    """A part of what is paid."""

    kind: str
    amount_minor: int
    bill: str = ""


class PayQuestion(Question, frozen=True):
    """Take this payment; the same id is the same payment."""

    id: str
    collection_account: str
    fields: dict[str, str]
    amount_minor: int
    parts: list[PartSaid]
    attempt: int


class PaymentQuestion(Question, frozen=True):
    """What became of this payment? Or: give it up."""

    id: str
    collection_account: str


class AnswerShape(Struct, frozen=True):
    """What every answer says."""

    biller: str
    currency: str
    scale: int


class BillShape(Struct, frozen=True):
    """A bill in an answer."""

    number: Number
    issued_on: date
    amount_minor: Minor
    part_payments: Literal["exact", "minimum", "any"] = "exact"
    paid_minor: MinorOrNone = 0
    due_on: date | None = None
    period: Period = ""
    minimum_minor: Minor | None = None
    customer_name: Name = ""


class FetchAnswer(AnswerShape, frozen=True):
    """The bills that are open, or that nobody is known by what was typed."""

    known: bool
    bills: Annotated[list[BillShape], Meta(max_length=50)] = []


class ValidateAnswer(AnswerShape, frozen=True):
    """Whose it is, and what may be paid."""

    known: bool
    customer_name: Name = ""
    least_minor: Minor | None = None
    most_minor: Minor | None = None


class PaymentAnswer(AnswerShape, frozen=True):
    """What became of a payment."""

    id: Id
    state: Literal["paid", "refused", "pending", "not_received", "cancelled"]
    collection_account: str = ""
    amount_minor: MinorOrNone = 0
    bills: Annotated[list[Number], Meta(max_length=50)] = []
    reference: Reference | None = None
    code: Code | None = None
    paid_at: datetime | None = None


encode = msgspec.json.Encoder().encode
decode_fetch = msgspec.json.Decoder(FetchAnswer).decode
decode_validate = msgspec.json.Decoder(ValidateAnswer).decode
decode_payment = msgspec.json.Decoder(PaymentAnswer).decode
