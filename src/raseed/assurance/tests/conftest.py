"""A town whose books are in order, for every test of checks; it is built once, and each test gets a clone."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .square import Square


@pytest.fixture(scope="session")
def build() -> Callable[[], Square]:
    """Build the square where the tests are."""
    from .square import build_square  # noqa: PLC0415  (Django is set up by then)

    return build_square


@pytest.fixture
def square(built: Square, database: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Square:
    """The square, a copy of its home, and hands that change its books behind everybody's back."""
    from django.conf import settings  # noqa: PLC0415  (Django is set up by then)

    built.database, built.home = database, tmp_path / "home"
    shutil.copytree(settings.HOME, built.home)
    monkeypatch.setattr(settings, "HOME", built.home)
    return built
