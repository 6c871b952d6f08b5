"""The audit trail: every row in words, filters that hold, a customer's day for a reason."""

from __future__ import annotations

from datetime import timedelta

import pytest

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.web.tests.office.house import DELTA, House, at_desk
from raseed.web.tests.street import words_of


def rows(page: str) -> str:
    """Return the words of the rows of the trail, or of what stands in their place."""
    return words_of(page.partition('<section class="panel">')[2].partition("</section>")[0])


def blocked(house: House) -> None:
    by = people.author_of_staff(house.hoda.staff.id)
    banking.block_account(account_id=house.street.layla_wallet.id, by=by, reason="a call about a stolen phone")


def test_who_did_what_when_and_why_before_and_after(house: House) -> None:
    blocked(house)
    words = rows(at_desk(house.tamer).get("/office/audit").content.decode())
    assert "Account blocked" in words
    assert "Hoda Mansour" in words
    assert "a call about a stolen phone" in words
    assert "State before: open after: blocked" in words
    assert "+20 10 01234567" in words


def test_no_row_shows_a_code_of_ours(house: House) -> None:
    """Everything that has happened by now in the house reads in words, in each language."""
    blocked(house)
    for language in ("en", "ar", "he"):
        page = words_of(at_desk(house.tamer, language).get("/office/audit").content.decode())
        for code in ("people.", "banking.", "office.", "_minor", "staff:", "customer:", "account:"):
            assert code not in page, (language, code, page[max(0, page.find(code) - 60) : page.find(code) + 60])


@pytest.mark.parametrize(
    ("query", "there", "not_there"),
    [
        ("action=banking.account_blocked", "Account blocked", "Role made"),
        ("action=people.", "Role made", "Account blocked"),
        ("actor=system", "Role made", "Account blocked"),
        ("first=2001-01-01&last=2001-01-02", "Nothing was recorded", "Role made"),
    ],
)
def test_filters(house: House, query: str, there: str, not_there: str) -> None:
    blocked(house)
    page = at_desk(house.tamer).get(f"/office/audit?{query}").content.decode()
    listed = rows(page)
    assert there in listed
    assert not_there not in listed


def test_filters_by_colleague_and_by_subject(house: House) -> None:
    blocked(house)
    tamer = at_desk(house.tamer)
    by_hoda = rows(tamer.get(f"/office/audit?actor={house.hoda.staff.actor}").content.decode())
    assert "Account blocked" in by_hoda
    assert "Role made" not in by_hoda
    account = f"account:{house.street.layla_wallet.id}"
    of_account = rows(tamer.get(f"/office/audit?subject={account}").content.decode())
    assert "Account opened" in of_account
    assert "Role made" not in of_account


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("first=nonsense", "first"),
        ("first=2026-02-02&last=2026-02-01", "last"),
        ("subject=x:y", "subject"),
        ("actor=;--", "actor"),
    ],
)
def test_filters_that_can_not_be_are_said_in_words(house: House, query: str, field: str) -> None:
    answer = at_desk(house.tamer).get(f"/office/audit?{query}")
    assert answer.status_code == 400
    assert f'id="{field}-error"' in answer.content.decode()


def test_a_marker_that_is_not_ours_is_refused(house: House) -> None:
    assert at_desk(house.tamer).get("/office/audit?before=AAAA").status_code == 400


def test_pages_follow_each_other_without_a_row_lost(house: House) -> None:
    by = people.author_of_staff(house.hoda.staff.id)
    for _ in range(30):
        banking.block_account(account_id=house.street.layla_wallet.id, by=by, reason="stolen again")
        banking.unblock_account(account_id=house.street.layla_wallet.id, by=by, reason="found again")
    tamer, address, rows = at_desk(house.tamer), "/office/audit?action=banking.account_", 0
    for _ in range(5):
        page = tamer.get(address).content.decode()
        rows += page.count('class="deed"')
        if 'class="more"' not in page:
            break
        address = page.split('class="more" hx-get="')[1].split('"')[0].replace("&amp;", "&")
    assert rows >= 60 + 2


def test_a_record_that_was_altered_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked(house)
    from raseed.platform import audit  # noqa: PLC0415  (its inner part, to break a seal)

    monkeypatch.setattr(audit, "_intact", lambda row, *_: row.action != "banking.account_blocked")
    page = at_desk(house.tamer).get("/office/audit").content.decode()
    assert page.count("This record was altered after it was written.") == 1


def test_a_persons_day_is_read_for_a_reason_and_the_reading_is_in_it(house: House) -> None:
    blocked(house)
    tamer = at_desk(house.tamer)
    address = f"/office/people/{house.street.layla.id}/trail"
    assert "Reason" in tamer.get(address).content.decode()
    assert tamer.post(address, {"reason": ""}).status_code == 400
    assert tamer.post(address, {"reason": "a complaint by letter"}).status_code == 303
    today = SYSTEM_CLOCK.now().date()
    tamer.get(address)
    day = words_of(tamer.get(f"{address}?day={today.isoformat()}").content.decode())
    for text in ("Became a customer", "Account blocked", "Audit trail of a person read", "a complaint by letter"):
        assert text in day, text
    assert day.index("Became a customer") < day.index("Account blocked"), "a day is read from its beginning"
    before = words_of(tamer.get(f"{address}?day={(today - timedelta(days=400)).isoformat()}").content.decode())
    assert "Nothing was recorded that fits." in before
    other = tamer.get(f"/office/people/{house.street.mona.id}/trail").content.decode()
    assert 'name="reason"' in other, "each person for a reason of their own"


def test_a_person_of_another_institution_is_named_nowhere(house: House) -> None:
    stranger = people.register_customer(
        id=new_id(), names={"en": "Zaki Unseen"}, phone="+201007770001", language="en", institution_id=DELTA
    )
    hoda = at_desk(house.hoda)
    assert hoda.get(f"/office/people/{stranger.id}/trail").status_code == 404
    assert "Unseen" not in hoda.get(f"/office/audit?subject=customer:{stranger.id}").content.decode()
