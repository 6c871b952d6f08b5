"""Fixtures of the pages' tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from raseed.web.tests.corner import Corner
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


@pytest.fixture
def corner(database: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Corner]:
    """A biller with bills, and somebody who has an account at the bank that collects."""
    from django.test import override_settings  # noqa: PLC0415  (as above)

    from raseed.bills.tests.street import build_street as build_bills  # noqa: PLC0415  (as above)
    from raseed.web.tests.corner import Corner  # noqa: PLC0415  (as above)
    from raseed.web.tests.street import known_codes  # noqa: PLC0415  (as above)

    del database
    known_codes(monkeypatch)
    with override_settings(BILLER_NETWORKS="127.0.0.0/8,::1/128"):
        built = build_bills()
        try:
            yield Corner(built)
        finally:
            built.server.stop()
