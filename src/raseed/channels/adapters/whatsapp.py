"""The wire of WhatsApp's Cloud API: files are uploaded first and sent by their id, and our own id goes along for its statuses.

Source: Meta's Graph API reference, ``POST /{phone-number-id}/messages``, and its table of error codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

from .domain import Outcome, Parcel, PutOff, Refused, Taken, Unclear, Wait, told
from .http import Answer, Exchange, NoAnswer, NotReached, Part, ask_form, ask_json

API: Final = "https://graph.facebook.com"
VERSION: Final = "v23.0"

REASONS: Final[Mapping[int, str]] = {
    131047: "window_closed",
    131026: "undeliverable",
    131049: "held_back",
    131050: "blocked_by_person",
    130497: "not_allowed_there",
    130472: "held_back",
    131021: "same_person",
    131030: "recipient_invalid",
    131045: "not_permitted",
    131062: "needs_number",
    131008: "message_invalid",
    131009: "message_invalid",
    100: "message_invalid",
    131051: "kind_not_supported",
    131052: "file_refused",
    131053: "file_refused",
    132000: "template_values",
    132001: "template_unknown",
    132005: "template_values",
    132007: "template_paused",
    132012: "template_values",
    132015: "template_paused",
    132016: "template_paused",
    131005: "not_permitted",
    131031: "account_locked",
    131042: "account_locked",
    131037: "not_permitted",
    133010: "not_permitted",
    368: "account_locked",
    3: "not_permitted",
    10: "not_permitted",
    **dict.fromkeys(range(200, 300), "not_permitted"),
}
"""Graph's code → ours, where it says no for good. Sending 131026 or 131049 again may help, but only a person decides that."""
WAITS: Final[Mapping[int, Wait]] = {
    130429: Wait.LINE_LIMIT,
    131048: Wait.LINE_LIMIT,
    133016: Wait.LINE_LIMIT,
    80007: Wait.LINE_LIMIT,
    4: Wait.LINE_LIMIT,
    131056: Wait.PAIR_LIMIT,
    0: Wait.TOKEN,
    190: Wait.TOKEN,
    1: Wait.TROUBLE,
    2: Wait.TROUBLE,
    131000: Wait.TROUBLE,
    131016: Wait.TROUBLE,
    131057: Wait.TROUBLE,
    133004: Wait.TROUBLE,
}
"""Codes that say: not now. 0 and 190 are about the token."""
LINE_PAUSE: Final = timedelta(seconds=20)
PAIR_PAUSE: Final = timedelta(seconds=12)
"""Where the provider names no time: twice what one message to one person costs."""
_UNAUTHORISED: Final = 401
_TOO_MANY: Final = 429
_TIMED_OUT: Final = 408


class WhatsAppWire:
    """Hands messages to the Cloud API."""

    idempotent = False

    def hand_over(self, parcel: Parcel) -> Outcome:
        """Upload the file if there is one, then send."""
        token = parcel.secret("access_token")
        if not token:
            return PutOff(Wait.TOKEN)
        base = f"{parcel.settings.get('api_base', API).rstrip('/')}/{parcel.settings.get('graph_version', VERSION)}"
        number = f"{base}/{quote(parcel.address, safe='')}"
        headers = {"Authorization": f"Bearer {token}"}
        media_id = ""
        if parcel.media:
            uploaded = _upload(f"{number}/media", headers, parcel)
            if not isinstance(uploaded, str):
                return uploaded
            media_id = uploaded
        return sent(ask_json("POST", f"{number}/messages", headers=headers, content=body(parcel, media_id)))


def body(parcel: Parcel, media_id: str = "") -> dict[str, Any]:
    """Return what is posted for a message."""
    said: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **_recipient(parcel),
        "biz_opaque_callback_data": str(parcel.callback),
    }
    if parcel.reply_to:
        said["context"] = {"message_id": parcel.reply_to}
    if parcel.template_name:
        return said | {"type": "template", "template": _template(parcel)}
    if media_id:
        kind = "image" if parcel.is_image else "document"
        file: dict[str, str] = {"id": media_id}
        if parcel.text:
            file["caption"] = parcel.text
        if not parcel.is_image:
            file["filename"] = parcel.media_name
        return said | {"type": kind, kind: file}
    return said | {"type": "text", "text": {"body": parcel.text, "preview_url": False}}


