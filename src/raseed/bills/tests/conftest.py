"""A street for every test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .street import Street


@pytest.fixture
def street(database: object) -> Iterator[Street]:
    from django.test import override_settings  # noqa: PLC0415  (Django is set up by then)

    from .street import build_street  # noqa: PLC0415

    del database
    with override_settings(BILLER_NETWORKS="127.0.0.0/8,::1/128"):
        built = build_street()
        yield built
        built.server.stop()
