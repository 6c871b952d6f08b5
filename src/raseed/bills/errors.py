"""What bills refuses."""

from __future__ import annotations

from raseed.kernel.errors import Conflict, InputError, NotFound, RaseedError, TemporarilyUnavailable, mark


class BillerUnknown(NotFound):
    """No such biller, or none that takes payments here."""

    code = "biller_unknown"
    sentence = mark("We could not find this biller.")
    hint = mark("Choose one from the list of billers.")


class BillerSuspended(RaseedError):
    """The biller takes no payments at present."""

    code = "biller_suspended"
    sentence = mark("This biller takes no payments here at present. Nothing has left your account.")
    hint = mark("Try again later, or ask us when it will.")


class BillerDiffers(Conflict):
    """A biller's id or code came again with other content."""

    code = "biller_differs"
    sentence = mark("This identifier or code already belongs to another biller.")
    hint = mark("Choose another code.")


class InvalidBiller(InputError):
    """What was said about a biller does not hold together; ``field`` says what."""

    code = "invalid_biller"
    sentence = mark("The biller can't be registered like this.")
    hint = mark("Check the value that is named.")


class InvalidFields(InputError):
    """A biller's description of its input fields does not hold together; ``field`` says which."""

    code = "invalid_biller_fields"
    sentence = mark("The biller's input fields are not described rightly.")
    hint = mark("Give each a code and an English name of its own, possible lengths, and an example that fits them.")


class InvalidLogo(InputError):
    """A picture that is no plain SVG or PNG, or too large."""

    code = "invalid_logo"
    sentence = mark("This picture can't be used as a logo.")
    hint = mark("Send an SVG of plain shapes or a PNG, of at most 32 kB.")


class InvalidPublicKey(InputError):
    """A key of a biller's that is no Ed25519 public key, or whose id is taken."""

    code = "invalid_public_key"
    sentence = mark("This is not a public key that we can use.")
    hint = mark("Send 32 bytes of an Ed25519 public key in base64, with an identifier that was not used before.")


class FieldMissing(InputError):
    """A field that the biller needs is empty."""

    code = "biller_field_missing"
    sentence = mark("The biller needs this.")
    hint = mark("Fill it in; it is printed on your bill.")


class FieldShape(InputError):
    """A value that does not look like what the biller describes."""

    code = "biller_field_shape"
    sentence = mark("This does not look right. It should look like this: %(example)s")
    hint = mark("Compare it with your bill.")


class FieldCheckDigit(InputError):
    """The check digits of a value do not fit: somebody's finger slipped."""

    code = "biller_field_check_digit"
    sentence = mark("There is a slip in this number: its digits do not fit together.")
    hint = mark("Compare it with your bill, digit by digit.")


class FieldNotAsked(InputError):
    """A field that this biller does not ask for."""

    code = "biller_field_not_asked"
    sentence = mark("The biller does not ask for this.")
    hint = mark("Send only the fields that the biller describes.")


class BillerNotAnswering(TemporarilyUnavailable):
    """The biller can't be reached, or its answers can't be trusted."""

    code = "biller_not_answering"
    sentence = mark("The biller does not answer at present. Nothing was changed.")
    hint = mark("Try again in a few minutes.")


class NotTheBillersCustomer(NotFound):
    """The biller does not know what was typed."""

    code = "not_the_billers_customer"
    sentence = mark("The biller knows nobody by this number.")
    hint = mark("Compare it with your bill.")


class TooManyLookUps(RaseedError):
    """Somebody asks for more different references than a household has."""

    code = "too_many_bill_look_ups"
    sentence = mark("You have asked for many different numbers within the last hour.")
    hint = mark("Try again in an hour.")


class BillUnknown(NotFound):
    """No such bill, or not the asker's to see."""

    code = "bill_unknown"
    sentence = mark("We could not find this bill.")
    hint = mark("Ask the biller for your bills again.")


class BillPaid(RaseedError):
    """Nothing is owed on this bill any more."""

    code = "bill_paid"
    sentence = mark("This bill is paid already. Nothing has left your account.")
    hint = mark("Look at your payments for its receipt.")


class BillBeingPaid(RaseedError):
    """Somebody is paying this bill at this moment, perhaps from another phone."""

    code = "bill_being_paid"
    sentence = mark("This bill is being paid right now, perhaps from another phone. Nothing has left your account.")
    hint = mark("Wait until that payment has ended, then look at the bill again.")


class BillNotPayable(RaseedError):
    """The bill was cancelled or is disputed."""

    code = "bill_not_payable"
    sentence = mark("This bill can't be paid: the biller has cancelled it, or it is disputed.")
    hint = mark("Ask the biller for your bills again.")


class ExactAmountNeeded(InputError):
    """The biller takes this bill in full only."""

    code = "exact_amount_needed"
    sentence = mark("The biller takes only the full amount of this bill: %(amount)s %(currency)s.")
    hint = mark("Enter the full amount.")


class LessThanMinimum(InputError):
    """Less than the bill's least payment, or the biller's."""

    code = "less_than_minimum"
    sentence = mark("The least that the biller takes is %(amount)s %(currency)s.")
    hint = mark("Enter that amount or more.")


class MoreThanBill(InputError):
    """More than is owed, and the biller keeps no credit; or more than the biller takes at once."""

    code = "more_than_bill"
    sentence = mark("The most that the biller takes is %(amount)s %(currency)s.")
    hint = mark("Enter that amount or less.")


class AmountNeeded(InputError):
    """An amount that is missing, is no amount at all, or is not the sum of what is paid."""

    code = "bill_amount_needed"
    sentence = mark("Say how much is to be paid.")
    hint = mark("Enter an amount above zero.")


class WrongBills(InputError):
    """Bills that are missing, come twice, or are not of one biller and one customer of it."""

    code = "wrong_bills"
    sentence = mark("Choose the bills to pay: each once, and all of the same biller and the same customer number.")
    hint = mark("Pay the bills of other billers by themselves.")


class BillOrderUnknown(NotFound):
    """No such order of bills, or not the asker's."""

    code = "bill_order_unknown"
    sentence = mark("We could not find what you wanted to pay.")
    hint = mark("Begin again from your bills.")


class BillOrderDiffers(Conflict):
    """An order's id came again with other content, or its payment differs from it."""

    code = "bill_order_differs"
    sentence = mark("This identifier already belongs to another payment of bills.")
    hint = mark("Look at that one; to pay something else, begin again.")


class BillOrderOutdated(Conflict):
    """What an order would pay is of another day, or is no longer so: its penalty, its waivers, the credit that it uses."""

    code = "bill_order_outdated"
    sentence = mark("What is to be paid has changed since you began. Nothing has left your account.")
    hint = mark("Look at the bill again: you will see what it costs now.")


class CreditUsed(Conflict):
    """The credit that an order uses was used by another, perhaps from another phone."""

    code = "bill_credit_used"
    sentence = mark("Your credit with this biller was used meanwhile. Nothing has left your account.")
    hint = mark("Look at the bill again: you will see what it costs now.")


class RefusedByBiller(RaseedError):
    """The biller said no; ``reason`` is its code."""

    code = "refused_by_biller"
    sentence = mark("The biller did not take the payment (%(reason)s). Your money is back in your account.")
    hint = mark("Ask the biller, and tell them this reason.")
