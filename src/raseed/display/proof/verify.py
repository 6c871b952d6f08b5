"""Whether a certificate proves a balance: the server's own verifier. Others are written from docs/formats/certificate.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from raseed.ledger.log.api import Forged, Verifier

from .certificate import Certificate
from .format import FRESH_SECONDS_MAX, NODE_BYTES, Node, SumOverflow, depth_of, leaf_hash, root_over
from .refusals import (
    ForgedCheckpoint,
    OlderThanSeen,
    OtherAccount,
    OtherAmount,
    PathElsewhere,
    PathLength,
    SharesDisagree,
    SumOverflows,
    TooOld,
    UnknownKey,
    WrongTree,
)


def check(
    certificate: Certificate,
    keys: Sequence[Verifier],
    *,
    now: datetime,
    seen: Mapping[str, int] | None = None,
    account_id: UUID | None = None,
    booked_minor: int | None = None,
    held_minor: int | None = None,
    fresh: timedelta = timedelta(seconds=FRESH_SECONDS_MAX),
) -> None:
    """Return if the certificate proves what is asked; otherwise raise the first reason that applies, in this order.

    ``keys`` are trusted; ``seen`` is the as-of (Unix microseconds) of the newest root accepted before, by tree's name; the
    account and the amounts (minor units) are those shown, where given.

    Raises:
        CertificateRefused: which of its kinds says why.
    """
    _signature(certificate, keys)
    _paths(certificate)
    _shares(certificate)
    if certificate.as_of < now - fresh:
        raise TooOld(as_of=certificate.as_of.isoformat(timespec="seconds"))
    if certificate.root.as_of_us < (seen or {}).get(certificate.root.origin, 0):
        raise OlderThanSeen
    if account_id is not None and account_id != certificate.account_id:
        raise OtherAccount
    if booked_minor not in (None, certificate.booked_minor) or held_minor not in (None, certificate.held_minor):
        raise OtherAmount


def _signature(certificate: Certificate, keys: Sequence[Verifier]) -> None:
    try:
        signed = certificate.signed_note().signed_by(keys)
    except Forged:
        raise ForgedCheckpoint from None
    if not signed:
        raise UnknownKey
    root = certificate.root
    if all(key.name != root.origin for key in signed):
        raise WrongTree
    if (root.currency, root.scale) != (certificate.currency, certificate.scale):
        raise WrongTree


def _paths(certificate: Certificate) -> None:
    root = certificate.root
    for share in certificate.shares:
        if len(share.path) != NODE_BYTES * depth_of(root.capacity) or share.place >= root.capacity:
            raise PathLength
    for number, share in enumerate(certificate.shares):
        try:
            path = [
                Node.from_bytes(share.path[at : at + NODE_BYTES]) for at in range(0, len(share.path), NODE_BYTES)
            ]  # fmt: skip
            leaf = leaf_hash(
                salt=share.salt, account_id=certificate.account_id, share=number, owed=share.owed, owing=share.owing,
                held=certificate.held_minor, position=certificate.position,
            )  # fmt: skip
            found = root_over(Node(leaf, share.owed, share.owing), share.place, path)
        except SumOverflow:
            raise SumOverflows from None
        if found != root.root:
            raise PathElsewhere


def _shares(certificate: Certificate) -> None:
    first, second = certificate.shares
    owed, owing = first.owed + second.owed, first.owing + second.owing
    if first.place == second.place or (owed and owing) or owed - owing != certificate.booked_minor:
        raise SharesDisagree
