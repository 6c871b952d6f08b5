"""Operations: payments on their way by state and age, all that is known of one, its outcome by two people, lanes, billers."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.test import Client

from raseed.bills import api as bills
from raseed.kernel.ids import new_id
from raseed.payments import api as payments
from raseed.people import api as people
from raseed.people.tests.office import Colleague
from raseed.web.tests.corner import Corner, carry
from raseed.web.tests.office.house import at_desk, cheap_passwords, code_of, enrolled
from raseed.web.tests.street import hidden, words_of

REASON = "the biller said so on the telephone"


class Operations:
    """The corner's bank with a back office: Basma proposes, Hoda confirms, Tamer only looks."""

    def __init__(self, corner: Corner) -> None:
        self.corner = corner
        bank = corner.street.town.bank
        self.basma, self.hoda, self.tamer = (
            self._colleague(login, role, bank)
            for login, role in (("basma", "back-office"), ("hoda", "supervisor"), ("tamer", "auditor"))
        )

    @staticmethod
    def _colleague(login: str, role: str, bank: UUID) -> Colleague:
        return enrolled(login, {"ar": login, "en": login.title()}, role, at=bank)

    def stuck(self) -> UUID:
        """Return a payment of which nobody knows what became."""
        corner = self.corner
        corner.street.server.turn("unknown", question="*")
        _, form = corner.confirmed(corner.owed()[0])
        corner.client.post("/bills/pay", form)
        carry()
        return UUID(str(form["id"]))


@pytest.fixture
def operations(corner: Corner, monkeypatch: pytest.MonkeyPatch) -> Operations:
    cheap_passwords(monkeypatch)
    return Operations(corner)


def shown(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, words_of(answer.content.decode())
    return words_of(answer.content.decode())


def test_what_is_not_known_stands_there_with_its_age_and_all_that_is_known(operations: Operations) -> None:
    payment_id = operations.stuck()
    desk = at_desk(operations.tamer)
    listed = shown(desk, "/office/operations")
    reference = payments.reference_of(payment_id)
    assert reference in listed
    assert "Not known yet" in listed
    assert "The nur" in listed
    assert reference not in shown(desk, "/office/operations?state=held")
    assert reference in shown(desk, f"/office/operations?lane={bills.lane_of(operations.corner.nur.id)}")
    told = shown(desk, f"/office/operations/{payment_id}")
    assert "Asked to take it" in told
    assert "No definite answer" in told
    assert "Propose what became of it" not in told, "the auditor only looks"
    assert desk.get("/office/operations?before=rubbish").status_code == 400
    assert desk.get(f"/office/operations/{new_id()}").status_code == 404


def test_a_lie_of_the_biller_stands_beside_the_payment_and_among_the_findings(operations: Operations) -> None:
    corner = operations.corner
    corner.street.server.turn("changed_amount", question="pay")
    _, form = corner.confirmed(corner.owed()[0])
    corner.client.post("/bills/pay", form)
    carry()
    desk = at_desk(operations.tamer)
    wanted = "The answer names another amount than was paid."
    assert wanted in shown(desk, f"/office/operations/{form['id']}")
    assert wanted in shown(desk, "/office/billers/findings")
    assert wanted in shown(desk, f"/office/billers/findings?biller={corner.nur.id}")
    assert "Nothing wrong" in shown(desk, f"/office/billers/findings?biller={new_id()}")


def test_one_proposes_the_outcome_and_only_another_confirms_it(operations: Operations) -> None:
    payment_id = operations.stuck()
    basma, hoda = at_desk(operations.basma), at_desk(operations.hoda)
    address = f"/office/operations/{payment_id}/outcome"
    page = basma.get(address).content.decode()
    form = {"id": hidden(page, "id"), "outcome": "settled", "reference": "N-17", "reason": REASON}
    for wrong, field in (({"outcome": "x"}, "outcome"), ({"reason": ""}, "reason")):
        refused = basma.post(address, form | wrong)
        assert refused.status_code in (400, 422)
        assert f'id="{field}-error"' in refused.content.decode()
        assert 'value="N-17"' in refused.content.decode(), "nothing entered is lost"
    sent = basma.post(address, form)
    assert sent.status_code == 303, words_of(sent.content.decode())
    assert basma.post(address, form)["Location"] == sent["Location"], "sent twice, proposed once"
    own = shown(basma, sent["Location"])
    assert "Confirm: it takes effect" not in own
    assert "Outcome of a payment" in shown(hoda, "/office/changes")
    decided = hoda.post(sent["Location"] + "/decide", {"verdict": "confirm"})
    if decided.status_code == 200:
        entered = {"verdict": "confirm", "second_factor": code_of(operations.hoda)}
        decided = hoda.post(sent["Location"] + "/decide", entered)
    assert operations.corner.state(payment_id) is payments.PaymentState.SETTLED
    told = words_of(operations.corner.client.get(f"/payments/{payment_id}").content.decode())
    assert "Paid" in told


def test_a_lane_is_closed_and_opened_with_a_reason_by_whoever_may(operations: Operations) -> None:
    operations.stuck()
    lane = bills.lane_of(operations.corner.nur.id)
    hoda, tamer = at_desk(operations.hoda), at_desk(operations.tamer)
    assert "The nur" in shown(tamer, "/office/lanes")
    assert tamer.get(f"/office/lanes/{lane}/close").status_code == 403
    assert hoda.post(f"/office/lanes/{lane}/close", {"reason": ""}).status_code == 400
    for verb, is_closed in (("close", True), ("open", False)):
        assert hoda.post(f"/office/lanes/{lane}/{verb}", {"reason": REASON}).status_code == 303
        (found,) = payments.lanes(operations.corner.street.town.bank, by=people.SYSTEM)
        assert found.closed is is_closed
    assert hoda.get("/office/lanes/biller:x/close").status_code == 404
    assert hoda.get(f"/office/lanes/{lane}/paint").status_code == 404


def test_billers_are_listed_with_their_state(operations: Operations) -> None:
    listed = shown(at_desk(operations.tamer), "/office/billers")
    assert "The nur" in listed
    assert "Takes payments" in listed
    assert "Suspend the biller" not in listed, "nobody has that permission to begin with"
    bills.suspend_biller(operations.corner.nur.id, by=people.SYSTEM, reason=REASON)
    assert "Suspended" in shown(at_desk(operations.basma), "/office/billers")
    catalogue = words_of(operations.corner.client.get("/bills/billers").content.decode())
    assert "The nur" not in catalogue
