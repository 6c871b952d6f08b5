"""Where the database is: DATABASE_URL, or the embedded server's own address; and the three roles in it.

*owner* makes and changes tables, *app* runs Raseed, *read* looks (decision 24). With ``DATABASE_URL`` the app's address
is that one; the owner's is ``RASEED_OWNER_DATABASE_URL``, or the same one where it is not set.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

import psycopg
from psycopg import sql

from raseed.platform.keys import secret_text

from .machine import free_disk_bytes, ledger_settings, memory_bytes
from .postgres import PORT, SUPERUSER, PostgresServer, find_binaries
from .trouble import Trouble

DATABASE_NAME: Final = "raseed"
ROLES: Final = {"owner": "raseed_owner", "app": "raseed_app", "read": "raseed_read"}
CONNECTION_AGE_SECONDS_MAX: Final = 600
NOWHERE: Final = "postgresql://nobody@/none?host=/nonexistent"
"""An address for what needs settings but no database."""


def embedded_server(home: Path, environment: Mapping[str, str] = os.environ) -> PostgresServer:
    """Return the embedded server that belongs to ``home``; it is not started."""
    return PostgresServer(
        folder=home / "postgres",
        password=secret_text(home / "keys" / "postgres-superuser"),
        settings=ledger_settings(memory_bytes(), free_disk_bytes(home)),
        binaries=find_binaries(environment.get("RASEED_POSTGRES_BIN")),
    )


def is_embedded(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether the database is the embedded one: no ``DATABASE_URL`` is set."""
    return not environment.get("DATABASE_URL")


def role_password(home: Path, role: str) -> str:
    """Return the password of one of the three roles in the embedded server."""
    return secret_text(home / "keys" / f"postgres-{role}")


def role_dsn(home: Path, role: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return the libpq connection string (or URL) for one of the three roles."""
    if not is_embedded(environment):
        return _url_of(role, environment)
    server = embedded_server(home, environment)
    return server.dsn(user=ROLES[role], password=role_password(home, role), database=DATABASE_NAME)


def database_settings(home: Path, environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Return Django's settings of the one database, for the role that ``RASEED_DATABASE_ROLE`` names (app if none)."""
    role = environment.get("RASEED_DATABASE_ROLE", "app")
    if role not in ROLES:
        raise Trouble(f"RASEED_DATABASE_ROLE is {role!r}: it must be one of {', '.join(ROLES)}.")
    if is_embedded(environment):
        server = embedded_server(home, environment)
        address = {
            "NAME": DATABASE_NAME,
            "USER": ROLES[role],
            "PASSWORD": role_password(home, role),
            "HOST": str(server.socket_folder),
            "PORT": str(PORT),
            "OPTIONS": {},
        }
    else:
        address = address_of(_url_of(role, environment))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": CONNECTION_AGE_SECONDS_MAX,
        "CONN_HEALTH_CHECKS": True,
        **address,
    }


def address_of(url: str) -> dict[str, Any]:
    """Split a database URL (libpq's form) into Django's settings.

    Raises:
        Trouble: it is no URL of a PostgreSQL database.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql") or not parts.path.strip("/"):
        raise Trouble("The database's address must look like postgresql://user:password@host:5432/name.")
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", None) or unquote(parts.hostname or "")
    return {
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": options.pop("port", None) or str(parts.port or PORT),
        "OPTIONS": options,
    }


def make_database(superuser_dsn: str, passwords: Mapping[str, str], name: str = DATABASE_NAME) -> None:
    """Make the three roles (with these passwords) and the database, or bring them to the state they should have.

    Args:
        superuser_dsn: a connection string of the server's superuser to its database ``postgres``.
        passwords: by role: owner, app, read.
        name: the database's name.
    """
    with psycopg.connect(superuser_dsn, autocommit=True) as connection:
        for role, user in ROLES.items():
            found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [user]).fetchone()
            verb = sql.SQL("ALTER" if found else "CREATE")
            connection.execute(
                sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, sql.Identifier(user), sql.Literal(passwords[role]))
            )
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            make = sql.SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0")
            connection.execute(make.format(sql.Identifier(name), sql.Identifier(ROLES["owner"])))
    with psycopg.connect(superuser_dsn, dbname=name, autocommit=True) as connection:
        connection.execute(_grants(name))
        connection.execute(default_privileges(ROLES["owner"]))


def _grants(name: str) -> sql.Composed:
    """Return the statements that say who may enter the database."""
    return sql.SQL("""
        REVOKE ALL ON DATABASE {name} FROM PUBLIC;
        GRANT CONNECT, TEMPORARY ON DATABASE {name} TO {app};
        GRANT CONNECT ON DATABASE {name} TO {read};
    """).format(name=sql.Identifier(name), **{role: sql.Identifier(user) for role, user in ROLES.items()})


def default_privileges(owner: str) -> sql.Composed:
    """Return the statements that let the tables ``owner`` will make be used by the app, and seen by the reader."""
    return sql.SQL("""
        ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app};
        ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT USAGE, SELECT ON SEQUENCES TO {app};
        ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT USAGE ON SCHEMAS TO {app}, {read};
        ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT SELECT ON TABLES TO {read};
    """).format(owner=sql.Identifier(owner), app=sql.Identifier(ROLES["app"]), read=sql.Identifier(ROLES["read"]))


def make_embedded_database(home: Path, server: PostgresServer) -> None:
    """Make roles and database in the embedded server, which runs."""
    make_database(server.dsn(user=SUPERUSER), {role: role_password(home, role) for role in ROLES})


def _url_of(role: str, environment: Mapping[str, str]) -> str:
    app = environment["DATABASE_URL"]
    own = {"app": app, "owner": environment.get("RASEED_OWNER_DATABASE_URL") or app}
    return own.get(role) or environment.get("RASEED_READ_DATABASE_URL") or app
