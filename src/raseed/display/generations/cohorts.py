"""Who belongs to a canary's cohort: a stable share of all accounts, by a keyed hash of their ids, and those that were named.

Nobody can choose an account's place without the key, and a higher percentage holds everybody of a lower one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Final
from uuid import UUID

from django.conf import settings

from raseed.platform.api import key_text

from ..domain import PERCENT_MAX
from .models import CanaryRow
from .reading import pointer

_KEY: Final = "display-cohorts"


def in_percent(account_id: UUID, percent: int) -> bool:
    """Whether an account is among so many of a hundred."""
    digest = hashlib.blake2b(account_id.bytes, digest_size=8, key=_key(settings.HOME)).digest()
    return int.from_bytes(digest) % PERCENT_MAX < percent


@lru_cache(maxsize=4)
def _key(home: Path) -> bytes:
    """Return the key in this home; it is made once and never changes."""
    del home
    return key_text(_KEY).encode()


def generation_of(account_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Return which generation each account is shown from; empty where nothing is live."""
    asked, at = list(account_ids), pointer()
    if at is None:
        return {}
    if at.canary is None:
        return dict.fromkeys(asked, at.live)
    named = set(CanaryRow.objects.filter(account_id__in=asked).values_list("account_id", flat=True))
    return {each: at.canary if each in named or in_percent(each, at.percent) else at.live for each in asked}
