"""A sender is known again by any id that they have: also when they hide their number, or a number is given to another.

Ids come the strongest first: the one that is the sender's own for good, then the telephone number. A number that comes with
another own id than before has changed hands: it goes to its new sender, and what the old one proved stays with the old one.
A sender known by a number alone, who now comes with an own id as well, is the same sender, and keeps their conversations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import InputError
from raseed.kernel.ids import new_id
from raseed.platform.api import AuditValue, emit, record

from .. import events
from ..models import SenderAliasRow, SenderLinkRow, SenderRow
from .domain import (
    EXTERNAL_ID_LENGTH_MAX,
    EXTERNAL_IDS_MAX,
    NAME_LENGTH_MAX,
    PROOF_IDLE,
    Identity,
    Link,
    LinkHow,
    ProofState,
    UnknownIdentity,
)

JOINED_HOPS_MAX: Final = 20
SYSTEM_ACTOR: Final = "system"


@transaction.atomic
def identity_for(
    *, channel: str, scope: str, external_ids: Sequence[str], name: str = "", clock: Clock = SYSTEM_CLOCK
) -> Identity:
    """Return the sender who has these ids, made known at first sight.

    Args:
        channel: such as ``whatsapp``.
        scope: under which the ids are unique, such as ``waba:1234``.
        external_ids: all ids that came with a message, the strongest first.
        name: as they call themselves.
        clock: tells the time.

    Raises:
        InputError: no id, too many, or one that is none.
    """
    ids = _checked(scope, external_ids)
    now = clock.now()
    _alone(f"{scope} {each}" for each in ids)
    held = SenderAliasRow.objects.filter(scope=scope, external_id__in=ids, until=None)
    aliases = {alias.external_id: alias for alias in held.select_related("sender")}
    sender = _chosen(ids, aliases)
    if sender is None:
        sender = SenderRow.objects.create(
            id=new_id(), channel=channel, name=name[:NAME_LENGTH_MAX], first_seen=now, last_seen=now
        )
    for strength, external_id in enumerate(ids):
        alias = aliases.get(external_id)
        if alias is None:
            _give_alias(sender, scope, external_id, strength, now)
        elif alias.sender_id != sender.id:
            _settle(alias, sender, strength, clock)
        elif alias.strength < strength:
            alias.strength = strength  # a stronger id has come to light
            alias.save(update_fields=["strength"])
    _seen(sender, name, now, clock)
    return identity(sender.id)


def identity(identity_id: UUID) -> Identity:
    """Return a sender; one who was joined to another is the other.

    Raises:
        UnknownIdentity: there is none with this id.
    """
    found = identities([identity_id])
    if identity_id not in found:
        raise UnknownIdentity(field="identity_id")
    return found[identity_id]


def identities(identity_ids: Iterable[UUID]) -> dict[UUID, Identity]:
    """Return those of the senders that exist, by the ids asked for, in a few queries however many they are."""
    asked = set(identity_ids)
    rows = {row.id: row for row in SenderRow.objects.filter(id__in=asked)}
    for _ in range(JOINED_HOPS_MAX):
        missing = {row.joined_to_id for row in rows.values() if row.joined_to_id} - rows.keys()
        if not missing:
            break
        rows |= {row.id: row for row in SenderRow.objects.filter(id__in=missing)}
    roots = {one: _root(rows, one) for one in asked if one in rows}
    told = _told([rows[one] for one in set(roots.values())])
    return {one: told[root] for one, root in roots.items()}


def identity_ids_of(identity_id: UUID) -> list[UUID]:
    """Return the ids under which a sender was known: their own, and those of senders that were joined to them."""
    found = [identity_id]
    for _ in range(JOINED_HOPS_MAX):
        more = SenderRow.objects.filter(joined_to_id__in=found).exclude(id__in=found).values_list("id", flat=True)
        fresh = list(more)
        if not fresh:
            break
        found += fresh
    return found


def _checked(scope: str, external_ids: Sequence[str]) -> list[str]:
    ids = list(dict.fromkeys(external_ids))
    if not scope or len(scope) > EXTERNAL_ID_LENGTH_MAX or not 0 < len(ids) <= EXTERNAL_IDS_MAX:
        raise InputError(field="external_ids")
    if any(not each or len(each) > EXTERNAL_ID_LENGTH_MAX or "\x00" in each for each in ids):
        raise InputError(field="external_ids")
    return ids


def _alone(names: Iterable[str]) -> None:
    """Let no other transaction settle whose these ids are until this one ends; in one order, so that two can't deadlock."""
    with connection.cursor() as cursor:
        for name in sorted(names):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 17))", [f"people.sender:{name}"])


def _chosen(ids: Sequence[str], aliases: dict[str, SenderAliasRow]) -> SenderRow | None:
    """Return whose the strongest known id is; but a number alone does not make somebody with another own id its sender."""
    for place, external_id in enumerate(ids):
        alias = aliases.get(external_id)
        if alias is None:
            continue
        if place and _has_own_id(alias.sender_id):
            continue  # the number of somebody whose own id is another: it has changed hands
        return alias.sender
    return None


def _has_own_id(sender_id: UUID) -> bool:
    """Whether a sender has an id that is stronger than others of theirs: told apart for good."""
    strengths = list(SenderAliasRow.objects.filter(sender_id=sender_id, until=None).values_list("strength", flat=True))
    return len(set(strengths)) > 1


def _give_alias(sender: SenderRow, scope: str, external_id: str, strength: int, now: datetime) -> None:
    SenderAliasRow.objects.create(sender=sender, scope=scope, external_id=external_id, strength=strength, since=now)


