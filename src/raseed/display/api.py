"""The front door of ``display``: the only door through which a screen gets a balance."""

from __future__ import annotations

from .domain import PROOF_SENTENCES, BalanceUnknown, Proof, ShownBalance
from .queries import shown_balance, shown_balances

__all__ = ["PROOF_SENTENCES", "BalanceUnknown", "Proof", "ShownBalance", "shown_balance", "shown_balances"]
