"""The verbs on lines: register, change, set a secret, look up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.text import UnacceptableText, clean_text
from raseed.platform.api import AuditFacts, SameIdOtherContent, record

from ..authority import LINES_MANAGE, Authority, require
from ..domain import Channel
from ..models import LineRow
from .domain import (
    ADDRESS_LENGTH_MAX,
    LINES_MAX,
    OVERLAP_MAX,
    PROVING,
    SETTING_LENGTH_MAX,
    SETTINGS_MAX,
    InvalidLine,
    Line,
    LinePurpose,
    LineTaken,
    LineUnknown,
)
from .secrets import forget_before, overlap_ends, write_secret

_LANGUAGES: Final = ("ar", "he", "en")
_SETTING: Final = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_SECRET: Final = re.compile(r"secret|token|password|key")


def scope_of(channel: Channel, *, institution_id: UUID, address: str, settings: Mapping[str, str]) -> str:
    """Return the scope under which the ids of people who write to a line are unique.

    Raises:
        InvalidLine: a WhatsApp line without its ``waba_id``.
    """
    match channel:
        case Channel.WHATSAPP:
            if not settings.get("waba_id"):
                raise InvalidLine(field="settings.waba_id")
            return f"waba:{settings['waba_id']}"
        case Channel.TELEGRAM:
            return f"bot:{address}"
        case Channel.X:
            return f"x:{address}"
        case Channel.EMAIL:
            return "address"
        case Channel.WEB:
            return f"institution:{institution_id}"
        case Channel.SMS | Channel.PHONE | Channel.BRANCH:
            return "e164"


@transaction.atomic
def register_line(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    institution_id: UUID,
    channel: Channel,
    address: str,
    names: Mapping[str, str],
    purpose: LinePurpose = LinePurpose.TALK,
    settings: Mapping[str, str] | None = None,
    by: Authority,
    reason: str = "",
    clock: Clock = SYSTEM_CLOCK,
) -> Line:
    """Register a line; a repeat with the same content returns it again.

    Raises:
        ChannelsNotPermitted, InvalidLine: what they say.
        LineTaken: another line has this address on this channel.
        SameIdOtherContent: the id is another line's.
    """
    require(by, LINES_MANAGE, institution_id)
    told = _checked_settings(settings or {})
    place = _checked_address(address)
    fields = {
        "institution_id": institution_id,
        "channel": channel.value,
        "purpose": purpose.value,
        "scope": scope_of(channel, institution_id=institution_id, address=place, settings=told),
        "address": place,
        "names": _checked_names(names),
        "settings": told,
    }
    there = LineRow.objects.filter(id=id).first()
    if there is not None:
        if any(getattr(there, name) != value for name, value in fields.items()):
            raise SameIdOtherContent(field="id")
        return as_line(there)
    if LineRow.objects.filter(institution_id=institution_id).count() >= LINES_MAX:
        raise InvalidLine(field="institution_id")
    try:
        with transaction.atomic():
            row = LineRow.objects.create(id=id, created_at=clock.now(), **fields)
    except IntegrityError:
        raise LineTaken(field="address") from None
    _record(row, "registered", by, reason, clock, after=_facts(row))
    return as_line(row)


@transaction.atomic
def change_line(
    *,
    line_id: UUID,
    names: Mapping[str, str] | None = None,
    purpose: LinePurpose | None = None,
    settings: Mapping[str, str] | None = None,
    active: bool | None = None,
    by: Authority,
    reason: str,
    clock: Clock = SYSTEM_CLOCK,
) -> Line:
    """Change what is given. Channel, address and scope stay: what came in belongs to them.

    Raises:
        LineUnknown, ChannelsNotPermitted, InvalidLine: what they say.
    """
    row = _managed(line_id, by)
    before = _facts(row)
    if names is not None:
        row.names = _checked_names(names)
    if purpose is not None:
        row.purpose = purpose.value
    if settings is not None:
        row.settings = _checked_settings(settings)
        same = scope_of(
            Channel(row.channel), institution_id=row.institution_id, address=row.address, settings=row.settings
        )
        if same != row.scope:
            raise InvalidLine(field="settings")
    if active is not None:
        row.active = active
    row.save()
    _record(row, "changed", by, reason, clock, before=before, after=_facts(row))
    return as_line(row)


@transaction.atomic
def set_line_secret(
    *,
    line_id: UUID,
    name: str,
    value: str,
    by: Authority,
    reason: str = "",
    overlap: timedelta = timedelta(0),
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Keep a secret of a line in its file; the audit trail names the secret and never holds it.

    ``overlap``: for so long the secret that it replaces still proves what comes in, so that nothing is refused while the provider
    takes the new one up. Only for secrets that prove deliveries (``PROVING``).

    Raises:
        LineUnknown, ChannelsNotPermitted, InvalidLine: what they say; ``overlap`` for another secret, or longer than ``OVERLAP_MAX``.
    """
    row = _managed(line_id, by)
    if not timedelta(0) <= overlap <= OVERLAP_MAX or (overlap and PROVING.get(Channel(row.channel)) != name):
        raise InvalidLine(field="overlap")
    after: AuditFacts = {"secret": name, "overlap_s": int(overlap.total_seconds())} if overlap else {"secret": name}
    _record(row, "secret_set", by, reason, clock, after=after)
    write_secret(line_id, name, value, before_until=clock.now() + overlap if overlap else None)


