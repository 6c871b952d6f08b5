"""What display tells other packages. Numbers only; everything is additive within a version.

``pointer_moved`` {epoch, live, previous, canary, percent}: who sees which generation has changed; of no institution.
``generation_failed`` {generation, projector}: a projector broke, its generation is kept up no more.
"""

from __future__ import annotations

from typing import Final

POINTER_MOVED: Final = "display.pointer_moved"
GENERATION_FAILED: Final = "display.generation_failed"
