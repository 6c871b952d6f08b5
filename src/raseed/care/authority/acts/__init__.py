"""The actions that this package brings: over verbs of the packages below it."""

from __future__ import annotations

from typing import Final

from ..registry import Action
from .accounts import UNBLOCK_ACCOUNT
from .bills import EXTEND_DUE_DATE, REFUND_BILL_PAYMENT, WAIVE_BILL_PENALTY
from .fees import REFUND_FEE
from .goodwill import GOODWILL_CREDIT
from .loans import WAIVE_LOAN_PENALTY
from .messages import RESEND_MESSAGE, RESEND_RECEIPT

ACTIONS: Final[tuple[Action, ...]] = (
    EXTEND_DUE_DATE,
    GOODWILL_CREDIT,
    REFUND_BILL_PAYMENT,
    REFUND_FEE,
    RESEND_RECEIPT,
    RESEND_MESSAGE,
    UNBLOCK_ACCOUNT,
    WAIVE_BILL_PENALTY,
    WAIVE_LOAN_PENALTY,
)
