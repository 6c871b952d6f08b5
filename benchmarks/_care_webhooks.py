"""Webhooks of a provider that redelivers, shuffles and loses patience, while our processes are killed: what is lost or doubled.

First: so many items (30 % of them redeliveries, half of those in other bytes), in batches of 1 to 50, shuffled, over HTTP to
the rail as ``./raseed run`` starts it, with the worker beside it; both are killed (SIGKILL) again and again, deliverers repeat
what was not acknowledged, a part of the files answer 503 first, a part of the senders hide their number. Then everything is
held against what was sent: messages, statuses, events and files, one by one.

Second: acknowledgements at 500 items a second, asked on a fixed timetable (who is late is measured from when it was due), with
the worker turning them into messages at the same time. Once in batches of 1 to 50, once one by one.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from benchmarks import Claim, percentile
from benchmarks._processes import cpu_of_server, cpu_seconds, environment

if TYPE_CHECKING:
    from benchmarks import BenchDatabase, Context
    from raseed.channels.api import Line

ROOT: Final = Path(__file__).parent.parent
SECRET: Final = "benchmark-secret"  # noqa: S105  (of a line that lives for minutes)
REDELIVERED: Final = 0.3
STATUSES: Final = 0.15
FILES: Final = 0.02
HIDDEN: Final = 0.1
BUSY: Final = 0.3
"""Of the files' first requests, so many are answered 503."""
BATCH_MAX: Final = 50
TOGETHER: Final = 4
"""Elements of one value: a delivery has several entries, changes, messages and statuses."""
DELIVERERS: Final = 8
RATE: Final = 500
GOAL_P99_MS: Final = 50
SEED: Final = 6
PAUSE_S: Final = 0.2
SETTLE_SECONDS_MAX: Final = 900


def measure(context: Context, database: BenchDatabase) -> list[Claim]:
    """Deliver, kill, hold what is kept against what was sent; then measure acknowledgements."""
    return _Webhooks(context, database).run()


@dataclass(slots=True)
class Sent:
    """What was sent, once each: ids of messages, keys of statuses, files by id."""

    messages: set[str] = field(default_factory=set)
    statuses: set[tuple[str, str]] = field(default_factory=set)
    files: dict[str, bytes] = field(default_factory=dict)


