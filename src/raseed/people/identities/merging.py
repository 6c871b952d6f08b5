"""Two customers who are one person: read as one from the day that two colleagues agree, and as two again if that was wrong.

Nothing is rewritten. What belongs to each customer stays under their id; a merge is one row that says "read this one as that
one", so undoing it restores exactly what was. Whoever asks for "this customer's conversations" asks ``customers_as_one``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext, override

from raseed.kernel.clock import SYSTEM_CLOCK, Clock, ManualClock
from raseed.kernel.errors import mark
from raseed.kernel.ids import InvalidId, new_id, parse_id
from raseed.platform.api import AuditFacts, decode_cursor, digits_text, emit, encode_cursor

from .. import events
from ..authority import Author, require
from ..changes.deciding import propose_change
from ..changes.domain import Change, ChangeKind, ChangeLine
from ..domain import Customer, display_name
from ..models import MembershipRow, MergeRow
from ..permissions import MERGE_CONFIRM, MERGE_PROPOSE
from ..queries import customer, customers
from .domain import CannotMerge, Merge, MergePage, NotMerged

MERGE: Final = "people.merge"
PART: Final = "people.part"
PAGE: Final = 50
PHONE_END: Final = 4
"""Digits of a number by which two customers of one name are told apart."""
HOPS_MAX: Final = 50
"""How long a chain of merges may be; ``CannotMerge`` keeps it at one, this bounds the walk all the same."""


def merge_customers(
    *,
    kept: UUID,
    merged: UUID,
    institution_id: UUID,
    by: Author,
    reason: str,
    id: UUID | None = None,  # noqa: A002  the client's id, called so in every verb
    clock: Clock = SYSTEM_CLOCK,
) -> Change:
    """Propose that ``merged`` is read as ``kept``: once a second person confirms it, they are one.

    Raises:
        CannotMerge: the same customer twice, one that is not of this institution, or one that is merged already.
        As ``propose_change`` otherwise.
    """
    return propose_change(
        id=id or new_id(),
        kind=MERGE,
        institution_id=institution_id,
        subject=f"customer:{merged}",
        payload={"kept": str(kept), "merged": str(merged)},
        reason=reason,
        by=by,
        clock=clock,
    )


def unmerge_customers(
    merge_id: UUID,
    *,
    by: Author,
    reason: str,
    id: UUID | None = None,  # noqa: A002  the client's id, called so in every verb
    clock: Clock = SYSTEM_CLOCK,
) -> Change:
    """Propose that two merged customers are two again: a second person confirms it.

    Raises:
        NotMerged: there is no such merge, or it was undone. As ``propose_change`` otherwise.
    """
    found = merge(merge_id)
    if found.until is not None:
        raise NotMerged(field="merge_id")
    return propose_change(
        id=id or new_id(),
        kind=PART,
        institution_id=found.institution_id,
        subject=f"customer:{found.merged}",
        payload={"merge": str(merge_id)},
        reason=reason,
        by=by,
        clock=clock,
    )


def merge(merge_id: UUID) -> Merge:
    """Return a merge, also one that was undone.

    Raises:
        NotMerged: there is none.
    """
    row = MergeRow.objects.filter(id=merge_id).first()
    if row is None:
        raise NotMerged(field="merge_id")
    return _merge(row)


def merges_of(customer_id: UUID) -> list[Merge]:
    """Return the merges that a customer is or was part of, the earliest first."""
    rows = MergeRow.objects.filter(merged_id=customer_id) | MergeRow.objects.filter(kept_id=customer_id)
    return [_merge(row) for row in rows.order_by("since", "id")]


def merges(
    institution_id: UUID, *, by: Author, undone: bool = False, before: str | None = None, limit: int = PAGE
) -> MergePage:
    """Return a page of an institution's merges that count now, or of those that were undone, the latest first.

    Raises:
        NotPermitted: ``by`` may neither propose nor confirm merges there. InvalidCursor: ``before`` is no marker of this list.
    """
    if not by.may(MERGE_CONFIRM, institution_id):
        require(by, MERGE_PROPOSE, institution_id)
    rows, size = (
        MergeRow.objects.filter(institution_id=institution_id, until__isnull=not undone),
        min(max(limit, 1), PAGE),
    )
    list_name = f"people.merges:{institution_id}:{undone}"
    if before is not None:
        at, merge_id = decode_cursor(list_name, before)
        moment = datetime.fromisoformat(str(at))
        rows = rows.filter(Q(since__lt=moment) | Q(since=moment, id__lt=str(merge_id)))
    found = list(rows.order_by("-since", "-id")[: size + 1])
    last = found[size - 1] if len(found) > size else None
    marker = encode_cursor(list_name, last.since.isoformat(), str(last.id)) if last else None
    return MergePage(tuple(_merge(row) for row in found[:size]), marker)


def resolve_customer(customer_id: UUID) -> UUID:
    """Return as whom a customer is read now: the one they are merged into, or themself."""
    return resolve_customers([customer_id])[customer_id]


def resolve_customers(customer_ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """Return as whom each of the customers is read now."""
    told = {one: one for one in customer_ids}
    for _ in range(HOPS_MAX):
        above = dict(
            MergeRow.objects.filter(merged_id__in=set(told.values()), until=None).values_list("merged_id", "kept_id")
        )
        if not above:
            break
        told = {one: above.get(now, now) for one, now in told.items()}
    return told


def customers_as_one(customer_id: UUID) -> list[UUID]:
    """Return the ids that are this person's: the one they are read as first, then those merged into it."""
    found = [resolve_customer(customer_id)]
    for _ in range(HOPS_MAX):
        below = MergeRow.objects.filter(kept_id__in=found, until=None).exclude(merged_id__in=found)
        more = list(below.order_by("since", "id").values_list("merged_id", flat=True))
        if not more:
            break
        found += more
    return found


