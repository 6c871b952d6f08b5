"""The invented institutions: registered, with books and products for those that keep accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from raseed.banking import api as banking
from raseed.kernel.money import currency
from raseed.ledger import api as ledger
from raseed.people import api as people_api

from .story.stage import HOLIDAY_SAVINGS
from .world.people import SeededIds, draw
from .world.places import BANK, COUNTRY, CURRENCY, FOREIGN_CURRENCIES, ISSUERS, OTHERS, ZONE, Deed, Place

if TYPE_CHECKING:
    from uuid import UUID

    from raseed.kernel.clock import Clock

BRANCH, BANK_CODE = "0001", "0099"
LIMITS: Final = banking.Limits(per_transfer_minor=3_000_000, per_day_minor=6_000_000)
"""What a wallet may send: EGP 30,000 at once, EGP 60,000 a day."""
_ROLE: Final = {
    Deed.OPENING: banking.InternalRole.OPENING,
    Deed.SALARY: banking.InternalRole.FLOAT,
    Deed.TOP_UP: banking.InternalRole.CASH,
    Deed.SHOPPING: banking.InternalRole.FLOAT,
    Deed.CASH_OUT: banking.InternalRole.CASH,
    Deed.RENT: banking.InternalRole.FLOAT,
    Deed.TAKINGS: banking.InternalRole.CASH,
}
_WALLET_NAMES: Final = {"ar": "محفظة", "he": "ארנק", "en": "Wallet"}
_CURRENT_NAMES: Final = {"ar": "حساب جارٍ", "he": "חשבון עובר ושב", "en": "Current account"}
_SAVINGS_NAMES: Final = {"ar": "حساب توفير", "he": "חשבון חיסכון", "en": "Savings account"}
_HOLIDAY_NAMES: Final = {"ar": "توفير السفر", "he": "חיסכון לחופשה", "en": "Holiday savings"}
_LOAN_NAMES: Final = {"ar": "قرض شخصي", "he": "הלוואה אישית", "en": "Personal loan"}


@dataclass(frozen=True, slots=True)
class Books:
    """One institution's ledger in one currency and its own accounts by what they stand for."""

    ledger: int
    contra: dict[Deed, UUID]


@dataclass(frozen=True, slots=True)
class Houses:
    """The institutions: all by their short names, and of those that keep accounts the books."""

    ids: dict[str, UUID]
    issuers: tuple[UUID, ...]
    bank: UUID
    issuer_books: tuple[Books, ...]
    bank_books: dict[str, Books]
    holiday_savings: UUID


def plant_houses(clock: Clock) -> Houses:
    """Register the institutions, and give books and products to those that keep accounts; what is there stays."""
    ids = {place.slug: _institution(place, clock) for place in (*ISSUERS, BANK, *OTHERS)}
    for issuer in ISSUERS:
        banking.set_up_institution(institution_id=ids[issuer.slug], clock=clock)
        banking.offer_product(
            institution_id=ids[issuer.slug],
            kind=banking.ProductKind.WALLET,
            names=_WALLET_NAMES,
            limits=LIMITS,
            clock=clock,
        )
    bank, bank_books = ids[BANK.slug], {}
    for code in (CURRENCY, *FOREIGN_CURRENCIES):
        banking.set_up_institution(
            institution_id=bank, currency_code=code, bank_code=BANK_CODE, branch_code=BRANCH, clock=clock
        )
        banking.offer_product(
            institution_id=bank, kind=banking.ProductKind.CURRENT, names=_CURRENT_NAMES, currency_code=code, clock=clock
        )
        bank_books[code] = _books(bank, code)
    holiday = _savings_and_loans(bank, clock)
    issuers = tuple(ids[issuer.slug] for issuer in ISSUERS)
    return Houses(ids, issuers, bank, tuple(_books(each, CURRENCY) for each in issuers), bank_books, holiday)


def _savings_and_loans(bank: UUID, clock: Clock) -> UUID:
    """Offer the bank's savings and loans; return the product of the savings that are easily forgotten."""
    savings, loan = banking.ProductKind.SAVINGS, banking.ProductKind.LOAN
    banking.offer_product(institution_id=bank, kind=savings, names=_SAVINGS_NAMES, clock=clock)
    holiday = banking.offer_product(
        institution_id=bank, kind=savings, names=_HOLIDAY_NAMES, code=HOLIDAY_SAVINGS, clock=clock
    )
    banking.offer_product(institution_id=bank, kind=loan, names=_LOAN_NAMES, clock=clock)
    return holiday.id


def _institution(place: Place, clock: Clock) -> UUID:
    number = (*ISSUERS, BANK, *OTHERS).index(place)
    identifier = SeededIds(draw(0, "institution", number), 0, 3).next()
    people_api.register_institution(
        people_api.Institution(
            id=identifier, slug=place.slug, names=place.names, kind=place.kind, country=COUNTRY, zone=ZONE,
            currency_code=CURRENCY, default_region=COUNTRY,
        ),
        clock=clock,
    )  # fmt: skip
    return identifier


def _books(institution_id: UUID, code: str) -> Books:
    contra = {deed: banking.internal_account(institution_id, role, code).id for deed, role in _ROLE.items()}
    number = ledger.open_ledger(institution_id=institution_id, currency=currency(code))
    return Books(number, contra)
