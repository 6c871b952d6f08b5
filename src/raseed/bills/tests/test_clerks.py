"""Who works for a biller: named by two, ended by one and at once, never somebody with a role at the bank."""

from __future__ import annotations

import pytest
from django.db import IntegrityError

from raseed.bills import api as bills
from raseed.bills.clerks.models import ClerkRow
from raseed.kernel.ids import new_id
from raseed.kernel.money import CurrencyMismatch, Money, currency
from raseed.people import api as people
from raseed.people.models import GrantRow
from raseed.platform.models import AuditRow

from .counter import clerk, give, hired, money, paid
from .street import Street

WHY = "begins at the utility"


def proposed(street: Street, of: bills.Biller, someone: people.Staff, most: int | None = 5_000) -> people.Change:
    return bills.propose_clerk(
        id=new_id(), staff_id=someone.id, biller_id=of.id, refund_most=None if most is None else money(most),
        refund_most_day=None if most is None else money(2 * most), reason=WHY,
        by=street.town.staff("bills.clerks.propose"), clock=street.town.clock,
    )  # fmt: skip


def test_two_people_name_a_clerk_and_change_what_they_may(street: Street) -> None:
    nur = street.biller()
    kamal = hired(street, "kamal")
    change = proposed(street, nur, kamal)
    assert bills.clerk_of(kamal.id) == []
    second = street.town.staff("bills.clerks.confirm")
    people.confirm_change(change.id, by=second, clock=street.town.clock)
    (named,) = bills.clerk_of(kamal.id)
    assert (named.id, named.biller_id, named.may_refund) == (kamal.id, nur.id, True)
    assert (named.refund_most, named.refund_most_day) == (money(5_000), money(10_000))
    again = proposed(street, nur, kamal, None)
    lines = {line.label: (line.before, line.after) for line in people.describe_change(again, "en")}
    assert lines["Refunds, each up to"] == ("EGP\xa050.00", "None")
    assert lines["Works for"] == ("The nur", "The nur")
    people.confirm_change(again.id, by=second, clock=street.town.clock)
    (less,) = bills.clerk_of(kamal.id)
    assert (less.may_refund, less.refund_most, less.right_id) == (False, None, named.right_id)
    assert [each.id for each in bills.clerks_of(nur.id, by=street.town.staff("bills.view"))] == [kamal.id]


def test_neither_the_proposer_nor_the_clerk_nor_who_lacks_the_right_decides(street: Street) -> None:
    nur, kamal = street.biller(), hired(street, "kamal")
    both = street.town.staff("bills.clerks.propose", "bills.clerks.confirm")
    change = bills.propose_clerk(
        id=new_id(), staff_id=kamal.id, biller_id=nur.id, reason=WHY, by=both, clock=street.town.clock
    )
    themself = people.Author(kamal.actor, {street.town.bank: frozenset({"bills.clerks.confirm"})})
    for who in (both, themself):
        with pytest.raises(people.SecondPersonNeeded):
            people.confirm_change(change.id, by=who, clock=street.town.clock)
    with pytest.raises(people.NotPermitted):
        people.confirm_change(change.id, by=street.town.staff("bills.view"), clock=street.town.clock)
    with pytest.raises(people.NotPermitted):
        bills.propose_clerk(id=new_id(), staff_id=kamal.id, biller_id=nur.id, reason=WHY, by=street.town.staff())
    with pytest.raises(people.SecondPersonNeeded):
        bills.name_clerk(staff_id=kamal.id, biller_id=nur.id, by=both, reason=WHY)
    assert bills.clerk_of(kamal.id) == []


