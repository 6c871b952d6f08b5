"""Facts that leave ``banking``; none carries personal data, none is told per transfer.

``banking.account_opened`` v1: ``{"account_id": uuid, "owner_id": uuid, "product": kind}``.
``banking.accounts_opened`` v1: many were, by an import: ``{"count": int}``; who needs them reads the accounts.
``banking.account_blocked``, ``…_unblocked``, ``…_closed``, ``…_reopened``, ``…_dormant``, ``…_reactivated`` v1:
``{"account_id": uuid}``.
``banking.account_right_given``, ``…_ended`` v1: who may see an account or pay from it changed: ``{"account_id": uuid}``.
``banking.wallet_moved`` v1: a wallet has another key, for its owner's phone number has changed: ``{"account_id": uuid}``.
``banking.loan_granted``, ``banking.loan_repaid_early``, ``banking.loan_holiday_given`` v1: ``{"account_id": uuid}``.
``banking.loan_waiver_given``, ``…_ended`` v1: late penalties of loans are waived, or no longer: ``{"waiver_id": uuid}``.
``banking.loans_brought_in`` v1: many were, by an import: ``{"count": int}``.
"""

from __future__ import annotations

from typing import Final

ACCOUNT_OPENED: Final = "banking.account_opened"
ACCOUNTS_OPENED: Final = "banking.accounts_opened"
ACCOUNT_BLOCKED: Final = "banking.account_blocked"
ACCOUNT_UNBLOCKED: Final = "banking.account_unblocked"
ACCOUNT_CLOSED: Final = "banking.account_closed"
ACCOUNT_REOPENED: Final = "banking.account_reopened"
ACCOUNT_DORMANT: Final = "banking.account_dormant"
ACCOUNT_REACTIVATED: Final = "banking.account_reactivated"
ACCOUNT_RIGHT_GIVEN: Final = "banking.account_right_given"
ACCOUNT_RIGHT_ENDED: Final = "banking.account_right_ended"
LOAN_GRANTED: Final = "banking.loan_granted"
LOAN_REPAID_EARLY: Final = "banking.loan_repaid_early"
LOAN_HOLIDAY_GIVEN: Final = "banking.loan_holiday_given"
LOAN_WAIVER_GIVEN: Final = "banking.loan_waiver_given"
LOAN_WAIVER_ENDED: Final = "banking.loan_waiver_ended"
LOANS_BROUGHT_IN: Final = "banking.loans_brought_in"
WALLET_MOVED: Final = "banking.wallet_moved"
