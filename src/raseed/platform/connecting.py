"""Connections beside Django's: of loops that run on their own, in autocommit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg

Connect = Callable[[], psycopg.Connection[Any]]


def open_connection(name: str) -> psycopg.Connection[Any]:
    """Open a connection to the database that Django's settings name; ``name`` is what the server calls its user by."""
    from django.db import connection  # noqa: PLC0415 - the settings may be made just before

    address = connection.settings_dict
    return psycopg.connect(
        dbname=address["NAME"], user=address["USER"], password=address["PASSWORD"], host=address["HOST"],
        port=address["PORT"] or None, application_name=name, autocommit=True, **address.get("OPTIONS", {}),
    )  # fmt: skip
