"""The wire of text messages: the gateway's, as docs/subsystems/channels.md describes it; it drops an id that it has seen."""

from __future__ import annotations

from typing import Final

from ..gateway import DeliveryProblem, gateway_known, post_text
from .domain import Outcome, Parcel, PutOff, Refused, Taken, Wait
from .http import Answer, ask_json, is_address

_OTHER_CONTENT: Final = 409
_TOO_MANY: Final = 429
_UNAUTHORISED: Final = frozenset({401, 403})


class SmsWire:
    """Hands texts to the line's own gateway, or to the installation's."""

    idempotent = True

    def hand_over(self, parcel: Parcel) -> Outcome:
        """Post the text under the message's id, which is the same however often it is tried."""
        phone = parcel.to.phone or parcel.to.external_id
        url = parcel.settings.get("api_base", "")
        if is_address(url):
            return self._own_gateway(url, phone, parcel)
        if not gateway_known():
            return PutOff(Wait.NOT_SET_UP)
        try:
            post_text(message_id=parcel.message_id, to_phone=phone, text=parcel.text)
        except DeliveryProblem as problem:
            return _refused(str(problem).removeprefix("answered_"), str(problem))
        return Taken(str(parcel.message_id))

    def _own_gateway(self, url: str, phone: str, parcel: Parcel) -> Outcome:
        headers = {
            "Authorization": f"Bearer {parcel.secret('access_token')}",
            "Idempotency-Key": str(parcel.message_id),
        }
        content = {"id": str(parcel.message_id), "from": parcel.address, "to": phone, "text": parcel.text}
        answer = ask_json("POST", url, headers=headers, content=content)
        if not isinstance(answer, Answer):
            return PutOff(Wait.TROUBLE, answer.code)
        if answer.is_yes:
            return Taken(str(parcel.message_id))
        outcome = _refused(str(answer.status), f"answered_{answer.status}")
        if isinstance(outcome, PutOff) and answer.retry_after is not None:
            return PutOff(outcome.why, outcome.told, answer.retry_after)
        return outcome


def _refused(status: str, words: str) -> Outcome:
    if not status.isdigit():
        return PutOff(Wait.NOT_REACHED if words.startswith("no_connection") else Wait.TROUBLE, words)
    code = int(status)
    if code == _TOO_MANY:
        return PutOff(Wait.LINE_LIMIT, words)
    if code in _UNAUTHORISED:
        return PutOff(Wait.TOKEN, words)
    if code == _OTHER_CONTENT:
        return Refused("message_invalid", words)
    return PutOff(Wait.TROUBLE, words)
