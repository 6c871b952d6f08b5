"""How hard the long tests try: ``RASEED_TEST_EFFORT`` multiplies their examples, seconds and rounds."""

from __future__ import annotations

import os
from typing import Final

EFFORT: Final = int(os.environ.get("RASEED_TEST_EFFORT", "1"))
"""1 for every day; 7 kills the server 21 times; 50 is a night's work."""
