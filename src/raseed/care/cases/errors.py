"""What cases refuse."""

from __future__ import annotations

from raseed.kernel.errors import Conflict, NotFound, mark


class UnknownCase(NotFound):
    """No such case, or of an institution where the asker may not see any."""

    code = "unknown_case"
    sentence = mark("We could not find this case.")
    hint = mark("Check the reference number.")


class CaseEnded(Conflict):
    """The case is resolved, or is not, and what was asked for needs the other."""

    code = "case_ended"
    sentence = mark("This can't be done with the case as it is now.")
    hint = mark("Look at it again: somebody may have been first.")


class CaseOfAnother(Conflict):
    """A conversation or document of one customer was to go to another customer's case."""

    code = "case_of_another"
    sentence = mark("This is another customer's.")
    hint = mark("Choose a case of the same customer, or merge the two customers if they are one person.")


class UnknownAttachment(NotFound):
    """No such document, or of an institution where the asker may not see any."""

    code = "unknown_attachment"
    sentence = mark("We could not find this document.")
    hint = mark("Choose one from the list.")
