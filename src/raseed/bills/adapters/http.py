"""The HTTP adapter: docs/biller-api.md from the bank's side.

A yes is a yes only where everything fits: signature, biller, payment, collection account, bills, amount, currency and minor
units. Anything else is an ``AnswerRefused``, which whoever asked keeps as a finding; the payment stays unknown.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Final, Protocol, TypeVar
from uuid import UUID

import msgspec

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import RaseedError
from raseed.kernel.money import Money
from raseed.kernel.text import clean_text

from ..domain import Biller, PartPayments
from ..wrongs import AnswerRefused, FindingKind
from . import signing, wire
from .protocol import (
    Ask,
    CustomerNotKnown,
    FetchedBill,
    NoAnswer,
    NotReceived,
    Paid,
    Pending,
    Refused,
    Said,
    Unsaid,
    Validated,
)
from .transport import HttpAnswer, Target, target_of, transport

LOOK_UP_SECONDS_MAX: Final = 5.0
"""While somebody waits before a screen."""
PAY_SECONDS_MAX: Final = 20.0
STATUS_SECONDS_MAX: Final = 10.0
DONE: Final = 200
NO_CODE: Final = "unnamed"
_A = TypeVar("_A", bound=wire.AnswerShape)


class KeysOf(Protocol):
    """Tells a biller's public keys that are valid now, by id."""

    def __call__(self, biller_id: UUID) -> Mapping[str, bytes]:
        """Return them."""


