"""Bill payments from order to receipt while one of ten billers hangs; billers' files taken in and held against our books.

64 customers at once, each in a thread as in the pages process: order the bill, have it paid (payments that come together
are carried out together), wait until it has settled, read the receipt. The courier is a process of its own as
``./raseed run`` starts it; the billers are the demo's, in one process over HTTP on loopback, signed both ways. One of them
hangs for 30 s at a time: who pays to it goes on without waiting, as a person does, and isn't counted.

Peers: the same payments without a biller (on us), one at a time and together; pgbench's TPC-B on the same server
(``peer=no`` leaves it out), which at some eight statements a transaction measures the machine, not the bank.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from benchmarks import Claim, Context, percentile
from benchmarks._ledger_peers import pgbench
from benchmarks._processes import cpu_of_server, cpu_seconds, environment

if TYPE_CHECKING:
    from pathlib import Path

    from raseed.banking.api import BankAccount
    from raseed.bills.api import Biller

BILLERS: Final = 10
SICK: Final = 0
"""Which of them hangs."""
HANGS_SECONDS: Final = 30
GOAL_RATE: Final = 400
GOAL_P99_MS: Final = 500
GOAL_BILLS_A_MINUTE: Final = 1_000_000
GOAL_LINES_A_MINUTE: Final = 1_000_000
WAIT_SECONDS_MAX: Final = 60.0
LOOK_EVERY_S: Final = 0.005
SEED: Final = 4
AMOUNT_MINOR: Final = 12_550
MANY_FROM: Final = 50_000_000


def run(context: Context) -> list[Claim]:
    """Found the bank and the billers, and measure."""
    return _Payments(context).run()


class _Payments:
    def __init__(self, context: Context) -> None:
        quick = context.quick
        self.context = context
        self.customers = int(context.option("customers", "8" if quick else "64"))
        self.people = int(context.option("people", "50" if quick else "5000"))
        self.bills = int(context.option("bills", "1000" if quick else "1000000"))
        self.seconds = float(context.option("seconds", "2" if quick else "20"))
        self.windows = int(context.option("windows", "1" if quick else "3"))
        self.lines = int(context.option("lines", "2000" if quick else "1000000"))
        self.only = context.option("only", "")
        self.only_bank = quick or context.option("peer", "yes") == "no"
        self.payable = int(context.option("payable", "300" if quick else "20000"))
        self.database = context.database()

    def run(self) -> list[Claim]:
        from benchmarks import _banking_world as world  # noqa: PLC0415  (after Django is set up)

        bank = world.found_bank(self.people + BILLERS)
        accounts = world.open_accounts(bank, self.people)
        claims: list[Claim] = []
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.context.tell("registering billers …")
        billers, told = _register(bank.id, list(bank.customers)[-BILLERS:], port)
        if self.only != "bills":
            claims += self._told(self._reconciliation(billers[2]))
        if self.only == "reconciliation":
            return claims
        claims += self._told([self._intake(billers[1])])
        for biller in billers:
            _take_in(biller, self.payable)
        file = self.context.folder / "billers.json"
        file.write_text(json.dumps({"seed": SEED, "billers": told}), encoding="utf-8")
        with _billers(port, file, self.database) as billers_pid:
            claims += self._told([self._on_us(accounts)])
            with _courier(self.database) as courier_pid:
                claims += self._told(
                    self._bills(accounts, billers, port, {"courier": courier_pid, "billers": billers_pid})
                )
        return claims

    def _told(self, found: list[Claim]) -> list[Claim]:
        for claim in found:
            self.context.tell(f"{claim.claim}: {claim.value:,} {claim.unit}; {dict(claim.notes)} {dict(claim.peers)}")
        return found

    def _intake(self, biller: Biller) -> Claim:
        content = _file_of_bills(biller, self.bills, first=MANY_FROM)
        seconds = _seconds(lambda: _take_in_content(biller, content))
        copied = self._copy_alone(content)
        return Claim(
            "payments.bills_taken_in_a_minute", round(self.bills / seconds * 60), "bills/min", GOAL_BILLS_A_MINUTE,
            peers={"copy_of_the_lines_alone": round(self.bills / copied * 60)},
            notes={"bills": self.bills, "seconds": round(seconds, 1), "file_mb": round(len(content) / 1e6, 1)},
        )  # fmt: skip

    def _reconciliation(self, biller: Biller) -> list[Claim]:
        """Measure closing a day of many payments, and holding the biller's file with planted breaks against it."""
        from benchmarks import _settled_day as settled  # noqa: PLC0415
        from raseed.banking import api as banking  # noqa: PLC0415
        from raseed.bills import api as bills  # noqa: PLC0415
        from raseed.kernel.clock import SYSTEM_CLOCK  # noqa: PLC0415
        from raseed.people import api as people  # noqa: PLC0415

        self.context.tell(f"planting a day of {self.lines:,} payments …")
        yesterday = banking.business_date(biller.institution_id, SYSTEM_CLOCK.now()) - timedelta(days=1)
        day = settled.plant(biller, self.lines, yesterday, self.database)
        closing = _seconds(lambda: bills.close_day(biller.id, yesterday))
        (closed,) = bills.settlements(biller.id, by=people.SYSTEM)
        assert (closed.payments, closed.others) == (self.lines, 0), "all that was planted was settled"
        writing = _seconds(lambda: sum(map(len, bills.settlement_csv(closed.id))))
        notifying = _seconds(lambda: sum(map(len, bills.settlement_camt054_pieces(closed.id))))
        content, planted = settled.file_of(day)
        found: list[bills.Reconciliation] = []
        seconds = _seconds(
            lambda: found.append(bills.reconcile(biller.id, io.BytesIO(content), by=people.SYSTEM, reason="measured"))
        )
        assert found[0].found == planted, (found[0], planted)
        copied = self._copy_alone(content)
        return [
            Claim(
                "payments.reconciliation.lines_a_minute", round(found[0].lines / seconds * 60), "lines/min",
                GOAL_LINES_A_MINUTE, peers={"copy_of_the_lines_alone": round(found[0].lines / copied * 60)},
                notes={"lines": found[0].lines, "seconds": round(seconds, 1), "breaks_planted_and_found": planted,
                       "file_mb": round(len(content) / 1e6, 1)},
            ),
            Claim(
                "payments.settlement.closed_a_minute", round(self.lines / closing * 60), "payments/min",
                notes={"payments": self.lines, "seconds": round(closing, 1), "csv_seconds": round(writing, 1),
                       "camt054_seconds": round(notifying, 1)},
            ),
        ]  # fmt: skip

    def _copy_alone(self, content: bytes) -> float:
        """Return how long PostgreSQL takes to copy the same lines into a table without keys, looked at by nobody."""
        import psycopg  # noqa: PLC0415

        with psycopg.connect(self.database.superuser_dsn, autocommit=True) as admin:
            admin.execute("CREATE TABLE peer_lines (line text)")
            began = time.perf_counter()
            with admin.cursor() as cursor, cursor.copy("COPY peer_lines FROM STDIN") as copy:
                copy.write(content.replace(b"\\", b"\\\\"))
            seconds = time.perf_counter() - began
            admin.execute("DROP TABLE peer_lines")
        return seconds

    def _on_us(self, accounts: list[BankAccount]) -> Claim:
        """Measure the same customers paying one another: no biller, no courier."""
        from raseed.banking.api import Alias, AliasKind  # noqa: PLC0415
        from raseed.kernel.ids import new_id  # noqa: PLC0415
        from raseed.kernel.money import Money  # noqa: PLC0415
        from raseed.payments import api as payments  # noqa: PLC0415

        def pay(rng: random.Random) -> bool:
            payer, payee = rng.sample(accounts, 2)
            sent = payments.send_together(
                payments.Instruction(
                    id=new_id(), actor_customer_id=payer.owner_id, from_account_id=payer.id,
                    to=Alias(AliasKind.NUMBER, payee.alias(AliasKind.NUMBER) or ""), amount=Money(100, payer.currency),
                )
            )  # fmt: skip
            assert sent.state is payments.PaymentState.SETTLED, sent.refusal
            return True

        alone = _measure(pay, 1, self.seconds / 4, 1)
        together = _measure(pay, self.customers, self.seconds / 2, 1)
        return Claim(
            "payments.on_us.together", round(together.rates[0]), "payments/s", peers={"one_at_a_time": round(alone.rates[0])},
            notes={"customers": self.customers, "p99_ms": round(percentile(together.ms, 0.99), 1)},
        )  # fmt: skip

    def _bills(
        self, accounts: list[BankAccount], billers: list[Biller], port: int, pids: dict[str, int]
    ) -> list[Claim]:
        owed = {biller.id: _Owed(self.payable) for biller in billers}
        watcher = _Watcher(self.database.dsn)

        def pay(rng: random.Random) -> bool:
            biller = rng.choice(billers)
            return _pay_one(
                rng.choice(accounts), biller, owed[biller.id].next(), None if biller is billers[SICK] else watcher
            )

        stop = threading.Event()
        hanging = threading.Thread(target=_keep_hanging, args=(port, billers[SICK].code, stop))
        watching = threading.Thread(target=watcher.run, args=(stop,))
        hanging.start()
        watching.start()
        try:
            _pay_one(accounts[0], billers[-1], owed[billers[-1].id].next(), watcher)  # once the courier is there
            before = {name: cpu_seconds(pid) for name, pid in pids.items()}
            before["postgresql"], before["customers"] = cpu_of_server(self.database), time.process_time()
            began = time.perf_counter()
            found = _measure(pay, self.customers, self.seconds, self.windows)
            spent = time.perf_counter() - began
            after = {name: cpu_seconds(pid) for name, pid in pids.items()}
            after["postgresql"], after["customers"] = cpu_of_server(self.database), time.process_time()
        finally:
            stop.set()
            hanging.join()
            watching.join()
        cores = {f"cores_{name}": round((after[name] - before[name]) / spent, 2) for name in before}
        notes = {
            "customers": self.customers, "billers": BILLERS, "hanging": 1, "windows": [round(rate) for rate in found.rates],
            "p50_ms": round(percentile(found.ms, 0.5), 1), "max_ms": round(max(found.ms), 1), "settled": len(found.ms), **cores,
        }  # fmt: skip
        rate = round(statistics.median(found.rates), 1)
        notes["cpu_ms_a_payment"] = round(sum(after[name] - before[name] for name in before) / spent / rate * 1e3, 2)
        peers = {} if self.only_bank else pgbench(self.context, self.database, self.seconds)
        return [
            Claim("payments.bills.complete", rate, "payments/s", GOAL_RATE, peers=peers, notes=notes),
            Claim("payments.bills.p99", round(percentile(found.ms, 0.99), 1), "ms", GOAL_P99_MS, "lower"),
        ]


