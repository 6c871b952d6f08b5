"""What a biller is owed, paid to its own account: posted and noted in one transaction, once for a settlement."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext, override

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import RaseedError, mark
from raseed.kernel.ids import InvalidId, parse_id
from raseed.people import api as people
from raseed.people.api import Author, Change, ChangeKind, ChangeLine
from raseed.platform import api as platform
from raseed.platform.api import AuditFacts

from .. import events
from ..models import BillerRow
from ..permissions import CONFIRM_PAYOUT_ACCOUNT, PROPOSE_PAYOUT_ACCOUNT
from ..queries import biller
from .domain import Settlement
from .errors import PayoutAccountUnfit
from .models import PayoutAccountRow, PayoutRow, SettlementRow
from .queries import settlement, settlement_of_row

PAYOUT_ACCOUNT: Final = "bills.payout_account"
NONE_YET: Final = mark("None: what is owed stays in the collection account")


def payout_account(biller_id: UUID) -> UUID | None:
    """Return the account that a biller is paid out to, if it has named one."""
    rows = PayoutAccountRow.objects.filter(biller_id=biller_id).order_by("-id")
    return rows.values_list("account_id", flat=True).first()


def pay_out(biller_id: UUID, *, clock: Clock = SYSTEM_CLOCK) -> Settlement | None:
    """Pay out what is owed after the last settlement, if that was not done, there is an account for it, and money.

    Never more than the collection account holds; what is left is carried into the next settlement. Again changes nothing.

    Raises:
        banking's PayOutImpossible: the account can't receive. BooksBusy: nothing was changed.
    """
    of = biller(biller_id)
    with transaction.atomic():
        BillerRow.objects.select_for_update(no_key=True).get(id=of.id)
        row = SettlementRow.objects.filter(biller_id=of.id).order_by("-day").first()
        to = payout_account(of.id)
        if row is None or to is None or PayoutRow.objects.filter(settlement_id=row.id).exists():
            return None
        due = settlement_of_row(row, of.currency).due
        if due.amount_minor <= 0:
            return None
        now = clock.now()
        booked_on = max(row.day, banking.business_date(of.institution_id, now))
        id_ = payout_transfer_id(row.id)
        moved = banking.pay_out_collection(
            id=id_, account_id=of.collection_account_id, to_account_id=to, amount=due, booked_on=booked_on, clock=clock
        )
        if not moved.amount_minor:
            return None
        PayoutRow.objects.create(
            settlement_id=row.id, transfer_id=id_, account_id=to, amount_minor=moved.amount_minor, booked_on=booked_on,
            paid_at=now,
        )  # fmt: skip
        platform.record(
            actor=people.SYSTEM.actor,
            action="bills.paid_out",
            subject=f"biller:{of.id}",
            after={"settlement": str(row.id), "amount_minor": moved.amount_minor, "account": str(to)},
            reason="",
            institution_id=of.institution_id,
            clock=clock,
        )
        platform.emit(
            events.PAID_OUT,
            {"biller_id": str(of.id), "settlement_id": str(row.id)},
            institution_id=of.institution_id,
            clock=clock,
        )
    return settlement(row.id)


def payout_transfer_id(settlement_id: UUID) -> UUID:
    """Return the id of a settlement's payout: made from its own, so that whoever does it again makes the same."""
    return UUID(bytes=hashlib.sha256(b"raseed bills payout\x00" + settlement_id.bytes).digest()[:16])


def propose_payout_account(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    biller_id: UUID,
    account_id: UUID,
    reason: str,
    by: Author,
    clock: Clock = SYSTEM_CLOCK,
) -> Change:
    """Propose to which account a biller is paid out, for a second person to confirm.

    Raises:
        BillerUnknown, PayoutAccountUnfit. NotPermitted: ``by`` lacks ``bills.payout.propose``. As ``people.propose_change``.
    """
    of = biller(biller_id)
    return people.propose_change(
        id=id,
        kind=PAYOUT_ACCOUNT,
        institution_id=of.institution_id,
        subject=f"biller:{biller_id}",
        payload={"account_id": str(account_id)},
        reason=reason,
        by=by,
        clock=clock,
    )


def set_payout_account(biller_id: UUID, account_id: UUID, *, by: Author, clock: Clock = SYSTEM_CLOCK) -> None:
    """Say where a biller is paid out, with nobody's second look: for the system when it plants or brings in books.

    Raises:
        NotPermitted: ``by`` is a person. BillerUnknown, PayoutAccountUnfit.
    """
    of = biller(biller_id)
    if not by.everything:
        raise people.NotPermitted(permission=PROPOSE_PAYOUT_ACCOUNT)
    _check_account(biller_id, account_id)
    with transaction.atomic():
        before = payout_account(biller_id)
        if before == account_id:
            return
        PayoutAccountRow.objects.create(biller_id=biller_id, account_id=account_id, set_at=clock.now())
        platform.record(
            actor=by.actor,
            action="bills.payout_account_set",
            subject=f"biller:{biller_id}",
            before={"account": str(before)} if before else None,
            after={"account": str(account_id)},
            reason="",
            institution_id=of.institution_id,
            clock=clock,
        )


def _check_account(biller_id: UUID, account_id: UUID) -> None:
    of = biller(biller_id)
    try:
        to = banking.account(account_id)
        banking.check_pay_out(banking.account(of.collection_account_id), to)
    except RaseedError:
        raise PayoutAccountUnfit(field="account") from None
    if to.owner_id != of.customer_id:
        raise PayoutAccountUnfit(field="account")


def _account_id(change: Change) -> UUID:
    try:
        return parse_id(str(change.payload.get("account_id", "")))
    except InvalidId:
        raise PayoutAccountUnfit(field="account") from None


def _check(change: Change) -> None:
    if biller(change.subject_id).institution_id != change.institution_id:
        raise PayoutAccountUnfit(field="account")
    _check_account(change.subject_id, _account_id(change))


def _apply(change: Change) -> None:
    _check(change)
    at = change.decided_at or SYSTEM_CLOCK.now()
    PayoutAccountRow.objects.create(biller_id=change.subject_id, account_id=_account_id(change), set_at=at)


def _describe(change: Change, language: str) -> Sequence[ChangeLine]:
    before = change.before.get("account")
    with override(language):
        return [
            ChangeLine(gettext("Biller"), "", biller(change.subject_id).name(language)),
            ChangeLine(
                gettext("Account for payouts"),
                _number(UUID(str(before))) if before else gettext(NONE_YET),
                _number(_account_id(change)),
            ),
        ]


def _number(account_id: UUID) -> str:
    of = banking.account(account_id)
    return of.alias(banking.AliasKind.NUMBER) or of.alias(banking.AliasKind.PHONE) or str(account_id)


def _current(change: Change) -> AuditFacts:
    now = payout_account(change.subject_id)
    return {"account": str(now) if now else None}


def _customer_of(change: Change) -> UUID | None:
    return biller(change.subject_id).customer_id


KIND: Final = ChangeKind(
    code=PAYOUT_ACCOUNT,
    words=mark("Biller's account for payouts"),
    permission=PROPOSE_PAYOUT_ACCOUNT,
    confirm_permission=CONFIRM_PAYOUT_ACCOUNT,
    apply=_apply,
    describe=_describe,
    current=_current,
    check=_check,
    customer_of=_customer_of,
)
