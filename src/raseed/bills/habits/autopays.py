"""Autopays as their customers give, change, pause and end them; what the worker does with them is in ``running``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef
from django.utils.translation import gettext, override

from raseed.banking import api as banking
from raseed.banking.api import AccountState
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.money import CurrencyMismatch, Money
from raseed.platform import api as platform

from .. import events
from ..domain import PAYABLE, Biller, BillerModel, BillerState
from ..errors import NotTheBillersCustomer
from ..fields import reference_of
from ..looking_up import check_active, checked_values
from ..models import BillRow, LookUpRow
from ..queries import biller
from .domain import (
    AUTOPAY_STATE_WORDS,
    DAYS_BEFORE_MAX,
    OUTCOME_WORDS,
    TERMINAL,
    Autopay,
    AutopayRun,
    AutopayState,
    Reference,
)
from .errors import (
    AutopayEnded,
    AutopayIdTaken,
    AutopayNotPossible,
    AutopayThere,
    AutopayUnknown,
    InvalidAutopay,
    TooManyAutopays,
)
from .models import AutopayRow, AutopayRunRow
from .rows import autopay_of, run_of

OPEN_MAX: Final = 50
ENDED_SHOWN_MAX: Final = 20
RUNS_SHOWN_MAX: Final = 50
BILLS_LEFT_MAX: Final = 500
STATE_FIELDS: Final = (
    "from_account_id", "ceiling_minor", "days_before", "state", "next_look_at", "asked_on", "failures", "ended_at",
    "ended_code",
)  # fmt: skip


def give_autopay(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    customer_id: UUID,
    biller_id: UUID,
    fields: Mapping[str, str],
    from_account_id: UUID,
    ceiling: Money,
    days_before: int = 0,
    clock: Clock = SYSTEM_CLOCK,
) -> Autopay:
    """Let the bills of a reference be paid by themselves, each of at most ``ceiling``, so many days before it is due.

    What is due by then already is paid at once. The same id with the same content: the autopay that is there.

    Raises:
        BillerUnknown, BillerSuspended; FieldMissing, FieldShape, FieldCheckDigit, FieldNotAsked: what was typed.
        NotTheBillersCustomer: the customer has never asked for the bills of this reference.
        AutopayNotPossible: the biller has no bills, or the account can't pay it. AccountUnknown: it is not theirs to pay from.
        InvalidAutopay, CurrencyMismatch: ceiling or days. AutopayThere, AutopayIdTaken, TooManyAutopays.
    """
    of = biller(biller_id)
    values = checked_values(of, fields)
    reference = reference_of(of.fields, values)
    given = {
        "account": str(from_account_id),
        "ceiling_minor": ceiling.amount_minor,
        "days_before": days_before,
        "reference": reference,
    }
    asked = (customer_id, of.id, given)
    there = _by_id(id)
    if there is not None:
        return _first_answer(there, asked)
    check_active(of)
    if of.model is not BillerModel.FETCH:
        raise AutopayNotPossible(field="biller_id")
    _check_terms(of, ceiling, days_before)
    _check_account(of, customer_id, from_account_id)
    if not LookUpRow.objects.filter(customer_id=customer_id, biller_id=of.id, reference=reference).exists():
        raise NotTheBillersCustomer(field="fields")
    now = clock.now()
    row = AutopayRow(
        id=id, customer_id=customer_id, biller_id=of.id, institution_id=of.institution_id, reference=reference,
        values=values, from_account_id=from_account_id, ceiling_minor=ceiling.amount_minor, days_before=days_before,
        state=AutopayState.ACTIVE.value, given=given, made_at=now, next_look_at=now,
    )  # fmt: skip
    try:
        with transaction.atomic():
            _insert(row, clock)
    except IntegrityError:
        there = _by_id(id)
        if there is None:
            raise AutopayThere(field="fields") from None
        return _first_answer(there, asked)
    return autopay(id, customer_id)


def change_autopay(
    *,
    autopay_id: UUID,
    customer_id: UUID,
    from_account_id: UUID,
    ceiling: Money,
    days_before: int,
    clock: Clock = SYSTEM_CLOCK,
) -> Autopay:
    """Let an autopay pay from another account, up to another ceiling, on another day; the same again changes nothing.

    The biller is asked anew: what the old ceiling kept from being paid is paid if it is still due.

    Raises:
        AutopayUnknown, AutopayEnded; as ``give_autopay`` about account, ceiling and days.
    """

    def change(row: AutopayRow, now: datetime) -> None:
        of = biller(row.biller_id)
        _check_terms(of, ceiling, days_before)
        _check_account(of, customer_id, from_account_id)
        wanted = (from_account_id, ceiling.amount_minor, days_before)
        if (row.from_account_id, row.ceiling_minor, row.days_before) == wanted:
            return
        row.from_account_id, row.ceiling_minor, row.days_before = wanted
        if row.state == AutopayState.ACTIVE.value:
            _look_now(row, now)

    return _change(autopay_id, customer_id, "bills.autopay_changed", change, clock)


def pause_autopay(*, autopay_id: UUID, customer_id: UUID, clock: Clock = SYSTEM_CLOCK) -> Autopay:
    """Let an autopay rest; nothing is paid meanwhile, and reminders come again. Again changes nothing.

    Raises:
        AutopayUnknown, AutopayEnded.
    """

    def pause(row: AutopayRow, now: datetime) -> None:
        del now
        if row.state == AutopayState.ACTIVE.value:
            row.state, row.next_look_at = AutopayState.PAUSED.value, None

    return _change(autopay_id, customer_id, "bills.autopay_paused", pause, clock)


def resume_autopay(*, autopay_id: UUID, customer_id: UUID, clock: Clock = SYSTEM_CLOCK) -> Autopay:
    """Let a paused autopay go on: bills that wait and whose day has come are paid. Again changes nothing.

    Raises:
        AutopayUnknown, AutopayEnded.
    """

    def resume(row: AutopayRow, now: datetime) -> None:
        if row.state == AutopayState.PAUSED.value:
            row.state = AutopayState.ACTIVE.value
            _look_now(row, now)

    return _change(autopay_id, customer_id, "bills.autopay_resumed", resume, clock)


def end_autopay(*, autopay_id: UUID, customer_id: UUID, clock: Clock = SYSTEM_CLOCK) -> Autopay:
    """End an autopay for good; what was paid stays, and what is on its way goes on. Again changes nothing.

    Raises:
        AutopayUnknown.
    """
    with transaction.atomic():
        row = _theirs(autopay_id, customer_id)
        if row.state != AutopayState.ENDED.value:
            close(row, "", f"customer:{customer_id}", clock)
    return autopay(autopay_id, customer_id)


def close(row: AutopayRow, code: str, actor: str, clock: Clock) -> None:
    """End a locked row in the caller's transaction, and tell."""
    before = _facts(row)
    row.state, row.next_look_at = AutopayState.ENDED.value, None
    row.ended_at, row.ended_code = clock.now(), code
    row.save(update_fields=STATE_FIELDS)
    _record(row, "bills.autopay_ended", before, actor, clock)
    payload: platform.Payload = {"autopay_id": str(row.id), "customer_id": str(row.customer_id), "code": code}
    platform.emit(events.AUTOPAY_ENDED, payload, institution_id=row.institution_id, clock=clock)


