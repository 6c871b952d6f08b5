"""A statement to take away: a period as PDF, CSV or camt.053."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import TYPE_CHECKING, Final

from django.http import StreamingHttpResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import RaseedError, mark
from raseed.web.accounts import accounts_of, shown
from raseed.web.days import InvalidDay, day_in
from raseed.web.periods import OWN, Period, periods_until
from raseed.web.rendering import render, words
from raseed.web.requests import CustomerRequest, signed_in

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import QueryDict
    from django.http.response import HttpResponseBase


@dataclass(frozen=True, slots=True)
class Format:
    """A sort of file. ``words`` (a message id) says what it is good for."""

    code: str
    words: str
    content_type: str
    ending: str
    write: Callable[[banking.PeriodStatement], Iterable[bytes]]


FORMATS: Final = (
    Format(
        "pdf", mark("PDF, to print and to show"), "application/pdf", "pdf", lambda told: (banking.statement_pdf(told),)
    ),
    Format("csv", mark("CSV, for a spreadsheet"), "text/csv; charset=utf-8", "csv", banking.statement_csv),
    Format("camt053", mark("camt.053, for bookkeeping"), "application/xml", "camt053.xml", banking.statement_camt053),
)
_LAST_DAY_ERRORS: Final = (banking.PeriodUpsideDown,)


@require_safe
@signed_in
def take_away(request: CustomerRequest, account_id: UUID) -> HttpResponseBase:
    """Show the form of periods and sorts of files, or send the file that was asked for."""
    account = shown(accounts_of(request.customer, request.reader), account_id)
    periods = periods_until(banking.business_day(account.account, SYSTEM_CLOCK.now()))
    wanted = next((each for each in FORMATS if each.code == request.GET.get("format")), None)
    errors: dict[str, RaseedError] = {}
    if wanted is not None:
        try:
            first, last = _days(request.GET, periods)
            told = banking.period_statement(
                account_id, first, last, language=request.reader.language, customer_id=request.customer.id
            )
            return _file(told, wanted)
        except RaseedError as error:
            errors[_field(error)] = error
    return render(
        request,
        "web/take_away.html",
        status=400 if errors else 200,
        tab="statement",
        account=account,
        periods=[(each, gettext(each.words)) for each in periods],
        formats=[(each.code, gettext(each.words)) for each in FORMATS],
        period=request.GET.get("period") or periods[0].code,
        format=wanted.code if wanted else FORMATS[0].code,
        first=request.GET.get("first", ""),
        last=request.GET.get("last", ""),
        errors={field: words(request, error) for field, error in errors.items()},
    )


def _days(sent: QueryDict, periods: Sequence[Period]) -> tuple[date, date]:
    """Return the period that was chosen, or the days that were entered.

    Raises:
        InvalidDay: what was entered is no day, or there is none.
    """
    chosen = next((each for each in periods if each.code == sent.get("period")), None)
    if chosen is not None and sent.get("period") != OWN:
        return chosen.first, chosen.last
    first, last = day_in(sent.get("first", ""), field="first"), day_in(sent.get("last", ""), field="last")
    if first is None or last is None:
        raise InvalidDay(field="first" if first is None else "last")
    return first, last


def _field(error: RaseedError) -> str:
    if isinstance(error, InvalidDay) and error.field:
        return error.field
    return "last" if isinstance(error, _LAST_DAY_ERRORS) else "first"


def _file(told: banking.PeriodStatement, wanted: Format) -> HttpResponseBase:
    """Send a file as it is written; what can't be written at all is refused before anything is sent."""
    pieces: Iterator[bytes] = iter(wanted.write(told))
    first = next(pieces, b"")
    response = StreamingHttpResponse(chain((first,), pieces), content_type=wanted.content_type)
    name = f"statement-{told.first_day}-{told.last_day}.{wanted.ending}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
