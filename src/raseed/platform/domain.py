"""Refusals that any package may need, and an error as a reader sees it."""

from __future__ import annotations

from dataclasses import dataclass

from raseed.kernel.errors import Conflict, InputError, RaseedError, mark


class TooManyRequests(RaseedError):
    """The same thing was asked for too often; ``minutes`` says when to come back."""

    code = "too_many_requests"
    sentence = mark("That was tried too often.")
    hint = mark("Wait %(minutes)s min before you try again.")


class InvalidCursor(InputError):
    """A page marker that we did not make, or made for another list."""

    code = "invalid_cursor"
    sentence = mark("This page marker is not one of ours.")
    hint = mark("Start again from the first page.")


class SameIdOtherContent(Conflict):
    """An id that was used before came again with other content."""

    code = "id_reused"
    sentence = mark("This identifier was already used for something else.")
    hint = mark("Make a new identifier for a new request.")


@dataclass(frozen=True, slots=True)
class ErrorText:
    """An error in a reader's language: ``code`` for programs, ``message`` and ``hint`` for people."""

    code: str
    message: str
    hint: str
    field: str | None
