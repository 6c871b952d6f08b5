from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture
def provider() -> Iterator[Any]:
    from .providers import provider_running  # noqa: PLC0415  (loaded before Django is set up)

    with provider_running() as told:
        yield told
