"""Statements without a database for the tests: of made-up accounts, lines and people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from raseed.banking.api import (
    AccountAlias,
    AccountState,
    AliasKind,
    BankAccount,
    CounterpartyKind,
    PeriodStatement,
    Product,
    ProductKind,
    StatementLine,
)
from raseed.kernel.money import Currency, Money, currency
from raseed.people import api as people
from raseed.platform.api import Digits, reader_digits

ISSUED_AT = datetime(2026, 4, 2, 9, 30, 15, 123456, tzinfo=UTC)
FIRST_DAY = date(2026, 3, 1)
LAST_DAY = date(2026, 3, 31)
IBANS = {"EG": "EG380019000500000000263180002", "OM": "OM810180000001299123456", "IL": "IL620108000000099999999"}
_INSTITUTION = UUID("00000000-0000-7000-8000-000000000001")
_ACCOUNT = UUID("00000000-0000-7000-8000-000000000002")
_OWNER = UUID("00000000-0000-7000-8000-000000000003")
_PAYMENT = UUID("00000000-0000-7000-8000-00000000abcd")


def line(
    place: int,
    amount_minor: int,
    balance_minor: int,
    *,
    code: str = "EGP",
    counterparty: str = "Ziad",
    note: str = "",
    booked_on: date = FIRST_DAY,
    kind: CounterpartyKind = CounterpartyKind.CUSTOMER,
    end_to_end_id: str = "",
) -> StatementLine:
    """Return one line."""
    return StatementLine(
        seq=place + 1,
        posted_at=datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(seconds=place),
        booked_on=booked_on,
        counterparty=counterparty,
        counterparty_kind=kind,
        amount=Money(amount_minor, currency(code)),
        balance_after=Money(balance_minor, currency(code)),
        reference=f"{place:010X}",
        note=note,
        payment_id=_PAYMENT,
        end_to_end_id=end_to_end_id,
    )


def period_of(
    amounts: Sequence[int],
    *,
    opening: int = 0,
    code: str = "EGP",
    language: str = "en",
    digits: Digits | None = None,
    holder: str = "Mona Ali",
    counterparties: Sequence[str] = ("Ziad",),
    notes: Sequence[str] = ("",),
    days: Sequence[date] = (FIRST_DAY,),
    country: str = "EG",
    zone: str = "Africa/Cairo",
    account_name: str = "",
) -> PeriodStatement:
    """Return a statement of these amounts; names, notes and days come round again."""
    money = currency(code)
    lines = []
    balance = opening
    for place, amount in enumerate(amounts):
        balance += amount
        lines.append(
            line(
                place,
                amount,
                balance,
                code=code,
                counterparty=counterparties[place % len(counterparties)],
                note=notes[place % len(notes)],
                booked_on=days[place * len(days) // len(amounts)],
            )
        )
    return PeriodStatement(
        account=_account(money, country, zone, account_name),
        institution=_institution(code, country, zone),
        holder=holder,
        language=language,
        digits=reader_digits(language, digits),
        first_day=FIRST_DAY,
        last_day=LAST_DAY,
        issued_at=ISSUED_AT,
        opening=Money(opening, money),
        closing=Money(balance, money),
        available=Money(balance, money),
        lines=tuple(lines),
    )


def _account(money: Currency, country: str, zone: str, name: str) -> BankAccount:
    names = {"ar": "حساب جارٍ", "he": "חשבון עובר ושב", "en": "Current account"}
    aliases = [AccountAlias(AliasKind.NUMBER, "2631800028", ISSUED_AT)]
    if country in IBANS:
        aliases.append(AccountAlias(AliasKind.IBAN, IBANS[country], ISSUED_AT))
    return BankAccount(
        id=_ACCOUNT,
        institution_id=_INSTITUTION,
        owner_id=_OWNER,
        product=Product(_ACCOUNT, _INSTITUTION, ProductKind.CURRENT, money, names),
        currency=money,
        ledger=1,
        name=name,
        state=AccountState.OPEN,
        opened_on=date(2020, 1, 1),
        zone=zone,
        aliases=tuple(aliases),
    )


def _institution(code: str, country: str, zone: str) -> people.Institution:
    names = {"ar": "بنك النيل الوطني", "he": "בנק הנילוס הלאומי", "en": "National Bank of the Nile"}
    return people.Institution(_INSTITUTION, "nile", names, "bank", country, zone, code, country)
