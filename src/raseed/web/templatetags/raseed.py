"""Tags and filters for templates: icons, and amounts, dates and numbers written for the reader.

Amounts, phone numbers and account numbers come wrapped in ``<bdi>``, so that they never turn the sentence around them.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, cast

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from raseed.kernel.money import Money
from raseed.web.reader import Reader

register = template.Library()

LONG_AMOUNT: Final = 15
"""Characters from which an amount is set smaller where it is the largest thing on the page."""
TURNING_ICONS: Final = frozenset({"send", "back", "on", "out"})
"""Icons that point along the line of text, and so turn round where it runs from the right."""
ICONS: Final = {
    "home": '<path d="M4 11.5 12 5l8 6.5V19a1 1 0 0 1-1 1h-4.5v-5h-5v5H5a1 1 0 0 1-1-1z"/>',
    "send": '<path d="M4 12h15M13 6l6 6-6 6"/>',
    "statement": '<path d="M6 3.5h12v17l-3-2-3 2-3-2-3 2zM9 8.5h6M9 12.5h6"/>',
    "settings": '<path d="M4 7h10M18 7h2M4 17h2M10 17h10"/><circle cx="16" cy="7" r="2"/><circle cx="8" cy="17" r="2"/>',
    "arrived": '<path d="M12 5v13M6.5 12.5 12 18l5.5-5.5"/>',
    "left": '<path d="M12 19V6M6.5 11.5 12 6l5.5 5.5"/>',
    "check": '<path d="m5 12.5 4.5 4.5L19 7.5"/>',
    "cross": '<path d="m7 7 10 10M17 7 7 17"/>',
    "alert": '<circle cx="12" cy="12" r="8.5"/><path d="M12 7.5v5.5M12 16.2v.1"/>',
    "info": '<circle cx="12" cy="12" r="8.5"/><path d="M12 11v5.5M12 7.8v.1"/>',
    "plus": '<path d="M12 5v14M5 12h14"/>',
    "on": '<path d="m9.5 6 6 6-6 6"/>',
    "back": '<path d="m14.5 6-6 6 6 6"/>',
    "out": '<path d="M14 5H6v14h8M11 12h9M17 8.5l3.5 3.5-3.5 3.5"/>',
    "wallet": '<path d="M4 7.5A2.5 2.5 0 0 1 6.5 5H17v3M4 7.5V17a2 2 0 0 0 2 2h14V8H6.5"/><path d="M16 13.5h.1"/>',
    "bank": '<path d="m4 9 8-4.5L20 9zM6 12v5M10 12v5M14 12v5M18 12v5M4 19.5h16"/>',
    "again": '<path d="M19 12a7 7 0 1 1-2.2-5.1M19 4v4h-4"/>',
    "print": '<path d="M7 9V4h10v5M7 17H4.5V9h15v8H17M7 14h10v6H7z"/>',
}  # fmt: skip


def _reader(context: template.Context) -> Reader:
    return cast(Reader, context["reader"])


@register.simple_tag
def icon(name: str) -> SafeString:
    """Draw an icon; the words beside it say what it means, so it is hidden from readers of screens."""
    turns = " icon-turns" if name in TURNING_ICONS else ""
    drawing = mark_safe(ICONS[name])  # noqa: S308  (ours, from the table above)
    return format_html('<svg class="icon{}" viewBox="0 0 24 24" aria-hidden="true">{}</svg>', turns, drawing)


@register.simple_tag
def logo() -> SafeString:
    """Draw the mark: a coin in two equal halves, what one side owes and what the other owns."""
    return mark_safe(
        '<svg viewBox="0 0 64 64" aria-hidden="true"><rect width="64" height="64" rx="15" fill="#0b5a4a"/>'
        '<path fill="#fff" d="M29.5 13.2a19 19 0 0 0 0 37.6z"/>'
        '<path fill="#e3bd6e" d="M34.5 13.2a19 19 0 0 1 0 37.6z"/></svg>'
    )


@register.simple_tag(takes_context=True)
def money(context: template.Context, amount: Money, style: str = "", *, signed: bool = False) -> SafeString:
    """Write an amount in the reader's digits; ``style="figure"`` sets it as the page's largest thing."""
    text = _reader(context).money(amount, signed=signed)
    long = " long" if style and len(text) >= LONG_AMOUNT else ""
    return format_html('<bdi class="money{}{}">{}</bdi>', f" {style}" if style else "", long, text)


@register.simple_tag(takes_context=True)
def day(context: template.Context, when: date, country: str = "") -> str:
    """Write a date."""
    return _reader(context).day(when, country=country or None)


@register.simple_tag(takes_context=True)
def day_month(context: template.Context, when: date, country: str = "") -> str:
    """Write a date without its year, for short lists of the latest."""
    return _reader(context).day_month(when, country=country or None)


@register.simple_tag(takes_context=True)
def moment(context: template.Context, when: datetime, zone: str, country: str = "") -> SafeString:
    """Write an instant as date and time in ``zone``."""
    text = _reader(context).moment(when, zone=zone, country=country or None)
    return format_html('<time datetime="{}"><bdi>{}</bdi></time>', when.isoformat(timespec="seconds"), text)


@register.simple_tag(takes_context=True)
def clock(context: template.Context, when: datetime, zone: str) -> SafeString:
    """Write the time of day of an instant in ``zone``."""
    text = _reader(context).time(when, zone=zone)
    return format_html('<time datetime="{}"><bdi>{}</bdi></time>', when.isoformat(timespec="seconds"), text)


@register.simple_tag(takes_context=True)
def digits(context: template.Context, text: object) -> SafeString:
    """Write a phone number, an account number or a reference: always from the left, in the reader's digits.

    The order is forced (``<bdo>``): left to themselves, groups of Arabic-Indic digits would line up from the right. A
    code with letters in it (an IBAN, a reference) keeps Latin digits, as it is printed everywhere else.
    """
    plain = str(text)
    shown = plain if any(character.isalpha() for character in plain) else _reader(context).text(plain)
    return format_html('<bdo class="number" dir="ltr">{}</bdo>', shown)
