"""The routes of ``/ledger/v1``. Transfers go through group commit; every other verb runs its sync service in a thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final, ParamSpec, TypeVar

import msgspec
from django.db import InterfaceError, OperationalError

from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import parse_id
from raseed.kernel.money import currency
from raseed.platform.rail.application import Answer, Request, Route
from raseed.platform.rail.bodies import decoded, read_query
from raseed.platform.rail.errors import WrongShape
from raseed.platform.rail.openapi import describe
from raseed.platform.rail.pool import Pool

from .. import queries, services
from ..commit import GroupCommit
from ..domain import AMOUNT_MAX, CreateAccountResult, CreateTransferResult
from ..domain import NewTransfer as LedgersTransfer
from ..errors import AccountNotFound, LedgerUnavailable, OutcomeUnknown, TransferNotFound
from . import shapes

SCOPE: Final = "ledger"
PAGE_MAX: Final = 1000
PAGE: Final = 50
IN_THREAD_BYTES_MIN: Final = 32_768
"""Bodies of at least this size are read in a thread, so that nobody's single transfer waits for them."""
STATUSES: Final[Mapping[type[RaseedError], int]] = {OutcomeUnknown: 504}
TITLE: Final = "Raseed: the ledger"
TEXT: Final = (
    "Double entry for trusted systems. The caller makes every id and keeps it before sending; a repeat answers `exists`. "
    "A refusal by the books is a result with status 200, and changes nothing; 201 means that one transfer was posted. "
    "An array is answered with an array of results, in its order."
)
_PREFIX: Final = "/ledger/v1"
_SEQ: Final = {"type": "string", "pattern": "^[0-9]{1,19}$"}
_encode: Final = msgspec.json.Encoder().encode
_transfers: Final[msgspec.json.Decoder[Any]] = msgspec.json.Decoder(shapes.NewTransfers)
_accounts: Final[msgspec.json.Decoder[Any]] = msgspec.json.Decoder(shapes.NewAccounts)
_ledgers: Final = msgspec.json.Decoder(shapes.NewLedger)
_P = ParamSpec("_P")
_T = TypeVar("_T")


def read_transfers(body: bytes) -> list[LedgersTransfer]:
    """Return the transfers of a body that holds an array of them.

    Raises:
        NotJson, WrongShape, InvalidId: it does not.
    """
    asked = decoded(_transfers, body)
    shapes.check_ids(body, asked)
    return [shapes.new_transfer(item, f"[{place}].amount") for place, item in enumerate(asked)]


def _result_of_array(transfers: list[LedgersTransfer], results: list[CreateTransferResult]) -> bytes:
    names = shapes.RESULTS
    return _encode([
        shapes.TransferResult(transfer.id, names[result]) for transfer, result in zip(transfers, results, strict=True)
    ])  # fmt: skip


