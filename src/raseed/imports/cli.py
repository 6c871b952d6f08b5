"""``./raseed import``: bring in other people's books.

Exit status: 0 the books are in and the ledger agrees with every line; 1 the ledger does not agree; 2 the input was refused
and nothing was changed.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.utils import translation
from django.utils.translation import gettext

from raseed.kernel.errors import RaseedError
from raseed.people.api import LANGUAGES, normal_phone, phone_text
from raseed.platform.api import progress_on, translate_error

from .comparison import compare
from .contract_report import contract_text, write_contract_report
from .domain.csvfile import read_csv
from .domain.mapping import read_mapping
from .domain.pkdd99 import read_pkdd99
from .report import screen_text, write_report
from .services import import_books

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .domain.books import Books

SIGN_INS_SHOWN: Final = 5
OK, LEDGER_DIFFERS, REFUSED = 0, 1, 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="raseed import",
        description="Bring in other people's books: all or none, each line with its own booked date, then compare "
        "every balance with the printed one. The same file twice changes nothing.",
    )
    sources = parser.add_subparsers(dest="source", required=True)
    real = sources.add_parser("pkdd99", help="the real bank of the PKDD'99 challenge")
    real.add_argument(
        "folder",
        type=Path,
        help="with account.asc, client.asc, disp.asc, trans.asc, and order.asc and loan.asc if wanted",
    )
    table = sources.add_parser("csv", help="anyone's CSV, read by a mapping file (docs/subsystems/imports.md)")
    table.add_argument("file", type=Path)
    table.add_argument("--mapping", type=Path, required=True, help="TOML file that says how to read it")
    for each in (real, table):
        each.add_argument("--report", type=Path, help="folder for the report's CSV files (default: under RASEED_HOME)")
        each.add_argument(
            "--language", choices=LANGUAGES, default="en", help="of what is printed (default: %(default)s)"
        )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Import, compare, report."""
    arguments = _parser().parse_args(argv)
    with translation.override(arguments.language):
        try:
            return _run(arguments)
        except RaseedError as refusal:
            told = translate_error(refusal, arguments.language)
            print(f"{told.message} {told.hint}".strip(), file=sys.stderr)
            return REFUSED


def _run(arguments: argparse.Namespace) -> int:
    started = time.monotonic()
    progress = progress_on()
    books = _read(arguments)
    outcome = import_books(books, progress=progress)
    name = f"{books.source.replace(':', '-')}-{books.digest[:12]}"
    folder = arguments.report or Path(os.environ.get("RASEED_HOME", ".raseed")) / "reports" / name
    lines = compare(outcome.accounts, progress=progress)
    tally = write_report(lines, folder, books.institution.currency)
    contracts = write_contract_report(books, outcome.contracts, folder)
    for line in contract_text(books, outcome.contracts, contracts):
        print(line)
    for line in screen_text(books, outcome, tally, folder, round(time.monotonic() - started)):
        print(line)
    _print_sign_ins(books)
    return LEDGER_DIFFERS if tally.ledger_wrong or contracts.loans_wrong else OK


def _read(arguments: argparse.Namespace) -> Books:
    if arguments.source == "pkdd99":
        return read_pkdd99(arguments.folder)
    return read_csv(arguments.file, read_mapping(arguments.mapping), check_phone=normal_phone)


def _print_sign_ins(books: Books) -> None:
    """Name a few holders who can sign in now, those with the most lines first."""
    count: dict[str, int] = {}
    for line in books.lines:
        count[line.account] = count.get(line.account, 0) + 1
    people = {person.key: person for person in books.people}
    print(gettext("Some holders who can sign in (phone numbers marked * are synthetic, as are their names):"))
    for account in sorted(books.accounts, key=lambda each: -count.get(each.number, 0))[:SIGN_INS_SHOWN]:
        person = people[account.owner_key]
        name = person.names.get(translation.get_language() or "en") or next(iter(person.names.values()))
        marked = "*" if person.synthetic else " "
        print(f"  {phone_text(person.phone)}{marked}  {name}  ({gettext('account')} {account.number})")
