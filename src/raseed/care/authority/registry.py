"""Which things can be done for customers. A package registers its actions from ``AppConfig.ready``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from raseed.kernel.clock import Clock
from raseed.kernel.money import Money

from .domain import Asked
from .errors import InvalidSubject, UnknownAction


@dataclass(frozen=True, slots=True)
class Action:
    """Something that staff do for a customer.

    Attributes:
        code: its name for programs; ``words`` (a message id) for people.
        subject: of what kind its subjects are: ``payment``, ``bill``, ``account``, ``text``.
        has_amount: whether it comes to an amount, which limits bound; else they bound how often.
        asks_amount: whether the asker says how much; else the action does.
        weigh: refuses, with typed errors, what could not be done, and returns what it comes to; changes nothing.
        perform: does it, in the open transaction, once for ``Asked.id``; if it posts to the ledger, last of all.
        details: the names of more that it needs, such as ``until``.
    """

    code: str
    words: str
    subject: str
    has_amount: bool
    asks_amount: bool
    weigh: Callable[[Asked, Clock], Money | None]
    perform: Callable[[Asked, Clock], None]
    details: tuple[str, ...] = ()


_actions: dict[str, Action] = {}


def register_action(one: Action) -> None:
    """Make an action known; the same one again changes nothing."""
    known = _actions.setdefault(one.code, one)
    assert known == one, f"two actions are called {one.code}"


def action(code: str) -> Action:
    """Return an action.

    Raises:
        UnknownAction: there is none with this code.
    """
    found = _actions.get(code)
    if found is None:
        raise UnknownAction(field="action")
    return found


def actions() -> tuple[Action, ...]:
    """Return every action, in the order of their codes."""
    return tuple(_actions[code] for code in sorted(_actions))


def subject_id(asked: Asked, kind: str) -> UUID:
    """Return the id in a subject of the kind that an action works on.

    Raises:
        InvalidSubject: it is of another kind, or has no id.
    """
    told, _, id_ = asked.subject.partition(":")
    if told != kind:
        raise InvalidSubject(field="subject")
    try:
        return UUID(id_)
    except ValueError:
        raise InvalidSubject(field="subject") from None
