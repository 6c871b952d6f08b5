"""A system under guard, for the tests of the guard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings

from raseed.assurance.guard.tests.shop import Town, build_town, town_of


@pytest.fixture
def build() -> Callable[[], UUID]:
    return build_town


@pytest.fixture
def town(built: UUID, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Town:
    """A system under guard, with keys and files in a folder of the test's own."""
    monkeypatch.setattr(settings, "HOME", tmp_path)
    return town_of(built, monkeypatch)
