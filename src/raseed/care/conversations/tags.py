"""Tags: the words by which an institution sorts its conversations, and which of them are on one.

Only words of the institution's list are put on. A retired one stays on the conversations that have it, is found by it, and can
be taken off; the same word made again is the same tag, back in use.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import InputError
from raseed.people import api as people
from raseed.platform import api as platform

from ..models import ConversationRow, TagRow
from .domain import TAGS_MAX, Conversation, EventCode, Tag
from .errors import TagTaken, TooManyTags, UnknownTag
from .keeping import add_event, keep, permitted
from .permissions import EDIT_TAGS, VIEW, WORK
from .reading import told
from .words import clean_tag

IN_USE_MAX: Final = 200
"""Tags that an institution has in use at once: more than anybody chooses among."""


def tags(institution_id: UUID, *, by: people.Author, retired: bool = False) -> list[Tag]:
    """Return an institution's tags that are in use, or those that were retired, by their names.

    Raises:
        NotPermitted: ``by`` may not see conversations there.
    """
    people.require(by, VIEW, institution_id)
    rows = TagRow.objects.filter(institution_id=institution_id, retired_at__isnull=not retired)
    return [_tag(row) for row in rows.order_by("name")[:IN_USE_MAX]]


@transaction.atomic
def make_tag(
    *,
    id: UUID,  # noqa: A002  the client's id, called so in every verb
    institution_id: UUID,
    name: str,
    by: people.Author,
    reason: str,
    clock: Clock = SYSTEM_CLOCK,
) -> Tag:
    """Add a word to an institution's tags, or bring a retired one back; the same id again returns what it made.

    Raises:
        NotPermitted, UnacceptableText. InputError: it is no word, or too long. TagTaken: it is in use. TooManyTags.
        SameIdOtherContent: the id is another tag's.
    """
    people.require(by, EDIT_TAGS, institution_id)
    said, word, now = people.clean_reason(reason), clean_tag(name), clock.now()
    with connection.cursor() as cursor:  # one at a time, so that they can be counted
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 23))", [f"care.tags:{institution_id}"])
    mine = TagRow.objects.filter(id=id).first()
    if mine is not None:
        if (mine.institution_id, mine.name) != (institution_id, word):
            raise platform.SameIdOtherContent(field="id")
        return _tag(mine)
    row = TagRow.objects.filter(institution_id=institution_id, name=word).first()
    if row is not None and row.retired_at is None:
        raise TagTaken(field="name")
    if TagRow.objects.filter(institution_id=institution_id, retired_at=None).count() >= IN_USE_MAX:
        raise TooManyTags(field="name")
    if row is None:
        row = TagRow(id=id, institution_id=institution_id, name=word, made_at=now)
    row.retired_at = None
    try:
        row.save()
    except IntegrityError:  # the id is used elsewhere, at this very instant
        raise platform.SameIdOtherContent(field="id") from None
    _record(row, "care.tag_made", by, said, clock)
    return _tag(row)


@transaction.atomic
def retire_tag(tag_id: UUID, *, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> Tag:
    """Let a tag be put on no conversation any more; one that is retired already stays as it is.

    Raises:
        UnknownTag: there is none, or not for ``by``. NotPermitted, UnacceptableText.
    """
    row = TagRow.objects.select_for_update().filter(id=tag_id).first()
    if row is None or not by.may(VIEW, row.institution_id):
        raise UnknownTag(field="tag_id", tag="")
    people.require(by, EDIT_TAGS, row.institution_id)
    said = people.clean_reason(reason)
    if row.retired_at is None:
        row.retired_at = max(clock.now(), row.made_at)
        row.save(update_fields=["retired_at"])
        _record(row, "care.tag_retired", by, said, clock)
    return _tag(row)


def tag(conversation_id: UUID, *, tags: Sequence[str], by: people.Author, clock: Clock = SYSTEM_CLOCK) -> Conversation:
    """Set a conversation's tags; the same ones again change nothing.

    Raises:
        UnknownConversation, NotPermitted. InputError: too many, or one that is none. UnknownTag: one that the institution
            has not, or has retired, and that is not on it already.
    """
    wanted = _clean(tags)

    def all_of(has: frozenset[str]) -> frozenset[str]:
        del has
        return wanted

    return _set(conversation_id, all_of, by, clock)


def change_tags(
    conversation_id: UUID,
    *,
    on: Iterable[str] = (),
    off: Iterable[str] = (),
    by: people.Author,
    clock: Clock = SYSTEM_CLOCK,
) -> Conversation:
    """Put tags on a conversation and take others off; what a colleague put on meanwhile stays.

    Raises:
        As ``tag``.
    """
    more, less = _clean(on), _clean(off)
    return _set(conversation_id, lambda has: (has - less) | more, by, clock)


@transaction.atomic
def _set(
    conversation_id: UUID,
    wanted: Callable[[frozenset[str]], frozenset[str]],
    by: people.Author,
    clock: Clock,
) -> Conversation:
    row = permitted(conversation_id, by, WORK, lock=True)
    has = frozenset(row.tags)
    fresh = wanted(has)
    if len(fresh) > TAGS_MAX:
        raise InputError(field="tags")
    _check_known(row, fresh - has)
    if fresh != has:
        row.tags = sorted(fresh)
        add_event(row, EventCode.TAGGED, by.actor, now=clock.now(), tags=" ".join(row.tags))
        keep(row, clock=clock)
    return told(row)


def _check_known(row: ConversationRow, names: frozenset[str]) -> None:
    rows = TagRow.objects.filter(institution_id=row.institution_id, name__in=names, retired_at=None)
    unknown = sorted(names - set(rows.values_list("name", flat=True))) if names else []
    if unknown:
        raise UnknownTag(field="tags", tag=unknown[0])


def _clean(tags: Iterable[str]) -> frozenset[str]:
    return frozenset(clean_tag(each) for each in tags)


def _record(row: TagRow, action: str, by: people.Author, reason: str, clock: Clock) -> None:
    platform.record(
        actor=by.actor,
        action=action,
        subject=f"tag:{row.id}",
        after={"slug": row.name},
        reason=reason,
        institution_id=row.institution_id,
        clock=clock,
    )


def _tag(row: TagRow) -> Tag:
    return Tag(row.id, row.institution_id, row.name, row.made_at, row.retired_at)
