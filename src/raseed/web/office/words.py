"""What deeds, facts and values of the audit trail are called: every action and fact that the code records has words here.

A test walks the code and compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from raseed.kernel.errors import mark

FAMILIES: Final[Mapping[str, str]] = {
    "people.": mark("People, staff and roles"),
    "people.customer": mark("People"),
    "people.staff": mark("Staff"),
    "people.change_": mark("Changes with a second person"),
    "banking.": mark("Accounts and products"),
    "banking.account": mark("Accounts"),
    "payments.": mark("Payments"),
    "office.": mark("What was looked at in the back office"),
    "imports.": mark("Imports"),
}
"""Beginnings of actions by which the trail is filtered."""

ACTIONS: Final[Mapping[str, str]] = {
    "banking.account_blocked": mark("Account blocked"),
    "banking.account_closed": mark("Account closed"),
    "banking.account_opened": mark("Account opened"),
    "banking.account_renamed": mark("Account given another name"),
    "banking.account_reopened": mark("Account opened again"),
    "banking.account_unblocked": mark("Account unblocked"),
    "banking.accounts_opened": mark("Accounts opened in bulk"),
    "banking.fee_set": mark("Fee set"),
    "banking.institution_set_up": mark("Books of the institution set up"),
    "banking.limits_set": mark("Limits set"),
    "banking.product_offered": mark("Product offered"),
    "imports.books_imported": mark("Books imported"),
    "office.account_opened": mark("Account looked at"),
    "office.person_opened": mark("Person looked at"),
    "people.change_applied": mark("Change confirmed"),
    "people.change_expired": mark("Change expired"),
    "people.change_proposed": mark("Change proposed"),
    "people.change_rejected": mark("Change rejected"),
    "people.change_withdrawn": mark("Change withdrawn"),
    "people.customer_joined": mark("Became a customer"),
    "people.customers_joined_in_bulk": mark("Customers brought in in bulk"),
    "people.digits_chosen": mark("Digits chosen"),
    "people.institution_registered": mark("Institution registered"),
    "people.language_chosen": mark("Language chosen"),
    "people.role_made": mark("Role made"),
}

FACTS: Final[Mapping[str, str]] = {
    "accounts": mark("Accounts"),
    "amount_minor": mark("Amount"),
    "bank_code": mark("Bank code"),
    "branch_code": mark("Branch code"),
    "change_id": mark("Change"),
    "count": mark("Number"),
    "currency": mark("Currency"),
    "decided_by": mark("Decided by"),
    "digest": mark("Fingerprint of the file"),
    "digits": mark("Digits"),
    "event": mark("For what"),
    "institution_id": mark("Institution"),
    "kind": mark("Kind"),
    "language": mark("Language"),
    "ledger": mark("Ledger"),
    "lines": mark("Lines"),
    "overdraft": mark("Overdraft"),
    "owner": mark("Holder"),
    "part": mark("Page"),
    "per_day_minor": mark("Per day"),
    "per_transfer_minor": mark("Per transfer"),
    "permissions": mark("Permissions"),
    "product": mark("Product"),
    "roles": mark("Roles"),
    "proposed_by": mark("Proposed by"),
    "slug": mark("Short name"),
    "source": mark("Source"),
    "state": mark("State"),
    "valid_from": mark("In force from"),
}

VALUES: Final[Mapping[str, str]] = {
    "active": mark("active"),
    "ar": mark("Arabic"),
    "en": mark("English"),
    "he": mark("Hebrew"),
    "bank": mark("bank"),
    "blocked": mark("blocked"),
    "closed": mark("closed"),
    "current": mark("current account"),
    "dormant": mark("dormant"),
    "invited": mark("invited"),
    "issuer": mark("wallet issuer"),
    "left": mark("has left"),
    "loan": mark("loan"),
    "locked": mark("locked"),
    "open": mark("open"),
    "savings": mark("savings account"),
    "transfer_on_us": mark("transfer inside the institution"),
    "utility": mark("utility"),
    "wallet": mark("wallet"),
}
"""Codes that stand as values of facts."""

REFERENCES: Final[Mapping[str, str]] = {
    "customer_id": "customer",
    "institution_id": "institution",
    "owner": "customer",
    "role": "role",
    "roles": "role",
    "staff": "staff",
}
"""Facts whose value is an id, and of what."""
