"""What banking refuses. The tree is the kernel's; every class has a stable code and a sentence that says what to do."""

from __future__ import annotations

from raseed.kernel.errors import Conflict, InputError, NotFound, RaseedError, TemporarilyUnavailable, mark


class InvalidAlias(InputError):
    """A phone number or account number that is not written as one."""

    code = "invalid_alias"
    sentence = mark("This is not a phone number or an account number.")
    hint = mark("Check each digit and try again.")


class InvalidIban(InputError):
    """An IBAN whose country, length or check digits are wrong (ISO 13616)."""

    code = "invalid_iban"
    sentence = mark("This IBAN is not right: its length or its check digits do not fit.")
    hint = mark("Compare it with the original, digit by digit.")


class AccountUnknown(NotFound):
    """No such account, or not the asker's to see."""

    code = "account_unknown"
    sentence = mark("We could not find this account.")
    hint = mark("Open the list of your accounts and choose one.")


class ProductNotOffered(NotFound):
    """The institution does not offer this sort of account in this currency."""

    code = "product_not_offered"
    sentence = mark("This sort of account is not offered here.")
    hint = mark("Choose another sort of account or another institution.")


class InvalidTerms(InputError):
    """A limit that is not above zero or above the product's, a negative fee, a schedule that can't be, a wrong bank code."""

    code = "invalid_terms"
    sentence = mark("These terms can't be: an amount, a rate, a date or a code is out of its bounds.")
    hint = mark("Correct the value and try again.")


class InstitutionNotSetUp(NotFound):
    """The institution has no books yet."""

    code = "institution_not_set_up"
    sentence = mark("This institution does not keep accounts here yet.")
    hint = mark("Choose another institution.")


class AliasTaken(Conflict):
    """The phone number, IBAN or account number already belongs to an account; aliases are never given twice."""

    code = "alias_taken"
    sentence = mark("This number already belongs to an account.")
    hint = mark("Sign in to that account, or ask the institution that keeps it.")


class AccountOpenedDifferently(Conflict):
    """The same account id came again with other content."""

    code = "account_opened_differently"
    sentence = mark("An account was already opened under this identifier, with other details.")
    hint = mark("Look at the account that is there, or use a new identifier.")


class AccountBlocked(RaseedError):
    """The account is blocked: nothing may enter or leave."""

    code = "account_blocked"
    sentence = mark("This account is blocked.")
    hint = mark("Ask the institution that keeps it why, and what will open it again.")


class AccountClosed(RaseedError):
    """The account is closed."""

    code = "account_closed"
    sentence = mark("This account is closed.")
    hint = mark("Use another account.")


class AccountDormant(RaseedError):
    """The account has not been used for long: it receives, but pays nothing until its owner has woken it."""

    code = "account_dormant"
    sentence = mark("This account has not been used for a long time and is resting.")
    hint = mark("Wake it up on its page, or ask the institution that keeps it; then try again.")


class NotForPayments(RaseedError):
    """A loan is not an account to pay from."""

    code = "not_for_payments"
    sentence = mark("Nothing can be paid from this account.")
    hint = mark("Choose another of your accounts.")


class PayOutImpossible(Conflict):
    """What is left in an account can't go to the account named: it is not the owner's, or can't receive it."""

    code = "pay_out_impossible"
    sentence = mark("What is left can't be paid to this account.")
    hint = mark("Choose an open account of the same owner, at the same institution and in the same currency.")


class BalanceTooLow(RaseedError):
    """An account has less available than is to be taken from it."""

    code = "balance_too_low"
    sentence = mark("There is not enough money in the account for this.")
    hint = mark("Put money into the account first.")


class MoreThanOwed(RaseedError):
    """More would be paid on a loan than is owed on it."""

    code = "more_than_owed"
    sentence = mark("This is more than is owed on the loan.")
    hint = mark("Look at what is owed today and pay that.")


class LessThanDue(RaseedError):
    """An early repayment has to cover first what is due already."""

    code = "less_than_due"
    sentence = mark("An early repayment must be more than the %(due)s that is due already.")
    hint = mark("Pay what is due like any instalment, or repay a larger amount.")


class LoanUnknown(NotFound):
    """The account is no loan, or there is none such."""

    code = "loan_unknown"
    sentence = mark("We could not find this loan.")
    hint = mark("Open the list of accounts and choose one.")


class PenaltyWaiverUnknown(NotFound):
    """No such waiver of loans' penalties, or another institution's."""

    code = "penalty_waiver_unknown"
    sentence = mark("We could not find this waiver.")
    hint = mark("Look at the list of waivers.")


class InvalidPenaltyWaiver(InputError):
    """A waiver that ends before it begins, is for nobody or too many, for strangers, or has no name; ``field`` says what."""

    code = "invalid_penalty_waiver"
    sentence = mark("The waiver can't be like this: look at its days, whom it is for, and its name.")
    hint = mark("Correct what is marked and try again.")


class PenaltyWaiverEnded(Conflict):
    """The waiver was ended already, or was never confirmed."""

    code = "penalty_waiver_not_active"
    sentence = mark("This waiver is not in force.")
    hint = mark("Look at what became of it.")


class RefusedByLedger(RaseedError):
    """The ledger refused for a reason that has no words of its own here; ``reason`` is its result."""

    code = "refused_by_ledger"
    sentence = mark("The books could not take this (%(reason)s). Nothing was changed.")
    hint = mark("Tell the institution this reason.")


class RightUnknown(NotFound):
    """The person has no right on the account that could be taken away; an owner's right is not one."""

    code = "right_unknown"
    sentence = mark("This person has no such right on the account.")
    hint = mark("Look at the account's holders.")


class AccountNotEmpty(Conflict):
    """An account with money in it, owed on it, or held in it, can't be closed."""

    code = "account_not_empty"
    sentence = mark("This account can't be closed while there is money in it or owed on it.")
    hint = mark("Bring its balance to zero first.")


class IllegalStateChange(Conflict):
    """The account is not in a state from which this may be done."""

    code = "illegal_state_change"
    sentence = mark("This can't be done with an account in its present state.")
    hint = mark("Look at the account again; someone else may have changed it.")


class LimitPerTransfer(RaseedError):
    """The amount is above what one transfer from this account may carry."""

    code = "limit_per_transfer"
    sentence = mark("One transfer from this account may be at most %(limit)s.")
    hint = mark("Send a smaller amount.")


class LimitPerDay(RaseedError):
    """With this amount, more would leave the account today than may."""

    code = "limit_per_day"
    sentence = mark("At most %(limit)s may leave this account in a day; %(left)s is left for today.")
    hint = mark("Send less today, or the rest tomorrow.")


class BooksBusy(TemporarilyUnavailable):
    """The books could not take this now; nothing was changed."""

    code = "books_busy"
    sentence = mark("The books are busy. Nothing was changed.")
    hint = mark("Try again in a moment; it will not be done twice.")
