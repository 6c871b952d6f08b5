"""From the outbox to the endpoints: each event is owed to every endpoint of its institution that asked for it."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from importlib.util import find_spec
from typing import Final
from uuid import UUID

from django.apps import apps
from django.db.models import Q, QuerySet

from ..events import Event, subscribe_where
from ..sql import STATEMENTS, run
from .domain import EVERY_EVENT, EndpointState
from .models import EndpointRow, OwedRow

HANDLER: Final = "platform.owe_webhooks"


@lru_cache(maxsize=1)
def event_names() -> tuple[str, ...]:
    """Return the name of every event that the installed packages tell, from their ``events`` modules."""
    names: set[str] = set()
    for config in apps.get_app_configs():
        module = f"{config.name}.events"
        if config.name.startswith("raseed.") and find_spec(module) is not None:
            constants = vars(importlib.import_module(module)).values()
            names.update(text for text in constants if isinstance(text, str) and text.startswith(f"{config.label}."))
    return tuple(sorted(names))


def anyone_wants(name: str, institution_id: UUID | None) -> bool:
    """Whether an endpoint of the institution wants events of this name; events of no institution go to nobody."""
    if institution_id is None:
        return False
    ((wanted,),) = run(STATEMENTS["anyone_wants"], {"institution": institution_id, "names": [name, EVERY_EVENT]})
    return bool(wanted)


@subscribe_where(anyone_wants, handler_name=HANDLER)
def owe(event: Event) -> None:
    """Owe an event to the endpoints that want it; a repeat owes nothing twice."""
    assert event.institution_id is not None, "only events of an institution are wanted"
    ids = _wanting(event.name, event.institution_id).values_list("id", flat=True)
    owe_to(ids, [event.position], now=event.occurred_at)


def owe_to(endpoint_ids: Iterable[UUID], positions: Iterable[int], *, now: datetime) -> int:
    """Owe events to endpoints, those already owed excepted; return how many deliveries are new."""
    positions = list(positions)
    rows = [
        OwedRow(endpoint_id=endpoint_id, event_id=position, owed_at=now, next_try_at=now)
        for endpoint_id in endpoint_ids
        for position in positions
    ]
    before = OwedRow.objects.filter(endpoint_id__in={row.endpoint_id for row in rows}, event_id__in=positions).count()
    OwedRow.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
    return len(rows) - before


def _wanting(name: str, institution_id: UUID) -> QuerySet[EndpointRow]:
    return EndpointRow.objects.filter(
        Q(events__contains=[name]) | Q(events__contains=[EVERY_EVENT]),
        institution_id=institution_id,
        state=EndpointState.ON.value,
    )
