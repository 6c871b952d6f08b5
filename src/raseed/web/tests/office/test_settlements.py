"""Settlements and what differs, as staff see and work on them: files handed out and handed in, breaks taken up and resolved."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from raseed.banking import api as banking
from raseed.bills import api as bills
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.web.tests.office.house import NILE, House, at_desk
from raseed.web.tests.street import words_of


def a_biller(house: House) -> bills.Biller:
    field = bills.Field(
        code="account", names={"en": "Account"}, kind=bills.FieldKind.ACCOUNT, length_min=8, length_max=8,
        example="12345678",
    )  # fmt: skip
    new = bills.NewBiller(
        id=new_id(), institution_id=NILE, customer_id=house.street.layla.id, code="town",
        category=bills.Category.WATER, names={"en": "Town water", "ar": "مياه البلدة"}, model=bills.BillerModel.DIRECT,
        adapter=bills.AdapterKind.FILE, fields=(field,),
    )  # fmt: skip
    return bills.register_biller(new, by=people.SYSTEM, reason="for the pages")


@pytest.fixture
def closed(house: House) -> tuple[bills.Biller, bills.Settlement]:
    of = a_biller(house)
    yesterday = banking.business_date(NILE, SYSTEM_CLOCK.now()) - timedelta(days=1)
    return of, bills.close_day(of.id, yesterday)


def received(of: bills.Biller, settled: bills.Settlement, *amounts: str) -> SimpleUploadedFile:
    lines = [
        f"raseed-received,1,{of.code},{of.currency.code},{of.currency.scale},{settled.day}",
        "payment,biller_reference,bills,amount,received_at",
        *(f"{new_id()},T-{amount},,{amount},{settled.day}T12:00:00Z" for amount in amounts),
        f"end,{len(amounts)},{sum(map(float, amounts)):.{of.currency.scale}f}",
    ]
    return SimpleUploadedFile("received.csv", "\n".join(lines).encode(), "text/csv")


def test_settlements_are_listed_shown_and_handed_out_as_files(
    house: House, closed: tuple[bills.Biller, bills.Settlement]
) -> None:
    _, settled = closed
    desk = at_desk(house.basma)
    page = words_of(desk.get("/office/settlements").content.decode())
    assert "Town water" in page
    assert "Closed" in page
    one = desk.get(f"/office/settlements/{settled.id}")
    assert "None: what is owed stays in the collection account" in words_of(one.content.decode())
    answer: Any = desk.get(f"/office/settlements/{settled.id}/csv")
    assert b"".join(answer.streaming_content).startswith(b"raseed-settlement,1,town,")
    assert answer["Content-Disposition"] == f'attachment; filename="settlement-town-{settled.day}.csv"'
    answer = desk.get(f"/office/settlements/{settled.id}/camt054")
    assert b"BkToCstmrDbtCdtNtfctn" in b"".join(answer.streaming_content)
    assert desk.get(f"/office/settlements/{settled.id}/pdf").status_code == 404
    agent = at_desk(house.salma)
    assert agent.get(f"/office/settlements/{settled.id}").status_code == 403
    assert 'href="/office/settlements"' not in agent.get("/office/").content.decode()


def test_a_file_is_handed_in_and_its_break_given_to_somebody_resolved_and_opened_again(
    house: House, closed: tuple[bills.Biller, bills.Settlement]
) -> None:
    of, settled = closed
    desk = at_desk(house.basma)
    missing = desk.post("/office/breaks/file", {"biller": str(of.id), "reason": "their file"})
    assert (missing.status_code, "No file came." in words_of(missing.content.decode())) == (400, True)
    wrong = {"biller": str(of.id), "reason": "their file", "file": received(of, settled, "1.5")}
    answer = desk.post("/office/breaks/file", wrong)
    assert answer.status_code == 400
    assert "In line 3, “amount” is not right." in words_of(answer.content.decode())
    right = {"biller": str(of.id), "reason": "their file", "file": received(of, settled, "125.50", "3.00")}
    page = words_of(desk.post("/office/breaks/file", right).content.decode())
    assert "What differs is in the list." in page
    page = words_of(desk.get("/office/breaks").content.decode())
    assert page.count("They have it, we do not") >= 2
    found = bills.breaks(NILE, by=people.SYSTEM).breaks[0]
    address = f"/office/breaks/{found.id}"
    given = desk.post(f"{address}/assign", {"choice": str(house.hoda.staff.id), "reason": "knows them"})
    assert given.status_code == 303
    assert "Hoda Mansour" in words_of(desk.get(address).content.decode())
    hoda = at_desk(house.hoda)
    assert "They have it, we do not" in words_of(hoda.get("/office/breaks?show=mine").content.decode())
    refused = hoda.post(f"{address}/assign", {"choice": str(house.salma.staff.id), "reason": "knows them"})
    assert refused.status_code == 400
    assert hoda.post(f"{address}/resolve", {"choice": "accepted", "reason": ""}).status_code == 400
    assert hoda.post(f"{address}/resolve", {"choice": "accepted", "reason": "agreed with them"}).status_code == 303
    page = words_of(hoda.get(f"{address}?done=resolve").content.decode())
    assert "Accepted as it is" in page
    assert "agreed with them" in page
    assert hoda.post(f"{address}/reopen", {"reason": "not so after all"}).status_code == 303
    assert hoda.post(f"{address}/burn", {"reason": "not so after all"}).status_code == 404
    for language in ("ar", "he"):
        other = at_desk(house.hoda, language)
        for page_of in ("/office/breaks", address, "/office/breaks/file", f"{address}/resolve", "/office/settlements"):
            assert other.get(page_of).status_code == 200


def test_an_account_for_payouts_is_proposed(house: House, closed: tuple[bills.Biller, bills.Settlement]) -> None:
    of, _ = closed
    desk = at_desk(house.basma)
    address = f"/office/billers/{of.id}/payout-account"
    assert desk.get(address).status_code == 200
    answer = desk.post(address, {"account": "12", "reason": "they asked for it", "id": str(new_id())})
    assert answer.status_code == 400
    assert "can't be paid out to this account" in words_of(answer.content.decode())
