"""Fixtures of the desk's tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .bureau import Bureau


@pytest.fixture
def build() -> Callable[[], Bureau]:
    """What ``bureau`` is built by, once for all tests."""
    from .bureau import build_bureau  # noqa: PLC0415  (models need Django set up first)

    return build_bureau


@pytest.fixture
def bureau(built: Bureau, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    """The back office with a line on which customers write, in a fresh database."""
    from raseed.web.tests.office.house import cheap_passwords  # noqa: PLC0415  (models need Django set up first)
    from raseed.web.tests.street import known_codes  # noqa: PLC0415  (as above)

    known_codes(monkeypatch)
    cheap_passwords(monkeypatch)
    return built
