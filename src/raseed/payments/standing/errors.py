"""What standing orders refuse."""

from __future__ import annotations

from raseed.kernel.errors import Conflict, InputError, NotFound, RaseedError, mark


class InvalidTimetable(InputError):
    """Dates that can't be: no first date to come, an odd rhythm, an end before the beginning, or no date left."""

    code = "invalid_timetable"
    sentence = mark("These dates can't be kept as they are.")
    hint = mark("Choose a first date from today on, and an end that leaves at least one date.")


class StandingOrderUnknown(NotFound):
    """No such standing order, or not the asker's to see."""

    code = "standing_order_unknown"
    sentence = mark("We could not find this standing order.")
    hint = mark("Open the list of your standing orders and choose one.")


class StandingOrderIdTaken(Conflict):
    """The same id came again with other content."""

    code = "standing_order_id_taken"
    sentence = mark("This identifier already belongs to another standing order.")
    hint = mark("Look at that one; to make another, begin again.")


class StandingOrderEnded(Conflict):
    """It has ended, and nothing about it changes any more."""

    code = "standing_order_ended"
    sentence = mark("This standing order has ended.")
    hint = mark("Make a new one.")


class TooManyStandingOrders(Conflict):
    """The customer has as many as anyone may have."""

    code = "too_many_standing_orders"
    sentence = mark("You have %(limit)s standing orders already.")
    hint = mark("End one that you no longer need.")


class MissedTooLong(RaseedError):
    """No worker ran on the due date, nor for long after it: the occurrence is passed over."""

    code = "standing_missed_too_long"
    sentence = mark("We could not pay this on its date, and that is too long ago now.")
    hint = mark("If it is still owed, send it as a payment.")


class LoanIsRepaid(RaseedError):
    """Nothing is owed any more on the loan that is paid."""

    code = "standing_loan_is_repaid"
    sentence = mark("Nothing is owed on this loan any more.")
    hint = mark("The standing order has ended.")
