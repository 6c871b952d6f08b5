"""What counts for the penalties of loans, read for many at once: rules, waivers, what was charged, and what came in when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from raseed.ledger import api as ledger

from ..amortisation import Instalment
from ..models import LoanPlanRow, LoanRow
from ..penalties import Days
from ..posting import PostingCode
from ..sql import STATEMENTS, run
from .counting import NEVER_LATE, Lateness
from .models import ProductPenaltyRow
from .rules import rule_of


def lateness_of(
    plans: Mapping[UUID, tuple[LoanRow, LoanPlanRow, Sequence[Instalment]]], credits_minor: Mapping[UUID, int], on: date
) -> dict[UUID, Lateness]:
    """Return what counts for the penalties of loans until a day; most have no rule, and cost nothing to look at.

    Args:
        plans: by loan: its contract, its plan in force with its instalments.
        credits_minor: by loan: all that stands on the credit side of its account now.
        on: the last day that is asked about.
    """
    found = dict.fromkeys(plans, NEVER_LATE)
    ruled = {id_: row.penalty_rule_id for id_, (row, _, _) in plans.items() if row.penalty_rule_id is not None}
    if not ruled:
        return found
    rules = {row.id: rule_of(row) for row in ProductPenaltyRow.objects.filter(id__in=set(ruled.values()))}
    spared, charged, back = _spared(ruled), *_charged(ruled)
    for id_, rule_id in ruled.items():
        row, plan, instalments = plans[id_]
        came = _came(row, plan, instalments, credits_minor[id_] - back.get(id_, 0), charged.get(id_, {}), on)
        found[id_] = Lateness(
            rule=rules[rule_id], spared=spared.get(id_, ()), charged=charged.get(id_, {}),
            taken_back_minor=back.get(id_, 0), paid=came,
        )  # fmt: skip
    return found


def _came(
    row: LoanRow,
    plan: LoanPlanRow,
    instalments: Sequence[Instalment],
    repaid_minor: int,
    charged: Mapping[date, int],
    on: date,
) -> Sequence[tuple[date, int]]:
    """Return what had come in for a plan by the end of which day.

    Where nothing came in since the last count, and all that was due is paid, no day is left to be counted: what there is
    might as well have come before all of them, and the books need not be read.
    """
    paid_minor = repaid_minor - plan.credited_before_minor
    due_minor = sum(each.total_minor + charged.get(each.period_end, 0) for each in instalments if each.due_on < on)
    if row.penalties_counted_credits_minor == repaid_minor and paid_minor >= due_minor:
        return ((date.min, paid_minor),)
    in_all, days = -plan.credited_before_minor, dict[date, int]()
    for entry in ledger.booked_period(row.account_id, row.granted_on, max(on, row.granted_on)).entries:
        if not entry.is_debit and entry.code != PostingCode.LOAN_PENALTY_TAKEN_BACK:
            in_all += entry.amount
            days[entry.booked_on] = in_all
    return tuple(sorted(days.items()))


def _spared(ids: Mapping[UUID, object]) -> dict[UUID, list[Days]]:
    found: dict[UUID, list[Days]] = {}
    for id_, first, last in run(STATEMENTS["spared_loans"], {"ids": list(ids)}):
        found.setdefault(id_, []).append(Days(first, last))
    return found


def _charged(ids: Mapping[UUID, object]) -> tuple[dict[UUID, dict[date, int]], dict[UUID, int]]:
    """Return what is charged of each instalment, and what was taken back in all, by loan."""
    charged: dict[UUID, dict[date, int]] = {}
    back: dict[UUID, int] = {}
    for id_, period_end, net, taken_back in run(STATEMENTS["penalties_charged"], {"ids": list(ids)}):
        charged.setdefault(id_, {})[period_end] = net
        back[id_] = back.get(id_, 0) + taken_back
    return charged, back
