"""Reminders and notices: once a bill and day, in the customer's language, on the days and in the hours that were chosen."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from raseed.banking.tests.town import at_once
from raseed.bills import api as bills
from raseed.bills.habits.models import NoticeRow
from raseed.channels.models import TextRow
from raseed.people import api as people

from .habit import NUMBER, Household
from .street import Street

CAIRO = 2
"""Hours before UTC in winter."""


@pytest.fixture
def house(street: Street) -> Household:
    return Household(street)


def tell(house: Household) -> int:
    """Let a worker keep reminders and send what may leave; return how many reminders were new."""
    kept = bills.remind_of_bills(clock=house.clock)
    bills.send_notices(clock=house.clock)
    return kept


def at(house: Household, day: date, hour: int, minute: int = 0) -> None:
    """Let it be an hour in Cairo."""
    house.clock.advance(datetime(day.year, day.month, day.day, hour - CAIRO, minute, tzinfo=UTC) - house.clock.now())


def test_a_bill_is_reminded_of_three_days_before_and_on_its_day_once_each(house: Household) -> None:
    house.bill(12_050, due_in=5)
    told = []
    for _ in range(24 * 7):
        house.clock.advance(timedelta(hours=1))
        if tell(house):
            told.append(house.clock.now())
        assert tell(house) == 0
    assert [(each.date() - date(2026, 3, 1)).days for each in told] == [2, 5]
    assert len(house.texts()) == 2


def test_the_text_names_biller_amount_and_day_in_the_customer_s_language_and_no_number(house: Household) -> None:
    house.bill(12_050, due_in=3)
    tell(house)
    (arabic,) = house.texts()
    assert "الnur" in arabic
    assert "١٢٠٫٥٠" in arabic
    assert "٤ مارس ٢٠٢٦" in arabic
    people.set_language(house.mona.id, "he")
    at(house, house.today + timedelta(days=3), 10)
    tell(house)
    (hebrew,) = set(house.texts()) - {arabic}
    assert "120.50" in hebrew
    assert "היום" in hebrew
    people.set_language(house.mona.id, "en")
    house.bill(100, due_in=0)
    tell(house)
    (english,) = set(house.texts()) - {arabic, hebrew}
    assert "The nur: your bill of EGP\u00a01.00 is due today." in english
    for text in (arabic, hebrew, english):
        assert NUMBER not in text
        assert "%(" not in text
    row = TextRow.objects.filter(purpose="bill_notice").first()
    assert row is not None
    assert row.to_phone == house.mona.phone
    assert row.expires_at is not None


def test_an_extended_bill_is_reminded_of_by_its_new_day_and_the_old_one_is_said(house: Household) -> None:
    people.set_language(house.mona.id, "en")
    before = house.bill(12_050, due_in=3)
    house.bill(100, due_in=9)
    after = house.extend(before, 10)
    assert (after.pay_by, after.was_due_on) == (house.today + timedelta(days=10), before.due_on)
    assert [each.number for each in bills.bills_of(house.mona.id)] == ["B-2", "B-1"], "by the day that counts"
    told = []
    for day in range(12):
        if tell(house):
            told.append(day)
        house.clock.advance(timedelta(days=1))
    assert told == [6, 7, 9, 10]
    of_it = [text for text in house.texts() if "120.50" in text]
    assert [text.split("instead of ")[1] for text in of_it] == ["4 March 2026."] * 2
    assert "is due on 11 March 2026" in of_it[0]
    assert "is due today" in of_it[1]


@pytest.mark.parametrize(("hour", "minute", "leaves"), [(8, 59, False), (9, 0, True), (19, 59, True), (20, 0, False)])
def test_texts_leave_between_nine_and_eight_only(house: Household, hour: int, minute: int, leaves: bool) -> None:  # noqa: FBT001
    house.bill(due_in=4)
    at(house, house.today + timedelta(days=1), hour, minute)
    tell(house)
    assert bool(house.texts()) is leaves


def test_the_hours_are_an_institution_s_own_and_staff_set_them(house: Household) -> None:
    with pytest.raises(people.NotPermitted):
        bills.set_notice_hours(
            house.street.town.bank,
            time(11),
            time(12),
            by=house.street.town.staff(),
            reason="fasting",
            clock=house.clock,
        )
    with pytest.raises(bills.InvalidNoticeHours):
        bills.set_notice_hours(
            house.street.town.bank, time(12), time(12), by=people.SYSTEM, reason="fasting", clock=house.clock
        )
    bills.set_notice_hours(
        house.street.town.bank, time(21), time(23), by=people.SYSTEM, reason="fasting", clock=house.clock
    )
    house.bill(due_in=3)
    tell(house)
    assert house.texts() == []
    at(house, house.today, 21)
    tell(house)
    assert len(house.texts()) == 1


def test_who_chose_other_days_or_none_is_reminded_so(house: Household) -> None:
    assert bills.reminder_days(house.mona.id) == (3, 0)
    assert bills.set_reminder_days(customer_id=house.mona.id, days=[1, 7, 1], clock=house.clock) == (7, 1)
    for days in (7, 3, 1, 0):
        house.bill(due_in=days)
    assert tell(house) == 2
    bills.set_reminder_days(customer_id=house.mona.id, days=[], clock=house.clock)
    house.bill(due_in=7)
    assert tell(house) == 0
    with pytest.raises(bills.InvalidReminders):
        bills.set_reminder_days(customer_id=house.mona.id, days=[2], clock=house.clock)
    with pytest.raises(people.UnknownCustomer):
        bills.set_reminder_days(customer_id=house.nur.id, days=[3], clock=house.clock)


def test_nobody_is_reminded_of_what_is_paid_under_way_or_left_to_an_autopay(house: Household) -> None:
    paid, held = house.bill(1_000, due_in=3), house.bill(2_000, due_in=3)
    for bill in (paid, held):
        order = house.street.order(house.nur, house.mona, bill)
        bills.pay(order_id=order.id, customer_id=house.mona.id, from_account_id=house.account.id, clock=house.clock)
    assert tell(house) == 0
    house.bill(3_000, due_in=3)
    given = house.give()
    assert tell(house) == 0
    bills.pause_autopay(autopay_id=given.id, customer_id=house.mona.id, clock=house.clock)
    assert tell(house) == 1


def test_what_is_above_an_autopay_s_ceiling_is_reminded_of_before_its_day_too(house: Household) -> None:
    above, within = house.bill(20_000, due_in=3), house.bill(5_000, due_in=3)
    house.give(10_000)
    house.run()
    assert house.outcomes(above) == []
    assert bills.left_to_autopays(house.mona.id) == {within.id}
    assert tell(house) == 1
    (text,) = house.texts()
    assert "٢٠٠٫٠٠" in text


def test_what_an_autopay_has_left_above_its_ceiling_is_reminded_of(house: Household) -> None:
    house.bill(20_000, due_in=3)
    house.give(10_000, days_before=3)
    house.run()
    assert tell(house) == 1
    assert sorted(house.notices()) == ["over_ceiling", "reminder"]


def test_each_who_has_asked_for_a_reference_is_reminded_and_many_in_pages(
    house: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("raseed.bills.habits.reminding.REMIND_AT_ONCE", 4)
    owed = [house.bill(1_000, due_in=3) for _ in range(5)]
    ziad, _ = house.street.person()
    bills.keep_known_bills(house.nur.id, [bills.KnownBills(ziad.id, {"account": NUMBER}, [])], clock=house.clock)
    assert tell(house) == 2 * len(owed)
    assert NoticeRow.objects.filter(sent_at=None).count() == 0
    assert TextRow.objects.filter(purpose="bill_notice", to_phone=ziad.phone).count() == len(owed)


def test_several_workers_remind_once(house: Household) -> None:
    for _ in range(20):
        house.bill(1_000, due_in=3)
    at_once([lambda: tell(house) for _ in range(4)])
    bills.send_notices(clock=house.clock)
    assert len(house.texts()) == 20


def test_what_an_autopay_did_before_nine_is_told_at_nine(house: Household) -> None:
    at(house, house.today + timedelta(days=1), 6, 30)
    house.bill(20_000)
    house.give(10_000)
    house.run()
    bills.send_notices(clock=house.clock)
    assert house.texts() == []
    at(house, house.today, 9)
    bills.send_notices(clock=house.clock)
    (text,) = house.texts()
    assert "٢٠٠٫٠٠" in text
    assert "١٠٠٫٠٠" in text


@pytest.mark.parametrize("language", ["ar", "he", "en"])
def test_every_notice_can_be_said(house: Household, language: str) -> None:
    from raseed.bills.habits.notices import Notice, NoticeKind, keep_notices  # noqa: PLC0415  (not at the front door)

    people.set_language(house.mona.id, language)
    bill = house.bill(due_in=2)
    keep_notices(
        [
            Notice(
                house.mona.id, house.nur, kind, house.today, bill.id, bill_id=bill.id, amount_minor=100, ceiling_minor=50,
                code="not_enough_money", params={},
            )
            for kind in NoticeKind
        ],
        clock=house.clock,
    )  # fmt: skip
    bills.send_notices(clock=house.clock)
    texts = house.texts()
    assert len(set(texts)) == len(NoticeKind)
    assert all("%(" not in text and len(text) < 400 for text in texts), texts