def _pair(change: Change) -> tuple[UUID, UUID]:
    try:
        kept = parse_id(change.payload.get("kept"), field="kept")
        merged = parse_id(change.payload.get("merged"), field="merged")
    except InvalidId:
        raise CannotMerge(field="payload") from None
    if set(change.payload) != {"kept", "merged"} or change.subject != f"customer:{merged}":
        raise CannotMerge(field="payload")
    return kept, merged


def _check_merge(change: Change) -> None:
    """Refuse what can't be: one customer twice, somebody else's customer, a chain or a ring of merges."""
    kept, merged = _pair(change)
    ids = {kept, merged}
    here = MembershipRow.objects.filter(institution_id=change.institution_id, customer_id__in=ids).count()
    if len(ids) < 2 or here < 2:  # noqa: PLR2004  (two customers, both of this institution)
        raise CannotMerge(field="payload")
    if MergeRow.objects.filter(merged_id__in=ids, until=None).exists():
        raise CannotMerge(field="payload")


def _current_merge(change: Change) -> AuditFacts:
    kept, merged = _pair(change)
    return {"kept": str(kept), "merged_into": _into(merged), "kept_merged_into": _into(kept)}


def _into(customer_id: UUID) -> str | None:
    above = MergeRow.objects.filter(merged_id=customer_id, until=None).values_list("kept_id", flat=True).first()
    return str(above) if above else None


def _apply_merge(change: Change) -> None:
    assert change.decided_at is not None, "a change that is applied was decided"
    kept, merged = _pair(change)
    with connection.cursor() as cursor:  # one merge at a time: that both are free is looked at and used in one go
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('people.merges', 17))")
    _check_merge(change)
    MergeRow.objects.create(
        id=change.id, institution_id=change.institution_id, kept_id=kept, merged_id=merged, since=change.decided_at
    )
    _emit(events.CUSTOMERS_MERGED, merge(change.id), change)


def _of_part(change: Change) -> Merge:
    try:
        found = merge(parse_id(change.payload.get("merge"), field="merge"))
    except InvalidId:
        raise NotMerged(field="merge") from None
    if set(change.payload) != {"merge"} or change.subject != f"customer:{found.merged}":
        raise NotMerged(field="merge")
    if found.institution_id != change.institution_id:
        raise NotMerged(field="merge")
    return found


def _check_part(change: Change) -> None:
    if _of_part(change).until is not None:
        raise NotMerged(field="merge")


def _current_part(change: Change) -> AuditFacts:
    found = _of_part(change)
    return {"merge": str(found.id), "merged_into": _into(found.merged)}


def _apply_part(change: Change) -> None:
    assert change.decided_at is not None, "a change that is applied was decided"
    found = _of_part(change)
    changed = MergeRow.objects.filter(id=found.id, until=None).update(
        until=max(change.decided_at, found.since), undone_by=change.id
    )
    if not changed:
        raise NotMerged(field="merge")
    _emit(events.CUSTOMERS_PARTED, found, change)


def _emit(name: str, of: Merge, change: Change) -> None:
    assert change.decided_at is not None
    emit(
        name,
        {"merge_id": str(of.id), "kept": str(of.kept), "merged": str(of.merged)},
        institution_id=of.institution_id,
        clock=ManualClock(change.decided_at),
    )


def _describe_merge(change: Change, language: str) -> Sequence[ChangeLine]:
    kept, merged = _pair(change)
    return _lines(kept, merged, language, parted=False)


def _describe_part(change: Change, language: str) -> Sequence[ChangeLine]:
    found = _of_part(change)
    return _lines(found.kept, found.merged, language, parted=True)


def _lines(kept: UUID, merged: UUID, language: str, *, parted: bool) -> Sequence[ChangeLine]:
    known = customers([kept, merged])
    names = {one: _told_apart(known[one], language) if one in known else "" for one in (kept, merged)}
    with override(language):
        kept_label, merged_label = gettext("Customer who stays"), gettext("Customer read as the other")
    after = names[merged] if parted else names[kept]
    before = names[kept] if parted else names[merged]
    return [ChangeLine(kept_label, names[kept], names[kept]), ChangeLine(merged_label, before, after)]


def _told_apart(one: Customer, language: str) -> str:
    """Return a customer's name with the end of their number: two who are one person often have the same name."""
    ending = digits_text(one.phone[-PHONE_END:], language)
    return f"{display_name(one, language)} (…{ending})"


def _customer_of_merge(change: Change) -> UUID | None:
    _, _, text = change.subject.partition(":")
    return customer(UUID(text)).id


def _merge(row: MergeRow) -> Merge:
    return Merge(row.id, row.kept_id, row.merged_id, row.institution_id, row.since, row.until)


MERGE_KIND: Final = ChangeKind(
    code=MERGE,
    words=mark("Two customers who are one person"),
    permission=MERGE_PROPOSE,
    confirm_permission=MERGE_CONFIRM,
    apply=_apply_merge,
    describe=_describe_merge,
    current=_current_merge,
    check=_check_merge,
    customer_of=_customer_of_merge,
)
PART_KIND: Final = ChangeKind(
    code=PART,
    words=mark("Two customers who are not one person after all"),
    permission=MERGE_PROPOSE,
    confirm_permission=MERGE_CONFIRM,
    apply=_apply_part,
    describe=_describe_part,
    current=_current_part,
    check=_check_part,
    customer_of=_customer_of_merge,
)
KINDS: Final = (MERGE_KIND, PART_KIND)
