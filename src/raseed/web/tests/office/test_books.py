"""Checks of the books as staff see and work on them: what was found, whose it is, and what became of it."""

from __future__ import annotations

from uuid import UUID

import pytest

from raseed.assurance.books.domain import CheckRun, Finding
from raseed.assurance.books.keeping import keep_run
from raseed.web.tests.office.house import NILE, House, at_desk
from raseed.web.tests.street import words_of


@pytest.fixture
def finding(house: House) -> UUID:
    account = house.street.layla_wallet.id
    found = Finding("balances", "credits_posted", f"account:{account}", "1500", "1501", institution_id=NILE)
    (raised,) = keep_run(CheckRun("balances", (found,), 1, 5)).raised
    return raised


def test_findings_are_listed_with_what_should_be_and_what_is(house: House, finding: UUID) -> None:
    page = at_desk(house.basma).get("/office/books").content.decode()
    said = words_of(page)
    assert "The posted credits are not what the transfers come to" in said
    assert "1500" in said
    assert "1501" in said
    assert "Every balance is what all its transfers come to." in said
    assert f'href="/office/books/{finding}"' in page
    agent = at_desk(house.salma)
    assert agent.get(f"/office/books/{finding}").status_code == 403
    assert 'href="/office/books"' not in agent.get("/office/").content.decode()


def test_a_finding_is_given_to_somebody_noted_on_closed_and_opened_again(house: House, finding: UUID) -> None:
    desk, page = at_desk(house.basma), f"/office/books/{finding}"
    for verb, sent, said in (
        ("assign", {"choice": str(house.basma.staff.id), "reason": "will look"}, "It is in their list."),
        ("note", {"reason": "the till was counted"}, "the till was counted"),
        ("close", {"choice": "mended", "reason": "reversed by hand"}, "The finding is closed."),
        ("reopen", {"reason": "not enough"}, "The finding is open again."),
    ):
        assert desk.get(f"{page}/{verb}").status_code == 200
        answer = desk.post(f"{page}/{verb}", sent)
        assert answer.status_code == 303, (verb, words_of(answer.content.decode()))
        assert said in words_of(desk.get(answer["Location"]).content.decode())
    assert "1501" not in words_of(desk.get("/office/books?show=ended").content.decode())
    assert "1501" not in words_of(desk.get("/office/books?show=mine").content.decode())
    assert "1501" in words_of(desk.get("/office/books?check=balances").content.decode())


@pytest.mark.parametrize(
    ("verb", "sent", "said"),
    [
        ("assign", {"choice": "nobody", "reason": "yours"}, "This person may not work on findings here."),
        ("close", {"choice": "repaired", "reason": "because"}, ""),
        ("close", {"choice": "mended", "reason": ""}, ""),
        ("reopen", {"reason": "because"}, "The finding is not in a state in which this can be done."),
    ],
)
def test_what_can_not_be_done_is_said_on_the_form(
    house: House, finding: UUID, verb: str, sent: dict[str, str], said: str
) -> None:
    answer = at_desk(house.basma).post(f"/office/books/{finding}/{verb}", sent)
    assert answer.status_code in (400, 409)
    assert said in words_of(answer.content.decode())


def test_an_auditor_looks_and_is_offered_nothing(house: House, finding: UUID) -> None:
    desk = at_desk(house.tamer)
    assert f"/office/books/{finding}/close" not in desk.get(f"/office/books/{finding}").content.decode()
    assert desk.get(f"/office/books/{finding}/close").status_code == 403


@pytest.mark.parametrize("language", ["ar", "he"])
def test_the_pages_are_there_in_every_language(house: House, finding: UUID, language: str) -> None:
    desk = at_desk(house.basma, language)
    word = {"ar": "فحوص الدفاتر", "he": "בדיקות הספרים"}[language]
    for page in ("/office/books", f"/office/books/{finding}", f"/office/books/{finding}/close"):
        assert word in desk.get(page).content.decode()
