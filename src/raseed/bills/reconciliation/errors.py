"""What reconciliation refuses; a file that can't be read is refused as files of bills are (``intake.errors``)."""

from __future__ import annotations

from raseed.kernel.errors import Conflict, InputError, NotFound, mark


class BreakUnknown(NotFound):
    """No such break, or of another institution."""

    code = "break_unknown"
    sentence = mark("We could not find this break.")
    hint = mark("Choose one from the list.")


class BreakEnded(Conflict):
    """Something is to be done with a break that was resolved or has closed itself, or the other way round."""

    code = "break_ended"
    sentence = mark("This can't be done with the break as it is now.")
    hint = mark("Look at it again: somebody may have been first.")


class AssigneeUnfit(InputError):
    """Somebody who may not work on breaks at this institution."""

    code = "assignee_unfit"
    sentence = mark("This person may not work on breaks here.")
    hint = mark("Choose somebody whose role has reconciliation in it.")


class TooManyBreaks(InputError):
    """A file of which so little fits that it can't be this day's."""

    code = "too_many_breaks"
    sentence = mark("The file was not taken in: more than %(limit)s lines do not fit this day's payments.")
    hint = mark("Check that it is the file of this biller and of this day.")