@transaction.atomic
def end_overlap(*, line_id: UUID, by: Authority, reason: str = "", clock: Clock = SYSTEM_CLOCK) -> None:
    """Accept the secret before the present one no longer, from now on; where none is, nothing changes.

    Raises:
        LineUnknown, ChannelsNotPermitted: what they say.
    """
    row = _managed(line_id, by)
    name = PROVING.get(Channel(row.channel))
    if name is not None and overlap_ends(line_id, name, now=clock.now()) is not None:
        _record(row, "overlap_ended", by, reason, clock, after={"secret": name})
        forget_before(line_id, name)


def overlap_of(line_id: UUID, *, clock: Clock = SYSTEM_CLOCK) -> datetime | None:
    """Return until when the secret before the present one still proves what comes in; ``None`` where it does not.

    Raises:
        LineUnknown: there is no such line.
    """
    name = PROVING.get(line(line_id).channel)
    return None if name is None else overlap_ends(line_id, name, now=clock.now())


def line(line_id: UUID) -> Line:
    """Return a line.

    Raises:
        LineUnknown: there is none with this id.
    """
    row = LineRow.objects.filter(id=line_id).first()
    if row is None:
        raise LineUnknown(field="line_id")
    return as_line(row)


def lines(institution_id: UUID, *, channel: Channel | None = None) -> list[Line]:
    """Return an institution's lines, by channel and age."""
    rows = LineRow.objects.filter(institution_id=institution_id)
    if channel is not None:
        rows = rows.filter(channel=channel.value)
    return [as_line(row) for row in rows.order_by("channel", "created_at", "id")[:LINES_MAX]]


def line_at(channel: Channel, address: str, *, institution_id: UUID) -> Line | None:
    """Return the institution's line with an address of the provider's, if there is one that is active."""
    row = LineRow.objects.filter(
        channel=channel.value, address=address, institution_id=institution_id, active=True
    ).first()
    return None if row is None else as_line(row)


def as_line(row: LineRow) -> Line:
    """Return a row as what other packages see."""
    return Line(
        id=row.id,
        institution_id=row.institution_id,
        channel=Channel(row.channel),
        purpose=LinePurpose(row.purpose),
        scope=row.scope,
        address=row.address,
        names=row.names,
        settings=row.settings,
        active=row.active,
    )


def _managed(line_id: UUID, by: Authority) -> LineRow:
    row = LineRow.objects.select_for_update().filter(id=line_id).first()
    if row is None:
        raise LineUnknown(field="line_id")
    require(by, LINES_MANAGE, row.institution_id)
    return row


def _checked_address(address: str) -> str:
    try:
        return clean_text(address, field="address", length_max=ADDRESS_LENGTH_MAX)
    except UnacceptableText:
        raise InvalidLine(field="address") from None


def _checked_names(names: Mapping[str, str]) -> dict[str, str]:
    if not names or not names.keys() <= set(_LANGUAGES):
        raise InvalidLine(field="names")
    try:
        return {language: clean_text(names[language], field="names") for language in _LANGUAGES if language in names}
    except UnacceptableText:
        raise InvalidLine(field="names") from None


def _checked_settings(settings: Mapping[str, str]) -> dict[str, str]:
    if len(settings) > SETTINGS_MAX:
        raise InvalidLine(field="settings")
    for name, value in settings.items():
        if not _SETTING.match(name) or _SECRET.search(name):
            raise InvalidLine(field=f"settings.{name[:40]}")
        if len(value) > SETTING_LENGTH_MAX or not value.isprintable():
            raise InvalidLine(field=f"settings.{name}")
    return dict(settings)


def _facts(row: LineRow) -> AuditFacts:
    return {
        "channel": row.channel,
        "purpose": row.purpose,
        "active": row.active,
        "settings": sorted(row.settings),
    }


def _record(
    row: LineRow,
    deed: str,
    by: Authority,
    reason: str,
    clock: Clock,
    *,
    before: AuditFacts | None = None,
    after: AuditFacts | None = None,
) -> None:
    record(
        actor=by.actor,
        action=f"channels.line_{deed}",
        subject=f"line:{row.id}",
        before=before,
        after=after,
        reason=reason,
        institution_id=row.institution_id,
        clock=clock,
    )
