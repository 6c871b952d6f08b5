"""Reads of payments."""

from __future__ import annotations

from uuid import UUID

from raseed.banking.api import Cursor

from .domain import PAYMENTS_PER_PAGE, Payment, PaymentPage, Step


def payment(payment_id: UUID, customer_id: UUID) -> Payment:
    """Return a payment that this customer sent or received.

    Raises:
        PaymentUnknown: no such payment, or not this customer's to see.
    """
    raise NotImplementedError


def payments_of(customer_id: UUID, *, before: Cursor | None = None, limit: int = PAYMENTS_PER_PAGE) -> PaymentPage:
    """Return the payments that a customer has instructed, newest first."""
    raise NotImplementedError


def step_words(step: Step, language: str) -> str:
    """Return a step in words, with the reason of a refusal, in the reader's language."""
    raise NotImplementedError
