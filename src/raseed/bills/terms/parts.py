"""What is due on a day beside the bills' own amounts: penalties of late bills, and what is waived of them.

Most bills are not late and most billers have no rule: then this asks the database nothing, or one small question.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from raseed.banking import api as banking
from raseed.banking.api import Days, PenaltyRule, Settled, penalty
from raseed.kernel.money import Money

from ..domain import Bill, Biller, Part, PartKind
from ..refunds.reading import penalties_reopened
from ..sql import run
from .rules import penalty_rules

LATE: frozenset[PartKind] = frozenset({PartKind.PENALTY, PartKind.WAIVER})
"""The kinds of parts that are of a day."""


@dataclass(frozen=True, slots=True)
class _Waiver:
    """A waiver as it counts here: which days it covers."""

    id: UUID
    days: Days


def late_parts(of: Biller, bills: Sequence[Bill], *, customer_id: UUID, on: date) -> list[Part]:
    """Return the penalties of the bills that are late on a day, each followed by what is waived of it.

    A penalty is the whole one of the days that count (those of a dispute don't, nor those let off); each waiver takes off what is less
    without the days that it covers, the waiver that was made first first. What was settled is not asked for again.
    """
    late = [bill for bill in bills if bill.due_on is not None and bill.due_on < on and bill.owed.amount_minor]
    if not late:
        return []
    rules = penalty_rules(of.id)
    if rules.asks_for_nothing:
        return []
    ids = [bill.id for bill in late]
    settled, spared = _settled(of, ids), _spared(ids)
    since = min(bill.due_on for bill in late if bill.due_on is not None)
    waivers = _waivers(of, customer_id, since)
    parts: list[Part] = []
    for bill in late:
        assert bill.due_on is not None, "only what was due is late"
        parts += _of_bill(bill, rules.on(bill.due_on), on, settled.get(bill.id), spared.get(bill.id, []), waivers)
    return parts


def _of_bill(
    bill: Bill, rule: PenaltyRule, on: date, settled: Settled | None, let_off: list[Days], waivers: Sequence[_Waiver]
) -> list[Part]:
    assert bill.due_on is not None, "only what was due is late"
    due_on, before = bill.due_on, settled or Settled()

    def asked(spared: Sequence[Days]) -> int:
        return penalty(rule, bill.owed, due_on, on, whole=bill.amount, spared=spared, settled=before).amount_minor

    left = asked([*let_off, *(each.days for each in waivers)])
    spared = list(let_off)
    full = max(asked(spared), left)
    if not full:
        return []
    unit = bill.amount.currency
    parts = [Part(PartKind.PENALTY, Money(full, unit), bill.id)]
    for each in waivers:
        spared.append(each.days)
        less = max(asked(spared), left)
        if less < full:
            parts.append(Part(PartKind.WAIVER, Money(full - less, unit), bill.id, each.id))
            full = less
    return parts


def _settled(of: Biller, bill_ids: Sequence[UUID]) -> Mapping[UUID, Settled]:
    """Return what was settled of penalties by orders that are paid or under way, and through which day.

    A penalty that was refunded with its bill to be paid again was never paid.
    """
    found: dict[UUID, Settled] = {}
    rows = run("late_parts", {"ids": list(bill_ids)})
    zone = banking.business_zone(of.institution_id) if rows else None
    reopened = penalties_reopened({row[4] for row in rows}) if rows else {}
    for bill_id, kind, minor, made_at, order_id in rows:
        if bill_id in reopened.get(order_id, ()):
            continue
        before, day = found.get(bill_id, Settled()), made_at.astimezone(zone).date()
        signed = minor if kind == PartKind.PENALTY.value else -minor
        found[bill_id] = replace(
            before, amount_minor=before.amount_minor + signed, through=max(before.through or day, day)
        )
    return found


def _spared(bill_ids: Sequence[UUID]) -> Mapping[UUID, list[Days]]:
    """Return the days that don't count: of disputes, and those that were let off (``sparings``)."""
    found: dict[UUID, list[Days]] = defaultdict(list)
    for bill_id, first, last in run("spared_days", {"ids": list(bill_ids)}):
        found[bill_id].append(Days(first, last))
    return found


def _waivers(of: Biller, customer_id: UUID, since: date) -> list[_Waiver]:
    rows = run(
        "waivers_for",
        {"institution": of.institution_id, "biller": of.id, "customer": customer_id, "since": since},
    )
    return [_Waiver(id_, Days(first, last)) for id_, first, last in rows]


def same_late_parts(first: Iterable[Part], second: Iterable[Part]) -> bool:
    """Whether two orders ask for the same penalties and waive the same of them."""

    def late(parts: Iterable[Part]) -> list[tuple[str, str, int, str]]:
        return sorted(
            (part.kind.value, str(part.bill_id), part.amount.amount_minor, str(part.waiver_id))
            for part in parts
            if part.kind in LATE
        )

    return late(first) == late(second)
