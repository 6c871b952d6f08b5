"""What happened and was not told on: events whose delivery within the house was given up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from raseed.kernel.errors import mark
from raseed.platform import api as platform

from ..domain import FOUND_MAX, Check, Finding, Look, Severity


def _told(look: Look) -> Iterator[Finding]:
    del look
    for each in platform.failed_deliveries(limit=FOUND_MAX):
        yield Finding(
            "told", "given_up", f"delivery:{each.id}", each.handler, str(each.attempts), Severity.LATE,
            institution_id=each.event.institution_id, repair="tell_again",
        )  # fmt: skip


TOLD: Final = Check(
    "told",
    mark("Everything that happened was told to every part of the house that goes on from it."),
    {"given_up": mark("An event was given up after many tries")},
    _told,
)
