"""A wallet follows its owner's phone number: the old alias ends, the new one begins, and none is ever another's (ADR 0020).

Where the new number has named another account of the institution before, it can't be given again: money that somebody sends
to the one they knew by it must not reach another. The wallet then gets an account number as its key, at once and on record;
staff see it in the trail.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.people import api as people
from raseed.people.events import PHONE_CHANGED
from raseed.platform import api as platform

from . import events
from .domain import AliasKind, BankAccount, ProductKind
from .models import AliasRow
from .opening import next_numbers
from .queries import account, accounts_of
from .states import locked_state

_PHONE: Final = AliasKind.PHONE.value


@platform.subscribe(PHONE_CHANGED, handler_name="banking.move_wallets")
def move_wallets_of(event: platform.Event) -> None:
    """Let the wallets of a customer whose number has changed follow it."""
    move_wallets(UUID(str(event.payload["customer_id"])))


def move_wallets(customer_id: UUID, *, clock: Clock = SYSTEM_CLOCK) -> int:
    """Key a customer's wallets by the number that is theirs now; return how many were moved. A repeat moves nothing.

    Only those that were keyed by a number of theirs: one that was opened under another number keeps it.
    """
    *past, present = people.phones_of(customer_id)
    moved = 0
    for wallet in accounts_of(customer_id):
        if wallet.product.kind is ProductKind.WALLET and _was_keyed_by(wallet, past):
            moved += _move(wallet.id, present, past, clock)
    return moved


def _was_keyed_by(wallet: BankAccount, past: list[str]) -> bool:
    """Whether a wallet's key is a past number of its owner's, or was until it had to be keyed by an account number."""
    key = wallet.alias(AliasKind.PHONE)
    if key is not None:
        return key in past
    return any(alias.kind is AliasKind.PHONE and alias.value in past for alias in wallet.aliases)


def _move(account_id: UUID, present: str, past: list[str], clock: Clock) -> bool:
    with transaction.atomic():
        locked_state(account_id)  # who pays by the old number ends first
        wallet = account(account_id)
        if wallet.alias(AliasKind.PHONE) == present or not _was_keyed_by(wallet, past):
            return False
        ended = AliasRow.objects.filter(account_id=account_id, kind=_PHONE, valid_until=None).update(
            valid_until=clock.now()
        )
        key = _give(wallet, present, clock)
        if not ended and key is None:
            return False
        platform.record(
            actor="system",
            action=events.WALLET_MOVED,
            subject=f"account:{account_id}",
            after={"keyed_by": (key or AliasKind.NUMBER).value},
            reason="the owner's phone number has changed",
            institution_id=wallet.institution_id,
            customer_id=wallet.owner_id,
            clock=clock,
        )
        platform.emit(
            events.WALLET_MOVED, {"account_id": str(account_id)}, institution_id=wallet.institution_id, clock=clock
        )
    return True


def _give(wallet: BankAccount, phone: str, clock: Clock) -> AliasKind | None:
    """Give a wallet its new key: the phone number, or where that was another's an account number, unless it has one."""
    before = AliasRow.objects.filter(value=phone, kind=_PHONE, institution_id=wallet.institution_id)
    last = before.order_by("-round").first()
    if last is None or last.account_id == wallet.id:
        try:
            with transaction.atomic():
                _begin(wallet, AliasKind.PHONE, phone, last.round + 1 if last else 1, clock)
        except IntegrityError:  # a wallet was opened under the number at this instant
            last = before.order_by("-round").first()
        else:
            return AliasKind.PHONE
    if wallet.alias(AliasKind.NUMBER):
        return None
    _begin(wallet, AliasKind.NUMBER, next_numbers(1)[0], 1, clock)
    return AliasKind.NUMBER


def _begin(wallet: BankAccount, kind: AliasKind, value: str, round_: int, clock: Clock) -> None:
    AliasRow.objects.create(
        account_id=wallet.id,
        kind=kind.value,
        value=value,
        institution_id=wallet.institution_id,
        valid_from=clock.now(),
        round=round_,
    )
