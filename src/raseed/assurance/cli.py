"""``./raseed books``: ask the books whether they are right.

Exit status of ``check``: 0 nothing was found; 1 something was, and is named; 2 it could not be asked.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Final

from django.utils import translation
from django.utils.translation import gettext

from raseed.kernel.errors import RaseedError
from raseed.platform.api import progress_on, translate_error

from .books.asking import Answer, run_checks
from .books.domain import Finding
from .books.registry import registered_checks
from .books.words import code_words

CLEAN, FOUND, REFUSED = 0, 1, 2
LANGUAGES: Final = ("ar", "he", "en")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="raseed books", description="Ask the books whether they are right.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    checking = verbs.add_parser(
        "check",
        help="ask all checks of everything, keep what they find, repair what is certain",
        description="Ask all checks of everything, keep what they find, and repair what is certain. "
        "Exit status: 0 nothing was found, 1 something was, 2 it could not be asked.",
    )
    checking.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="only this check; may be repeated"
    )
    checking.add_argument("--json", action="store_true", help="print one JSON object")
    listing = verbs.add_parser("list", help="name the checks")
    for each in (checking, listing):
        each.add_argument(
            "--language", choices=LANGUAGES, default="en", help="of what is printed (default: %(default)s)"
        )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out the verb."""
    arguments = _parser().parse_args(argv)
    with translation.override(arguments.language):
        if arguments.verb == "list":
            for check in registered_checks():
                print(f"{check.name:<18} {gettext(check.words)}")
            return CLEAN
        try:
            return _check(arguments.only, as_json=arguments.json)
        except RaseedError as refusal:
            told = translate_error(refusal, arguments.language)
            print(f"{told.message} {told.hint}".strip(), file=sys.stderr)
            return REFUSED


def _check(only: Sequence[str], *, as_json: bool) -> int:
    answers = []
    for answer in run_checks(only, progress=progress_on()):
        answers.append(answer)
        if not as_json:
            print(_line(answer), flush=True)
            for finding in answer.run.findings:
                print(f"    {_told(finding)}", flush=True)
    found = sum(len(each.run.findings) for each in answers)
    took_ms = sum(each.run.took_ms for each in answers)
    if as_json:
        print(json.dumps({"findings": found, "took_ms": took_ms, "checks": [_facts(each) for each in answers]}))
    else:
        seconds = f"{took_ms / 1000:.1f}"
        if found:
            print(gettext("Found: %(found)s. It took %(seconds)s s.") % {"found": f"{found:,}", "seconds": seconds})
        else:
            print(gettext("Nothing is wrong that these checks can see. It took %(seconds)s s.") % {"seconds": seconds})
    return FOUND if found else CLEAN


def _line(answer: Answer) -> str:
    run = answer.run
    said = str(len(run.findings)) if run.findings else "–"
    repaired = f" ({gettext('repaired')}: {answer.repaired})" if answer.repaired else ""
    return f"{run.took_ms:>8,} ms  {run.looked_at:>9,}  {said:>4}  {run.check}{repaired}"


def _told(finding: Finding) -> str:
    values = gettext("should be %(expected)s, is %(found)s") % {
        "expected": finding.expected or "–", "found": finding.found or "–",
    }  # fmt: skip
    return f"{finding.subject}: {gettext(code_words(finding.check, finding.code))} — {values}"


def _facts(answer: Answer) -> dict[str, object]:
    run = answer.run
    return {
        "name": run.check,
        "looked_at": run.looked_at,
        "took_ms": run.took_ms,
        "failed": run.failed,
        "repaired": answer.repaired,
        "findings": [
            {
                "code": each.code, "subject": each.subject, "expected": each.expected, "found": each.found,
                "severity": each.severity.value,
                "institution_id": str(each.institution_id) if each.institution_id else None,
            }
            for each in run.findings
        ],
    }  # fmt: skip
