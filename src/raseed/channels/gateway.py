"""The wire to a text-message gateway: one POST per try, described in docs/subsystems/channels.md."""

from __future__ import annotations

import http.client
import json
import os
import ssl
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings

from raseed.platform.api import key_text

TIMEOUT_S: Final = 10
ANSWER_BYTES_MAX: Final = 4096
KEY_NAME: Final = "sms-gateway"
SUCCESS: Final = 2
"""The first digit of an HTTP status that says yes."""


class DeliveryProblem(Exception):
    """A try that did not end in a 2xx answer. Its text names the kind of trouble, never the message."""


def gateway_known() -> bool:
    """Tell whether there is a gateway to hand texts to."""
    return bool(settings.SMS_URL)


def post_text(*, message_id: UUID, to_phone: str, text: str) -> None:
    """Hand one text to the gateway at ``settings.SMS_URL``; returning means that it has taken it.

    The key is ``RASEED_SMS_KEY``, else the one in ``HOME/keys/sms-gateway`` (made at first use). Redirects are not
    followed, so the key goes nowhere else.

    Raises:
        DeliveryProblem: no address, no connection, no answer in time, or an answer other than 2xx.
    """
    address = urlsplit(settings.SMS_URL)
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise DeliveryProblem("no_gateway_address")
    body = json.dumps({"id": str(message_id), "to": to_phone, "text": text}, ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Authorization": f"Bearer {os.environ.get('RASEED_SMS_KEY') or key_text(KEY_NAME)}",
        "Idempotency-Key": str(message_id),
    }
    connection = (
        http.client.HTTPSConnection(
            address.hostname, address.port, timeout=TIMEOUT_S, context=ssl.create_default_context()
        )
        if address.scheme == "https"
        else http.client.HTTPConnection(address.hostname, address.port, timeout=TIMEOUT_S)
    )
    target = (address.path or "/") + (f"?{address.query}" if address.query else "")
    try:
        connection.request("POST", target, body, headers)
        answer = connection.getresponse()
        answer.read(ANSWER_BYTES_MAX)
    except TimeoutError:
        raise DeliveryProblem("no_answer_in_time") from None
    except (OSError, http.client.HTTPException) as trouble:
        raise DeliveryProblem(f"no_connection: {type(trouble).__name__}") from None
    finally:
        connection.close()
    if answer.status // 100 != SUCCESS:
        raise DeliveryProblem(f"answered_{answer.status}")
