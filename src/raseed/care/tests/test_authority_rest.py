"""Authority at the management API: a key asks in the name of who issued it, within their limits, and decides nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from raseed.banking.api import BankAccount
from raseed.care.api import authority
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.people import api as people
from tests.api.world import ask, issue

from .mending import REASON, Mending, bounds

ASK = "care.authority.ask"


def key_of(mending: Mending, staff_id: UUID, *permissions: str) -> str:
    """Return a key that somebody issued for themselves."""
    return issue(f"staff:{staff_id}", mending.bank, permissions or (ASK,), by=mending.author(staff_id))[1]


def credit(account: BankAccount, minor: int, **more: Any) -> dict[str, Any]:
    return {
        "action": "goodwill_credit", "customer_id": str(account.owner_id), "subject": f"account:{account.id}",
        "amount": {"amount_minor": str(minor), "currency": "EGP"}, "reason": REASON, **more,
    }  # fmt: skip


@pytest.fixture
def desk(mending: Mending) -> Mending:
    mending.limit("agent", bounds(1_000))
    mending.limit("supervisor", bounds(10_000))
    mending.chain("supervisor")
    return mending


def test_a_key_mends_within_its_holders_limits_and_asks_beyond(desk: Mending) -> None:
    agent, boss = desk.staff(), desk.staff("supervisor")
    key, account, id_ = key_of(desk, agent), desk.street.person(money=0)[1], new_id()
    done = ask("PUT", f"/care/requests/{id_}", credit(account, 900), key=key)
    assert (done.status, done.json["state"]) == (200, "done"), done.body
    assert ask("PUT", f"/care/requests/{id_}", credit(account, 900), key=key).json["done_at"] == done.json["done_at"]
    assert ask("PUT", f"/care/requests/{id_}", credit(account, 901), key=key).status == 409
    assert desk.held(account) == 900
    (limit,) = ask("GET", "/care/limits", key=key).json["limits"]
    assert (limit["per_act_minor"], limit["used_minor"], limit["used_count"]) == ("1000", "900", 1)
    waiting = ask("PUT", f"/care/requests/{new_id()}", credit(account, 5_000), key=key).json
    assert (waiting["state"], waiting["beyond"], waiting["assigned_to"]) == ("awaiting", "per_act", str(boss))
    shown = ask("GET", f"/care/requests/{waiting['id']}", key=key).json
    assert [step["kind"] for step in shown["steps"]] == ["asked", "referred"]
    listed = ask("GET", "/care/requests?state=awaiting", key=key).json["requests"]
    assert [each["id"] for each in listed] == [waiting["id"]]
    assert ask("POST", f"/care/requests/{waiting['id']}/withdraw", key=key).json["state"] == "withdrawn"
    assert ask("POST", f"/care/requests/{waiting['id']}/withdraw", key=key).status == 409


def test_a_key_decides_nothing_and_one_that_others_have_seen_asks_nothing(desk: Mending) -> None:
    agent, boss = desk.staff(), desk.staff("supervisor")
    account = desk.street.person(money=0)[1]
    asked = desk.credit(agent, account, 5_000)
    _, author = people.author_of_access_key(key_of(desk, boss, "care.authority.approve"))
    with pytest.raises(people.PersonNeeded):
        authority.approve(asked.id, by=author)
    seen = issue(f"staff:{agent}", desk.bank, (ASK,))[1]
    house = issue(f"institution:{desk.bank}", desk.bank, (ASK,))[1]
    for key in (seen, house):
        refused = ask("PUT", f"/care/requests/{new_id()}", credit(account, 1), key=key)
        assert (refused.status, refused.error["code"]) == (403, "person_needed")
        assert ask("GET", "/care/limits", key=key).status == 403
    assert desk.held(account) == 0


def test_who_may_not_see_sees_nothing_and_reports_are_for_supervisors(desk: Mending) -> None:
    agent, boss = desk.staff(), desk.staff("supervisor")
    account = desk.street.person(money=0)[1]
    done = desk.credit(agent, account, 500)
    other = issue(f"institution:{desk.street.town.other_bank}", desk.street.town.other_bank, ("care.authority.view",))[
        1
    ]
    assert ask("GET", f"/care/requests/{done.id}", key=other).error["code"] == "authority_request_unknown"
    assert ask("GET", "/care/requests", key=other).json["requests"] == []
    key, report = key_of(desk, agent), key_of(desk, boss, "care.authority.view")
    today = done.through.isoformat()
    assert ask("GET", f"/care/granted?since={today}&until={today}", key=key).status == 403
    (row,) = ask("GET", f"/care/granted?since={today}&until={today}", key=report).json["granted"]
    assert (row["staff_id"], row["acts"], row["amount"]["amount_minor"]) == (str(agent), 1, "500")
    assert ask("GET", f"/care/granted?since={today}&until=soon", key=report).status == 400
    codes = [each["code"] for each in ask("GET", "/care/actions", key=key).json["actions"]]
    assert codes == sorted(codes)
    assert "goodwill_credit" in codes


def test_what_is_wrong_is_said_in_words(desk: Mending) -> None:
    key, account = key_of(desk, desk.staff()), desk.street.person(money=0)[1]
    for wrong, status, code in (
        (credit(account, 1, action="print_money"), 404, "authority_action_unknown"),
        (credit(account, 1, details={"until": "2026-04-30"}), 422, "authority_subject_invalid"),
        (credit(account, 0), 422, "authority_amount_missing"),
        (credit(account, 50_000), 403, "authority_nobody_may_approve"),
    ):
        refused = ask("PUT", f"/care/requests/{new_id()}", wrong, key=key)
        assert (refused.status, refused.error["code"]) == (status, code), refused.body
    later = (SYSTEM_CLOCK.now() + timedelta(days=5)).date().isoformat()
    unknown = {"action": "extend_due_date", "customer_id": str(account.owner_id), "subject": f"bill:{new_id()}",
               "details": {"until": later}, "reason": REASON}  # fmt: skip
    assert ask("PUT", f"/care/requests/{new_id()}", unknown, key=key).error["code"] == "bill_unknown"
    assert ask("GET", f"/care/requests/{new_id()}", key=key).status == 404
