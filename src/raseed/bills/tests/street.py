"""A street with billers for the tests: the town's bank collects for them, and they answer over real HTTP."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction

from raseed.banking import api as banking
from raseed.banking.api import BankAccount
from raseed.banking.tests.town import Town, build_town
from raseed.bills import api as bills
from raseed.bills.adapters.registry import listener
from raseed.bills.api import Bill, Biller, BillOrder, Field, FieldKind
from raseed.bills.route import Bills
from raseed.demo.biller.book import Book
from raseed.demo.biller.desk import Desk
from raseed.demo.biller.server import Billers, private_key_text, public_key_text, serve
from raseed.kernel.clock import Clock, SystemClock
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money, currency
from raseed.payments.api import Errand, No, Payment, PaymentState, Yes
from raseed.people import api as people

EGP = currency("EGP")
ACCOUNT = Field(
    code="account", names={"en": "Account number", "ar": "رقم الحساب"}, kind=FieldKind.ACCOUNT, length_min=8, length_max=10,
    example="12345678",
)  # fmt: skip
_T = TypeVar("_T")


class Server:
    """The billers' server, in a thread of this process."""

    def __init__(self, *, clock: Clock | None = None) -> None:
        self.book = Book(seed=7)
        self.billers = Billers({}, clock=clock or SystemClock())
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        ready = threading.Event()

        def started(port: int) -> None:
            self.port = port
            ready.set()

        def run() -> None:
            self._loop.run_until_complete(serve(self.billers, 0, started=started, stop=self._stop))
            self._loop.close()

        self._thread = threading.Thread(target=run)
        self._thread.start()
        assert ready.wait(10)

    def add(self, told: Mapping[str, Any]) -> None:
        """Let one more biller answer."""
        self.billers.desks = {**self.billers.desks, told["code"]: Desk.of(told, self.book)}

    def turn(
        self, manner: str, *, biller: str = "*", question: str = "*", times: int = 10**9, seconds: float = 5
    ) -> None:
        """Switch a manner on."""
        self.billers.switch.turn(
            {"biller": biller, "question": question, "manner": manner, "times": times, "seconds": seconds}
        )

    def stop(self) -> None:
        """End it."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)


@dataclass
class Street:
    """A bank's customers, and billers that it collects for."""

    town: Town
    server: Server
    route: Bills = field(default_factory=Bills)
    numbers: int = 0

    def person(self, money: int = 1_000_000) -> tuple[people.Customer, BankAccount]:
        """Register somebody with a current account and money in it."""
        self.numbers += 1
        owner = self.town.person(f"Customer {self.numbers}", f"+2010012345{self.numbers:02d}")
        return owner, self.town.current(owner, money=money)

    def biller(
        self,
        code: str = "nur",
        *,
        model: bills.BillerModel = bills.BillerModel.FETCH,
        part_payments: str = "exact",
        fields: tuple[Field, ...] = (ACCOUNT,),
        adapter: bills.AdapterKind = bills.AdapterKind.HTTP,
        currency_code: str | None = None,
        least: Money | None = None,
        most: Money | None = None,
        by_term: bool = False,
    ) -> Biller:
        """Register a biller that answers on the street's server."""
        self.numbers += 1
        owner = self.town.person(f"Biller {code}", f"+2010022345{self.numbers:02d}")
        private = private_key_text()
        is_http = adapter is bills.AdapterKind.HTTP
        new = bills.NewBiller(
            id=new_id(), institution_id=self.town.bank, customer_id=owner.id, code=code,
            category=bills.Category.ELECTRICITY, names={"en": f"The {code}", "ar": f"ال{code}"}, model=model, adapter=adapter,
            fields=fields, address=f"http://127.0.0.1:{self.server.port}/{code}" if is_http else "",
            public_keys={f"{code}-1": public_key_text(private)} if is_http else {},
            currency_code=currency_code, least=least, most=most,
        )  # fmt: skip
        made = bills.register_biller(new, by=people.SYSTEM, reason="on the street", clock=self.town.clock)
        key_id, text = bills.our_public_key(made.id)
        if is_http:
            self.server.add({
                "code": code, "currency": made.currency.code, "scale": made.currency.scale,
                "collection_account": made.account_number, "key_id": f"{code}-1", "private_key": private,
                "bank_keys": {key_id: text},
                "bills": {
                    "least_minor": 1_000, "most_minor": 90_000, "part_payments": part_payments, "by_term": by_term,
                },
            })  # fmt: skip
        return made

    def fetch(self, biller: Biller, customer: people.Customer, number: str = "12345678") -> tuple[Bill, ...]:
        """Ask for the bills of a number."""
        found = bills.fetch_bills(
            biller_id=biller.id, fields={"account": number}, customer_id=customer.id, clock=self.town.clock
        )
        return tuple(each for each in found.bills if each.owed.amount_minor)

    def order(
        self, biller: Biller, customer: people.Customer, of: Bill, minor: int | None = None, id_: UUID | None = None
    ) -> BillOrder:
        """Make an order of one bill."""
        return bills.order(
            id=id_ or new_id(), customer_id=customer.id, biller_id=biller.id, fields={"account": of.reference},
            bills=[(of.id, Money(minor if minor is not None else of.owed.amount_minor, EGP))], clock=self.town.clock,
        )  # fmt: skip

    def payment(self, order: BillOrder, account: BankAccount) -> Payment:
        """Return the payment of an order as ``payments`` would hand it to the route."""
        now = self.town.clock.now()
        return Payment(
            id=order.id, state=PaymentState.ACCEPTED, actor_customer_id=order.customer_id, from_account_id=account.id,
            to_account_id=None, recipient_id=None, to=bills.alias_of(order.id), amount=order.amount,
            fee=Money(0, order.amount.currency), note="", reference="", route="bill", instructed_at=now,
            booked_on=now.date(),
        )  # fmt: skip

    def reserve(self, order: BillOrder, account: BankAccount) -> Mapping[UUID, Any]:
        """Reserve an order in a transaction of its own; who is refused takes nothing with them."""
        with transaction.atomic():
            refused = self.route.reserve([self.payment(order, account)])
            if refused:
                transaction.set_rollback(True)
        return refused

    def ask(self, order: BillOrder, *, again: bool = False) -> Any:
        """Ask the biller as the courier would."""
        errand = Errand(order.id, "lane", order.amount, 1, self.town.clock.now())
        brief = self.route.brief([errand])[order.id]
        told = Errand(order.id, "lane", order.amount, 1, self.town.clock.now(), brief)
        return waited(lambda: (self.route.ask_again if again else self.route.ask)(told))

    def settle(self, order: BillOrder, account: BankAccount, yes: Yes) -> None:
        """Settle in a transaction of its own."""
        with transaction.atomic():
            self.route.settle([(self.payment(order, account), yes)])

    def give_back(self, order: BillOrder, account: BankAccount) -> None:
        """Give back in a transaction of its own."""
        with transaction.atomic():
            self.route.give_back([(self.payment(order, account), No("refused_by_biller", {"reason": "x"}))])

    def findings(self) -> list[str]:
        """Return the kinds of what was found wrong, the first first."""
        page = bills.findings(self.town.bank, by=people.SYSTEM)
        return [each.kind.value for each in reversed(page.findings)]


def waited(asking: Callable[[], Awaitable[_T]]) -> _T:
    """Run something to its end in a loop of its own."""

    async def run() -> _T:
        return await asking()

    return asyncio.run(run())


def build_street() -> Street:
    """Build the town, and start the billers' server."""
    listener.forget()
    return Street(build_town(), Server())


def seed_key() -> str:
    """Return 32 bytes that are a public key of somebody."""
    return base64.b64encode(base64.b64decode(public_key_text(private_key_text()))).decode()


__all__ = ["ACCOUNT", "EGP", "Server", "Street", "banking", "build_street", "seed_key", "waited"]
