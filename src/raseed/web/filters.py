"""Filters of a statement: what was entered, and what it asks the books for."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from raseed.banking import api as banking
from raseed.kernel.errors import RaseedError
from raseed.kernel.money import InvalidAmount, parse_amount

from .days import InvalidDay, day_in

if TYPE_CHECKING:
    from django.http import QueryDict

    from raseed.kernel.money import Currency

TEXT_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Filters:
    """What stands in the form, as typed."""

    flow: str = ""
    first: str = ""
    last: str = ""
    least: str = ""
    most: str = ""
    text: str = ""

    def __bool__(self) -> bool:
        """Say whether anything was entered."""
        return any(asdict(self).values())

    @property
    def query(self) -> str:
        """What was entered, as the query of an address."""
        return urlencode({name: value for name, value in asdict(self).items() if value})

    @classmethod
    def of(cls, sent: QueryDict) -> Filters:
        """Read a sent form."""
        return cls(**{name: sent.get(name, "").strip()[:TEXT_MAX] for name in cls.__slots__})

    def understood(self, currency: Currency) -> tuple[banking.StatementFilter | None, dict[str, RaseedError]]:
        """Return what to ask the statement for, or every reason why that can't be, by field."""
        errors: dict[str, RaseedError] = {}
        days: dict[str, date | None] = {}
        for name in ("first", "last"):
            try:
                days[name] = day_in(getattr(self, name), field=name)
            except InvalidDay as error:
                errors[name] = error
        amounts: dict[str, int | None] = {}
        for name in ("least", "most"):
            text = getattr(self, name)
            try:
                amounts[name] = parse_amount(text, currency, field=name).amount_minor if text else None
            except InvalidAmount as error:
                errors[name] = error
        if errors:
            return None, errors
        try:
            return banking.StatementFilter(
                flow=banking.Flow(self.flow) if self.flow in set(banking.Flow) else None,
                first_day=days["first"],
                last_day=days["last"],
                least_minor=amounts["least"],
                most_minor=amounts["most"],
                text=self.text,
            ), {}
        except banking.InvalidFilter as error:
            return None, {_FIELDS.get(error.field or "", "text"): error}


_FIELDS: Final = {"last_day": "last", "least_minor": "least", "most_minor": "most", "text": "text"}
