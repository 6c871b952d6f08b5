"""What an answer needs of the mail that it answers: its subject, and the thread that it stands in."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from ..models import MailRow
from .composing import answered


@dataclass(frozen=True, slots=True)
class Thread:
    """The subject that an answer carries, and the ids of the thread, oldest first."""

    subject: str
    references: tuple[str, ...]


def thread_of(line_id: UUID, provider_id: str) -> Thread | None:
    """Return the thread of a mail that came in on a line; ``None`` where there was none."""
    row = MailRow.objects.filter(line_id=line_id, provider_id=provider_id).first() if provider_id else None
    return None if row is None else Thread(answered(row.subject), tuple(row.references))
