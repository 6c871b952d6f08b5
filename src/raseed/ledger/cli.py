"""``./raseed ledger``: verify the books, show and sign the log's checkpoints, change its key.

Exit status of ``verify``: 0 all is as it was posted; 1 a difference was found, and named; 2 it could not be verified.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from raseed.kernel.errors import RaseedError
from raseed.platform.api import progress_on, translate_error

from .log import outside
from .log.api import Sealer, log_status, open_connection
from .log.checkpoint import log_id_of
from .log.keys import public_path, read_public
from .verify.checkpoints import OutsideCheckpoint
from .verify.verification import Report, verify

if TYPE_CHECKING:
    from uuid import UUID

    from .log.note import Verifier

OK, DIFFERENT, REFUSED = 0, 1, 2
LANGUAGES: Final = ("ar", "he", "en")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="raseed ledger", description="Look after the ledger and its sealed log.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verifying = verbs.add_parser(
        "verify",
        help="recompute all balances and the log from the transfers alone; name the first difference",
        description="Recompute all balances and the sealed log from the transfers alone, while posting goes on, and "
        "name the first difference. Exit status: 0 none, 1 one was found, 2 it could not be verified.",
    )
    verifying.add_argument(
        "--checkpoint", type=Path, action="append", default=[], help="one kept elsewhere; may be repeated"
    )
    verifying.add_argument("--key", type=Path, action="append", default=[],
                           help="public keys to trust, kept elsewhere (default: those in RASEED_HOME/keys)")  # fmt: skip
    showing = verbs.add_parser("checkpoint", help="print the latest checkpoint, to be kept elsewhere")
    asking = verbs.add_parser("status", help="say how much is sealed, and how far the seal is behind")
    changing = verbs.add_parser(
        "rotate-key",
        help="change the key that signs the log",
        description="Let a new key sign the log beside the present one. When the new public key has been handed out, "
        "rotate-key --finish lets it sign alone.",
    )
    changing.add_argument("--finish", action="store_true", help="let the new key sign alone from now on")
    for each in (verifying, showing, asking, changing):
        each.add_argument(
            "--language", choices=LANGUAGES, default="en", help="of what is printed (default: %(default)s)"
        )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out the verb."""
    arguments = _parser().parse_args(argv)
    verbs = {"verify": _verify, "checkpoint": _checkpoint, "status": _status, "rotate-key": _rotate_key}
    with translation.override(arguments.language):
        try:
            return verbs[arguments.verb](arguments)
        except RaseedError as refusal:
            told = translate_error(refusal, arguments.language)
            print(f"{told.message} {told.hint}".strip(), file=sys.stderr)
            return REFUSED


def _home() -> Path:
    return Path(settings.HOME)


def _verify(arguments: argparse.Namespace) -> int:
    kept = _outside(arguments.checkpoint)  # before the snapshot: what was kept by now, the snapshot must have
    given = [key for path in arguments.key for key in read_public(path)]

    def keys_of(log_id: UUID) -> Sequence[Verifier]:
        return given or read_public(public_path(_home(), log_id))

    began = time.monotonic_ns()
    report = verify(open_connection, keys_of=keys_of, outside=kept, progress=progress_on())
    spent_ms = (time.monotonic_ns() - began) // 1_000_000
    if report.difference is not None:
        print(gettext("The books are not what was posted. The first difference:"))
        print(f"  {report.difference}")
        return DIFFERENT
    for line in [*_told(report, spent_ms), *_strangers(report)]:
        print(line)
    return OK


def _strangers(report: Report) -> list[str]:
    """Tell of checkpoints of other logs in this home: where a log was taken out of the database, they are what is left."""
    folder = _home() / "checkpoints"
    known = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    others = [name for name in known if not (report.origin or "").endswith(f"/{name}")]
    if not others:
        return []
    return [gettext("Checkpoints of other logs are kept here too, which this database does not hold: %(logs)s.")
            % {"logs": ", ".join(others)}]  # fmt: skip


def _outside(paths: Sequence[Path]) -> list[OutsideCheckpoint]:
    """Read the checkpoints given, and those that this installation kept of the log that the database names."""
    log = log_status().origin
    log_id = log_id_of(log) if log else None
    own = outside.latest_path(_home(), log_id) if log_id else None
    return [OutsideCheckpoint(path, *outside.read(path)) for path in [*paths, *([own] if own else [])]]


def _told(report: Report, spent_ms: int) -> list[str]:
    lines = [
        gettext("The books are what was posted.") if report.transfers else gettext("The books are empty."),
        gettext("Transfers: %(transfers)s, of them refused for good: %(failed)s. Accounts: %(accounts)s. "
                "Pending transfers: %(pendings)s. Marks: %(marks)s.")
        % {
            "transfers": f"{report.transfers:,}", "failed": f"{report.failed:,}", "accounts": f"{report.accounts:,}",
            "pendings": f"{report.pendings:,}", "marks": f"{report.marks:,}",
        },
        gettext("Batches: %(batches)s, sealed: %(sealed)s, not sealed yet: %(unsealed)s. Checkpoints: %(checkpoints)s, "
                "held against those kept outside: %(outside)s.")
        % {
            "batches": f"{report.batches:,}", "sealed": f"{report.sealed:,}", "unsealed": f"{report.unsealed:,}",
            "checkpoints": f"{report.checkpoints:,}", "outside": f"{report.outside:,}",
        },
        gettext("It took %(seconds)s s: %(rate)s transfers a second.")
        % {"seconds": f"{spent_ms / 1000:.1f}", "rate": f"{report.transfers * 1000 // max(spent_ms, 1):,}"}
        + " (" + ", ".join(f"{gettext(step)} {spent / 1000:.1f}" for step, spent in report.spent_ms.items()) + ")",
    ]  # fmt: skip
    if not report.outside:
        lines.append(gettext("No checkpoint kept outside was at hand: a log that was cut at its end can't be told from a "
                             "shorter one. Give one with --checkpoint."))  # fmt: skip
    return lines


def _checkpoint(arguments: argparse.Namespace) -> int:
    del arguments
    with open_connection() as connection:
        sealer = Sealer(connection, _home())
        sealer.seal_all()
        print(sealer.checkpoint(), end="")
    return OK


def _status(arguments: argparse.Namespace) -> int:
    del arguments
    status = log_status()
    if status.origin is None:
        print(gettext("Nothing is sealed yet."))
        return OK
    lag = f"{status.lag_ms / 1000:.1f}"
    at = status.sealed_at.isoformat(timespec="seconds") if status.sealed_at else "—"
    print(gettext("Log: %(origin)s") % {"origin": status.origin})
    print(gettext("Sealed: %(sealed)s batches, last at %(at)s.") % {"sealed": f"{status.sealed:,}", "at": at})
    print(
        gettext("Not sealed yet: %(unsealed)s batches, the first posted %(lag)s s ago.")
        % {"unsealed": f"{status.unsealed:,}", "lag": lag}
    )
    return OK


def _rotate_key(arguments: argparse.Namespace) -> int:
    with open_connection() as connection:
        sealer = Sealer(connection, _home())
        if arguments.finish:
            sealer.finish_hand_over()
            print(gettext("From now on the new key signs alone."))
            return OK
        key = sealer.begin_hand_over()
    print(gettext("From now on this key signs too. Hand it to whoever checks the log, then run: "
                  "./raseed ledger rotate-key --finish"))  # fmt: skip
    print(key.verifier)
    return OK
