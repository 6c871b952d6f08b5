"""``python -m raseed.demo.biller``: run the billers until they are told to stop."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Final

from .book import Book
from .desk import Desk
from .server import Billers, serve

PORT: Final = 8003


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python -m raseed.demo.biller", description="Make-believe billers for the demo."
    )
    parser.add_argument("--port", type=int, default=PORT, help="on loopback (default: %(default)s; 0 picks a free one)")
    parser.add_argument("--billers", type=Path, required=True, help="file of billers with their keys")
    parser.add_argument("--book", type=Path, help="file that keeps the payments they have taken (default: none)")
    arguments = parser.parse_args(argv)
    try:
        told = json.loads(arguments.billers.read_text(encoding="utf-8"))
        book = Book(told["seed"], arguments.book)
        billers = Billers({each["code"]: Desk.of(each, book) for each in told["billers"]})
    except (OSError, ValueError, KeyError, TypeError) as trouble:
        print(f"The billers' file can't be read: {trouble}.", file=sys.stderr)
        return 2
    try:
        asyncio.run(_run(billers, arguments.port))
    except (OSError, OverflowError) as trouble:
        print(f"The billers can't listen on port {arguments.port}: {trouble}.", file=sys.stderr)
        return 2
    return 0


async def _run(billers: Billers, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await serve(
        billers, port, stop=stop,
        started=lambda at: print(f"The demo's billers: http://127.0.0.1:{at}/control", flush=True),
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
