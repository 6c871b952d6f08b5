"""The ledger's process beside the jobs: loops that never end, each in a thread of its own, until SIGTERM.

A loop that dies takes the process with it, so that the supervisor starts all of them again.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Final

from raseed.platform.loops import stop_when_signalled

STOP_SECONDS_MAX: Final = 20.0
_log = logging.getLogger(__name__)

Loop = Callable[[threading.Event], None]


def run(loops: Mapping[str, Loop], stop: threading.Event) -> bool:
    """Run the loops until ``stop`` is set or one of them ends by itself; say whether all ended because they were told to."""
    died: list[str] = []

    def keep(name: str, loop: Loop) -> None:
        try:
            loop(stop)
        except Exception:  # noqa: BLE001 - whatever it was, the process ends
            _log.exception("the ledger's loop %s died", name)
        if not stop.is_set():
            died.append(name)
            stop.set()

    threads = [threading.Thread(target=keep, args=item, name=item[0], daemon=True) for item in loops.items()]
    for thread in threads:
        thread.start()
    stop.wait()
    for thread in threads:
        thread.join(STOP_SECONDS_MAX)
    return not died


def main() -> int:
    """Run the ledger's loops until SIGTERM or SIGINT."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "raseed.project.settings")
    import django  # noqa: PLC0415 - after the environment is set

    django.setup()
    from django.conf import settings  # noqa: PLC0415 - as below

    from .expiry import sweep_until  # noqa: PLC0415 - needs what setup has made
    from .log.running import seal_until  # noqa: PLC0415 - as above

    stop = stop_when_signalled()
    loops: dict[str, Loop] = {"expiry": sweep_until, "sealer": lambda told: seal_until(told, settings.HOME)}
    return 0 if run(loops, stop) else 1


if __name__ == "__main__":
    sys.exit(main())
