"""Single things that threads look up at the same moment are looked up together: a statement for each kind of thing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

from django.db import connection

from .gathering import Gatherer

Name = TypeVar("Name", bound=Hashable)
Found = TypeVar("Found")
_LookUp = Callable[[Sequence[Any]], Mapping[Any, object]]


def look_up(by_name: Callable[[Sequence[Name]], Mapping[Name, Found]], name: Name) -> Found | None:
    """Return what ``by_name`` finds under a name, ``None`` where that is nothing; asked for all who ask at the same moment.

    Args:
        by_name: a function of a module, which looks names up in what has been committed and changes nothing.
        name: an id, or whatever else it takes.
    """
    if connection.in_atomic_block:  # which sees what nobody else does yet
        return by_name([name]).get(name)
    return cast("Found | None", _gatherer.do((by_name, name), key=None))


def _look_up(asked: Sequence[tuple[_LookUp, Hashable]], _: None) -> list[object]:
    names: dict[_LookUp, dict[Hashable, None]] = defaultdict(dict)
    for by_name, name in asked:
        names[by_name][name] = None
    found = {by_name: by_name(list(its)) for by_name, its in names.items()}
    return [found[by_name].get(name) for by_name, name in asked]


_gatherer: Final = Gatherer[tuple[_LookUp, Hashable], None, object](_look_up)
