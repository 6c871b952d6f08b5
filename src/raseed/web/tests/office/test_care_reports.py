"""Reports of care at the office: every figure leads to as many as it says, in three languages; files; whose figures; bad input."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest
from django.urls import reverse

from raseed.care.reports.tests import planting
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.web.office.report_plots import week_from
from raseed.web.office.report_tables import harmless
from raseed.web.tests.office.house import House, at_desk
from raseed.web.tests.office.month import a_month
from raseed.web.tests.street import words_of

if TYPE_CHECKING:
    from django.test import Client

REPORTS = ("", "/reasons", "/clocks", "/people", "/promises", "/replies")


@pytest.fixture
def filled(house: House) -> planting.Planted:
    """The house with a month behind it."""
    return a_month(house)


def page(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, (address, answer.status_code)
    return answer.content.decode()


def figures(text: str) -> list[tuple[str, int]]:
    """Return the figures of a page that lead somewhere, with the number they say."""
    found = re.findall(r'<a href="(/office/care/reports/behind\?[^"]+)"><bdi>([\d,]+)</bdi>', text)
    return [(unescape(address), int(number.replace(",", ""))) for address, number in found]


def rows_of(text: str) -> int:
    return text.split("<tbody", 1)[1].split("</tbody>", 1)[0].count("<tr") if "<tbody" in text else 0


def test_every_report_opens_and_its_figures_lead_to_as_many(filled: planting.Planted, house: House) -> None:
    client, looked = at_desk(house.hoda), 0
    for report in REPORTS:
        text = page(client, f"/office/care/reports{report}?period=30")
        found = figures(text)
        assert found, report
        for address, number in found[:: max(len(found) // 12, 1)]:
            behind = page(client, address)
            assert f": <bdi>{number:,}</bdi></h1>" in behind, address
            assert rows_of(behind) == min(number, 50), address
            looked += 1
    assert looked > 50


def test_drawings_are_whole_and_say_what_they_are_in_three_languages(filled: planting.Planted, house: House) -> None:
    for language in ("en", "ar", "he"):
        client = at_desk(house.hoda, language)
        for report in REPORTS:
            text = page(client, f"/office/care/reports{report}?period=own&first=2000-01-01&last=2000-01-02")
            assert '<svg class="plot"' not in text
            text = page(client, f"/office/care/reports{report}?period=30")
            plots = re.findall(r'<svg class="plot".*?</svg>', text, re.DOTALL)
            assert plots or report == "/people"
            for one in plots:
                ET.fromstring(one)  # noqa: S314  (our own)
            names = re.findall(r' id="(plot-[^"]+)"', text)
            assert len(names) == len(set(names))
            assert "style=" not in text


def test_from_a_figure_one_comes_to_the_conversation_at_the_desk(filled: planting.Planted, house: House) -> None:
    agent = at_desk(house.hoda)
    behind = page(agent, f"{reverse('office:care-behind')}?of=conversations&period=30")
    talk = re.search(r'href="(/office/desk/[0-9a-f-]{36})"', behind)
    assert talk
    assert str(UUID(talk[1].rsplit("/", 1)[1])) in {str(one.id) for one in filled.conversations}
    auditor = page(at_desk(house.tamer), f"{reverse('office:care-behind')}?of=conversations&period=30")
    assert "/office/desk/" not in auditor  # who may not open it is not sent there
    assert "Mona" not in auditor


def test_agents_see_their_own_clocks_and_nobody_elses(filled: planting.Planted, house: House) -> None:
    agent = at_desk(house.salma)
    answer = agent.get("/office/care/reports")
    assert (answer.status_code, answer["Location"]) == (303, "/office/care/reports/people")
    own = page(agent, "/office/care/reports/people?period=30")
    assert "Salma Fouad" in own
    assert "Hoda Mansour" not in own
    assert figures(own)
    for address, number in figures(own):
        assert f": <bdi>{number:,}</bdi></h1>" in page(agent, address)
    assert "Salma Fouad" in page(agent, f"/office/care/reports/people/{house.salma.staff.id}")
    for address in (
        "/office/care/reports/reasons", "/office/care/reports/behind?of=messages", "/office/care/reports/volumes/times.csv",
        f"/office/care/reports/people/{house.hoda.staff.id}",
        f"/office/care/reports/behind?of=ended&by-person={house.hoda.staff.id}",
    ):  # fmt: skip
        page(agent, address, 403)


def test_a_lead_sees_the_record_of_who_is_in_the_team_only(filled: planting.Planted, house: House) -> None:
    lead = at_desk(house.hoda)
    record = words_of(page(lead, f"/office/care/reports/people/{house.salma.staff.id}?period=30"))
    assert "Salma Fouad" in record
    assert "Answers given" in record
    page(lead, f"/office/care/reports/people/{house.tamer.staff.id}", 403)


def test_tables_are_taken_away_as_csv(filled: planting.Planted, house: House) -> None:
    client = at_desk(house.hoda, "ar")
    for report in REPORTS:
        text = page(client, f"/office/care/reports{report}?period=30")
        for address in re.findall(r'href="([^"]+\.csv\?[^"]*)"', text):
            answer = client.get(unescape(address))
            assert answer["Content-Type"] == "text/csv; charset=utf-8"
            assert "attachment" in answer["Content-Disposition"]
            raw = answer.content.decode()
            assert raw.startswith("\ufeff")
            assert "\n" not in raw.replace("\r\n", "")
            head, *lines = csv.reader(io.StringIO(raw[1:], newline=""))
            assert lines
            assert {len(line) for line in lines} == {len(head)}
            assert all(name.isascii() for name in head)


def test_a_tag_that_is_a_formula_is_words_in_the_file(filled: planting.Planted, house: House) -> None:
    from raseed.care.models import ConversationRow  # noqa: PLC0415  (models need Django set up)

    row = planting._conversation(filled)
    row.opened_at, row.tags = SYSTEM_CLOCK.now() - timedelta(days=1), ['=HYPERLINK("http://x")']
    ConversationRow.objects.bulk_create([row])
    raw = page(at_desk(house.hoda), "/office/care/reports/reasons/tags.csv?period=7")
    assert "\"'=HYPERLINK(" in raw


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("\u202e@x", "'@x"),
        (" -2", "'-2"),
        ("\ttab", "tab"),
        ("＋1", "'＋1"),
        ("رسوم", "رسوم"),
        ("", ""),
    ],
)
def test_words_that_a_spreadsheet_would_take_for_a_formula_are_made_harmless(text: str, safe: str) -> None:
    assert harmless(text) == safe


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("period=own&first=2026-02-30&last=2026-03-01", 400), ("period=own&first=2026-03-02&last=2026-03-01", 400),
        ("period=own&first=2020-01-01&last=2026-03-01", 400), ("period=own&first=0001-01-01&last=0001-01-02", 400),
        ("period=own&first=9999-12-31&last=9999-12-31", 400), ("period=own&first=%00&last=2026-03-01", 400),
        ("team=0190a6c0-0000-7000-8000-000000000001", 400), ("team=x", 400), ("channel=pigeon", 400),
        ("period=nonsense", 200), ("period=" + "9" * 4000, 200), ("period=own&first=٢٠٢٦-٠٣-٠١&last=٢٠٢٦-٠٣-٠٢", 200),
        ("period=own", 200), ("period=month", 200), ("period=today", 200),
    ],
)  # fmt: skip
def test_what_is_no_period_team_or_channel_is_told(house: House, query: str, status: int) -> None:
    client = at_desk(house.hoda)
    for report in ("", "/people"):
        page(client, f"/office/care/reports{report}?{query}", status)


@pytest.mark.parametrize(
    "query",
    [
        "of=", "of=nothing", "of=messages&by-person=x", "of=messages&by-day=2026-13-01", "of=messages&by-hour=99999999999",
        "of=messages&by-hour=-1", "of=messages&by-channel=%00", "of=messages&by-channel=" + "x" * 500, "of=tagged",
        "of=messages&by-nonsense=1", "of=messages&by-team=1", "of=messages&before=abc",
        "of=messages&team=0190a6c0-0000-7000-8000-000000000001", "of=messages&by-channel=%E2%80%AEx",
    ],
)  # fmt: skip
def test_an_address_that_means_no_figure_is_refused_in_words(house: House, query: str) -> None:
    client = at_desk(house.hoda)
    answer = client.get(f"/office/care/reports/behind?{query}")
    assert answer.status_code in {400, 422}, answer.status_code


def test_tables_and_reports_that_are_not_there_are_not_found(house: House) -> None:
    client = at_desk(house.hoda)
    for address in ("nothing", "volumes/nothing.csv", "nothing/times.csv"):
        page(client, f"/office/care/reports/{address}", 404)


def test_a_week_begins_on_the_day_after_the_weekend() -> None:
    assert [week_from(country)[0] for country in ("EG", "IL", "GB")] == [6, 6, 0]
    assert sorted(week_from("AE")) == list(range(7))
