"""What comes after a payment in the office: answers after the end, the keys of receipts, and billers made to misbehave."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from raseed.bills import api as bills
from raseed.demo import switching
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.payments import api as payments
from raseed.payments.outside import concluding
from raseed.payments.outside.domain import Asked, Claim, Heard
from raseed.people.tests.office import Colleague
from raseed.platform import api as platform
from raseed.web.tests.corner import Corner, carry
from raseed.web.tests.office.house import at_desk, cheap_passwords, code_of, enrolled
from raseed.web.tests.street import words_of

REASON = "they sent it back to us"


@pytest.fixture
def basma(corner: Corner, monkeypatch: pytest.MonkeyPatch) -> Colleague:
    cheap_passwords(monkeypatch)
    return enrolled("basma", {"ar": "بسمة", "en": "Basma"}, "back-office", at=corner.street.town.bank)


def taken_after_return(corner: Corner) -> UUID:
    """Have a payment given back, and hear then that the biller has taken it."""
    corner.street.server.turn("refuse", question="pay")
    _, form = corner.confirmed(corner.owed()[0])
    corner.client.post("/bills/pay", form)
    carry()
    id_ = UUID(str(form["id"]))
    payment = payments.payment(id_, corner.mona.id)
    assert payment.state is payments.PaymentState.RETURNED
    lane, now = bills.lane_of(corner.nur.id), SYSTEM_CLOCK.now()
    errand = payments.Errand(id_, lane, payment.amount, 1, now)
    claim = Claim(errand, "bill", True, timedelta(seconds=10), 32)
    concluding.conclude([Heard(claim, Asked.ASK, payments.Yes("NUR-LATE-7"), now, 1)], clock=SYSTEM_CLOCK)
    return id_


def test_a_yes_after_the_return_stands_first_and_leaves_when_it_was_dealt_with(
    corner: Corner, basma: Colleague
) -> None:
    desk = at_desk(basma)
    assert "Said after the end" not in words_of(desk.get("/office/operations").content.decode())
    id_ = taken_after_return(corner)
    page = words_of(desk.get("/office/operations").content.decode())
    first, then = page.index("Said after the end"), page.index("Nothing is on its way here")
    assert first < then
    for wanted in (payments.reference_of(id_), "NUR-LATE-7", "The nur", "the recipient is owed"):
        assert wanted in page
    assert "Said after the end" not in words_of(desk.get("/office/operations?state=held").content.decode())
    one = words_of(desk.get(f"/office/operations/{id_}").content.decode())
    assert "NUR-LATE-7" in one
    assert desk.get(f"/office/operations/{id_}/dealt-with").status_code == 200
    assert desk.post(f"/office/operations/{id_}/dealt-with", {"reason": ""}).status_code == 400
    proven = {"reason": REASON, "second_factor": code_of(basma)}
    assert desk.post(f"/office/operations/{id_}/dealt-with", proven).status_code == 303
    assert "Said after the end" not in words_of(desk.get("/office/operations").content.decode())
    assert REASON in words_of(desk.get(f"/office/operations/{id_}").content.decode())
    again = desk.post(f"/office/operations/{id_}/dealt-with", proven)
    assert again.status_code == 409


def test_an_administrator_renews_and_revokes_the_keys_of_receipts(
    corner: Corner, monkeypatch: pytest.MonkeyPatch
) -> None:
    cheap_passwords(monkeypatch)
    bank = corner.street.town.bank
    adam = enrolled("adam", {"ar": "آدم", "en": "Adam"}, "administrator", at=bank)
    desk = at_desk(adam)
    assert "No receipt was signed yet" in words_of(desk.get("/office/receipt-keys").content.decode())
    for verb in ("renew", "revoke"):
        answer = desk.post(f"/office/receipt-keys/{verb}", {"reason": "once a year", "second_factor": code_of(adam)})
        assert answer.status_code == 303, words_of(answer.content.decode())
    assert [(each.generation, each.revoked) for each in bills.receipt_keys()] == [(2, False), (1, True)]
    page = words_of(desk.get("/office/receipt-keys?done=1").content.decode())
    assert "Revoked" in page
    assert "Signs" in page
    assert desk.get("/office/receipt-keys/burn").status_code == 404


@pytest.fixture
def told(corner: Corner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that says where the corner's billers listen."""
    file = tmp_path / "demo-billers.json"
    file.write_text(json.dumps({"port": corner.street.server.port, "billers": []}))
    monkeypatch.setattr(switching, "billers_file", lambda: file)
    return file


def test_an_invented_biller_is_made_to_misbehave_and_well_again(corner: Corner, basma: Colleague, told: Path) -> None:
    desk, rules = at_desk(basma), corner.street.server.billers.switch
    address = "/office/billers/simulated"
    assert address in desk.get("/office/billers").content.decode()
    page = words_of(desk.get(address).content.decode())
    assert "a program, not companies" in page
    assert "Nobody: all of them answer well." in page
    sent = {
        "biller": "nur",
        "question": "pay",
        "manner": "changed_amount",
        "times": "٣",
        "seconds": "5",
        "reason": "a test",
    }
    assert desk.post(address, sent).status_code == 303
    assert rules.state() == [{"biller": "nur", "question": "pay", "manner": "changed_amount", "times": 3, "seconds": 5}]
    page = words_of(desk.get(address).content.decode())
    assert "Names another amount" in page
    (record,) = platform.audit_records(actor=f"staff:{basma.staff.id}", action="demo.billers_switched").records
    assert (record.reason, (record.after or {})["manner"]) == ("a test", "changed_amount")
    assert desk.post(address, sent | {"well": "1"}).status_code == 303
    assert rules.state() == []


@pytest.mark.parametrize(
    "changed",
    [
        {"biller": "nobody"}, {"manner": "polite"}, {"times": "0"}, {"times": "-1"}, {"times": "x"}, {"seconds": "601"},
        {"reason": ""}, {"question": "why"}, {"times": "9" * 999},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_words(
    corner: Corner, basma: Colleague, told: Path, changed: dict[str, str]
) -> None:
    sent = {"biller": "nur", "question": "*", "manner": "slow", "times": "1", "seconds": "5", "reason": "a test"}
    answer = at_desk(basma).post("/office/billers/simulated", sent | changed)
    assert answer.status_code in (400, 422)
    assert corner.street.server.billers.switch.state() == []


def test_where_no_demo_runs_there_is_no_panel_and_where_its_billers_are_dead_it_says_so(
    corner: Corner, basma: Colleague, told: Path
) -> None:
    del corner
    told.unlink()
    desk = at_desk(basma)
    assert desk.get("/office/billers/simulated").status_code == 404
    assert "/office/billers/simulated" not in desk.get("/office/billers").content.decode()
    told.write_text(json.dumps({"port": 1, "billers": []}))
    answer = desk.get("/office/billers/simulated")
    assert answer.status_code == 503
    assert "The simulated billers are not running." in words_of(answer.content.decode())


def test_without_the_permission_nobody_switches(corner: Corner, told: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cheap_passwords(monkeypatch)
    tamer = enrolled("tamer", {"ar": "تامر", "en": "Tamer"}, "auditor", at=corner.street.town.bank)
    assert at_desk(tamer).post("/office/billers/simulated", {"well": "1", "reason": "a test"}).status_code == 403
    assert corner.street.server.billers.switch.state() == []
