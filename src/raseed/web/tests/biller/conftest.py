"""Fixtures of the tests of the biller's side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from raseed.web.tests.biller.desk import Desk
    from raseed.web.tests.corner import Corner


@pytest.fixture
def desk(corner: Corner, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A biller with a clerk, in a fresh database; passwords cost next to nothing."""
    from raseed.web.tests.biller.desk import Desk  # noqa: PLC0415  (models need Django set up first)
    from raseed.web.tests.office.house import cheap_passwords  # noqa: PLC0415  (as above)

    cheap_passwords(monkeypatch)
    return Desk(corner)
