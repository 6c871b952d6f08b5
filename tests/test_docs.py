"""Every setting, command, error code and event is documented (style 20), and the documents lead nowhere that is not there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from raseed.project import reference
from raseed.project.cli import COMMANDS

ROOT: Final = Path(__file__).parent.parent
OPERATIONS: Final = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
INNER: Final = {"RASEED_CHECKOUT", "RASEED_DATABASE_ROLE", "RASEED_TEST_RUN"}
"""Set by the launcher for its own processes; nobody else sets them."""


def settings_in_code() -> set[str]:
    """Return every environment variable of ours that the code names."""
    named: set[str] = set()
    for folder in ("src", "tests", "benchmarks"):
        for path in (ROOT / folder).rglob("*.py"):
            named.update(re.findall(r"\b(RASEED_[A-Z0-9_]+[A-Z0-9])\b", path.read_text(encoding="utf-8")))
    return named - INNER


def test_every_setting_is_documented() -> None:
    missing = {name for name in settings_in_code() | {"DATABASE_URL"} if f"`{name}`" not in OPERATIONS}
    assert not missing


def test_every_documented_setting_exists() -> None:
    assert set(re.findall(r"`(RASEED_[A-Z0-9_]+)`", OPERATIONS)) <= settings_in_code()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_documented(command: str) -> None:
    assert f"`./raseed {command}" in OPERATIONS


def test_error_codes_and_events_are_those_of_the_code() -> None:
    written = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert written == reference.text(), "write it anew: ./raseed check --write-docs"


def test_an_error_code_means_one_thing() -> None:
    meant: dict[str, set[str]] = {}
    for error in reference.all_errors():
        meant.setdefault(error.code, set()).add(error.sentence)
    assert not {code: sentences for code, sentences in meant.items() if len(sentences) > 1}


def test_links_between_documents_lead_somewhere() -> None:
    broken = []
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        targets = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        broken += [f"{page.relative_to(ROOT)} → {target}" for target in targets if not (page.parent / target).exists()]
    assert not broken
