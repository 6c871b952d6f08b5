"""What can go wrong with the facts of a reply."""

from __future__ import annotations

from raseed.kernel.errors import Conflict, InputError, TemporarilyUnavailable, mark

from .domain import Changed


class FactChanged(Conflict):
    """A fact that was put into a reply is no longer so; nothing was sent. ``changed`` are all that changed."""

    code = "fact_changed"
    sentence = mark("What you wrote is no longer so: “%(was)s” is now “%(now)s”. Nothing was sent.")
    hint = mark("Put the fact in as it is now, or take it out, and send again.")

    def __init__(self, changed: tuple[Changed, ...]) -> None:
        self.changed = changed
        first = changed[0]
        now = first.now.reply if first.now and first.now.reply else "–"
        super().__init__(field="facts", key=first.ref.key, was=first.was, now=now)


class FactNotChecked(TemporarilyUnavailable):
    """The source of a fact does not answer, so nobody knows whether it is still so; nothing was sent."""

    code = "fact_not_checked"
    sentence = mark("We could not check whether a fact in your reply is still so. Nothing was sent.")
    hint = mark("Try again in a moment, or take the fact out: “%(was)s”.")


class FactNotYours(InputError):
    """A reply names a fact that its author could not have seen, or more facts than a reply may have."""

    code = "fact_not_yours"
    sentence = mark("A fact in this reply is not one that you can see here.")
    hint = mark("Take it out, and put it in again from a card.")
