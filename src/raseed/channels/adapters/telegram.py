"""The wire of Telegram's Bot API: ``sendMessage``, ``sendPhoto``, ``sendDocument``. Source: core.telegram.org/bots/api."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, Final

from .domain import Outcome, Parcel, PutOff, Refused, Taken, Unclear, Wait, told
from .http import WAIT_SECONDS_MAX, Answer, Exchange, NoAnswer, NotReached, Part, ask_form, ask_json

API: Final = "https://api.telegram.org"
PAUSE: Final = timedelta(seconds=5)
_UNAUTHORISED, _FORBIDDEN, _NOT_FOUND, _TOO_LARGE, _TOO_MANY, _OWN_TROUBLE = 401, 403, 404, 413, 429, 500
_WORDS: Final = (
    ("chat not found", "recipient_invalid"),
    ("user not found", "recipient_invalid"),
    ("peer_id_invalid", "recipient_invalid"),
    ("message is too long", "too_large"),
    ("caption is too long", "too_large"),
    ("message text is empty", "message_invalid"),
    ("wrong file", "file_refused"),
    ("image_process_failed", "file_refused"),
    ("photo_invalid", "file_refused"),
    ("not enough rights", "not_permitted"),
    ("have no rights", "not_permitted"),
)
"""The Bot API has no codes beside the status: it says what is wrong in these words."""


class TelegramWire:
    """Hands messages to the Bot API."""

    idempotent = False

    def hand_over(self, parcel: Parcel) -> Outcome:
        """Send, with the file in the same request if there is one."""
        token = parcel.secret("access_token")
        if not token:
            return PutOff(Wait.TOKEN)
        base = f"{parcel.settings.get('api_base', API).rstrip('/')}/bot{token}"
        if parcel.media:
            method, parts = upload(parcel)
            return sent(ask_form(f"{base}/{method}", headers={}, parts=parts))
        return sent(ask_json("POST", f"{base}/sendMessage", headers={}, content=body(parcel)))


def body(parcel: Parcel) -> dict[str, Any]:
    """Return what is posted for a text."""
    return {
        "chat_id": _chat(parcel),
        "text": parcel.text,
        "link_preview_options": {"is_disabled": True},
        **_reply(parcel),
    }


def upload(parcel: Parcel) -> tuple[str, list[Part]]:
    """Return the method and the form for a file."""
    method, field = ("sendPhoto", "photo") if parcel.is_image else ("sendDocument", "document")
    parts = [Part("chat_id", str(_chat(parcel)).encode())]
    if parcel.text:
        parts.append(Part("caption", parcel.text.encode()))
    parts += [Part(name, json.dumps(value).encode()) for name, value in _reply(parcel).items()]
    return method, [*parts, Part(field, parcel.media, parcel.media_name, parcel.media_type)]


def sent(answer: Exchange) -> Outcome:
    """Tell what came of it."""
    if isinstance(answer, NotReached):
        return PutOff(Wait.NOT_REACHED, answer.code)
    if isinstance(answer, NoAnswer):
        return Unclear("no_answer", answer.code)
    if answer.is_yes:
        result = answer.said.get("result")
        number = result.get("message_id") if isinstance(result, dict) else None
        chat = result.get("chat") if isinstance(result, dict) else None
        chat_id = chat.get("id") if isinstance(chat, dict) else None
        if answer.said.get("ok") is True and isinstance(number, int) and isinstance(chat_id, int):
            return Taken(f"{chat_id}:{number}")
        return Unclear("answer_unclear", f"answered_{answer.status}")
    return _said_no(answer)


def _said_no(answer: Answer) -> Outcome:
    description = answer.said.get("description")
    words = told(f"{answer.status}: {description}" if isinstance(description, str) else f"answered_{answer.status}")
    if answer.status == _TOO_MANY:
        return PutOff(Wait.LINE_LIMIT, words, _asked(answer) or answer.retry_after or PAUSE)
    if answer.said.get("ok") is not False:
        known = 400 <= answer.status < 500 and answer.status != 408  # noqa: PLR2004
        return Refused("refused", words) if known else Unclear("answer_unclear", words)
    if answer.status >= _OWN_TROUBLE:
        return Unclear("answer_unclear", words)
    if answer.status in {_UNAUTHORISED, _NOT_FOUND}:  # "Not Found" is what a token gets that is none
        return PutOff(Wait.TOKEN, words)
    lower = words.lower()
    by_status = {_FORBIDDEN: "blocked_by_person", _TOO_LARGE: "too_large"}.get(answer.status)
    return Refused(by_status or next((code for said, code in _WORDS if said in lower), "refused"), words)


def _asked(answer: Answer) -> timedelta | None:
    parameters = answer.said.get("parameters")
    seconds = parameters.get("retry_after") if isinstance(parameters, dict) else None
    return timedelta(seconds=min(max(seconds, 1), WAIT_SECONDS_MAX)) if isinstance(seconds, int) else None


def _chat(parcel: Parcel) -> int | str:
    """Return the chat's number; a private chat's is its person's."""
    value = parcel.to.external_id.rpartition(":")[2]
    return int(value) if value.lstrip("-").isdigit() and value.isascii() else value


def _reply(parcel: Parcel) -> dict[str, Any]:
    """Point at the message that is answered; if it is gone, the answer goes without."""
    number = parcel.reply_to.rpartition(":")[2]
    if not (number.isascii() and number.isdigit()):
        return {}
    return {"reply_parameters": {"message_id": int(number), "allow_sending_without_reply": True}}
