"""Fixtures of the reports' tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .planting import Planted


@pytest.fixture
def field(database: object) -> Callable[[int], Planted]:
    """What makes an institution with teams and people."""
    from .planting import a_field  # noqa: PLC0415  (models need Django set up first)

    del database
    return a_field


@pytest.fixture
def plant(database: object) -> Callable[..., None]:
    """What plants conversations and all that reports count."""
    from . import planting  # noqa: PLC0415  (as above)

    del database
    return planting.plant


@pytest.fixture
def a_message(database: object) -> Callable[[Planted, str], None]:
    """What lets one message come in at an instant."""
    from raseed.care.models import ConversationRow, EntryRow  # noqa: PLC0415  (as above)

    from . import planting  # noqa: PLC0415  (as above)

    del database

    def come(planted: Planted, at: str) -> None:
        row = planting._conversation(planted)
        row.opened_at, row.positions = datetime.fromisoformat(at), 1
        ConversationRow.objects.bulk_create([row])
        EntryRow.objects.bulk_create([planting._entry(row, "in", row.opened_at, "identity:x")])

    return come
