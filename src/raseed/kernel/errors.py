"""The error tree: every refusal a caller can meet is one of these.

Each class has a stable ``code`` (what programs read), a ``sentence`` and a ``hint`` (what people read; both are
message ids for gettext with ``%(name)s`` places filled from ``params``) and, where one input is at fault, ``field``.
Subclasses live with the package that raises them. An assertion, by contrast, means a bug of ours.
"""

from __future__ import annotations

from typing import ClassVar


def mark(message: str) -> str:
    """Mark a message id for translation and return it unchanged; it is translated where a reader is known."""
    return message


class RaseedError(Exception):
    """The root: something was refused, and nothing changed."""

    code: ClassVar[str] = "refused"
    sentence: ClassVar[str] = mark("This could not be done.")
    hint: ClassVar[str] = ""

    def __init__(self, *, field: str | None = None, **params: object) -> None:
        self.field = field
        self.params = params
        super().__init__(self.sentence % params if params else self.sentence)


class InputError(RaseedError):
    """What was entered or sent can't be understood or isn't allowed; it needs correcting by the sender."""

    code = "invalid_input"
    sentence = mark("Something you entered is not right.")
    hint = mark("Check it and try again.")


class NotFound(RaseedError):
    """The thing asked for does not exist, or is not the asker's to see."""

    code = "not_found"
    sentence = mark("We could not find that.")
    hint = mark("Check what you entered.")


class PermissionRefused(RaseedError):
    """The person is known but may not do this."""

    code = "permission_refused"
    sentence = mark("You may not do this.")
    hint = mark("Ask someone who has the right.")


class Conflict(RaseedError):
    """The state of things has changed, or the same id came with other content."""

    code = "conflict"
    sentence = mark("This was already done differently.")
    hint = mark("Look at what is there now before you try again.")


class TemporarilyUnavailable(RaseedError):
    """Nothing was done; the same request may succeed later, under the same id."""

    code = "temporarily_unavailable"
    sentence = mark("We can't do this right now. Nothing was changed.")
    hint = mark("Try again in a moment; it will not be done twice.")
