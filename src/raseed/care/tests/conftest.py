"""Fixtures of care's tests: a street with people at a desk who mend things, and a house with lines whose conversations are looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from raseed.bills.tests.street import Street

    from .mending import Mending
    from .talk import House


@pytest.fixture
def street(database: object) -> Iterator[Street]:
    from django.test import override_settings  # noqa: PLC0415  (Django is set up by then)

    from raseed.bills.tests.street import build_street  # noqa: PLC0415

    del database
    with override_settings(BILLER_NETWORKS="127.0.0.0/8,::1/128"):
        built = build_street()
        yield built
        built.server.stop()


@pytest.fixture
def mending(street: Street) -> Mending:
    from .mending import Mending  # noqa: PLC0415

    return Mending(street)


@pytest.fixture
def house(database: object) -> House:
    """A house with lines, colleagues and a duty."""
    from .talk import a_house  # noqa: PLC0415  (Django is set up by then)

    del database
    return a_house()
