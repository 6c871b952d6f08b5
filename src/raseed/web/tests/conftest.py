"""Fixtures of the pages' tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from raseed.web.tests.street import Street


@pytest.fixture
def street(database: object, monkeypatch: pytest.MonkeyPatch) -> Street:
    """Two neighbours with accounts, in a fresh database; every one-time code is the same."""
    from raseed.web.tests.street import build_street, known_codes  # noqa: PLC0415  (models need Django set up first)

    known_codes(monkeypatch)
    return build_street()
