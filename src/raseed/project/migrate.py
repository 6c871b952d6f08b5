"""Brings the database to the code's schema, as the owner of the tables, and lets the other roles in."""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from .database import ROLES, default_privileges, role_dsn
from .trouble import Trouble

LOCK_NUMBER: Final = 0x5261_7365_6564  # "Raseed": held while one process migrates
_PACKAGES: Final = Path(__file__).parent.parent


def schema_digest() -> str:
    """Return a digest of all that a migration could come from: our migration files and the versions of libraries."""
    digest = hashlib.sha256(f"demo {os.environ.get('RASEED_DEMO')}\n".encode())
    for name in ("django", "procrastinate"):
        digest.update(f"{name} {version(name)}\n".encode())
    for path in sorted(_PACKAGES.glob("*/migrations/*.py")) + sorted(_PACKAGES.glob("*/sql/*.sql")):
        digest.update(path.relative_to(_PACKAGES).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def migrate_if_changed(home: Path, tell: Callable[[str], None]) -> None:
    """Migrate the embedded database, unless the same code has done it before."""
    mark = home / "postgres" / "migrated"
    digest = schema_digest()
    if mark.exists() and mark.read_text(encoding="ascii") == digest:
        return
    tell("Bringing the database's tables up to date …")
    migrate_in_process()
    mark.write_text(digest, encoding="ascii")


def migrate_in_process() -> None:
    """Migrate in a process of its own, since a process has one role.

    Raises:
        Trouble: it did not succeed; what happened is on standard error.
    """
    command = [sys.executable, "-m", "raseed.project.cli", "migrate", "--quiet"]
    done = subprocess.run(command, env={**os.environ, "RASEED_DATABASE_ROLE": "owner"}, check=False)
    if done.returncode != 0:
        raise Trouble("The database's tables could not be brought up to date: what is above says why.")


def main(argv: Sequence[str]) -> int:
    """``./raseed migrate``."""
    parser = argparse.ArgumentParser(prog="raseed migrate", description="Bring the database's tables up to date.")
    parser.add_argument("--quiet", action="store_true", help="say nothing where all goes well")
    arguments = parser.parse_args(argv)
    if os.environ.get("RASEED_DATABASE_ROLE") != "owner":
        migrate_in_process()
        return 0
    home = Path(os.environ["RASEED_HOME"])
    try:
        with psycopg.connect(role_dsn(home, "owner"), autocommit=True) as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", [LOCK_NUMBER])
            _admit_roles(connection)
            _migrate(verbosity=0 if arguments.quiet else 1)
    except psycopg.OperationalError as error:
        raise Trouble(f"The database can't be reached: {str(error).strip().splitlines()[-1]}") from None
    return 0


def _migrate(verbosity: int) -> None:
    import django  # noqa: PLC0415  (after the role is set)
    from django.core.management import call_command  # noqa: PLC0415

    django.setup()
    call_command("migrate", verbosity=verbosity, interactive=False)


def _admit_roles(connection: psycopg.Connection) -> None:
    """Make the roles where they are missing, and let them use what this role will make.

    Raises:
        Trouble: the owner may not make roles; the sentence says what a superuser has to run.
    """
    found = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles WHERE rolname ~ '^raseed_'")}
    missing = [user for user in ROLES.values() if user not in found]
    try:
        for user in missing:
            connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(user)))
    except psycopg.errors.InsufficientPrivilege:
        statements = " ".join(f"CREATE ROLE {user} LOGIN PASSWORD '…';" for user in missing)
        raise Trouble(f"Roles are missing in the database: let a superuser run: {statements}") from None
    [owner] = connection.execute("SELECT current_user").fetchone() or ("",)
    connection.execute(default_privileges(owner))
