"""What is sensitive about a person, in words: days on which they need their money, what may make harm more likely."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext

from raseed.kernel.errors import mark
from raseed.people import api as people

if TYPE_CHECKING:
    from raseed.web.reader import Reader

DATE_WORDS: Final = {
    "payday": mark("Payday"),
    "rent": mark("Rent"),
    "tax": mark("Tax"),
    "other": mark("Another day"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A label and what stands beside it; ``more`` in smaller letters below."""

    label: str
    text: str
    more: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """What was asked for: a number, or rows (none: nothing is noted)."""

    number: str = ""
    rows: tuple[Row, ...] = ()


def critical_date_lines(found: Iterable[people.CriticalDate], reader: Reader) -> tuple[Row, ...]:
    """Return a person's days in words."""
    rows = []
    for one in found:
        if one.on is not None:
            text = reader.day(one.on)
        else:
            text = gettext("day %(day)s of every month") % {"day": reader.number(one.month_day or 0)}
        rows.append(Row(gettext(DATE_WORDS[one.kind.value]), text, one.label))
    return tuple(rows)


def vulnerability_lines(found: Iterable[people.Vulnerability], reader: Reader) -> tuple[Row, ...]:
    """Return markers in words: where each comes from, what to do, and when it is looked at again."""
    return tuple(
        Row(
            gettext(people.DRIVERS[one.driver]),
            " · ".join(gettext(people.NEEDS[code]) for code in one.needs),
            gettext("to be looked at again on %(day)s") % {"day": reader.day(one.review_on)},
        )
        for one in found
    )
