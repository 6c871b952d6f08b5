"""Packages meet at their front doors only (style 8, 9): api.py and events.py cross, models and tables never do."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from django.apps import apps

SOURCE: Final = Path(__file__).parent.parent / "src" / "raseed"
DOORS: Final = {"api", "events"}
GROUND: Final = {
    "kernel": None,  # pure Python: all of it is meant for everyone
    "platform": {
        "api",
        "domain",
        "events",
        "jobs",
        "formats",
        "errors",
        "append_only",
        "connecting",
        "cursors",
        "keys",
        "loops",
        "http",
        "rail",
        "rest",
        "statements",
        "webhooks",
    },
}
ROOM_DOORS: Final = {"ledger": {("log", "api")}, "assurance": {("guard", "api")}}
"""Rooms of a package with a front door of their own: signed notes and keys, which display's log shares; the release guard."""
COMPOSITION: Final = {"project"}
"""Puts the house together, so it may reach into it."""


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the dotted name of everything a file imports from Raseed."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names if name.name.startswith("raseed."))
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").startswith("raseed"):
            for name in node.names:
                yield node.lineno, f"{node.module}.{name.name}"


def allowed(home: str, target: str) -> bool:
    """Whether a file of the package ``home`` may import ``target`` (``raseed.package.module…``)."""
    _, package, *rest = [*target.split("."), "", ""]
    if package == home or home in COMPOSITION:
        return True
    doors = GROUND.get(package, DOORS)
    return doors is None or rest[0] in doors or (rest[0], rest[1]) in ROOM_DOORS.get(package, set())


def test_only_front_doors_cross() -> None:
    wrong = []
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE)
        if "tests" in name.parts or "migrations" in name.parts or len(name.parts) == 1:
            continue
        wrong += [f"{name}:{line}: {target}" for line, target in imports_of(path) if not allowed(name.parts[0], target)]
    assert not wrong, "import from the other package's api or events:\n" + "\n".join(wrong)


def test_domain_and_events_know_no_framework() -> None:
    frameworks = {"django", "psycopg", "procrastinate", "granian", "django_htmx"}
    wrong = []
    for path in [*SOURCE.glob("*/domain.py"), *SOURCE.glob("*/domain/*.py"), *SOURCE.glob("*/events.py")]:
        if path.name == "events.py" and path.parent.name == "platform":
            continue  # the outbox itself
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [name.name for name in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and node.level == 0 else []
            wrong += [f"{path.relative_to(SOURCE)}: {name}" for name in names if name.split(".")[0] in frameworks]
    assert not wrong


def test_no_relation_crosses_a_package() -> None:
    crossing = [
        f"{model._meta.label}.{field.name} → {field.related_model._meta.label}"
        for model in apps.get_models()
        if model.__module__.startswith("raseed.")
        for field in model._meta.get_fields()
        if field.is_relation
        and field.related_model is not None
        and field.related_model._meta.app_label != model._meta.app_label
    ]
    assert not crossing


def test_every_table_carries_its_package_s_name() -> None:
    strange = [
        f"{model._meta.label}: {model._meta.db_table}"
        for model in apps.get_models()
        if model.__module__.startswith("raseed.") and not model._meta.db_table.startswith(f"{model._meta.app_label}_")
    ]
    assert not strange


def test_no_sql_file_names_another_package_s_table() -> None:
    owners = {
        model._meta.db_table: model._meta.app_label
        for model in apps.get_models()
        if model.__module__.startswith("raseed.")
    }
    wrong = []
    for path in sorted(SOURCE.glob("*/sql/*.sql")):
        words = set(path.read_text(encoding="utf-8").replace('"', " ").replace("(", " ").replace(",", " ").split())
        wrong += [
            f"{path.relative_to(SOURCE)}: {table}"
            for table, owner in owners.items()
            if table in words and owner != path.relative_to(SOURCE).parts[0]
        ]
    assert not wrong
