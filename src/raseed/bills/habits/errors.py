"""What autopays, reminders and saved billers refuse."""

from __future__ import annotations

from raseed.kernel.errors import Conflict, InputError, NotFound, mark


class AutopayUnknown(NotFound):
    """No such autopay, or not the asker's."""

    code = "autopay_unknown"
    sentence = mark("We could not find this autopay.")
    hint = mark("Open the list of your autopays and choose one.")


class AutopayIdTaken(Conflict):
    """The same id came again with other content."""

    code = "autopay_id_taken"
    sentence = mark("This identifier already belongs to another autopay.")
    hint = mark("Look at that autopay; to make another, begin again.")


class AutopayThere(Conflict):
    """The bills of this reference are paid by themselves already."""

    code = "autopay_there"
    sentence = mark("You have an autopay for these bills already.")
    hint = mark("Change that one.")


class AutopayEnded(Conflict):
    """It has ended, and nothing about it changes any more."""

    code = "autopay_ended"
    sentence = mark("This autopay has ended.")
    hint = mark("Give a new autopay.")


class AutopayNotPossible(InputError):
    """The biller has no bills, or the account can't pay it."""

    code = "autopay_not_possible"
    sentence = mark("Bills of this biller can't be paid by themselves from this account.")
    hint = mark("Choose a biller that sends bills, and an account at the bank that collects for it, in its currency.")


class InvalidAutopay(InputError):
    """A ceiling or a number of days that can't be; ``field`` says which."""

    code = "invalid_autopay"
    sentence = mark("The autopay can't be kept like this.")
    hint = mark("Give a ceiling above zero, and at most 10 days before the due date.")


class TooManyAutopays(Conflict):
    """The customer has as many as anyone may have."""

    code = "too_many_autopays"
    sentence = mark("You have %(limit)s autopays already.")
    hint = mark("End one that you no longer need.")


class InvalidReminders(InputError):
    """Days before the due date on which nobody is reminded."""

    code = "invalid_reminders"
    sentence = mark("Reminders can't be sent on these days.")
    hint = mark("Choose from the days that are offered, or none.")


class InvalidNoticeHours(InputError):
    """Hours that end before they begin."""

    code = "invalid_notice_hours"
    sentence = mark("These hours can't be kept.")
    hint = mark("Let them begin before they end, within one day.")


class SavedBillerUnknown(NotFound):
    """No such saved biller, or not the asker's."""

    code = "saved_biller_unknown"
    sentence = mark("We could not find this saved biller.")
    hint = mark("Open your saved billers and choose one.")


class SavedBillerIdTaken(Conflict):
    """The same id came again with other content."""

    code = "saved_biller_id_taken"
    sentence = mark("This identifier already belongs to another saved biller.")
    hint = mark("Begin again.")


class TooManySavedBillers(Conflict):
    """The customer has as many as anyone may have."""

    code = "too_many_saved_billers"
    sentence = mark("You have saved %(limit)s billers already.")
    hint = mark("Remove one that you no longer need.")