class LedgerRail:
    """The handlers, over a group commit and a pool of threads."""

    def __init__(self, commit: GroupCommit, pool: Pool) -> None:
        self._commit = commit
        self._pool = pool
        self._description = b""

    async def create_transfers(self, request: Request) -> Answer:
        """Post one transfer, or an array of them."""
        body = request.body
        if body[:1] == b"[" or body.lstrip()[:1] == b"[":
            return await self._create_many(body)
        asked = decoded(_transfers, body)
        shapes.check_ids(body, asked)
        [result] = await self._commit.create_transfers((shapes.new_transfer(asked),))
        answer = _encode(shapes.TransferResult(asked.id, shapes.RESULTS[result]))
        return Answer(answer, 201 if result is CreateTransferResult.OK else 200)

    async def _create_many(self, body: bytes) -> Answer:
        if len(body) < IN_THREAD_BYTES_MIN:
            transfers = read_transfers(body)
            return Answer(_result_of_array(transfers, await self._commit.create_transfers(transfers)))
        transfers = await self._pool.run(read_transfers, body)
        results = await self._commit.create_transfers(transfers)
        return Answer(await self._pool.run(_result_of_array, transfers, results))

    async def create_accounts(self, request: Request) -> Answer:
        """Create one account, or an array of them."""

        def create() -> Answer:
            asked = decoded(_accounts, request.body)
            shapes.check_ids(request.body, asked)
            many = isinstance(asked, list)
            accounts = [shapes.new_account(item) for item in (asked if many else [asked])]
            results = services.create_accounts(accounts)
            shown = [
                shapes.AccountResult(account.id, shapes.ACCOUNT_RESULTS[result])
                for account, result in zip(accounts, results, strict=True)
            ]
            if many:
                return Answer(_encode(shown))
            return Answer(_encode(shown[0]), 201 if results[0] is CreateAccountResult.OK else 200)

        return await self._write(create)

    async def open_ledger(self, request: Request) -> Answer:
        """Open a ledger, or find it open."""

        def open_it() -> Answer:
            asked = decoded(_ledgers, request.body)
            shapes.check_ids(request.body.replace(asked.currency.encode(), b""), asked)
            number = services.open_ledger(institution_id=asked.institution_id, currency=currency(asked.currency))
            return Answer(_encode(shapes.shown_ledger(queries.ledger_info(number))))

        return await self._write(open_it)

    async def account(self, request: Request) -> Answer:
        """Show an account."""
        account_id = parse_id(request.places["id"], field="id")
        read_query(request.query, ())
        found = await self._read(queries.look_up_accounts, [account_id])
        if account_id not in found:
            raise AccountNotFound(field="id")
        return Answer(_encode(shapes.shown_account(found[account_id])))

    async def transfer(self, request: Request) -> Answer:
        """Show a transfer."""
        transfer_id = parse_id(request.places["id"], field="id")
        read_query(request.query, ())
        found = await self._read(queries.look_up_transfers, [transfer_id])
        if transfer_id not in found:
            raise TransferNotFound(field="id")
        return Answer(_encode(shapes.shown_transfer(found[transfer_id])))

    async def history(self, request: Request) -> Answer:
        """Show a page of an account's history."""
        account_id = parse_id(request.places["id"], field="id")
        asked = read_query(request.query, ("before", "limit"))
        before = _number(asked, "before", AMOUNT_MAX)
        limit = _number(asked, "limit", PAGE_MAX) or PAGE

        def show() -> Answer:
            entries = queries.account_history(account_id, before_seq=before, limit=limit)
            return Answer(_encode(shapes.shown_history(entries, limit)))

        return await self._read(show)

    async def balances(self, request: Request) -> Answer:
        """Show an account's balances now, or as of an instant, a place in the order, or a booked date."""
        account_id = parse_id(request.places["id"], field="id")
        asked = read_query(request.query, ("at", "seq", "booked_on"))
        if len(asked) > 1:
            raise WrongShape(detail="give at most one of at, seq and booked_on")
        at, seq, booked_on = _instant(asked, "at"), _number(asked, "seq", AMOUNT_MAX), _date(asked, "booked_on")

        def show() -> Answer:
            if asked:
                found = queries.balances_at([account_id], at=at, seq=seq, booked_on=booked_on)
            else:
                found = {id_: account.balances for id_, account in queries.look_up_accounts([account_id]).items()}
            if account_id not in found:
                raise AccountNotFound(field="id")
            return Answer(_encode(shapes.BalancesAt(account_id, shapes.shown_balances(found[account_id]))))

        return await self._read(show)

    async def description(self, _request: Request) -> Answer:
        """Show the description of this API."""
        if not self._description:
            self._description = _encode(describe(TITLE, "1", TEXT, self.routes()))
        return Answer(self._description)

    async def _read(self, verb: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return await self._pool.run(verb, *args, **kwargs)
        except (OperationalError, InterfaceError) as error:
            raise LedgerUnavailable from error

    async def _write(self, verb: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return await self._pool.run(verb, *args, **kwargs)
        except (OperationalError, InterfaceError) as error:
            raise OutcomeUnknown from error

    def routes(self) -> list[Route]:
        """Return the routes of ``/ledger/v1``."""
        account = f"{_PREFIX}/accounts/{{id}}"
        page = {"type": "integer", "minimum": 1, "maximum": PAGE_MAX, "default": PAGE}
        as_of = {
            "at": {"type": "string", "format": "date-time"},
            "seq": _SEQ,
            "booked_on": {"type": "string", "format": "date"},
        }
        posted = {200: shapes.TransferResult | list[shapes.TransferResult], 201: shapes.TransferResult}
        opened = {200: shapes.AccountResult | list[shapes.AccountResult], 201: shapes.AccountResult}
        return [
            Route("POST", f"{_PREFIX}/transfers", self.create_transfers, SCOPE,
                  "Post one transfer, or an array of up to 8,190.", shapes.NewTransfers, posted),
            Route("GET", f"{_PREFIX}/transfers/{{id}}", self.transfer, SCOPE, "Show a posted transfer.",
                  gives={200: shapes.Transfer}),
            Route("POST", f"{_PREFIX}/accounts", self.create_accounts, SCOPE,
                  "Create one account, or an array of up to 8,190.", shapes.NewAccounts, opened),
            Route("GET", account, self.account, SCOPE, "Show an account as it stands.", gives={200: shapes.Account}),
            Route("GET", f"{account}/history", self.history, SCOPE,
                  "Show an account's transfers, newest first, each with the balances after it.",
                  gives={200: shapes.History}, parameters={"before": _SEQ, "limit": page}),
            Route("GET", f"{account}/balances", self.balances, SCOPE,
                  "Show an account's balances now, or as of one of: an instant, a place in the order, a booked date.",
                  gives={200: shapes.BalancesAt}, parameters=as_of),
            Route("POST", f"{_PREFIX}/ledgers", self.open_ledger, SCOPE,
                  "Open the ledger of an institution in a currency, or find it open.", shapes.NewLedger, {200: shapes.Ledger}),
            Route("GET", f"{_PREFIX}/openapi.json", self.description, None, "Show this description.", gives={200: dict[str, Any]}),
        ]  # fmt: skip


def _number(asked: Mapping[str, str], name: str, most: int) -> int | None:
    text = asked.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 19 or not 1 <= int(text) <= most:  # noqa: PLR2004
        raise WrongShape(field=name, detail=f"it must be a whole number from 1 to {most}")
    return int(text)


def _instant(asked: Mapping[str, str], name: str) -> datetime | None:
    text = asked.get(name)
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise WrongShape(field=name, detail="it must be an instant with its offset, such as 2026-01-31T23:59:59Z")
    return found


def _date(asked: Mapping[str, str], name: str) -> date | None:
    text = asked.get(name)
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise WrongShape(field=name, detail="it must be a date, such as 2026-01-31") from None
