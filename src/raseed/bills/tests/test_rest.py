"""Bills at the management API: a key sees the bills of its holder and nobody else's, and pays each once."""

from __future__ import annotations

from typing import Any

from raseed.bills import api as bills
from raseed.kernel.ids import new_id
from raseed.payments.outside.courier import carry_due
from raseed.people import api as people
from tests.api.world import SELF, ask, issue

from .street import Street


def key_of(street: Street, customer: people.Customer) -> str:
    return issue(f"customer:{customer.id}", street.town.bank, SELF)[1]


def paying(bill: Any, biller: bills.Biller, account_id: object) -> dict[str, Any]:
    return {
        "biller_id": str(biller.id), "fields": {"account": "12345678"}, "from_account_id": str(account_id),
        "bills": [{"bill_id": bill["id"], "amount": bill["owed"]}],
    }  # fmt: skip


def test_a_customers_key_fetches_quotes_and_pays_once(street: Street) -> None:
    nur = street.biller()
    mona, account = street.person()
    key = key_of(street, mona)
    (listed,) = ask("GET", "/billers", key=key).json["billers"]
    assert (listed["id"], listed["fields"][0]["code"]) == (str(nur.id), "account")
    asking = {"biller_id": str(nur.id), "fields": {"account": "١٢٣٤٥٦٧٨"}}
    fetched = ask("POST", "/bills/fetch", asking, key=key)
    assert fetched.status == 200, fetched.body
    bill = fetched.json["bills"][0]
    assert ask("GET", f"/bills/{bill['id']}", key=key).json == bill
    assert bill in ask("GET", "/bills", key=key).json["bills"]
    wanted = paying(bill, nur, account.id)
    quote = ask("POST", "/bills/quote", wanted, key=key)
    assert quote.json["total"] == bill["owed"]
    assert quote.json["fee"]["amount_minor"] == "0"
    id_ = new_id()
    first = ask("PUT", f"/bill-payments/{id_}", wanted, key=key)
    assert (first.status, first.json["state"]) == (200, "held"), first.body
    carry_due()
    again = ask("PUT", f"/bill-payments/{id_}", wanted, key=key)
    assert again.json["state"] == "settled"
    assert ask("GET", f"/bill-payments/{id_}", key=key).json == again.json
    other = ask("PUT", f"/bill-payments/{new_id()}", wanted, key=key)
    assert (other.status, other.error["code"]) == (422, "bill_paid")


def test_nobody_sees_anothers_bills_or_pays_from_anothers_account(street: Street) -> None:
    nur = street.biller()
    mona, account = street.person()
    ziad, _ = street.person()
    key, his = key_of(street, mona), key_of(street, ziad)
    asking = {"biller_id": str(nur.id), "fields": {"account": "12345678"}}
    bill = ask("POST", "/bills/fetch", asking, key=key).json["bills"][0]
    assert ask("GET", "/bills", key=his).json["bills"] == []
    assert ask("GET", f"/bills/{bill['id']}", key=his).error["code"] == "bill_unknown"
    id_ = new_id()
    stolen = ask("PUT", f"/bill-payments/{id_}", paying(bill, nur, account.id), key=his)
    assert (stolen.status, stolen.error["code"]) == (404, "account_unknown")
    assert ask("PUT", f"/bill-payments/{id_}", paying(bill, nur, account.id), key=key).status == 200
    assert ask("GET", f"/bill-payments/{id_}", key=his).error["code"] == "bill_order_unknown"


def test_what_is_wrong_is_said_with_its_place(street: Street) -> None:
    nur = street.biller()
    mona, _ = street.person()
    key = key_of(street, mona)
    wrong = ask("POST", "/bills/fetch", {"biller_id": str(nur.id), "fields": {"account": "12"}}, key=key)
    assert (wrong.status, wrong.error["code"], wrong.error["field"]) == (422, "biller_field_shape", "fields.account")
    nobody = ask("POST", "/bills/fetch", {"biller_id": str(nur.id), "fields": {"account": "12345000"}}, key=key)
    assert (nobody.status, nobody.error["code"]) == (404, "not_the_billers_customer")
    street.server.turn("dead")
    away = ask("POST", "/bills/fetch", {"biller_id": str(nur.id), "fields": {"account": "12345678"}}, key=key)
    assert (away.status, away.error["code"]) == (503, "biller_not_answering")


def test_a_key_disputes_a_bill_of_its_holder_and_takes_it_back(street: Street) -> None:
    nur = street.biller()
    mona, account = street.person()
    ziad, _ = street.person()
    key, his = key_of(street, mona), key_of(street, ziad)
    asking = {"biller_id": str(nur.id), "fields": {"account": "12345678"}}
    bill = ask("POST", "/bills/fetch", asking, key=key).json["bills"][0]
    address, why = f"/bills/{bill['id']}/dispute", {"reason": "the meter was read wrongly"}
    assert ask("GET", address, key=key).error["code"] == "dispute_unknown"
    assert ask("DELETE", address, key=key).error["code"] == "dispute_unknown"
    assert ask("PUT", address, why, key=his).error["code"] == "bill_unknown"
    assert ask("PUT", address, {"reason": ""}, key=key).status == 400
    made = ask("PUT", address, why, key=key)
    assert (made.status, made.json["state"], made.json["amount"]) == (200, "open", bill["amount"])
    assert ask("PUT", address, why, key=key).json == made.json, "said again, disputed once"
    assert ask("GET", f"/bills/{bill['id']}", key=key).json["state"] == "disputed"
    refused = ask("PUT", f"/bill-payments/{new_id()}", paying(bill, nur, account.id), key=key)
    assert refused.error["code"] == "bill_not_payable"
    assert ask("DELETE", address, key=key).json["state"] == "withdrawn"
    assert ask("DELETE", address, key=key).error["code"] == "dispute_ended"
    assert ask("GET", address, key=key).json["state"] == "withdrawn"
    assert ask("GET", f"/bills/{bill['id']}", key=key).json["state"] == "open"
