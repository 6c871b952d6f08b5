"""A street for every test that asks for one, and people at a desk on it who mend things."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from raseed.bills.tests.street import Street

    from .mending import Mending


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
