"""In which form an answer is wanted: the header ``Accept`` (RFC 9110, 12.5.1)."""

from __future__ import annotations

from collections.abc import Sequence

from .callers import ApiRequest
from .errors import NoSuchForm

_HEADER_LENGTH_MAX = 500
_PARTS_MAX = 20


def wanted_form(request: ApiRequest, forms: Sequence[str]) -> str:
    """Return which of ``forms`` is wanted most; the first where that is left open.

    Raises:
        NoSuchForm: none of them is.
    """
    header = request.META.get("HTTP_ACCEPT", "")[:_HEADER_LENGTH_MAX].lower()
    if not header.strip():
        return forms[0]
    best, weight = "", 0
    ranges = [_range(part) for part in header.split(",")[:_PARTS_MAX]]
    for form in forms:
        # The closest range counts for a form, not the heaviest: "*/*;q=1, text/csv;q=0" does not want CSV.
        fitting = [(len(kind.replace("*", "")), given) for kind, given in ranges if _fits(kind, form)]
        given = max(fitting)[1] if fitting else 0
        if given > weight:
            best, weight = form, given
    if not best:
        raise NoSuchForm(forms=", ".join(forms))
    return best


def _range(part: str) -> tuple[str, int]:
    """Return a media range and its weight in thousandths."""
    kind, *parameters = (word.strip() for word in part.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            whole, _, rest = value.strip().partition(".")
            digits = (rest + "000")[:3]
            if whole in {"0", "1"} and digits.isascii() and digits.isdigit():
                return kind, min(int(whole) * 1000 + int(digits), 1000)
            return kind, 0
    return kind, 1000


def _fits(kind: str, form: str) -> bool:
    return kind in {"*/*", form, form.partition("/")[0] + "/*"}
