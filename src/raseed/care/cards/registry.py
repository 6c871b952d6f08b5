"""Who can say something about a customer: one provider a source, in the order in which they registered."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from .domain import Provider, Source, Tellable

NOTHING: Final[Mapping[str, Tellable]] = MappingProxyType({})
_sources: dict[str, Source] = {}


def register_provider(
    code: str, title: str, provider: Provider, permission: str, *, tells: Mapping[str, Tellable] = NOTHING
) -> None:
    """Make a source known; a package does it from ``AppConfig.ready``. The same one again changes nothing.

    Args:
        code: a stable name, kept with each fact that goes into a reply.
        title: a message id, the heading of its card.
        provider: answers what it is asked; whatever it raises counts as unavailable. It reads, and writes nothing.
        permission: what one must hold at the institution to see its card.
        tells: the kinds of fact that customers may be told, by what their keys begin with. Prepared answers carry these.
    """
    source = Source(code, title, provider, permission, tells)
    known = _sources.setdefault(code, source)
    assert known == source, f"two sources of facts are called {code}"


def sources() -> tuple[Source, ...]:
    """Return every source."""
    return tuple(_sources.values())


def source(code: str) -> Source | None:
    """Return the source of that name, if there is one."""
    return _sources.get(code)


def tellable() -> Mapping[str, Tellable]:
    """Return every kind of fact that customers may be told, by the name that prepared answers know it by."""
    return {kind: told for each in _sources.values() for kind, told in each.tells.items()}
