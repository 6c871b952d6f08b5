"""The front door of webhooks."""

from __future__ import annotations

from .domain import (
    MANAGE,
    Attempt,
    Delivery,
    DeliveryPage,
    DeliveryState,
    DeliveryUnknown,
    Endpoint,
    EndpointOff,
    EndpointState,
    EndpointUnknown,
    InvalidEndpointUrl,
    OffReason,
    ReplayTooLarge,
    TooManyEndpoints,
    UnknownEvent,
    WebhooksNotPermitted,
    WrongGeneration,
)
from .fanout import event_names
from .queries import deliveries, delivery, endpoint, endpoints_of
from .sending import Sender, sending
from .services import change_endpoint, register_endpoint, remove_endpoint, replay, replay_span, rotate_secret

__all__ = [
    "MANAGE",
    "Attempt",
    "Delivery",
    "DeliveryPage",
    "DeliveryState",
    "DeliveryUnknown",
    "Endpoint",
    "EndpointOff",
    "EndpointState",
    "EndpointUnknown",
    "InvalidEndpointUrl",
    "OffReason",
    "ReplayTooLarge",
    "Sender",
    "TooManyEndpoints",
    "UnknownEvent",
    "WebhooksNotPermitted",
    "WrongGeneration",
    "change_endpoint",
    "deliveries",
    "delivery",
    "endpoint",
    "endpoints_of",
    "event_names",
    "register_endpoint",
    "remove_endpoint",
    "replay",
    "replay_span",
    "rotate_secret",
    "sending",
]
