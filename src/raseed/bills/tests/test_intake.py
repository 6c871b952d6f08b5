"""Bills by file: read right in any of its forms, or refused whole with the line; payments out by file."""

from __future__ import annotations

import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raseed.bills import api as bills
from raseed.bills.errors import NotTheBillersCustomer
from raseed.bills.intake.errors import BillsFileCut, BillsFileHead, BillsFileRefused, BillsFileRow, BillsFileTwice
from raseed.bills.intake.reading import look, rows_of
from raseed.bills.models import BillRow
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money, currency
from raseed.kernel.text import arabic_digits
from raseed.people import api as people

from .street import ACCOUNT, EGP, Street

HEAD = "raseed-bills,1,town,EGP,2"
NAMES = "number,account,issued_on,due_on,period,amount,minimum,part_payments,customer_name"
ROWS = (
    "T-1,12345678,2026-02-01,2026-03-01,2026-02,125.50,,exact,م*** ع***",
    "T-2,1234-5679,2026-02-01,,,1000.00,100.00,minimum,",
    "T-3,12345680,2026-02-01,2026-03-01,فبراير,0.05,,any,س*** ح***",
)
END = "end,3,1125.55"


def whole(*rows: str, head: str = HEAD, names: str = NAMES, end: str = END) -> str:
    return "\r\n".join([head, names, *(rows or ROWS), end]) + "\r\n"


def town_biller(street: Street) -> bills.Biller:
    return street.biller("town", adapter=bills.AdapterKind.FILE)


def take(street: Street, of: bills.Biller, content: bytes) -> bills.Intake:
    return bills.take_in_bills(
        of.id, io.BytesIO(content), by=street.town.staff("bills.intake"), reason="today's", clock=street.town.clock
    )


def kept() -> dict[str, tuple[str, int, int | None, str, str]]:
    return {
        row.number: (row.reference, row.amount_minor, row.minimum_minor, row.part_payments, row.customer_name)
        for row in BillRow.objects.all()
    }


RIGHT = {
    "T-1": ("12345678", 12_550, None, "exact", "م*** ع***"),
    "T-2": ("12345679", 100_000, 10_000, "minimum", ""),
    "T-3": ("12345680", 5, None, "any", "س*** ح***"),
}
XML = (
    '<?xml version="1.0" encoding="utf-8"?>\n'
    '<raseed-bills version="1" biller="town" currency="EGP" scale="2" count="3" sum="1125.55">\n'
    '<bill number="T-1" account="12345678" issued_on="2026-02-01" amount="125.50" customer_name="م*** ع***"/>\n'
    '<bill number="T-2" account="12345679" issued_on="2026-02-01" amount="1000.00" minimum="100.00" part_payments="minimum"/>\n'
    '<bill number="T-3" account="12345680" issued_on="2026-02-01" amount="0.05" part_payments="any" customer_name="س*** ح***"/>\n'
    "</raseed-bills>\n"
)


@pytest.mark.parametrize(
    "content",
    [
        whole().encode(),
        whole().encode("utf-8-sig"),
        whole().encode("cp1256"),
        whole().replace("\r\n", "\n").encode(),
        whole().replace(",", ";").encode(),
        whole().replace(",", "\t").encode(),
        whole(*(arabic_digits(row.replace("T-", "T#")).replace("T#١", "T-1").replace("T#٢", "T-2").replace("T#٣", "T-3") for row in ROWS), end=f"end,{arabic_digits('3,1125.55')}").encode(),
        XML.encode(),
        XML.replace("utf-8", "windows-1256").encode("cp1256"),
    ],
    ids=["utf-8", "bom", "windows-1256", "newlines", "semicolons", "tabs", "arabic-digits", "xml", "xml-1256"],
)  # fmt: skip
def test_a_file_is_read_right_in_all_its_forms(street: Street, content: bytes) -> None:
    of = town_biller(street)
    taken = take(street, of, content)
    assert (taken.bills, taken.fresh, taken.left) == (3, 3, 0)
    assert kept() == RIGHT


def test_the_same_file_again_changes_nothing_and_a_later_one_what_it_says(street: Street) -> None:
    of = town_biller(street)
    first = take(street, of, whole().encode())
    assert take(street, of, whole().encode()) == first
    dearer = whole(ROWS[0].replace("125.50", "130.00"), end="end,1,130.00")
    second = take(street, of, dearer.encode())
    assert (second.bills, second.fresh, second.left) == (1, 0, 0)
    assert kept()["T-1"][1] == 13_000
    assert len(kept()) == 3


