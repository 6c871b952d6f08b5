"""Bills that a customer has asked for, what being late adds to them, and those that they dispute."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from django.utils.translation import gettext

from raseed.banking import api as banking
from raseed.bills import api as bills
from raseed.bills.api import Bill, Biller, BillState, PartKind
from raseed.kernel.errors import mark
from raseed.kernel.money import Money

from ..domain import Asked, Card, Fact, fact
from ..voice import Voice

CODE: Final = "bills"
SHOWN_MAX: Final = 12
BILL: Final = mark("%(biller)s, bill %(number)s: %(amount)s, %(due)s")
UNDATED: Final = mark("no due date")
DUE: Final = mark("due %(day)s")
LATE: Final = mark("was due %(day)s, days late: %(days)s")
EXTENDED: Final = mark("extended from %(before)s")
PENALTY: Final = mark("late penalty %(penalty)s")
WAIVED: Final = mark("waived of it: %(waived)s")
UNDER_WAY: Final = mark("a payment of %(held)s is under way")
REPLY: Final = mark("Your bill %(number)s of %(biller)s: %(amount)s is to be paid, %(due)s.")
REPLY_STATE: Final = mark("Your bill %(number)s of %(biller)s: %(state)s.")
DISPUTED: Final = mark("%(biller)s, bill %(number)s: disputed since %(when)s, not decided yet")
REPLY_DISPUTED: Final = mark("You said on %(when)s that bill %(number)s of %(biller)s is wrong; it is not decided yet.")
BETWEEN: Final = mark("; ")


@dataclass(frozen=True, slots=True)
class Late:
    """What a day adds to a bill: its late penalty, and what of that is waived."""

    penalty: Money
    waived: Money

    @property
    def asked(self) -> Money:
        """What of the penalty is asked for."""
        return self.penalty - self.waived


def card(asked: Asked) -> Card:
    """Return the open bills of the customer's numbers here, due first, and the disputes that wait."""
    keyed = asked.ids("bill")
    found = bills.bills_of(asked.customer_id, institution_id=asked.institution_id, only_open=keyed is None)
    wanted = [each for each in found if each.id in keyed] if keyed is not None else found[:SHOWN_MAX]
    billers = bills.billers({each.biller_id for each in wanted})
    on = banking.business_date(asked.institution_id, asked.now) if wanted else asked.now.date()
    late = _late(asked, wanted, billers, on)
    facts = [_bill(asked, each, billers[each.biller_id], late.get(each.id), on) for each in wanted]
    return Card(CODE, "", tuple(facts + _disputes(asked)), more=keyed is None and len(found) > SHOWN_MAX)


def _late(asked: Asked, found: list[Bill], billers: Mapping[UUID, Biller], on: date) -> dict[UUID, Late]:
    by_biller: dict[UUID, list[Bill]] = defaultdict(list)
    for each in found:
        by_biller[each.biller_id].append(each)
    late: dict[UUID, Late] = {}
    for biller_id, theirs in by_biller.items():
        nothing = Money(0, billers[biller_id].currency)
        for part in bills.late_parts(billers[biller_id], theirs, customer_id=asked.customer_id, on=on):
            assert part.bill_id is not None, "a late part is a bill's"
            before = late.get(part.bill_id, Late(nothing, nothing))
            if part.kind is PartKind.PENALTY:
                late[part.bill_id] = Late(before.penalty + part.amount, before.waived)
            else:
                late[part.bill_id] = Late(before.penalty, before.waived + part.amount)
    return late


def _due(bill: Bill, on: date, voice: Voice) -> str:
    if bill.pay_by is None:
        return gettext(UNDATED)
    if not bill.is_overdue(on):
        return gettext(DUE) % {"day": voice.day(bill.pay_by)}
    return gettext(LATE) % {"day": voice.day(bill.pay_by), "days": voice.number((on - bill.pay_by).days)}


def _bill(asked: Asked, bill: Bill, biller: Biller, late: Late | None, on: date) -> Fact:
    payable = bill.state in (BillState.OPEN, BillState.PARTLY_PAID)
    amount = bill.owed + late.asked if late else bill.owed

    def places(voice: Voice) -> dict[str, str]:
        return {
            "biller": voice.apart(biller.name(voice.language)),
            "number": voice.text(bill.number),
            "amount": voice.money(amount),
            "state": gettext(bills.BILL_STATE_WORDS[bill.state]),
            "due": gettext(BETWEEN).join([_due(bill, on, voice), *_beside(bill, late, voice)]),
        }

    def reply(voice: Voice) -> str:
        return gettext(REPLY if payable and amount.amount_minor else REPLY_STATE) % places(voice)

    return fact(
        asked,
        provider=CODE,
        key=f"bill:{bill.id}",
        stands=(
            bill.state.value, bill.owed.amount_minor, bill.held.amount_minor, bill.pay_by, bill.is_overdue(on) and on,
            (late.penalty.amount_minor, late.waived.amount_minor) if late else None,
        ),
        words=lambda voice: gettext(BILL) % places(voice),
        value=lambda voice: voice.money(amount),
        source=lambda voice: gettext(mark("%(biller)s, through us")) % {"biller": voice.apart(biller.name(voice.language))},
        as_of=bill.seen_at,
        link=f"biller:{biller.id}",
        reply=reply,
        look="bad" if bill.is_overdue(on) else "" if payable else "good",
    )  # fmt: skip


def _beside(bill: Bill, late: Late | None, voice: Voice) -> list[str]:
    said = []
    if bill.was_due_on is not None:
        said.append(gettext(EXTENDED) % {"before": voice.day(bill.was_due_on)})
    if late is not None and late.penalty.amount_minor:
        said.append(gettext(PENALTY) % {"penalty": voice.money(late.penalty)})
    if late is not None and late.waived.amount_minor:
        said.append(gettext(WAIVED) % {"waived": voice.money(late.waived)})
    if bill.held.amount_minor:
        said.append(gettext(UNDER_WAY) % {"held": voice.money(bill.held)})
    return said


def _disputes(asked: Asked) -> list[Fact]:
    open_ones = [
        each
        for each in bills.disputes_of(asked.customer_id)
        if each.state is bills.DisputeState.OPEN and each.institution_id == asked.institution_id
    ]
    if not open_ones:
        return []
    billers = bills.billers({each.biller_id for each in open_ones})
    known = bills.bills_by_id({each.bill_id for each in open_ones})

    def made(one: bills.Dispute) -> Fact:
        def places(voice: Voice) -> dict[str, str]:
            return {
                "biller": voice.apart(billers[one.biller_id].name(voice.language)),
                "number": voice.text(known[one.bill_id].number),
                "when": voice.when(one.opened_at),
            }

        return fact(
            asked,
            provider=CODE,
            key=f"dispute:{one.id}",
            stands=(one.state.value,),
            words=lambda voice: gettext(DISPUTED) % places(voice),
            value=lambda voice: voice.money(one.amount),
            source=lambda _: gettext(mark("Disputed bills")),
            as_of=asked.now,
            link=f"dispute:{one.id}",
            reply=lambda voice: gettext(REPLY_DISPUTED) % places(voice),
            look="warn",
        )

    return [made(each) for each in open_ones]
