"""Who acts, and what they may do: a named permission at an institution, asked for inside the service (decision 25).

A permission's code is ``package.thing.deed``; the package that asks for it registers it, with words for people, from its
``AppConfig.ready``. What a role holds is data. Nothing here touches the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from uuid import UUID

from raseed.kernel.errors import PermissionRefused, mark
from raseed.kernel.text import UnacceptableText, clean_text

STAFF: Final = "staff:"
REASON_LENGTH_MIN: Final = 3
REASON_LENGTH_MAX: Final = 500
_NOTHING: Final[frozenset[str]] = frozenset()


class NotPermitted(PermissionRefused):
    """The author may not do this at this institution; ``permission`` is the code of what is missing."""

    code = "not_permitted"
    sentence = mark("You may not do this here.")
    hint = mark("Ask an administrator for the permission %(permission)s.")


@dataclass(frozen=True, slots=True)
class Author:
    """Who acts.

    Attributes:
        actor: ``staff:<uuid>``, ``customer:<uuid>``, ``key:<uuid>`` or ``system``, as the audit trail names it.
        permissions: by institution, the codes of what may be done there.
        everything: all is permitted everywhere; only ``SYSTEM`` has it.
        holder: for a key, who answers for it (``staff:<uuid>``, ``customer:<uuid>``, ``institution:<uuid>``).
        issuer: for a key, who issued it, and so has seen its secret.
    """

    actor: str
    permissions: Mapping[UUID, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    everything: bool = False
    holder: str | None = None
    issuer: str | None = None

    @property
    def person(self) -> str:
        """Who answers for the deed: two authors with the same person are one pair of eyes."""
        return self.holder or self.actor

    def may(self, permission: str, institution_id: UUID) -> bool:
        """Say whether ``permission`` is held at the institution."""
        return self.everything or permission in self.permissions.get(institution_id, _NOTHING)


SYSTEM: Final = Author("system", everything=True)
"""Imports, planting, jobs and the command line."""


@dataclass(frozen=True, slots=True)
class Permission:
    """Something that may be permitted: ``code`` for programs and roles, ``words`` (a message id) for people."""

    code: str
    words: str


_permissions: dict[str, Permission] = {}


def register_permissions(*permissions: Permission) -> None:
    """Make permissions known; a package does it from ``AppConfig.ready``. The same one again changes nothing."""
    for permission in permissions:
        known = _permissions.setdefault(permission.code, permission)
        assert known == permission, f"two permissions are called {permission.code}"


def registered_permissions() -> tuple[Permission, ...]:
    """Return every permission that this installation knows, in the order of their codes."""
    return tuple(_permissions[code] for code in sorted(_permissions))


def require(author: Author, permission: str, institution_id: UUID) -> None:
    """Refuse, unless the author holds ``permission`` at the institution.

    Raises:
        NotPermitted: they don't.
    """
    assert permission in _permissions, f"nobody registered the permission {permission}"
    if not author.may(permission, institution_id):
        raise NotPermitted(permission=permission)


def clean_reason(reason: str) -> str:
    """Return why something is done, fit for the audit trail: one line of 3 to 500 characters.

    Raises:
        UnacceptableText: it says too little or too much, or hides something.
    """
    cleaned = clean_text(reason, field="reason", length_max=REASON_LENGTH_MAX)
    if len(cleaned) < REASON_LENGTH_MIN:
        raise UnacceptableText(field="reason")
    return cleaned
