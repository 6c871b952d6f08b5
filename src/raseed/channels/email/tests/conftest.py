from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture
def server() -> Iterator[Any]:
    from .servers import mail_server_running  # noqa: PLC0415  (loaded before Django is set up)

    with mail_server_running() as told:
        yield told
