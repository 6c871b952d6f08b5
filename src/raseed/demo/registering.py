"""Registers a block's people and opens their accounts, in bulk, as of the day on which their history begins."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from django.db import transaction

from raseed.banking import api as banking
from raseed.people import api as people_api

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from raseed.kernel.clock import Clock

    from .houses import Houses
    from .world.cast import Cast
    from .world.people import Person

REGISTERED: Final = 40
"""Of a block's planting, about so many hundredths are done when its people are registered and their accounts open."""


def register(
    people: Sequence[Person],
    cast: Cast | None,
    houses: Houses,
    began: Clock,
    clock: Clock,
    so_far: Callable[[int], None],
) -> None:
    """Register the block's people, who have been customers since ``began``, and open their accounts.

    With the first block come those of the story: the firm, and the account that will be forgotten.
    """
    if not people_api.customers([people[0].id]):
        with transaction.atomic():
            people_api.register_customers_bulk(_newcomers(people, cast, houses, began), clock=clock)
    so_far(REGISTERED // 2)
    banking.open_many(_accounts(people, cast, houses, began.now().date()), clock=clock)
    so_far(REGISTERED)


def _newcomers(
    people: Sequence[Person], cast: Cast | None, houses: Houses, began: Clock
) -> Iterator[people_api.NewCustomer]:
    for person in people:
        banked = person.bank_id or person.foreign
        yield people_api.NewCustomer(
            id=person.id, names=person.names, phone=person.phone, language=person.language, created_at=began.now(),
            institution_ids=(houses.issuers[person.issuer], *([houses.bank] if banked else [])),
        )  # fmt: skip
    if cast is not None:
        yield people_api.NewCustomer(
            id=cast.firm.id, names=cast.firm.names, phone=cast.firm.phone, language=cast.firm.language,
            created_at=began.now(), institution_ids=(houses.bank,),
        )  # fmt: skip


def _accounts(
    people: Sequence[Person], cast: Cast | None, houses: Houses, since: date
) -> Iterator[banking.NewBankAccount]:
    current, savings = banking.ProductKind.CURRENT, banking.ProductKind.SAVINGS
    for person in people:
        yield banking.NewBankAccount(
            id=person.wallet_id, institution_id=houses.issuers[person.issuer], owner_id=person.id,
            kind=banking.ProductKind.WALLET, phone=person.phone, opened_on=since,
        )  # fmt: skip
        if person.bank_id is not None:
            yield banking.NewBankAccount(
                id=person.bank_id, institution_id=houses.bank, owner_id=person.id, kind=current, opened_on=since
            )
        if person.savings_id is not None:
            yield banking.NewBankAccount(
                id=person.savings_id, institution_id=houses.bank, owner_id=person.id, kind=savings, opened_on=since
            )
        for account in person.foreign:
            yield banking.NewBankAccount(
                id=account.id, institution_id=houses.bank, owner_id=person.id, kind=current,
                currency_code=account.currency_code, opened_on=since,
            )  # fmt: skip
    if cast is not None:
        yield banking.NewBankAccount(
            id=cast.firm.account_id, institution_id=houses.bank, owner_id=cast.firm.id, kind=current, opened_on=since
        )
        yield banking.NewBankAccount(
            id=cast.resting_id, institution_id=houses.bank, owner_id=cast.rester.id, kind=savings,
            product_id=houses.holiday_savings, opened_on=since,
        )  # fmt: skip
