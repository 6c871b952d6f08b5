"""The door of identities; ``people.api`` exports the same: who writes, and customers who are one person."""

from __future__ import annotations

from .domain import (
    CannotMerge,
    Identity,
    Link,
    LinkHow,
    Merge,
    MergePage,
    NotLinked,
    NotMerged,
    ProofState,
    TooManyLinks,
    UnknownIdentity,
)
from .knowing import identities, identity, identity_for, identity_ids_of
from .linking import hold_identity, identities_of, link_identity, proof_for, unlink_identity
from .merging import (
    customers_as_one,
    merge,
    merge_customers,
    merges,
    merges_of,
    resolve_customer,
    resolve_customers,
    unmerge_customers,
)
from .proving import finish_proof, possible_customers, start_proof, try_proof

__all__ = [
    "CannotMerge",
    "Identity",
    "Link",
    "LinkHow",
    "Merge",
    "MergePage",
    "NotLinked",
    "NotMerged",
    "ProofState",
    "TooManyLinks",
    "UnknownIdentity",
    "customers_as_one",
    "finish_proof",
    "hold_identity",
    "identities",
    "identities_of",
    "identity",
    "identity_for",
    "identity_ids_of",
    "link_identity",
    "merge",
    "merge_customers",
    "merges",
    "merges_of",
    "possible_customers",
    "proof_for",
    "resolve_customer",
    "resolve_customers",
    "start_proof",
    "try_proof",
    "unlink_identity",
    "unmerge_customers",
]
