"""What a biller answers to each question when it behaves: questions and answers as docs/biller-api.md has them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from .book import Book, Kind, Payment

NONCES_MAX: Final = 100_000


@dataclass(slots=True)
class Desk:
    """One biller: who it is, its keys, and what it has heard.

    ``account`` is its collection account's number at the bank.
    """

    code: str
    currency: str
    scale: int
    account: str
    kind: Kind
    key_id: str
    key: Ed25519PrivateKey
    bank_keys: dict[str, Ed25519PublicKey]
    book: Book
    nonces: dict[str, None] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, told: Mapping[str, Any], book: Book) -> Desk:
        """Return the biller that the file of billers tells of."""
        return cls(
            code=told["code"],
            currency=told["currency"],
            scale=told["scale"],
            account=told["collection_account"],
            kind=Kind(**told["bills"]),
            key_id=told["key_id"],
            key=Ed25519PrivateKey.from_private_bytes(base64.b64decode(told["private_key"])),
            bank_keys={
                key_id: Ed25519PublicKey.from_public_bytes(base64.b64decode(text))
                for key_id, text in told["bank_keys"].items()
            },
            book=book,
        )

    def fresh(self, nonce: str) -> bool:
        """Whether a nonce comes for the first time; an old one is somebody's recording."""
        if nonce in self.nonces:
            return False
        self.nonces[nonce] = None
        if len(self.nonces) > NONCES_MAX:
            del self.nonces[next(iter(self.nonces))]
        return True

    def answer(
        self, question: str, asked: Mapping[str, Any], now: datetime, *, unsure: bool, refuses: bool
    ) -> dict[str, Any]:
        """Return the answer to a question."""
        self.asked[question] = self.asked.get(question, 0) + 1
        head = {"biller": self.code, "currency": self.currency, "scale": self.scale}
        if question == "fetch":
            bills = self.book.bills(self.code, self.kind, _reference(asked["fields"]), now.date())
            return head | {"known": bills is not None, "bills": bills or []}
        if question == "validate":
            known = not _reference(asked["fields"]).endswith("000")
            return head | {"known": known, "customer_name": "س*** ن***" if known else ""}
        return head | self._about(question, asked, now, unsure=unsure, refuses=refuses)

    def _about(
        self, question: str, asked: Mapping[str, Any], now: datetime, *, unsure: bool, refuses: bool
    ) -> dict[str, Any]:
        there = self.book.payments.get(asked["id"])
        if question == "pay":
            there = there or self._new(asked)
            there.asked += 1
            if refuses and not there.taken:
                there.state = "refused"
            elif there.state == "pending" and not unsure:
                there = self._take(there)
            self.book.keep(there)
        elif there is None:
            return {"id": asked["id"], "state": "not_received"}
        elif question == "cancel" and there.state == "pending":
            there.state = "cancelled"
            self.book.keep(there)
        elif there.state == "pending" and not unsure:
            there = self._take(there)
        return self._said(there, now)

    def _new(self, asked: Mapping[str, Any]) -> Payment:
        bills: dict[str, int] = {}
        for part in asked["parts"]:
            if part["kind"] == "bill" and part.get("bill"):
                bills[part["bill"]] = bills.get(part["bill"], 0) + part["amount_minor"]
        reference = f"{self.code[:3].upper()}{asked['id'].replace('-', '')[-14:].upper()}"
        return Payment(
            asked["id"], self.code, "pending", asked["amount_minor"], asked["collection_account"], bills, reference
        )

    def _take(self, payment: Payment) -> Payment:
        if payment.collection_account != self.account or (not payment.taken and self.book.is_too_much(payment)):
            payment.state = "refused"
            return payment
        payment.state = "paid"
        if not payment.taken:
            self.book.payments.pop(payment.id, None)
            payment = self.book.take(payment)
        return payment

    def _said(self, payment: Payment, now: datetime) -> dict[str, Any]:
        if payment.state != "paid":
            code = {"refused": "not_accepted", "cancelled": "cancelled"}.get(payment.state)
            return {"id": payment.id, "state": payment.state} | ({"code": code} if code else {})
        return {
            "id": payment.id,
            "state": "paid",
            "collection_account": payment.collection_account,
            "amount_minor": payment.amount_minor,
            "bills": sorted(payment.bills),
            "reference": payment.reference,
            "paid_at": now.isoformat(timespec="seconds"),
        }


def _reference(fields: Mapping[str, str]) -> str:
    return "/".join(fields.values())
