"""The front door of ``display``: the only door through which a screen gets a balance."""

from __future__ import annotations

from . import inspection
from .connecting import open_connection
from .customers import customer_codes, register_customer_codes
from .domain import (
    DIFFERENCES_MAX,
    GENERATIONS_MAX,
    LOOK_AGAIN_MAX,
    NAMED_MAX,
    PROOF_SENTENCES,
    REPROJECT_MAX,
    Difference,
    DifferenceKind,
    Doubt,
    Generation,
    GenerationState,
    LastProven,
    Pointer,
    PopulationReport,
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
from .generations.projection import keep_projecting
from .generations.projectors import Projector, projector_names, register_projector
from .generations.reading import generation, generations, pointer
from .generations.reprojecting import reproject
from .generations.rows import read_all as shown_rows
from .generations.services import (
    clear_canary,
    cut_over,
    open_generation,
    retire_generation,
    roll_back,
    set_canary,
)
from .population.comparing import compare_population
from .proof.certificate import Certificate
from .proof.format import FRESH_SECONDS_MAX
from .proof.refusals import CertificateRefused
from .prover.certificates import Round, certificates_of, checked, proven_population, public_keys, rounds
from .proving import prove_by
from .queries import shown_balance, shown_balances
from .standalone import VERIFIER

__all__ = [
    "CHANGE",
    "DIFFERENCES_MAX",
    "FRESH_SECONDS_MAX",
    "GENERATIONS_MAX",
    "LOOK_AGAIN_MAX",
    "NAMED_MAX",
    "PROOF_SENTENCES",
    "REPROJECT_MAX",
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
    "PopulationReport",
    "Projector",
    "ProjectorUnknown",
    "Proof",
    "Round",
    "ShownBalance",
    "TooManyGenerations",
    "certificates_of",
    "checked",
    "clear_canary",
    "compare_population",
    "customer_codes",
    "cut_over",
    "generation",
    "generation_of",
    "generations",
    "inspection",
    "keep_projecting",
    "open_connection",
    "open_generation",
    "pointer",
    "projector_names",
    "prove_by",
    "proven_population",
    "public_keys",
    "register_customer_codes",
    "register_projector",
    "reproject",
    "retire_generation",
    "roll_back",
    "rounds",
    "set_canary",
    "shown_balance",
    "shown_balances",
    "shown_rows",
]
