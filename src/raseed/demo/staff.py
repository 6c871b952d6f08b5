"""Staff who can really sign in: added, invited and enrolled through the doors that everyone uses.

Password and secret are random, and are in the staff file before the enrolment is finished: whoever is enrolled is in the
file, wherever a planting was interrupted. Where the file was lost, they enrol anew.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.conf import settings

from raseed.kernel.clock import SYSTEM_CLOCK, Clock, ManualClock
from raseed.people import api as people_api

from .authenticator import code_at
from .staff_file import NAME, StaffAccess, read_staff_file, write_staff_file
from .world.billers import BILLERS
from .world.staff import Colleague, colleagues

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

REASON: Final = "staff of the demo world"
RESET_REASON: Final = "the demo's staff file was lost"
_PASSWORD_BYTES: Final = 12
_CLERK: Final = {
    "ar": "التحصيل والاسترداد، والدخول من /biller/",
    "he": "גבייה והחזרים; הכניסה דרך /biller/",
    "en": "Collections and refunds; signs in at /biller/",
}
"""What the sheet says of a biller's clerk in the place of a role."""


@dataclass(frozen=True, slots=True)
class StaffPlanted:
    """What became of the demo's staff: how many there are, were enrolled, and had to enrol anew as their file was lost."""

    staff: int
    enrolled: int
    reset: int


def staff_file() -> Path:
    """Return where this home keeps what the demo's staff sign in with."""
    return Path(settings.HOME) / NAME


def plant_staff(
    *, seed: int, file: Path | None = None, since: datetime | None = None, clock: Clock = SYSTEM_CLOCK
) -> StaffPlanted:
    """Let the demo's staff be there and able to sign in; those who are both stay as they are.

    Who was locked or has left stays so: somebody at the back office wanted it. ``since`` is when those began who are not
    there yet, the present by default: what the story has them do is done by people who were there.
    """
    path = file or staff_file()
    everyone, found = colleagues(seed), {one.id: one for one in read_staff_file(path)}
    kept = {str(one.id): found.get(str(one.id)) for one in everyone}
    enrolled = reset = 0
    began = clock if since is None else ManualClock(since)
    for one in everyone:
        someone = _added(one, began)
        lost = someone.state is people_api.StaffState.ACTIVE and kept[str(one.id)] is None
        if lost:
            someone = people_api.reset_staff(one.id, by=people_api.SYSTEM, reason=RESET_REASON, clock=clock)
            reset += 1
        if someone.state is people_api.StaffState.INVITED:
            _enrol(one, someone, kept, path, (clock if lost else began).now())
            enrolled += 1
    return StaffPlanted(len(everyone), enrolled, reset)


def _added(one: Colleague, clock: Clock) -> people_api.Staff:
    home = people_api.institution_by_slug(one.place.slug)
    return people_api.add_staff(
        id=one.id,
        login=one.login,
        names=one.names,
        language=one.language,
        institution_id=home.id,
        role_ids=[people_api.role_by_slug(home.id, slug).id for slug in one.roles],
        by=people_api.SYSTEM,
        reason=REASON,
        clock=clock,
    )


def _enrol(
    one: Colleague, someone: people_api.Staff, kept: dict[str, StaffAccess | None], path: Path, now: datetime
) -> None:
    """Do as they would do who got the invitation. All at one instant, so that no code runs out underway."""
    clock = ManualClock(now)
    invitation = people_api.issue_invitation(one.id, by=people_api.SYSTEM, reason=REASON, clock=clock)
    password = secrets.token_urlsafe(_PASSWORD_BYTES)
    enrolment = people_api.begin_enrolment(token=invitation.token, password=password, clock=clock)
    held = [people_api.role(role_id) for _, role_id in someone.grants]
    access = StaffAccess(
        id=str(one.id),
        login=one.login,
        names=one.names,
        language=one.language,
        institution=_house(one),
        roles=[dict(each.names) for each in held] or [_CLERK],
        password=password,
        secret=enrolment.secret_text.replace(" ", ""),
    )
    kept[access.id] = access
    write_staff_file(path, [each for each in kept.values() if each is not None])
    # A code is good once; the one before leaves them the present one to sign in with.
    code = code_at(access.secret, now, steps_ago=1)
    people_api.finish_enrolment(token=invitation.token, code=code, clock=clock)


def _house(one: Colleague) -> Mapping[str, str]:
    """Return whom somebody works for: an institution, or a biller."""
    return next((each.names for each in BILLERS if each.code == one.works_for), one.place.names)