WRONG = {
    "cut in a row": (whole()[:-40], BillsFileRefused),
    "cut after a row": ("\r\n".join([HEAD, NAMES, *ROWS]) + "\r\n", BillsFileCut),
    "a row missing": (whole(*ROWS[:2]), BillsFileCut),
    "another sum": (whole(end="end,3,1125.56"), BillsFileCut),
    "more after the end": (whole() + ROWS[0], BillsFileCut),
    "another biller": (whole(head=HEAD.replace("town", "nur")), BillsFileHead),
    "another currency": (whole(head=HEAD.replace("EGP", "OMR")), BillsFileHead),
    "other minor units": (whole(head=HEAD.replace(",2", ",3")), BillsFileHead),
    "no columns": (whole(names="number,amount"), BillsFileHead),
    "amount in minor units": (whole(ROWS[0].replace("125.50", "12550"), *ROWS[1:]), BillsFileRow),
    "one decimal": (whole(ROWS[0].replace("125.50", "125.5"), *ROWS[1:]), BillsFileRow),
    "three decimals": (whole(ROWS[0].replace("125.50", "125.500"), *ROWS[1:]), BillsFileRow),
    "nothing": (whole(ROWS[0].replace("125.50", "0.00"), *ROWS[1:]), BillsFileRow),
    "negative": (whole(ROWS[0].replace("125.50", "-125.50"), *ROWS[1:]), BillsFileRow),
    "no such day": (whole(ROWS[0].replace("2026-02-01", "2026-02-30"), *ROWS[1:]), BillsFileRow),
    "not a number of theirs": (whole(ROWS[0].replace("12345678", "123"), *ROWS[1:]), BillsFileRow),
    "a minimum above the amount": (whole(ROWS[0], ROWS[1].replace("100.00", "2000.00"), ROWS[2]), BillsFileRow),
    "hidden text": (whole(ROWS[0].replace("م***", "م\u202e***"), *ROWS[1:]), BillsFileRow),
    "twice": (whole(ROWS[0], *ROWS), BillsFileTwice),
    "empty": ("", BillsFileHead),
    "rubbish": ("\x00\x01\x02" * 50, BillsFileHead),
    "cut xml": (XML[:300], BillsFileCut),
    "xml with an entity": (XML.replace("<raseed-bills", '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><raseed-bills'), BillsFileRefused),
    "xml with more in it": (XML.replace("<bill number", "<pay/><bill number", 1), BillsFileRefused),
}  # fmt: skip


@pytest.mark.parametrize(("content", "error"), WRONG.values(), ids=WRONG.keys())
def test_a_file_that_is_not_right_is_refused_whole_with_the_line(
    street: Street, content: str, error: type[RaseedError]
) -> None:
    of = town_biller(street)
    with pytest.raises(error) as refused:
        take(street, of, content.encode())
    assert "line" in refused.value.params
    assert kept() == {}
    taken = take(street, of, whole().encode())
    assert taken.fresh == 3


def test_the_line_is_the_one_that_is_wrong(street: Street) -> None:
    of = town_biller(street)
    with pytest.raises(BillsFileRow) as refused:
        take(street, of, whole(ROWS[0], ROWS[1], ROWS[2].replace("0.05", "0.5")).encode())
    assert refused.value.params == {"line": 5, "column": "amount"}


def test_nobody_takes_a_file_in_without_permission(street: Street) -> None:
    of = town_biller(street)
    with pytest.raises(people.NotPermitted):
        bills.take_in_bills(of.id, io.BytesIO(b""), by=street.town.staff("bills.view"), reason="today's")


def test_bills_of_a_file_are_found_paid_and_told_by_file(street: Street) -> None:
    of = town_biller(street)
    take(street, of, whole().encode())
    mona, account = street.person()
    (bill,) = street.fetch(of, mona)
    with pytest.raises(NotTheBillersCustomer):
        street.fetch(of, mona, "99999999")
    order = street.order(of, mona, bill)
    street.reserve(order, account)
    street.settle(order, account, street.ask(order))
    cheaper = whole(ROWS[0].replace("125.50", "100.00"), end="end,1,100.00")
    assert take(street, of, cheaper.encode()).left == 1
    assert street.findings() == ["changed_under_payment"]
    today = bills.bill_order(order.id, mona.id).ended_at
    assert today is not None
    out = b"".join(bills.payments_out_csv(of.id, day=today, by=people.SYSTEM)).decode().split("\r\n")
    assert out[0].startswith("raseed-payments,1,town,EGP,2,")
    assert out[2].split(",")[:4] == [str(order.id), "12345678", "T-1", "125.50"]
    assert out[3] == "end,1,125.50"


@given(st.binary(max_size=300), st.integers(0, 300))
def test_whatever_comes_is_read_or_refused(rubbish: bytes, place: int) -> None:
    whole_file = whole().encode()
    content = whole_file[:place] + rubbish + whole_file[place:]
    of = bills.Biller(
        id=new_id(), institution_id=new_id(), customer_id=new_id(), collection_account_id=new_id(), account_number="1",
        code="town", category=bills.Category.OTHER, names={"en": "Town"}, model=bills.BillerModel.FETCH,
        adapter=bills.AdapterKind.FILE, address="", currency=EGP, state=bills.BillerState.ACTIVE, fields=(ACCOUNT,),
    )  # fmt: skip
    file = io.BytesIO(content)
    try:
        rows = list(rows_of(file, look(file), of, lambda text: text))
    except BillsFileRefused:
        return
    assert sum(row.amount_minor for row in rows) == Money(112_555, currency("EGP")).amount_minor
    assert all(date.fromisoformat(row.issued_on) for row in rows)
