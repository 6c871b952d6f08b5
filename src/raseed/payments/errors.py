"""What payments refuses. A refusal that became a payment's last step is one of these (or one of banking's)."""

from __future__ import annotations

from raseed.kernel.errors import Conflict, InputError, NotFound, RaseedError, mark


class PaymentUnknown(NotFound):
    """No such payment, or not the asker's to see."""

    code = "payment_unknown"
    sentence = mark("We could not find this payment.")
    hint = mark("Open the list of your payments and choose one.")


class PaymentIdTaken(Conflict):
    """The same payment id came again with other content."""

    code = "payment_id_taken"
    sentence = mark("This identifier already belongs to another payment.")
    hint = mark("Look at that payment; to send another, begin again.")


class TooManyPayments(InputError):
    """More payments in one batch than the books take at once."""

    code = "too_many_payments"
    sentence = mark("At most %(limit)s payments can go in one batch.")
    hint = mark("Send them in several batches.")


class AmountNotPositive(InputError):
    """Zero, negative, or past what the books can hold."""

    code = "amount_not_positive"
    sentence = mark("The amount must be above zero, and not larger than the books can hold.")
    hint = mark("Enter another amount.")


class SelfTransfer(RaseedError):
    """Payer and recipient are one account."""

    code = "self_transfer"
    sentence = mark("This is the account that you are sending from.")
    hint = mark("Choose another recipient.")


class RecipientUnknown(NotFound):
    """Nobody here has this phone number, IBAN or account number."""

    code = "recipient_unknown"
    sentence = mark("Nobody here has this number.")
    hint = mark("Check it with the person you want to pay.")


class RecipientBlocked(RaseedError):
    """The recipient's account is blocked."""

    code = "recipient_blocked"
    sentence = mark("The recipient's account can't take money at present.")
    hint = mark("Ask the person you want to pay for another account.")


class RecipientClosed(RaseedError):
    """The recipient's account is closed."""

    code = "recipient_closed"
    sentence = mark("The recipient's account is closed.")
    hint = mark("Ask the person you want to pay for another account.")


class LaneClosed(RaseedError):
    """Staff have closed the way to this recipient."""

    code = "lane_closed"
    sentence = mark("Payments to this recipient are stopped at present.")
    hint = mark("Try again later, or ask the recipient for another way to pay.")


class NotReached(RaseedError):
    """What was held could not be sent for as long as it may be held."""

    code = "not_reached"
    sentence = mark("The recipient could not be reached in time.")
    hint = mark("Begin a new payment later.")


class Withdrawn(RaseedError):
    """The payer took the payment back before it left."""

    code = "withdrawn_by_payer"
    sentence = mark("You took it back before it left.")
    hint = mark("Begin a new payment if you want to pay after all.")


class FoundNotTaken(RaseedError):
    """Two persons have found out that the other side did not take it."""

    code = "found_not_taken"
    sentence = mark("We have found out that the recipient did not take it.")
    hint = mark("Begin a new payment if it is still to be paid.")


class OnItsWay(Conflict):
    """What has left can't be taken back."""

    code = "payment_on_its_way"
    sentence = mark("This payment has left already, or has ended.")
    hint = mark("Look at its timeline.")


class OutcomeNotOpen(Conflict):
    """Only what is unknown or before a person is decided by persons."""

    code = "outcome_not_open"
    sentence = mark("What became of this payment is known, or may still be answered at any moment.")
    hint = mark("Look at its timeline.")


class LaneUnknown(NotFound):
    """No such lane, or not the asker's to see."""

    code = "lane_unknown"
    sentence = mark("We know no such way out.")
    hint = mark("Open the list and choose one.")


class SwitchNotConnected(RaseedError):
    """The recipient is at another institution, and there is no way there yet."""

    code = "switch_not_connected"
    sentence = mark("The recipient is at another institution, and payments between institutions do not work yet.")
    hint = mark("Pay someone at your own institution. We will say so here when the way to others is open.")


class NotEnoughMoney(RaseedError):
    """The account has less available than the payment and its fee need."""

    code = "not_enough_money"
    sentence = mark("There is not enough money in this account.")
    hint = mark("Send a smaller amount, or put money into the account first.")


class RefusedByBooks(RaseedError):
    """The ledger refused for a reason that has no words of its own here; ``reason`` is the ledger's result."""

    code = "refused_by_books"
    sentence = mark("The books could not take this payment (%(reason)s). Nothing has left your account.")
    hint = mark("Tell the institution this reason and the payment's reference.")
