"""Fixtures of the desk's tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .bureau import Bureau


@pytest.fixture
def build() -> Callable[[], Bureau]:
    """What ``bureau`` is built by, once for all tests."""
    from .bureau import build_bureau  # noqa: PLC0415  (models need Django set up first)

    return build_bureau


@pytest.fixture
def bureau(built: Bureau, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bureau]:
    """The back office with a line on which customers write, in a fresh database."""
    from raseed.care.duty import api as duty  # noqa: PLC0415  (models need Django set up first)
    from raseed.care.tests.beside import standing_beside  # noqa: PLC0415  (as above)
    from raseed.web.tests.office.house import cheap_passwords  # noqa: PLC0415  (as above)
    from raseed.web.tests.street import known_codes  # noqa: PLC0415  (as above)

    known_codes(monkeypatch)
    cheap_passwords(monkeypatch)
    with standing_beside() as beside:
        beside.on_duty = built.house.salma.staff.id
        beside.team = duty.default_team(
            built.line.institution_id
        ).id  # clocks of questions run for a team that is there
        yield built
