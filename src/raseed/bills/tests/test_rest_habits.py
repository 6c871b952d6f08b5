"""Autopays and saved billers at the management API: the holder's own, once under an id, and nobody else's."""

from __future__ import annotations

from typing import Any

from raseed.bills import api as bills
from raseed.kernel.ids import new_id
from raseed.people import api as people
from tests.api.world import SELF, ask, issue

from .habit import NUMBER, Household
from .street import Street


def key_of(street: Street, customer: people.Customer) -> str:
    return issue(f"customer:{customer.id}", street.town.bank, SELF)[1]


def test_an_autopay_is_given_once_changed_looked_at_and_ended(street: Street) -> None:
    house = Household(street)
    house.bill(5_000)
    key = key_of(street, house.mona)
    path = f"/autopays/{new_id()}"
    terms: dict[str, Any] = {
        "from_account_id": str(house.account.id), "ceiling": {"amount_minor": "10000", "currency": "EGP"},
        "days_before": 2,
    }  # fmt: skip
    wanted = {"biller_id": str(house.nur.id), "fields": {"account": "١٢٣٤٥٦٧٨"}, **terms}
    given = ask("PUT", path, wanted, key=key, Accept_Language="ar")
    assert (given.status, given.json["state"], given.json["reference"]) == (200, "active", NUMBER), given.body
    assert given.json["words"] == "يُدفع تلقائيًا"
    assert ask("PUT", path, wanted, key=key).json["id"] == given.json["id"]
    assert ask("PUT", path, wanted | {"days_before": 3}, key=key).error["code"] == "autopay_id_taken"
    assert ask("PUT", f"/autopays/{new_id()}", wanted, key=key).error["code"] == "autopay_there"
    assert ask("PUT", f"/autopays/{new_id()}", wanted | {"days_before": 11}, key=key).status == 400
    bills.run_autopays()
    (run,) = ask("GET", f"{path}/runs", key=key).json["runs"]
    assert (run["outcome"], run["amount"]["amount_minor"]) == ("sent", "5000")
    assert ask("GET", f"/bill-payments/{run['payment_id']}", key=key).json["state"] == "held"
    changed = ask("PATCH", path, terms | {"ceiling": {"amount_minor": "20000", "currency": "EGP"}}, key=key)
    assert changed.json["ceiling"]["amount_minor"] == "20000"
    assert ask("POST", f"{path}/pause", key=key).json["state"] == "paused"
    assert ask("POST", f"{path}/resume", key=key).json["state"] == "active"
    assert len(ask("GET", "/autopays", key=key).json["autopays"]) == 1
    other, _ = street.person()
    his = key_of(street, other)
    for method, where in (("GET", path), ("GET", f"{path}/runs"), ("POST", f"{path}/end"), ("POST", f"{path}/pause")):
        assert ask(method, where, key=his).error["code"] == "autopay_unknown"
    assert ask("PUT", f"/autopays/{new_id()}", wanted, key=his).error["code"] == "account_unknown"
    assert ask("POST", f"{path}/end", key=key).json["state"] == "ended"
    assert ask("GET", "/autopays", key=key).json["autopays"] == []


def test_billers_are_saved_listed_and_removed(street: Street) -> None:
    house = Household(street)
    key = key_of(street, house.mona)
    id_ = new_id()
    wanted = {"biller_id": str(house.nur.id), "fields": {"account": NUMBER}, "nickname": "our flat"}
    assert ask("PUT", f"/saved-billers/{id_}", wanted, key=key).json["id"] == str(id_)
    assert ask("PUT", f"/saved-billers/{id_}", wanted | {"nickname": "x" * 41}, key=key).status == 400
    (listed,) = ask("GET", "/saved-billers", key=key).json["saved_billers"]
    assert listed["nickname"] == "our flat"
    other, _ = street.person()
    his = key_of(street, other)
    assert ask("GET", "/saved-billers", key=his).json["saved_billers"] == []
    assert ask("POST", f"/saved-billers/{id_}/remove", key=his).error["code"] == "saved_biller_unknown"
    assert ask("POST", f"/saved-billers/{id_}/remove", key=key).json["saved_billers"] == []
