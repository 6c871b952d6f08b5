"""What a browser says of itself, in a few words, for the customer's own list of sign-ins: ``Firefox, Android``.

It is a help to remember by, not a proof: anyone may say anything in this header.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from django.http import HttpRequest

_LOOKED_AT_MAX: Final = 400
_BROWSERS: Final = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox/", "Firefox"), ("FxiOS", "Firefox"),
    ("Chrome/", "Chrome"), ("CriOS", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
_SYSTEMS: Final = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS X", "macOS"), ("Linux", "Linux"),
)  # fmt: skip
"""What stands in the header, the telling ones first: browsers name those that they descend from too."""


def device_of(request: HttpRequest) -> str:
    """Return browser and system; empty where the header names none that is known."""
    header = request.META.get("HTTP_USER_AGENT", "")[:_LOOKED_AT_MAX]
    found = (next((name for sign, name in table if sign in header), "") for table in (_BROWSERS, _SYSTEMS))
    return ", ".join(name for name in found if name)
