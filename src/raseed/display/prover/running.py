"""The prover as a process: its own connection, a loop that outlives a restart of the database, a clean stop."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import Error as DjangoError
from django.db import connection as django_connection

from raseed.kernel.errors import RaseedError
from raseed.platform.loops import Step, keep_at, stop_when_signalled

from ..connecting import open_connection
from ..proof.format import SumOverflow
from .building import BooksDisagree
from .layout import Torn
from .rounds import AnotherProver, Prover
from .source import LogUntrusted
from .trees import Disagrees

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

_REFUSALS: Final = (
    Disagrees, SumOverflow, BooksDisagree, LogUntrusted, Torn, AssertionError, RaseedError, ValueError
)  # fmt: skip
SENTENCES: Final = {
    "account_is_not_as_in_the_ledger": "an account is not as in the ledger",
    "account_is_not_in_the_ledger": "an account that moved is not in the ledger",
    "root_is_not_the_sum_of_movements": "the tree does not come to what was moved",
    "ledger_went_back": "the ledger does not reach, or not match, what was signed before",
    "suspects_and_no_tree": "the tree is lost, and accounts were found not to be as in the ledger",
    "sum_overflow": "the sums of a tree do not fit",
    "books_disagree": "the accounts of a ledger do not come to zero",
    "log_untrusted": "the last checkpoint of the ledger's log is not signed by its key",
    "tree_torn": "a tree's files are damaged",
    "bug": "the prover found a mistake of its own",
}
"""What keeps the prover from signing, by the name that ``display_tree.trouble`` has of it."""


def trouble_of(error: BaseException) -> tuple[str, UUID | None]:
    """Return the name of a trouble, and the account that is suspect if it is one."""
    if isinstance(error, Disagrees):
        return error.name, error.suspect
    if isinstance(error, RaseedError):
        return error.code, None
    names = {
        SumOverflow: "sum_overflow",
        BooksDisagree: "books_disagree",
        LogUntrusted: "log_untrusted",
        Torn: "tree_torn",
    }
    return next((name for kind, name in names.items() if isinstance(error, kind)), "bug"), None


def prove_until(
    stop: threading.Event,
    home: Path,
    *,
    connect: Callable[[], psycopg.Connection[Any]] = open_connection,
    say: Callable[[str], None] = print,
) -> None:
    """Prove until asked to stop; what goes wrong is told once, and tried again after growing pauses."""

    @contextlib.contextmanager
    def begin() -> Iterator[Step]:
        try:
            with connect() as connection, contextlib.closing(Prover(connection, home)) as prover:
                yield lambda: _step(prover)
        finally:
            django_connection.close()

    keep_at(
        stop, begin, hindered_by=(_Told, AnotherProver, psycopg.Error, DjangoError, OSError),
        complaint="No balance is proven at present", say=say,
    )  # fmt: skip


class _Told(Exception):
    """A refusal that operations were let see."""


def _step(prover: Prover) -> int:
    try:
        return prover.step()
    except _REFUSALS as error:
        name, suspect = trouble_of(error)
        prover.trouble(name, suspect)
        raise _Told(f"{SENTENCES.get(name) or error} ({name})") from error


def main() -> None:
    """Run until SIGTERM or Ctrl-C."""
    prove_until(stop_when_signalled(), Path(settings.HOME), say=lambda sentence: print(sentence, flush=True))
