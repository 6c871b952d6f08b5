"""What the Cloud API says when it refuses: codes, sentences and HTTP statuses, at once or by a later status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .exchange import Answer, answer_json

TRACE: Final = "AbCdEfGhIjK1234567"

ERRORS: Final[Mapping[int, tuple[int, str, str]]] = {
    0: (401, "AuthException", "We were unable to authenticate the app user."),
    3: (500, "API Method", "Capability or permissions issue."),
    4: (400, "API Too Many Calls", "The app has reached its API call rate limit."),
    10: (403, "Permission Denied", "Permission is either not granted or has been removed."),
    33: (400, "Parameter value is not valid", "The business phone number has been deleted."),
    100: (400, "Invalid parameter", "The request included one or more unsupported or misspelled parameters."),
    190: (401, "Access token has expired", "Your access token has expired."),
    368: (403, "Temporarily blocked for policies violations", "The account has been restricted or disabled."),
    2200: (400, "Callback verification failed", "The URL couldn't be validated."),
    80007: (400, "Rate limit issues", "The WhatsApp Business Account has reached its rate limit."),
    130429: (429, "Rate limit hit", "Cloud API message throughput has been reached."),
    130472: (400, "User's number is part of an experiment", "Message was not sent as part of an experiment."),
    131000: (500, "Something went wrong", "Message failed to send due to an unknown error."),
    131005: (403, "Access denied", "Permission is either not granted or has been removed."),
    131008: (400, "Required parameter is missing", "The request is missing a required parameter."),
    131009: (400, "Parameter value is not valid", "One or more parameter values are invalid."),
    131016: (500, "Service unavailable", "A service is temporarily unavailable."),
    131021: (400, "Recipient cannot be sender", "Sender and recipient phone number is the same."),
    131026: (400, "Message undeliverable", "Unable to deliver message: the recipient is not on WhatsApp, or has an old version of it."),
    131031: (403, "Account has been locked", "The account has been restricted or disabled."),
    131042: (400, "Business eligibility payment issue", "There was an error related to your payment method."),
    131045: (500, "Incorrect certificate", "Message failed to send due to a phone number registration error."),
    131047: (400, "Re-engagement message", "Message failed to send because more than 24 hours have passed since the customer last replied to this number."),
    131048: (400, "Spam rate limit hit", "Message failed to send because there are restrictions on how many messages can be sent from this phone number."),
    131049: (400, "Meta chose not to deliver", "This message was not delivered to maintain healthy ecosystem engagement."),
    131050: (400, "User has stopped marketing messages", "The recipient has chosen to stop receiving marketing messages."),
    131051: (400, "Unsupported message type", "Message type is currently not supported."),
    131052: (400, "Media download error", "Unable to download the media sent by the user."),
    131053: (400, "Media upload error", "Unable to upload the media used in the message."),
    131056: (429, "(Business Account, Consumer Account) pair rate limit hit", "Too many messages sent from the sender phone number to the same recipient phone number in a short period of time."),
    131057: (500, "Account in maintenance mode", "Business Account is in maintenance mode."),
    131062: (400, "Business-scoped user ID recipients are not supported for this message", "Send this message to a phone number."),
    132000: (400, "Template Param Count Mismatch", "The number of variable parameter values included in the request did not match the number of variable parameters defined in the template."),
    132001: (404, "Template does not exist", "The template does not exist in the specified language or the template has not been approved."),
    132005: (400, "Template Hydrated Text Too Long", "Translated text is too long."),
    132007: (400, "Template Format Character Policy Violated", "Template content violates a WhatsApp policy."),
    132012: (400, "Template Parameter Format Mismatch", "Variable parameter values formatted incorrectly."),
    132015: (400, "Template is Paused", "Template is paused due to low quality so it cannot be sent in a template message."),
    132016: (400, "Template is Disabled", "Template has been paused too many times due to low quality and is now permanently disabled."),
    133004: (503, "Server Temporarily Unavailable", "Server is temporarily unavailable."),
    133010: (400, "Phone number Not Registered", "Phone number not registered on the Whatsapp Business Platform."),
    135000: (400, "Generic user error", "Message failed to send because of an unknown error with your request parameters."),
}  # fmt: skip
"""(HTTP status, title, details) by code, as Meta's table of error codes has them."""

LATER: Final = frozenset({130472, 131026, 131047, 131049, 131050, 131053})
"""Codes that the real service tells in a later status, after it has said yes."""


def refusal(code: int, details: str = "") -> Answer:
    """Return the answer with an error code; one that is not in the table is a wrong parameter's."""
    status, title, usual = ERRORS.get(code, (400, "Unknown error", ""))
    said: dict[str, Any] = {"message": f"(#{code}) {title}", "type": "OAuthException", "code": code}
    if code == 190:  # noqa: PLR2004 - Meta's own sentence, without error_data
        said["message"] = "Error validating access token: Session has expired. The current time is later than its end."
        said["error_subcode"] = 463
    else:
        said["error_data"] = {"messaging_product": "whatsapp", "details": details or usual}
    said["fbtrace_id"] = TRACE
    headers = {"WWW-Authenticate": 'OAuth "Facebook Platform" "invalid_token"'} if code == 190 else {}  # noqa: PLR2004
    answer = answer_json(status, {"error": said})
    return Answer(answer.status, answer.body, answer.kind, headers)


def missing_object(name: str) -> Answer:
    """Return what Graph says of an id that is not there, not ours, or has expired."""
    said = (
        f"Unsupported request. Object with ID '{name}' does not exist, cannot be loaded due to missing permissions, "
        "or does not support this operation."
    )
    told = {"message": said, "type": "GraphMethodException", "code": 100, "error_subcode": 33, "fbtrace_id": TRACE}
    return answer_json(400, {"error": told})


def status_error(code: int) -> dict[str, Any]:
    """Return the error as a ``failed`` status carries it."""
    _, title, details = ERRORS.get(code, (400, "Unknown error", ""))
    return {
        "code": code, "title": title, "message": title, "error_data": {"details": details},
        "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
    }  # fmt: skip
