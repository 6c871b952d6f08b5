"""Fixtures of the demo's tests."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let argon2 take a thousandth of its time: a world has many staff, and what a hash costs is proven with ``people``."""
    from raseed.people.tests.office import make_hashes_quick  # noqa: PLC0415  (models need Django set up first)

    make_hashes_quick(monkeypatch)
