"""The translations, compiled from ``.po`` to ``.mo`` at start, without gettext's programs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

PACKAGES: Final = Path(__file__).parent.parent


def catalogue_sources(root: Path = PACKAGES) -> Iterator[Path]:
    """Yield every ``.po`` file of ours."""
    yield from sorted(root.glob("*/locale/*/LC_MESSAGES/*.po"))


def compile_catalogues(root: Path = PACKAGES) -> int:
    """Compile each catalogue that is older than its source; return how many were."""
    compiled = 0
    for source in catalogue_sources(root):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            continue
        import polib  # noqa: PLC0415  (only where there is something to compile: it costs 20 ms)

        fresh = target.with_name(f".{target.name}.{os.getpid()}")
        polib.pofile(str(source)).save_as_mofile(str(fresh))
        fresh.replace(target)  # two processes at once each write a whole file
        compiled += 1
    return compiled
