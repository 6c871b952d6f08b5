"""Autopays and saved billers at the management API: those of the key's holder, at the key's institution."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Path

from raseed.banking import api as banking
from raseed.kernel.money import Money, currency
from raseed.platform.api import error_body
from raseed.platform.rest.callers import ApiRequest, Caller
from raseed.platform.rest.fields import FROM_JSON, Given, Id, MoneyGiven, MoneyTaken, Taken, text, whole
from raseed.platform.rest.routes import Resource

from .. import api as bills_api
from .rest import Typed

habits = Resource(
    "Autopays and saved billers", "Bills that are paid by themselves up to a ceiling, and billers kept at hand."
)
SEE_OWN = "people.self.view"
PAY = "people.self.pay"
_EXAMPLE_ID = "0193f1f0-7c3e-7a51-9f43-2a6c5d1e8b07"
_ASKED: Mapping[str, Any] = {"biller_id": _EXAMPLE_ID, "fields": {"account": "12345678"}}
_TERMS: Mapping[str, Any] = {
    "from_account_id": _EXAMPLE_ID,
    "ceiling": {"amount_minor": "30000", "currency": "EGP"},
    "days_before": 3,
}


class AutopayTerms(Taken):
    """From which account, at most how much a bill, and how many days before its due date."""

    from_account_id: Id
    ceiling: MoneyTaken
    days_before: Annotated[int, whole(0, bills_api.DAYS_BEFORE_MAX, example=3), FROM_JSON] = 0


class NewAutopay(AutopayTerms):
    """An autopay for the bills of what is typed for a biller."""

    biller_id: Id
    fields: Typed


class AutopayGiven(Given):
    """An autopay. `ended_code` says why it ended, where its holder did not end it."""

    id: UUID
    biller_id: UUID
    reference: str
    from_account_id: UUID
    ceiling: MoneyGiven
    days_before: int
    state: Literal["active", "paused", "ended"]
    words: str
    made_at: datetime
    ended_at: datetime | None
    ended_code: str


class AutopayList(Given):
    """Autopays, the newest first."""

    autopays: list[AutopayGiven]


class AutopayRunGiven(Given):
    """What became of a bill, step by step; `payment_id` is that of the bill payment."""

    bill_id: UUID
    number: int
    outcome: str
    words: str
    amount: MoneyGiven
    on: date
    at: datetime
    payment_id: UUID | None
    refusal_code: str | None
    refusal: str | None


class AutopayRunList(Given):
    """Runs, the newest first."""

    runs: list[AutopayRunGiven]


class NewSaved(Taken):
    """A biller, what is typed for it, and a name for both."""

    biller_id: Id
    fields: Typed
    nickname: Annotated[str, text(bills_api.NICKNAME_LENGTH_MAX, example="our flat")]


class SavedGiven(Given):
    """A saved biller."""

    id: UUID
    biller_id: UUID
    reference: str
    nickname: str
    made_at: datetime


class SavedList(Given):
    """Saved billers, by name."""

    saved_billers: list[SavedGiven]


@habits.put(
    "/autopays/{autopay_id}", own=PAY, answer=AutopayGiven, refuses=(404, 409, 422), example={**_ASKED, **_TERMS},
    links={"autopay": ("show_autopay", "autopay_id")},
)  # fmt: skip
def give_autopay(request: ApiRequest, autopay_id: Path[Id], new: NewAutopay) -> AutopayGiven:
    """Let bills be paid by themselves under an id that you have made and kept, each up to a ceiling.

    The holder has asked the biller for these bills before (`POST /bills/fetch`). What is due by then already is paid at once.
    """
    of = bills_api.biller(new.biller_id)
    if of.institution_id != request.caller.institution_id:
        raise bills_api.BillerUnknown(field="biller_id")
    given = bills_api.give_autopay(
        id=autopay_id, customer_id=_holder(request.caller), biller_id=of.id, fields=new.fields,
        from_account_id=_here(request.caller, new.from_account_id), ceiling=_money(new.ceiling),
        days_before=new.days_before,
    )  # fmt: skip
    return _autopay(given, request.language)


@habits.get("/autopays", own=SEE_OWN, answer=AutopayList)
def list_autopays(request: ApiRequest) -> AutopayList:
    """List the autopays of the key's holder that run or rest."""
    found = bills_api.autopays(_holder(request.caller))
    here = [each for each in found if each.institution_id == request.caller.institution_id]
    return AutopayList(autopays=[_autopay(each, request.language) for each in here])


@habits.get("/autopays/{autopay_id}", own=SEE_OWN, answer=AutopayGiven)
def show_autopay(request: ApiRequest, autopay_id: Path[Id]) -> AutopayGiven:
    """Show an autopay."""
    return _autopay(_theirs(request.caller, autopay_id), request.language)


@habits.get("/autopays/{autopay_id}/runs", own=SEE_OWN, answer=AutopayRunList)
def list_autopay_runs(request: ApiRequest, autopay_id: Path[Id]) -> AutopayRunList:
    """List what became of an autopay's bills of late."""
    found = _theirs(request.caller, autopay_id)
    return AutopayRunList(
        runs=[_run(each, request.language) for each in bills_api.autopay_runs(found.id, found.customer_id)]
    )


@habits.patch("/autopays/{autopay_id}", own=PAY, answer=AutopayGiven, refuses=(404, 409, 422), example=_TERMS)
def change_autopay(request: ApiRequest, autopay_id: Path[Id], change: AutopayTerms) -> AutopayGiven:
    """Change an autopay's account, ceiling and days: all three are as they come here."""
    _theirs(request.caller, autopay_id)
    changed = bills_api.change_autopay(
        autopay_id=autopay_id, customer_id=_holder(request.caller),
        from_account_id=_here(request.caller, change.from_account_id), ceiling=_money(change.ceiling),
        days_before=change.days_before,
    )  # fmt: skip
    return _autopay(changed, request.language)


