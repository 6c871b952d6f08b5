"""``./raseed postgres PROGRAM …``: PostgreSQL's own programs on Raseed's database, for backup, restore and a look inside."""

from __future__ import annotations

import argparse
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import psycopg

from .database import ROLES, embedded_server, is_embedded, role_dsn
from .postgres import find_binaries
from .trouble import Trouble

_VARIABLES: Final = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE",
                     "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT"}  # fmt: skip


def main(argv: Sequence[str]) -> int:
    """Run the program with the address and password of the database in its environment."""
    parser = argparse.ArgumentParser(
        prog="raseed postgres",
        description="Run one of PostgreSQL's programs (psql, pg_dump, pg_restore, pg_basebackup, …) on Raseed's database.",
    )
    roles = [*ROLES, *(["superuser"] if is_embedded() else [])]
    parser.add_argument("--role", choices=roles, default="read", help="as whom (default: %(default)s)")
    parser.add_argument("program", help="its name, without a path")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="passed on as they are")
    wanted = parser.parse_args(argv)
    home = Path(os.environ["RASEED_HOME"])
    folder = find_binaries(os.environ.get("RASEED_POSTGRES_BIN"))
    program = folder / Path(wanted.program).name
    if not os.access(program, os.X_OK):
        raise Trouble(f"There is no program {program.name!r} in {folder}.")
    dsn = embedded_server(home).dsn() if wanted.role == "superuser" else role_dsn(home, wanted.role)
    address = psycopg.conninfo.conninfo_to_dict(dsn)
    environment = {_VARIABLES[name]: str(value) for name, value in address.items() if name in _VARIABLES}
    return subprocess.run([program, *wanted.arguments], env={**os.environ, **environment}, check=False).returncode
