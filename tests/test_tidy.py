"""House rules that no linter knows: each banned phrase has its replacement (style 13, 14, 15, 21)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

ROOT: Final = Path(__file__).parent.parent
FILE_LINES_MAX: Final = 500
FUNCTION_LINES_MAX: Final = 70
ONE_FILE: Final = {"src/raseed/display/standalone/verify_certificate.py": 600}
"""What has to be one file, because whoever trusts nobody copies it alone."""
TESTS: Final = re.compile(r"(^|/)tests/|^src/raseed_testing\.py$|^conftest\.py$")
MONEY: Final = r"src/raseed/(ledger|display|banking|payments|kernel/money)"


class Ban(NamedTuple):
    """A phrase, what to write in its place, and where it is banned and allowed (patterns of paths)."""

    phrase: str
    instead: str
    where: str = r"\.py$"
    allowed: str = r"^$"


BANS: Final = (
    Ban(r"datetime\.now\(|utcnow\(|date\.today\(|\btime\.time\(", "SYSTEM_CLOCK.now(), passed in",
        allowed=r"kernel/(clock|ids)\.py$|^tests/test_tidy\.py$"),
    Ban(r"timezone\.now\(|timezone import now", "SYSTEM_CLOCK.now(), passed in",
        allowed=r"^tests/test_tidy\.py$"),
    Ban(r"\buuid[14]\(", "raseed.kernel.ids.new_id()", allowed=r"^benchmarks/|(^|/)tests/"),
    Ban(r"\bfloat\(|: float\b|-> float\b", "an integer of minor units (money), or Decimal at the edge",
        where=MONEY + r".*\.py$", allowed=r"(^|/)tests/"),
    Ban(r"\bDecimal\(\s*\d+\.\d", "Decimal('…'): a literal with a point is a float first"),
    Ban(r"\b(TODO|FIXME|HACK)\b", "an issue, or the work itself", where=r"\.(py|html|css|js|sql|md|toml)$",
        allowed=r"^tests/test_tidy\.py$"),
    Ban(r"\bsleep\(", "an event, a condition with a deadline, or a ManualClock", where=r"(^|/)tests/.*\.py$"),
    Ban(r"shell=True|os\.system\(", "a list of words", allowed=r"^tests/test_tidy\.py$"),
    Ban(r"\bon_commit\(", "an event or a job in the same transaction (what is only in memory dies with the process)",
        where=r"^src/.*\.py$"),
    Ban(r"@receiver\(|post_save|pre_save", "a verb in services.py (style 17)", where=r"^src/.*\.py$"),
    Ban(r"(margin|padding|border)-(left|right)\b|text-align:\s*(left|right)|float:\s*(left|right)",
        "the logical property (margin-inline-start …), so that right-to-left is no patch", where=r"\.css$"),
    Ban(r"style=\"|onclick=\"|javascript:", "a class, or a listener in the script file (the content policy refuses it)",
        where=r"\.html$"),
    Ban(r"\|safe\b|autoescape off", "format_html() in a tag of ours, or plain text", where=r"\.html$"),
)  # fmt: skip


def files(suffixes: str) -> Iterator[tuple[str, Path]]:
    """Yield our own files: the name as the repository has it, and where it is."""
    for folder in ("src", "tests", "benchmarks", "docs"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and re.search(suffixes, path.name) and "__pycache__" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), path
    yield "conftest.py", ROOT / "conftest.py"


@pytest.mark.parametrize("ban", BANS, ids=lambda ban: ban.phrase)
def test_no_banned_phrase(ban: Ban) -> None:
    found = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, path in files(r"\.(py|html|css|js|sql|md|toml)$")
        if re.search(ban.where, name) and not re.search(ban.allowed, name)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(ban.phrase, line) and "tidy: allowed" not in line
    ]
    assert not found, f"write {ban.instead} instead:\n" + "\n".join(found)


def test_who_hears_of_an_event_calls_it_by_the_constant_of_whoever_tells_it() -> None:
    """A name that is typed again goes on hearing nothing after the event was renamed."""
    typed = []
    for name, path in files(r"\.py$"):
        if not name.startswith("src/") or TESTS.search(name) or "subscribe(" not in (text := path.read_text("utf-8")):
            continue
        tree = ast.parse(text)
        told = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and (node.module or "").endswith("events")
            for alias in node.names
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("subscribe") and node.keywords:
                first = ast.unparse(node.args[0])
                if first not in told and not re.fullmatch(r"events\.[A-Z_]+", first):
                    typed.append(f"{name}:{node.lineno}: {first}")
    assert not typed, f"import it from the package's events: {typed}"


def test_no_file_is_too_long_for_a_mind() -> None:
    long = {
        name: lines
        for name, path in files(r"\.py$")
        if "/migrations/" not in name
        and (lines := len(path.read_text(encoding="utf-8").splitlines())) > ONE_FILE.get(name, FILE_LINES_MAX)
    }
    assert not long


def test_every_function_fits_a_screen() -> None:
    long = []
    for name, path in files(r"\.py$"):
        if "/migrations/" in name:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES_MAX:
                    long.append(f"{name}:{node.lineno}: {node.name} has {lines} lines")
    assert not long, "\n".join(long)


def test_no_name_that_says_nothing() -> None:
    empty = re.compile(r"(^|[_/])(utils?|helpers?|managers?|misc|common)([_/.]|$)")
    named = [name for name, _ in files(r"\.py$") if empty.search(name)]
    assert not named


def test_every_module_says_what_it_owns() -> None:
    silent = [
        name
        for name, path in files(r"\.py$")
        if not re.search(r"/(migrations|tests)/|apps\.py$|__init__\.py$|__main__\.py$|(^|/)tests/", name)
        and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not silent
