"""``python -m raseed.demo.channels``: run the channels until they are told to stop."""

from __future__ import annotations

import argparse
import signal
import sqlite3
import sys
from pathlib import Path
from threading import Event
from typing import Final

from .lines import Lines
from .server import Channels

PORT: Final = 8004


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python -m raseed.demo.channels",
        description="Make-believe WhatsApp, Telegram, X, text gateway and malware scanner for the demo.",
    )
    parser.add_argument("--port", type=int, default=PORT, help="on loopback (default: %(default)s; 0 picks a free one)")
    parser.add_argument("--lines", type=Path, required=True, help="file of the lines with their secrets, and of people")
    parser.add_argument(
        "--state", type=Path, help="file that keeps messages and what webhooks are owed (default: none)"
    )
    arguments = parser.parse_args(argv)
    try:
        channels = Channels(port=arguments.port, lines=Lines(arguments.lines), state=arguments.state)
    except (OSError, OverflowError, sqlite3.Error) as trouble:
        print(f"The channels can't start on port {arguments.port}: {trouble}.", file=sys.stderr)
        return 2
    stopped = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    channels.start()
    print(f"The demo's channels: {channels.address}/", flush=True)
    stopped.wait()
    channels.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