@dataclass
class _Owed:
    """The bills of a biller that nobody has taken yet."""

    count: int
    taken: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self) -> str:
        """Return the account number of the next."""
        with self.lock:
            self.taken += 1
            assert self.taken <= self.count, "more bills are needed: payable=…"
            return f"{self.taken:08d}"


@dataclass
class _Found:
    """What the customers waited for: ms of each payment that was counted, and the rate of each window."""

    ms: list[float]
    rates: list[float]


class _Watcher:
    """Tells those who wait that their payments have ended, by one look at all of them every few milliseconds."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._lock = threading.Lock()
        self._waiting: dict[UUID, threading.Event] = {}

    def wait(self, payment_id: UUID) -> None:
        """Wait for the end of a payment."""
        event = threading.Event()
        with self._lock:
            self._waiting[payment_id] = event
        if not event.wait(WAIT_SECONDS_MAX):
            raise RuntimeError(f"the payment {payment_id} did not end")

    def run(self, stop: threading.Event) -> None:
        """Look, until told to stop."""
        import psycopg  # noqa: PLC0415

        ended_of = (
            "SELECT id FROM payments_payment WHERE id = ANY(%s::uuid[]) AND state IN ('settled', 'returned', 'refused')"
        )
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            while not stop.wait(LOOK_EVERY_S):
                with self._lock:
                    asked = list(self._waiting)
                if not asked:
                    continue
                ended = connection.execute(ended_of, [asked], prepare=True, binary=True).fetchall()
                with self._lock:
                    for (id_,) in ended:
                        self._waiting.pop(id_).set()


def _pay_one(account: BankAccount, biller: Biller, number: str, watcher: _Watcher | None) -> bool:
    """Order a bill and pay it; wait for the receipt, if there is a watcher. Returns whether it counts."""
    from raseed.bills import api as bills  # noqa: PLC0415
    from raseed.kernel.ids import new_id  # noqa: PLC0415
    from raseed.payments import api as payments  # noqa: PLC0415

    (bill,) = bills.bills_at(biller.id, number)
    order = bills.order(
        id=new_id(), customer_id=account.owner_id, biller_id=biller.id, fields={"account": number},
        bills=[(bill.id, bill.owed)],
    )  # fmt: skip
    bills.pay(order_id=order.id, customer_id=account.owner_id, from_account_id=account.id)
    if watcher is None:
        return False
    watcher.wait(order.id)
    receipt = payments.payment(order.id, account.owner_id)
    assert receipt.state is payments.PaymentState.SETTLED, receipt.timeline
    assert bills.bill_order(order.id, account.owner_id).biller_reference
    return True


def _measure(pay: Callable[[random.Random], bool], customers: int, seconds: float, windows: int) -> _Found:
    """Let customers pay, one payment after the other each; a payment counts for the window in which it ended."""
    warm = min(seconds / 4, 5.0)
    begins = time.perf_counter() + warm
    ends = begins + seconds * windows
    lock = threading.Lock()
    ended: list[tuple[float, float]] = []
    troubles: list[BaseException] = []

    def customer(number: int) -> None:
        from django.db import connection  # noqa: PLC0415

        rng = random.Random(SEED * 1000 + number)
        try:
            while (began := time.perf_counter()) < ends and not troubles:
                counts = pay(rng)
                now = time.perf_counter()
                if counts and begins <= now < ends:
                    with lock:
                        ended.append((now, (now - began) * 1e3))
        except BaseException as error:  # noqa: BLE001  (the benchmark fails as a whole, below)
            troubles.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=customer, args=(number,)) for number in range(customers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if troubles:
        raise troubles[0]
    rates = [
        sum(begins + place * seconds <= at < begins + (place + 1) * seconds for at, _ in ended) / seconds
        for place in range(windows)
    ]
    return _Found([ms for _, ms in ended], rates)


def _register(bank_id: UUID, owners: list[UUID], port: int) -> tuple[list[Biller], list[dict[str, Any]]]:
    """Register the billers, and say what their own server has to know."""
    from raseed.bills import api as bills  # noqa: PLC0415
    from raseed.demo.biller.server import private_key_text, public_key_text  # noqa: PLC0415
    from raseed.kernel.ids import new_id  # noqa: PLC0415
    from raseed.people import api as people  # noqa: PLC0415

    account = bills.Field(
        code="account", names={"en": "Account number"}, kind=bills.FieldKind.ACCOUNT, length_min=8, length_max=8,
        example="12345678",
    )  # fmt: skip
    billers, told = [], []
    for number, owner in enumerate(owners):
        code, private = f"biller-{number}", private_key_text()
        new = bills.NewBiller(
            id=new_id(), institution_id=bank_id, customer_id=owner, code=code, category=bills.Category.ELECTRICITY,
            names={"en": f"Biller {number}"}, model=bills.BillerModel.FETCH, adapter=bills.AdapterKind.HTTP, fields=(account,),
            address=f"http://127.0.0.1:{port}/{code}", public_keys={f"{code}-1": public_key_text(private)},
        )  # fmt: skip
        made = bills.register_biller(new, by=people.SYSTEM, reason="measured")
        key_id, text = bills.our_public_key(made.id)
        billers.append(made)
        told.append({
            "code": code, "currency": made.currency.code, "scale": made.currency.scale,
            "collection_account": made.account_number, "key_id": f"{code}-1", "private_key": private,
            "bank_keys": {key_id: text}, "bills": {"least_minor": 1_000, "most_minor": 90_000},
        })  # fmt: skip
    return billers, told


def _file_of_bills(biller: Biller, count: int, *, first: int = 1) -> bytes:
    """Return a biller's file of bills, one for each of so many account numbers."""
    from raseed.kernel.clock import SYSTEM_CLOCK  # noqa: PLC0415

    today = SYSTEM_CLOCK.now().date()
    issued, due = today - timedelta(days=9), today + timedelta(days=12)
    amount = f"{AMOUNT_MINOR / 100:.2f}"
    lines = [
        f"raseed-bills,1,{biller.code},{biller.currency.code},{biller.currency.scale}",
        "number,account,issued_on,due_on,period,amount,minimum,part_payments,customer_name",
        *(
            f"P-{place},{place:08d},{issued},{due},{issued:%Y-%m},{amount},,exact,"
            for place in range(first, first + count)
        ),
        f"end,{count},{AMOUNT_MINOR * count / 100:.2f}",
    ]
    return "\n".join(lines).encode()


