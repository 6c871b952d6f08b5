"""What persons decide: what became of a payment that nobody answers for. One proposes, another confirms (``people``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext, override

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import InputError, mark
from raseed.kernel.text import clean_text
from raseed.ledger import api as ledger
from raseed.people import api as people
from raseed.people.api import Author, Change, ChangeKind, ChangeLine, Permission
from raseed.platform import api as platform
from raseed.platform.api import AuditFacts

from ..domain import STATE_WORDS, No, Payment, PaymentState, Yes
from ..errors import FoundNotTaken, OutcomeNotOpen, PaymentUnknown
from ..queries import told
from ..sql import STATEMENTS, run
from .ending import end_payments

OUTCOME: Final = "payments.outcome"
PROPOSE: Final = Permission(
    "payments.outcome.propose", mark("Propose what became of a payment that nobody answers for")
)
CONFIRM: Final = Permission(
    "payments.outcome.confirm", mark("Confirm what became of a payment that nobody answers for")
)
REFERENCE_LENGTH_MAX: Final = 80
_DECIDABLE: Final = frozenset({PaymentState.UNKNOWN, PaymentState.REFERRED})
_OUTCOMES: Final = {PaymentState.SETTLED.value, PaymentState.RETURNED.value}

STATE: Final = mark("State")
AMOUNT: Final = mark("Amount")
THEIR_REFERENCE: Final = mark("The recipient's reference")


def propose_outcome(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    payment_id: UUID,
    outcome: PaymentState,
    reason: str,
    by: Author,
    reference: str = "",
    clock: Clock = SYSTEM_CLOCK,
) -> Change:
    """Propose what became of a payment that is unknown or before a person, for a second person to confirm.

    Args:
        id: of the change, made by the caller.
        payment_id: which payment.
        outcome: settled (the other side has it) or returned (it has not, and never will).
        reason: how that was found out.
        by: who proposes it.
        reference: the other side's name for it, if it settled.
        clock: tells when.

    Raises:
        PaymentUnknown, OutcomeNotOpen: no such payment; it is not for persons to decide. InputError: another outcome.
        NotPermitted: ``by`` lacks ``payments.outcome.propose``. As ``people.propose_change``.
    """
    found = _payment(payment_id)
    return people.propose_change(
        id=id,
        kind=OUTCOME,
        institution_id=banking.account(found.from_account_id).institution_id,
        subject=f"payment:{payment_id}",
        payload={"outcome": outcome.value, "reference": reference},
        reason=reason,
        by=by,
        clock=clock,
    )


def _payment(payment_id: UUID) -> Payment:
    found = told([payment_id])
    if not found:
        raise PaymentUnknown(field="payment_id")
    return found[0]


def _check(change: Change) -> None:
    if change.payload.get("outcome") not in _OUTCOMES:
        raise InputError(field="outcome")
    _reference(change)
    found = _payment(change.subject_id)
    if found.state not in _DECIDABLE:
        raise OutcomeNotOpen(field="payment_id")
    if banking.account(found.from_account_id).institution_id != change.institution_id:
        raise PaymentUnknown(field="payment_id")


def _reference(change: Change) -> str:
    given = change.payload.get("reference", "")
    if not isinstance(given, str):
        raise InputError(field="reference")
    return clean_text(given, field="reference", length_max=REFERENCE_LENGTH_MAX) if given.strip() else ""


def _apply(change: Change) -> None:
    """End the payment, in the confirming transaction; a late answer from outside may have come first.

    While a courier is asking about it, it may yet be sent once more (``NotSeen``): then nobody decides, for some seconds.
    """
    run(STATEMENTS["lock_errands"], {"ids": [change.subject_id]})
    if run(STATEMENTS["being_asked"], {"ids": [change.subject_id], "now": SYSTEM_CLOCK.now()}):
        raise banking.BooksBusy
    found = _payment(change.subject_id)
    if found.state not in _DECIDABLE:
        raise OutcomeNotOpen(field="payment_id")
    settles = change.payload["outcome"] == PaymentState.SETTLED.value
    answer = Yes(_reference(change)) if settles else No(FoundNotTaken.code)
    try:
        with transaction.atomic():
            end_payments([(found, answer)], clock=SYSTEM_CLOCK)
    except ledger.LedgerBusy as busy:
        raise banking.BooksBusy from busy


def _describe(change: Change, language: str) -> Sequence[ChangeLine]:
    found = _payment(change.subject_id)
    after = PaymentState(change.payload["outcome"])
    with override(language):
        before = PaymentState(str(change.before.get("state", found.state.value)))
        lines = [
            ChangeLine(gettext(STATE), gettext(STATE_WORDS[before]), gettext(STATE_WORDS[after])),
            ChangeLine(gettext(AMOUNT), platform.money_text(found.amount, language), ""),
        ]
        if reference := change.payload.get("reference"):
            lines.append(ChangeLine(gettext(THEIR_REFERENCE), "", str(reference)))
    return lines


def _current(change: Change) -> AuditFacts:
    return {"state": _payment(change.subject_id).state.value}


def _customer_of(change: Change) -> UUID | None:
    return _payment(change.subject_id).actor_customer_id


KIND: Final = ChangeKind(
    code=OUTCOME,
    words=mark("Outcome of a payment"),
    permission=PROPOSE.code,
    confirm_permission=CONFIRM.code,
    apply=_apply,
    describe=_describe,
    current=_current,
    check=_check,
    customer_of=_customer_of,
)
