"""What is refused about waivers and disputes; rules that can't be are banking's ``InvalidTerms``."""

from __future__ import annotations

from raseed.kernel.errors import Conflict, InputError, NotFound, RaseedError, mark


class WaiverUnknown(NotFound):
    """No such waiver, or another institution's."""

    code = "waiver_unknown"
    sentence = mark("We could not find this waiver.")
    hint = mark("Look at the list of waivers.")


class InvalidWaiver(InputError):
    """A waiver that ends before it begins, is for nobody or too many, or has no name; ``field`` says what."""

    code = "invalid_waiver"
    sentence = mark("The waiver can't be like this: look at its days, whom it is for, and its name.")
    hint = mark("Correct what is marked and try again.")


class WaiverEnded(Conflict):
    """The waiver was ended already, or was never confirmed."""

    code = "waiver_not_active"
    sentence = mark("This waiver is not in force.")
    hint = mark("Look at what became of it.")


class DisputeUnknown(NotFound):
    """No such dispute, or not the asker's to see."""

    code = "dispute_unknown"
    sentence = mark("We could not find this dispute.")
    hint = mark("Look at the list of disputes.")


class DisputeEnded(Conflict):
    """The dispute was decided or withdrawn already."""

    code = "dispute_ended"
    sentence = mark("This dispute has ended already.")
    hint = mark("Look at what was decided.")


class DisputedBefore(RaseedError):
    """A bill is disputed once: what was decided about it stands."""

    code = "bill_disputed_before"
    sentence = mark("This bill was disputed before, and that was decided.")
    hint = mark("Ask the biller, and tell them what is wrong with it.")


class TooManyDisputes(RaseedError):
    """Somebody has more disputes open than anybody looks at."""

    code = "too_many_disputes"
    sentence = mark("You have several disputes that are being looked at.")
    hint = mark("Wait until one of them is decided.")


class InvalidLoweredAmount(InputError):
    """A bill can be lowered only to less than it asks for, and not below what is paid on it."""

    code = "invalid_lowered_amount"
    sentence = mark("The bill can't be lowered to this amount.")
    hint = mark("Enter less than the bill asks for, and at least what is paid on it already.")
