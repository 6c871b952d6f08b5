"""Facts that leave ``care``; none carries personal data, nor what was said.

``care.authority_changed`` v1: a request to mend something for a customer is in another state: ``{"request_id": uuid, "state": str}``.
"""

from __future__ import annotations

from typing import Final

AUTHORITY_CHANGED: Final = "care.authority_changed"
