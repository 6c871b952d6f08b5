"""What a product costs and allows on a date, told whole: its fee schedule with every zero in it, limits, rate, dormancy."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from raseed.kernel.money import Money

from .domain import FEE_EVENTS, Fee, Terms
from .models import ProductFeeRow
from .queries import limits_of, product
from .rates import annual_rate_ppm, dormant_after_months


def fee_schedule(product_id: UUID, on: date) -> tuple[Fee, ...]:
    """Return what everything costs that a product's accounts can be charged for, on a business date; zero is said too.

    Raises:
        ProductNotOffered: there is no such product.
    """
    offered = product(product_id)
    rows = ProductFeeRow.objects.filter(product_id=product_id, valid_from__lte=on).order_by("valid_from", "id")
    in_force = {row.event: row for row in rows}
    return tuple(
        Fee(
            event,
            Money(in_force[event.value].amount_minor if event.value in in_force else 0, offered.currency),
            in_force[event.value].valid_from if event.value in in_force else None,
        )
        for event in FEE_EVENTS[offered.kind]
    )


def terms_of(product_id: UUID, on: date) -> Terms:
    """Return all that a product's accounts are subject to on a business date.

    Raises:
        ProductNotOffered: there is no such product.
    """
    return Terms(
        product=product(product_id),
        on=on,
        limits=limits_of(product_id, on=on),
        fees=fee_schedule(product_id, on),
        annual_rate_ppm=annual_rate_ppm(product_id, on=on),
        dormant_after_months=dormant_after_months(product_id, on=on),
    )
