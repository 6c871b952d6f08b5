"""A lane: one connection on which group commit posts one batch of many callers' transfers after the other.

A lane never tells a caller "failed" when it does not know. A batch that failed before its COMMIT was sent changed nothing
and is posted again. Where the connection broke during the COMMIT, the lane connects again and asks whether exactly that
transaction's rows are there; only when nobody can tell it within ``unknown_seconds_max`` it says ``OutcomeUnknown``.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import psycopg
from django.db import connections
from psycopg import errors as pg_errors
from psycopg import pq

from .domain import CreateTransferResult as Result
from .engine import post_batch
from .errors import LedgerBusy, LedgerUnavailable, OutcomeUnknown
from .records import kept_code

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from raseed.kernel.clock import Clock

    from .domain import NewTransfer

    Connection = psycopg.Connection[Any]
    Outcome = list[Result] | BaseException

Seconds = float
"""Of a clock, never of money."""
TRIES_MAX: Final = 8
"""How often a batch is posted again because other transactions stood in its way."""
CHECKED_BATCHES: Final = 64
"""After an id came twice, so many batches look ids up first: who repeats one mostly repeats more."""
RECONNECT_SECONDS_MAX: Final = 10.0
"""How long a batch that was not posted waits for a database that can't be reached."""
UNKNOWN_SECONDS_MAX: Final = 30.0
"""How long a batch whose outcome is unknown waits for somebody to ask."""
APART_SECONDS_MAX: Final = 5.0
"""How long the callers of a batch that can't be posted together are tried one by one."""
PAUSE_SECONDS_MIN: Final = 0.02
PAUSE_SECONDS_MAX: Final = 1.0
_LOCK_MS: Final = 2000
_LOCK_APART_MS: Final = 50
_SESSION: Final = (
    f"-c lock_timeout={_LOCK_MS} -c statement_timeout=60000 -c idle_in_transaction_session_timeout=10000"
    " -c synchronous_commit=on"
)
_AGAIN: Final = (pg_errors.DeadlockDetected, pg_errors.SerializationFailure)
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Tally:
    """What a lane has done since it started; read by others, written by its thread only."""

    batches: int = 0
    transfers: int = 0
    seconds: Seconds = 0.0
    again: int = 0
    reconnects: int = 0
    unknown: int = 0


def app_connection() -> Connection:
    """Connect to the database of Django's ``default`` connection, as its role, for a lane of its own.

    Raises:
        psycopg.OperationalError: the server can't be reached.
    """
    given = connections.settings["default"]
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    address = {name: given[key] for key, name in names.items() if given.get(key)}
    options = {key: value for key, value in given.get("OPTIONS", {}).items() if isinstance(value, str | int)}
    bounds = {"connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3,
              "tcp_user_timeout": 15_000}  # fmt: skip
    session = f"{options.pop('options', '')} {_SESSION}".strip()
    return psycopg.connect(
        **{"application_name": "raseed-ledger-lane", **bounds, **options, **address, "options": session}
    )


