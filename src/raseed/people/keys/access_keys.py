"""Access keys: how software signs in to the API for a member of staff, a customer or an institution (ADR 0029).

A key is ``raseed_key_``, 64 hexadecimal digits of randomness and 8 of a check sum: easily recognised where it should not
lie, refused without asking the database where it was mistyped. It is shown once and kept as a keyed hash. What it may do
is fixed when it is issued, never more than its issuer may; for staff it is cut down to what they may at the moment of use.
"""

from __future__ import annotations

import re
import secrets
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import Conflict, InputError, NotFound, PermissionRefused, RaseedError, mark
from raseed.kernel.ids import InvalidId, parse_id
from raseed.kernel.text import clean_text
from raseed.platform.api import AuditFacts, keyed_hash, record

from ..authority import Author, NotPermitted, clean_reason, registered_permissions, require
from ..models import AccessKeyRow, CustomerRow, MembershipRow
from ..permissions import KEYS_MANAGE, SELF_PAY, SELF_VIEW
from ..queries import institution
from ..staff.queries import author_of_staff
from ..standing import is_self

PREFIX: Final = "raseed_key_"
KEYS_MAX: Final = 50
"""Live keys of one holder."""
LIFE_MAX: Final = timedelta(days=366)
USED_STEP: Final = timedelta(hours=1)
"""The last use is kept to the hour."""
NAME_LENGTH_MAX: Final = 60
OF_A_CUSTOMER: Final = frozenset({SELF_VIEW, SELF_PAY})
_HASH_KEY: Final = "access-keys"
_SECRET_BYTES: Final = 32
_WRITTEN: Final = re.compile(PREFIX + r"([0-9a-f]{64})([0-9a-f]{8})\Z")


class AccessKeyRefused(PermissionRefused):
    """Not a key of ours, or one that was revoked, has expired, or whose holder may not act now."""

    code = "access_key_refused"
    sentence = mark("This access key is not accepted.")
    hint = mark("Check that it is whole, not expired and not revoked, or issue a new one.")


class InvalidAccessKey(InputError):
    """A holder, an expiry or a permission that a key can't have."""

    code = "invalid_access_key"
    sentence = mark("An access key can't be issued like this.")
    hint = mark("Check its holder, what it may do, and that it expires within a year.")


class AccessKeyIssued(Conflict):
    """A key was issued under this id before; its secret is not shown again."""

    code = "access_key_issued"
    sentence = mark("This access key was already issued, and is shown only once.")
    hint = mark("If it was lost, revoke it and issue a new one.")


class TooManyAccessKeys(Conflict):
    """The holder has as many live keys as there may be."""

    code = "too_many_access_keys"
    sentence = mark("No more access keys can be issued for this holder.")
    hint = mark("Revoke a key that is no longer used.")


