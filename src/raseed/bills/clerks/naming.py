"""Naming somebody a biller's clerk, and changing what is delegated to them, takes two people; ending it takes one (ADR 0065)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext, override

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import mark
from raseed.kernel.ids import new_id
from raseed.kernel.money import AMOUNT_MINOR_MAX, CurrencyMismatch, Money
from raseed.people import api as people
from raseed.people.api import Author, Change, ChangeKind, ChangeLine
from raseed.platform import api as platform
from raseed.platform.api import AuditFacts

from ..domain import Biller
from ..errors import BillerUnknown
from ..permissions import CONFIRM_CLERKS, PROPOSE_CLERKS
from ..queries import biller, billers
from .domain import Clerk, ClerkHasRole, InvalidClerk, NotAClerk
from .models import ClerkRow
from .reading import clerk_told

KIND_CODE: Final = "bills.clerk"
_STAFF: Final = "staff:"
_PAYLOAD: Final = {"biller_id", "refund_most_minor", "refund_most_day_minor"}
MOST: Final = mark("Refunds, each up to")
MOST_A_DAY: Final = mark("Refunds, a day up to")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a payload asks for, checked."""

    biller: Biller
    most_minor: int | None
    most_day_minor: int | None


def propose_clerk(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    staff_id: UUID,
    biller_id: UUID,
    refund_most: Money | None = None,
    refund_most_day: Money | None = None,
    reason: str,
    by: Author,
    clock: Clock = SYSTEM_CLOCK,
) -> Change:
    """Propose that somebody of staff who has no role works for a biller, or may refund more or less than now.

    Without limits they see what is collected and refund nothing.

    Raises:
        BillerUnknown, people's UnknownStaff, StaffStateRefuses; ClerkHasRole: they have a role at an institution.
        InvalidClerk, CurrencyMismatch: the limits. NotPermitted: ``by`` lacks ``bills.clerks.propose``.
        As ``people.propose_change``.
    """
    of = biller(biller_id)
    return people.propose_change(
        id=id,
        kind=KIND_CODE,
        institution_id=of.institution_id,
        subject=f"{_STAFF}{staff_id}",
        payload={
            "biller_id": str(biller_id),
            "refund_most_minor": _minor(refund_most, of),
            "refund_most_day_minor": _minor(refund_most_day, of),
        },
        reason=reason,
        by=by,
        clock=clock,
    )


def name_clerk(
    *,
    staff_id: UUID,
    biller_id: UUID,
    refund_most: Money | None = None,
    refund_most_day: Money | None = None,
    by: Author,
    reason: str,
    clock: Clock = SYSTEM_CLOCK,
) -> Clerk:
    """Name a clerk without a second person: planting and the command line may; a repeat changes nothing.

    Raises:
        SecondPersonNeeded: ``by`` is a person, who proposes it instead.
        As ``propose_clerk``.
    """
    if not by.everything:
        raise people.SecondPersonNeeded
    said, of = people.clean_reason(reason), biller(biller_id)
    wanted = _checked_limits(_Wanted(of, _minor(refund_most, of), _minor(refund_most_day, of)))
    _check_person(staff_id, of)
    with transaction.atomic():
        before = _facts(staff_id, biller_id)
        _keep(staff_id, wanted, clock.now())
        after = _facts(staff_id, biller_id)
        if after != before:
            _record("bills.clerk_named", staff_id, of, by, said, clock, before=before, after=after)
    return _active(staff_id, biller_id)