class Lane:
    """Posts batches on a connection of its own. One thread uses it."""

    def __init__(
        self,
        connect: Callable[[], Connection],
        clock: Clock,
        *,
        reconnect_seconds_max: Seconds = RECONNECT_SECONDS_MAX,
        unknown_seconds_max: Seconds = UNKNOWN_SECONDS_MAX,
    ) -> None:
        self.tally = Tally()
        self._connect = connect
        self._clock = clock
        self._reconnect_seconds_max = reconnect_seconds_max
        self._unknown_seconds_max = unknown_seconds_max
        self._connection: Connection | None = None
        self._away_since: Seconds | None = None
        self._checked_left = 0

    def post(self, calls: Sequence[Sequence[NewTransfer]]) -> list[Outcome]:
        """Post many callers' transfers in one transaction; return each caller's results, or the error that is theirs.

        What one caller sends can't spoil another's: a batch that fails as a whole is posted caller by caller.
        """
        began = time.perf_counter()
        transfers = calls[0] if len(calls) == 1 else [transfer for call in calls for transfer in call]
        outcomes: list[Outcome]
        try:
            results = self._post_together(transfers)
        except (LedgerUnavailable, OutcomeUnknown) as error:
            outcomes = [type(error)() for _ in calls]
        except Exception as error:  # noqa: BLE001 - each caller is handed what is theirs
            outcomes = [_theirs(error)] if len(calls) == 1 else self._post_apart(calls)
        else:
            outcomes = _split(results, calls)
        self.tally.batches += 1
        self.tally.transfers += len(transfers)
        self.tally.seconds += time.perf_counter() - began
        return outcomes

    def close(self) -> None:
        """Give the connection back; an open transaction is rolled back by the server."""
        self._drop()

    def _post_together(self, transfers: Sequence[NewTransfer]) -> list[Result]:
        check = self._checked_left > 0
        self._checked_left -= check
        for _ in range(TRIES_MAX):
            connection = self._connected(self._reconnect_seconds_max)
            try:
                results, xid = post_batch(connection, transfers, self._clock, check_ids=check)
                known = self._commit(connection)
            except pg_errors.UniqueViolation:
                check, self._checked_left = True, CHECKED_BATCHES
                self._roll_back()
            except _AGAIN:
                self._roll_back()
            except Exception as error:
                lost = _is_lost(connection, getattr(error, "sqlstate", None))
                self._drop() if lost else self._roll_back()
                if not lost:
                    raise
            else:
                if known or self._was_committed(transfers, results, xid):
                    return results
            self.tally.again += 1
        raise LedgerBusy

    def _post_apart(self, calls: Sequence[Sequence[NewTransfer]]) -> list[Outcome]:
        """Post each caller's transfers alone, with little patience for locks: who stands in the way waits, the others don't."""
        outcomes: list[Outcome] = []
        deadline = time.monotonic() + APART_SECONDS_MAX
        for call in calls:
            try:
                if time.monotonic() > deadline:
                    raise LedgerBusy  # noqa: TRY301 - the same answer as below, one way out
                self._set_lock_timeout(_LOCK_APART_MS)
                outcomes.append(self._post_together(call))
            except Exception as error:  # noqa: BLE001 - it is handed to its caller
                outcomes.append(_theirs(error))
        try:
            self._set_lock_timeout(_LOCK_MS)
        except (LedgerUnavailable, psycopg.Error):
            self._drop()
        return outcomes

    def _set_lock_timeout(self, milliseconds: int) -> None:
        connection = self._connected(self._reconnect_seconds_max)
        connection.pgconn.exec_(f"SET lock_timeout = {milliseconds}".encode())

    def _commit(self, connection: Connection) -> bool:
        """Commit; say whether that is known to have happened.

        Raises:
            psycopg.Error: the server refused to, and nothing is kept.
        """
        try:
            result = connection.pgconn.exec_(b"COMMIT")
        except psycopg.OperationalError:
            self._drop()
            return False
        if result.status == pq.ExecStatus.COMMAND_OK and result.command_status == b"COMMIT":
            return True
        state = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()
        if not state or _is_lost(connection, state):
            self._drop()
            return False
        raise pg_errors.lookup(state)(result.error_message.decode(errors="replace").strip())

    def _was_committed(self, transfers: Sequence[NewTransfer], results: Sequence[Result], xid: int) -> bool:
        """Find out whether a transaction that was being committed when the connection broke is in the books.

        Its rows carry its number (``xmin``), so another transaction's rows under the same ids are not taken for them.

        Raises:
            OutcomeUnknown: nobody can tell within the bound.
        """
        self.tally.unknown += 1
        kept = [t.id for t, result in zip(transfers, results, strict=True) if kept_code(result) >= 0]
        if not kept:
            return True  # it had nothing to keep: the answers stand either way
        deadline = time.monotonic() + self._unknown_seconds_max
        pause = PAUSE_SECONDS_MIN
        while (left := deadline - time.monotonic()) > 0:
            try:
                found = _rows_of(self._connected(left), kept, xid)
            except LedgerUnavailable as error:
                raise OutcomeUnknown from error
            except psycopg.OperationalError:
                self._drop()
                found = None
            if found is not None:
                assert found in {0, len(kept)}, f"{found} of {len(kept)} rows of one transaction"
                return found > 0
            time.sleep(pause)
            pause = min(2 * pause, PAUSE_SECONDS_MAX)
        raise OutcomeUnknown

    def _connected(self, patience: Seconds) -> Connection:
        if self._connection is not None and self._connection.pgconn.status == pq.ConnStatus.OK:
            return self._connection
        self._drop()
        pause = PAUSE_SECONDS_MIN
        while True:
            try:
                self._connection = self._connect()
            except psycopg.OperationalError as error:
                now = time.monotonic()
                self._away_since = self._away_since or now
                if now - self._away_since >= patience:
                    raise LedgerUnavailable from error
            else:
                self.tally.reconnects += self._away_since is not None
                self._away_since = None
                return self._connection
            time.sleep(pause)
            pause = min(2 * pause, PAUSE_SECONDS_MAX)

    def _roll_back(self) -> None:
        connection = self._connection
        if connection is None:
            return
        if connection.pgconn.status == pq.ConnStatus.OK:
            try:
                connection.rollback()
            except psycopg.Error:
                self._drop()
            else:
                return
        self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _rows_of(connection: Connection, ids: Sequence[UUID], xid: int) -> int | None:
    """Return how many of these transfers the transaction wrote, or None while it is still running."""
    connection.autocommit = True
    try:
        try:
            row = connection.execute("SELECT pg_xact_status(%s::text::xid8)", [str(xid)]).fetchone()
        except pg_errors.InvalidParameterValue:  # a number this server has not come to: it took over without it
            row = None
        if row is not None and row[0] == "in progress":
            return None
        counted = connection.execute(
            "SELECT count(*) FROM ledger_transfer WHERE id = ANY(%s) AND xmin::text::int8 = %s",
            [list(ids), xid & 0xFFFF_FFFF],
        ).fetchone()
        return int(counted[0]) if counted else 0
    finally:
        if not connection.closed:
            connection.autocommit = False


def _is_lost(connection: Connection, state: str | None) -> bool:
    """Say whether the connection is of no more use: broken, or ended by the server (SQLSTATE classes 08 and 57P)."""
    return connection.pgconn.status != pq.ConnStatus.OK or (state or "")[:3] in {"080", "57P"}


def _split(results: list[Result], calls: Sequence[Sequence[NewTransfer]]) -> list[Outcome]:
    if len(results) == len(calls):
        return [[result] for result in results]
    outcomes: list[Outcome] = []
    at = 0
    for call in calls:
        outcomes.append(results[at : at + len(call)])
        at += len(call)
    return outcomes


def _theirs(error: BaseException) -> BaseException:
    """Return the error that a caller is told, and write down what is a bug of ours."""
    if isinstance(error, pg_errors.LockNotAvailable):
        return LedgerBusy()
    if not isinstance(error, LedgerBusy | LedgerUnavailable | OutcomeUnknown):
        _log.error("posting failed for one caller", exc_info=error)
    return error