def autopay(autopay_id: UUID, customer_id: UUID) -> Autopay:
    """Return an autopay that this customer has given.

    Raises:
        AutopayUnknown: no such one, or not theirs.
    """
    row = _by_id(autopay_id)
    if row is None or row.customer_id != customer_id:
        raise AutopayUnknown(field="autopay_id")
    return autopay_of(row)


def autopays(customer_id: UUID, *, ended: bool = False) -> list[Autopay]:
    """Return a customer's autopays, the newest first: those that run or rest, or those that ended of late."""
    rows = AutopayRow.objects.filter(customer_id=customer_id).select_related("biller").order_by("-made_at", "-id")
    if ended:
        return [autopay_of(row) for row in rows.filter(state=AutopayState.ENDED.value)[:ENDED_SHOWN_MAX]]
    return [autopay_of(row) for row in rows.exclude(state=AutopayState.ENDED.value)[:OPEN_MAX]]


def left_to_autopays(customer_id: UUID) -> frozenset[UUID]:
    """Return the bills that a customer's autopays will look at and may pay: within the ceiling, and not ended yet."""
    mine = AutopayRow.objects.filter(customer_id=customer_id, state=AutopayState.ACTIVE.value)
    owed = F("amount_minor") - F("paid_minor") - F("held_minor") - F("elsewhere_minor")
    ends = AutopayRunRow.objects.filter(
        bill_id=OuterRef("id"), autopay__in=mine, outcome__in=[outcome.value for outcome in TERMINAL]
    )
    here = mine.filter(
        biller_id=OuterRef("biller_id"), reference=OuterRef("reference"), ceiling_minor__gte=OuterRef("owed_minor")
    )
    rows = BillRow.objects.annotate(owed_minor=owed).filter(
        Exists(here), ~Exists(ends), state__in=[state.value for state in PAYABLE],
        biller_id__in=mine.values("biller_id"), reference__in=mine.values("reference"),
    )  # fmt: skip
    return frozenset(rows.values_list("id", flat=True)[:BILLS_LEFT_MAX])