def _settle(alias: SenderAliasRow, sender: SenderRow, strength: int, clock: Clock) -> None:
    """Give an id to the sender who comes with it now: from one who is the same, or from one who had it before."""
    now, former = clock.now(), alias.sender
    if _has_own_id(former.id):
        alias.until = now
        alias.save(update_fields=["until"])
        _give_alias(sender, alias.scope, alias.external_id, strength, now)
        record_of_sender("people.sender_number_moved", former.id, {"to": str(sender.id)}, clock)
        return
    _join(former, sender, clock)


def _join(one: SenderRow, other: SenderRow, clock: Clock) -> None:
    """Make two senders one: ``one`` is ``other`` from now on. Where each was linked to somebody else, neither proof stands."""
    now = clock.now()
    list(SenderRow.objects.select_for_update().filter(id__in=[one.id, other.id]).order_by("id"))
    if now - one.last_seen > PROOF_IDLE:
        weaken(one.id, clock=clock)
    for held in SenderAliasRow.objects.filter(sender=one, until=None):
        held.until = now
        held.save(update_fields=["until"])
        _give_alias(other, held.scope, held.external_id, max(held.strength, 1), now)
    links = list(SenderLinkRow.objects.filter(sender__in=[one, other], until=None).order_by("id"))
    apart = len({link.customer_id for link in links}) > 1
    for link in links:
        if link.sender_id == other.id and not apart:
            continue
        end_link(link, SYSTEM_ACTOR, now)
    there = {link.customer_id for link in links if link.sender_id == other.id and not apart}
    for link in links:
        if link.customer_id in there or (link.sender_id == other.id and not apart):
            continue
        there.add(link.customer_id)
        proof = ProofState.CLAIMED.value if apart else link.proof
        SenderLinkRow.objects.create(
            sender=other, customer_id=link.customer_id, proof=proof, how=link.how, by=link.by, since=now
        )
    one.joined_to = other
    one.save(update_fields=["joined_to"])
    SenderRow.objects.filter(id=other.id, first_seen__gt=one.first_seen).update(first_seen=one.first_seen)
    record_of_sender("people.senders_joined", other.id, {"joined": str(one.id), "proofs_ended": apart}, clock)
    emit(events.SENDERS_JOINED, {"kept": str(other.id), "joined": str(one.id)}, clock=clock)


def _seen(sender: SenderRow, name: str, now: datetime, clock: Clock) -> None:
    if now - sender.last_seen > PROOF_IDLE:
        weaken(sender.id, clock=clock)
    fresh = {"last_seen": max(now, sender.last_seen)} | ({"name": name[:NAME_LENGTH_MAX]} if name else {})
    SenderRow.objects.filter(id=sender.id).update(**fresh)


def weaken(sender_id: UUID, *, clock: Clock) -> int:
    """Let what a sender has proven be a claim from now on; return how many proofs that were."""
    now = clock.now()
    rows = list(SenderLinkRow.objects.select_for_update().filter(sender_id=sender_id, until=None, proof="proven"))
    for row in rows:
        end_link(row, SYSTEM_ACTOR, now)
        SenderLinkRow.objects.create(
            sender_id=sender_id, customer_id=row.customer_id, proof=ProofState.CLAIMED.value, how=row.how,
            by=SYSTEM_ACTOR, since=now,
        )  # fmt: skip
        record_of_sender("people.sender_proof_lapsed", sender_id, {}, clock, customer_id=row.customer_id)
    return len(rows)


def end_link(row: SenderLinkRow, by: str, now: datetime) -> None:
    """End a link."""
    row.until, row.ended_by = max(now, row.since), by
    row.save(update_fields=["until", "ended_by"])


def _root(rows: dict[UUID, SenderRow], one: UUID) -> UUID:
    for _ in range(JOINED_HOPS_MAX):
        above = rows[one].joined_to_id
        if above is None or above not in rows:
            break
        one = above
    return one


def _told(rows: Sequence[SenderRow]) -> dict[UUID, Identity]:
    ids = [row.id for row in rows]
    aliases: dict[UUID, list[SenderAliasRow]] = {one: [] for one in ids}
    for alias in SenderAliasRow.objects.filter(sender_id__in=ids, until=None).order_by("strength", "id"):
        aliases[alias.sender_id].append(alias)
    links: dict[UUID, list[Link]] = {one: [] for one in ids}
    for link in SenderLinkRow.objects.filter(sender_id__in=ids, until=None).order_by("id"):
        links[link.sender_id].append(Link(link.customer_id, ProofState(link.proof), LinkHow(link.how), link.since))
    return {row.id: _identity(row, aliases[row.id], links[row.id]) for row in rows}


def _identity(row: SenderRow, aliases: Sequence[SenderAliasRow], links: Sequence[Link]) -> Identity:
    only = links[0] if len(links) == 1 else None
    return Identity(
        id=row.id,
        channel=row.channel,
        scope=aliases[0].scope if aliases else "",
        external_id=aliases[0].external_id if aliases else "",
        customer_id=only.customer_id if only else None,
        proof=only.proof if only else ProofState.NONE,
        proven_at=only.since if only and only.proof is ProofState.PROVEN else None,
        name=row.name,
        first_seen=row.first_seen,
        last_seen=row.last_seen,
        links=tuple(links),
        external_ids=tuple(alias.external_id for alias in aliases),
    )


def record_of_sender(
    action: str,
    sender_id: UUID,
    after: Mapping[str, AuditValue],
    clock: Clock,
    *,
    actor: str = SYSTEM_ACTOR,
    customer_id: UUID | None = None,
    institution_id: UUID | None = None,
    reason: str = "",
) -> None:
    """Write down what was done about a sender."""
    record(
        actor=actor,
        action=action,
        subject=f"sender:{sender_id}",
        after=after,
        reason=reason,
        customer_id=customer_id,
        institution_id=institution_id,
        clock=clock,
    )
