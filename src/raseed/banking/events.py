"""Facts that leave ``banking``; none carries personal data, none is told per transfer.

``banking.account_opened`` v1: ``{"account_id": uuid, "owner_id": uuid, "product": "wallet" | "current"}``.
``banking.accounts_opened`` v1: many were, by an import: ``{"count": int}``; who needs them reads the accounts.
``banking.account_blocked``, ``…_unblocked``, ``…_closed``, ``…_reopened`` v1: ``{"account_id": uuid}``.
"""

from __future__ import annotations

from typing import Final

ACCOUNT_OPENED: Final = "banking.account_opened"
ACCOUNTS_OPENED: Final = "banking.accounts_opened"
ACCOUNT_BLOCKED: Final = "banking.account_blocked"
ACCOUNT_UNBLOCKED: Final = "banking.account_unblocked"
ACCOUNT_CLOSED: Final = "banking.account_closed"
ACCOUNT_REOPENED: Final = "banking.account_reopened"