def _take_in(biller: Biller, count: int) -> None:
    _take_in_content(biller, _file_of_bills(biller, count))


def _take_in_content(biller: Biller, content: bytes) -> None:
    from raseed.bills import api as bills  # noqa: PLC0415
    from raseed.people import api as people  # noqa: PLC0415

    bills.take_in_bills(biller.id, io.BytesIO(content), by=people.SYSTEM, reason="measured")


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _keep_hanging(port: int, code: str, stop: threading.Event) -> None:
    """Have one biller hang at whatever it is asked, for 30 s at a time."""
    asked = {"biller": code, "question": "*", "manner": "hang", "seconds": HANGS_SECONDS}
    _post(port, asked)
    stop.wait()
    _post(port, {"manner": "well"})


def _post(port: int, asked: dict[str, Any]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("POST", "/control", json.dumps(asked))
    status = connection.getresponse().status
    connection.close()
    assert status == 204, f"the billers' switch answered {status}"  # noqa: PLR2004


@contextlib.contextmanager
def _billers(port: int, file: Path, database: Any) -> Iterator[int]:
    command = [sys.executable, "-m", "raseed.demo.biller", "--port", str(port), "--billers", str(file)]
    process = subprocess.Popen(command, env=environment(database), stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the billers did not start")
            time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


@contextlib.contextmanager
def _courier(database: Any) -> Iterator[int]:
    command = [sys.executable, "-m", "raseed.project.courier"]
    process = subprocess.Popen(command, env=environment(database, RASEED_HOME=os.environ["RASEED_HOME"]))
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=60)
