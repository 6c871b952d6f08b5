"""What is refused about duty."""

from __future__ import annotations

from raseed.kernel.errors import Conflict, InputError, NotFound, mark


class UnknownTeam(NotFound):
    """No such team, or another institution's."""

    code = "unknown_team"
    sentence = mark("We know no such team.")
    hint = mark("Look at the list of teams.")


class UnknownCalendar(NotFound):
    """No such calendar, or another institution's."""

    code = "unknown_calendar"
    sentence = mark("We know no such calendar.")
    hint = mark("Look at the list of calendars.")


class UnknownShift(NotFound):
    """No such shift or absence, or another institution's."""

    code = "unknown_shift"
    sentence = mark("We know no such shift or absence.")
    hint = mark("Look at who works when.")


class NobodyWorksHere(Conflict):
    """An institution has no staff at all, so nobody can be accountable."""

    code = "nobody_works_here"
    sentence = mark("Nobody works here who could answer.")
    hint = mark("Add staff first.")


class NotAtWork(InputError):
    """Somebody can't be given this: they are not employed here, or not let in now."""

    code = "not_at_work"
    sentence = mark("This person can't take it: they don't work here now.")
    hint = mark("Choose somebody who works here.")


class PastIsOver(InputError):
    """Shifts, leave and hours are changed from now on; what was stays."""

    code = "past_is_over"
    sentence = mark("This lies in the past, which stays as it was.")
    hint = mark("Choose a time from now on.")


class InvalidShift(InputError):
    """A shift or an absence that ends before it begins, or is longer or further ahead than it may be."""

    code = "invalid_shift"
    sentence = mark("The times of this shift or absence can't be right.")
    hint = mark("It ends after it begins; a shift is at most a day long, and planned at most 400 days ahead.")


class ChangedMeanwhile(Conflict):
    """Somebody else changed it between the moment it was read and this change; nothing was changed by this one."""

    code = "changed_meanwhile"
    sentence = mark("Somebody else changed this while you were looking at it.")
    hint = mark("Open it again, see what is there now, and enter your change anew if it is still needed.")
