"""``./raseed guard``: take a release from step to step, watch it, roll it back, and write its report.

Exit status: 0 as wanted; 1 the release is red, rolled back or not where the step leads; 2 refused; 3 waits for somebody's hand.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext

from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id, parse_id
from raseed.people import api as people
from raseed.platform.api import Progress, no_progress, number_text, progress_on, translate_error

from . import api as guard
from .baseline import folder_of
from .domain import ReleaseState, SystemKind, Terms

if TYPE_CHECKING:
    from .domain import Release

DONE, NOT_GOOD, REFUSED, BY_HAND = 0, 1, 2, 3
LANGUAGES: Final = ("ar", "he", "en")
BAD: Final = frozenset({ReleaseState.SHADOWED_RED, ReleaseState.ROLLED_BACK, ReleaseState.ROLLING_BACK})
SEEN: Final = guard.OUT | {ReleaseState.ROLLING_BACK}
BY: Final = people.SYSTEM


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="raseed guard", description="Guard the releases of what shows balances.", epilog=__doc__.split("\n\n")[-1]
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    _systems(verbs)
    _steps(verbs)
    for each in verbs.choices.values():
        each.add_argument("--json", action="store_true", help="print the release as JSON")
        each.add_argument(
            "--language", choices=LANGUAGES, default="en", help="of what is printed (default: %(default)s)"
        )
    return parser


def _systems(verbs: Any) -> None:
    system = verbs.add_parser("system", help="make a system known, or change how it is guarded")
    system.add_argument("code", help="its short name: a-z, 0-9, -")
    system.add_argument("--institution", required=True, help="short name of the institution in whose care it is")
    system.add_argument("--name", required=True, help="as its people call it")
    system.add_argument("--mapping", type=Path, help="mapping file of a system of others (default: our own projection)")
    for name, value in vars_of(Terms()).items():
        option = f"--{name.replace('_', '-')}"
        system.add_argument(option, type=type(value), default=value, help="(default: %(default)s)")
    _reason(system, "it is guarded from now on")
    register = verbs.add_parser("register", help="register a release")
    register.add_argument("system", help="the system's short name")
    register.add_argument("candidate", help="generation number, or version of a system of others")
    register.add_argument("--id", help="the release's id (default: a new one)")
    _reason(register)


def _steps(verbs: Any) -> None:
    told = {
        "baseline": "write down every balance that is shown, and sign it",
        "shadow": "compare the candidate with what is live and with the truth",
        "canary": "show the candidate to some, and watch",
        "cut-over": "show the candidate to all",
        "verify": "verify every shown balance, and roll back by itself on a proven difference",
        "roll-back": "show again what was shown before, now",
        "refuse": "refuse it for what was found",
        "abandon": "give it up",
        "report": "write the signed report",
        "go-on": "go on with whatever was cut off",
        "status": "say where it is",
    }
    for verb, words in told.items():
        each = verbs.add_parser(verb, help=words)
        if verb == "status":
            each.add_argument("release", nargs="?", help="its id (default: all)")
        else:
            each.add_argument("release", help="its id, or the system's short name")
        if verb in ("canary", "cut-over", "roll-back", "refuse", "abandon"):
            _reason(each)
        if verb in ("cut-over", "roll-back"):
            each.add_argument("--done", action="store_true", help="it was done by hand")
        if verb == "cut-over":
            each.add_argument("--verify", action="store_true", help="go on to verify, here")
        if verb == "shadow":
            each.add_argument("--sample", type=int, default=1_000, metavar="N", help="so many of 1000 accounts")
        if verb == "canary":
            each.add_argument("--percent", type=int, default=0, help="of the accounts")
            each.add_argument("--account", action="append", default=[], help="an account's id; may be repeated")


def _reason(parser: argparse.ArgumentParser, default: str | None = None) -> None:
    parser.add_argument("--reason", required=default is None, default=default, help="why, 3 to 500 characters")


def vars_of(terms: Terms) -> dict[str, Any]:
    """Return terms by their names."""
    return {name: getattr(terms, name) for name in terms.__slots__}


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out the verb."""
    arguments = _parser().parse_args(argv)
    progress = no_progress if arguments.json else progress_on()
    with translation.override(arguments.language):
        try:
            return _VERBS[arguments.verb](arguments, progress)
        except guard.ByHand as waits:
            told = translate_error(waits, arguments.language)
            print(f"{told.message} {told.hint}".strip(), file=sys.stderr)
            return BY_HAND
        except RaseedError as refusal:
            told = translate_error(refusal, arguments.language)
            print(f"{told.message} {told.hint}".strip(), file=sys.stderr)
            return REFUSED


def _system(arguments: argparse.Namespace, progress: Progress) -> int:
    del progress
    mapping = arguments.mapping.read_text(encoding="utf-8") if arguments.mapping else ""
    house = people.institution_by_slug(arguments.institution)
    terms = replace(Terms(), **{name: getattr(arguments, name) for name in vars_of(Terms())})
    wanted = guard.System(
        code=arguments.code,
        kind=SystemKind.HTTP if mapping else SystemKind.GENERATION,
        institution_id=house.id,
        name=arguments.name,
        terms=terms,
        mapping=mapping,
    )
    kept = guard.register_system(wanted, by=BY, reason=arguments.reason)
    print(
        json.dumps({"system": kept.code}) if arguments.json else gettext("%(name)s is guarded.") % {"name": kept.name}
    )
    return DONE