class UnknownAccessKey(NotFound):
    """There is no such key, or it is not the asker's to see."""

    code = "unknown_access_key"
    sentence = mark("We know no such access key.")
    hint = mark("Look at the list of keys.")


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key without its secret. ``holder`` is ``staff:…``, ``customer:…`` or ``institution:…``; last use to the hour."""

    id: UUID
    holder: str
    institution_id: UUID
    permissions: frozenset[str]
    name: str
    issued_by: str
    issued_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    @property
    def holder_kind(self) -> str:
        """``staff``, ``customer`` or ``institution``."""
        return self.holder.partition(":")[0]

    @property
    def holder_id(self) -> UUID:
        """The id in ``holder``."""
        return UUID(self.holder.partition(":")[2])


@transaction.atomic
def issue_access_key(
    *,
    id: UUID,  # noqa: A002  the client's id, called so in every verb
    holder: str,
    institution_id: UUID,
    permissions: Collection[str],
    name: str,
    expires_at: datetime,
    by: Author,
    reason: str = "",
    clock: Clock = SYSTEM_CLOCK,
) -> tuple[AccessKey, str]:
    """Issue a key and return it with its text, which nobody can show again.

    Staff issue keys for themselves; with ``people.keys.manage`` also for other staff and for the institution. A
    customer's key is issued by the customer alone, and may only view and pay for them (``OF_A_CUSTOMER``).

    Raises:
        InvalidAccessKey, UnacceptableText, UnknownInstitution: what they say.
        NotPermitted: ``by`` may not issue it, or not hand on one of the permissions. No key issues keys.
        AccessKeyIssued, TooManyAccessKeys: what they say.
    """
    institution(institution_id)
    now, label = clock.now(), clean_text(name, field="name", length_max=NAME_LENGTH_MAX)
    wanted = frozenset(permissions)
    if not now < expires_at <= now + LIFE_MAX:
        raise InvalidAccessKey(field="expires_at")
    if not wanted or not wanted <= {permission.code for permission in registered_permissions()}:
        raise InvalidAccessKey(field="permissions")
    _may_issue(by, holder, institution_id, wanted)
    why = clean_reason(reason) if reason else ""
    if AccessKeyRow.objects.filter(id=id).exists():
        raise AccessKeyIssued(field="id")
    if AccessKeyRow.objects.filter(holder=holder, revoked_at=None, expires_at__gt=now).count() >= KEYS_MAX:
        raise TooManyAccessKeys
    text = _new_text()
    try:
        with transaction.atomic():
            row = AccessKeyRow.objects.create(
                id=id,
                key_hash=_hash(text),
                holder=holder,
                institution_id=institution_id,
                permissions=sorted(wanted),
                name=label,
                issued_by=by.actor,
                issued_at=now,
                expires_at=expires_at,
            )
    except IntegrityError:
        raise AccessKeyIssued(field="id") from None
    after: AuditFacts = {"holder": holder, "permissions": sorted(wanted), "expires_at": expires_at.isoformat()}
    _record("people.access_key_issued", row, by, after, why, clock)
    return _read(row), text


def author_of_access_key(text: str, *, clock: Clock = SYSTEM_CLOCK) -> tuple[AccessKey, Author]:
    """Return the key whose text this is, and the author it makes: ``key:<id>``, with its holder behind it.

    Raises:
        AccessKeyRefused: it is not accepted; for what reason is not told.
    """
    found, now = _WRITTEN.match(text), clock.now()
    if found is None or _check_sum(found[1]) != found[2]:
        raise AccessKeyRefused
    row = AccessKeyRow.objects.filter(key_hash=_hash(text), revoked_at=None, expires_at__gt=now).first()
    if row is None:
        raise AccessKeyRefused
    key = _read(row)
    permissions = _permissions_now(key)
    hour = now.replace(minute=0, second=0, microsecond=0)
    if row.last_used_at is None or hour > row.last_used_at:
        AccessKeyRow.objects.filter(id=row.id, revoked_at=None).update(last_used_at=hour)
    return key, Author(
        f"key:{key.id}",
        MappingProxyType({key.institution_id: permissions}),
        everything=False,
        holder=key.holder,
        issuer=key.issued_by,
    )


def access_keys(institution_id: UUID, *, by: Author, holder: str | None = None) -> list[AccessKey]:
    """Return an institution's keys, newest first: of one holder, or of all to who may manage keys.

    Raises:
        NotPermitted: they are neither the holder's own, nor may ``by`` manage keys there.
    """
    if holder is None or by.actor != holder:
        require(by, KEYS_MANAGE, institution_id)
    rows = AccessKeyRow.objects.filter(institution_id=institution_id)
    if holder is not None:
        rows = rows.filter(holder=holder)
    return [_read(row) for row in rows.order_by("-issued_at", "-id")]


@transaction.atomic
def revoke_access_key(key_id: UUID, *, by: Author, reason: str = "", clock: Clock = SYSTEM_CLOCK) -> None:
    """End a key at once; one that ended before stays as it is. Its holder may, and who may manage keys there.

    Raises:
        UnknownAccessKey: there is none, or it is not for ``by`` to see. UnacceptableText: the reason can't be read.
    """
    row = AccessKeyRow.objects.select_for_update().filter(id=key_id).first()
    if row is None or not (by.person == row.holder or by.may(KEYS_MANAGE, row.institution_id)):
        raise UnknownAccessKey(field="id")
    why = clean_reason(reason) if reason else ""
    if row.revoked_at is not None:
        return
    row.revoked_at, row.revoked_by = clock.now(), by.actor
    row.save(update_fields=["revoked_at", "revoked_by"])
    _record("people.access_key_revoked", row, by, None, why, clock)


def _may_issue(by: Author, holder: str, institution_id: UUID, wanted: frozenset[str]) -> None:
    """Refuse what ``issue_access_key`` refuses of its issuer, holder and permissions."""
    kind, _, text = holder.partition(":")
    try:
        holder_id = parse_id(text)
    except InvalidId:
        raise InvalidAccessKey(field="holder") from None
    if by.actor.startswith("key:"):
        raise NotPermitted(permission=KEYS_MANAGE)
    if kind == "customer":
        _may_issue_to_customer(by, holder_id, institution_id, wanted)
    elif kind == "staff" or (kind == "institution" and holder_id == institution_id):
        if by.actor != holder:
            require(by, KEYS_MANAGE, institution_id)
        givers = [by] if kind == "institution" or by.actor == holder else [by, author_of_staff(holder_id)]
        if wanted & OF_A_CUSTOMER:
            raise InvalidAccessKey(field="permissions")
        for permission in sorted(wanted):
            for giver in givers:
                require(giver, permission, institution_id)
    else:
        raise InvalidAccessKey(field="holder")


def _may_issue_to_customer(by: Author, customer_id: UUID, institution_id: UUID, wanted: frozenset[str]) -> None:
    if not is_self(by, customer_id) and not by.everything:
        raise NotPermitted(permission=KEYS_MANAGE)
    if not wanted <= OF_A_CUSTOMER:
        raise InvalidAccessKey(field="permissions")
    if not MembershipRow.objects.filter(customer_id=customer_id, institution_id=institution_id).exists():
        raise InvalidAccessKey(field="holder")


def _permissions_now(key: AccessKey) -> frozenset[str]:
    """Return what the key may do at this moment.

    Raises:
        AccessKeyRefused: its holder is gone or may not work.
    """
    if key.holder_kind == "staff":
        try:
            theirs = author_of_staff(key.holder_id)
        except RaseedError:
            raise AccessKeyRefused from None
        return frozenset(one for one in key.permissions if theirs.may(one, key.institution_id))
    if key.holder_kind == "customer" and not CustomerRow.objects.filter(id=key.holder_id).exists():
        raise AccessKeyRefused
    return key.permissions


def _new_text() -> str:
    secret = secrets.token_hex(_SECRET_BYTES)
    return PREFIX + secret + _check_sum(secret)


def _check_sum(secret: str) -> str:
    return f"{zlib.crc32(secret.encode()):08x}"


def _hash(text: str) -> bytes:
    return keyed_hash(_HASH_KEY, text)


def _record(action: str, row: AccessKeyRow, by: Author, after: AuditFacts | None, reason: str, clock: Clock) -> None:
    kind, _, holder_id = row.holder.partition(":")
    record(
        actor=by.actor,
        action=action,
        subject=f"access_key:{row.id}",
        after=after,
        reason=reason,
        institution_id=row.institution_id,
        customer_id=UUID(holder_id) if kind == "customer" else None,
        clock=clock,
    )


def _read(row: AccessKeyRow) -> AccessKey:
    return AccessKey(
        row.id,
        row.holder,
        row.institution_id,
        frozenset(row.permissions),
        row.name,
        row.issued_by,
        row.issued_at,
        row.expires_at,
        row.last_used_at,
        row.revoked_at,
    )
