"""A day of a biller by files that has been settled, and its file held against it: so that whoever is new finds both.

All of it is invented and says so. Payments go through the doors that everyone uses, with yesterday's clock; the biller's file
has one difference of three kinds planted in it.
"""

from __future__ import annotations

import contextlib
import io
from datetime import UTC, datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from raseed.banking import api as banking
from raseed.bills import api as bills
from raseed.kernel.clock import SYSTEM_CLOCK, Clock, ManualClock
from raseed.kernel.money import Money
from raseed.ledger import api as ledger
from raseed.payments import api as payments
from raseed.people import api as people

from .queries import planted
from .world.people import SeededIds, draw
from .world.places import BANK

CODE: Final = "waha-parking"
NAMES: Final = {"ar": "مواقف الواحة (تجريبية)", "he": "חניוני נווה (הדגמה)", "en": "Oasis Parking (demo)"}
PAYER: Final = {"ar": "دافع تجريبي", "he": "משלם לדוגמה", "en": "Synthetic payer (demo)"}
REASON: Final = "a settled day of the demo world"
PHONES: Final = ("+201499009990", "+201499009991")
AMOUNTS_MINOR: Final = (1_500, 2_250, 900, 4_000, 1_500, 3_750, 600, 12_000, 2_250, 1_500, 5_000, 900)
PLATE: Final = bills.Field(
    code="plate", names={"ar": "رقم اللوحة", "he": "מספר רישוי", "en": "Number plate"}, kind=bills.FieldKind.ACCOUNT,
    length_min=6, length_max=8, example="123456",
)  # fmt: skip
_STREAM: Final = 3
_AT: Final = time(10)


def plant_settled_day(*, clock: Clock = SYSTEM_CLOCK) -> bool:
    """Let a biller have been paid yesterday, its day be closed and its file held against it; say whether that was new."""
    if not planted():
        return False
    bank = people.institution_by_slug(BANK.slug)
    with contextlib.suppress(bills.BillerUnknown):
        if bills.settlements(bills.biller_by_code(bank.id, CODE).id, by=people.SYSTEM):
            return False
    yesterday = banking.business_date(bank.id, clock.now()) - timedelta(days=1)
    then = ManualClock(datetime.combine(yesterday, _AT, ZoneInfo(bank.zone)).astimezone(UTC))
    ids = SeededIds(draw(0, "settled day", 0), 0, _STREAM)
    biller = _biller(bank.id, ids, then)
    orders = _pay(biller, _payer(bank.id, ids, then), ids, then)
    settled = bills.close_day(biller.id, yesterday, clock=clock)
    bills.pay_out(biller.id, clock=clock)
    bills.reconcile(biller.id, io.BytesIO(_file(biller, settled, orders)), by=people.SYSTEM, reason=REASON, clock=clock)
    return True


def _customer(bank_id: UUID, ids: SeededIds, names: dict[str, str], phone: str, then: Clock) -> people.Customer:
    return people.register_customer(
        id=ids.next(), names=names, phone=phone, language="ar", institution_id=bank_id, clock=then
    )


def _biller(bank_id: UUID, ids: SeededIds, then: Clock) -> bills.Biller:
    owner = _customer(bank_id, ids, NAMES, PHONES[0], then)
    biller = bills.register_biller(
        bills.NewBiller(
            id=ids.next(), institution_id=bank_id, customer_id=owner.id, code=CODE,
            category=bills.Category.MUNICIPALITY, names=NAMES, model=bills.BillerModel.DIRECT,
            adapter=bills.AdapterKind.FILE, fields=(PLATE,),
        ),
        by=people.SYSTEM, reason=REASON, clock=then,
    )  # fmt: skip
    own = banking.open_current_account(
        id=ids.next(), institution_id=bank_id, owner_id=owner.id, overdraft_allowed=False, clock=then
    )
    bills.set_payout_account(biller.id, own.id, by=people.SYSTEM, clock=then)
    return biller


def _payer(bank_id: UUID, ids: SeededIds, then: Clock) -> banking.BankAccount:
    owner = _customer(bank_id, ids, PAYER, PHONES[1], then)
    account = banking.open_current_account(
        id=ids.next(), institution_id=bank_id, owner_id=owner.id, overdraft_allowed=False, clock=then
    )
    till = banking.internal_account(bank_id, banking.InternalRole.CASH, account.currency.code)
    ledger.create_transfers(
        [
            ledger.NewTransfer(
                id=ids.next(), debit_account_id=till.id, credit_account_id=account.id, amount=sum(AMOUNTS_MINOR),
                ledger=account.ledger, code=1, booked_on=then.now().date(),
            )
        ],
        clock=then,
    )  # fmt: skip
    return account


def _pay(biller: bills.Biller, payer: banking.BankAccount, ids: SeededIds, then: ManualClock) -> list[bills.BillOrder]:
    made = []
    for place, minor in enumerate(AMOUNTS_MINOR):
        order = bills.order(
            id=ids.next(), customer_id=payer.owner_id, biller_id=biller.id, fields={"plate": f"{123_400 + place}"},
            amount=Money(minor, biller.currency), clock=then,
        )  # fmt: skip
        bills.pay(order_id=order.id, customer_id=payer.owner_id, from_account_id=payer.id, clock=then)
        then.advance(timedelta(minutes=7))
        made.append(order.id)
    payments.carry_due(clock=then)
    known = bills.orders_by_id(made)
    return [known[id_] for id_ in made if known[id_].state is bills.OrderState.PAID]


def _file(biller: bills.Biller, settled: bills.Settlement, orders: list[bills.BillOrder]) -> bytes:
    """Return what the biller says that it received: one payment left out, one other amount, and one that nobody made."""
    told = [(str(each.id), each.biller_reference, each.amount.amount_minor) for each in orders[1:]]
    if told:
        payment, reference, minor = told[0]
        told[0] = (payment, reference, minor + 50)
    told.append(("", f"{CODE}-INVENTED", 1_750))
    scale = biller.currency.scale
    lines = [
        f"{payment},{reference},,{_text(minor, scale)},{settled.day}T12:00:00Z" for payment, reference, minor in told
    ]
    head = f"raseed-received,1,{biller.code},{biller.currency.code},{scale},{settled.day}"
    end = f"end,{len(told)},{_text(sum(minor for *_, minor in told), scale)}"
    return "\r\n".join([head, "payment,biller_reference,bills,amount,received_at", *lines, end, ""]).encode()


def _text(minor: int, scale: int) -> str:
    whole, part = divmod(minor, 10**scale)
    return f"{whole}.{part:0{scale}d}" if scale else str(whole)