@habits.post("/autopays/{autopay_id}/pause", own=PAY, answer=AutopayGiven, refuses=(409,))
def pause_autopay(request: ApiRequest, autopay_id: Path[Id]) -> AutopayGiven:
    """Pause an autopay; pausing again changes nothing."""
    _theirs(request.caller, autopay_id)
    found = bills_api.pause_autopay(autopay_id=autopay_id, customer_id=_holder(request.caller))
    return _autopay(found, request.language)


@habits.post("/autopays/{autopay_id}/resume", own=PAY, answer=AutopayGiven, refuses=(409,))
def resume_autopay(request: ApiRequest, autopay_id: Path[Id]) -> AutopayGiven:
    """Let a paused autopay go on; resuming again changes nothing."""
    _theirs(request.caller, autopay_id)
    found = bills_api.resume_autopay(autopay_id=autopay_id, customer_id=_holder(request.caller))
    return _autopay(found, request.language)


@habits.post("/autopays/{autopay_id}/end", own=PAY, answer=AutopayGiven)
def end_autopay(request: ApiRequest, autopay_id: Path[Id]) -> AutopayGiven:
    """End an autopay for good; what is on its way goes on. Ending again changes nothing."""
    _theirs(request.caller, autopay_id)
    found = bills_api.end_autopay(autopay_id=autopay_id, customer_id=_holder(request.caller))
    return _autopay(found, request.language)


@habits.put(
    "/saved-billers/{saved_id}", own=PAY, answer=SavedGiven, refuses=(404, 409, 422),
    example={**_ASKED, "nickname": "our flat"},
)  # fmt: skip
def save_biller(request: ApiRequest, saved_id: Path[Id], new: NewSaved) -> SavedGiven:
    """Save a biller with what is typed for it. Saved already, under whatever id: it gets the new name."""
    of = bills_api.biller(new.biller_id)
    if of.institution_id != request.caller.institution_id:
        raise bills_api.BillerUnknown(field="biller_id")
    return _saved(
        bills_api.save_biller(
            id=saved_id, customer_id=_holder(request.caller), biller_id=of.id, fields=new.fields, nickname=new.nickname
        )
    )


@habits.get("/saved-billers", own=SEE_OWN, answer=SavedList)
def list_saved_billers(request: ApiRequest) -> SavedList:
    """List the saved billers of the key's holder."""
    found = bills_api.saved_billers(_holder(request.caller))
    known = bills_api.billers({each.biller_id for each in found})
    here = [each for each in found if known[each.biller_id].institution_id == request.caller.institution_id]
    return SavedList(saved_billers=[_saved(each) for each in here])


@habits.post("/saved-billers/{saved_id}/remove", own=PAY, answer=SavedList)
def remove_saved_biller(request: ApiRequest, saved_id: Path[Id]) -> SavedList:
    """Forget a saved biller, and list those that are left."""
    saved = bills_api.saved_biller(saved_id, _holder(request.caller))
    if bills_api.biller(saved.biller_id).institution_id != request.caller.institution_id:
        raise bills_api.SavedBillerUnknown(field="saved_id")
    bills_api.remove_saved_biller(saved_id=saved_id, customer_id=_holder(request.caller))
    return list_saved_billers(request)


def _holder(caller: Caller) -> UUID:
    assert caller.customer_id is not None, "only customers' keys come here"
    return caller.customer_id


def _here(caller: Caller, account_id: UUID) -> UUID:
    """Return an account's id if it is kept at the key's institution."""
    found = banking.accounts([account_id], with_aliases=False).get(account_id)
    if found is None or found.institution_id != caller.institution_id:
        raise banking.AccountUnknown(field="from_account_id")
    return account_id


def _theirs(caller: Caller, autopay_id: UUID) -> bills_api.Autopay:
    found = bills_api.autopay(autopay_id, _holder(caller))
    if found.institution_id != caller.institution_id:
        raise bills_api.AutopayUnknown(field="autopay_id")
    return found


def _money(amount: MoneyTaken) -> Money:
    return Money(amount.amount_minor, currency(amount.currency))


def _autopay(found: bills_api.Autopay, language: str) -> AutopayGiven:
    return AutopayGiven(
        id=found.id,
        biller_id=found.biller_id,
        reference=found.reference,
        from_account_id=found.from_account_id,
        ceiling=MoneyGiven.of(found.ceiling),
        days_before=found.days_before,
        state=found.state.value,
        words=bills_api.autopay_state_words(found, language),
        made_at=found.made_at,
        ended_at=found.ended_at,
        ended_code=found.ended_code,
    )


def _run(found: bills_api.AutopayRun, language: str) -> AutopayRunGiven:
    refusal = None if found.refused is None else error_body(found.refused.error(), language)["error"]
    return AutopayRunGiven(
        bill_id=found.bill_id,
        number=found.number,
        outcome=found.outcome.value,
        words=bills_api.autopay_run_words(found, language),
        amount=MoneyGiven.of(found.amount),
        on=found.on,
        at=found.at,
        payment_id=found.order_id,
        refusal_code=None if refusal is None else refusal["code"],
        refusal=None if refusal is None else refusal["message"],
    )


def _saved(found: bills_api.Saved) -> SavedGiven:
    return SavedGiven(
        id=found.id,
        biller_id=found.biller_id,
        reference=found.reference,
        nickname=found.nickname,
        made_at=found.made_at,
    )
