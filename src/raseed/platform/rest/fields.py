"""The kinds of values that go over the wire: ids, amounts, dates, instants, texts, numbers in addresses.

The rail's conventions: ids are lower-case UUIDs; amounts are whole minor units, taken as integers or strings of digits and
given as strings, because many JSON readers lose integers past 2⁵³; instants are RFC 3339 in UTC, dates ISO 8601.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from raseed.kernel.errors import InputError, mark
from raseed.kernel.ids import InvalidId, parse_id
from raseed.kernel.money import Money

ID_PATTERN: Final = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_EXAMPLE_ID: Final = "0193f1f0-7c3e-7a51-9f43-2a6c5d1e8b07"
AMOUNT_WIRE_MAX: Final = 10**18 - 1
"""The largest amount in a request, minor units: what eighteen digits say."""
_AMOUNT: Final = re.compile(r"[0-9]{1,18}\Z", re.ASCII)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z", re.ASCII)
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})\Z", re.ASCII
)
_EXACT_MAX: Final = 1 << 53
_NUMBER: Final = re.compile(r"[0-9]{1,18}\Z", re.ASCII)
LANGUAGE_NAMES: Final = {
    "type": "object",
    "properties": {language: {"type": "string", "minLength": 1} for language in ("ar", "he", "en")},
    "additionalProperties": False,
    "minProperties": 1,
    "example": {"ar": "مصرف النيل", "en": "Nile Bank"},
}


class Taken(BaseModel):
    """What a request carries: nothing unknown, nothing of another kind."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Given(BaseModel):
    """What an answer carries."""

    model_config = ConfigDict(strict=True, frozen=True)


def _id(value: object) -> UUID:
    try:
        return parse_id(value)
    except InvalidId:
        raise PydanticCustomError("invalid_id", "it must be a lower-case UUID") from None


class AmountWithPoint(InputError):
    """An amount written with a decimal point, even if zeros follow: what it means is not left to rounding."""

    code = "amount_with_point"
    sentence = mark("An amount is a whole number of minor units, without a point.")
    hint = mark("Write 125.50 EGP as 12550.")


def _amount(value: object) -> int:
    if type(value) is float:
        raise PydanticCustomError("amount_with_point", "it must be a whole number of minor units, without a point")
    if type(value) is str and _AMOUNT.match(value):
        value = int(value)
    if type(value) is not int or not 0 <= value <= AMOUNT_WIRE_MAX:
        raise PydanticCustomError("amount", "it must be a whole number of minor units, or a string of up to 18 digits")
    return value


def _day(value: object) -> date:
    try:
        if type(value) is str and _DAY.match(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise PydanticCustomError("date", "it must be a date, such as 2026-01-31")


def _instant(value: object) -> datetime:
    try:
        if type(value) is str and _INSTANT.match(value):
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise PydanticCustomError("instant", "it must be an instant with its offset, such as 2026-01-31T23:59:59Z")


def _number(value: object) -> object:
    return int(value) if type(value) is str and _NUMBER.match(value) else value


def _integral(value: object) -> object:
    return int(value) if type(value) is float and value.is_integer() and abs(value) <= _EXACT_MAX else value


Id = Annotated[
    UUID,
    PlainValidator(_id),
    WithJsonSchema({"type": "string", "format": "uuid", "pattern": ID_PATTERN, "example": _EXAMPLE_ID}),
]
"""A client-made id."""
Minor = Annotated[
    int,
    PlainValidator(_amount),
    WithJsonSchema({
        "anyOf": [
            {"type": "integer", "minimum": 0, "maximum": AMOUNT_WIRE_MAX},
            {"type": "string", "pattern": "^[0-9]{1,18}$"},
        ],
        "description": "Minor units (piastres, fils): an integer, or a string of digits (use strings past 2^53).",
        "example": "12550",
    }),
]  # fmt: skip
"""An amount in a request."""
Day = Annotated[
    date,
    PlainValidator(_day),
    WithJsonSchema({"type": "string", "format": "date", "example": "2026-01-31"}),
]
Instant = Annotated[
    datetime,
    PlainValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time", "example": "2026-01-31T23:59:59Z"}),
]


def text(length_max: int, *, least: int = 1, example: str | None = None, pattern: str | None = None) -> Any:
    """Bound a text within ``Annotated``; services still look at what is in it."""
    return Field(min_length=least, max_length=length_max, pattern=pattern, json_schema_extra=_example(example))


def whole(least: int, most: int, *, example: int | None = None) -> Any:
    """Bound a whole number within ``Annotated``."""
    return Field(ge=least, le=most, json_schema_extra=_example(example))


def _example(example: str | int | None) -> dict[str, Any] | None:
    return None if example is None else {"example": example}


FROM_JSON: Final = BeforeValidator(_integral)
"""For a number in a body: to JSON Schema 2.0 is a whole number. ``Annotated[int, whole(…), FROM_JSON]``."""
FROM_TEXT: Final = BeforeValidator(_number)
"""For a number in an address, where all is text: ``Annotated[int, whole(…), FROM_TEXT]``."""
Reason = Annotated[str, text(500, least=3, example="asked for by the customer at the counter")]
"""Why something is done, as the audit trail keeps it."""
MinorGiven = Annotated[
    str,
    WithJsonSchema({
        "type": "string", "pattern": "^-?[0-9]{1,19}$", "description": "Minor units, as a string.", "example": "12550",
    }),
]  # fmt: skip
"""An amount in an answer."""
Currency = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$", "example": "EGP"})]
"""A currency's ISO 4217 code."""
CurrencyTaken = Annotated[str, text(3, least=3, pattern="^[A-Z]{3}$", example="EGP")]
Names = Annotated[dict[str, str], WithJsonSchema(LANGUAGE_NAMES)]
"""A name by language (ar, he, en)."""


class MoneyGiven(Given):
    """An amount of money: whole minor units of a currency (two decimals for EGP: "12550" is 125.50)."""

    amount_minor: MinorGiven
    currency: Currency

    @classmethod
    def of(cls, money: Money) -> MoneyGiven:
        """Return money as it goes over the wire."""
        return cls(amount_minor=str(money.amount_minor), currency=money.currency.code)


class MoneyTaken(Taken):
    """An amount of money: whole minor units of a currency."""

    amount_minor: Minor
    currency: CurrencyTaken
