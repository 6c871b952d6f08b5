"""Rates of interest and dormancy of products: data with dates, like limits and fees. Writing them and reading them."""

from __future__ import annotations

from datetime import date
from typing import Final
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.people import api as people
from raseed.platform import api as platform

from .domain import ProductKind
from .errors import InvalidTerms
from .interest import RATE_PPM_MAX, RateFrom, rate_on
from .models import ProductDormancyRow, ProductRateRow
from .queries import product

DORMANT_MONTHS_MAX: Final = 120
EARNING: Final = frozenset({ProductKind.SAVINGS, ProductKind.LOAN})


def rates_of(product_id: UUID) -> list[RateFrom]:
    """Return a product's rates in order of the dates from which they hold; of two for one date the later set wins."""
    rows = ProductRateRow.objects.filter(product_id=product_id).order_by("valid_from", "id")
    return [RateFrom(*row) for row in rows.values_list("valid_from", "annual_rate_ppm")]


def annual_rate_ppm(product_id: UUID, *, on: date) -> int:
    """Return a product's yearly rate on a date, in millionths; zero where none is set."""
    return rate_on(rates_of(product_id), on)


def dormant_after_months(product_id: UUID, *, on: date) -> int | None:
    """Return after how many months without use a product's accounts become dormant, ``None`` for never."""
    rows = ProductDormancyRow.objects.filter(product_id=product_id, valid_from__lte=on)
    return rows.order_by("-valid_from", "-id").values_list("months", flat=True).first()


def set_rate(
    *, product_id: UUID, annual_rate_ppm: int, valid_from: date, actor: str, reason: str, clock: Clock = SYSTEM_CLOCK
) -> None:
    """Set a product's yearly rate of interest, in millionths, from a date on.

    For savings it holds from the day's end balance of that date; interest already credited is not touched. For loans it is
    what new contracts begin with.

    Raises:
        ProductNotOffered: there is no such product. InvalidTerms: it bears no interest, or the rate is out of range.
    """
    with transaction.atomic():
        offered = product(product_id)
        write_rate(product_id, annual_rate_ppm, valid_from)
        platform.record(
            actor=actor,
            action="banking.rate_set",
            subject=f"product:{product_id}",
            after={"annual_rate_ppm": annual_rate_ppm, "valid_from": valid_from.isoformat()},
            reason=reason,
            institution_id=offered.institution_id,
            clock=clock,
        )


def write_rate(product_id: UUID, annual_rate_ppm: int, valid_from: date) -> None:
    """Keep a rate; the caller records who wanted it. Raises as ``set_rate``."""
    check_rate(product(product_id).kind, annual_rate_ppm)
    ProductRateRow.objects.create(product_id=product_id, annual_rate_ppm=annual_rate_ppm, valid_from=valid_from)


def check_rate(kind: ProductKind, annual_rate_ppm: int) -> None:
    """Raise ``InvalidTerms`` unless a product of this kind can have this rate."""
    if kind not in EARNING or not 0 <= annual_rate_ppm <= RATE_PPM_MAX:
        raise InvalidTerms(field="annual_rate_ppm")


def set_dormancy(
    *,
    product_id: UUID,
    months: int | None,
    valid_from: date,
    by: people.Author,
    reason: str,
    clock: Clock = SYSTEM_CLOCK,
) -> None:
    """Let a product's accounts become dormant after ``months`` without use, or never, from a date on.

    Nobody is judged by a time in which it was not noted who used an account: the months count from ``valid_from`` at the
    earliest, unless such a rule was in force already.

    Raises:
        NotPermitted: ``by`` lacks ``banking.products.edit``. ProductNotOffered, UnacceptableText.
        InvalidTerms: a loan, or months out of range.
    """
    offered = product(product_id)
    people.require(by, "banking.products.edit", offered.institution_id)
    said = people.clean_reason(reason)
    if offered.kind in (ProductKind.LOAN, ProductKind.COLLECTION) or not (
        months is None or 0 < months <= DORMANT_MONTHS_MAX
    ):
        raise InvalidTerms(field="months")
    with transaction.atomic():
        before = (
            ProductDormancyRow.objects.filter(product_id=product_id, valid_from__lte=valid_from)
            .order_by("-valid_from", "-id")
            .first()
        )
        since = before.watched_since if before else None
        ProductDormancyRow.objects.create(
            product_id=product_id,
            valid_from=valid_from,
            months=months,
            watched_since=None if months is None else since or valid_from,
        )
        platform.record(
            actor=by.actor,
            action="banking.dormancy_set",
            subject=f"product:{product_id}",
            before={"months": before.months if before else None},
            after={"months": months, "valid_from": valid_from.isoformat()},
            reason=said,
            institution_id=offered.institution_id,
            clock=clock,
        )
