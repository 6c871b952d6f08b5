"""A small world to be proven: books, a sealer and a prover over one home."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from .world import World


@pytest.fixture
def world(database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(settings, "HOME", tmp_path)
    monkeypatch.setattr("raseed.display.prover.rounds.OPENINGS_EVERY_MS", 0)
    found = World(tmp_path)
    yield found
    found.close()
