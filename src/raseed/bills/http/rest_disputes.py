"""Disputes at the management API: the key's holder says that a bill is wrong, looks how that stands, and takes it back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from ninja import Path

from raseed.platform.rest.callers import ApiRequest
from raseed.platform.rest.fields import Given, Id, MoneyGiven, Taken, text
from raseed.platform.rest.routes import Resource

from .. import api as bills_api

disputes = Resource(
    "Disputed bills", "A bill that its customer says is wrong: not paid, and nothing added, until decided."
)
SEE_OWN = "people.self.view"
PAY = "people.self.pay"


class NewDispute(Taken):
    """What is wrong with the bill, in the holder's words."""

    reason: Annotated[str, text(500, least=3, example="the meter was read wrongly")]


class DisputeGiven(Given):
    """A dispute. `note` says why it was decided so; `lowered_to` what the bill asks for since, where it was lowered."""

    id: UUID
    bill_id: UUID
    state: Literal["open", "cancelled", "lowered", "rejected", "withdrawn"]
    reason: str
    amount: MoneyGiven
    lowered_to: MoneyGiven | None
    note: str
    opened_at: datetime
    ended_at: datetime | None


@disputes.put(
    "/bills/{bill_id}/dispute", own=PAY, answer=DisputeGiven, refuses=(404, 409, 422),
    example={"reason": "the meter was read wrongly"},
)  # fmt: skip
def dispute_bill(request: ApiRequest, bill_id: Path[Id], new: NewDispute) -> DisputeGiven:
    """Say that a bill of the key's holder is wrong: it can't be paid until that is decided. Again: the dispute that is open."""
    payer = _holder(request, bill_id)
    return _given(bills_api.dispute(bill_id=bill_id, customer_id=payer, reason=new.reason))


@disputes.get("/bills/{bill_id}/dispute", own=SEE_OWN, answer=DisputeGiven)
def show_dispute(request: ApiRequest, bill_id: Path[Id]) -> DisputeGiven:
    """Show the latest dispute of the key's holder about a bill."""
    found = bills_api.dispute_of(bill_id, _holder(request, bill_id))
    if found is None:
        raise bills_api.DisputeUnknown(field="bill_id")
    return _given(found)


@disputes.delete("/bills/{bill_id}/dispute", own=PAY, answer=DisputeGiven, refuses=(404, 409, 422))
def withdraw_dispute(request: ApiRequest, bill_id: Path[Id]) -> DisputeGiven:
    """Take the dispute back: the bill is to be paid as before, and its days count."""
    payer = _holder(request, bill_id)
    found = bills_api.dispute_of(bill_id, payer)
    if found is None:
        raise bills_api.DisputeUnknown(field="bill_id")
    return _given(bills_api.withdraw_dispute(found.id, customer_id=payer))


def _holder(request: ApiRequest, bill_id: UUID) -> UUID:
    """Return the key's holder, if the bill is theirs to see at the key's institution."""
    payer = request.caller.customer_id
    assert payer is not None, "only customers' keys come here"
    found = bills_api.bill(bill_id, payer)
    if bills_api.biller(found.biller_id).institution_id != request.caller.institution_id:
        raise bills_api.BillUnknown(field="bill_id")
    return payer


def _given(of: bills_api.Dispute) -> DisputeGiven:
    return DisputeGiven(
        id=of.id,
        bill_id=of.bill_id,
        state=of.state.value,
        reason=of.reason,
        amount=MoneyGiven.of(of.amount),
        lowered_to=None if of.lowered_to is None else MoneyGiven.of(of.lowered_to),
        note=of.note,
        opened_at=of.opened_at,
        ended_at=of.ended_at,
    )
