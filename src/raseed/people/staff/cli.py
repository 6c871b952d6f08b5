"""``./raseed staff``: add, invite, list, lock, unlock and reset staff, where there is no second person yet.

Whoever can run it holds the machine, so it asks for nobody's consent; each deed is in the audit trail as the system's, with
its reason. An invitation is printed once: hand it to the one it is for, over a way that only they read.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Final

from django.utils import translation
from django.utils.translation import gettext

from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id
from raseed.platform.api import translate_error

from ..authority import SYSTEM
from ..domain import LANGUAGES
from ..queries import institution_by_slug, institutions
from .changes import add_staff, reset_staff, state_words, unlock_staff
from .enrolment import issue_invitation
from .keeping import end_staff, lock_staff
from .queries import Staff, staff_by_login, staff_of
from .roles import role_by_slug, roles
from .tickets import INVITATION, LIVES

OK, REFUSED = 0, 2
ADDRESS: Final = "http://127.0.0.1:8000"
INVITATION_PATH: Final = "/office/invitation/"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="raseed staff", description="Look after those who work here, and their roles."
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    adding = verbs.add_parser("add", help="add someone and print their invitation")
    adding.add_argument("--institution", required=True, help="the short name of who employs them")
    adding.add_argument("--role", action="append", required=True, help="the short name of a role; may be repeated")
    for language in LANGUAGES:
        adding.add_argument(f"--name-{language}", help=f"their name in this language ({language})")
    adding.add_argument(
        "--their-language", choices=LANGUAGES, default="ar", help="what they read (default: %(default)s)"
    )
    inviting = verbs.add_parser(
        "invite", help="print a new invitation for someone not enrolled; the earlier one is void"
    )
    locking = verbs.add_parser("lock", help="keep someone out from this instant")
    unlocking = verbs.add_parser("unlock", help="let someone in again")
    resetting = verbs.add_parser("reset", help="void someone's password and second factor, and print a new invitation")
    leaving = verbs.add_parser("leave", help="end all roles of someone who has left, for good")
    listing = verbs.add_parser("list", help="list staff, or an institution's roles")
    listing.add_argument("--institution", help="only of this one (its short name)")
    listing.add_argument("--roles", action="store_true", help="list roles and what they may do")
    for each in (adding, inviting, locking, unlocking, resetting, leaving):
        each.add_argument("login")
        each.add_argument("--reason", required=True, help="why: kept in the audit trail")
    for each in (adding, inviting, resetting):
        each.add_argument("--address", default=ADDRESS, help="where the pages are (default: %(default)s)")
    for each in (adding, inviting, locking, unlocking, resetting, leaving, listing):
        each.add_argument(
            "--language", choices=LANGUAGES, default="en", help="of what is printed (default: %(default)s)"
        )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out the verb; exit status 2 says that it was refused and nothing changed."""
    arguments = _parser().parse_args(argv)
    verbs = {"add": _add, "invite": _invite, "lock": _lock, "unlock": _unlock, "reset": _reset, "leave": _leave,
             "list": _list}  # fmt: skip
    with translation.override(arguments.language):
        try:
            verbs[arguments.verb](arguments)
        except RaseedError as refusal:
            told = translate_error(refusal, arguments.language)
            print(f"{told.message} {told.hint}".strip(), file=sys.stderr)
            return REFUSED
    return OK


def _add(arguments: argparse.Namespace) -> None:
    home = institution_by_slug(arguments.institution)
    names = {each: name for each in LANGUAGES if (name := getattr(arguments, f"name_{each}"))}
    someone = add_staff(
        id=new_id(),
        login=arguments.login,
        names=names,
        language=arguments.their_language,
        institution_id=home.id,
        role_ids=[role_by_slug(home.id, slug).id for slug in arguments.role],
        by=SYSTEM,
        reason=arguments.reason,
    )
    _print_invitation(someone, arguments)


def _invite(arguments: argparse.Namespace) -> None:
    _print_invitation(staff_by_login(arguments.login), arguments)


def _reset(arguments: argparse.Namespace) -> None:
    someone = staff_by_login(arguments.login)
    _print_invitation(reset_staff(someone.id, by=SYSTEM, reason=arguments.reason), arguments)


def _lock(arguments: argparse.Namespace) -> None:
    _print_state(lock_staff(staff_by_login(arguments.login).id, by=SYSTEM, reason=arguments.reason))


def _unlock(arguments: argparse.Namespace) -> None:
    _print_state(unlock_staff(staff_by_login(arguments.login).id, by=SYSTEM, reason=arguments.reason))


def _leave(arguments: argparse.Namespace) -> None:
    _print_state(end_staff(staff_by_login(arguments.login).id, by=SYSTEM, reason=arguments.reason))


def _list(arguments: argparse.Namespace) -> None:
    chosen = [institution_by_slug(arguments.institution)] if arguments.institution else institutions()
    for one in chosen:
        print(f"{one.slug}:")
        slugs = {each.id: each.slug for each in roles(one.id)}
        if arguments.roles:
            for each in roles(one.id):
                print(f"  {each.slug:<16} {' '.join(sorted(each.permissions))}")
            continue
        marker = None
        while True:
            page = staff_of(one.id, after=marker)
            for someone in page.staff:
                held = " ".join(slugs[role_id] for where, role_id in someone.grants if where == one.id)
                print(f"  {someone.login:<24} {gettext(state_words(someone.state)):<8} {held}")
            marker = page.next
            if marker is None:
                break


def _print_invitation(someone: Staff, arguments: argparse.Namespace) -> None:
    invitation = issue_invitation(someone.id, by=SYSTEM, reason=arguments.reason)
    hours = int(LIVES[INVITATION].total_seconds()) // 3600
    print(gettext("Invitation for %(login)s, good for %(hours)s hours and once; shown only now:")
          % {"login": someone.login, "hours": hours})  # fmt: skip
    print(f"  {arguments.address.rstrip('/')}{INVITATION_PATH}{invitation.token}")


def _print_state(someone: Staff) -> None:
    print(f"{someone.login}: {gettext(state_words(someone.state))}")
