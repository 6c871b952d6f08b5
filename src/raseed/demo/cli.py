"""``./raseed demo``: plant the demo world, let its staff sign in, say who may, or play the bad upgrade."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from django.utils import translation
from django.utils.translation import gettext

from raseed.kernel.errors import RaseedError
from raseed.people.api import LANGUAGES, phone_text
from raseed.platform.api import progress_on, translate_error

from .api import (
    FIRST_BLOCK,
    SEED,
    Act,
    plant,
    plant_billers_found_at,
    plant_channels_found_at,
    plant_missing_staff,
    play_bad_upgrade,
    staff_file,
    who,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

OK, NOT_AS_IT_SHOULD, REFUSED = 0, 1, 2
BILLERS_PORT, CHANNELS_PORT, RAIL = 8003, 8004, "127.0.0.1:8001"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="raseed demo", description="The demo world: invented institutions and people, drawn from a seed."
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    planting = verbs.add_parser("plant", help="plant it into the embedded database, or let it grow")
    planting.add_argument("--people", type=int, default=FIRST_BLOCK, help="how many (default: %(default)s)")
    planting.add_argument(
        "--seed", type=int, default=SEED, help="the same seed gives the same world (default: %(default)s)"
    )
    asking = verbs.add_parser("who", help="say who may sign in")
    staffing = verbs.add_parser(
        "staff", help="let the demo's staff sign in; anew, where the file with their passwords was lost"
    )
    collecting = verbs.add_parser("billers", help="register the demo's billers, and let them be found at a port")
    collecting.add_argument(
        "--port", type=int, default=BILLERS_PORT, help="of theirs, on loopback (default: %(default)s)"
    )
    reaching = verbs.add_parser("channels", help="register the bank's lines at the simulated channels, found at a port")
    reaching.add_argument(
        "--port", type=int, default=CHANNELS_PORT, help="of theirs, on loopback (default: %(default)s)"
    )
    reaching.add_argument("--rail", default=RAIL, help="where they deliver (default: %(default)s)")
    playing = verbs.add_parser(
        "bad-upgrade", help="play a release of the shown balances that is wrong: caught, then let past and taken back"
    )
    only = playing.add_mutually_exclusive_group()
    only.add_argument("--shadow", action="store_true", help="only the first act: it is caught in shadow")
    only.add_argument("--forced", action="store_true", help="only the second act: two people force it")
    for each in (planting, asking, staffing, collecting, reaching, playing):
        each.add_argument(
            "--language", choices=LANGUAGES, default="en", help="of what is printed (default: %(default)s)"
        )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out the verb; exit status 2 says that it was refused and nothing changed, 1 that a story did not end well."""
    arguments = _parser().parse_args(argv)
    with translation.override(arguments.language):
        try:
            if arguments.verb == "plant":
                _plant(arguments.people, arguments.seed)
            if arguments.verb == "staff":
                return _staff()
            if arguments.verb == "billers":
                return _billers(arguments.port)
            if arguments.verb == "channels":
                return _channels(arguments.port, arguments.rail)
            if arguments.verb == "bad-upgrade":
                return _bad_upgrade(Act.CAUGHT if arguments.shadow else Act.SLIPPED if arguments.forced else None)
        except RaseedError as refusal:
            told = translate_error(refusal, arguments.language)
            print(f"{told.message} {told.hint}".strip(), file=sys.stderr)
            return NOT_AS_IT_SHOULD if arguments.verb == "bad-upgrade" else REFUSED
        for line in who_lines():
            print(line)
    return OK


def _plant(people: int, seed: int) -> None:
    started = time.monotonic()
    world = plant(people=people, seed=seed, progress=progress_on())
    print(
        gettext("Planted: %(people)s people, %(transfers)s transfers in %(seconds)s s.")
        % {
            "people": f"{world.people:,}",
            "transfers": f"{world.transfers:,}",
            "seconds": round(time.monotonic() - started),
        },
        file=sys.stderr,
    )


def _staff() -> int:
    done = plant_missing_staff()
    if done is None:
        print(gettext("The demo world is not planted yet."), file=sys.stderr)
        return REFUSED
    if done.reset:
        print(
            gettext("The file with their passwords was lost: %(count)s got new ones, and their sessions are over.")
            % {"count": done.reset}
        )
    print(
        gettext(
            "The demo's staff: %(count)s people, %(enrolled)s of them enrolled now. Passwords and secrets: %(file)s"
        )
        % {"count": done.staff, "enrolled": done.enrolled, "file": staff_file()}
    )
    return OK


def _billers(port: int) -> int:
    count = plant_billers_found_at(port)
    if not count:
        print(gettext("The demo world is not planted yet."), file=sys.stderr)
        return REFUSED
    print(gettext("The demo's billers: %(count)s.") % {"count": count})
    return OK


def _channels(port: int, rail: str) -> int:
    count = plant_channels_found_at(port, rail)
    if not count:
        print(gettext("The demo world is not planted yet."), file=sys.stderr)
        return REFUSED
    print(gettext("The bank's lines: %(count)s.") % {"count": count})
    return OK


def _bad_upgrade(only: Act | None) -> int:
    is_right = play_bad_upgrade(only=only)
    if is_right is None:
        print(gettext("The demo world is not planted yet."), file=sys.stderr)
    return OK if is_right else NOT_AS_IT_SHOULD


def who_lines() -> list[str]:
    """Return lines that say who may sign in, each person in their own language."""
    people = who()
    if not people:
        return [gettext("The demo world is not planted yet.")]
    lines = [gettext("These people of the demo may sign in (names and numbers are invented):")]
    for each in people:
        lines.append(f"  {phone_text(each.phone)}  {each.name}  ({each.language}; {', '.join(each.places)})")
        lines.append(f"      {gettext(each.sight)}")
    return lines