def end_clerk(*, staff_id: UUID, biller_id: UUID, by: Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> None:
    """End what somebody may see and do for a biller, at once: the next request of theirs is refused. Takes one person.

    Raises:
        NotPermitted: ``by`` lacks ``bills.clerks.propose``. BillerUnknown, UnacceptableText.
        NotAClerk: they do not work for it.
    """
    of = biller(biller_id)
    people.require(by, PROPOSE_CLERKS, of.institution_id)
    said = people.clean_reason(reason)
    with transaction.atomic():
        row = _row(staff_id, biller_id)
        if row is None:
            raise NotAClerk(field="staff_id")
        before = _facts(staff_id, biller_id)
        row.ended_at = max(clock.now(), row.named_at)
        row.save(update_fields=["ended_at"])
        after = _facts(staff_id, biller_id)
        _record("bills.clerk_ended", staff_id, of, by, said, clock, before=before, after=after)


def _minor(money: Money | None, of: Biller) -> int | None:
    if money is None:
        return None
    if money.currency != of.currency:
        raise CurrencyMismatch(field="refund_most", given=money.currency.code, expected=of.currency.code)
    return money.amount_minor


def _wanted(change: Change) -> _Wanted:
    payload = change.payload
    if set(payload) != _PAYLOAD:
        raise InvalidClerk(field="payload")
    limits = [payload["refund_most_minor"], payload["refund_most_day_minor"]]
    if any(limit is not None and type(limit) is not int for limit in limits):
        raise InvalidClerk(field="refund_most")
    try:
        of = biller(UUID(str(payload["biller_id"])))
    except ValueError:
        raise BillerUnknown(field="biller_id") from None
    if of.institution_id != change.institution_id:
        raise BillerUnknown(field="biller_id")
    return _checked_limits(_Wanted(of, *limits))


def _checked_limits(wanted: _Wanted) -> _Wanted:
    most, a_day = wanted.most_minor, wanted.most_day_minor
    if (most is None) != (a_day is None):
        raise InvalidClerk(field="refund_most" if most is None else "refund_most_day")
    if most is not None and a_day is not None:
        if not 0 < most <= AMOUNT_MINOR_MAX:
            raise InvalidClerk(field="refund_most")
        if not most <= a_day <= AMOUNT_MINOR_MAX:
            raise InvalidClerk(field="refund_most_day")
    return wanted


def _check_person(staff_id: UUID, of: Biller) -> None:
    someone = people.staff(staff_id)
    if someone.institution_id != of.institution_id:
        raise people.UnknownStaff(field="staff_id")
    if someone.state is people.StaffState.LEFT:
        raise people.StaffStateRefuses(state=someone.state.value)
    if someone.grants:
        raise ClerkHasRole(field="staff_id")


def _subject_id(change: Change) -> UUID:
    try:
        return UUID(change.subject.removeprefix(_STAFF)) if change.subject.startswith(_STAFF) else UUID("")
    except ValueError:
        raise InvalidClerk(field="subject") from None


def _row(staff_id: UUID, biller_id: UUID) -> ClerkRow | None:
    """Return the row of somebody who works for a biller, locked."""
    rows = ClerkRow.objects.select_for_update(of=("self",)).select_related("biller")
    return rows.filter(staff_id=staff_id, biller_id=biller_id, ended_at=None).first()


def _active(staff_id: UUID, biller_id: UUID) -> Clerk:
    row = ClerkRow.objects.select_related("biller").get(staff_id=staff_id, biller_id=biller_id, ended_at=None)
    return clerk_told(row)


def _keep(staff_id: UUID, wanted: _Wanted, now: datetime) -> None:
    row = _row(staff_id, wanted.biller.id)
    if row is None:
        row = ClerkRow(id=new_id(), staff_id=staff_id, biller_id=wanted.biller.id, named_at=now)
    row.refund_most_minor, row.refund_most_day_minor = wanted.most_minor, wanted.most_day_minor
    row.save()


def _facts(staff_id: UUID, biller_id: UUID) -> AuditFacts:
    row = ClerkRow.objects.filter(staff_id=staff_id, biller_id=biller_id, ended_at=None).first()
    return {
        "biller": str(biller_id),
        "clerk": row is not None,
        "refund_most_minor": row.refund_most_minor if row else None,
        "refund_most_day_minor": row.refund_most_day_minor if row else None,
    }


def _record(
    action: str, staff_id: UUID, of: Biller, by: Author, reason: str, clock: Clock, *, before: AuditFacts,
    after: AuditFacts,
) -> None:  # fmt: skip
    platform.record(
        actor=by.actor,
        action=action,
        subject=f"{_STAFF}{staff_id}",
        before=before,
        after=after,
        reason=reason,
        institution_id=of.institution_id,
        clock=clock,
    )


def _check(change: Change) -> None:
    _check_person(_subject_id(change), _wanted(change).biller)


def _current(change: Change) -> AuditFacts:
    return _facts(_subject_id(change), _wanted(change).biller.id)


def _apply(change: Change) -> None:
    assert change.decided_at is not None, "what is applied was decided"
    _check(change)
    _keep(_subject_id(change), _wanted(change), change.decided_at)


def _describe(change: Change, language: str) -> Sequence[ChangeLine]:
    payload = change.payload
    known = billers([UUID(str(payload["biller_id"]))])
    of = next(iter(known.values()), None)
    someone = people.staff(_subject_id(change))
    with override(language):
        lines = [ChangeLine(gettext("Login"), "", someone.login)]
        if of is None:
            return lines
        is_clerk = bool(change.before.get("clerk"))
        lines.append(ChangeLine(gettext("Works for"), of.name(language) if is_clerk else "", of.name(language)))
        for label, name in ((MOST, "refund_most_minor"), (MOST_A_DAY, "refund_most_day_minor")):
            before = _limit_words(change.before.get(name), of, language) if is_clerk else ""
            lines.append(ChangeLine(gettext(label), before, _limit_words(payload.get(name), of, language)))
    return lines


def _limit_words(minor: object, of: Biller, language: str) -> str:
    return platform.money_text(Money(minor, of.currency), language) if isinstance(minor, int) else gettext("None")


KIND: Final = ChangeKind(
    code=KIND_CODE,
    words=mark("Somebody who works for a biller, and what they may refund"),
    permission=PROPOSE_CLERKS,
    confirm_permission=CONFIRM_CLERKS,
    apply=_apply,
    describe=_describe,
    current=_current,
    check=_check,
)
