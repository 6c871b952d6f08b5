"""A way outside for the tests: a biller with a memory, reached in process or over HTTP, and a route that leads to it.

The route's reservations are rows of a table, so that what it keeps stands and falls with the transactions of payments.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from uuid import UUID

import psycopg
from django.db import connection

from raseed.banking import api as banking
from raseed.banking.api import Alias, AliasKind, BankAccount, InternalRole
from raseed.banking.tests.town import Town, booked
from raseed.kernel.errors import RaseedError, mark
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money, currency
from raseed.ledger import api as ledger
from raseed.payments import api as payments
from raseed.payments import routes
from raseed.payments.api import (
    Answer,
    Destination,
    Errand,
    Instruction,
    No,
    NotSeen,
    Payment,
    PaymentState,
    Unknown,
    Yes,
)
from raseed_testing import Database

EGP = currency("EGP")
CODE: Final = "test_outside"
TABLE: Final = """
CREATE TABLE test_outside (payment_id uuid PRIMARY KEY, lane text, account uuid, state text);
GRANT ALL ON test_outside TO PUBLIC;
"""


class NoSuchBill(RaseedError):
    """What the tests' biller says no with."""

    code = "test_no_such_bill"
    sentence = mark("There is no such bill (%(number)s).")


@dataclass
class Biller:
    """The other side: what it was asked, what it took, and how it behaves.

    ``mood`` of a lane: ``yes``, ``no``, ``pending`` (well, but undecided), ``broken`` (an error), ``hang`` (no answer, nothing
    taken), ``lose`` (takes it, and its answer is lost), ``rubbish``.
    """

    moods: dict[str, str] = field(default_factory=dict)
    heard: list[tuple[str, str]] = field(default_factory=list)
    taken: Counter[str] = field(default_factory=Counter)
    status_works: bool = True

    def pay(self, id_: str, lane: str) -> str:
        """Take it, once for each id, and answer in a word."""
        self.heard.append(("pay", id_))
        mood = self.moods.get(lane, "yes")
        if mood in ("yes", "lose"):
            self.taken[id_] = 1
        return mood

    def status(self, id_: str, lane: str) -> str:
        """Say what became of it."""
        self.heard.append(("status", id_))
        if not self.status_works:
            return "broken"
        if self.taken[id_]:
            return "yes"
        mood = self.moods.get(lane, "yes")
        return mood if mood in ("no", "pending", "broken", "hang", "rubbish") else "not_seen"

    def ids_heard(self) -> set[str]:
        """Return every id that it was ever told."""
        return {id_ for _, id_ in self.heard}

    def asked(self, payment_id: UUID) -> list[str]:
        """Return what it was asked about a payment, in order."""
        return [what for what, id_ in self.heard if id_ == payment_id.hex]


class Route:
    """The way to the tests' biller. What a payment pays stands in the table, by the id of the bill order."""

    code: Final = CODE

    def __init__(self, biller: Biller | None, address: tuple[str, int] | None = None) -> None:
        self.biller = biller
        self.address = address
        self.briefed: list[Errand] = []

    def find(self, orders: Sequence[tuple[BankAccount, Alias]]) -> list[Destination | RaseedError | None]:
        """Find the bill orders."""
        ids = [UUID(to.value) for _, to in orders if to.kind is AliasKind.BILL]
        there = {row[0]: row[1:] for row in rows(ids)} if ids else {}
        return [
            self._destination(payer, there[UUID(to.value)])
            if to.kind is AliasKind.BILL and UUID(to.value) in there
            else None
            for payer, to in orders
        ]

    def _destination(self, payer: BankAccount, row: tuple[str, UUID, str]) -> Destination:
        return Destination(self.code, row[1], payer.institution_id, None, lane=row[0])

    def reserve(self, reserving: Sequence[Payment]) -> Mapping[UUID, RaseedError]:
        """Mark the orders as being paid."""
        there = rows([each.id for each in reserving], lock=True)
        refused = {id_: NoSuchBill(number=id_.hex[-4:]) for id_, _, _, state in there if state != "open"}
        change([each.id for each in reserving if each.id not in refused], "open", "reserved")
        return refused

    def brief(self, errands: Sequence[Errand]) -> Mapping[UUID, object]:
        """Say what each order is called there."""
        self.briefed += errands
        return {row[0]: row[1] for row in rows([each.payment_id for each in errands])}

    async def ask(self, errand: Errand) -> Answer:
        """Pay."""
        assert errand.brief == errand.lane
        return await self._said(errand, "pay")

    async def ask_again(self, errand: Errand) -> Answer:
        """Look."""
        return await self._said(errand, "status")

    async def _said(self, errand: Errand, verb: str) -> Answer:
        if self.biller is not None:
            word = (self.biller.pay if verb == "pay" else self.biller.status)(errand.order_id.hex, errand.lane)
            if word == "hang":
                await asyncio.Event().wait()
        else:
            word = await self._over_http(f"/{verb}/{errand.order_id.hex}/{errand.lane}")
        return answer_of(word)

    async def _over_http(self, path: str) -> str:
        assert self.address is not None
        reader, writer = await asyncio.open_connection(*self.address)
        try:
            writer.write(f"POST {path} HTTP/1.0\r\nHost: biller\r\n\r\n".encode())
            return (await reader.read()).partition(b"\r\n\r\n")[2].decode()
        finally:
            writer.close()

    def settle(self, settled: Sequence[tuple[Payment, Yes]]) -> None:
        """Mark the orders as paid."""
        rows([payment.id for payment, _ in settled], lock=True)
        change([payment.id for payment, _ in settled], "reserved", "paid")

    def give_back(self, returned: Sequence[tuple[Payment, No]]) -> None:
        """Let the orders be paid again."""
        rows([payment.id for payment, _ in returned], lock=True)
        change([payment.id for payment, _ in returned], "reserved", "let_go")

    def names(self, named: Sequence[Payment], language: str) -> Mapping[UUID, str]:
        """Call the biller by its name."""
        return {each.id: {"ar": "شركة الكهرباء"}.get(language, "The electricity") for each in named}


