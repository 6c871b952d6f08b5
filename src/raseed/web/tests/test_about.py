"""About me: what was agreed to, with dates, and the days that matter, which their owner sets, changes and removes."""

from __future__ import annotations

from datetime import date

import pytest

from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.platform import api as platform
from raseed.web.tests.street import MONA_PHONE, NILE, Street, hidden, signed_in, words_of

MARKETING = {"en": "We may write to you about offers.\nNever more than once a month.", "ar": "عروض", "he": "הצעות"}
ADDRESS = f"/about-me/consents/{NILE}/marketing"


def oneself(street: Street) -> people.Author:
    return people.Author(f"customer:{street.layla.id}")


def days(street: Street) -> list[people.CriticalDate]:
    return people.critical_dates(street.layla.id, by=oneself(street))


def publish(version: int) -> None:
    people.publish_consent_text(
        institution_id=NILE,
        purpose="marketing",
        version=version,
        names={"en": "Offers", "ar": "عروض", "he": "הצעות"},
        texts={**MARKETING, "en": f"{MARKETING['en']}\nEdition {version}."},
        by=people.SYSTEM,
        reason="a test",
    )


def test_a_text_is_read_agreed_to_and_withdrawn_with_dates(street: Street) -> None:
    publish(1)
    client = signed_in()
    assert "Offers Nile Cash not agreed" in words_of(client.get("/about-me").content.decode())
    page = client.get(ADDRESS).content.decode()
    assert "Never more than once a month." in page
    given = client.post(ADDRESS, {"version": hidden(page, "version")})
    assert (given.status_code, given["Location"]) == (303, "/about-me?done=agreed")
    assert client.post(ADDRESS, {"version": "1"}).status_code == 303, "sent twice it is agreed to once"
    assert people.has_consented(street.layla.id, institution_id=NILE, purpose="marketing")
    assert "Offers Nile Cash agreed on" in words_of(client.get("/about-me").content.decode())
    assert client.post(ADDRESS, {"withdraw": "1"})["Location"] == "/about-me?done=withdrawn"
    assert not people.has_consented(street.layla.id, institution_id=NILE, purpose="marketing")
    told = words_of(client.get(ADDRESS).content.decode())
    assert told.index("Withdrawn · on these pages (version 1 )") < told.index("Agreed · on these pages (version 1 )")
    entries = people.consent_history(street.layla.id, institution_id=NILE, purpose="marketing", by=oneself(street))
    assert [one.given for one in entries] == [False, True]


def test_a_newer_text_is_said_and_the_older_agreement_stands(street: Street) -> None:
    publish(1)
    client = signed_in()
    client.post(ADDRESS, {"version": "1"})
    publish(2)
    assert "There is a newer text" in words_of(client.get("/about-me").content.decode())
    assert "You agreed to an older text." in words_of(client.get(ADDRESS).content.decode())
    assert people.has_consented(street.layla.id, institution_id=NILE, purpose="marketing")
    assert client.post(ADDRESS, {"version": "1"}).status_code == 303, "what stood on the page is what is agreed to"
    client.post(ADDRESS, {"version": "2"})
    (latest,) = people.consents(street.layla.id, institution_id=NILE, by=oneself(street))
    assert (latest.given, latest.version, latest.channel) == (True, 2, "web")


@pytest.mark.parametrize("version", ["", "x", "-1", "9", "9" * 30, "٩"])
def test_a_version_that_never_was_is_not_agreed_to(street: Street, version: str) -> None:
    publish(1)
    answer = signed_in().post(ADDRESS, {"version": version})
    assert answer.status_code in (400, 404)
    assert "Offers" in answer.content.decode()
    assert not people.has_consented(street.layla.id, institution_id=NILE, purpose="marketing")


def test_a_purpose_that_nobody_asks_for_is_not_there(street: Street) -> None:
    assert signed_in().get(ADDRESS).status_code == 404
    assert "Nobody asks you to agree" in signed_in().get("/about-me").content.decode()


