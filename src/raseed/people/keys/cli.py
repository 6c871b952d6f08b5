"""``./raseed key``: issue, list and revoke access keys for the management API, where nobody can do it on a page.

Whoever can run it holds the machine, so it asks for nobody's consent; each deed is in the audit trail as the system's. The
key's text is printed once, alone on standard output, so that it can be put where it belongs without being read.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext

from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id, parse_id
from raseed.platform.api import translate_error

from ..authority import SYSTEM, registered_permissions
from ..domain import LANGUAGES, normal_phone
from ..queries import customer_by_phone, institution_by_slug
from .access_keys import OF_A_CUSTOMER, AccessKey, access_keys, issue_access_key, revoke_access_key

OK, REFUSED = 0, 2
DAYS: Final = 90


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="raseed key", description="Look after access keys for the management API.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    issuing = verbs.add_parser("issue", help="issue a key and print it, this once")
    issuing.add_argument("--institution", required=True, help="the short name of the institution that it is for")
    issuing.add_argument(
        "--customer", metavar="PHONE", help="for this customer's own things; else it is the institution's"
    )
    issuing.add_argument(
        "--permission",
        action="append",
        metavar="CODE",
        help="what it may do; may be repeated (see: raseed key permissions)",
    )
    issuing.add_argument("--name", required=True, help="what it is called in lists")
    issuing.add_argument("--days", type=int, default=DAYS, help="for how many days (default: %(default)s)")
    listing = verbs.add_parser("list", help="list an institution's keys")
    listing.add_argument("--institution", required=True, help="its short name")
    revoking = verbs.add_parser("revoke", help="end a key at once")
    revoking.add_argument("id", help="the key's id, as the list shows it")
    asking = verbs.add_parser("permissions", help="list what a key may be permitted")
    for each in (issuing, revoking):
        each.add_argument("--reason", required=True, help="why: kept in the audit trail")
    for each in (issuing, listing, revoking, asking):
        each.add_argument(
            "--language", choices=LANGUAGES, default="en", help="of what is printed (default: %(default)s)"
        )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out the verb; exit status 2 says that it was refused and nothing changed."""
    arguments = _parser().parse_args(argv)
    verbs = {"issue": _issue, "list": _list, "revoke": _revoke, "permissions": _permissions}
    with translation.override(arguments.language):
        try:
            verbs[arguments.verb](arguments)
        except RaseedError as refusal:
            told = translate_error(refusal, arguments.language)
            print(f"{told.message} {told.hint}".strip(), file=sys.stderr)
            return REFUSED
    return OK


def _issue(arguments: argparse.Namespace) -> None:
    home = institution_by_slug(arguments.institution)
    holder, permissions = f"institution:{home.id}", frozenset(arguments.permission or ())
    if arguments.customer:
        holder = f"customer:{customer_by_phone(normal_phone(arguments.customer, home.default_region)).id}"
        permissions = permissions or OF_A_CUSTOMER
    key, text = issue_access_key(
        id=new_id(),
        holder=holder,
        institution_id=home.id,
        permissions=permissions,
        name=arguments.name,
        expires_at=SYSTEM_CLOCK.now() + timedelta(days=arguments.days),
        by=SYSTEM,
        reason=arguments.reason,
    )
    print(_told(key), file=sys.stderr)
    print(text)


def _list(arguments: argparse.Namespace) -> None:
    for key in access_keys(institution_by_slug(arguments.institution).id, by=SYSTEM):
        print(_told(key))


def _revoke(arguments: argparse.Namespace) -> None:
    key_id: UUID = parse_id(arguments.id, field="id")
    revoke_access_key(key_id, by=SYSTEM, reason=arguments.reason)
    print(f"{key_id}: {gettext('revoked')}")


def _permissions(arguments: argparse.Namespace) -> None:
    del arguments
    for permission in registered_permissions():
        print(f"{permission.code:<32} {gettext(permission.words)}")


def _told(key: AccessKey) -> str:
    ends = gettext("revoked") if key.revoked_at else f"{key.expires_at:%Y-%m-%d}"
    return f"{key.id}  {key.holder_kind:<11}  {ends:<10}  {key.name}  {' '.join(sorted(key.permissions))}"
