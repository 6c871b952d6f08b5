"""Fixtures of the back office's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from raseed.web.tests.office.house import House


@pytest.fixture
def house(database: object, monkeypatch: pytest.MonkeyPatch) -> House:
    """The street with its back office staffed, in a fresh database."""
    from raseed.web.tests.office.house import build_house, cheap_passwords  # noqa: PLC0415  (models need Django set up first)
    from raseed.web.tests.street import known_codes  # noqa: PLC0415  (as above)

    known_codes(monkeypatch)
    cheap_passwords(monkeypatch)
    return build_house()