def asked_references(customer_id: UUID) -> list[Reference]:
    """Return what a customer has asked billers with bills about, the latest first; at most ``OPEN_MAX``."""
    rows = LookUpRow.objects.filter(
        customer_id=customer_id, biller__model=BillerModel.FETCH.value, biller__state=BillerState.ACTIVE.value
    )
    return [Reference(row.biller_id, row.reference, row.values) for row in rows.order_by("-last_at")[:OPEN_MAX]]


def autopay_runs(autopay_id: UUID, customer_id: UUID) -> list[AutopayRun]:
    """Return what became of an autopay's bills, the newest first; at most ``RUNS_SHOWN_MAX``.

    Raises:
        AutopayUnknown.
    """
    found = autopay(autopay_id, customer_id)
    rows = AutopayRunRow.objects.filter(autopay_id=autopay_id).order_by("-at", "bill_id", "-number")
    return [run_of(row, found.ceiling.currency) for row in rows[:RUNS_SHOWN_MAX]]


def autopay_state_words(found: Autopay, language: str) -> str:
    """Return where an autopay is, in words."""
    with override(language):
        return gettext(AUTOPAY_STATE_WORDS[found.state])


def autopay_run_words(found: AutopayRun, language: str) -> str:
    """Return what became of a bill, in words."""
    with override(language):
        return gettext(OUTCOME_WORDS[found.outcome])


def _check_terms(of: Biller, ceiling: Money, days_before: int) -> None:
    if ceiling.currency != of.currency:
        raise CurrencyMismatch(field="ceiling", given=ceiling.currency.code, expected=of.currency.code)
    if ceiling.amount_minor <= 0:
        raise InvalidAutopay(field="ceiling")
    if not 0 <= days_before <= DAYS_BEFORE_MAX:
        raise InvalidAutopay(field="days_before")


def _check_account(of: Biller, customer_id: UUID, account_id: UUID) -> None:
    found = banking.accounts([account_id], with_aliases=False).get(account_id)
    if found is None or not banking.may_pay(customer_id, found):
        raise banking.AccountUnknown(field="from_account_id")
    if (found.institution_id, found.currency) != (of.institution_id, of.currency):
        raise AutopayNotPossible(field="from_account_id")
    if found.state is AccountState.CLOSED:
        raise banking.AccountClosed(field="from_account_id")


def _insert(row: AutopayRow, clock: Clock) -> None:
    theirs = AutopayRow.objects.filter(customer_id=row.customer_id).exclude(state=AutopayState.ENDED.value)
    if theirs.count() >= OPEN_MAX:
        raise TooManyAutopays(limit=OPEN_MAX)
    row.save(force_insert=True)
    _record(row, "bills.autopay_given", None, f"customer:{row.customer_id}", clock)


def _first_answer(row: AutopayRow, asked: tuple[UUID, UUID, Mapping[str, Any]]) -> Autopay:
    if (row.customer_id, row.biller_id, row.given) != asked:
        raise AutopayIdTaken(field="id")
    return autopay_of(row)


def _by_id(autopay_id: UUID) -> AutopayRow | None:
    return AutopayRow.objects.filter(id=autopay_id).select_related("biller").first()


def _theirs(autopay_id: UUID, customer_id: UUID) -> AutopayRow:
    row = AutopayRow.objects.select_for_update().filter(id=autopay_id, customer_id=customer_id).first()
    if row is None:
        raise AutopayUnknown(field="autopay_id")
    return row


def _look_now(row: AutopayRow, now: datetime) -> None:
    row.next_look_at, row.asked_on, row.failures = now, None, 0


def _change(
    autopay_id: UUID, customer_id: UUID, action: str, change: Callable[[AutopayRow, datetime], None], clock: Clock
) -> Autopay:
    """Change an autopay under its lock; a change that changes nothing leaves no record."""
    with transaction.atomic():
        row = _theirs(autopay_id, customer_id)
        if row.state == AutopayState.ENDED.value:
            raise AutopayEnded(field="autopay_id")
        before, stood = _facts(row), [getattr(row, name) for name in STATE_FIELDS]
        change(row, clock.now())
        if [getattr(row, name) for name in STATE_FIELDS] != stood:
            row.save(update_fields=STATE_FIELDS)
            _record(row, action, before, f"customer:{customer_id}", clock)
    return autopay(autopay_id, customer_id)


def _facts(row: AutopayRow) -> platform.AuditFacts:
    """Return what an audit record tells: no reference."""
    return {"state": row.state, "ceiling_minor": row.ceiling_minor, "days_before": row.days_before}


def _record(row: AutopayRow, action: str, before: platform.AuditFacts | None, actor: str, clock: Clock) -> None:
    platform.record(
        actor=actor,
        action=action,
        subject=f"autopay:{row.id}",
        before=before,
        after=_facts(row),
        institution_id=row.institution_id,
        customer_id=row.customer_id,
        clock=clock,
    )
