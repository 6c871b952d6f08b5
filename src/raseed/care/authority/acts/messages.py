"""Sending again: a text or a message that did not reach the customer, whatever it holds, or a payment's receipt."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.utils.translation import gettext, override

from raseed.bills import api as bills
from raseed.channels import api as channels
from raseed.kernel.clock import Clock
from raseed.kernel.errors import mark
from raseed.people import api as people
from raseed.platform import api as platform

from ...conversations import again
from ...conversations.errors import UnknownConversation
from ..domain import Asked
from ..errors import InvalidSubject
from ..registry import Action, subject_id
from .owned import own_payment

RECEIPT_TEXT: Final = "receipt_again"
MESSAGE: Final = "message"
"""The subjects that are messages of conversations, by the message's id."""


def _own_text(asked: Asked) -> channels.OutgoingText:
    """Return the text, if it went to the customer and is no secret."""
    found = channels.outgoing_text(subject_id(asked, "text"))
    if found.to_phone != people.customer(asked.customer_id).phone or found.purpose == channels.ONE_TIME_CODE:
        raise InvalidSubject(field="subject")
    if found.text is None:
        raise InvalidSubject(field="subject")
    return found


def _weigh_message(asked: Asked, clock: Clock) -> None:
    del clock
    if asked.subject.startswith(MESSAGE):
        _own_message(asked)
    else:
        _own_text(asked)


def _own_message(asked: Asked) -> UUID:
    """Return the id of a message of a conversation, if it went to the customer."""
    message_id = subject_id(asked, MESSAGE)
    try:
        again.answer_to(message_id, customer_id=asked.customer_id, institution_id=asked.institution_id)
    except UnknownConversation:
        raise InvalidSubject(field="subject") from None
    return message_id


def _message_again(asked: Asked, clock: Clock) -> None:
    """Send a conversation's message again, with its template or its file; else a text."""
    if not asked.subject.startswith(MESSAGE):
        _text_again(asked, clock)
        return
    again.answer_again(
        _own_message(asked), customer_id=asked.customer_id, institution_id=asked.institution_id, id=asked.id,
        by=people.author_of_staff(asked.asked_by), reason=asked.reason, clock=clock,
    )  # fmt: skip


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


RESEND_MESSAGE: Final = Action(
    code="resend_message",
    words=mark("Send a message again"),
    subject="text",
    has_amount=False,
    asks_amount=False,
    weigh=_weigh_message,
    perform=_message_again,
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
