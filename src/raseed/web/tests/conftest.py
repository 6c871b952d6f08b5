"""Fixtures of the pages' tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from raseed.web.tests.street import Street


@pytest.fixture
def build() -> Callable[[], Street]:
    """What ``street`` is built by, once for all tests."""
    from raseed.web.tests.street import build_street  # noqa: PLC0415  (models need Django set up first)

    return build_street


@pytest.fixture
def street(built: Street, monkeypatch: pytest.MonkeyPatch) -> Street:
    """Two neighbours with accounts, in a fresh database; every one-time code is the same."""
    from raseed.web.tests.street import known_codes  # noqa: PLC0415  (as above)

    known_codes(monkeypatch)
    return built
