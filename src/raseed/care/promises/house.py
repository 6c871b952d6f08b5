"""The rooms beside promises, behind the ports that promises ask: conversations that tell, clocks that run."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from raseed.channels import api as channels
from raseed.kernel.clock import Clock
from raseed.platform.api import Event, subscribe

from ..clocks import api as clocks
from ..conversations import replying
from ..conversations.errors import NowhereToSend
from ..conversations.reading import is_in_person, party_of
from ..duty import api as duty
from ..events import CONVERSATION_CHANGED
from ..models import ConversationRow
from .domain import Gap
from .ports import Told, register_gap_clock, register_voice
from .telling import customer_wrote

RULE: Final = "gap"
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


class HouseGapClock:
    """The clock of a question: its owner answers for it, or whom the team's duty names."""

    def start(self, gap: Gap, *, at: datetime, clock: Clock) -> None:
        """Start it."""
        clocks.start_clock(
            subject_kind=clocks.SubjectKind.GAP, subject_id=gap.id, rule=RULE, institution_id=gap.institution_id,
            team_id=_team(gap, clock), assignee=gap.owner, at=at, clock=clock,
        )  # fmt: skip

    def hand_over(self, gap: Gap, *, by: str, reason: str, at: datetime, clock: Clock) -> None:
        """Give it to the new owner."""
        clocks.handed_over(
            subject_id=gap.id, team_id=_team(gap, clock), to=gap.owner, by=by, reason=reason, at=at, clock=clock
        )

    def stop(self, gap: Gap, *, by: str, at: datetime, clock: Clock) -> None:
        """Stop it."""
        clocks.stop_clock(subject_id=gap.id, rule=RULE, by=by, reason=clocks.StopReason.DONE, at=at, clock=clock)


def _team(gap: Gap, clock: Clock) -> UUID:
    return gap.team_id or duty.default_team(gap.institution_id, clock=clock).id


@subscribe(CONVERSATION_CHANGED, handler_name="care.wake_promises")
def wake_promises(event: Event) -> None:
    """Try again what a conversation is owed when something happened in it: it may be that the customer wrote."""
    customer_wrote(UUID(str(event.payload["conversation_id"])))


def stand_beside() -> None:
    """Register the rooms of this house."""
    register_voice(tell)
    register_gap_clock(HouseGapClock())
