"""What logs tell of an exception: where it was raised and what it says, and nothing of whom it was about.

Left alone, the logger writes the values of every variable where it finds a library that does, and the server's errors quote
rows: both are names, notes and numbers of people.
"""

from __future__ import annotations

import traceback
from typing import Final, TextIO

import structlog
from structlog.typing import ExcInfo

_QUOTES: Final = ("DETAIL:", "CONTEXT:", "QUERY:")
"""What begins the lines in which the server quotes rows and statements."""


def configure_logs() -> None:
    """Have every log written with ``write_traceback``; all else stays as the library has it."""
    processors = [
        structlog.dev.ConsoleRenderer(exception_formatter=write_traceback)
        if isinstance(each, structlog.dev.ConsoleRenderer)
        else each
        for each in structlog.get_config()["processors"]
    ]
    structlog.configure(processors=processors)


def write_traceback(sink: TextIO, exc_info: ExcInfo) -> None:
    """Write a traceback without the values of variables, and without what the server quotes."""
    sink.write("\n")
    for said in traceback.TracebackException(*exc_info, compact=True).format():
        sink.writelines(line for line in said.splitlines(keepends=True) if not line.lstrip().startswith(_QUOTES))
