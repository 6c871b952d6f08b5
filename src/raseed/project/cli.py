"""The command line: ``./raseed COMMAND``. What each command does belongs to the package that offers it."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from .trouble import Trouble, explain


@dataclass(frozen=True, slots=True)
class Command:
    """One command: where its function is (``argv -> exit status``), and what it needs before it runs.

    Attributes:
        target: ``module:function``.
        summary: one line for ``./raseed --help``.
        django: the framework is set up first.
        database: a migrated database runs first (the embedded one is started where it does not run).
        demo: it is there only where the demo world may be.
    """

    target: str
    summary: str
    django: bool = False
    database: bool = False
    demo: bool = False


COMMANDS: Final = {
    "run": Command("raseed.project.supervisor:main", "start everything: database, pages, rail, worker, the demo"),
    "import": Command("raseed.imports.cli:main", "bring in the books of another bank", django=True, database=True),
    "ledger": Command("raseed.ledger.cli:main", "look after the ledger: verify, seal, …", django=True, database=True),
    "books": Command("raseed.assurance.cli:main", "check the books", django=True, database=True),
    "demo": Command("raseed.demo.cli:main", "plant the demo world", django=True, database=True, demo=True),
    "verify-certificate": Command("raseed.display.standalone.verify_certificate:main", "check a balance's certificate"),
    "staff": Command(
        "raseed.people.staff.cli:main", "add, invite, list, lock, reset staff", django=True, database=True
    ),
    "key": Command("raseed.people.keys.cli:main", "issue, list, revoke keys of the API", django=True, database=True),
    "guard": Command(
        "raseed.assurance.guard.cli:main", "guard releases of what shows balances", django=True, database=True
    ),
    "migrate": Command("raseed.project.migrate:main", "bring the database's tables up to date", database=True),
    "postgres": Command("raseed.project.programs:main", "run psql, pg_dump, … on Raseed's database", database=True),
    "test": Command("raseed.project.testing:main", "run the tests"),
    "check": Command("raseed.project.check:main", "run every check that is not a test"),
    "bench": Command("raseed.project.bench:main", "measure, beside peers"),
    "lock": Command("raseed.project.lock:main", "make the requirement locks anew (for developers)"),
    "django": Command("raseed.project.framework:main", "run one of Django's own commands", django=True, database=True),
}
BAD_COMMAND: Final = 2
INTERRUPTED: Final = 130


def usage() -> str:
    """Return what ``./raseed --help`` prints."""
    lines = [f"  {name:<18} {command.summary}" for name, command in COMMANDS.items()]
    return "\n".join([
        "usage: ./raseed COMMAND [--help] …", "", "Runs the money and the customer care of a bank.", "", *lines, "",
        "'./raseed COMMAND --help' tells more. Settings are environment variables: docs/operations.md.",
    ])  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; what a person can mend is told in one sentence, with exit status 1."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in ("--help", "-h", "help"):
        print(usage())
        return 0 if words else BAD_COMMAND
    name, *rest = words
    if name not in COMMANDS:
        print(f"raseed: there is no command {name!r}.\n\n{usage()}", file=sys.stderr)
        return BAD_COMMAND
    try:
        prepare_environment(plants=words[:2] == ["demo", "plant"])
        return _run(COMMANDS[name], rest)
    except KeyboardInterrupt:
        print("\nraseed: stopped.", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        if (sentence := explain(error)) is None:
            raise
        print(f"raseed: {sentence}", file=sys.stderr)
        return 1


def prepare_environment(*, plants: bool = False) -> None:
    """Set what all processes of Raseed read from the environment, where it is not set yet.

    Args:
        plants: the command plants the demo world, so from now on this home holds one.
    """
    folder = home()
    os.environ["RASEED_HOME"] = str(folder)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "raseed.project.settings")
    if os.environ.get("DATABASE_URL"):
        os.environ["RASEED_DEMO"] = "0"  # decision 26: the demo never goes where DATABASE_URL points
        return
    if plants:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "world").write_text("demo\n", encoding="ascii")
    os.environ.setdefault("RASEED_DEMO", "1" if _holds_demo(folder) else "0")


def _no_demo() -> str:
    if os.environ.get("DATABASE_URL"):
        return "The demo world goes into the embedded database only, never where DATABASE_URL points: unset it first."
    return "This house was begun without the demo world: './raseed demo plant' plants it."


def home() -> Path:
    """Return the folder of keys, embedded database and logs."""
    return Path(os.environ.get("RASEED_HOME") or ".raseed").absolute()


def _holds_demo(folder: Path) -> bool:
    world = folder / "world"
    return not world.exists() or world.read_text(encoding="utf-8").strip() != "empty"


def _run(command: Command, rest: list[str]) -> int:
    asks_help = any(word in ("--help", "-h") for word in rest)
    if command.demo and os.environ["RASEED_DEMO"] != "1":
        raise Trouble(_no_demo())
    if command.database and not asks_help and not _is_inner():
        from .embedded import database_in_use  # noqa: PLC0415  (takes 100 ms, and most commands can do without)

        context: AbstractContextManager[None] = database_in_use(home())
    else:
        context = nullcontext()
    with context:
        if command.django:
            _set_up_django()
        status = _function(command.target)(rest)
    return status or 0


def _is_inner() -> bool:
    """Whether this process was started by another raseed process that has the database in use already."""
    return "RASEED_DATABASE_ROLE" in os.environ


def _function(target: str) -> Callable[[list[str]], int | None]:
    module, _, name = target.partition(":")
    if find_spec(module.rpartition(".")[0]) is None or find_spec(module) is None:
        raise Trouble("This command is not part of this installation.")
    function: Callable[[list[str]], int | None] = getattr(importlib.import_module(module), name)
    return function


def _set_up_django() -> None:
    import django  # noqa: PLC0415  (after the environment is set)

    from .catalogues import compile_catalogues  # noqa: PLC0415

    compile_catalogues()
    django.setup()


if __name__ == "__main__":
    sys.exit(main())
