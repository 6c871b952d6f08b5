"""Tags for the back office: things by their names, marks of a state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from .raseed import digits

if TYPE_CHECKING:
    from raseed.web.office.naming import Named

register = template.Library()


@register.simple_tag(takes_context=True)
def named(context: template.Context, thing: Named, *, with_kind: bool = False) -> SafeString:
    """Write a thing's name, with a link to its page where there is one for this reader."""
    words = digits(context, thing.words) if thing.number else format_html("<bdi>{}</bdi>", thing.words)
    if thing.address:
        words = format_html('<a href="{}">{}</a>', thing.address, words)
    return format_html("{} {}", thing.kind_words, words) if with_kind and thing.kind != "system" else words


@register.simple_tag
def badge(words: str, look: str = "") -> SafeString:
    """Write the mark of a state: always a word, a colour beside it."""
    return format_html('<span class="badge{}">{}</span>', f" {look}" if look else "", words)
