"""Facts that leave ``people``; none carries personal data.

``people.customer_joined`` v1: a person became a customer of the event's institution: ``{"customer_id": uuid}``.
``people.customers_joined_in_bulk`` v1: many did, by an import: ``{"count": int}``; who needs them lists the customers.
``people.change_applied`` v1: a second person confirmed a change: ``{"change_id": uuid, "kind": str, "subject": str}``.
``people.phone_changed`` v1: a customer has another phone number from now on: ``{"customer_id": uuid}``; who needs it asks.
``people.senders_joined`` v1: two senders on a channel turned out to be one: ``{"kept": uuid, "joined": uuid}``.
``people.customers_merged``, ``people.customers_parted`` v1: two customers are read as one from now on, or no longer:
``{"merge_id": uuid, "kept": uuid, "merged": uuid}``.
"""

from __future__ import annotations

from typing import Final

CUSTOMER_JOINED: Final = "people.customer_joined"
CUSTOMERS_JOINED_IN_BULK: Final = "people.customers_joined_in_bulk"
CHANGE_APPLIED: Final = "people.change_applied"
PHONE_CHANGED: Final = "people.phone_changed"
SENDERS_JOINED: Final = "people.senders_joined"
CUSTOMERS_MERGED: Final = "people.customers_merged"
CUSTOMERS_PARTED: Final = "people.customers_parted"
