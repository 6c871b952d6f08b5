"""Who may use an account beside its owner: persons who may see it, or also pay from it (in Czech books: disponents).

Rights begin and end and stay on record. They are given by the institution, on the owner's written word, and may be ended by
the owner too. What they open is asked in ``queries``: ``account(customer_id=)`` and ``may_pay``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.people import api as people
from raseed.platform import api as platform

from . import events
from .domain import AccountRight, BankAccount, ProductKind
from .errors import IllegalStateChange, RightUnknown
from .models import AccountRightRow
from .queries import account
from .states import OPEN, locked_state

GIVEN: Final = frozenset({AccountRight.MAY_SEE, AccountRight.MAY_PAY})


@dataclass(frozen=True, slots=True)
class Holder:
    """A person with a right on an account, and since when; the owner comes first."""

    customer_id: UUID
    right: AccountRight
    since: datetime | None = None


def give_right(
    *,
    account_id: UUID,
    customer_id: UUID,
    right: AccountRight,
    by: people.Author,
    reason: str,
    clock: Clock = SYSTEM_CLOCK,
) -> list[Holder]:
    """Let a person see an account, or also pay from it; a right that they have is replaced. Returns the holders.

    The person becomes a customer of the account's institution.

    Raises:
        NotPermitted: ``by`` lacks ``banking.accounts.open``. UnacceptableText: no reason. AccountUnknown, UnknownCustomer.
        IllegalStateChange: they own it, or it is a loan, which nobody pays from, and the right is to pay.
    """
    of = account(account_id)
    people.require(by, OPEN, of.institution_id)
    said = people.clean_reason(reason)
    if right not in GIVEN or customer_id == of.owner_id:
        raise IllegalStateChange(field="right")
    if of.product.kind is ProductKind.LOAN and right is AccountRight.MAY_PAY:
        raise IllegalStateChange(field="right")
    with transaction.atomic():
        people.join_institution(customer_id=customer_id, institution_id=of.institution_id, actor=by.actor, clock=clock)
        locked_state(account_id)  # payments that were allowed by the right as it is end first
        before = _present(account_id, customer_id)
        if before is not None and before.right == right.value:
            return holders(of)
        if before is not None:
            before.valid_until = clock.now()
            before.save(update_fields=["valid_until"])
        AccountRightRow.objects.create(
            account_id=account_id, customer_id=customer_id, right=right.value, valid_from=clock.now()
        )
        _tell(
            of, events.ACCOUNT_RIGHT_GIVEN, customer_id, before.right if before else None, right.value, by, said, clock
        )
    return holders(of)


def end_right(
    *, account_id: UUID, customer_id: UUID, by: people.Author, reason: str = "", clock: Clock = SYSTEM_CLOCK
) -> list[Holder]:
    """Take a person's right on an account away: once this has returned, nothing more is paid by it. Returns the holders.

    Raises:
        NotPermitted: ``by`` is neither the owner nor staff with ``banking.accounts.open``. UnacceptableText: no reason.
        RightUnknown: they have none. AccountUnknown: there is no such account.
    """
    of = account(account_id)
    is_owner = by.actor == f"customer:{of.owner_id}"
    if not is_owner:
        people.require(by, OPEN, of.institution_id)
    said = people.clean_reason(reason) if reason.strip() or not is_owner else ""
    with transaction.atomic():
        locked_state(account_id)
        before = _present(account_id, customer_id)
        if before is None:
            raise RightUnknown(field="customer_id")
        before.valid_until = clock.now()
        before.save(update_fields=["valid_until"])
        _tell(of, events.ACCOUNT_RIGHT_ENDED, customer_id, before.right, None, by, said, clock)
    return holders(of)


def holders(of: BankAccount) -> list[Holder]:
    """Return who may use an account: its owner, then the others, the oldest right first."""
    rows = AccountRightRow.objects.filter(account_id=of.id, valid_until=None).order_by("id")
    return [
        Holder(of.owner_id, AccountRight.OWNER),
        *(Holder(row.customer_id, AccountRight(row.right), row.valid_from) for row in rows),
    ]


def give_rights_bulk(
    rights: Iterable[tuple[UUID, UUID, AccountRight]], *, actor: str = "system", clock: Clock = SYSTEM_CLOCK
) -> int:
    """Keep many rights (account, customer, right) at once, for imports; those that are there already stay. Returns how many.

    Accounts and customers are not looked up: who gives in bulk has just made them. One audit record tells of all.
    """
    wanted = {(account_id, customer_id): right for account_id, customer_id, right in rights}
    assert set(wanted.values()) <= GIVEN, "an owner's right is the account's own"
    with transaction.atomic():
        there = AccountRightRow.objects.filter(account_id__in={each for each, _ in wanted}, valid_until=None)
        missing = wanted.keys() - set(there.values_list("account_id", "customer_id"))
        AccountRightRow.objects.bulk_create(
            (
                AccountRightRow(
                    account_id=account_id,
                    customer_id=customer_id,
                    right=wanted[account_id, customer_id].value,
                    valid_from=clock.now(),
                )
                for account_id, customer_id in sorted(missing)
            ),
            batch_size=1_000,
        )
        if missing:
            platform.record(
                actor=actor,
                action="banking.account_rights_given",
                subject="accounts:many",
                after={"count": len(missing)},
                clock=clock,
            )
    return len(missing)


def _present(account_id: UUID, customer_id: UUID) -> AccountRightRow | None:
    return AccountRightRow.objects.filter(account_id=account_id, customer_id=customer_id, valid_until=None).first()


def _tell(
    of: BankAccount,
    done: str,
    customer_id: UUID,
    before: str | None,
    after: str | None,
    by: people.Author,
    reason: str,
    clock: Clock,
) -> None:
    platform.record(
        actor=by.actor,
        action=done,
        subject=f"account:{of.id}",
        before={"customer": str(customer_id), "right": before},
        after={"customer": str(customer_id), "right": after},
        reason=reason,
        institution_id=of.institution_id,
        customer_id=of.owner_id,
        clock=clock,
    )
    platform.emit(done, {"account_id": str(of.id)}, institution_id=of.institution_id, clock=clock)
