"""What ``people`` offers at the management API: the key itself, institutions, customers, changes and the audit trail."""

from __future__ import annotations

from .rest_changes import audit, changes
from .rest_customers import customers, institutions, keys

resources = (keys, institutions, customers, changes, audit)
