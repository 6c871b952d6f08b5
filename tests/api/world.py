"""Two institutions, a few people, money, and keys of every sort: what the API's tests ask about."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

from django.test import Client

from raseed.banking import api as banking
from raseed.banking.api import BankAccount
from raseed.banking.tests.town import Town, build_town
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money
from raseed.payments import api as payments
from raseed.payments.tests.filing import Blk, File, Pay
from raseed.people import api as people
from raseed.platform.webhooks import api as webhooks

SELF = ("people.self.view", "people.self.pay")
HOOK = "http://127.0.0.1:9/in"
_client = Client(raise_request_exception=False, SERVER_NAME="localhost")


@dataclass(frozen=True)
class Reply:
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        found = self.json["error"]
        assert set(found) == {"code", "message", "hint", "field", "params"}
        assert found["message"]
        assert found["hint"]
        return dict(found)


def ask(
    method: str,
    path: str,
    body: Any = None,
    *,
    key: str | None = None,
    raw: bytes | None = None,
    kind: str = "application/json",
    **headers: Any,
) -> Reply:
    """Ask the API in this process, through all of Django."""
    data = raw if raw is not None else b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    response = _client.generic(
        method, f"/api/v1{path}", data, content_type=kind if data else "",
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )  # fmt: skip
    content = response.getvalue()
    return Reply(response.status_code, {name.lower(): value for name, value in response.headers.items()}, content)


@dataclass
class World:
    """What is there."""

    town: Town
    laila: people.Customer
    omar: people.Customer
    wallet: BankAccount
    account: BankAccount
    omars: BankAccount
    payment_id: UUID
    order_id: UUID
    standing_order_id: UUID
    webhook_id: UUID
    key: str
    foreign: str
    lailas: str
    omars_key: str
    stranger: people.Customer
    strangers: str
    key_ids: dict[str, UUID] = field(default_factory=dict)

    @property
    def bank(self) -> UUID:
        return self.town.bank

    def ours(self) -> set[str]:
        """What nobody from outside may ever read in an answer."""
        accounts = (self.wallet, self.account, self.omars)
        return {
            *(str(each.id) for each in (*accounts, self.laila, self.omar)),
            *(alias.value for each in accounts for alias in each.aliases),
            str(self.payment_id), str(self.order_id), str(self.standing_order_id), str(self.webhook_id), self.laila.phone, "ليلى حسن", "عمر خالد",
        }  # fmt: skip


def issue(
    holder: str, institution_id: UUID, permissions: Iterable[str], *, by: people.Author = people.SYSTEM
) -> tuple[people.AccessKey, str]:
    """Issue a key, as the system if nobody is named."""
    return people.issue_access_key(
        id=new_id(), holder=holder, institution_id=institution_id, permissions=frozenset(permissions), name="test",
        expires_at=SYSTEM_CLOCK.now() + timedelta(days=30), by=by,
    )  # fmt: skip


@contextmanager
def issued(
    holder: str, institution_id: UUID, permissions: Iterable[str], *, by: people.Author = people.SYSTEM
) -> Iterator[str]:
    """Issue a key that ends with the ``with``: a holder has a bounded number of them."""
    key, text = issue(holder, institution_id, permissions, by=by)
    try:
        yield text
    finally:
        people.revoke_access_key(key.id, by=people.SYSTEM)


def every_permission() -> set[str]:
    """Return all that an institution's key may carry."""
    return {each.code for each in people.registered_permissions()} - set(SELF)


def build_world() -> World:
    """Register, open, pay in and send; then issue the keys."""
    town = build_town()
    laila = town.person("ليلى حسن", "+201001234567")
    omar = town.person("عمر خالد", "+201001234568")
    stranger = town.person("سامر", "+963944567890", at=town.other_bank)
    wallet, account = town.wallet(laila, money=90_000), town.current(laila, money=50_000)
    omars = town.wallet(omar, money=10_000)
    payment_id, order_id, standing_order_id, webhook_id = new_id(), new_id(), new_id(), new_id()
    payments.send(
        id=payment_id, actor_customer_id=laila.id, from_account_id=wallet.id,
        to=banking.Alias(banking.AliasKind.PHONE, omar.phone), amount=payments_amount(wallet, 1_250), note="rent",
    )  # fmt: skip
    payments.receive_order_file(
        id=order_id, stream=BytesIO(file_of(account, Pay(omar.phone, "2.50"))), actor_customer_id=laila.id
    )
    payments.give_standing_order(
        id=standing_order_id, actor_customer_id=laila.id, from_account_id=wallet.id,
        to=banking.Alias(banking.AliasKind.PHONE, omar.phone), amount=payments_amount(wallet, 700),
        timetable=payments.Timetable(SYSTEM_CLOCK.now().date() + timedelta(days=40)), note="allowance",
    )  # fmt: skip
    webhooks.register_endpoint(
        id=webhook_id, institution_id=town.bank, url=HOOK, events=["banking.account_blocked"], by=people.SYSTEM
    )
    everything = every_permission()
    key, text = issue(f"institution:{town.bank}", town.bank, everything)
    _, foreign = issue(f"institution:{town.other_bank}", town.other_bank, everything)
    _, lailas = issue(f"customer:{laila.id}", town.bank, SELF)
    _, omars_key = issue(f"customer:{omar.id}", town.bank, SELF)
    _, strangers = issue(f"customer:{stranger.id}", town.other_bank, SELF)
    return World(
        town, laila, omar, wallet, account, omars, payment_id, order_id, standing_order_id, webhook_id, text, foreign, lailas, omars_key, stranger,
        strangers, {"institution": key.id},
    )  # fmt: skip


def file_of(account: BankAccount, *pays: Pay, message_id: str = "WORLD-1") -> bytes:
    """Return a payment file of one block, to be carried out today."""
    debtor = account.alias(banking.AliasKind.IBAN) or ""
    return File([Blk(debtor, pays, on=f"<Dt>{SYSTEM_CLOCK.now().date()}</Dt>")], message_id).data()


def payments_amount(account: BankAccount, minor: int) -> Any:
    """Return an amount in an account's currency."""
    return Money(minor, account.currency)
