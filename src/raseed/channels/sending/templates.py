"""Templates: registered for a line as the provider has approved them, their values counted before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import InputError, mark
from raseed.kernel.ids import new_id
from raseed.platform.api import record

from ..authority import LINES_MANAGE, Authority, require
from ..domain import Channel
from ..lines.services import line
from ..models import TemplateRow
from .domain import Template, TemplateShape, TemplateUnknown, TemplateValuesWrong

BODY_LENGTH_MAX: Final = 1024
VALUES_MAX: Final = 20
TEMPLATES_MAX: Final = 500
"""Of one line."""
VALUE_LENGTH_MAX: Final = 1024
_NAME: Final = re.compile(r"[a-z0-9_]{1,512}\Z")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?\Z")
_PLACE: Final = re.compile(r"\{\{(\d{1,2})\}\}")


class InvalidTemplate(InputError):
    """A template whose name, language or text the provider could not have approved; ``field`` says which."""

    code = "invalid_template"
    sentence = mark("This template is not described correctly.")
    hint = mark("Copy its name, language and text from the provider; its places are {{1}}, {{2}} and so on.")


def values_of(body: str) -> int:
    """Return how many values a template's text takes: its places are ``{{1}}`` to ``{{n}}``, none left out.

    Raises:
        InvalidTemplate: one is left out, there are too many, or a brace stands alone.
    """
    numbers = {int(number) for number in _PLACE.findall(body)}
    rest = _PLACE.sub("", body)
    if numbers != set(range(1, len(numbers) + 1)) or len(numbers) > VALUES_MAX or "{{" in rest or "}}" in rest:
        raise InvalidTemplate(field="body")
    return len(numbers)


@transaction.atomic
def register_template(
    *,
    line_id: UUID,
    name: str,
    language: str,
    body: str,
    active: bool = True,
    by: Authority,
    reason: str = "",
    clock: Clock = SYSTEM_CLOCK,
) -> TemplateShape:
    """Register a template of a line, or change the one of this name and language; ``active=False`` takes it off the list.

    Raises:
        LineUnknown, ChannelsNotPermitted, InvalidTemplate: what they say.
    """
    on = line(line_id)
    require(by, LINES_MANAGE, on.institution_id)
    if on.channel is not Channel.WHATSAPP:
        raise InvalidTemplate(field="line_id")
    if not _NAME.match(name):
        raise InvalidTemplate(field="name")
    if not _LANGUAGE.match(language):
        raise InvalidTemplate(field="language")
    if not body.strip() or len(body) > BODY_LENGTH_MAX or "\x00" in body:
        raise InvalidTemplate(field="body")
    if TemplateRow.objects.filter(line_id=line_id).exclude(name=name, language=language).count() >= TEMPLATES_MAX:
        raise InvalidTemplate(field="line_id")
    fields = {"body": body, "values": values_of(body), "active": active}
    row, made = TemplateRow.objects.update_or_create(
        line_id=line_id, name=name, language=language, defaults=fields, create_defaults={"id": new_id(), **fields}
    )
    record(
        actor=by.actor,
        action="channels.template_registered" if made else "channels.template_changed",
        subject=f"line:{line_id}",
        after={"template": name, "language": language, "values": row.values, "active": active},
        reason=reason,
        institution_id=on.institution_id,
        clock=clock,
    )
    return _shape(row)


def templates(line_id: UUID, language: str | None = None) -> list[TemplateShape]:
    """Return a line's templates, by name; of a language ``ar`` also those of ``ar_EG``."""
    rows = TemplateRow.objects.filter(line_id=line_id, active=True).order_by("name", "language")[:TEMPLATES_MAX]
    return [
        _shape(row) for row in rows if language is None or row.language.partition("_")[0] == language.partition("_")[0]
    ]


def checked(line_id: UUID, template: Template) -> TemplateShape:
    """Return the shape of a template that is about to be sent.

    Raises:
        TemplateUnknown: the line has none of this name and language.
        TemplateValuesWrong: the values are too few, too many, empty, or have line breaks (which the provider refuses).
    """
    row = TemplateRow.objects.filter(
        line_id=line_id, name=template.name, language=template.language, active=True
    ).first()
    if row is None:
        raise TemplateUnknown(field="template")
    fits = len(template.values) == row.values and all(_is_fit(value) for value in template.values)
    if not fits:
        raise TemplateValuesWrong(field="template", wanted=row.values)
    return _shape(row)


def filled(shape: TemplateShape, values: Mapping[int, str] | tuple[str, ...]) -> str:
    """Return a template's text with its values in their places, as the customer reads it."""
    told = dict(enumerate(values, 1)) if isinstance(values, tuple) else values
    return _PLACE.sub(lambda place: told.get(int(place[1]), place[0]), shape.body)


def _is_fit(value: str) -> bool:
    blank = not value.strip() or "    " in value
    return not blank and len(value) <= VALUE_LENGTH_MAX and not any(c in value for c in "\n\r\t\x00")


def _shape(row: TemplateRow) -> TemplateShape:
    return TemplateShape(row.name, row.language, row.body, row.values)
