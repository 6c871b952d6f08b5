"""A town whose books are in order, for every test of checks; it is built once, and each test gets a clone."""

from __future__ import annotations

from collections.abc import Callable
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
def square(built: Square, database: object) -> Square:
    """The square, and hands that change its books behind everybody's back."""
    built.database = database
    return built