class _Webhooks:
    def __init__(self, context: Context, database: BenchDatabase) -> None:
        quick = context.quick
        self.context = context
        self.database = database
        self.items = int(context.option("items", "2000" if quick else "100000"))
        self.kills = int(context.option("kills", "2" if quick else "10"))
        self.seconds = float(context.option("ack_seconds", "2" if quick else "60"))
        self.random = random.Random(SEED)

    def run(self) -> list[Claim]:
        from raseed.channels import api as channels  # noqa: PLC0415  (after Django is set up)
        from raseed.kernel.ids import new_id  # noqa: PLC0415
        from raseed.people.api import SYSTEM  # noqa: PLC0415

        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            files_port = probe.getsockname()[1]
        line = channels.register_line(
            id=new_id(), institution_id=new_id(), channel=channels.Channel.WHATSAPP, address="106540352242922",
            names={"en": "Benchmark"}, settings={"waba_id": "1", "api_base": f"http://127.0.0.1:{files_port}"}, by=SYSTEM,
        )  # fmt: skip
        for name in ("app_secret", "access_token"):
            channels.set_line_secret(line_id=line.id, name=name, value=SECRET, by=SYSTEM)
        sent, deliveries = self._deliveries(line)
        files = self.context.folder / "files.json"
        files.write_text(json.dumps({name: content.hex() for name, content in sent.files.items()}), encoding="ascii")
        with (
            _graph(files_port, files),
            Process("rail", self.database) as rail,
            Process("worker", self.database) as worker,
        ):
            claims = self._storm(line, sent, deliveries, rail, worker)
            claims += [
                self._acknowledged(line, rail, worker, "mixed", BATCH_MAX),
                self._acknowledged(line, rail, worker, "single", 1),
            ]
        for claim in claims:
            self.context.tell(f"{claim.claim}: {claim.value:,} {claim.unit}; {dict(claim.notes)}")
        return claims

    def _deliveries(self, line: Line) -> tuple[Sent, list[bytes]]:
        """Return what is sent, and the deliveries that send it, shuffled, redeliveries among them."""
        unique = round(self.items * (1 - REDELIVERED))
        sent, made = Sent(), [self._element(number) for number in range(unique)]
        for kind, element in made:
            if kind == "statuses":
                sent.statuses.add((element["id"], element["status"]))
            else:
                sent.messages.add(element["id"])
            if "image" in element:
                content = b"%PDF-1.7 " + element["id"].encode()
                sent.files[element["image"]["id"]] = _jpeg(content)
        elements = [(kind, element, False) for kind, element in made]
        elements += [(*self.random.choice(made), number % 2 == 0) for number in range(self.items - unique)]
        self.random.shuffle(elements)
        deliveries = []
        while elements:
            size = self.random.randint(1, BATCH_MAX)
            deliveries.append(_body(line.address, elements[:size]))
            del elements[:size]
        return sent, deliveries

    def _element(self, number: int) -> tuple[str, dict[str, Any]]:
        dice = self.random.random()
        if dice < STATUSES:
            return "statuses", {
                "id": f"wamid.out{number}",
                "status": "delivered",
                "timestamp": _now(),
                "recipient_id": "2010",
            }
        element: dict[str, Any] = {"id": f"wamid.{number}", "timestamp": _now()}
        if dice < STATUSES + HIDDEN:
            element["from_user_id"] = f"EG.{number % 5000}"
        else:
            element["from"] = f"2010{number % 5000:08}"
        if dice > 1 - FILES:
            element |= {"type": "image", "image": {"id": f"m{number}", "mime_type": "image/jpeg"}}
        else:
            element |= {"type": "text", "text": {"body": f"أين فاتورتي رقم {number}؟"}}
        return "messages", element

    def _storm(
        self, line: Line, sent: Sent, deliveries: Sequence[bytes], rail: Process, worker: Process
    ) -> list[Claim]:
        self.context.tell(f"{self.items:,} items in {len(deliveries):,} deliveries, {self.kills} kills each …")
        began = time.monotonic()
        left = list(range(len(deliveries)))
        share = -(-len(left) // (self.kills + 1))
        repeats = 0
        for turn in range(self.kills + 1):
            part = left[turn * share : (turn + 1) * share]
            killing = turn < self.kills
            repeats += asyncio.run(
                _deliver_all(line, [deliveries[n] for n in part], rail, kill_at=0.5 if killing else None)
            )
            if killing:
                worker.kill()
                worker.start()
        took = time.monotonic() - began
        self._settle(line)
        self.context.tell("holding what is kept against what was sent …")
        found = _compared(line, sent)
        notes = {
            "items": self.items, "deliveries": len(deliveries), "repeated_by_deliverers": repeats,
            "kills": {"rail": rail.kills, "worker": worker.kills}, "messages": len(sent.messages),
            "statuses": len(sent.statuses), "files": len(sent.files), "items_a_second": round(self.items / took), **found.pop("notes"),
        }  # fmt: skip
        return [
            Claim(f"care.webhooks.{name}", value, "items", 0, "lower", notes=notes if name == "lost" else {})
            for name, value in found.items()
        ]

    def _settle(self, line: Line) -> None:
        """Wait until nothing waits; what a killed worker had claimed comes back after its lease, as time is told here."""
        from datetime import timedelta  # noqa: PLC0415

        from raseed.channels.media.fetching import fetch_next  # noqa: PLC0415
        from raseed.channels.models import ItemRow, MediaRow  # noqa: PLC0415
        from raseed.channels.receiving.working import work_line  # noqa: PLC0415
        from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock  # noqa: PLC0415

        ends = time.monotonic() + SETTLE_SECONDS_MAX
        waiting, before, still = (-1, -1), (-1, -1), 0
        while waiting != (0, 0):
            if time.monotonic() > ends:
                raise RuntimeError(f"{waiting} items and files still wait")
            waiting = (
                ItemRow.objects.filter(state="waiting").count(),
                MediaRow.objects.filter(state="waiting").count(),
            )
            still = still + 1 if waiting == before else 0
            before = waiting
            if still > 10 or (waiting[0] == 0 and waiting[1]):  # noqa: PLR2004  (two seconds without a change)
                later = ManualClock(SYSTEM_CLOCK.now() + timedelta(minutes=10))
                work_line(line.id, clock=later)
                while fetch_next("again", clock=later):
                    pass
                if still > 10:  # noqa: PLR2004
                    while fetch_next("first", clock=later):
                        pass
            time.sleep(PAUSE_S)

    def _acknowledged(self, line: Line, rail: Process, worker: Process, name: str, batch_max: int) -> Claim:
        self.context.tell(f"{RATE} items a second for {self.seconds:g} s, {name} …")
        plan: list[tuple[float, bytes]] = []
        at, number = 0.0, 0
        while at < self.seconds:
            size = self.random.randint(1, batch_max)
            elements = [(*self._element(10_000_000 + (batch_max << 20) + number + n), False) for n in range(size)]
            plan.append((at, _body(line.address, [one for one in elements if "image" not in one[1]])))
            number += size
            at += size / RATE
        before = (cpu_seconds(rail.pid), cpu_seconds(worker.pid), cpu_of_server(self.database))
        used = time.process_time()
        took, statuses = asyncio.run(_on_time(line, plan, rail.port))
        cpu = [
            round(after - then, 2)
            for after, then in zip(
                (cpu_seconds(rail.pid), cpu_seconds(worker.pid), cpu_of_server(self.database)), before, strict=True
            )
        ]
        notes = {
            "items": number, "deliveries": len(plan), "seconds": self.seconds, "statuses": statuses,
            "p50_ms": round(percentile(took, 0.5) * 1000, 2), "p999_ms": round(percentile(took, 0.999) * 1000, 2),
            "max_ms": round(max(took) * 1000, 2), "cpu_s": dict(zip(("rail", "worker", "postgresql"), cpu, strict=True)),
            "generator_cpu_s": round(time.process_time() - used, 2), "items_left_at_the_end": _waiting(),
            "beside": "the worker makes messages of them",
        }  # fmt: skip
        p99 = round(percentile(took, 0.99) * 1000, 2)
        return Claim(f"care.webhooks.acknowledged_p99.{name}", p99, "ms", GOAL_P99_MS, "lower", notes=notes)


class Process:
    """A process of ours as ``./raseed run`` starts it, which may be killed with all its children and started again."""

    def __init__(self, name: str, database: BenchDatabase) -> None:
        self._name = name
        self._database = database
        self._process: subprocess.Popen[bytes] | None = None
        self.kills = 0
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]

    @property
    def pid(self) -> int:
        """The number of the process that runs now."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it; a rail is waited for by whoever delivers."""
        from raseed.project.supervisor import Plan, household  # noqa: PLC0415

        ports = dict.fromkeys(("port", "rail_port", "phone_port", "billers_port", "channels_port"), self.port)
        plan = Plan(host="127.0.0.1", **ports, workers=1, demo=False)
        command = next(child.command for child in household(plan) if child.name == self._name)
        self._process = subprocess.Popen(
            command, env=environment(self._database), start_new_session=True, stderr=subprocess.DEVNULL
        )

    def kill(self) -> None:
        """End it and its children without a word."""
        os.killpg(self.pid, signal.SIGKILL)
        assert self._process is not None
        self._process.wait(timeout=30)
        self.kills += 1

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_trouble: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGTERM)
        assert self._process is not None
        try:
            self._process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)


