"""Telling a conversation an answer: in its thread and its channel, by a template where the window is closed."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import transaction

from raseed.channels import api as channels
from raseed.kernel.clock import Clock

from ..conversations import replying
from ..conversations.errors import NowhereToSend
from ..conversations.reading import is_in_person, party_of
from ..models import ConversationRow
from .domain import Told

PURPOSE: Final = "promise"
TEMPLATE: Final = "answer"
"""The template, with one value, that carries an answer where a provider takes no free text."""


def tell(*, conversation_id: UUID, message_id: UUID, text: str, language: str, clock: Clock) -> Told:
    """Tell a conversation in its thread and its channel; on the phone and at the counter a person has to."""
    row = ConversationRow.objects.select_for_update(no_key=True).filter(id=conversation_id).first()
    if row is None or is_in_person(row):
        return Told.UNREACHABLE
    template = None
    try:
        if channels.window(row.line_id, party_of(row), clock=clock).templates_only:
            shape = _shape(row.line_id, language)
            if shape is None:
                return Told.WINDOW_CLOSED
            template = channels.Template(shape.name, shape.language, (" ".join(text.split()),))
            text = channels.filled(shape, template.values)
        with transaction.atomic():
            replying.tell(
                conversation_id,
                client_message_id=message_id,
                text=text,
                purpose=PURPOSE,
                template=template,
                clock=clock,
            )
    except (channels.WindowClosed, channels.TemplateUnknown, channels.TemplateValuesWrong):
        return Told.WINDOW_CLOSED
    except (channels.LineCannotSend, channels.RecipientNotOnLine, NowhereToSend):
        return Told.UNREACHABLE
    return Told.KEPT


def _shape(line_id: UUID, language: str) -> channels.TemplateShape | None:
    wanted = (shape for shape in channels.templates(line_id, language) if (shape.name, shape.values) == (TEMPLATE, 1))
    return next(wanted, None)
