"""Long lists are read a page at a time, by key: ``after`` of one answer asks for the page that follows."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, WithJsonSchema

from .fields import FROM_TEXT, Given, Taken, whole

PAGE: Final = 50
PAGE_MAX: Final = 200
MARKER_LENGTH_MAX: Final = 400

Marker = Annotated[
    str | None,
    Field(max_length=MARKER_LENGTH_MAX),
    WithJsonSchema({
        "type": "string", "maxLength": MARKER_LENGTH_MAX,
        "description": "`next` of the page before, as it was given; leave it out for the first page.",
    }),
]  # fmt: skip
NextMarker = Annotated[
    str | None,
    WithJsonSchema({
        "anyOf": [{"type": "string"}, {"type": "null"}],
        "description": "Asks for the page that follows, as `after`; null: this is the last.",
    }),
]  # fmt: skip


class Paging(Taken):
    """Where a page begins and how long it is."""

    after: Marker = None
    limit: Annotated[int, whole(1, PAGE_MAX), FROM_TEXT] = PAGE


class Page(Given):
    """What every page has."""

    next: NextMarker = None
