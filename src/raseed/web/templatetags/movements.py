"""A movement as a line of a list, written in Python: a statement has fifty of them, and as a template they were most of its price.

Everything that comes from outside is escaped here; the shape is that of every other line (``.line`` in the style sheet).
"""

from __future__ import annotations

from functools import lru_cache
from html import escape
from typing import Final, cast
from uuid import UUID

from django import template
from django.urls import get_script_prefix, reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from raseed.kernel.money import Money
from raseed.web.accounts import ShownAccount
from raseed.web.movements import Movement
from raseed.web.reader import Reader

from .raseed import icon

register = template.Library()

ARRIVED: Final = icon("arrived")
LEFT: Final = icon("left")
_SOME_ID: Final = UUID(int=0)


@register.simple_tag(takes_context=True)
def movement(context: template.Context, line: Movement, account: ShownAccount, *, dated: bool) -> SafeString:
    """Write a movement of an account; ``dated`` with its day and without the balance after it, for lists of the latest."""
    reader = cast(Reader, context["reader"])
    opening, closing = "<div", "</div>"
    if line.payment_id is not None:
        opening, closing = f'<a href="{receipt_address(line.payment_id)}"', "</a>"
    when = _when(reader, line, account, dated=dated)
    detail = f"<bdi>{escape(line.detail)}</bdi>" if line.detail else ""
    after = ""
    if not dated:
        words = escape(gettext("Balance after"))
        after = f'<span class="after"><span class="unseen">{words}: </span>{_money(reader, line.balance_after)}</span>'
    return mark_safe(  # noqa: S308  (each part that comes from outside is escaped)
        f'{opening} class="line{" in" if line.incoming else ""}">\n'
        f'<span class="mark">{ARRIVED if line.incoming else LEFT}</span>\n'
        f'<span><span class="who"><bdi>{escape(line.title)}</bdi></span>\n'
        f'<span class="what">{when}{" · " if when and detail else ""}{detail}</span></span>\n'
        f'<span class="sum">{_money(reader, line.amount, signed=True)}{after}</span>\n{closing}'
    )


def receipt_address(payment_id: UUID) -> str:
    """Return the address of a payment's receipt."""
    return _receipt(get_script_prefix()).replace(str(_SOME_ID), str(payment_id))


@lru_cache(maxsize=4)
def _receipt(prefix: str) -> str:
    """Return the address of no receipt, to be filled in: looking one up costs more than the rest of a line."""
    del prefix  # it is in what ``reverse`` returns
    return reverse("receipt", args=[_SOME_ID])


def _when(reader: Reader, line: Movement, account: ShownAccount, *, dated: bool) -> str:
    if dated:
        return escape(reader.day_month(line.booked_on, country=account.country or None))
    if line.at is None:
        return ""
    text = escape(reader.time(line.at, zone=account.zone))
    return f'<time datetime="{line.at.isoformat(timespec="seconds")}"><bdi>{text}</bdi></time>'


def _money(reader: Reader, amount: Money, *, signed: bool = False) -> str:
    return f'<bdi class="money">{escape(reader.money(amount, signed=signed))}</bdi>'
