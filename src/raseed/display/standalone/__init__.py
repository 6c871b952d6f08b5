"""What whoever trusts nobody runs: it imports nothing of this house, and a copy of the one file is enough."""

from __future__ import annotations

from pathlib import Path
from typing import Final

VERIFIER: Final = Path(__file__).with_name("verify_certificate.py")
"""The one file, to be handed out."""
