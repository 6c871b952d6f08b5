"""Fixtures of the back office's tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from raseed.web.tests.office.house import House


@pytest.fixture
def build() -> Callable[[], House]:
    """What ``house`` is built by, once for all tests."""
    from raseed.web.tests.office.house import build_house  # noqa: PLC0415  (models need Django set up first)

    return build_house


@pytest.fixture
def house(built: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """The street with its back office staffed, in a fresh database."""
    from raseed.web.tests.office.house import cheap_passwords  # noqa: PLC0415  (as above)
    from raseed.web.tests.street import known_codes  # noqa: PLC0415  (as above)

    known_codes(monkeypatch)
    cheap_passwords(monkeypatch)
    return built
