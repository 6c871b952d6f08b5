"""Who of a biller's clerks is signed in: sessions of a third kind, apart from customers' and from the bank's staff.

They are kept and ended as the back office's are (``office.sessions``), under a name and a cookie of their own: the key of one
kind opens nothing of another, though both kinds are begun by the same login. Beside the person they hold under which naming
(``Clerk.right_id``) they work: where that has ended, so has the session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from raseed.web.office import sessions as office
from raseed.web.office.sessions import OfficeSession

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

COOKIE: Final = "biller"
PATH: Final = "/biller/"
_RIGHT: Final = "right"


class BillerSession(OfficeSession):
    """A session of a clerk. Its name is part of what signs its data, so no other kind of session reads it."""


def load(request: HttpRequest) -> BillerSession:
    """Return the session that the request's cookie names; an empty one where it names none."""
    return BillerSession(request.COOKIES.get(COOKIE))


def keep(session: BillerSession, response: HttpResponseBase, *, had_cookie: bool) -> None:
    """Write the session down, if it changed, as the back office does."""
    office.keep(session, response, had_cookie=had_cookie, cookie=COOKIE, path=PATH)


def work_under(session: BillerSession, right_id: UUID) -> None:
    """Keep under which naming the person works from now on."""
    session[_RIGHT] = str(right_id)


def right_of(session: BillerSession) -> UUID | None:
    """Return under which naming the person works."""
    kept = session.get(_RIGHT)
    return UUID(kept) if isinstance(kept, str) else None
