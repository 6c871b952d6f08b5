"""The front door of ``display``: the only door through which a screen gets a balance."""

from __future__ import annotations

from .connecting import open_connection
from .customers import customer_codes, register_customer_codes
from .domain import (
    GENERATIONS_MAX,
    NAMED_MAX,
    PROOF_SENTENCES,
    Difference,
    DifferenceKind,
    Doubt,
    Generation,
    GenerationState,
    LastProven,
    Pointer,
    Proof,
    ShownBalance,
)
from .errors import (
    BalanceUnknown,
    CanaryRunning,
    GenerationShown,
    GenerationUnknown,
    InvalidCohort,
    NoCertificate,
    NotACandidate,
    NothingLive,
    NothingToRollBackTo,
    ProjectorUnknown,
    TooManyGenerations,
)
from .generations.cohorts import generation_of
from .generations.columns import CHANGE, SHOWN
from .generations.fold import Fold
from .generations.projectors import Projector, projector_names, register_projector
from .generations.reading import generation, generations, pointer
from .generations.rows import read_all as shown_rows
from .generations.services import (
    clear_canary,
    cut_over,
    open_generation,
    retire_generation,
    roll_back,
    set_canary,
)
from .proof.certificate import Certificate
from .proof.format import FRESH_SECONDS_MAX
from .proof.refusals import CertificateRefused
from .prover.certificates import Round, certificates_of, checked, proven_population, public_keys, rounds
from .queries import shown_balance, shown_balances
from .standalone import VERIFIER

__all__ = [
    "CHANGE",
    "FRESH_SECONDS_MAX",
    "GENERATIONS_MAX",
    "NAMED_MAX",
    "PROOF_SENTENCES",
    "SHOWN",
    "VERIFIER",
    "BalanceUnknown",
    "CanaryRunning",
    "Certificate",
    "CertificateRefused",
    "Difference",
    "DifferenceKind",
    "Doubt",
    "Fold",
    "Generation",
    "GenerationShown",
    "GenerationState",
    "GenerationUnknown",
    "InvalidCohort",
    "LastProven",
    "NoCertificate",
    "NotACandidate",
    "NothingLive",
    "NothingToRollBackTo",
    "Pointer",
    "Projector",
    "ProjectorUnknown",
    "Proof",
    "Round",
    "ShownBalance",
    "TooManyGenerations",
    "certificates_of",
    "checked",
    "clear_canary",
    "customer_codes",
    "cut_over",
    "generation",
    "generation_of",
    "generations",
    "open_connection",
    "open_generation",
    "pointer",
    "projector_names",
    "proven_population",
    "public_keys",
    "register_customer_codes",
    "register_projector",
    "retire_generation",
    "roll_back",
    "rounds",
    "set_canary",
    "shown_balance",
    "shown_balances",
    "shown_rows",
]