class HttpAdapter:
    """Speaks with billers over HTTP."""

    def __init__(self, keys_of: KeysOf, clock: Clock = SYSTEM_CLOCK) -> None:
        self._keys_of = keys_of
        self._clock = clock

    async def fetch(self, biller: Biller, values: Mapping[str, str]) -> Sequence[FetchedBill]:
        """Return all that is open on what was typed."""
        question = wire.FetchQuestion(*_head(biller), fields=dict(values))
        answer, _ = await self._look_up(biller, "/fetch", question, wire.decode_fetch)
        if not answer.known:
            raise CustomerNotKnown
        numbers = [bill.number for bill in answer.bills]
        if len(set(numbers)) < len(numbers):
            raise AnswerRefused(FindingKind.UNREADABLE, part="bills", bill="twice")
        return [_fetched(biller, bill) for bill in answer.bills]

    async def validate(self, biller: Biller, values: Mapping[str, str], amount: Money | None) -> Validated:
        """Say whether money can be paid for what was typed."""
        question = wire.ValidateQuestion(
            *_head(biller), fields=dict(values), amount_minor=None if amount is None else amount.amount_minor
        )
        answer, _ = await self._look_up(biller, "/validate", question, wire.decode_validate)
        if not answer.known:
            raise CustomerNotKnown
        return Validated(
            _name(answer.customer_name),
            None if answer.least_minor is None else Money(answer.least_minor, biller.currency),
            None if answer.most_minor is None else Money(answer.most_minor, biller.currency),
        )

    async def pay(self, ask: Ask) -> Said:
        """Have it take a payment."""
        question = wire.PayQuestion(
            *_head(ask.biller),
            id=str(ask.id),
            collection_account=ask.biller.account_number,
            fields=dict(ask.values),
            amount_minor=ask.amount.amount_minor,
            parts=[wire.PartSaid(part.kind.value, part.amount.amount_minor, part.bill_number) for part in ask.parts],
            attempt=ask.attempt,
        )
        return await self._about(ask, "/payments", question, PAY_SECONDS_MAX)

    async def status(self, ask: Ask) -> Said:
        """Ask what became of a payment."""
        return await self._about(ask, "/payments/status", _payment(ask), STATUS_SECONDS_MAX)

    async def cancel(self, ask: Ask) -> Said:
        """Ask it to give up a payment that it has not taken."""
        return await self._about(ask, "/payments/cancel", _payment(ask), STATUS_SECONDS_MAX)

    async def _look_up(
        self, biller: Biller, path: str, question: wire.Question, decode: Callable[[bytes], _A]
    ) -> tuple[_A, Mapping[str, str]]:
        answer, asked = await self._post(biller, path, wire.encode(question), LOOK_UP_SECONDS_MAX)
        if answer.status != DONE:
            raise NoAnswer(f"http_{answer.status}")
        return self._read(biller, answer, asked, decode)

    async def _about(self, ask: Ask, path: str, question: wire.Question, seconds_max: float) -> Said:
        try:
            answer, asked = await self._post(ask.biller, path, wire.encode(question), seconds_max)
        except NoAnswer as nothing:
            return Unsaid(str(nothing))
        if answer.status != DONE:
            return Unsaid(f"http_{answer.status}")
        shape, proof = self._read(ask.biller, answer, asked, wire.decode_payment)
        return _said(ask, shape, {**proof, "body": answer.body.decode()})

    async def _post(self, biller: Biller, path: str, body: bytes, seconds_max: float) -> tuple[HttpAnswer, str]:
        target = _target(biller.address)
        key = signing.our_key(biller.id, biller.generation)
        key_id = signing.our_key_id(biller.code, biller.generation)
        asked = ""

        def make() -> tuple[Mapping[str, str], bytes]:
            nonlocal asked
            signed = signing.sign_request(
                key=key,
                key_id=key_id,
                path=f"{target.path}{path}",
                body=body,
                created=int(self._clock.now().timestamp()),
                nonce=secrets.token_urlsafe(18),
            )
            asked = signing.request_signature(signed)
            return {"content-type": "application/json", "accept": "application/json", **signed}, body

        return await transport().post(target, path, make, seconds_max=seconds_max), asked

    def _read(
        self, biller: Biller, answer: HttpAnswer, asked: str, decode: Callable[[bytes], _A]
    ) -> tuple[_A, Mapping[str, str]]:
        """Return what an answer says, and what proves it, if the biller has signed it and it is about this biller."""
        proof = signing.check_answer(
            status=answer.status,
            headers=answer.headers,
            body=answer.body,
            asked=asked,
            keys=self._keys_of(biller.id),
            now=int(self._clock.now().timestamp()),
        )
        try:
            shape = decode(answer.body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise AnswerRefused(FindingKind.UNREADABLE, said=str(error)) from None
        if shape.biller != biller.code:
            raise AnswerRefused(FindingKind.OTHER_BILLER, said=shape.biller)
        if (shape.currency, shape.scale) != (biller.currency.code, biller.currency.scale):
            raise AnswerRefused(
                FindingKind.WRONG_CURRENCY,
                expected=f"{biller.currency.code} {biller.currency.scale}",
                said=f"{shape.currency} {shape.scale}",
            )
        return shape, proof


def _said(ask: Ask, shape: wire.PaymentAnswer, proof: Mapping[str, str]) -> Said:
    """Return what an answer about a payment says, if it is about this payment."""
    if shape.id != str(ask.id):
        raise AnswerRefused(FindingKind.OTHER_PAYMENT, said=shape.id)
    if shape.state == "pending":
        return Pending()
    if shape.state == "not_received":
        return NotReceived()
    if shape.state in ("refused", "cancelled"):
        return Refused(shape.code or (NO_CODE if shape.state == "refused" else "cancelled"))
    if shape.collection_account != ask.biller.account_number:
        raise AnswerRefused(FindingKind.OTHER_ACCOUNT, said=shape.collection_account)
    if sorted(shape.bills) != ask.bill_numbers:
        raise AnswerRefused(FindingKind.OTHER_BILL, expected=",".join(ask.bill_numbers), said=",".join(shape.bills))
    if shape.amount_minor != ask.amount.amount_minor:
        raise AnswerRefused(FindingKind.AMOUNT_CHANGED, expected=ask.amount.amount_minor, said=shape.amount_minor)
    if not shape.reference:
        raise AnswerRefused(FindingKind.UNREADABLE, said="paid without a reference")
    return Paid(shape.reference, shape.paid_at, proof)


def _head(biller: Biller) -> tuple[str, str, int]:
    return biller.code, biller.currency.code, biller.currency.scale


def _payment(ask: Ask) -> wire.PaymentQuestion:
    return wire.PaymentQuestion(*_head(ask.biller), id=str(ask.id), collection_account=ask.biller.account_number)


def _fetched(biller: Biller, bill: wire.BillShape) -> FetchedBill:
    parts = PartPayments(bill.part_payments)
    if (bill.minimum_minor is not None) != (parts is PartPayments.MINIMUM) or (
        bill.minimum_minor is not None and bill.minimum_minor > bill.amount_minor
    ):
        raise AnswerRefused(FindingKind.UNREADABLE, part="minimum", bill=bill.number)
    return FetchedBill(
        number=bill.number,
        issued_on=bill.issued_on,
        amount=Money(bill.amount_minor, biller.currency),
        paid=Money(min(bill.paid_minor, bill.amount_minor), biller.currency),
        part_payments=parts,
        due_on=bill.due_on,
        period=_name(bill.period),
        minimum=None if bill.minimum_minor is None else Money(bill.minimum_minor, biller.currency),
        customer_name=_name(bill.customer_name),
    )


def _name(text: str) -> str:
    """Return a text of the biller's that people will read, or nothing if it hides something."""
    try:
        return clean_text(text) if text.strip() else ""
    except RaseedError:
        return ""


@lru_cache(maxsize=1024)
def _target(address: str) -> Target:
    return target_of(address)
