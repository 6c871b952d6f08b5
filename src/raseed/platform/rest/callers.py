"""Who knocks at the management API: the holder of an access key, and what the key may do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from django.http import HttpRequest

from raseed.kernel.errors import PermissionRefused, mark


class Authority(Protocol):
    """What an author may do; ``people.api.Author`` is one."""

    @property
    def actor(self) -> str:
        """Who is on record as having done it."""

    def may(self, permission: str, institution_id: UUID) -> bool:
        """Whether a permission is held at an institution."""


class KeyNotEnough(PermissionRefused):
    """The key does not carry the permission that the address asks for."""

    code = "key_not_enough"
    sentence = mark("This key may not do this: the permission “%(permission)s” is missing.")
    hint = mark("Ask for a key that has it.")


class NotForCustomers(PermissionRefused):
    """An address for an institution's own software, asked with a customer's key."""

    code = "not_for_customers"
    sentence = mark("This is not open to customers' keys.")
    hint = mark("Ask with a key of the institution.")


class NotForInstitutions(PermissionRefused):
    """An address for customers' own software, asked with an institution's key."""

    code = "not_for_institutions"
    sentence = mark("This is open to customers' keys only.")
    hint = mark("Ask with a key of the customer.")


@dataclass(frozen=True, slots=True)
class Caller:
    """The holder of a key.

    Attributes:
        key_id: the key's id: rates are counted by it.
        institution_id: the one institution that the key is for.
        author: who acts with it; packages that know its type pass it to their services.
        customer_id: the customer whose key it is; then nobody else's things are seen. ``None``: an institution's key.
    """

    key_id: UUID
    institution_id: UUID
    author: Any
    customer_id: UUID | None = None

    def may(self, permission: str) -> bool:
        """Whether the key carries a permission at its institution."""
        authority: Authority = self.author
        return authority.may(permission, self.institution_id)

    def require(self, permission: str) -> None:
        """Refuse where the key does not carry a permission.

        Raises:
            KeyNotEnough: it does not.
        """
        if not self.may(permission):
            raise KeyNotEnough(permission=permission)


Authenticate = Callable[[str], Caller]
"""Return who holds a key, given as text; raises ``platform.rail.errors.KeyRefused`` where nobody does."""


class ApiRequest(HttpRequest):
    """A request as routes see it: its caller is known, its body read and taken apart."""

    caller: Caller
    language: str
    json: Any
