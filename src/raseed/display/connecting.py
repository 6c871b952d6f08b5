"""Connections of display's own loops: beside Django's, in autocommit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg

Connect = Callable[[], psycopg.Connection[Any]]


def open_connection() -> psycopg.Connection[Any]:
    """Open a connection to the database that Django's settings name."""
    from django.db import connection  # noqa: PLC0415 - the settings may be made just before

    address = connection.settings_dict
    return psycopg.connect(
        dbname=address["NAME"], user=address["USER"], password=address["PASSWORD"], host=address["HOST"],
        port=address["PORT"] or None, application_name="raseed-display", autocommit=True, **address.get("OPTIONS", {}),
    )  # fmt: skip
