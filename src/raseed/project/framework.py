"""``./raseed django …``: Django's own commands, for developers (``makemigrations``, ``shell``, …)."""

from __future__ import annotations

from collections.abc import Sequence


def main(argv: Sequence[str]) -> int:
    """Hand the words to Django."""
    from django.core.management import execute_from_command_line  # noqa: PLC0415  (slow, and only needed here)

    execute_from_command_line(["raseed django", *argv])
    return 0
