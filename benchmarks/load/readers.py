"""Our generator of people who read pages: each on a keep-alive connection of their own, one page after the other.

Reads its orders as one JSON object on standard input and answers with one on standard output. A reader reads a page, thinks
for a while (exponentially distributed, the mean given; zero: not at all) and reads the next of their pages, and so on, from
a first instant within one thinking time. One thread, asyncio streams of the standard library.

Orders: host, port, readers (a list of {"cookie": …, "paths": […]}), think_seconds, seconds, warm_up_seconds, windows.
"""

from __future__ import annotations

import asyncio
import gc
import json
import random
import resource
import sys
import time
from collections import Counter
from typing import Any, Final

ANSWER_SECONDS_MAX: Final = 30.0
_HEAD_END: Final = b"\r\n\r\n"


class Window:
    """What was measured between two instants, by the instant at which a request was sent."""

    def __init__(self, begins: float, ends: float) -> None:
        self.begins, self.ends = begins, ends
        self.ms: list[float] = []
        self.statuses: Counter[str] = Counter()
        self.size = 0


class Readers:
    """The readers, and what they waited for."""

    def __init__(self, orders: dict[str, Any]) -> None:
        self.orders = orders
        self.rng = random.Random(7)
        begins = time.perf_counter() + orders["warm_up_seconds"]
        self.windows = [
            Window(begins + place * orders["seconds"], begins + (place + 1) * orders["seconds"])
            for place in range(orders["windows"])
        ]
        self.ends = self.windows[-1].ends
        self.reconnected = 0

    async def run(self) -> None:
        """Let everyone read until the last window is over."""
        async with asyncio.TaskGroup() as group:
            for reader in self.orders["readers"]:
                group.create_task(self._read(reader))

    async def _read(self, reader: dict[str, Any]) -> None:
        think = self.orders["think_seconds"]
        await asyncio.sleep(self.rng.uniform(0, max(think, 0.05)))
        source, sink = await self._connect()
        requests = [
            f"GET {path} HTTP/1.1\r\nHost: {self.orders['host']}\r\nCookie: {reader['cookie']}\r\nAccept-Language: ar\r\n\r\n"
            for path in reader["paths"]
        ]
        place = 0
        while time.perf_counter() < self.ends:
            began = time.perf_counter()
            if source.at_eof():  # closed while its reader was thinking; as a browser, connect again
                sink.close()
                source, sink = await self._connect()
                self.reconnected += 1
            sink.write(requests[place % len(requests)].encode())
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                status, size = await self._answer(source)
            self._note(began, time.perf_counter(), status, size)
            place += 1
            if think:
                await asyncio.sleep(self.rng.expovariate(1 / think))
        sink.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self.orders["host"], self.orders["port"], limit=1 << 20)

    async def _answer(self, source: asyncio.StreamReader) -> tuple[str, int]:
        head = (await source.readuntil(_HEAD_END)).decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        if fields.get("transfer-encoding") == "chunked":
            size = 0
            while length := int((await source.readline()).split(b";")[0], 16):
                await source.readexactly(length + 2)
                size += length
            await source.readexactly(2)
        else:
            size = len(await source.readexactly(int(fields["content-length"])))
        return head[0].split(" ")[1], size

    def _note(self, began: float, ended: float, status: str, size: int) -> None:
        for window in self.windows:
            if window.begins <= began < window.ends:
                window.ms.append((ended - began) * 1e3)
                window.statuses[status] += 1
                window.size += size


def main() -> None:
    """Carry out the orders."""
    orders = json.loads(sys.stdin.read())
    gc.disable()
    before = resource.getrusage(resource.RUSAGE_SELF)
    readers = Readers(orders)
    asyncio.run(readers.run())
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    windows = [
        {"ms": sorted(window.ms), "statuses": window.statuses, "bytes": window.size, "seconds": orders["seconds"]}
        for window in readers.windows
    ]
    print(json.dumps({"windows": windows, "cpu_seconds": cpu, "reconnected": readers.reconnected}))


if __name__ == "__main__":
    main()
