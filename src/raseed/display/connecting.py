"""Connections of display's own loops: beside Django's, in autocommit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from raseed.platform import connecting

if TYPE_CHECKING:
    import psycopg

Connect = connecting.Connect


def open_connection() -> psycopg.Connection[Any]:
    """Open a connection to the database that Django's settings name."""
    return connecting.open_connection("raseed-display")
