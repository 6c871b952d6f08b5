"""The verbs on an institution's terms: its books, what it offers, limits and fees. All of it is data with dates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.ids import new_id
from raseed.kernel.money import AMOUNT_MINOR_MAX, currency
from raseed.kernel.text import clean_text
from raseed.ledger import api as ledger
from raseed.people import api as people
from raseed.platform import api as platform

from .domain import LEDGER_CODES, FeeEvent, InternalRole, Limits, Product, ProductKind
from .errors import InvalidTerms
from .iban import make_iban
from .models import BooksRow, InternalAccountRow, ProductFeeRow, ProductLimitRow, ProductRow
from .queries import books_of, business_date, product, product_of

NO_CODE: Final = "0"


def set_up_institution(
    *,
    institution_id: UUID,
    currency_code: str | None = None,
    bank_code: str = NO_CODE,
    branch_code: str = NO_CODE,
    actor: str = "system",
    clock: Clock = SYSTEM_CLOCK,
) -> int:
    """Give an institution its books in a currency (its own by default): the ledger, its own accounts, its bank code.

    Idempotent: books that are there stay as they are. Returns the ledger's number. ``bank_code`` and ``branch_code``
    are digits, for its IBANs. Country and zone are copied from the institution.

    Raises:
        InvalidTerms: the codes do not fit an IBAN of the institution's country.
        people's UnknownInstitution, UnknownCurrency.
    """
    institution = people.institution(institution_id)
    money = currency(currency_code or institution.currency_code)
    try:
        make_iban(country=institution.country, bank_code=bank_code, branch_code=branch_code, account_number=NO_CODE)
    except ValueError as error:
        raise InvalidTerms(field="bank_code") from error
    with transaction.atomic():
        number = ledger.open_ledger(institution_id=institution_id, currency=money)
        books, made = BooksRow.objects.get_or_create(
            ledger=number,
            defaults={
                "institution_id": institution_id,
                "currency": money.code,
                "country": institution.country,
                "zone": institution.zone,
                "bank_code": bank_code,
                "branch_code": branch_code,
                "is_main": money.code == institution.currency_code,
                "set_up_at": clock.now(),
            },
        )
        if made:
            _create_internal_accounts(books)
            platform.record(
                actor=actor,
                action="banking.institution_set_up",
                subject=f"institution:{institution_id}",
                after={"ledger": number, "currency": money.code, "bank_code": bank_code, "branch_code": branch_code},
                institution_id=institution_id,
                clock=clock,
            )
    return number


def offer_product(
    *,
    institution_id: UUID,
    kind: ProductKind,
    names: Mapping[str, str],
    currency_code: str | None = None,
    limits: Limits | None = None,
    valid_from: date | None = None,
    actor: str = "system",
    clock: Clock = SYSTEM_CLOCK,
) -> Product:
    """Offer one product of a kind in a currency; offering it again returns what is there and changes nothing.

    ``names`` are by language. ``limits`` hold from ``valid_from``, the institution's business date by default.

    Raises:
        InstitutionNotSetUp: it has no books in this currency.
        InvalidTerms: limits that are not above zero. UnacceptableText: a name.
    """
    with transaction.atomic():
        books = books_of(institution_id, currency_code)
        row, made = ProductRow.objects.get_or_create(
            books=books,
            kind=kind.value,
            defaults={
                "id": new_id(),
                "names": {language: clean_text(name, field="names") for language, name in names.items()},
                "offered_at": clock.now(),
            },
        )
        if made:
            platform.record(
                actor=actor,
                action="banking.product_offered",
                subject=f"product:{row.id}",
                after={"kind": kind.value, "currency": books.currency},
                institution_id=institution_id,
                clock=clock,
            )
            if limits is not None:
                set_limits(
                    product_id=row.id,
                    limits=limits,
                    valid_from=valid_from or business_date(institution_id, clock.now()),
                    actor=actor,
                    reason="offered with them",
                    clock=clock,
                )
    return product_of(row)


def set_limits(
    *, product_id: UUID, limits: Limits, valid_from: date, actor: str, reason: str, clock: Clock = SYSTEM_CLOCK
) -> None:
    """Set what a product's accounts may send, from a date on. Earlier limits stay on record.

    Raises:
        ProductNotOffered: there is no such product. InvalidTerms: a limit that is not above zero.
    """
    for minor in (limits.per_transfer_minor, limits.per_day_minor):
        if minor is not None and not 0 < minor <= AMOUNT_MINOR_MAX:
            raise InvalidTerms(field="limits")
    with transaction.atomic():
        offered = product(product_id)
        ProductLimitRow.objects.create(
            product_id=product_id,
            valid_from=valid_from,
            per_transfer_minor=limits.per_transfer_minor,
            per_day_minor=limits.per_day_minor,
        )
        platform.record(
            actor=actor,
            action="banking.limits_set",
            subject=f"product:{product_id}",
            after={
                "per_transfer_minor": limits.per_transfer_minor,
                "per_day_minor": limits.per_day_minor,
                "valid_from": valid_from.isoformat(),
            },
            reason=reason,
            institution_id=offered.institution_id,
            clock=clock,
        )


def set_fee(
    *,
    product_id: UUID,
    event: FeeEvent,
    amount_minor: int,
    valid_from: date,
    actor: str,
    reason: str,
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Set what a product's accounts pay for something, minor units, from a date on. Where none is set it is zero.

    Raises:
        ProductNotOffered: there is no such product. InvalidTerms: a negative fee.
    """
    if not 0 <= amount_minor <= AMOUNT_MINOR_MAX:
        raise InvalidTerms(field="amount")
    with transaction.atomic():
        offered = product(product_id)
        ProductFeeRow.objects.create(
            product_id=product_id, event=event.value, valid_from=valid_from, amount_minor=amount_minor
        )
        platform.record(
            actor=actor,
            action="banking.fee_set",
            subject=f"product:{product_id}",
            after={"event": event.value, "amount_minor": amount_minor, "valid_from": valid_from.isoformat()},
            reason=reason,
            institution_id=offered.institution_id,
            clock=clock,
        )


def _create_internal_accounts(books: BooksRow) -> None:
    ids = {role: new_id() for role in InternalRole}
    results = ledger.create_accounts(
        [
            ledger.NewAccount(
                id=ids[role], ledger=books.ledger, code=LEDGER_CODES[role], flags=ledger.AccountFlags.HISTORY
            )
            for role in InternalRole
        ]
    )
    assert all(result is ledger.CreateAccountResult.OK for result in results), "ids just made are new to the ledger"
    InternalAccountRow.objects.bulk_create(
        InternalAccountRow(id=ids[role], books=books, role=role.value) for role in InternalRole
    )