@contextlib.contextmanager
def _graph(port: int, files: Path) -> Iterator[None]:
    """Run the make-believe Graph API that gives files out, a part of them only when asked again."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.load.graph", str(port), str(files), str(BUSY)], cwd=ROOT
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


async def _deliver_all(line: Line, bodies: Sequence[bytes], rail: Process, *, kill_at: float | None) -> int:
    """Deliver until everything is acknowledged, killing the rail on the way; returns how often something was repeated."""
    queue = list(enumerate(bodies))
    kill_after = None if kill_at is None else int(len(bodies) * kill_at)
    done = repeats = 0

    async def deliverer() -> None:
        nonlocal done, repeats, kill_after
        wire: _Wire | None = None
        while queue:
            number, body = queue.pop()
            status = 0
            try:
                wire = wire or await _Wire.open(rail.port)
                status = await wire.post(line, body)
            except (OSError, asyncio.IncompleteReadError, TimeoutError):
                if wire is not None:
                    wire.close()
                wire = None
                await asyncio.sleep(PAUSE_S)
            if status != 200:  # noqa: PLR2004  (acknowledged)
                queue.append((number, body))
                repeats += 1
            else:
                done += 1
            if kill_after is not None and done >= kill_after:
                kill_after = None
                rail.kill()
                rail.start()
        if wire is not None:
            wire.close()

    await asyncio.gather(*(deliverer() for _ in range(DELIVERERS)))
    return repeats


async def _on_time(line: Line, plan: Sequence[tuple[float, bytes]], port: int) -> tuple[list[float], dict[int, int]]:
    """Post each delivery when it is due, on whichever connection is free; returns how long each took from when it was due."""
    free: asyncio.Queue[_Wire] = asyncio.Queue()
    for _ in range(64):
        free.put_nowait(await _Wire.open(port))
    took: list[float] = []
    statuses: dict[int, int] = {}
    loop = asyncio.get_running_loop()
    began = loop.time() + 0.1

    async def post(due: float, body: bytes) -> None:
        wire = await free.get()
        status = await wire.post(line, body)
        took.append(loop.time() - due)
        statuses[status] = statuses.get(status, 0) + 1
        free.put_nowait(wire)

    tasks = []
    for at, body in plan:
        await asyncio.sleep(max(0.0, began + at - loop.time()))
        tasks.append(asyncio.create_task(post(began + at, body)))
    await asyncio.gather(*tasks)
    while not free.empty():
        free.get_nowait().close()
    return took, statuses


class _Wire:
    """One kept-alive connection to the rail."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> _Wire:
        """Connect; a rail that is still starting is tried again by the caller."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def post(self, line: Line, body: bytes) -> int:
        """Post a delivery, signed, and return the status of the answer."""
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        head = (
            f"POST /hooks/whatsapp/{line.id} HTTP/1.1\r\nHost: rail\r\nContent-Type: application/json\r\n"
            f"X-Hub-Signature-256: sha256={signature}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        async with asyncio.timeout(30):
            self._writer.write(head.encode() + body)
            answer = await self._reader.readuntil(b"\r\n\r\n")
            length = next(
                int(row.partition(b":")[2])
                for row in answer.lower().split(b"\r\n")
                if row.startswith(b"content-length")
            )
            await self._reader.readexactly(length)
        return int(answer.split(b" ", 2)[1])

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


def _body(address: str, elements: Sequence[tuple[str, dict[str, Any], bool]]) -> bytes:
    """Return a delivery of elements as Meta writes it; those to be in other bytes have their fields turned around."""
    changes = []
    for start in range(0, len(elements), TOGETHER):
        value: dict[str, Any] = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": address}}
        for kind, element, otherwise in elements[start : start + TOGETHER]:
            written = {**dict(reversed(element.items())), "later": {"field": True}} if otherwise else element
            value.setdefault(kind, []).append(written)
            if kind == "messages":
                sender = {"wa_id": element["from"]} if "from" in element else {"user_id": element["from_user_id"]}
                value.setdefault("contacts", []).append({"profile": {"name": "عميل"}, **sender})
        changes.append({"field": "messages", "value": value})
    half = len(changes) // 2
    entries = [{"id": "1", "changes": part} for part in (changes[:half], changes[half:])]
    return json.dumps({"object": "whatsapp_business_account", "entry": entries}).encode()


def _jpeg(comment: bytes) -> bytes:
    """Return the smallest picture that can be walked through: a comment, an empty scan, the end."""
    return b"\xff\xd8\xff\xe1" + (len(comment) + 2).to_bytes(2) + comment + b"\xff\xdb\0\4\0\0\xff\xda\0\2\x55\xff\xd9"


def _now() -> str:
    from raseed.kernel.clock import SYSTEM_CLOCK  # noqa: PLC0415

    return str(int(SYSTEM_CLOCK.now().timestamp()))


def _waiting() -> int:
    from raseed.channels.models import ItemRow  # noqa: PLC0415

    return ItemRow.objects.filter(state="waiting").count()


def _compared(line: Line, sent: Sent) -> dict[str, Any]:
    """Return what is lost, doubled or nobody's, item by item."""
    from datetime import timedelta  # noqa: PLC0415

    from raseed.channels.media import store  # noqa: PLC0415
    from raseed.channels.media.fetching import remove_orphans  # noqa: PLC0415
    from raseed.channels.models import ItemRow, MediaRow, MessageRow  # noqa: PLC0415
    from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock  # noqa: PLC0415
    from raseed.platform.api import run_statement  # noqa: PLC0415

    messages = list(MessageRow.objects.filter(line_id=line.id).values_list("provider_id", flat=True))
    statuses = [
        (said["id"], said["status"])
        for content in ItemRow.objects.filter(kind="status", state="done").values_list("content", flat=True)
        for said in [json.loads(bytes(content))["item"]]
    ]
    told = run_statement(
        "SELECT payload->>'message_id' FROM platform_event WHERE name = 'channels.message_received'", {}
    )
    files = dict(MediaRow.objects.filter(state="kept").values_list("source", "id"))
    lost_files = [name for name in sent.files if name not in files or not store.kept_path(files[name]).is_file()]
    lost = (
        len(sent.messages - set(messages)) + len(sent.statuses - set(statuses)) + len(lost_files)
        + len(messages) - len({one for (one,) in told})
    )  # fmt: skip
    doubled = (
        len(messages) - len(set(messages)) + len(statuses) - len(set(statuses)) + len(told) - len({one for (one,) in told})
        + len(set(messages) - sent.messages) + MediaRow.objects.count() - len(sent.files)
    )  # fmt: skip
    swept = remove_orphans(clock=ManualClock(SYSTEM_CLOCK.now() + timedelta(days=2)))
    there = {path.name for path in store.all_files()}
    named = {str(id_) for id_ in files.values()}
    return {
        "lost": lost,
        "doubled": doubled,
        "orphan_media": len(there ^ named),
        "notes": {
            "set_aside": ItemRow.objects.filter(state="set_aside").count(),
            "halves_of_killed_fetches_swept": swept,
        },
    }
