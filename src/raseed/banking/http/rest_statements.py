"""Statements: lines page by page, searched if asked, and whole periods as documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import chain
from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpResponseBase, StreamingHttpResponse
from ninja import Path, Query
from pydantic import Field, WithJsonSchema

from raseed.platform.rest.callers import ApiRequest
from raseed.platform.rest.fields import AMOUNT_WIRE_MAX, FROM_TEXT, Day, Given, Id, MoneyGiven, Taken, whole
from raseed.platform.rest.forms import wanted_form
from raseed.platform.rest.routes import Resource

from .. import api as banking
from .rest_accounts import account_here
from .rest_products import SEE_OWN, VIEW

statements = Resource("Statements", "What moved on an account: line by line, or a period as PDF, CSV or camt.053.")
PDF = "application/pdf"
CSV = "text/csv"
CAMT = "application/xml"
FORMS = (PDF, CSV, CAMT)
_PLACE = "^[1-9][0-9]{0,17}$"
_DAY = {"type": "string", "format": "date", "example": "2026-01-31"}
_MINOR = {"type": "integer", "minimum": 0, "maximum": AMOUNT_WIRE_MAX}
_SEARCH_MAX = 100


class LineGiven(Given):
    """One movement as the account's holder reads it: ``amount`` is negative when money went out."""

    seq: str
    posted_at: datetime
    booked_on: date
    counterparty: str
    counterparty_kind: Literal["customer", "own_account", "institution"]
    amount: MoneyGiven
    balance_after: MoneyGiven
    reference: str
    note: str
    payment_id: UUID | None


class LineList(Given):
    """Lines, newest first; ``next`` asks for those that follow, as ``after``; null: there are none.

    A page of a search may have few lines or none and still a next one; ``searched_back_to`` says how far it has looked.
    """

    lines: list[LineGiven]
    next: str | None
    searched_back_to: datetime | None


class LinesAsked(Taken):
    """A page of lines, and what is looked for; all conditions must hold."""

    after: Annotated[str | None, Field(pattern=_PLACE), WithJsonSchema({"type": "string", "pattern": _PLACE})] = None
    limit: Annotated[int, whole(1, banking.STATEMENT_LINES_MAX), FROM_TEXT] = banking.STATEMENT_LINES_MAX
    flow: Annotated[Literal["in", "out"] | None, WithJsonSchema({"type": "string", "enum": ["in", "out"]})] = None
    first_day: Annotated[Day | None, WithJsonSchema(_DAY)] = None
    last_day: Annotated[Day | None, WithJsonSchema(_DAY)] = None
    least_minor: Annotated[
        Annotated[int, Field(ge=0, le=AMOUNT_WIRE_MAX)] | None, FROM_TEXT, WithJsonSchema(_MINOR)
    ] = None
    most_minor: Annotated[Annotated[int, Field(ge=0, le=AMOUNT_WIRE_MAX)] | None, FROM_TEXT, WithJsonSchema(_MINOR)] = (
        None
    )
    text: Annotated[str, Field(max_length=_SEARCH_MAX)] = ""


class Period(Taken):
    """Booked days, both included."""

    first_day: Day
    last_day: Day


@statements.get("/accounts/{account_id}/lines", permission=VIEW, own=SEE_OWN, answer=LineList, refuses=(422,))
def list_lines(request: ApiRequest, account_id: Path[Id], asked: Query[LinesAsked]) -> LineList:
    """List what moved on an account, newest first; words are in the language of Accept-Language."""
    account_here(request.caller, account_id)
    sought = banking.StatementFilter(
        flow=None if asked.flow is None else banking.Flow(asked.flow),
        first_day=asked.first_day,
        last_day=asked.last_day,
        least_minor=asked.least_minor,
        most_minor=asked.most_minor,
        text=asked.text,
    )
    page = banking.statement(
        account_id,
        before=None if asked.after is None else banking.Cursor.parse(asked.after),
        limit=asked.limit,
        language=request.language,
        customer_id=request.caller.customer_id,
        filter=sought,
    )
    return LineList(
        lines=[_line(line) for line in page.lines],
        next=None if page.next is None else page.next.text(),
        searched_back_to=page.searched_back_to,
    )


@statements.get(
    "/accounts/{account_id}/statement", permission=VIEW, own=SEE_OWN, answer=None, refuses=(422,), gives=FORMS, cost=10
)
def statement_document(request: ApiRequest, account_id: Path[Id], period: Query[Period]) -> HttpResponseBase:
    """Give an account's statement of a period as PDF (the default), CSV or camt.053.001.08, as `Accept` asks."""
    form = wanted_form(request, FORMS)
    account_here(request.caller, account_id)
    told = banking.period_statement(
        account_id, period.first_day, period.last_day, language=request.language, customer_id=request.caller.customer_id
    )
    name = f"statement-{account_id}-{told.first_day}-{told.last_day}"
    if form == CSV:
        return _file(banking.statement_csv(told), f"{CSV}; charset=utf-8", f"{name}.csv")
    if form == CAMT:
        return _file(banking.statement_camt053(told), CAMT, f"{name}.camt053.xml")
    return _file([banking.statement_pdf(told)], PDF, f"{name}.pdf")


def _file(parts: Iterable[bytes], kind: str, name: str) -> HttpResponseBase:
    """Answer with a document as it is written; what can't be written at all is refused before anything is sent."""
    rest: Iterator[bytes] = iter(parts)
    first = next(rest, b"")
    response = StreamingHttpResponse(chain((first,), rest), content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _line(line: banking.StatementLine) -> LineGiven:
    return LineGiven(
        seq=str(line.seq),
        posted_at=line.posted_at,
        booked_on=line.booked_on,
        counterparty=line.counterparty,
        counterparty_kind=line.counterparty_kind.value,
        amount=MoneyGiven.of(line.amount),
        balance_after=MoneyGiven.of(line.balance_after),
        reference=line.reference,
        note=line.note,
        payment_id=line.payment_id,
    )
