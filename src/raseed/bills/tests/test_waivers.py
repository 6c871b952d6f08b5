"""Waivers: days that cost nothing, for some or for everyone, confirmed by a second person and ended early."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from raseed.banking.api import PenaltyKind, PenaltyRule
from raseed.bills import api as bills
from raseed.bills.api import NewWaiver, PartKind, WaiverState
from raseed.bills.terms import waivers as waiving
from raseed.bills.terms.models import WaiverCustomerRow, WaiverRow
from raseed.kernel.ids import new_id
from raseed.kernel.text import UnacceptableText
from raseed.people import api as people
from raseed.platform import api as platform

from .late import A_DAY, TODAY, TWO_PERCENT, Late, late, told
from .street import Street

BILL, PENALTY, WAIVER = PartKind.BILL, PartKind.PENALTY, PartKind.WAIVER
NAMES = {"en": "After the flood", "ar": "بعد الفيضان", "he": "אחרי השיטפון"}


def new(at: Late, **changed: Any) -> NewWaiver:
    facts: dict[str, Any] = {
        "id": new_id(), "institution_id": at.street.town.bank, "names": NAMES, "first_day": TODAY - timedelta(days=8),
        "last_day": TODAY + timedelta(days=30), "customer_ids": [at.mona.id],
    }  # fmt: skip
    return NewWaiver(**facts | changed)


def give(at: Late, **changed: Any) -> bills.Waiver:
    return bills.give_waiver(new(at, **changed), reason="the flood", by=people.SYSTEM, clock=at.street.town.clock)


def propose(at: Late, waiver: NewWaiver, reason: str = "the flood") -> people.Change:
    by = at.street.town.staff("bills.waivers.propose")
    return bills.propose_waiver(waiver, reason=reason, by=by, clock=at.street.town.clock)


def test_a_waiver_is_a_part_of_its_own_and_names_itself(street: Street) -> None:
    at = late(street)
    at.rule(A_DAY)
    waiver = give(at)
    bill = at.owe(days_late=10)
    order = at.order(bill)
    assert told(order.parts) == [(BILL, 10_000), (PENALTY, 1_000), (WAIVER, 900)], "the first day is not covered"
    assert (order.parts[2].bill_id, order.parts[2].waiver_id) == (bill.id, waiver.id)
    assert bills.waivers_by_id(part.waiver_id for part in order.parts)[waiver.id].name("ar") == NAMES["ar"]
    assert order.amount.amount_minor == 10_100
    at.pay(order)
    at.carry()
    assert bills.bill_order(order.id, at.mona.id).parts == order.parts


def test_days_that_were_waived_never_count_also_when_it_is_over(street: Street) -> None:
    at = late(street)
    at.rule(A_DAY)
    give(at, last_day=TODAY + timedelta(days=2))
    bill = at.owe(days_late=5)
    assert told(at.quote(bill).parts) == [(BILL, 10_000), (PENALTY, 500), (WAIVER, 500)]
    at.days_go_by(4)
    assert told(at.quote(bill).parts) == [(BILL, 10_000), (PENALTY, 900), (WAIVER, 700)]


def test_a_penalty_that_is_asked_once_is_waived_while_no_day_counts(street: Street) -> None:
    at = late(street)
    at.rule(PenaltyRule(PenaltyKind.FIXED, amount_minor=500))
    give(at, last_day=TODAY)
    bill = at.owe(days_late=5)
    order = at.order(bill, minor=4_000)
    assert told(order.parts) == [(BILL, 4_000), (PENALTY, 500), (WAIVER, 500)]
    at.pay(order)
    at.carry()
    at.days_go_by(3)
    assert told(at.quote(bill).parts) == [(BILL, 6_000), (PENALTY, 500)], "late again after the waiver"


def test_a_waiver_is_for_those_whom_it_names_and_for_the_biller_that_it_names(street: Street) -> None:
    at = late(street)
    at.rule(TWO_PERCENT)
    other = street.biller("other", adapter=bills.AdapterKind.FILE)
    ziad, _ = street.person()
    give(at, first_day=TODAY - timedelta(days=30))
    give(at, first_day=TODAY - timedelta(days=30), biller_id=other.id, customer_ids=None)
    bill = at.owe()
    assert len(at.quote(bill).parts) == 3
    assert told(at.quote(bill, by=ziad).parts) == [(BILL, 10_000), (PENALTY, 200)]
    give(at, first_day=TODAY - timedelta(days=30), biller_id=at.biller.id, customer_ids=None)
    assert told(at.quote(bill, by=ziad).parts) == [(BILL, 10_000), (PENALTY, 200), (WAIVER, 200)]
    assert len(at.quote(bill).parts) == 3, "what one waives the next does not waive again"


def test_two_waivers_share_what_is_waived(street: Street) -> None:
    at = late(street)
    at.rule(A_DAY)
    first = give(at, first_day=TODAY - timedelta(days=9), last_day=TODAY - timedelta(days=6))
    second = give(at, first_day=TODAY - timedelta(days=7), last_day=TODAY - timedelta(days=3))
    parts = at.quote(at.owe(days_late=10)).parts
    assert told(parts) == [(BILL, 10_000), (PENALTY, 1_000), (WAIVER, 400), (WAIVER, 300)]
    assert [part.waiver_id for part in parts[2:]] == [first.id, second.id]


def test_a_proposed_waiver_counts_once_a_second_person_has_confirmed_it(street: Street) -> None:
    at = late(street)
    at.rule(A_DAY)
    wanted = new(at)
    change = propose(at, wanted)
    bill = at.owe()
    assert len(at.quote(bill).parts) == 2
    with pytest.raises(people.NotPermitted):
        people.confirm_change(change.id, by=street.town.staff("bills.waivers.propose"), clock=street.town.clock)
    people.confirm_change(change.id, by=street.town.staff("bills.waivers.confirm"), clock=street.town.clock)
    assert len(at.quote(bill).parts) == 3
    (shown,) = bills.waivers(street.town.bank, by=people.SYSTEM)
    assert (shown.state, shown.customers, shown.reason) == (WaiverState.ACTIVE, 1, "the flood")
    assert shown.made_by != shown.confirmed_by
    for language in ("ar", "he", "en"):
        assert all(line.after for line in people.describe_change(people.change(change.id), language))


def test_a_rejected_waiver_never_counts(street: Street) -> None:
    at = late(street)
    at.rule(A_DAY)
    change = propose(at, new(at))
    by = street.town.staff("bills.waivers.confirm")
    people.reject_change(change.id, by=by, note="not this one", clock=street.town.clock)
    assert len(at.quote(at.owe()).parts) == 2


def test_the_same_proposal_again_is_the_same_and_another_is_refused(street: Street) -> None:
    at = late(street)
    wanted, by = new(at), street.town.staff("bills.waivers.propose")
    first = bills.propose_waiver(wanted, reason="the flood", by=by, clock=street.town.clock)
    assert bills.propose_waiver(wanted, reason="the flood", by=by, clock=street.town.clock).id == first.id
    ziad, _ = street.person()
    with pytest.raises(platform.SameIdOtherContent):
        bills.propose_waiver(
            new(at, id=wanted.id, customer_ids=[ziad.id]), reason="the flood", by=by, clock=street.town.clock
        )
    assert WaiverCustomerRow.objects.count() == 1


def test_ended_early_it_keeps_the_days_until_then(street: Street) -> None:
    at = late(street)
    at.rule(A_DAY)
    waiver = give(at, first_day=TODAY - timedelta(days=30))
    bill = at.owe(days_late=3)
    with pytest.raises(people.NotPermitted):
        bills.end_waiver(waiver.id, reason="it is over", by=street.town.staff("bills.waivers.propose"))
    with pytest.raises(UnacceptableText):
        bills.end_waiver(waiver.id, reason=" ", by=people.SYSTEM, clock=street.town.clock)
    ended = bills.end_waiver(waiver.id, reason="it is over", by=people.SYSTEM, clock=street.town.clock)
    assert ended.covers_until == TODAY
    with pytest.raises(bills.WaiverEnded):
        bills.end_waiver(waiver.id, reason="it is over", by=people.SYSTEM, clock=street.town.clock)
    at.days_go_by(2)
    assert told(at.quote(bill).parts) == [(BILL, 10_000), (PENALTY, 500), (WAIVER, 300)]
    (record, *_) = platform.audit_trail(f"waiver:{waiver.id}", limit=1)
    assert (record.action, record.reason) == ("bills.waiver_ended", "it is over")


def test_an_order_made_before_a_waiver_ended_is_refused_when_it_asks_for_something_else(street: Street) -> None:
    at = late(street)
    at.rule(A_DAY)
    bill = at.owe()
    order = at.order(bill)
    give(at, first_day=TODAY - timedelta(days=30))
    with transaction.atomic():
        (why,) = street.route.reserve([street.payment(order, at.account)]).values()
    assert isinstance(why, bills.BillOrderOutdated)


def test_only_the_system_gives_a_waiver_alone(street: Street) -> None:
    at = late(street)
    with pytest.raises(people.SecondPersonNeeded):
        bills.give_waiver(new(at), reason="the flood", by=street.town.staff("bills.waivers.confirm"))
    first = give(at)
    (record,) = platform.audit_trail(f"waiver:{first.id}", limit=5)
    assert (record.action, record.actor) == ("bills.waiver_given", "system")


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("last_day", {"last_day": date(2026, 1, 1)}),
        ("last_day", {"last_day": date(2126, 1, 1)}),
        ("names", {"names": {}}),
        ("names", {"names": {"en": "  "}}),
        ("names", {"names": {"xx": "in no language of ours"}}),
        ("customer_ids", {"customer_ids": []}),
        ("customer_ids", {"customer_ids": [new_id()]}),
    ],
)
def test_a_waiver_that_can_not_be_is_refused_and_nothing_is_kept(
    street: Street, field: str, changed: dict[str, Any]
) -> None:
    at = late(street)
    with pytest.raises(bills.InvalidWaiver) as refused:
        propose(at, new(at, **changed))
    assert refused.value.field == field
    assert not WaiverRow.objects.exists()


def test_a_waiver_needs_a_reason_and_a_biller_of_the_institution(street: Street) -> None:
    at = late(street)
    with pytest.raises(UnacceptableText):
        propose(at, new(at), reason=" ")
    with pytest.raises(bills.BillerUnknown):
        propose(at, new(at, biller_id=new_id()))


def test_a_waiver_is_for_ten_thousand_customers_and_not_for_more_than_there_may_be(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = late(street)
    at.rule(A_DAY)
    ids = [new_id() for _ in range(9_999)] + [at.mona.id]
    monkeypatch.setattr(people, "customers", dict.fromkeys)
    change = propose(at, new(at, customer_ids=ids))
    people.confirm_change(change.id, by=street.town.staff("bills.waivers.confirm"), clock=street.town.clock)
    assert WaiverCustomerRow.objects.count() == 10_000
    assert len(at.quote(at.owe()).parts) == 3
    monkeypatch.setattr(waiving, "CUSTOMERS_MAX", 9_999)
    with pytest.raises(bills.InvalidWaiver):
        propose(at, new(at, customer_ids=ids))


def test_what_a_waiver_says_stays(street: Street) -> None:
    at = late(street)
    give(at)
    for changed in ({"last_day": date(2030, 1, 1)}, {"state": "proposed"}, {"reason": "another"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            WaiverRow.objects.update(**changed)
    for act in (WaiverRow.objects.all().delete, WaiverCustomerRow.objects.all().delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()
