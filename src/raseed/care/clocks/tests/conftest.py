"""A desk for every test that asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .desk import Desk


@pytest.fixture
def desk(database: object) -> Desk:
    from raseed.care.duty.hours import _read  # noqa: PLC0415  (Django is set up by then)

    from .desk import build_desk  # noqa: PLC0415  (Django is set up by then)

    del database
    _read.cache_clear()  # another test's database may have had other hours at the same place
    return build_desk()
