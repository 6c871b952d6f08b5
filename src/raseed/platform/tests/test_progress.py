"""A progress line says how far the work is, and never floods a file."""

from __future__ import annotations

import io

from raseed.platform.progress import progress_on


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_file_gets_the_beginning_and_the_end_of_quick_work():
    told = io.StringIO()
    show = progress_on(told)
    for done in range(1001):
        show("counting", done, 1000)
    assert told.getvalue() == "  counting: 0 / 1,000\n  counting: 1,000 / 1,000\n"


def test_a_terminal_keeps_to_one_line_that_ends_with_the_work():
    told = Terminal()
    show = progress_on(told)
    show("counting", 0, 2)
    show("counting", 2, 2)
    assert told.getvalue() == "\r  counting: 0 / 2\r  counting: 2 / 2\n"