def test_who_has_a_role_or_works_elsewhere_is_refused_also_when_it_came_later(street: Street) -> None:
    nur = street.biller()
    salma = people.add_staff(
        id=new_id(), login="salma", names={"en": "Salma"}, language="ar", institution_id=street.town.bank,
        role_ids=[people.role_by_slug(street.town.bank, "agent").id], by=people.SYSTEM, reason=WHY,
    )  # fmt: skip
    with pytest.raises(bills.ClerkHasRole):
        proposed(street, nur, salma)
    with pytest.raises(people.UnknownStaff):
        bills.propose_clerk(
            id=new_id(), staff_id=new_id(), biller_id=nur.id, reason=WHY, by=street.town.staff("bills.clerks.propose")
        )
    kamal = hired(street, "kamal")
    change = proposed(street, nur, kamal)
    role = people.role_by_slug(street.town.bank, "agent").id
    GrantRow.objects.create(staff_id=kamal.id, role_id=role, since=street.town.clock.now())
    with pytest.raises(bills.ClerkHasRole):
        people.confirm_change(change.id, by=street.town.staff("bills.clerks.confirm"), clock=street.town.clock)
    assert bills.clerk_of(kamal.id) == []


@pytest.mark.parametrize(("most", "a_day"), [(5_000, None), (None, 5_000), (0, 5_000), (5_001, 5_000), (-1, 10)])
def test_limits_that_do_not_hold_together_are_refused(street: Street, most: int | None, a_day: int | None) -> None:
    nur, kamal = street.biller(), hired(street, "kamal")
    with pytest.raises(bills.InvalidClerk):
        bills.propose_clerk(
            id=new_id(), staff_id=kamal.id, biller_id=nur.id, refund_most=None if most is None else money(most),
            refund_most_day=None if a_day is None else money(a_day), reason=WHY,
            by=street.town.staff("bills.clerks.propose"),
        )  # fmt: skip
    with pytest.raises(CurrencyMismatch):
        bills.propose_clerk(
            id=new_id(), staff_id=kamal.id, biller_id=nur.id, refund_most=Money(1, currency("USD")), reason=WHY,
            by=street.town.staff("bills.clerks.propose"),
        )  # fmt: skip
    for payload in ({}, {"biller_id": str(nur.id), "refund_most_minor": "9", "refund_most_day_minor": 9}):
        with pytest.raises(bills.InvalidClerk):
            people.propose_change(
                id=new_id(), kind="bills.clerk", institution_id=street.town.bank, subject=kamal.actor, payload=payload,
                reason=WHY, by=street.town.staff("bills.clerks.propose"),
            )  # fmt: skip


def test_one_person_ends_it_at_once_and_it_is_recorded(street: Street) -> None:
    nur = street.biller()
    mona, account = street.person()
    order = paid(street, nur, mona, account)
    kamal = clerk(street, nur)
    bills.end_clerk(
        staff_id=kamal.id, biller_id=nur.id, by=street.town.staff("bills.clerks.propose"), reason=WHY,
        clock=street.town.clock,
    )  # fmt: skip
    assert bills.clerk_of(kamal.id) == []
    with pytest.raises(bills.NotAClerk):
        give(street, order, 100, kamal)
    with pytest.raises(bills.NotAClerk):
        bills.end_clerk(staff_id=kamal.id, biller_id=nur.id, by=people.SYSTEM, reason=WHY, clock=street.town.clock)
    recorded = AuditRow.objects.get(action="bills.clerk_ended")
    assert recorded.before
    assert recorded.after
    assert (recorded.subject, recorded.before["clerk"], recorded.after["clerk"]) == (kamal.actor, True, False)
    renamed = bills.name_clerk(
        staff_id=kamal.id, biller_id=nur.id, by=people.SYSTEM, reason=WHY, clock=street.town.clock
    )
    assert renamed.right_id != kamal.right_id, "a session begun under the first naming does not come back to life"


def test_the_database_keeps_who_was_named_and_lets_it_end_once(street: Street) -> None:
    kamal = clerk(street, street.biller())
    rows = ClerkRow.objects.filter(id=kamal.right_id)
    with pytest.raises(IntegrityError):
        rows.delete()
    with pytest.raises(IntegrityError):
        rows.update(staff_id=new_id())
    rows.update(ended_at=street.town.clock.now())
    with pytest.raises(IntegrityError):
        rows.update(ended_at=None)
