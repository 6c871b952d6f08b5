"""A desk for every test that asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .desk import Desk


@pytest.fixture
def desk(database: object) -> Desk:
    from .desk import build_desk  # noqa: PLC0415  (Django is set up by then)

    del database
    return build_desk()
