"""The verbs on an account's state: block, unblock, close, reopen, wake. Each leaves who, why, before and after on record.

A change of state waits for the payments that are using the account and keeps new ones out until it is committed (FOR UPDATE
against their FOR SHARE). A closed account is closed in the ledger too, so that no posting by another door slips in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.ledger import api as ledger
from raseed.people import api as people
from raseed.platform import api as platform
from raseed.platform.api import AuditFacts

from . import events
from .domain import LEGAL_CHANGES, AccountState, BankAccount, BlockReason, business_day
from .errors import AccountUnknown, IllegalStateChange
from .models import AccountRow
from .queries import account
from .sql import STATEMENTS, run

OPEN: Final = "banking.accounts.open"
BLOCK: Final = "banking.accounts.block"
CLOSE: Final = "banking.accounts.close"


@dataclass(frozen=True, slots=True)
class StateChange:
    """A change of state by its own verb: from which states, to which, what tells of it, and who may do it.

    ``owner_may``: the account's owner, too, without a permission.
    """

    done: str
    to: AccountState
    legal_from: frozenset[AccountState]
    permission: str
    owner_may: bool = False

    def __post_init__(self) -> None:
        assert all((state, self.to) in LEGAL_CHANGES for state in self.legal_from), "the database would refuse it"


BLOCKING: Final = StateChange(
    events.ACCOUNT_BLOCKED,
    AccountState.BLOCKED,
    frozenset({AccountState.OPEN, AccountState.DORMANT}),
    BLOCK,
    owner_may=True,
)
UNBLOCKING: Final = StateChange(events.ACCOUNT_UNBLOCKED, AccountState.OPEN, frozenset({AccountState.BLOCKED}), BLOCK)
REOPENING: Final = StateChange(events.ACCOUNT_REOPENED, AccountState.OPEN, frozenset({AccountState.CLOSED}), OPEN)
WAKING: Final = StateChange(
    events.ACCOUNT_REACTIVATED, AccountState.OPEN, frozenset({AccountState.DORMANT}), OPEN, owner_may=True
)
CLOSING: Final = StateChange(
    events.ACCOUNT_CLOSED,
    AccountState.CLOSED,
    frozenset({AccountState.OPEN, AccountState.DORMANT}),
    CLOSE,
    owner_may=True,
)


def block_account(
    *,
    account_id: UUID,
    code: BlockReason = BlockReason.OTHER,
    by: people.Author,
    reason: str = "",
    clock: Clock = SYSTEM_CLOCK,
) -> BankAccount:
    """Block an open account: once this has returned, no payment enters or leaves. Blocking twice changes nothing.

    Its owner may (a lost phone); to unblock it is the institution's.

    Raises:
        NotPermitted: ``by`` is neither the owner nor staff with ``banking.accounts.block``. UnacceptableText: no reason.
        IllegalStateChange: it is closed. AccountUnknown: there is none.
    """
    return _change(account_id, BLOCKING, by, reason, clock, block_reason=code.value)


def unblock_account(*, account_id: UUID, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> BankAccount:
    """Open a blocked account again. Unblocking an open one changes nothing.

    Raises:
        NotPermitted: ``by`` lacks ``banking.accounts.block``. UnacceptableText: no reason.
        IllegalStateChange: it is closed or dormant. AccountUnknown: there is none.
    """
    return _change(account_id, UNBLOCKING, by, reason, clock)


def reopen_account(*, account_id: UUID, by: people.Author, reason: str, clock: Clock = SYSTEM_CLOCK) -> BankAccount:
    """Open a closed account again, for the owner who comes back: its aliases are never given to another.

    Raises:
        NotPermitted: ``by`` lacks ``banking.accounts.open``. UnacceptableText: no reason.
        IllegalStateChange: it is blocked or dormant. AccountUnknown: there is none.
    """
    return _change(account_id, REOPENING, by, reason, clock)


def reactivate_account(
    *, account_id: UUID, by: people.Author, reason: str = "", clock: Clock = SYSTEM_CLOCK
) -> BankAccount:
    """Wake a dormant account: its owner, who has just confirmed it on a page, or staff. Waking an open one changes nothing.

    Raises:
        NotPermitted: ``by`` is neither the owner nor staff with ``banking.accounts.open``. UnacceptableText: no reason.
        IllegalStateChange: it is blocked or closed. AccountUnknown: there is none.
    """
    return _change(account_id, WAKING, by, reason, clock)


def permitted(by: people.Author, change: StateChange, of: BankAccount, reason: str) -> str:
    """Refuse who may not make a change; return the reason, which staff must give and an owner need not.

    Raises:
        NotPermitted, UnacceptableText: what they say.
    """
    if change.owner_may and by.actor == f"customer:{of.owner_id}":
        return people.clean_reason(reason) if reason.strip() else ""
    people.require(by, change.permission, of.institution_id)
    return people.clean_reason(reason)


def locked_state(account_id: UUID) -> AccountState:
    """Lock an account FOR UPDATE and return its state, or raise ``AccountUnknown``."""
    rows = run(STATEMENTS["lock_account_for_change"], {"id": account_id})
    if not rows:
        raise AccountUnknown(field="account_id")
    return AccountState(rows[0][0])


def is_done(state: AccountState, change: StateChange) -> bool:
    """Whether a change is there already.

    Raises:
        IllegalStateChange: it can't be made from this state.
    """
    if state is change.to:
        return True
    if state not in change.legal_from:
        raise IllegalStateChange(field="account_id")
    return False


def record_change(
    of: BankAccount,
    change: StateChange,
    *,
    before: AuditFacts,
    after: AuditFacts,
    actor: str,
    reason: str,
    clock: Clock,
) -> None:
    """Keep who changed a state and why, and tell it."""
    platform.record(
        actor=actor,
        action=change.done,
        subject=f"account:{of.id}",
        before=before,
        after=after,
        reason=reason,
        institution_id=of.institution_id,
        customer_id=of.owner_id,
        clock=clock,
    )
    platform.emit(change.done, {"account_id": str(of.id)}, institution_id=of.institution_id, clock=clock)


def _change(
    account_id: UUID,
    change: StateChange,
    by: people.Author,
    reason: str,
    clock: Clock,
    *,
    block_reason: str | None = None,
) -> BankAccount:
    said = permitted(by, change, account(account_id), reason)
    with transaction.atomic():
        state = locked_state(account_id)
        of = account(account_id)
        if is_done(state, change):
            return of
        if state is AccountState.CLOSED:
            ledger.reopen_account(account_id)
        changed: dict[str, object] = {"state": change.to.value, "block_reason": block_reason}
        if change.to is AccountState.OPEN and state is not AccountState.BLOCKED:
            changed["quiet_since"] = business_day(of, clock.now())  # its owner is back
        AccountRow.objects.filter(id=account_id).update(**changed)
        record_change(
            of,
            change,
            before=_facts(state, of.block_reason.value if of.block_reason else None),
            after=_facts(change.to, block_reason),
            actor=by.actor,
            reason=said,
            clock=clock,
        )
    return account(account_id)


def _facts(state: AccountState, block_reason: str | None) -> Mapping[str, str]:
    return {"state": state.value, **({"block_reason": block_reason} if block_reason else {})}
