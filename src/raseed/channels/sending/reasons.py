"""Why a message did not arrive: each reason with a code, a sentence for staff, and whether sending it again helps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext

from raseed.kernel.errors import mark


@dataclass(frozen=True, slots=True)
class Reason:
    """Why. ``sentence`` is a message id; ``told`` is what the provider said of it, in its own words and cleaned, for staff only.

    ``may_retry``: sending it again, as it is, may help.
    """

    code: str
    sentence: str
    may_retry: bool
    told: str = ""

    @property
    def words(self) -> str:
        """The sentence in the reader's language."""
        return gettext(self.sentence)


_SAID: Final[Mapping[str, tuple[str, bool]]] = {
    # The window and templates
    "window_closed": (mark("More than 24 hours have passed since the customer last wrote; only a template can be sent."), False),
    "template_unknown": (mark("The provider does not know this template in this language."), False),
    "template_values": (mark("The values do not fit the template."), False),
    "template_paused": (mark("The provider has paused or disabled this template."), True),
    # The one it goes to
    "undeliverable": (mark("The provider can't deliver to this person: the number may not use this channel."), True),
    "not_allowed_there": (mark("The provider does not deliver this to that person or country."), False),
    "held_back": (mark("The provider held the message back, because this person gets too many of its kind."), True),
    "blocked_by_person": (mark("The person has blocked us or left the conversation."), False),
    "recipient_invalid": (mark("The address of the person is not one that the provider knows."), False),
    "needs_number": (mark("This kind of message needs the person's phone number, which is hidden."), False),
    "same_person": (mark("Sender and recipient are the same."), False),
    # What is sent
    "kind_not_supported": (mark("The provider does not carry messages of this kind."), False),
    "message_invalid": (mark("The provider found something missing or wrong in the message."), False),
    "file_refused": (mark("The provider did not take the file."), False),
    "too_large": (mark("The message is larger than the provider takes."), False),
    # The line
    "rate_limited": (mark("The line sends as fast as the provider allows; the message waits its turn."), True),
    "pair_limited": (mark("This person gets as many messages at once as the provider allows; the message waits its turn."), True),
    "token_expired": (mark("The line needs a new access token; messages wait until it has one."), True),
    "account_locked": (mark("The provider has locked or restricted our account."), True),
    "not_permitted": (mark("Our account lacks the permission or the settings for this."), True),
    "line_not_set_up": (mark("The line is not set up to send."), True),
    "line_resting": (mark("The provider does not answer; the line rests before it is asked again."), True),
    # The provider
    "provider_trouble": (mark("The provider has a trouble of its own."), True),
    "not_reached": (mark("The provider could not be reached."), True),
    "refused": (mark("The provider refused the message."), True),
    "gave_up": (mark("The provider could not be brought to take the message, however often it was asked."), True),
    # What is not known
    "no_answer": (mark("The provider was asked and did not answer: the message may have arrived."), True),
    "answer_unclear": (mark("The provider's answer could not be understood: the message may have arrived."), True),
    "cut_off": (mark("The work was cut off while the provider was asked: the message may have arrived."), True),
    "no_sign_of_delivery": (mark("The provider took the message, and has not said since that it delivers it."), False),
    # What is ours
    "expired": (mark("The time in which this message made sense was over before it left."), False),
    "settled_as_not_sent": (mark("Somebody found out that it was not sent."), True),
    "bounced": (mark("The mail came back: the address does not take it."), True),
}  # fmt: skip
CODES: Final = frozenset(_SAID)


def reason(code: str, told: str = "") -> Reason:
    """Return the reason that ``code`` stands for; a code that nobody knows any more reads as a refusal."""
    sentence, may_retry = _SAID.get(code, _SAID["refused"])
    return Reason(code, sentence, may_retry, told)
