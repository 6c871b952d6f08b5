"""A customer's accounts at one institution, and what each is called in a sentence."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext

from raseed.banking import api as banking
from raseed.kernel.errors import mark

from ..domain import Asked
from ..voice import Voice

LAST_DIGITS: Final = 4
CALLED: Final = mark("%(product)s …%(digits)s")


def accounts_of(asked: Asked) -> list[banking.BankAccount]:
    """Return the accounts that a customer has at the institution, closed ones left out, the oldest first."""
    return [
        each
        for each in banking.accounts_of(asked.customer_id)
        if each.institution_id == asked.institution_id and each.state is not banking.AccountState.CLOSED
    ]


def called(account: banking.BankAccount, voice: Voice) -> str:
    """Return an account's name with the last digits of its number: enough to know it by, too little to use it."""
    numbers = (account.alias(kind) for kind in banking.ACCOUNT_ALIAS_KINDS)
    number = next((each for each in numbers if each), "")
    name = account.name or account.product.name(voice.language)
    if not number:
        return voice.apart(name)
    return gettext(CALLED) % {"product": voice.apart(name), "digits": voice.text(number[-LAST_DIGITS:])}
