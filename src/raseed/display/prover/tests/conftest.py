"""A small world to be proven: books, a sealer and a prover over one home."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings


@pytest.fixture
def world(database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from .world import World  # noqa: PLC0415  (Django is set up by the fixture before)

    monkeypatch.setattr(settings, "HOME", tmp_path)
    monkeypatch.setattr("raseed.display.prover.rounds.OPENINGS_EVERY_MS", 0)
    found = World(tmp_path)
    yield found
    found.close()