def sent(answer: Exchange) -> Outcome:
    """Tell what came of a message that was posted."""
    if isinstance(answer, NotReached):
        return PutOff(Wait.NOT_REACHED, answer.code)
    if isinstance(answer, NoAnswer):
        return Unclear("no_answer", answer.code)
    if answer.is_yes:
        message = first(answer.said.get("messages"))
        provider_id = message.get("id") if message else None
        if isinstance(provider_id, str) and provider_id:
            return Taken(provider_id)
        return Unclear("answer_unclear", f"answered_{answer.status}")
    return said_no(answer)


def said_no(answer: Answer) -> Outcome:
    """Tell what an answer other than yes means. An error without words of the API itself is not its answer."""
    error = answer.said.get("error")
    if isinstance(error, dict) and isinstance(error.get("code"), int):
        code: int = error["code"]
        data = error.get("error_data")
        details = data.get("details") if isinstance(data, dict) else None
        words = told(f"{code}: {details or error.get('message') or ''}")
        wait = WAITS.get(code)
        if wait is not None:
            return PutOff(wait, words, answer.retry_after or pause_of(wait))
        if code in REASONS:
            return Refused(REASONS[code], words)
        if error.get("is_transient") is True:
            return PutOff(Wait.TROUBLE, words, answer.retry_after)
        return Refused("refused", words) if answer.status < 500 else Unclear("answer_unclear", words)  # noqa: PLR2004
    return by_status(answer)


def by_status(answer: Answer) -> Outcome:
    """Tell what an answer means of which only the status can be read."""
    words = f"answered_{answer.status}"
    if answer.status == _TOO_MANY:
        return PutOff(Wait.LINE_LIMIT, words, answer.retry_after or LINE_PAUSE)
    if answer.status == _UNAUTHORISED:
        return PutOff(Wait.TOKEN, words)
    if 400 <= answer.status < 500 and answer.status != _TIMED_OUT:  # noqa: PLR2004
        return Refused("refused", words)
    return Unclear("answer_unclear", words)


def pause_of(wait: Wait) -> timedelta | None:
    """Return how long to wait where a provider names no time."""
    return {Wait.LINE_LIMIT: LINE_PAUSE, Wait.PAIR_LIMIT: PAIR_PAUSE}.get(wait)


def reason_of_status(code: int | None) -> str:
    """Return our code for the error code that came with a status ``failed``."""
    if code is None:
        return "undeliverable"
    return REASONS.get(code) or {Wait.LINE_LIMIT: "rate_limited", Wait.PAIR_LIMIT: "pair_limited"}.get(
        WAITS.get(code, Wait.TROUBLE), "provider_trouble" if code in WAITS else "refused"
    )


def first(found: object) -> dict[str, Any] | None:
    """Return the first object of a list, if it is one."""
    return found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else None


def _recipient(parcel: Parcel) -> dict[str, str]:
    """Name the person by his number where it is known, else by his business-scoped id."""
    kind, _, value = parcel.to.external_id.partition(":")
    if kind == "wa":
        return {"to": value}
    if parcel.to.phone:
        return {"to": parcel.to.phone.lstrip("+")}
    return {"recipient": value or kind}


def _template(parcel: Parcel) -> dict[str, Any]:
    said: dict[str, Any] = {"name": parcel.template_name, "language": {"code": parcel.template_language}}
    if parcel.template_values:
        values = [{"type": "text", "text": value} for value in parcel.template_values]
        said["components"] = [{"type": "body", "parameters": values}]
    return said


def _upload(url: str, headers: Mapping[str, str], parcel: Parcel) -> str | Outcome:
    """Upload the file and return its id. No message has left yet, so whatever fails here may be tried again."""
    parts = [
        Part("messaging_product", b"whatsapp"),
        Part("type", parcel.media_type.encode()),
        Part("file", parcel.media, parcel.media_name, parcel.media_type),
    ]
    answer = ask_form(url, headers=headers, parts=parts)
    if isinstance(answer, NotReached):
        return PutOff(Wait.NOT_REACHED, answer.code)
    if isinstance(answer, NoAnswer):
        return PutOff(Wait.TROUBLE, answer.code)
    media_id = answer.said.get("id")
    if answer.is_yes and isinstance(media_id, str) and media_id:
        return media_id
    outcome: Outcome = PutOff(Wait.TROUBLE, f"answered_{answer.status}") if answer.is_yes else said_no(answer)
    if isinstance(outcome, Unclear):
        return PutOff(Wait.TROUBLE, outcome.told)
    if isinstance(outcome, Refused) and outcome.code in {"refused", "message_invalid"}:
        return Refused("file_refused", outcome.told)
    return outcome
