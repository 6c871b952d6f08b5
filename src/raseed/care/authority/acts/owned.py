"""What an action is done to must be the customer's, at the institution where it is asked for."""

from __future__ import annotations

from uuid import UUID

from raseed.banking import api as banking
from raseed.kernel.money import Money
from raseed.payments import api as payments
from raseed.payments.api import Payment

from ..domain import Asked
from ..errors import AmountMissing, InvalidSubject
from ..registry import subject_id


def own_account(asked: Asked) -> banking.BankAccount:
    """Return the account that an action is about.

    Raises:
        InvalidSubject: it is none, or another's, or elsewhere. AccountUnknown.
    """
    of = banking.account(subject_id(asked, "account"))
    return _own(asked, of)


def own_payment(asked: Asked) -> Payment:
    """Return the payment that an action is about, paid from an account of the customer's.

    Raises:
        InvalidSubject: it is none, or another's, or elsewhere.
    """
    id_ = subject_id(asked, "payment")
    found = payments.payments_by_id([id_]).get(id_)
    if found is None or found.actor_customer_id != asked.customer_id:
        raise InvalidSubject(field="subject")
    _own(asked, banking.account(found.from_account_id))
    return found


def named_amount(asked: Asked) -> Money:
    """Return how much was asked for.

    Raises:
        AmountMissing: nothing was, or nothing above zero.
    """
    if asked.amount is None or asked.amount.amount_minor <= 0:
        raise AmountMissing(field="amount")
    return asked.amount


def at_institution(asked: Asked, institution_id: UUID) -> None:
    """Refuse what is another institution's.

    Raises:
        InvalidSubject: it is.
    """
    if asked.institution_id != institution_id:
        raise InvalidSubject(field="subject")


def _own(asked: Asked, of: banking.BankAccount) -> banking.BankAccount:
    if (of.institution_id, of.owner_id) != (asked.institution_id, asked.customer_id):
        raise InvalidSubject(field="subject")
    return of
