"""The wire of X's direct messages (API v2): a file is uploaded first and sent by its id.

Signed as the account, either with a bearer token (OAuth 2) or, where the line has a token's secret, with OAuth 1.0a (RFC 5849),
whose tokens do not expire. Source: docs.x.com, ``POST /2/dm_conversations/with/:participant_id/messages``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.ids import new_id

from .domain import Outcome, Parcel, PutOff, Refused, Taken, Unclear, Wait, told
from .http import Answer, Exchange, NoAnswer, NotReached, Part, ask_form, ask_json

API: Final = "https://api.x.com"
PAUSE: Final = timedelta(minutes=1)
_UNAUTHORISED, _FORBIDDEN, _NOT_FOUND, _TOO_LARGE, _TOO_MANY = 401, 403, 404, 413, 429


class XWire:
    """Hands direct messages to X."""

    idempotent = False

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock

    def hand_over(self, parcel: Parcel) -> Outcome:
        """Upload the file if there is one, then send."""
        base = parcel.settings.get("api_base", API).rstrip("/")
        person = quote(parcel.to.external_id.rpartition(":")[2], safe="")
        message_url = f"{base}/2/dm_conversations/with/{person}/messages"
        if not parcel.secret("access_token"):
            return PutOff(Wait.TOKEN)
        media_id = ""
        if parcel.media:
            uploaded = self._upload(f"{base}/2/media/upload", parcel)
            if not isinstance(uploaded, str):
                return uploaded
            media_id = uploaded
        signed = self._signed("POST", message_url, parcel)
        return sent(ask_json("POST", message_url, headers=signed, content=body(parcel, media_id)))

    def _upload(self, url: str, parcel: Parcel) -> str | Outcome:
        category = "dm_image" if parcel.is_image else "dm_document"
        parts = [
            Part("media_category", category.encode()),
            Part("media_type", parcel.media_type.encode()),
            Part("media", parcel.media, parcel.media_name, parcel.media_type),
        ]
        answer = ask_form(url, headers=self._signed("POST", url, parcel), parts=parts)
        if isinstance(answer, NotReached):
            return PutOff(Wait.NOT_REACHED, answer.code)
        if isinstance(answer, NoAnswer):
            return PutOff(Wait.TROUBLE, answer.code)
        data = answer.said.get("data")
        media_id = data.get("id") if isinstance(data, dict) else None
        if answer.is_yes and isinstance(media_id, str) and media_id:
            return media_id
        outcome: Outcome = Unclear("", f"answered_{answer.status}") if answer.is_yes else said_no(answer)
        if isinstance(outcome, Unclear):
            return PutOff(Wait.TROUBLE, outcome.told)
        return Refused("file_refused", outcome.told) if isinstance(outcome, Refused) else outcome

    def _signed(self, method: str, url: str, parcel: Parcel) -> dict[str, str]:
        token, token_secret = parcel.secret("access_token"), parcel.secret("token_secret")
        if not token_secret:
            return {"Authorization": f"Bearer {token}"}
        signing = {
            "oauth_consumer_key": parcel.secret("consumer_key"),
            "oauth_nonce": new_id().hex,
            "oauth_signature_method": "HMAC-SHA1",
            "oauth_timestamp": str(int(self._clock.now().timestamp())),
            "oauth_token": token,
            "oauth_version": "1.0",
        }
        signing["oauth_signature"] = signature(
            method, url, signing, consumer_secret=parcel.secret("consumer_secret"), token_secret=token_secret
        )
        return {"Authorization": "OAuth " + ", ".join(f'{_q(k)}="{_q(v)}"' for k, v in sorted(signing.items()))}


def body(parcel: Parcel, media_id: str = "") -> dict[str, Any]:
    """Return what is posted for a message."""
    said: dict[str, Any] = {"text": parcel.text} if parcel.text else {}
    if media_id:
        said["attachments"] = [{"media_id": media_id}]
    return said


def sent(answer: Exchange) -> Outcome:
    """Tell what came of it."""
    if isinstance(answer, NotReached):
        return PutOff(Wait.NOT_REACHED, answer.code)
    if isinstance(answer, NoAnswer):
        return Unclear("no_answer", answer.code)
    if answer.is_yes:
        data = answer.said.get("data")
        event = data.get("dm_event_id") if isinstance(data, dict) else None
        return (
            Taken(event) if isinstance(event, str) and event else Unclear("answer_unclear", f"answered_{answer.status}")
        )
    return said_no(answer)


def said_no(answer: Answer) -> Outcome:
    """Tell what an answer other than yes means."""
    words = told(f"{answer.status}: {answer.said.get('detail') or answer.said.get('title') or _first_error(answer)}")
    if answer.status == _TOO_MANY:
        return PutOff(Wait.LINE_LIMIT, words, answer.retry_after or PAUSE)
    if answer.status == _UNAUTHORISED:
        return PutOff(Wait.TOKEN, words)
    refusals = {_FORBIDDEN: "undeliverable", _NOT_FOUND: "recipient_invalid", _TOO_LARGE: "too_large"}
    if answer.status in refusals:
        return Refused(refusals[answer.status], words)
    if 400 <= answer.status < 500 and answer.status != 408:  # noqa: PLR2004
        return Refused("refused", words)
    return Unclear("answer_unclear", words)


def signature(method: str, url: str, parameters: Mapping[str, str], *, consumer_secret: str, token_secret: str) -> str:
    """Return the OAuth 1.0a signature of a request whose body is no plain form (RFC 5849, 3.4)."""
    parts = urlsplit(url)
    pairs = sorted((_q(k), _q(v)) for k, v in [*parameters.items(), *parse_qsl(parts.query, keep_blank_values=True)])
    text = "&".join([
        method.upper(),
        _q(f"{parts.scheme}://{parts.netloc.lower()}{parts.path}"),
        _q("&".join(f"{name}={value}" for name, value in pairs)),
    ])  # fmt: skip
    key = f"{_q(consumer_secret)}&{_q(token_secret)}"
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), hashlib.sha1)).decode()


def _q(text: str) -> str:
    return quote(text, safe="-._~")


def _first_error(answer: Answer) -> str:
    errors = answer.said.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    message = first.get("message") if isinstance(first, dict) else None
    return message if isinstance(message, str) else ""
