"""The verbs on an institution's terms: its books, what it offers, limits and fees. All of it is data with dates."""

from __future__ import annotations

import re
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

from .domain import FEE_EVENTS, BankAccount, FeeEvent, Limits, Product, ProductKind
from .errors import InvalidTerms
from .iban import make_iban
from .interest import SAVINGS_DAY_COUNTS, DayCount
from .internal import create_internal_accounts
from .models import AccountLimitRow, BooksRow, ProductFeeRow, ProductLimitRow, ProductRow
from .queries import account, books_of, business_date, fee_minor, limits_of, product, product_of

NO_CODE: Final = "0"
_CODE: Final = re.compile(r"[a-z][a-z0-9_-]{1,39}\Z")


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

    Idempotent: books that are there stay as they are, and get the own accounts that they lack. Returns the ledger's number.
    ``bank_code`` and ``branch_code`` are digits, for its IBANs. Country and zone are copied from the institution.

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
        create_internal_accounts(books)
        if made:
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
    code: str | None = None,
    day_count: DayCount = DayCount.ACT_365,
    limits: Limits | None = None,
    valid_from: date | None = None,
    actor: str = "system",
    clock: Clock = SYSTEM_CLOCK,
) -> Product:
    """Offer a product in a currency; offering it again returns what is there and changes nothing.

    ``names`` are by language. ``code`` tells products of one kind apart (a second savings account with another rate, a
    wallet with higher limits); by default it is the kind, whose first product it then is. ``limits`` hold from
    ``valid_from``, the institution's business date by default. ``day_count`` is for savings, and stays.

    Raises:
        InstitutionNotSetUp: it has no books in this currency.
        InvalidTerms: limits that are not above zero; a code that is not plain or is another kind's; a day count that
            savings can't have. UnacceptableText: a name.
    """
    own_code = kind.value if code is None else code
    if not _CODE.match(own_code) or (own_code != kind.value and own_code in set(ProductKind)):
        raise InvalidTerms(field="code")
    if kind is ProductKind.SAVINGS and day_count not in SAVINGS_DAY_COUNTS:
        raise InvalidTerms(field="day_count")
    with transaction.atomic():
        books = books_of(institution_id, currency_code)
        row, made = ProductRow.objects.select_related("books").get_or_create(
            books=books,
            code=own_code,
            defaults={
                "id": new_id(),
                "kind": kind.value,
                "day_count": day_count.value if kind is ProductKind.SAVINGS else None,
                "names": {language: clean_text(name, field="names") for language, name in names.items()},
                "offered_at": clock.now(),
            },
        )
        if row.kind != kind.value:
            raise InvalidTerms(field="code")
        if made:
            create_internal_accounts(books)
            platform.record(
                actor=actor,
                action="banking.product_offered",
                subject=f"product:{row.id}",
                after={"kind": kind.value, "code": own_code, "currency": books.currency},
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

    For planting and imports: where people change limits, two of them do (the change kind ``banking.limits``).

    Raises:
        ProductNotOffered: there is no such product. InvalidTerms: a limit that is not above zero.
    """
    with transaction.atomic():
        offered = product(product_id)
        before = limits_of(product_id, on=valid_from)
        write_limits(product_id, limits, valid_from)
        platform.record(
            actor=actor,
            action="banking.limits_set",
            subject=f"product:{product_id}",
            before=limit_facts(before),
            after={**limit_facts(limits), "valid_from": valid_from.isoformat()},
            reason=reason,
            institution_id=offered.institution_id,
            clock=clock,
        )


def write_limits(product_id: UUID, limits: Limits, valid_from: date) -> None:
    """Keep a product's limits; the caller records who wanted them. Raises as ``set_limits``."""
    check_limits(limits)
    ProductLimitRow.objects.create(product_id=product_id, valid_from=valid_from, **limit_facts(limits))


def write_account_limits(account_id: UUID, limits: Limits, valid_from: date) -> None:
    """Keep an account's own limits, none at all to end them; the caller records who wanted them.

    An own limit only ever tightens: who is to have more gets another product.

    Raises:
        InvalidTerms: a limit that is not above zero, or above the product's on that date. AccountUnknown.
    """
    check_own_limits(account(account_id), limits, on=valid_from)
    AccountLimitRow.objects.create(account_id=account_id, valid_from=valid_from, **limit_facts(limits))


def check_own_limits(of: BankAccount, limits: Limits, *, on: date) -> None:
    """Raise ``InvalidTerms`` unless limits can be an account's own: each above zero and not above its product's."""
    check_limits(limits)
    most = limit_facts(limits_of(of.product.id, on=on))
    for name, minor in limit_facts(limits).items():
        ceiling = most[name]
        if minor is not None and ceiling is not None and minor > ceiling:
            raise InvalidTerms(field=name)


def check_limits(limits: Limits) -> None:
    """Raise ``InvalidTerms`` unless each limit is above zero and an amount that the books can hold."""
    for minor in limit_facts(limits).values():
        if minor is not None and not 0 < minor <= AMOUNT_MINOR_MAX:
            raise InvalidTerms(field="limits")


def limit_facts(limits: Limits) -> dict[str, int | None]:
    """Return limits as the audit trail and a change's payload name them."""
    return {"per_transfer_minor": limits.per_transfer_minor, "per_day_minor": limits.per_day_minor}


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

    For planting and imports: where people change fees, two of them do (the change kind ``banking.fees``).

    Raises:
        ProductNotOffered: there is no such product. InvalidTerms: a negative fee, or one that nothing charges there.
    """
    with transaction.atomic():
        offered = product(product_id)
        before = fee_minor(product_id, event, on=valid_from)
        write_fee(product_id, event, amount_minor, valid_from)
        platform.record(
            actor=actor,
            action="banking.fee_set",
            subject=f"product:{product_id}",
            before={"event": event.value, "amount_minor": before},
            after={"event": event.value, "amount_minor": amount_minor, "valid_from": valid_from.isoformat()},
            reason=reason,
            institution_id=offered.institution_id,
            clock=clock,
        )


def write_fee(product_id: UUID, event: FeeEvent, amount_minor: int, valid_from: date) -> None:
    """Keep a fee; the caller records who wanted it. Raises as ``set_fee``."""
    check_fee(product(product_id), event, amount_minor)
    ProductFeeRow.objects.create(
        product_id=product_id, event=event.value, valid_from=valid_from, amount_minor=amount_minor
    )


def check_fee(offered: Product, event: FeeEvent, amount_minor: int) -> None:
    """Raise ``InvalidTerms`` unless a product can have this fee: something of it is charged, and it is not negative."""
    if event not in FEE_EVENTS[offered.kind]:
        raise InvalidTerms(field="event")
    if not 0 <= amount_minor <= AMOUNT_MINOR_MAX:
        raise InvalidTerms(field="amount")
