"""A street for the tests of pages: a wallet issuer and a bank in Egypt, two neighbours, and money from the till."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Final
from uuid import UUID

import pytest
from django.test import Client

from raseed.banking import api as banking
from raseed.kernel.ids import new_id
from raseed.ledger import api as ledger
from raseed.people import api as people

CODE: Final = "123456"
LAYLA_PHONE: Final = "+201001234567"
MONA_PHONE: Final = "+201009998877"
NILE, DELTA, SHAM = UUID(int=0x11), UUID(int=0x12), UUID(int=0x13)
LIMITS: Final = banking.Limits(per_transfer_minor=5_000_00, per_day_minor=9_000_00)


@dataclass(frozen=True, slots=True)
class Street:
    """Who lives there. Layla has a wallet (1,000.00) and a current account (250.00); Mona has a wallet, empty."""

    layla: people.Customer
    mona: people.Customer
    layla_wallet: banking.BankAccount
    layla_current: banking.BankAccount
    mona_wallet: banking.BankAccount


def build_street() -> Street:
    """Register institutions and people, open accounts, pay money in."""
    for id_, slug, names, kind in (
        (NILE, "nile-cash", {"ar": "نايل كاش", "he": "נייל קאש", "en": "Nile Cash"}, "issuer"),
        (SHAM, "sham-cash", {"ar": "شام كاش", "he": "שאם קאש", "en": "Sham Cash"}, "issuer"),
        (DELTA, "delta-bank", {"ar": "بنك الدلتا", "he": "בנק הדלתא", "en": "Delta Bank"}, "bank"),
    ):
        people.register_institution(people.Institution(id_, slug, names, kind, "EG", "Africa/Cairo", "EGP", "EG"))
        banking.set_up_institution(institution_id=id_, bank_code="12", branch_code="3")
        product = banking.ProductKind.WALLET if kind == "issuer" else banking.ProductKind.CURRENT
        banking.offer_product(
            institution_id=id_,
            kind=product,
            names={"ar": "محفظة", "he": "ארנק", "en": "Wallet"}
            if kind == "issuer"
            else {"ar": "حساب جارٍ", "he": "חשבון עובר ושב", "en": "Current account"},
            limits=LIMITS,
        )
    layla = _person({"ar": "ليلى عبد الرحمن", "he": "לילא עבד אל-רחמן", "en": "Layla Abdelrahman"}, LAYLA_PHONE)
    mona = _person({"ar": "منى خليل", "he": "מונא ח'ליל", "en": "Mona Khalil"}, MONA_PHONE)
    layla_wallet = wallet(layla, NILE, money=1_000_00)
    people.join_institution(customer_id=layla.id, institution_id=DELTA)
    current = banking.open_current_account(id=new_id(), institution_id=DELTA, owner_id=layla.id)
    pay_in(current, 250_00)
    return Street(layla, mona, layla_wallet, current, wallet(mona, NILE))


def _person(names: dict[str, str], phone: str) -> people.Customer:
    return people.register_customer(id=new_id(), names=names, phone=phone, language="ar", institution_id=NILE)


def wallet(owner: people.Customer, issuer_id: UUID, *, money: int = 0) -> banking.BankAccount:
    """Open a wallet under its owner's phone number, and put money in (minor units)."""
    opened = banking.open_wallet(id=new_id(), issuer_id=issuer_id, owner_id=owner.id, phone=owner.phone)
    if money:
        pay_in(opened, money)
    return opened


def pay_in(account: banking.BankAccount, amount_minor: int, *, times: int = 1) -> None:
    """Put money into an account over the counter, ``times`` times."""
    till = banking.internal_account(account.institution_id, banking.InternalRole.CASH, account.currency.code)
    results = ledger.create_transfers(
        [
            ledger.NewTransfer(
                id=new_id(),
                debit_account_id=till.id,
                credit_account_id=account.id,
                amount=amount_minor,
                ledger=account.ledger,
                code=1,
            )
            for _ in range(times)
        ]
    )
    assert set(results) == {ledger.CreateTransferResult.OK}


def known_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every one-time code be ``CODE``: it goes to the phone only, where tests don't look."""
    for module in ("sign_in.by_code", "persons.phone_change"):
        monkeypatch.setattr(f"raseed.people.{module}.secrets", SimpleNamespace(randbelow=lambda _: int(CODE)))


def browser(language: str = "en", **options: object) -> Client:
    """Return a browser whose reader has chosen a language."""
    client = Client(SERVER_NAME="localhost", **options)  # type: ignore[arg-type]
    client.cookies["language"] = language
    return client


def signed_in(phone: str = LAYLA_PHONE, language: str = "en") -> Client:
    """Return a browser in which the customer with this phone number has signed in (with ``known_codes``)."""
    client = browser(language)
    assert client.post("/sign-in", {"phone": phone}).status_code == 303
    answer = client.post("/sign-in/code", {"code": CODE})
    assert answer.status_code == 303, answer.content.decode()
    return client


def hidden(page: str, name: str) -> str:
    """Return the value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"no field {name}"
    return found[1]


def words_of(page: str) -> str:
    """Return the text of a page, without tags and with single spaces."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).replace("&#x27;", "'").split())


ORDER_BYTES: Final = {
    "id": "0190a0b0-0000-7000-8000-00000000abcd",
    "by": "phone",
    "to": "01009998877",
    "amount": "250",
    "note": "إيجار شهر نوفمبر",
}
"""A payment with a known id, for pages that are weighed and looked at."""
