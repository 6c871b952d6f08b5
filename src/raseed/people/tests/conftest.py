"""Fixtures of people's tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from raseed.people.api import Institution


@pytest.fixture
def build() -> Callable[[], Institution]:
    """What registers the institution that most tests begin with, once for all of them."""
    from raseed.people.tests.world import an_institution  # noqa: PLC0415  (models need Django set up first)

    return an_institution
