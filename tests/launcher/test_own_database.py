"""``DATABASE_URL``: a server of one's own is used as it is, nothing is started, and no demo gets into it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg
import pytest

from raseed.project.database import ROLES
from raseed.project.machine import throw_away_settings
from raseed.project.postgres import PostgresServer, find_binaries
from tests.launcher.started import START_SECONDS_MAX, command, environment

SETUP: Final = """
    CREATE ROLE raseed_owner LOGIN PASSWORD 'o';
    CREATE ROLE raseed_app LOGIN PASSWORD 'a';
    CREATE ROLE raseed_read LOGIN PASSWORD 'r';
"""
"""What docs/operations.md asks a superuser to run."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PostgresServer]:
    made = PostgresServer(tmp_path / "theirs", "secret", throw_away_settings(), find_binaries(), durable=False)
    made.start(leashed=True)
    yield made
    made.stop(immediately=True)


def url(server: PostgresServer, user: str, password: str) -> str:
    return f"postgresql://{user}:{password}@/raseed?host={server.socket_folder}"


def say(home: Path, addresses: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*words),
        env=environment(home) | addresses,
        capture_output=True,
        text=True,
        check=False,
        timeout=START_SECONDS_MAX,
    )


@pytest.mark.slow
def test_three_roles_as_operations_describes_them(server: PostgresServer, tmp_path: Path) -> None:
    with psycopg.connect(server.dsn(), autocommit=True) as superuser:
        superuser.execute(SETUP.encode())
        superuser.execute("CREATE DATABASE raseed OWNER raseed_owner ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0")
    addresses = {
        "DATABASE_URL": url(server, "raseed_app", "a"),
        "RASEED_OWNER_DATABASE_URL": url(server, "raseed_owner", "o"),
        "RASEED_READ_DATABASE_URL": url(server, "raseed_read", "r"),
    }
    home = tmp_path / "home"
    done = say(home, addresses, "migrate")
    assert done.returncode == 0, done.stderr
    assert not (home / "postgres").exists()
    assert say(home, addresses, "postgres", "psql", "-At", "-c", "SELECT current_user").stdout == "raseed_read\n"
    refused = say(home, addresses, "demo", "plant")
    assert refused.returncode != 0
    assert "Traceback" not in refused.stderr
    with psycopg.connect(addresses["DATABASE_URL"], autocommit=True) as app:
        assert app.execute("SELECT count(*) FROM people_customer").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("CREATE TABLE mine (n int)")


@pytest.mark.slow
def test_one_role_for_everything_is_enough_for_a_trial(server: PostgresServer, tmp_path: Path) -> None:
    with psycopg.connect(server.dsn(), autocommit=True) as superuser:
        superuser.execute("CREATE DATABASE raseed")
    done = say(tmp_path / "home", {"DATABASE_URL": url(server, "postgres", "secret")}, "migrate")
    assert done.returncode == 0, done.stderr
    with psycopg.connect(server.dsn(database="raseed")) as superuser:
        found = superuser.execute("SELECT count(*) FROM pg_roles WHERE rolname = ANY(%s)", [list(ROLES.values())])
        assert found.fetchone() == (3,)


def test_a_server_that_is_away_is_one_sentence(tmp_path: Path) -> None:
    done = say(tmp_path / "home", {"DATABASE_URL": "postgresql://a:b@127.0.0.1:9/raseed"}, "migrate")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "The database can't be reached" in done.stderr
