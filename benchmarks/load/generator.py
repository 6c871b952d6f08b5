"""Our HTTP load generator: single transfers over keep-alive connections, one outstanding on each, from a process of its own.

Reads its orders as one JSON object on standard input and answers with one on standard output. All requests of a window are
rendered before it, while the clock stands; in the window it only sends, receives and looks at the status. It uses nothing
but the standard library: one thread, epoll, plain sockets.

Orders: host, port, key, ledger, accounts (path of a file of 16-byte ids), connections, seconds, windows, expected (requests/s
until measured); with ``get``, a path before an account's id, that is asked for instead of a transfer.
"""

from __future__ import annotations

import gc
import json
import os
import random
import resource
import select
import socket
import sys
import time
import uuid
from pathlib import Path
from typing import Any, Final

SPARE: Final = 1.3
"""So many more requests are rendered than are expected to be sent."""
WARM_UP_SECONDS: Final = 2.0
STALL_SECONDS_MAX: Final = 20.0
_ANSWER_BYTES_MAX: Final = 65_536


def render(orders: dict[str, Any], accounts: list[str], count: int, rng: random.Random) -> list[bytes]:
    """Return whole requests, each with an id of its own (version 7, as ``raseed.kernel.ids`` makes them)."""
    if "get" in orders:
        head = f"Host: {orders['host']}\r\nAuthorization: Bearer {orders['key']}\r\n\r\n"
        return [f"GET {orders['get']}{rng.choice(accounts)} HTTP/1.1\r\n{head}".encode() for _ in range(count)]
    head = (
        f"POST /ledger/v1/transfers HTTP/1.1\r\nHost: {orders['host']}\r\nAuthorization: Bearer {orders['key']}\r\n"
        "Content-Type: application/json\r\nContent-Length: "
    )
    tail = f'","ledger":{orders["ledger"]},"code":1}}'
    milliseconds = time.time_ns() // 1_000_000  # tidy: allowed
    many = len(accounts)
    found = []
    for _ in range(count):
        debit = rng.randrange(many)
        credit = (debit + 1 + rng.randrange(many - 1)) % many
        bits = rng.getrandbits(74)
        number = milliseconds << 80 | 0x7 << 76 | (bits >> 62) << 64 | 0b10 << 62 | bits & (1 << 62) - 1
        body = (
            f'{{"id":"{uuid.UUID(int=number)}","debit_account_id":"{accounts[debit]}",'
            f'"credit_account_id":"{accounts[credit]}","amount":"{rng.randrange(1, 100)}{tail}'
        )
        found.append(f"{head}{len(body)}\r\n\r\n{body}".encode())
    return found


class Load:
    """The connections, and what came back on them."""

    def __init__(self, host: str, port: int, connections: int) -> None:
        self._poll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        for _ in range(connections):
            sock = socket.create_connection((host, port), timeout=10)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setblocking(False)
            self._sockets[sock.fileno()] = sock
            self._poll.register(sock.fileno(), select.EPOLLIN)

    def window(self, requests: list[bytes], seconds: float) -> dict[str, Any]:
        """Send for so many seconds, or until the requests are used up; wait for the last answers; say what came of it."""
        waiting = {}
        clock = time.perf_counter
        took: list[float] = []
        statuses: dict[str, int] = {}
        cpu = _cpu_seconds()
        began = clock()
        last = began + seconds
        queue = iter(requests)
        for number, sock in self._sockets.items():
            sock.sendall(next(queue))
            waiting[number] = clock()
        rest: dict[int, bytes] = {}
        sockets, poll = self._sockets, self._poll
        while waiting:
            events = poll.poll(STALL_SECONDS_MAX)
            if not events:
                raise TimeoutError(f"no answer for {STALL_SECONDS_MAX:g} s on {len(waiting)} connections")
            for number, _ in events:
                sock = sockets[number]
                answer = sock.recv(_ANSWER_BYTES_MAX)
                if not answer:
                    raise ConnectionError("the rail closed a connection")
                if number in rest:
                    answer = rest.pop(number) + answer
                if not _whole(answer):
                    rest[number] = answer
                    continue
                now = clock()
                took.append(now - waiting.pop(number))
                status = answer[9:12].decode()
                statuses[status] = statuses.get(status, 0) + 1
                if now < last and (request := next(queue, None)) is not None:
                    sock.sendall(request)
                    waiting[number] = now
        passed = clock() - began
        took.sort()
        return {
            "requests": len(took),
            "seconds": passed,
            "statuses": statuses,
            "cpu_seconds": _cpu_seconds() - cpu,
            "used_up": next(queue, None) is None,
            "ms": {
                name: _ms(took, share) for name, share in (("p50", 0.5), ("p99", 0.99), ("p999", 0.999), ("max", 1.0))
            },
        }


def _whole(answer: bytes) -> bool:
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    at = answer.find(b"content-length: ", 0, end)
    return at > 0 and len(answer) >= end + 4 + int(answer[at + 16 : answer.index(b"\r\n", at)])


def _ms(ordered: list[float], share: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000, 2)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Do as ordered."""
    orders = json.load(sys.stdin)
    raw = Path(orders["accounts"]).read_bytes()
    accounts = [str(uuid.UUID(bytes=raw[at : at + 16])) for at in range(0, len(raw), 16)]
    load = Load(orders["host"], orders["port"], orders["connections"])
    expected = float(orders["expected"])
    rng = random.Random(os.getpid())
    windows = []
    for number in range(orders["windows"] + 1):
        seconds = orders["seconds"] if number else min(WARM_UP_SECONDS, orders["seconds"])
        requests = render(orders, accounts, int(expected * seconds * SPARE) + orders["connections"], rng)
        gc.collect()
        gc.disable()
        window = load.window(requests, seconds)
        gc.enable()
        expected = window["requests"] / window["seconds"]
        if number:
            windows.append(window)
    json.dump(windows, sys.stdout)


if __name__ == "__main__":
    main()