def answer_of(word: str) -> Answer:
    """Return what a word of the biller means."""
    match word:
        case "yes":
            return Yes("R-1", {"receipt": 1})
        case "no":
            return No("test_no_such_bill", {"number": "7"})
        case "pending":
            return Unknown("pending", reached=True)
        case "not_seen":
            return NotSeen()
        case "rubbish":
            return "rubbish"  # type: ignore[return-value]
    raise ConnectionError(word)


def rows(ids: Sequence[UUID], *, lock: bool = False) -> list[tuple[UUID, str, UUID, str]]:
    """Return the orders in the table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT payment_id, lane, account, state FROM test_outside WHERE payment_id = ANY(%s) ORDER BY payment_id"
            + (" FOR UPDATE" if lock else ""),
            [list(ids)],
        )
        return list(cursor.fetchall())


def change(ids: Sequence[UUID], before: str, after: str) -> None:
    """Move orders on; one that is not where it should be is a mistake of payments."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE test_outside SET state = %s WHERE payment_id = ANY(%s) AND state = %s", [after, list(ids), before]
        )
        assert cursor.rowcount == len(ids), f"{cursor.rowcount} of {len(ids)} orders were {before}"


@contextmanager
def registered(route: Route) -> Iterator[None]:
    """Have the route be the only one that leads outside: those of the packages above would be asked first."""
    before = list(routes._routes)
    routes._routes[:] = [each for each in before if not hasattr(each, "ask")] + [route]
    try:
        yield
    finally:
        routes._routes[:] = before


class World:
    """A payer with money, and billers with collection accounts."""

    def __init__(self, town: Town, biller: Biller, database: Database, *, money: int = 100_000) -> None:
        self.town = town
        self.biller = biller
        with psycopg.connect(database.owner_dsn) as making:
            making.execute(TABLE)
        self.payer = town.wallet(town.person("منى", "+201001234567"), money=money)
        self.collects = town.current(town.person("الكهرباء", "+201001234568"))
        self.begun_with = money

    def order(self, lane: str = "biller:a", *, account: BankAccount | None = None) -> UUID:
        """Put an order into the table that can be paid."""
        id_ = new_id()
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO test_outside VALUES (%s, %s, %s, 'open')", [id_, lane, (account or self.collects).id]
            )
        return id_

    def instruction(self, id_: UUID, amount_minor: int = 1_000, payer: BankAccount | None = None) -> Instruction:
        """Return the instruction that pays an order."""
        source = payer or self.payer
        return Instruction(id_, source.owner_id, source.id, Alias(AliasKind.BILL, id_.hex), Money(amount_minor, EGP))

    def pay(self, lane: str = "biller:a", amount_minor: int = 1_000, *, id_: UUID | None = None) -> Payment:
        """Pay an order, a new one by default."""
        one = self.instruction(id_ or self.order(lane), amount_minor)
        return payments.send_many([one], clock=self.town.clock)[0]

    def now(self, payment: Payment) -> Payment:
        """Return the payment as it is now."""
        return payments.payment(payment.id, self.payer.owner_id)

    def state(self, payment: Payment) -> PaymentState:
        """Return where it is now."""
        return self.now(payment).state

    def order_state(self, payment: Payment) -> str:
        """Return what the route has kept."""
        return rows([payment.id])[0][3]

    def held(self, account: BankAccount | None = None) -> int:
        """Return what is held in the payer's account."""
        id_ = (account or self.payer).id
        return ledger.look_up_accounts([id_])[id_].balances.debits_pending

    def held_for_collection(self) -> int:
        """Return what is held for the biller."""
        return ledger.look_up_accounts([self.collects.id])[self.collects.id].balances.credits_pending

    def balances(self) -> tuple[int, int]:
        """Return the payer's and the biller's."""
        return booked(self.payer), booked(self.collects)

    def fees(self) -> int:
        """Return what the bank has earned."""
        account = banking.internal_account(self.town.bank, InternalRole.FEES)
        return ledger.look_up_accounts([account.id])[account.id].balances.credits_posted


class _Server(ThreadingHTTPServer):
    """Takes as many connections at once as couriers make; the library's five let the others try again for seconds."""

    request_queue_size = 1024


@contextmanager
def served(biller: Biller) -> Iterator[tuple[str, int]]:
    """Serve a biller over HTTP, and say where."""
    let_go = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            _, verb, id_, lane = self.path.split("/")
            word = (biller.pay if verb == "pay" else biller.status)(id_, lane)
            if word == "hang":
                let_go.wait(60)
            if word in ("lose", "hang"):
                self.close_connection = True
                return
            body = word.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield ("127.0.0.1", server.server_address[1])
    finally:
        let_go.set()
        server.shutdown()
        thread.join()
        server.server_close()
