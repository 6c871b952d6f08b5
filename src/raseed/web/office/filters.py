"""Where the filters of a statement are kept in the back office: in the session, never in the address."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Final

from raseed.web.filters import Filters

if TYPE_CHECKING:
    from uuid import UUID

    from .sessions import OfficeSession

KEPT: Final = "filters"


def keep_filters(session: OfficeSession, account_id: UUID, filters: Filters) -> None:
    """Keep them for the account that is looked at now."""
    session[KEPT] = {"account": str(account_id), **asdict(filters)}


def filters_of(session: OfficeSession, account_id: UUID) -> Filters:
    """Return the filters kept for an account; none where another was looked at last."""
    kept = session.get(KEPT)
    if not isinstance(kept, dict) or kept.get("account") != str(account_id):
        return Filters()
    return Filters(**{name: str(kept.get(name, "")) for name in Filters.__slots__})
