"""What assurance refuses, in words."""

from __future__ import annotations

from raseed.kernel.errors import Conflict, InputError, NotFound, mark


class FindingUnknown(NotFound):
    """A finding that is not there, or not where one may look."""

    code = "finding_unknown"
    sentence = mark("There is no such finding.")
    hint = mark("Open the list of findings again.")


class FindingEnded(Conflict):
    """Work on a finding that has ended, or reopening one that has not."""

    code = "finding_ended"
    sentence = mark("The finding is not in a state in which this can be done.")
    hint = mark("Look at it again; its state has changed.")


class FinderUnfit(InputError):
    """A finding given to somebody who may not work on findings."""

    code = "finding_assignee_unfit"
    sentence = mark("This person may not work on findings here.")
    hint = mark("Choose a colleague who may.")


class CheckUnknown(InputError):
    """A check that does not exist."""

    code = "check_unknown"
    sentence = mark("There is no check called “%(name)s”.")
    hint = mark("These are the checks: %(known)s.")
