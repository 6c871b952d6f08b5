"""Tags and filters for templates: icons, and amounts, dates and numbers written for the reader.

Amounts, phone numbers and account numbers come wrapped in ``<bdi>``, so that they never turn the sentence around them.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, cast
from zoneinfo import ZoneInfo

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.money import Money
from raseed.web.reader import Reader

register = template.Library()

LONG_AMOUNT: Final = 15
"""Characters from which an amount is set smaller where it is the largest thing on the page."""
TURNING_ICONS: Final = frozenset({"send", "back", "on", "out", "to"})
"""Icons that point along the line of text, and so turn round where it runs from the right."""
ICONS: Final = {
    "home": '<path d="M4 11.5 12 5l8 6.5V19a1 1 0 0 1-1 1h-4.5v-5h-5v5H5a1 1 0 0 1-1-1z"/>',
    "send": '<path d="M4 12h15M13 6l6 6-6 6"/>',
    "statement": '<path d="M6 3.5h12v17l-3-2-3 2-3-2-3 2zM9 8.5h6M9 12.5h6"/>',
    "bill": '<path d="M6 3.5h12v17l-2-1.5-2 1.5-2-1.5-2 1.5-2-1.5-2 1.5z"/><path d="m9 10.5 2.2 2.2L15 9"/>',
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
    "search": '<circle cx="10.5" cy="10.5" r="6"/><path d="m15 15 5 5"/>',
    "menu": '<path d="M4 7h16M4 12h16M4 17h16"/>',
    "person": '<circle cx="12" cy="8" r="3.5"/><path d="M5 20c.6-3.8 3.4-6 7-6s6.4 2.2 7 6"/>',
    "people": '<circle cx="9" cy="9" r="3"/><path d="M3.5 19c.5-3.2 2.6-5 5.5-5s5 1.8 5.5 5M15 6.5a3 3 0 0 1 0 5.5M17 14.4c2 .6 3.2 2.2 3.5 4.6"/>',
    "changes": '<path d="M4 8.5h14M14.5 5 18 8.5 14.5 12M20 15.5H6M9.5 12 6 15.5 9.5 19"/>',
    "audit": '<path d="M6 4h12v16H6zM9 8.5h6M9 12h6M9 15.5h3.5"/>',
    "file": '<path d="M6.5 3.5h7l4 4v13h-11zM13.5 3.5v4h4M9 16l3-3 3 3M12 13v5"/>',
    "shield": '<path d="M12 3.5 5 6v5.5c0 4.5 3 7.5 7 9 4-1.5 7-4.5 7-9V6z"/>',
    "lock": '<rect x="5.5" y="10.5" width="13" height="9" rx="1.5"/><path d="M8.5 10.5V8a3.5 3.5 0 0 1 7 0v2.5"/>',
    "tag": '<path d="M4 4.5h8l8 8-7.5 7.5-8.5-8zM8 8.5v.1"/>',
    "key": '<circle cx="8" cy="15" r="3.5"/><path d="m10.5 12.5 8-8M15.5 7.5l3 3M13 10l2 2"/>',
    "day": '<path d="M4.5 6.5h15v13h-15zM4.5 10.5h15M8.5 4v4M15.5 4v4M12 14.5v.1"/>',
    "to": '<path d="M5 12h13M13.5 7.5 18 12l-4.5 4.5"/>',
    "find": '<circle cx="11" cy="11" r="6"/><path d="m15.5 15.5 4.5 4.5"/>',
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


@register.simple_tag
def squares(path: str, side: int, described: str) -> SafeString:
    """Draw a QR code: dark on light whatever the page's colours are, or readers may not find it."""
    return format_html(
        '<svg class="qr" viewBox="0 0 {0} {0}" role="img" aria-label="{2}" shape-rendering="crispEdges">'
        '<path fill="#fff" d="M0 0h{0}v{0}h-{0}z"/><path d="{1}"/></svg>',
        side,
        path,
        described,
    )


@register.simple_tag(takes_context=True)
def money(context: template.Context, amount: Money, style: str = "", *, signed: bool = False) -> SafeString:
    """Write an amount in the reader's digits; ``style="figure"`` sets it as the page's largest thing."""
    text = _reader(context).money(amount, signed=signed)
    long = " long" if style and len(text) >= LONG_AMOUNT else ""
    return format_html('<bdi class="money{}{}">{}</bdi>', f" {style}" if style else "", long, text)


@register.simple_tag(takes_context=True)
def number(context: template.Context, count: int) -> SafeString:
    """Write a whole number."""
    return format_html("<bdi>{}</bdi>", _reader(context).number(count))


@register.simple_tag(takes_context=True)
def day(context: template.Context, when: date, country: str = "") -> str:
    """Write a date."""
    return _reader(context).day(when, country=country or None)


@register.simple_tag(takes_context=True)
def day_month(context: template.Context, when: date, country: str = "") -> str:
    """Write a date without its year, for short lists of the latest."""
    return _reader(context).day_month(when, country=country or None)


@register.simple_tag(takes_context=True)
def month(context: template.Context, when: date, country: str = "") -> str:
    """Write the month of a date with its year."""
    return _reader(context).month(when, country=country or None)


@register.simple_tag(takes_context=True)
def moment(context: template.Context, when: datetime, zone: str, country: str = "") -> SafeString:
    """Write an instant as date and time in ``zone``."""
    text = _reader(context).moment(when, zone=zone, country=country or None)
    return format_html('<time datetime="{}"><bdi>{}</bdi></time>', when.isoformat(timespec="seconds"), text)


@register.simple_tag(takes_context=True)
def date_of(context: template.Context, when: datetime, zone: str, country: str = "") -> SafeString:
    """Write the date of an instant in ``zone``, where a list has no room for its hour."""
    text = _reader(context).day(when.astimezone(ZoneInfo(zone)).date(), country=country or None)
    return format_html('<time datetime="{}"><bdi>{}</bdi></time>', when.isoformat(timespec="seconds"), text)


@register.simple_tag(takes_context=True)
def clock(context: template.Context, when: datetime, zone: str, *, seconds: bool = False) -> SafeString:
    """Write the time of day of an instant in ``zone``."""
    text = _reader(context).time(when, zone=zone, seconds=seconds)
    return format_html('<time datetime="{}"><bdi>{}</bdi></time>', when.isoformat(timespec="seconds"), text)


@register.simple_tag(takes_context=True)
def clock_or_moment(context: template.Context, when: datetime, zone: str, country: str) -> SafeString:
    """Write the time of day of an instant of today, date and time of one of another day."""
    today = SYSTEM_CLOCK.now().astimezone(ZoneInfo(zone)).date()
    return (
        clock(context, when, zone)
        if when.astimezone(ZoneInfo(zone)).date() == today
        else moment(context, when, zone, country)
    )


@register.simple_tag(takes_context=True)
def digits(context: template.Context, text: object) -> SafeString:
    """Write a phone number, an account number or a reference: always from the left, in the reader's digits.

    The order is forced (``<bdo>``): left to themselves, groups of Arabic-Indic digits would line up from the right. A
    code with letters in it (an IBAN, a reference) keeps Latin digits, as it is printed everywhere else.
    """
    plain = str(text)
    shown = plain if any(character.isalpha() for character in plain) else _reader(context).text(plain)
    return format_html('<bdo class="number" dir="ltr">{}</bdo>', shown)
