"""What is collected: today's count and sum with the newest payments, which look again by themselves; and the search.

What is searched for stays out of addresses: it names people's accounts. It is posted, kept in the session, and fetched.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from raseed.bills import api as bills
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import RaseedError
from raseed.kernel.money import InvalidAmount, parse_amount
from raseed.web.biller.rendering import render
from raseed.web.biller.requests import ClerkRequest, clerk_only
from raseed.web.days import InvalidDay, day_in
from raseed.web.rendering import words

if TYPE_CHECKING:
    from datetime import date

    from django.http import QueryDict
    from django.http.response import HttpResponseBase

    from raseed.kernel.money import Currency

SHOWN: Final = 20
PER_PAGE: Final = 50
TYPED_MAX: Final = 120
KEPT: Final = "search"


@dataclass(frozen=True, slots=True)
class Entered:
    """What stands in the search form, as typed."""

    text: str = ""
    first: str = ""
    last: str = ""
    amount: str = ""

    @classmethod
    def of(cls, sent: QueryDict) -> Entered:
        """Read a sent form."""
        return cls(**{name: " ".join(sent.get(name, "")[:TYPED_MAX].split()) for name in cls.__slots__})

    @classmethod
    def kept(cls, kept: object) -> Entered:
        """Return what was entered last, as the session keeps it."""
        found = kept if isinstance(kept, dict) else {}
        return cls(**{name: str(found.get(name, "")) for name in cls.__slots__})

    def __bool__(self) -> bool:
        """Say whether anything was entered."""
        return any(asdict(self).values())

    def understood(self, currency: Currency) -> tuple[bills.CollectionSearch, dict[str, RaseedError]]:
        """Return what to look for, and every reason why some of it can't be, by field."""
        errors: dict[str, RaseedError] = {}
        days: dict[str, date | None] = {"first": None, "last": None}
        for name in days:
            try:
                days[name] = day_in(getattr(self, name), field=name)
            except InvalidDay as error:
                errors[name] = error
        first, last = days["first"], days["last"]
        if first and last and last < first:
            errors["last"] = InvalidDay(field="last")
        amount = None
        try:
            amount = parse_amount(self.amount, currency, field="amount") if self.amount else None
        except InvalidAmount as error:
            errors["amount"] = error
        return bills.CollectionSearch(self.text, first, last, amount), errors


@require_safe
@clerk_only()
def live(request: ClerkRequest) -> HttpResponseBase:
    """Show today's count and sum, and the newest payments. Asked by its own script, the same without the frame."""
    now = SYSTEM_CLOCK.now()
    day = bills.today_of(request.biller.id, now)
    page = bills.collections(request.biller.id, limit=SHOWN)
    return render(
        request,
        "parts/live.html" if request.htmx else "live.html",
        tab="live",
        today=bills.day_sum(request.biller.id, day),
        found=page.collections,
        read_at=now,
        more=page.next is not None,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@clerk_only()
def search(request: ClerkRequest) -> HttpResponseBase:
    """Find payments by what is known of them, page by page; what was looked for last is looked for again."""
    if request.method == "POST":
        request.biller_session[KEPT] = asdict(Entered.of(request.POST))
        return HttpResponseRedirect(reverse("portal:search"), status=303)
    entered = Entered.kept(request.biller_session.get(KEPT))
    wanted, errors = entered.understood(request.biller.currency)
    found = None
    if not errors:
        before = request.GET.get("before") or None
        found = bills.collections(request.biller.id, search=wanted, before=before, limit=PER_PAGE)
    return render(
        request,
        "search.html",
        tab="search",
        entered=entered,
        found=found.collections if found else (),
        next=found.next if found else None,
        later="before" in request.GET,
        errors={name: words(request, error) for name, error in errors.items()},
        status=400 if errors else 200,
    )
