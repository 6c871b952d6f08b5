"""Facts that leave payments. There is none per payment on us (decision 21): who wants transfers reads the ledger's log.

Payloads of orders: ``order_id``, ``customer_id`` (who sent the file), ``state`` (the order's). Of what goes outside:
``payment_id``, ``lane``.
"""

from __future__ import annotations

from typing import Final

ORDER_READ: Final = "payments.order_read"
"""A file was read whole: the order is ``accepted`` (and waits for its sender) or ``refused``."""

ORDER_ENDED: Final = "payments.order_ended"
"""An order's last payment has its result (``done``), or the order was ``withdrawn``."""

SETTLED_OUTSIDE: Final = "payments.settled_outside"
"""The other side has taken a payment, and its money is posted."""

RETURNED: Final = "payments.returned"
"""A payment that was held is not going to be taken; its money is the payer's again."""

REFERRED: Final = "payments.referred"
"""What became of a payment could not be found out; it is before a person."""

CONTRADICTED: Final = "payments.contradicted"
"""Of a payment that has ended, the other side says the opposite: ``payment_id``, ``lane``, ``kind``."""

STANDING_SKIPPED: Final = "payments.standing_skipped"
"""An occurrence of a standing order was passed over: ``standing_order_id``, ``customer_id``, ``number``, ``code`` (why)."""

STANDING_ENDED: Final = "payments.standing_ended"
"""A standing order has ended, after its last date or by its customer: ``standing_order_id``, ``customer_id``."""

STANDING_BROUGHT_IN: Final = "payments.standing_brought_in"
"""Standing orders came with another bank's books: ``count``."""
