"""Fixtures of banking's tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from raseed.banking.tests.town import Town


@pytest.fixture
def build() -> Callable[[], Town]:
    """What ``town`` is built by, once for all tests."""
    from raseed.banking.tests.town import build_town  # noqa: PLC0415  (models need Django set up first)

    return build_town


@pytest.fixture
def town(built: Town) -> Town:
    """Two institutions with books and products, in a fresh database."""
    return built
