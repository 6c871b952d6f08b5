"""What is refused about clocks and their rules."""

from __future__ import annotations

from raseed.kernel.errors import Conflict, InputError, NotFound, mark


class UnknownRule(NotFound):
    """The institution has no such rule in force."""

    code = "unknown_clock_rule"
    sentence = mark("We know no such rule for a clock here.")
    hint = mark("Look at the list of rules, or adopt one of the presets.")


class UnknownClock(NotFound):
    """No such clock runs."""

    code = "unknown_clock"
    sentence = mark("No such clock is running.")
    hint = mark("Look at the clocks of this conversation or case.")


class InvalidRule(InputError):
    """A rule whose amount, unit, pauses or ladder can't be right; ``field`` says which."""

    code = "invalid_clock_rule"
    sentence = mark("This rule for a clock can't be right.")
    hint = mark("Look at the amount of time, at what pauses it, and at the steps of its ladder.")


class PauseDoesNotCount(Conflict):
    """By its rule, this reason does not stop the clock."""

    code = "pause_does_not_count"
    sentence = mark("This reason does not stop the clock.")
    hint = mark("The clock runs on: only the reasons that its rule names stop it.")


class NotExtendable(Conflict):
    """The clock's rule allows no more time, it had it already, or it is broken."""

    code = "clock_not_extendable"
    sentence = mark("This clock can't be given more time.")
    hint = mark("More time is given once, before the time is over, and only where the rule allows it.")