def test_a_day_is_added_changed_and_removed(street: Street) -> None:
    client = signed_in()
    form = client.get("/about-me/days/new").content.decode()
    sent = {"id": hidden(form, "id"), "kind": "payday", "repeats": "month", "month_day": "٢٥", "label": "مرتب"}
    for _ in range(2):
        assert client.post("/about-me/days/new", sent)["Location"] == "/about-me?done=day"
    (first,) = days(street)
    assert (first.kind, first.month_day, first.label, first.zone) == ("payday", 25, "مرتب", "Africa/Cairo")
    assert "day 25 of every month · next:" in words_of(client.get("/about-me").content.decode())
    address = f"/about-me/days/{first.id}"
    form = client.get(address).content.decode()
    assert 'value="25"' in form
    changed = {"id": hidden(form, "id"), "kind": "tax", "repeats": "once", "on": "2031-04-01", "label": ""}
    for _ in range(2):
        assert client.post(address, changed).status_code == 303, "sent twice it is changed once"
    (second,) = days(street)
    assert (second.kind, second.month_day, second.on) == ("tax", None, date(2031, 4, 1))
    for _ in range(2):
        assert client.post(f"/about-me/days/{second.id}", {"remove": "1"})["Location"] == "/about-me?done=removed"
    assert days(street) == []


WRONG = [
    ({"month_day": ""}, "month_day"),
    ({"month_day": "0"}, "month_day"),
    ({"month_day": "32"}, "month_day"),
    ({"month_day": "5.5"}, "month_day"),
    ({"month_day": "²"}, "month_day"),
    ({"repeats": "once", "on": ""}, "on"),
    ({"repeats": "once", "on": "2031-02-30"}, "on"),
    ({"kind": "birthday"}, "kind"),
    ({"kind": "other", "label": ""}, "label"),
    ({"label": "a\u202eb"}, "label"),
    ({"label": "x" * 61}, "label"),
]  # fmt: skip


def test_what_is_no_day_is_said_beside_its_field_and_nothing_is_lost(street: Street, subtests: pytest.Subtests) -> None:
    client = signed_in()
    there = people.set_critical_date(
        id=new_id(), customer_id=street.layla.id, kind="rent", zone="Africa/Cairo", month_day=1, by=oneself(street)
    )
    for place in ("/about-me/days/new", f"/about-me/days/{there.id}"):
        for changes, field in WRONG:
            with subtests.test(place=place, **changes):
                sent = {"id": str(new_id()), "kind": "rent", "repeats": "month", "month_day": "1", "label": "Flat"}
                answer = client.post(place, {**sent, **changes})
                page = answer.content.decode()
                assert answer.status_code == 400
                assert f'id="{field}-error"' in page
                assert sent["id"] in page
                assert [one.id for one in days(street)] == [there.id], "a refused change loses no day"
    bad_id = client.post("/about-me/days/new", {"id": "junk", "kind": "rent", "repeats": "month", "month_day": "1"})
    assert bad_id.status_code == 400


def test_nobody_sees_or_changes_the_days_of_another(street: Street) -> None:
    there = people.set_critical_date(
        id=new_id(), customer_id=street.layla.id, kind="rent", zone="Africa/Cairo", month_day=1, by=oneself(street)
    )
    stranger = signed_in(MONA_PHONE)
    address = f"/about-me/days/{there.id}"
    assert stranger.get(address).status_code == 404
    changes = {"id": str(new_id()), "kind": "tax", "repeats": "month", "month_day": "9"}
    assert stranger.post(address, changes).status_code == 404
    stranger.post(address, {"remove": "1"})
    assert [one.id for one in days(street)] == [there.id]


def test_looking_at_ones_own_days_is_no_record_and_setting_one_is(street: Street) -> None:
    client = signed_in()
    client.post(
        "/about-me/days/new", {"id": str(new_id()), "kind": "rent", "repeats": "month", "month_day": "3", "label": ""}
    )
    client.get("/about-me")
    actions = [one.action for one in platform.audit_trail(f"customer:{street.layla.id}")]
    assert "people.critical_date_set" in actions
    assert "people.critical_dates_viewed" not in actions