def _register(arguments: argparse.Namespace, progress: Progress) -> int:
    del progress
    of = guard.register_release(
        id=parse_id(arguments.id) if arguments.id else new_id(),
        system_code=arguments.system,
        candidate=arguments.candidate,
        by=BY,
        reason=arguments.reason,
    )
    return _told(of, arguments)


def _named(text: str, verb: str = "") -> UUID:
    """Return the release of this id, or the one of the system of this name that is on its way, or was last.

    Rolled back is what is shown, should a next one be on its way that nobody sees yet.
    """
    if len(text) == 36 and text.count("-") == 4:  # noqa: PLR2004  (an id's form)
        return parse_id(text)
    of = guard.open_release(text)
    if verb == "roll-back" and (of is None or of.state not in SEEN):
        house = guard.system(text).institution_id
        of = next((each for each in guard.releases(house, by=BY, system=text) if each.state in SEEN), of)
    if of is None:
        house = guard.system(text).institution_id
        of = next(iter(guard.releases(house, by=BY, system=text)), None)
    if of is None:
        raise guard.ReleaseUnknown(field="release")
    return of.id


def _step(arguments: argparse.Namespace, progress: Progress) -> int:
    verb = arguments.verb
    of = _named(arguments.release, verb)
    reason = getattr(arguments, "reason", "")
    if verb == "baseline":
        found = guard.take_baseline(of, by=BY, progress=progress)
    elif verb == "shadow":
        found = guard.run_shadow(of, by=BY, sample_permille=arguments.sample, progress=progress)
    elif verb == "canary":
        named = [parse_id(text) for text in arguments.account]
        guard.begin_canary(of, percent=arguments.percent, accounts=named, by=BY, reason=reason)
        found = guard.go_on(of, progress=progress)
    elif verb == "cut-over":
        found = guard.cut_over(of, by=BY, reason=reason, done=arguments.done)
        if arguments.verify:
            found = guard.go_on(of, progress=progress)
    elif verb == "roll-back":
        guard.roll_back(of, by=BY, reason=reason, done=arguments.done)
        found = guard.go_on(of, progress=progress)
    elif verb in ("refuse", "abandon"):
        end = guard.refuse if verb == "refuse" else guard.abandon
        end(of, by=BY, reason=reason)
        found = guard.go_on(of, progress=progress)
    else:
        found = guard.go_on(of, progress=progress)
    return _told(found, arguments)


def _report(arguments: argparse.Namespace, progress: Progress) -> int:
    del progress
    of = _named(arguments.release)
    written = guard.write_report(of, by=BY)
    if arguments.json:
        print(written.data.decode(), end="")
    else:
        print(gettext("The report is in %(folder)s.") % {"folder": folder_of(of)})
    return DONE


def _status(arguments: argparse.Namespace, progress: Progress) -> int:
    del progress
    if arguments.release:
        return _told(guard.release(_named(arguments.release)), arguments)
    found = [of for house in people.institutions() for of in guard.releases(house.id, by=BY)]
    if arguments.json:
        print(json.dumps([_data(of) for of in found], ensure_ascii=False))
    else:
        for of in found:
            print(f"{of.id}  {of.system} {of.candidate}: {gettext(guard.STATE_WORDS[of.state])}")
        if not found:
            print(gettext("No release was registered yet."))
    return DONE


def _data(of: Release) -> dict[str, Any]:
    return {
        "release": str(of.id),
        "system": of.system,
        "candidate": of.candidate,
        "state": of.state.value,
        "forced": of.forced_by is not None,
        "comparisons": [
            {
                "kind": run.kind.value,
                "compared": run.compared,
                "accounts": run.total,
                "different": run.different,
                "ended": run.ended_at is not None,
                "clean": run.clean,
            }
            for run in guard.runs_of(of.id)
        ],
    }


def _told(of: Release, arguments: argparse.Namespace) -> int:
    if arguments.json:
        print(json.dumps(_data(of), ensure_ascii=False))
    else:
        print(f"{of.id}  {of.system} {of.candidate}: {gettext(guard.STATE_WORDS[of.state])}")
        for run in guard.runs_of(of.id):
            counts = gettext("%(compared)s compared, %(different)s different") % {
                "compared": number_text(run.compared, arguments.language),
                "different": number_text(run.different, arguments.language),
            }
            print(f"  {gettext(guard.RUN_WORDS[run.kind])}: {counts}")
    return NOT_GOOD if of.state in BAD and arguments.verb not in ("roll-back", "status") else DONE


_VERBS: Final = {
    "system": _system,
    "register": _register,
    "report": _report,
    "status": _status,
    **dict.fromkeys(
        ("baseline", "shadow", "canary", "cut-over", "verify", "roll-back", "refuse", "abandon", "go-on"), _step
    ),
}


if __name__ == "__main__":
    sys.exit(main())
