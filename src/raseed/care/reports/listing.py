"""What is behind a figure: the things themselves, with what they are about, for whoever may read that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.people import api as people

from ..cases.keeping import reference_of
from ..conversations.permissions import VIEW as SEE_CONVERSATIONS
from ..models import CaseRow, ConversationRow, GapRow
from ..promises.permissions import VIEW as SEE_QUESTIONS
from .counting import count_behind, rows_behind
from .domain import Behind, Item, Listing, Wanted
from .sight import Sight, sight_of

_SHOWN: Final = ("standing", "clock", "person", "seconds", "reason", "category", "tag", "kind", "language", "team")
Subject = tuple[str, str, UUID | None]
"""What it is called, its channel, whose it is."""


def behind(
    wanted: Wanted, which: Behind, *, by: people.Author, before: str | None = None, limit: int = 50,
    clock: Clock = SYSTEM_CLOCK,
) -> Listing:  # fmt: skip
    """Return a page of what a figure counts, the latest first, and how many there are of it.

    Raises:
        NotPermitted: ``by`` may not see that figure. UnknownFigure: there is none such. InvalidCursor.
    """
    count = count_behind(wanted, which, by=by, clock=clock)
    rows, marker = rows_behind(wanted, which, by=by, before=before, limit=limit, clock=clock)
    subjects = _subjects(rows, wanted.institution_id, by)
    sight = sight_of(by, wanted.institution_id)
    return Listing(count, tuple(_item(row, subjects, sight) for row in rows), marker)


def _item(row: Mapping[str, Any], subjects: Mapping[UUID, Subject], sight: Sight) -> Item:
    title, channel, customer_id = subjects.get(row["subject_id"], ("", "", None))
    facts = {name: row[name] for name in _SHOWN if row.get(name) not in {None, ""}}
    if not (sight.everyone or row.get("team") in sight.teams or row.get("person") == sight.me):
        facts.pop("person", None)
        facts.pop("reason", None)
    return Item(row["subject_kind"], row["subject_id"], row["at"], title, channel, customer_id, facts)


def _subjects(rows: Sequence[Mapping[str, Any]], institution_id: UUID, by: people.Author) -> dict[UUID, Subject]:
    wanted: dict[str, set[UUID]] = {"conversation": set(), "case": set(), "gap": set()}
    for row in rows:
        if row["subject_kind"] in wanted:
            wanted[row["subject_kind"]].add(row["subject_id"])
    talks, questions = by.may(SEE_CONVERSATIONS, institution_id), by.may(SEE_QUESTIONS, institution_id)
    found: dict[UUID, Subject] = {}
    for talk in ConversationRow.objects.filter(id__in=wanted["conversation"], institution_id=institution_id):
        found[talk.id] = (talk.name if talks else "", talk.channel, talk.customer_id if talks else None)
    for case in CaseRow.objects.filter(id__in=wanted["case"], institution_id=institution_id):
        found[case.id] = (reference_of(case.year, case.number), "", case.customer_id if talks else None)
    for gap in GapRow.objects.filter(id__in=wanted["gap"], institution_id=institution_id):
        found[gap.id] = (gap.question if questions else "", "", None)
    return found
