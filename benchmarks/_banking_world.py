"""The bank that the banking benchmark measures: a million customers, a town of accounts, a firm that pays, one busy account.

All people and names are made up, from the demo world's lists and a seed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from raseed.banking import api as banking
from raseed.banking.api import Alias, AliasKind, BankAccount, InternalRole, ProductKind
from raseed.demo.world.names import full_names
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money
from raseed.ledger import api as ledger
from raseed.payments import api as payments
from raseed.people import api as people

SEED: Final = 20260322
PHONES_BEGIN: Final = 1_000_000_000
FUNDS_MINOR: Final = 10**12
HEBREW_SHARE: Final = 0.2
_NAMES: Final = {"ar": "حساب", "he": "חשבון", "en": "Account"}
_NOTES: Final = ("إيجار الشقة", "שכר דירה", "Groceries", "قسط", "חשמל", "School fees")
_POSTED_AT_ONCE: Final = 8190
_SENT_AT_ONCE: Final = 4000
OUTGOING_SHARE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Bank:
    """An institution with its customers' ids, in the order in which they joined."""

    id: UUID
    customers: Sequence[UUID]


def found_bank(people_count: int) -> Bank:
    """Register the bank, its books and so many customers."""
    bank_id = new_id()
    people.register_institution(
        people.Institution(
            bank_id, "bench", {"ar": "بنك", "he": "בנק", "en": "Bank"}, "bank", "EG", "Africa/Cairo", "EGP", "EG"
        )
    )
    banking.set_up_institution(institution_id=bank_id, bank_code="12", branch_code="3")
    banking.offer_product(institution_id=bank_id, kind=ProductKind.CURRENT, names=_NAMES)
    ids = [new_id() for _ in range(people_count)]
    people.register_customers_bulk(_newcomers(ids, bank_id))
    return Bank(bank_id, ids)


def _newcomers(ids: Sequence[UUID], bank_id: UUID) -> Iterator[people.NewCustomer]:
    rng, now = random.Random(SEED), SYSTEM_CLOCK.now()
    for place, id_ in enumerate(ids):
        names = full_names(rng, hebrew=rng.random() < HEBREW_SHARE)
        yield people.NewCustomer(
            id=id_,
            names=names,
            phone=f"+20{PHONES_BEGIN + place}",
            language="ar",
            institution_ids=(bank_id,),
            created_at=now,
        )


def open_accounts(bank: Bank, count: int) -> list[BankAccount]:
    """Open a current account for each of the first ``count`` customers, with money in it."""
    ids = [new_id() for _ in range(count)]
    banking.open_many(
        banking.NewBankAccount(id=id_, institution_id=bank.id, owner_id=owner, kind=ProductKind.CURRENT)
        for id_, owner in zip(ids, bank.customers, strict=False)
    )
    opened = banking.accounts(ids)
    accounts = [opened[id_] for id_ in ids]
    till = banking.internal_account(bank.id, InternalRole.CASH, "EGP")
    transfers = [
        ledger.NewTransfer(
            id=new_id(), debit_account_id=till.id, credit_account_id=account.id, amount=FUNDS_MINOR,
            ledger=account.ledger, code=1,
        )
        for account in accounts
    ]  # fmt: skip
    _post(transfers)
    return accounts


def fill_a_year(account: BankAccount, others: Sequence[BankAccount], lines: int) -> tuple[date, date]:
    """Post ``lines`` movements over the year that ended yesterday; returns its first and last day."""
    rng = random.Random(SEED)
    last = banking.business_day(account, SYSTEM_CLOCK.now()) - timedelta(days=1)
    first = last - timedelta(days=364)
    instructions = []
    for place in range(lines):
        other = others[rng.randrange(len(others))]
        payer, payee = (account, other) if rng.random() < OUTGOING_SHARE else (other, account)
        day = first + timedelta(days=place * 365 // lines)
        instructions.append(
            payments.Instruction(
                id=new_id(),
                actor_customer_id=payer.owner_id,
                from_account_id=payer.id,
                to=Alias(AliasKind.IBAN, payee.alias(AliasKind.IBAN) or ""),
                amount=Money(rng.randrange(100, 1_000_000), account.currency),
                note=f"{rng.choice(_NOTES)} {place}",
                instructed_at=datetime.combine(day, time(9), ZoneInfo(account.zone)),
                booked_on=day,
            )
        )
    for at in range(0, lines, _SENT_AT_ONCE):
        sent = payments.send_many(instructions[at : at + _SENT_AT_ONCE])
        assert all(payment.state is payments.PaymentState.SETTLED for payment in sent), "the year's payments go through"
    return first, last


def _post(transfers: Sequence[ledger.NewTransfer]) -> None:
    for at in range(0, len(transfers), _POSTED_AT_ONCE):
        results = ledger.create_transfers(transfers[at : at + _POSTED_AT_ONCE])
        assert set(results) == {ledger.CreateTransferResult.OK}, "the benchmark's books take what it posts"


def order_file(debtor: BankAccount, creditors: Sequence[BankAccount], message_id: str) -> bytes:
    """Return a pain.001.001.09 file that pays every creditor once."""
    rng = random.Random(SEED)
    amounts = [rng.randrange(100, 100_000) for _ in creditors]
    total = f"{sum(amounts) // 100}.{sum(amounts) % 100:02}"
    now = SYSTEM_CLOCK.now()
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09">'
        f"<CstmrCdtTrfInitn><GrpHdr><MsgId>{message_id}</MsgId><CreDtTm>{now:%Y-%m-%dT%H:%M:%S}Z</CreDtTm>"
        f"<NbOfTxs>{len(creditors)}</NbOfTxs><CtrlSum>{total}</CtrlSum><InitgPty><Nm>Bench</Nm></InitgPty></GrpHdr>\n"
        f"<PmtInf><PmtInfId>{message_id}-1</PmtInfId><PmtMtd>TRF</PmtMtd><NbOfTxs>{len(creditors)}</NbOfTxs>"
        f"<CtrlSum>{total}</CtrlSum><ReqdExctnDt><Dt>{banking.business_day(debtor, now)}</Dt></ReqdExctnDt>"
        f"<Dbtr><Nm>Bench</Nm></Dbtr><DbtrAcct><Id><IBAN>{debtor.alias(AliasKind.IBAN)}</IBAN></Id></DbtrAcct>"
        "<DbtrAgt><FinInstnId><Othr><Id>NOTPROVIDED</Id></Othr></FinInstnId></DbtrAgt>\n"
    )
    payments = (
        f"<CdtTrfTxInf><PmtId><EndToEndId>SALARY-{place}</EndToEndId></PmtId>"
        f'<Amt><InstdAmt Ccy="EGP">{amount // 100}.{amount % 100:02}</InstdAmt></Amt><Cdtr><Nm>Customer {place}</Nm></Cdtr>'
        f"<CdtrAcct><Id><IBAN>{creditor.alias(AliasKind.IBAN)}</IBAN></Id></CdtrAcct>"
        f"<RmtInf><Ustrd>Salary of the month, {place}</Ustrd></RmtInf></CdtTrfTxInf>\n"
        for place, (creditor, amount) in enumerate(zip(creditors, amounts, strict=True))
    )
    return (head + "".join(payments) + "</PmtInf></CstmrCdtTrfInitn></Document>\n").encode()
