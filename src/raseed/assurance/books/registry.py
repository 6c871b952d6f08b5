"""The checks there are, by name, in the order in which they are asked."""

from __future__ import annotations

from .domain import Check

_checks: dict[str, Check] = {}


def register_check(check: Check) -> None:
    """Add a check; called where a package starts. The same one twice counts once."""
    known = _checks.get(check.name)
    assert known is None or known == check, f"two checks are called {check.name}"
    _checks[check.name] = check


def registered_checks() -> list[Check]:
    """Return all checks, in the order in which they were added."""
    return list(_checks.values())


def check_named(name: str) -> Check | None:
    """Return a check, or ``None``."""
    return _checks.get(name)
