"""Senders as other packages see them, and what can stand in the way of knowing who they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from raseed.kernel.errors import Conflict, InputError, NotFound, mark

EXTERNAL_IDS_MAX: Final = 8
EXTERNAL_ID_LENGTH_MAX: Final = 300
NAME_LENGTH_MAX: Final = 120
LINKS_MAX: Final = 20
"""Customers that one sender may be linked to: a shop's telephone, a family's."""
PROOF_IDLE: Final = timedelta(days=90)
"""A sender who was silent for so long has to prove anew: mobile companies give a number to somebody else after 90 days."""


class ProofState(StrEnum):
    """How far it is known that a sender is a customer: not, by a number or a colleague's word, or proven."""

    NONE = "none"
    CLAIMED = "claimed"
    PROVEN = "proven"


class LinkHow(StrEnum):
    """By what a sender was linked to a customer. The first two prove it, the others claim it."""

    ONE_TIME_CODE = "one_time_code"
    SIGNED_IN = "signed_in"
    STAFF = "staff"
    NUMBER = "number"


PROOF_OF: Final = {
    LinkHow.ONE_TIME_CODE: ProofState.PROVEN,
    LinkHow.SIGNED_IN: ProofState.PROVEN,
    LinkHow.STAFF: ProofState.CLAIMED,
    LinkHow.NUMBER: ProofState.CLAIMED,
}


class UnknownIdentity(NotFound):
    """No sender has this id."""

    code = "unknown_identity"
    sentence = mark("We know no such sender.")
    hint = mark("Look at the conversation again.")


class TooManyLinks(Conflict):
    """The sender is linked to as many customers as one may be."""

    code = "too_many_links"
    sentence = mark("This sender is linked to too many customers.")
    hint = mark("End the links that are not right first.")


class NotLinked(Conflict):
    """The sender is not linked to this customer."""

    code = "not_linked"
    sentence = mark("This sender is not linked to this customer.")
    hint = mark("Look at whom the sender is linked to now.")


class CannotMerge(InputError):
    """Two customers who can't be merged: the same one, or one of them is merged already."""

    code = "cannot_merge"
    sentence = mark("These two customers can't be merged.")
    hint = mark("Choose two different customers of this institution, neither of them merged into another.")


class NotMerged(Conflict):
    """There is no such merge, or it was undone."""

    code = "not_merged"
    sentence = mark("These customers are not merged.")
    hint = mark("Look at the customer again.")


@dataclass(frozen=True, slots=True)
class Link:
    """That a sender is a customer, as far as it is known."""

    customer_id: UUID
    proof: ProofState
    how: LinkHow
    since: datetime


@dataclass(frozen=True, slots=True)
class Identity:
    """A sender on a channel.

    Attributes:
        scope: under which the channel's ids are unique; ``external_id``: the strongest of them.
        customer_id: whom the sender is linked to, if it is exactly one; with several, one has to ask which.
        proof, proven_at: of that link. Of a given customer: ``proof_for``.
        name: as the sender last called themself. It proves nothing.
        links: all customers that the sender is linked to, the earliest first.
        external_ids: all ids that the sender has now: a hidden phone number, and the business's own id for the user.
    """

    id: UUID
    channel: str
    scope: str
    external_id: str
    customer_id: UUID | None
    proof: ProofState
    proven_at: datetime | None
    name: str
    first_seen: datetime
    last_seen: datetime
    links: tuple[Link, ...] = ()
    external_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Merge:
    """That two customers are one person: ``merged`` is read as ``kept`` until it is undone."""

    id: UUID
    kept: UUID
    merged: UUID
    institution_id: UUID
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class MergePage:
    """Merges, the latest first, and the marker of the next page if there is one."""

    merges: tuple[Merge, ...]
    next: str | None
