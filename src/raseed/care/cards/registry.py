"""Who can say something about a customer: one provider a source, in the order in which they registered."""

from __future__ import annotations

from .domain import Provider, Source

_sources: dict[str, Source] = {}


def register_provider(code: str, title: str, provider: Provider, permission: str) -> None:
    """Make a source known; a package does it from ``AppConfig.ready``. The same one again changes nothing.

    Args:
        code: a stable name, kept with each fact that goes into a reply.
        title: a message id, the heading of its card.
        provider: answers what it is asked; whatever it raises counts as unavailable. It reads, and writes nothing.
        permission: what one must hold at the institution to see its card.
    """
    source = Source(code, title, provider, permission)
    known = _sources.setdefault(code, source)
    assert known == source, f"two sources of facts are called {code}"


def sources() -> tuple[Source, ...]:
    """Return every source."""
    return tuple(_sources.values())


def source(code: str) -> Source | None:
    """Return the source of that name, if there is one."""
    return _sources.get(code)
