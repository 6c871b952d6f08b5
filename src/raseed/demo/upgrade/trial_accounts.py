"""The two test accounts between which the guard's trial payments go: nobody's money, and nobody's phones."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from raseed.banking import api as banking
from raseed.demo.narrative import cause_of
from raseed.demo.world.people import SeededIds, draw
from raseed.demo.world.places import CODE_BASE, CURRENCY, PHONE_BLOCK, Deed
from raseed.kernel.money import currency
from raseed.ledger import api as ledger
from raseed.people import api as people

FUNDS_MINOR: Final = 1_000_00
REASON: Final = "test account for trial payments at releases"
_NAMES: Final = (
    {"ar": "حساب تجربة أول", "he": "חשבון ניסיון ראשון", "en": "First Test Account"},
    {"ar": "حساب تجربة ثانٍ", "he": "חשבון ניסיון שני", "en": "Second Test Account"},
)
_PHONES: Final = (f"{PHONE_BLOCK}40000201", f"{PHONE_BLOCK}40000202")
"""Beyond the people's numbers, as the firm's is."""
_STREAM: Final = 3


def plant_trial_accounts(bank_id: UUID) -> tuple[UUID, UUID]:
    """Open the test accounts at the bank, with money in them; return their ids. Those that are there stay as they are."""
    ids = SeededIds(draw(0, "test accounts", 0), 0, _STREAM)
    first, second = (_opened(bank_id, n, ids) for n in range(2))
    return first, second


def _opened(bank_id: UUID, n: int, ids: SeededIds) -> UUID:
    owner, account, transfer = ids.next(), ids.next(), ids.next()
    if ledger.look_up_transfers([transfer]):
        return account
    people.register_customer(
        id=owner, names=_NAMES[n], phone=_PHONES[n], language="ar", institution_id=bank_id, actor="system"
    )
    of = next(
        one
        for one in banking.products_of(bank_id)
        if (one.kind, one.currency.code) == (banking.ProductKind.CURRENT, CURRENCY)
    )
    banking.open_account(id=account, product_id=of.id, owner_id=owner, by=people.SYSTEM, reason=REASON)
    opening = banking.internal_account(bank_id, banking.InternalRole.OPENING, CURRENCY)
    results = ledger.create_transfers(
        [
            ledger.NewTransfer(
                id=transfer,
                debit_account_id=opening.id,
                credit_account_id=account,
                amount=FUNDS_MINOR,
                ledger=ledger.open_ledger(institution_id=bank_id, currency=currency(CURRENCY)),
                code=CODE_BASE + Deed.OPENING,
                user_data=cause_of(transfer, Deed.OPENING, 0),
            )
        ]
    )
    assert set(results) <= {ledger.CreateTransferResult.OK, ledger.CreateTransferResult.EXISTS}, results
    return account
