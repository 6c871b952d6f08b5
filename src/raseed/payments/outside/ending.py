"""The end of payments that were held: their routes keep it, limits get back what was not spent, the ledger posts last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from raseed.banking import api as banking
from raseed.banking.api import BankAccount, Spend
from raseed.kernel.clock import Clock
from raseed.platform import api as platform

from ..domain import No, Payment, PaymentState, Refusal, Yes
from ..events import REFERRED, RETURNED, SETTLED_OUTSIDE
from ..routes import outside_route
from ..sql import STATEMENTS, run
from .models import ErrandRow
from .posting import post_ends
from .steps import move


def end_payments(ended: Sequence[tuple[Payment, Yes | No]], *, clock: Clock) -> None:
    """Settle or return held payments, in the open transaction that has locked their errands; the ledger posts last.

    Raises:
        BooksRefuse, LedgerBusy: nothing may be kept. Whatever a route raises: the same.
    """
    now = clock.now()
    ordered = sorted(ended, key=lambda each: each[0].id)
    _tell_routes(ordered)
    payers = banking.accounts({payment.from_account_id for payment, _ in ordered}, with_aliases=False)
    banking.give_back(
        [_spend(payment, payers[payment.from_account_id]) for payment, answer in ordered if isinstance(answer, No)]
    )
    move(
        [
            (payment.id, PaymentState.SETTLED, None)
            if isinstance(answer, Yes)
            else (payment.id, PaymentState.RETURNED, Refusal(answer.code, params=tuple(sorted(answer.params.items()))))
            for payment, answer in ordered
        ],
        at=now,
    )
    lanes = dict(run(STATEMENTS["remove_errands"], {"ids": [payment.id for payment, _ in ordered]}))
    facts: dict[tuple[str, UUID], list[platform.Payload]] = defaultdict(list)
    for payment, answer in ordered:
        name = SETTLED_OUTSIDE if isinstance(answer, Yes) else RETURNED
        payload: platform.Payload = {"payment_id": str(payment.id), "lane": lanes[payment.id]}
        facts[name, payers[payment.from_account_id].institution_id].append(payload)
    for (name, institution_id), payloads in facts.items():
        platform.emit_many(name, payloads, institution_id=institution_id, clock=clock)
    post_ends(
        [
            (
                payment,
                payers[payment.from_account_id].ledger,
                max(payment.booked_on, banking.business_day(payers[payment.from_account_id], now)),
                isinstance(answer, Yes),
            )
            for payment, answer in ordered
        ],
        clock,
    )


def _spend(payment: Payment, payer: BankAccount) -> Spend:
    """Return what a payment took from its payer's limits."""
    day = banking.business_day(payer, payment.instructed_at)
    return Spend(payer, payment.amount.amount_minor, day, counts=payment.recipient_id != payer.owner_id)


def tell_referred(payment_ids: Sequence[UUID], *, clock: Clock) -> None:
    """Let it be known that payments are a person's now."""
    for id_, lane, institution_id in ErrandRow.objects.filter(payment_id__in=payment_ids).values_list(
        "payment_id", "lane", "institution_id"
    ):
        payload = {"payment_id": str(id_), "lane": lane}
        platform.emit(REFERRED, payload, institution_id=institution_id, clock=clock)


def _tell_routes(ordered: Sequence[tuple[Payment, Yes | No]]) -> None:
    settled: dict[str, list[tuple[Payment, Yes]]] = defaultdict(list)
    returned: dict[str, list[tuple[Payment, No]]] = defaultdict(list)
    for payment, answer in ordered:
        if isinstance(answer, Yes):
            settled[payment.route].append((payment, answer))
        else:
            returned[payment.route].append((payment, answer))
    for code in sorted(settled.keys() | returned.keys()):
        route = outside_route(code)
        if code in settled:
            route.settle(settled[code])
        if code in returned:
            route.give_back(returned[code])
