"""Writes docs/reference.md: every error code and every event, taken from the code, so that none is forgotten."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import raseed
from raseed.kernel.errors import RaseedError

HEAD: Final = """# Reference: error codes and events

Written by `./raseed check --write-docs` from the code; don't edit it by hand.
"""


def all_modules() -> Iterator[str]:
    """Import and yield every module of ours, without tests, migrations and programs."""
    for found in pkgutil.walk_packages(raseed.__path__, "raseed."):
        name = found.name
        if any(part in ("tests", "migrations", "__main__", "settings", "wsgi", "rail") for part in name.split(".")):
            continue
        if not name.startswith("raseed.project"):
            importlib.import_module(name)
            yield name


def all_errors() -> list[type[RaseedError]]:
    """Return every class of the error tree of ours, by package and code."""
    list(all_modules())

    def below(parent: type[RaseedError]) -> Iterator[type[RaseedError]]:
        for child in parent.__subclasses__():
            if child.__module__.startswith("raseed.") and ".tests." not in child.__module__:
                yield child
            yield from below(child)

    found: set[type[RaseedError]] = {RaseedError, *below(RaseedError)}
    return sorted(found, key=lambda error: (error.__module__.split(".")[1], error.code, error.__name__))


def all_events() -> dict[str, str]:
    """Return every event's name with the package that tells it."""
    found = {}
    for name in all_modules():
        _, package, *rest = name.split(".")
        if rest != ["events"]:
            continue
        constants = vars(importlib.import_module(name)).values()
        found.update(
            {value: package for value in constants if isinstance(value, str) and value.startswith(f"{package}.")}
        )
    return dict(sorted(found.items()))


def text() -> str:
    """Return the page."""
    lines = [HEAD, "## Error codes", "", "| package | code | sentence | what to do |", "|---|---|---|---|"]
    for error in all_errors():
        cells = [error.__module__.split(".")[1], f"`{error.code}`", error.sentence, error.hint]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    lines += ["", "## Events", "", "What each says is in the docstring of its package's `events.py`.", ""]
    lines += [
        "| package | event |",
        "|---|---|",
        *(f"| {package} | `{name}` |" for name, package in all_events().items()),
    ]
    return "\n".join(lines) + "\n"


def write(root: Path) -> None:
    """Write the page anew."""
    (root / "docs" / "reference.md").write_text(text(), encoding="utf-8")
