"""Reads of imports: the words that a statement has for an imported line."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.utils.translation import gettext

from raseed.banking.api import Narrative

from .domain.books import KIND_WORDS, PURPOSE_WORDS, Kind, Purpose
from .models import LineRow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def narrate(causes: Sequence[UUID]) -> Mapping[UUID, Narrative]:
    """Return what is known of the imported lines among ``causes``, in the language that is active."""
    return {
        row.transfer_id: Narrative(
            reference=row.source_id, note=_words(row), counterparty=f"{row.remote_bank} {row.remote_account}".strip()
        )
        for row in LineRow.objects.filter(transfer_id__in=causes)
    }


def _words(row: LineRow) -> str:
    """What the line was, and the sender's own words."""
    said = [gettext(PURPOSE_WORDS[purpose])] if (purpose := Purpose(row.purpose)) else []
    said.append(gettext(KIND_WORDS[Kind(row.kind)]))
    return " · ".join([*said, row.note] if row.note else said)
