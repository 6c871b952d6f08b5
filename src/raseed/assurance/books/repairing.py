"""Repairs that are certain: what is done, why nobody has to be asked, and the record of it, all in one transaction.

A repair is certain where what should be is decided by something that can't be wrong in the same way: a payment's timeline that
has ended and is append-only, the fold of the ledger, an event that its handlers bear to be told twice. Everything else is a person's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction

from raseed.display import api as display
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import mark
from raseed.ledger import api as ledger
from raseed.payments import api as payments
from raseed.people import api as people
from raseed.platform import api as platform

from ..guard import api as guard
from .domain import UNENDED, FindingState, Outcome
from .keeping import Step, take, tell_cleared
from .models import FindingRow

TRIES_MAX: Final = 3
_log = structlog.get_logger("raseed.assurance")


@dataclass(frozen=True, slots=True)
class Repair:
    """A repair: what it does to what a finding is about, the ledger last; and why it is certain, as a sentence.

    ``act`` gets the id in the finding's subject, raises where it is not so after all, and runs in an open transaction.
    While it ``waits``, it is not tried.
    """

    name: str
    words: str
    act: Callable[[str, Clock], object]
    waits: Callable[[], bool] = lambda: False


def _release_hold(id_: str, clock: Clock) -> None:
    if not payments.inspection.let_go_of_hold(UUID(id_), clock=clock):
        raise LookupError(id_)


def _reproject(id_: str, clock: Clock) -> None:
    """Set an account's row of what is live anew from the ledger, where the ledger itself says nothing against it."""
    account_id, at = UUID(id_), display.pointer()
    if at is None or ledger.inspection.unlike_their_history([account_id]):
        raise LookupError(id_)
    if not display.reproject([account_id], generation=at.live, actor=people.SYSTEM.actor, clock=clock):
        raise LookupError(id_)


def _tell_again(id_: str, clock: Clock) -> None:
    platform.replay_delivery(int(id_), clock=clock)


REPAIRS: Final = {
    each.name: each
    for each in (
        Repair(
            "release_hold",
            mark("The hold was let go of: the payment's timeline says that the money went back, and that is its end."),
            _release_hold,
        ),
        Repair(
            "reproject",
            mark("It was projected anew: the ledger's own history of the account comes to its balance."),
            _reproject,
            guard.ours_is_on_its_way,
        ),
        Repair(
            "tell_again",
            mark("It is being told again: whoever hears an event bears to hear it twice."),
            _tell_again,
        ),
    )
}


def repair_all(finding_ids: Iterable[UUID], *, clock: Clock = SYSTEM_CLOCK) -> int:
    """Repair those of the findings that can be repaired with certainty; return how many were."""
    return sum(_repaired(finding_id, clock) for finding_id in finding_ids)


def waiting_for_repair(check: str) -> list[UUID]:
    """Return the open findings of a check that have a repair which was not tried in vain too often."""
    rows = FindingRow.objects.filter(
        check_name=check, state__in=[state.value for state in UNENDED], tries__lt=TRIES_MAX
    ).exclude(repair="")
    return list(rows.order_by("first_seen", "id").values_list("id", flat=True))


def _repaired(finding_id: UUID, clock: Clock) -> bool:
    try:
        with transaction.atomic(durable=True):
            row = FindingRow.objects.select_for_update().filter(id=finding_id).first()
            repair = REPAIRS.get(row.repair) if row is not None else None
            if row is None or repair is None or FindingState(row.state) not in UNENDED or row.tries >= TRIES_MAX:
                return False
            if repair.waits():
                return False
            _record(row, repair, clock)
            repair.act(row.subject.partition(":")[2], clock)
    except Exception as error:  # noqa: BLE001  whatever stood in the way, it is left to the next run, and then to a person
        _log.warning("finding_not_repaired", finding=str(finding_id), error=type(error).__name__)
        with transaction.atomic():
            row = FindingRow.objects.select_for_update().get(id=finding_id)
            row.tries += 1
            row.save(update_fields=["tries"])
        return False
    return True


def _record(row: FindingRow, repair: Repair, clock: Clock) -> None:
    actor = people.SYSTEM.actor
    row.tries += 1
    row.save(update_fields=["tries"])
    take([Step(row, FindingState.CLEARED, actor, Outcome.REPAIRED, repair.words, row.assignee_id)], at=clock.now())
    platform.record(
        actor=actor,
        action="assurance.finding_repaired",
        subject=f"finding:{row.id}",
        before={
            "check": row.check_name, "code": row.code, "about": row.subject, "should_be": row.expected, "was": row.found,
        },
        after={"repair": repair.name, "state": row.state},
        reason=repair.words,
        institution_id=row.institution_id,
        clock=clock,
    )  # fmt: skip
    tell_cleared(row, Outcome.REPAIRED, clock)
