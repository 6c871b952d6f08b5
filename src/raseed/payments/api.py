"""The front door of ``payments``: preview, send, and a payment's timeline."""

from __future__ import annotations

from .domain import (
    BATCH_MAX,
    NOTE_LENGTH_MAX,
    PAYMENTS_PER_PAGE,
    Destination,
    Instruction,
    Payment,
    PaymentPage,
    PaymentState,
    Preview,
    Refusal,
    Route,
    Step,
)
from .errors import (
    AmountNotPositive,
    NotEnoughMoney,
    PaymentIdTaken,
    PaymentUnknown,
    RecipientBlocked,
    RecipientClosed,
    RecipientUnknown,
    RefusedByBooks,
    SelfTransfer,
    SwitchNotConnected,
    TooManyPayments,
)
from .queries import counterparties, payment, payments_of, step_words
from .routes import register_route
from .services import preview, send, send_many

__all__ = [
    "BATCH_MAX",
    "NOTE_LENGTH_MAX",
    "PAYMENTS_PER_PAGE",
    "AmountNotPositive",
    "Destination",
    "Instruction",
    "NotEnoughMoney",
    "Payment",
    "PaymentIdTaken",
    "PaymentPage",
    "PaymentState",
    "PaymentUnknown",
    "Preview",
    "RecipientBlocked",
    "RecipientClosed",
    "RecipientUnknown",
    "Refusal",
    "RefusedByBooks",
    "Route",
    "SelfTransfer",
    "Step",
    "SwitchNotConnected",
    "TooManyPayments",
    "counterparties",
    "payment",
    "payments_of",
    "preview",
    "register_route",
    "send",
    "send_many",
    "step_words",
]
