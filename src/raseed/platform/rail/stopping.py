"""What has to end before the server can: answers without an end of their own, such as streams.

The server (granian) waits for open answers before it tells the application to stop, and kills it when they take too long. So
whoever pours without end asks here to hear of the signal itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable
from types import FrameType


def when_asked_to_stop(deed: Callable[[], None]) -> None:
    """Do something in the running loop as soon as this process is asked to stop; the server's own handler runs all the same.

    Called when the server has set its handlers, so not while it starts. Outside the main thread nothing is heard.
    """
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)
        if not callable(before):
            continue

        def asked(signum: int, frame: FrameType | None, before: Callable[..., object] = before) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(deed)
            before(signum, frame)

        with contextlib.suppress(ValueError):  # not the main thread
            signal.signal(number, asked)
            signal.siginterrupt(number, False)
