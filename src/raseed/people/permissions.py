"""What may be permitted in this package: the codes, with words for people."""

from __future__ import annotations

from typing import Final

from raseed.kernel.errors import mark

from .authority import Permission

CUSTOMERS_VIEW: Final = "people.customers.view"
CUSTOMERS_EDIT: Final = "people.customers.edit"
CIVIL_IDS_VIEW: Final = "people.civil_ids.view"
CONSENTS_PUBLISH: Final = "people.consents.publish"
CRITICAL_DATES_VIEW: Final = "people.critical_dates.view"
CRITICAL_DATES_EDIT: Final = "people.critical_dates.edit"
VULNERABILITY_VIEW: Final = "people.vulnerability.view"
VULNERABILITY_EDIT: Final = "people.vulnerability.edit"
PHONE_PROPOSE: Final = "people.phone.propose"
PHONE_CONFIRM: Final = "people.phone.confirm"
IDENTITIES_LINK: Final = "people.identities.link"
MERGE_PROPOSE: Final = "people.merge.propose"
MERGE_CONFIRM: Final = "people.merge.confirm"
STAFF_VIEW: Final = "people.staff.view"
STAFF_PROPOSE: Final = "people.staff.propose"
STAFF_CONFIRM: Final = "people.staff.confirm"
ROLES_PROPOSE: Final = "people.roles.propose"
ROLES_CONFIRM: Final = "people.roles.confirm"
AUDIT_VIEW: Final = "people.audit.view"
KEYS_MANAGE: Final = "people.keys.manage"
WEBHOOKS_MANAGE: Final = "webhooks.manage"
"""Asked for by ``platform``, which can't register it: permissions are above it."""
LINES_MANAGE: Final = "channels.lines.manage"
ITEMS_VIEW: Final = "channels.items.view"
ITEMS_REPLAY: Final = "channels.items.replay"
MESSAGES_VIEW: Final = "channels.messages.view"
MESSAGES_RESEND: Final = "channels.messages.resend"
"""Asked for by ``channels``, for the same reason."""
SELF_VIEW: Final = "people.self.view"
SELF_PAY: Final = "people.self.pay"
"""These two are a customer's own software's, never a role's: ``access_keys.OF_A_CUSTOMER``."""

PERMISSIONS: Final = (
    Permission(CUSTOMERS_VIEW, mark("See customers")),
    Permission(CUSTOMERS_EDIT, mark("Edit what is known of customers")),
    Permission(CIVIL_IDS_VIEW, mark("See identity numbers in full")),
    Permission(CONSENTS_PUBLISH, mark("Publish what customers are asked to agree to")),
    Permission(CRITICAL_DATES_VIEW, mark("See the days on which customers need their money")),
    Permission(CRITICAL_DATES_EDIT, mark("Edit the days on which customers need their money")),
    Permission(VULNERABILITY_VIEW, mark("See which customers need special care, and why")),
    Permission(VULNERABILITY_EDIT, mark("Note that a customer needs special care")),
    Permission(PHONE_PROPOSE, mark("Propose a customer's new phone number")),
    Permission(PHONE_CONFIRM, mark("Confirm a customer's new phone number")),
    Permission(IDENTITIES_LINK, mark("Say which customer a sender is, and ask for a code to prove it")),
    Permission(MERGE_PROPOSE, mark("Propose that two customers are one person, or no longer")),
    Permission(MERGE_CONFIRM, mark("Confirm that two customers are one person, or no longer")),
    Permission(STAFF_VIEW, mark("See staff and their roles")),
    Permission(STAFF_PROPOSE, mark("Invite and lock staff, and propose new staff and their roles")),
    Permission(STAFF_CONFIRM, mark("Confirm new staff and their roles")),
    Permission(ROLES_PROPOSE, mark("Propose what a role may do")),
    Permission(ROLES_CONFIRM, mark("Confirm what a role may do")),
    Permission(AUDIT_VIEW, mark("Read the audit trail")),
    Permission(KEYS_MANAGE, mark("Issue and revoke access keys")),
    Permission(WEBHOOKS_MANAGE, mark("Say which software is told of events, and send them again")),
    Permission(LINES_MANAGE, mark("Register the lines at which people write, and their secrets")),
    Permission(ITEMS_VIEW, mark("See what came in and was set aside")),
    Permission(ITEMS_REPLAY, mark("Try again what was set aside")),
    Permission(MESSAGES_VIEW, mark("See how lines send, and which messages may not have arrived")),
    Permission(MESSAGES_RESEND, mark("Send a message again, and say what became of one")),
    Permission(SELF_VIEW, mark("As a customer: see one's own accounts and payments")),
    Permission(SELF_PAY, mark("As a customer: pay from one's own accounts")),
)
