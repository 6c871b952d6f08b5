"""Facts that leave payments. There is none per payment (decision 21): who wants transfers reads the ledger's log.

Payloads: ``order_id``, ``customer_id`` (who sent the file), ``state`` (the order's).
"""

from __future__ import annotations

from typing import Final

ORDER_READ: Final = "payments.order_read"
"""A file was read whole: the order is ``accepted`` (and waits for its sender) or ``refused``."""

ORDER_ENDED: Final = "payments.order_ended"
"""An order's last payment has its result (``done``), or the order was ``withdrawn``."""
