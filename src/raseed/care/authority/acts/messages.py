"""Sending again: a text that did not reach the customer, or a payment's receipt."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext, override

from raseed.bills import api as bills
from raseed.channels import api as channels
from raseed.kernel.clock import Clock
from raseed.kernel.errors import mark
from raseed.people import api as people
from raseed.platform import api as platform

from ..domain import Asked
from ..errors import InvalidSubject
from ..registry import Action, subject_id
from .owned import own_payment

RECEIPT_TEXT: Final = "receipt_again"


def _own_text(asked: Asked) -> channels.OutgoingText:
    """Return the text, if it went to the customer and is no secret."""
    found = channels.outgoing_text(subject_id(asked, "text"))
    if found.to_phone != people.customer(asked.customer_id).phone or found.purpose == channels.ONE_TIME_CODE:
        raise InvalidSubject(field="subject")
    if found.text is None:
        raise InvalidSubject(field="subject")
    return found


def _weigh_text(asked: Asked, clock: Clock) -> None:
    del clock
    _own_text(asked)


def _text_again(asked: Asked, clock: Clock) -> None:
    """Try a text that was given up again under its own id; send one that has gone once more, under the request's."""
    found = _own_text(asked)
    if found.state is channels.TextState.FAILED:
        channels.retry_text(found.message_id, clock=clock)
        return
    assert found.text is not None, "see above"
    channels.send_text(
        to_phone=found.to_phone, text=found.text, purpose=found.purpose, message_id=asked.id, clock=clock
    )


def _weigh_receipt(asked: Asked, clock: Clock) -> None:
    bills.receipt_of(own_payment(asked), clock=clock)


def _receipt_again(asked: Asked, clock: Clock) -> None:
    receipt, whom = bills.receipt_of(own_payment(asked), clock=clock), people.customer(asked.customer_id)
    house = people.institution(asked.institution_id)
    with override(whom.language):
        text = gettext("Receipt %(number)s: %(amount)s on %(day)s. Code to check it: %(code)s.") % {
            "number": receipt.number,
            "amount": platform.money_text(receipt.facts.amount, whom.language, digits=whom.digits),
            "day": platform.date_text(receipt.facts.settled_on, whom.language, country=house.country),
            "code": receipt.code_shown,
        }
    channels.send_text(to_phone=whom.phone, text=text, purpose=RECEIPT_TEXT, message_id=asked.id, clock=clock)


RESEND_TEXT: Final = Action(
    code="resend_message",
    words=mark("Send a text again"),
    subject="text",
    has_amount=False,
    asks_amount=False,
    weigh=_weigh_text,
    perform=_text_again,
)
RESEND_RECEIPT: Final = Action(
    code="resend_receipt",
    words=mark("Send a payment's receipt again"),
    subject="payment",
    has_amount=False,
    asks_amount=False,
    weigh=_weigh_receipt,
    perform=_receipt_again,
)
