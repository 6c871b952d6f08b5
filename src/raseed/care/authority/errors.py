"""What authority refuses. Each class has a stable code and a sentence that says what to do."""

from __future__ import annotations

from raseed.kernel.errors import Conflict, InputError, NotFound, PermissionRefused, RaseedError, mark


class UnknownAction(NotFound):
    """No package of this installation does such a thing for customers."""

    code = "authority_action_unknown"
    sentence = mark("There is no such action.")
    hint = mark("Choose one of the list.")


class UnknownRequest(NotFound):
    """No request has this id, or it is another institution's."""

    code = "authority_request_unknown"
    sentence = mark("We know no such request.")
    hint = mark("Look at the list of requests.")


class InvalidSubject(InputError):
    """The subject is not what the action works on, or not this customer's."""

    code = "authority_subject_invalid"
    sentence = mark("This action can't be done to that, for this customer.")
    hint = mark("Choose the customer first, and then one of their payments, bills or accounts.")


class AmountDiffers(InputError):
    """The action comes to another amount than was named."""

    code = "authority_amount_differs"
    sentence = mark("This comes to %(amount)s %(currency)s now.")
    hint = mark("Look at it again, and confirm that amount if it is right.")


class AmountMissing(InputError):
    """An action with an amount was asked for without one, or with nothing or less."""

    code = "authority_amount_missing"
    sentence = mark("Say how much, above zero.")
    hint = mark("Enter an amount.")


class NothingToDecide(RaseedError):
    """What was asked for would change nothing."""

    code = "authority_nothing_to_do"
    sentence = mark("There is nothing to do here: it is so already.")
    hint = mark("Look at the account again.")


class BlockStays(PermissionRefused):
    """The account is blocked for a reason that customer care can't lift."""

    code = "authority_block_stays"
    sentence = mark("This account is blocked for a reason that customer care can't lift.")
    hint = mark("Hand it to those who look after blocked accounts.")


class NobodyMayApprove(PermissionRefused):
    """It is beyond the asker's authority, and nobody is there who could decide about it; ``beyond`` is a code."""

    code = "authority_nobody_may_approve"
    sentence = mark("This is beyond what you may grant, and nobody is named who could approve it.")
    hint = mark("Ask an administrator to set limits and a chain of approval for it.")


class TooManyRequests(RaseedError):
    """The asker has more requests waiting than anybody decides about."""

    code = "authority_too_many_waiting"
    sentence = mark("Too many of your requests are waiting for a decision.")
    hint = mark("Wait until some are decided, or take some back.")


class TiedToCustomer(PermissionRefused):
    """Whoever is, or is close to, a customer grants and decides nothing for them."""

    code = "authority_tied_to_customer"
    sentence = mark("You can't do this for yourself, your family or someone close to you.")
    hint = mark("Hand it to a colleague.")


class OwnRequest(PermissionRefused):
    """Nobody decides about their own request."""

    code = "authority_own_request"
    sentence = mark("Nobody decides about their own request.")
    hint = mark("Wait for whoever it is before.")


class CircularApproval(PermissionRefused):
    """Who asked has approved a request of the approver's of late: two people don't approve for one another."""

    code = "authority_circle"
    sentence = mark("Whoever asked for this has approved a request of yours in the last %(days)s days.")
    hint = mark("Somebody else must decide: pass it up.")


class NotYoursToDecide(PermissionRefused):
    """The chain does not name the person for this request, now or later."""

    code = "authority_not_yours"
    sentence = mark("This request is not before you.")
    hint = mark("Whoever it is before can decide it, and whoever comes after in the chain.")


class BeyondApprover(PermissionRefused):
    """It is beyond the approver's own limits, too; ``beyond`` is a code."""

    code = "authority_beyond_approver"
    sentence = mark("This is beyond your own limits.")
    hint = mark("Pass it up the chain.")


class RequestNotAwaiting(Conflict):
    """The request was decided, taken back or ran out already."""

    code = "authority_not_awaiting"
    sentence = mark("This request is no longer waiting for a decision.")
    hint = mark("Look at what became of it.")


class NotTheAsker(PermissionRefused):
    """Only who asked takes a request back."""

    code = "authority_not_the_asker"
    sentence = mark("Only whoever asked can take a request back.")
    hint = mark("Decline it instead, and say why.")


class InvalidLimit(InputError):
    """A limit that can't be, for an unknown action, holder or currency; ``field`` says what."""

    code = "authority_limit_invalid"
    sentence = mark("This limit can't be: look at what is marked.")
    hint = mark("A limit has an action, a holder, a currency where there is an amount, and bounds of zero or more.")


class UnknownLimit(NotFound):
    """No limit in force has this id, or it is another institution's."""

    code = "authority_limit_unknown"
    sentence = mark("We know no such limit, or it was changed since.")
    hint = mark("Look at the list of limits.")


class InvalidChain(InputError):
    """A chain without steps, with too many, with a clock that can't be, or with people or roles that are not here."""

    code = "authority_chain_invalid"
    sentence = mark("This chain of approval can't be: look at what is marked.")
    hint = mark("Name one to eight steps, each a role or a person of the institution, and a time for each.")


class OwnLimit(PermissionRefused):
    """Nobody takes part in setting what they may grant themselves, alone or by a role that they hold."""

    code = "authority_own_limit"
    sentence = mark("Nobody decides about their own limits.")
    hint = mark("Somebody else must propose and confirm this.")


class UnknownTie(NotFound):
    """No such tie, or it has ended."""

    code = "authority_tie_unknown"
    sentence = mark("We know no such tie between staff and customer.")
    hint = mark("Look at the list.")


class OwnTie(PermissionRefused):
    """Nobody says of themselves that they are close to a customer no more."""

    code = "authority_own_tie"
    sentence = mark("Somebody else must end what ties you to a customer.")
    hint = mark("Ask a colleague who may.")
