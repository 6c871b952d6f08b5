"""Fixtures of care's tests: a street with people at a desk who mend things, and a house with lines whose conversations are looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from raseed.bills.tests.street import Street

    from .beside import Beside
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
def beside() -> Iterator[Beside]:
    """Stand-ins for the rooms beside conversations."""
    from .beside import standing_beside  # noqa: PLC0415  (Django is set up by then)

    with standing_beside() as found:
        yield found


@pytest.fixture
def house(database: object, beside: Beside) -> House:
    """A house with lines and colleagues, and stand-ins beside its conversations."""
    from .talk import a_house  # noqa: PLC0415

    return a_house()
