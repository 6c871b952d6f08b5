"""A system under guard, for the tests of the guard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

if TYPE_CHECKING:
    from raseed.assurance.guard.tests.shop import Town


@pytest.fixture
def build() -> Callable[[], UUID]:
    """What registers the institution."""
    from raseed.assurance.guard.tests.shop import build_town  # noqa: PLC0415  (models need Django set up first)

    return build_town


@pytest.fixture
def town(built: UUID, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Town:
    """A system under guard, with keys and files in a folder of the test's own."""
    from django.conf import settings  # noqa: PLC0415

    from raseed.assurance.guard.tests.shop import town_of  # noqa: PLC0415

    monkeypatch.setattr(settings, "HOME", tmp_path)
    return town_of(built, monkeypatch)
