"""Planting what institutions have arranged for care: limits, who decides beyond them, tags, answers, and shifts.

Through the doors that everyone uses. What weighs is proposed by the house and confirmed by one of its people whom it is
not about, so the first of them heads care. What staff have changed, ended or called otherwise since stays theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from raseed.care import api as care
from raseed.care.api import authority, duty, promises
from raseed.kernel.calendars import Opening, week, weekend_of
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.money import currency
from raseed.people import api as people_api

from .story.stage import CONFIRMER, PROPOSER
from .world.care import (
    CHAIN,
    HEAD_MAY,
    HEAD_NAMES,
    HEAD_SLUG,
    KNOWN,
    OF_BILLS_AND_LOANS,
    PREPARED,
    REACHES,
    TAGS,
    Reach,
)
from .world.cast import STORY_STREAM
from .world.people import SeededIds, draw
from .world.places import BANK, COUNTRY, ISSUERS, ZONE
from .world.staff import SMALL, colleagues

REASON: Final = "rule of the house"
SHIFTS: Final = week((Opening(9 * 3_600, 17 * 3_600),), weekend=weekend_of(COUNTRY))
DAYS_PLANNED: Final = 7
_EVER: Final = timedelta(days=400)
_ARRANGED_OTHERWISE: Final = (people_api.NotPermitted, people_api.StaffNotActive, people_api.UnknownStaff)


@dataclass(frozen=True, slots=True)
class _House:
    """One institution: its first two people, who head care and confirm, and ids from the seed for what is made.

    Where it is small, two people do everything, and its head is also who asks.
    """

    seed: int
    of: people_api.Institution
    head: UUID
    second: UUID
    is_small: bool
    clock: Clock

    def id_of(self, what: str) -> UUID:
        return SeededIds(draw(self.seed, f"care {self.of.slug} {what}", 0), 0, STORY_STREAM).next()

    def is_new(self, what: str) -> bool:
        """Whether a change was not decided yet."""
        try:
            return people_api.change(self.id_of(what), clock=self.clock).state is people_api.ChangeState.OPEN
        except people_api.UnknownChange:
            return True

    def settle(self, what: str, propose: Callable[[UUID], object], confirmer: UUID) -> None:
        """Let a change be proposed and confirmed, once."""
        if self.is_new(what):
            propose(self.id_of(what))
            by = people_api.author_of_staff(confirmer)
            people_api.confirm_change(self.id_of(what), by=by, clock=self.clock)


def plant_care(*, seed: int, clock: Clock = SYSTEM_CLOCK) -> int:
    """Arrange care where the demo's staff serve customers; return at how many institutions.

    Again it changes nothing.
    """
    arranged = 0
    everyone = colleagues(seed)
    for place in (BANK, *ISSUERS):
        here = [one.id for one in everyone if one.place.slug == place.slug]
        of = people_api.institution_by_slug(place.slug)
        house = _House(seed, of, here[PROPOSER], here[CONFIRMER], len(here) <= len(SMALL), clock)
        with _unless_arranged_otherwise():
            _head(house)
            _limits(house)
            _chain(house)
            _words(house)
            _shifts(house, here)
            arranged += 1
    return arranged


@contextmanager
def _unless_arranged_otherwise() -> Iterator[None]:
    """Leave a house alone whose people have left, were locked out, or may not do this any more."""
    try:
        with transaction.atomic():
            yield
    except _ARRANGED_OTHERWISE:
        return


def _head(house: _House) -> None:
    """Make the role of whoever heads care, and let the first of the house hold it."""
    if _role(house, HEAD_SLUG) is None:
        payload = {"slug": HEAD_SLUG, "names": HEAD_NAMES, "permissions": list(HEAD_MAY)}
        _change(house, "head's role", "people.role", f"role:{house.id_of('head itself')}", payload)
    role_id = _role(house, HEAD_SLUG)
    held = people_api.roles_held(house.head, house.of.id)
    if role_id is not None and role_id not in held:
        payload = {"role_ids": sorted(map(str, (*held, role_id)))}
        _change(house, "head of care", "people.grants", f"staff:{house.head}", payload)


def _change(house: _House, what: str, kind: str, subject: str, payload: Mapping[str, object]) -> None:
    house.settle(
        what,
        lambda id_: people_api.propose_change(
            id=id_, kind=kind, institution_id=house.of.id, subject=subject, payload=payload, reason=REASON,
            by=people_api.SYSTEM, clock=house.clock,
        ),
        house.second,
    )  # fmt: skip


def _role(house: _House, slug: str) -> UUID | None:
    return next((one.id for one in people_api.roles(house.of.id) if one.slug == slug), None)


def _limits(house: _House) -> None:
    there = {(one.holder_id, one.action) for one in authority.limits(house.of.id, by=people_api.SYSTEM)}
    held = people_api.roles_held(house.second, house.of.id)
    for reach in REACHES:
        role_id = _role(house, reach.role)
        if role_id is None or (house.is_small and reach.role == HEAD_SLUG):
            continue
        for one in authority.actions():
            is_here = house.of.slug == BANK.slug or one.code not in OF_BILLS_AND_LOANS
            if is_here and (role_id, one.code) not in there:
                _limit(house, reach, role_id, one, house.head if role_id in held else house.second)


def _limit(house: _House, reach: Reach, role_id: UUID, of: authority.Action, confirmer: UUID) -> None:
    code = house.of.currency_code if of.has_amount else ""
    house.settle(
        f"limit {reach.role} {of.code}",
        lambda id_: authority.propose_limit(
            id=id_, institution_id=house.of.id, holder_kind=authority.HolderKind.ROLE, holder_id=role_id,
            action=of.code, currency_code=code, bounds=_bounds(reach, code), reason=REASON, by=people_api.SYSTEM, clock=house.clock,
        ),
        confirmer,
    )  # fmt: skip


def _bounds(reach: Reach, code: str) -> authority.Bounds:
    if not code:
        return authority.Bounds(None, None, None, reach.times_a_day, reach.times_a_customer)
    unit = 10 ** currency(code).scale
    return authority.Bounds(reach.per_act * unit, reach.per_day * unit, reach.per_customer * unit)


def _chain(house: _House) -> None:
    """Say who decides beyond limits: supervision first, then whoever heads care."""
    held = [(_role(house, slug), within_s) for slug, within_s in CHAIN if not (house.is_small and slug == HEAD_SLUG)]
    steps = [
        authority.ChainStep(authority.HolderKind.ROLE, role_id, within_s)
        for role_id, within_s in held
        if role_id is not None
    ]
    if steps and all(one.action for one in authority.chains(house.of.id)):
        house.settle(
            "chain",
            lambda id_: authority.propose_chain(
                id=id_, institution_id=house.of.id, action="", steps=steps, reason=REASON, by=people_api.SYSTEM,
                clock=house.clock,
            ),
            house.second,
        )  # fmt: skip


def _words(house: _House) -> None:
    """Write tags and prepared answers; at the bank also what everybody may read."""
    by, here = people_api.SYSTEM, house.of.id
    used = {one.name for kept in (False, True) for one in care.tags(here, by=by, retired=kept)}
    for name in TAGS:
        if name not in used:
            care.make_tag(
                id=house.id_of(f"tag {name}"), institution_id=here, name=name, by=by, reason=REASON, clock=house.clock
            )  # fmt: skip
    written = {one.slug for kept in (False, True) for one in care.macros(here, by=by, withdrawn=kept)}
    for one in PREPARED:
        id_ = house.id_of(f"prepared {one.slug}")
        if one.slug not in written and not _is_macro(id_):
            care.edit_macro(
                id=id_, institution_id=here, slug=one.slug, title=one.title, texts=one.texts, by=by, reason=REASON,
                clock=house.clock,
            )  # fmt: skip
    for known in KNOWN if house.of.slug == BANK.slug else ():
        id_ = house.id_of(f"known {known.slug}")
        if not _is_answer(id_):
            promises.write_answer(
                {language: promises.AnswerText(*said) for language, said in known.texts.items()},
                id=id_, institution_id=here, audience=promises.Audience.PUBLIC, by=by, reason=REASON, clock=house.clock,
            )  # fmt: skip


def _is_macro(macro_id: UUID) -> bool:
    try:
        care.macro_of(macro_id, by=people_api.SYSTEM)
    except care.UnknownMacro:
        return False
    return True


def _is_answer(answer_id: UUID) -> bool:
    try:
        promises.answer(answer_id, by=people_api.SYSTEM)
    except promises.UnknownAnswer:
        return False
    return True


def _shifts(house: _House, here: list[UUID]) -> None:
    """Plan the coming week of those who are in the first team, where nobody has planned anything."""
    now = house.clock.now()
    if duty.shifts_of(house.of.id, since=now - _EVER, until=now + _EVER):
        return
    team = duty.default_team(house.of.id, clock=house.clock)
    planned = duty.shifts_by_week(
        week=SHIFTS, zone=ZONE, first=_day(now, 1), last=_day(now, DAYS_PLANNED), on_duty=False
    )
    for member in duty.members_of(team.id):
        if member.staff_id in here:
            duty.plan_shifts(
                team_id=team.id, staff_id=member.staff_id, shifts=planned, by=people_api.SYSTEM, reason=REASON,
                clock=house.clock,
            )  # fmt: skip


def _day(now: datetime, days: int) -> date:
    return now.astimezone(ZoneInfo(ZONE)).date() + timedelta(days=days)
