"""Our refusals in ISO 20022's words: codes of the external code set ExternalStatusReason1Code.

Code set: ISO 20022 External Code Sets. What has no code of its own there is MS03, "reason not specified".
"""

from __future__ import annotations

from typing import Final

UNSPECIFIED: Final = "MS03"
INVALID_FILE: Final = "FF01"

REASON_CODES: Final = {
    # One payment.
    "recipient_unknown": "AC01",  # IncorrectAccountNumber
    "invalid_iban": "AC01",
    "invalid_alias": "AC01",
    "order_creditor_account_missing": "AC03",  # InvalidCreditorAccountNumber
    "recipient_closed": "AC07",  # ClosedCreditorAccountNumber
    "recipient_blocked": "AC06",  # BlockedAccount
    "account_blocked": "AC06",
    "account_dormant": "AC06",
    "account_closed": "AC05",  # ClosedDebtorAccountNumber
    "self_transfer": "AG01",  # TransactionForbidden
    "switch_not_connected": "CNOR",  # CreditorBankIsNotRegistered
    "not_enough_money": "AM04",  # InsufficientFunds
    "more_than_owed": "AM02",  # NotAllowedAmount
    "limit_per_transfer": "AM02",
    "limit_per_day": "AM14",  # AmountExceedsAgreedLimit
    "wrong_currency": "AM03",  # NotAllowedCurrency
    "invalid_amount": "AM12",  # InvalidAmount
    "amount_not_positive": "AM12",
    "order_equivalent_amount": "AM03",
    "order_withdrawn": "DS02",  # OrderCancelled
    "order_lapsed": "DS02",
    # A file.
    "order_wrong_count": "AM18",  # InvalidNumberOfTransactions
    "order_too_many_payments": "AM18",
    "order_wrong_sum": "AM10",  # InvalidControlSum
    "order_message_id_taken": "DU01",  # DuplicateMessageID
    "order_block_id_twice": "DU02",  # DuplicatePaymentInformationID
    "order_uetr_twice": "DU03",  # DuplicateTransaction
    "order_end_to_end_id_twice": "DU04",  # DuplicateEndToEndID
    "order_instruction_id_twice": "DU05",  # DuplicateInstructionID
    "order_debtor_unknown": "AC02",  # InvalidDebtorAccountNumber
    "order_several_institutions": "AC02",
    "order_date_past": "CH04",  # RequestedExecutionDateTooFarInPast
    "order_date_far": "CH03",  # RequestedExecutionDateTooFarInFuture
    "order_method_not_offered": "AG03",  # TransactionNotSupported
    "order_charges_not_offered": "AG03",
    "order_wrong_bic": "RC01",  # BankIdentifierIncorrect
    "unacceptable_text": "CH16",  # ElementContentFormallyIncorrect
}


def reason_code(code: str) -> str:
    """Return the ISO code of a refusal's own code; everything that makes a file unreadable is FF01."""
    known = REASON_CODES.get(code)
    if known is None:
        return INVALID_FILE if code.startswith("order_") else UNSPECIFIED
    return known
