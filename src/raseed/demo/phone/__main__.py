"""``python -m raseed.demo.phone``: run the phone until it is told to stop."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from threading import Thread
from typing import Final

from .server import PhoneServer

PORT: Final = 8010


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; the bearer key is RASEED_SMS_KEY, else what the key file holds, else none."""
    parser = argparse.ArgumentParser(
        prog="python -m raseed.demo.phone", description="A text-message gateway and the phones behind it, for the demo."
    )
    parser.add_argument("--port", type=int, default=PORT, help="on loopback (default: %(default)s; 0 picks a free one)")
    parser.add_argument("--key-file", type=Path, help="file with the bearer key that senders must show")
    parser.add_argument("--staff-file", type=Path, help="file with what the demo's staff sign in with")
    parser.add_argument("--channels", default="", help="address of the simulated channels (default: none)")
    arguments = parser.parse_args(argv)

    def key() -> str | None:
        """The sender makes the file at its first text, so it is read when a text comes; unreadable, no key fits."""
        if given := os.environ.get("RASEED_SMS_KEY"):
            return given
        if arguments.key_file is None:
            return None
        try:
            return str(arguments.key_file.read_text(encoding="ascii")).strip()
        except (OSError, UnicodeDecodeError):
            return ""

    try:
        server = PhoneServer(
            ("127.0.0.1", arguments.port), key=key, staff_file=arguments.staff_file, channels=arguments.channels
        )
    except (OSError, OverflowError) as trouble:
        print(f"The phone can't listen on port {arguments.port}: {trouble}.", file=sys.stderr)
        return 2

    def stop(*_: object) -> None:
        Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"The demo's phone: http://127.0.0.1:{server.server_address[1]}/", flush=True)
    server.serve_forever(poll_interval=0.2)
    server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
