"""Products, accounts, aliases, limits, fees and statement lines as plain values, and the rules over them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from raseed.kernel.errors import mark
from raseed.kernel.ids import InvalidId
from raseed.kernel.money import Currency, Money
from raseed.kernel.text import ascii_digits

from .errors import InvalidAlias
from .iban import checked_iban
from .interest import DayCount

POSITION_MAX: Final = (1 << 63) - 1
_POSITION: Final = re.compile(r"[1-9][0-9]{0,18}\Z")

STATEMENT_LINES_MAX: Final = 50
"""The most lines that one statement page holds."""


class ProductKind(StrEnum):
    """What sort of account a product is."""

    WALLET = "wallet"
    CURRENT = "current"
    SAVINGS = "savings"
    LOAN = "loan"
    COLLECTION = "collection"


KIND_WORDS: Final = {
    ProductKind.WALLET: mark("Wallet"),
    ProductKind.CURRENT: mark("Current account"),
    ProductKind.SAVINGS: mark("Savings account"),
    ProductKind.LOAN: mark("Loan"),
    ProductKind.COLLECTION: mark("Collection account"),
}
"""A collection account takes what an organisation's customers pay it through the institution."""


class AccountState(StrEnum):
    """Blocked accounts neither pay nor receive; dormant ones receive, and pay once woken; closed ones hold no money."""

    OPEN = "open"
    BLOCKED = "blocked"
    DORMANT = "dormant"
    CLOSED = "closed"


LEGAL_CHANGES: Final = frozenset(
    {
        (AccountState.OPEN, AccountState.BLOCKED),
        (AccountState.OPEN, AccountState.DORMANT),
        (AccountState.OPEN, AccountState.CLOSED),
        (AccountState.BLOCKED, AccountState.OPEN),
        (AccountState.DORMANT, AccountState.OPEN),
        (AccountState.DORMANT, AccountState.BLOCKED),
        (AccountState.DORMANT, AccountState.CLOSED),
        (AccountState.CLOSED, AccountState.OPEN),
    }
)
"""Which state may follow which; the database holds the same rule in a trigger."""

STATE_WORDS: Final = {
    AccountState.OPEN: mark("Open"),
    AccountState.BLOCKED: mark("Blocked"),
    AccountState.DORMANT: mark("Dormant"),
    AccountState.CLOSED: mark("Closed"),
}


class BlockReason(StrEnum):
    """Why an account is blocked, as a code that can be counted; the words are in the audit trail."""

    CUSTOMER_ASKED = "customer_asked"
    LOST_OR_STOLEN = "lost_or_stolen"
    SUSPECTED_FRAUD = "suspected_fraud"
    COURT_ORDER = "court_order"
    DECEASED = "deceased"
    PAPERS_EXPIRED = "papers_expired"
    OTHER = "other"


BLOCK_REASON_WORDS: Final = {
    BlockReason.CUSTOMER_ASKED: mark("The customer asked for it"),
    BlockReason.LOST_OR_STOLEN: mark("Lost or stolen phone or card"),
    BlockReason.SUSPECTED_FRAUD: mark("Suspected fraud"),
    BlockReason.COURT_ORDER: mark("Order of a court"),
    BlockReason.DECEASED: mark("The owner has died"),
    BlockReason.PAPERS_EXPIRED: mark("Papers have expired"),
    BlockReason.OTHER: mark("Another reason"),
}


class AccountRight(StrEnum):
    """What a person may do with an account: its owner everything, others what they were given. Who may pay may see."""

    OWNER = "owner"
    MAY_SEE = "may_see"
    MAY_PAY = "may_pay"


RIGHT_WORDS: Final = {
    AccountRight.OWNER: mark("Owner"),
    AccountRight.MAY_SEE: mark("May see the account"),
    AccountRight.MAY_PAY: mark("May see the account and pay from it"),
}


class AliasKind(StrEnum):
    """How a payer names whom to pay: by a name of an account; or, never typed, by the id (hex) of the bill order that is paid."""

    PHONE = "phone"
    IBAN = "iban"
    NUMBER = "number"
    BILL = "bill"


ACCOUNT_ALIAS_KINDS: Final = (AliasKind.PHONE, AliasKind.IBAN, AliasKind.NUMBER)
"""The names that an account may have, and that people may type."""

_FORMS: Final = {
    AliasKind.PHONE: re.compile(r"\+[0-9]{7,15}\Z"),
    AliasKind.NUMBER: re.compile(r"(?=.*[0-9A-Z])[0-9A-Z-]{1,34}\Z"),
    AliasKind.BILL: re.compile(r"[0-9a-f]{32}\Z"),
}
"""What a phone number (E.164), an account number and the id of a bill order look like."""


class InternalRole(StrEnum):
    """An institution's own accounts, one of each in every ledger; the other side of what customers hold.

    ``float`` is the money in trust behind the wallets, ``cash`` what tills and agents hand over, ``fees`` what the
    institution earns by fees, ``opening`` the contra account of balances brought in from other books,
    ``interest_expense`` what savers were credited, ``interest_income`` what borrowers were charged, ``penalty_income`` if
    late, ``goodwill`` what customers were given by its own good will.
    """

    FLOAT = "float"
    CASH = "cash"
    FEES = "fees"
    OPENING = "opening"
    INTEREST_EXPENSE = "interest_expense"
    INTEREST_INCOME = "interest_income"
    PENALTY_INCOME = "penalty_income"
    GOODWILL = "goodwill"


class FeeEvent(StrEnum):
    """What a fee may be charged for; each is charged by something: ``payments``, or the granting of a loan."""

    TRANSFER_ON_US = "transfer_on_us"
    LOAN_GRANT = "loan_grant"


FEE_WORDS: Final = {
    FeeEvent.TRANSFER_ON_US: mark("Transfer to an account of the same institution"),
    FeeEvent.LOAN_GRANT: mark("Granting of a loan"),
}

FEE_EVENTS: Final[Mapping[ProductKind, tuple[FeeEvent, ...]]] = {
    ProductKind.WALLET: (FeeEvent.TRANSFER_ON_US,),
    ProductKind.CURRENT: (FeeEvent.TRANSFER_ON_US,),
    ProductKind.SAVINGS: (FeeEvent.TRANSFER_ON_US,),
    ProductKind.LOAN: (FeeEvent.LOAN_GRANT,),
    ProductKind.COLLECTION: (FeeEvent.TRANSFER_ON_US,),
}
"""What each sort of account can be charged for, in the order in which a schedule lists it."""

LEDGER_CODES: Final[Mapping[ProductKind | InternalRole, int]] = {
    ProductKind.WALLET: 110,
    ProductKind.CURRENT: 120,
    ProductKind.SAVINGS: 130,
    ProductKind.COLLECTION: 140,
    ProductKind.LOAN: 210,
    InternalRole.FLOAT: 910,
    InternalRole.CASH: 920,
    InternalRole.FEES: 930,
    InternalRole.OPENING: 940,
    InternalRole.INTEREST_EXPENSE: 950,
    InternalRole.INTEREST_INCOME: 960,
    InternalRole.PENALTY_INCOME: 970,
    InternalRole.GOODWILL: 980,
}
"""The ledger's ``code`` of each sort of account: 1xx customers' money, 2xx what they owe, 9xx the institution's own."""

ROLE_WORDS: Final = {
    InternalRole.FLOAT: mark("Money in trust"),
    InternalRole.CASH: mark("Cash"),
    InternalRole.FEES: mark("Fee"),
    InternalRole.OPENING: mark("Balance brought forward"),
    InternalRole.INTEREST_EXPENSE: mark("Interest"),
    InternalRole.INTEREST_INCOME: mark("Interest"),
    InternalRole.PENALTY_INCOME: mark("Late penalty"),
    InternalRole.GOODWILL: mark("Goodwill credit"),
}
"""What a statement calls an institution's own account on the other side."""


@dataclass(frozen=True, slots=True)
class Product:
    """What an institution offers.

    ``names`` are by language (``ar``, ``he``, ``en``); they are data, not messages. ``code`` tells the products of a kind
    apart for programs; the first one's is the kind's own name. ``day_count`` is for savings: how days earn interest.
    """

    id: UUID
    institution_id: UUID
    kind: ProductKind
    currency: Currency
    names: dict[str, str]
    code: str = ""
    day_count: DayCount | None = None

    def name(self, language: str) -> str:
        """Return the product's name in ``language``, or in the first language that it has one in."""
        return self.names.get(language) or next(iter(self.names.values()), self.kind.value)


@dataclass(frozen=True, slots=True)
class Alias:
    """How a payer names an account, or the bill that is paid.

    Attributes:
        kind: phone, IBAN, account number, or bill.
        value: the normal form (see ``normal_alias``): E.164, IBAN without spaces, digits, an id in hexadecimal digits.
        institution_id: where the account is held; ``None`` means the payer's own institution comes first.
    """

    kind: AliasKind
    value: str
    institution_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class AccountAlias:
    """An alias that an account has: valid from, and until it is taken off (``None``: still valid)."""

    kind: AliasKind
    value: str
    valid_from: datetime
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class BankAccount:
    """A customer's account; ``id`` is also its id in the ledger.

    ``name`` is the owner's own label, or empty; ``zone`` (IANA) is that of its books, which its business dates follow.
    """

    id: UUID
    institution_id: UUID
    owner_id: UUID
    product: Product
    currency: Currency
    ledger: int
    name: str
    state: AccountState
    opened_on: date
    zone: str = "UTC"
    overdraft_allowed: bool = False
    aliases: tuple[AccountAlias, ...] = ()
    block_reason: BlockReason | None = None

    def alias(self, kind: AliasKind) -> str | None:
        """Return the valid alias of this kind, if the account has one."""
        return next((a.value for a in self.aliases if a.kind is kind and a.valid_until is None), None)


@dataclass(frozen=True, slots=True)
class NewBankAccount:
    """One account for ``open_many``: what ``open_wallet`` and ``open_current_account`` take one by one.

    ``phone`` is needed for a wallet. ``number`` keeps the number that another bank's books gave a current account;
    without it one is given out. ``opened_on`` defaults to the institution's business date. ``product_id`` chooses among
    several products of a kind; without it the kind's first one is meant.
    """

    id: UUID
    institution_id: UUID
    owner_id: UUID
    kind: ProductKind
    phone: str | None = None
    number: str | None = None
    currency_code: str | None = None
    name: str = ""
    opened_on: date | None = None
    overdraft_allowed: bool = False
    product_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that may leave an account, minor units; ``None`` means no limit of that sort."""

    per_transfer_minor: int | None
    per_day_minor: int | None

    def tightest(self, other: Limits) -> Limits:
        """Return, of each sort, the lower of two limits."""
        return Limits(
            _lower(self.per_transfer_minor, other.per_transfer_minor), _lower(self.per_day_minor, other.per_day_minor)
        )


def _lower(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else min(one, other)


NO_LIMITS: Final = Limits(per_transfer_minor=None, per_day_minor=None)


@dataclass(frozen=True, slots=True)
class Fee:
    """One line of a fee schedule: what something costs on a date, zero included."""

    event: FeeEvent
    amount: Money
    valid_from: date | None
    """Since when; ``None`` where none was ever set, and it is zero for that."""


@dataclass(frozen=True, slots=True)
class Terms:
    """All that a product's accounts are subject to on a date.

    ``annual_rate_ppm`` is the yearly rate in millionths, for savings and as a loan's default; ``dormant_after_months``
    is ``None`` where accounts never become dormant.
    """

    product: Product
    on: date
    limits: Limits
    fees: tuple[Fee, ...]
    annual_rate_ppm: int
    dormant_after_months: int | None


@dataclass(frozen=True, slots=True)
class LockedAccount:
    """What may not change under a payment: whether the account may take part, and in which ledger."""

    state: AccountState
    ledger: int


@dataclass(frozen=True, slots=True)
class Spend:
    """An amount about to leave an account, on the business date ``day`` of its institution.

    One that does not count takes nothing from limits (it stays with the owner); it is a use of the account all the same.
    """

    account: BankAccount
    amount_minor: int
    day: date
    counts: bool = True


@dataclass(frozen=True, slots=True)
class InternalAccount:
    """One of an institution's own accounts; ``id`` is also its id in the ledger."""

    id: UUID
    institution_id: UUID
    ledger: int
    currency: Currency
    role: InternalRole


class CounterpartyKind(StrEnum):
    """Who stands on the other side of a statement line."""

    CUSTOMER = "customer"
    OWN_ACCOUNT = "own_account"
    INSTITUTION = "institution"


@dataclass(frozen=True, slots=True)
class Narrative:
    """What the package that caused a movement says about it: a reference to quote, the sender's words, its id.

    ``counterparty`` names the other side where its account does not (a shop that is paid through the institution, another
    bank); ``payee`` does so for the payer only (a biller). Empty leaves it to the account. ``end_to_end_id`` is the payer's own reference, where an order had one.
    """

    reference: str
    note: str = ""
    payment_id: UUID | None = None
    counterparty: str = ""
    payee: str = ""
    end_to_end_id: str = ""


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One movement as its account's holder reads it.

    Attributes:
        seq: the ledger's order.
        posted_at: the instant (UTC) at which the ledger took it.
        booked_on: the date that it counts for.
        counterparty: in words, in the reader's language. Who paid in is named in full, as payers are by rule (FATF
            recommendation 16); who was paid is masked, as on the page that asked for confirmation.
        amount: positive when money came in, negative when it went out.
        balance_after: of the account, after this movement: in the ledger's order on a page of the screen, in booked order
            in the statement of a period.
        reference: to quote to the institution.
        note: the sender's words, or empty.
        payment_id: the payment that caused it, if one did.
        end_to_end_id: the payer's own reference, or empty.
        role: which of its own accounts, where the institution itself is on the other side.
    """

    seq: int
    posted_at: datetime
    booked_on: date
    counterparty: str
    counterparty_kind: CounterpartyKind
    amount: Money
    balance_after: Money
    reference: str
    note: str = ""
    payment_id: UUID | None = None
    end_to_end_id: str = ""
    role: InternalRole | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended; the next begins below it. ``text()`` and ``parse`` carry it through an address."""

    position: int

    def text(self) -> str:
        """Return it for an address."""
        return str(self.position)

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Read it back.

        Raises:
            InvalidId: not a position.
        """
        if not _POSITION.match(text) or int(text) > POSITION_MAX:
            raise InvalidId(field="before")
        return cls(int(text))


@dataclass(frozen=True, slots=True)
class StatementPage:
    """Newest first. ``next`` is ``None`` on the last page.

    A page of a search is bounded in work, not only in lines: it may hold few or none and still have a next one.
    ``searched_back_to`` then says how far back it has looked (``None`` where there is nothing more to look at).
    """

    account_id: UUID
    lines: tuple[StatementLine, ...] = field(default=())
    next: Cursor | None = None
    searched_back_to: datetime | None = None


def business_day(account: BankAccount, now: datetime) -> date:
    """Return the date that it is for an account: by the zone of its books."""
    return now.astimezone(ZoneInfo(account.zone)).date()


def normal_alias(alias: Alias, *, field: str = "to") -> Alias:
    """Return the alias in its normal form; phone numbers are normalised by ``people.api.normal_phone`` beforehand.

    Raises:
        InvalidIban: an IBAN whose length or check digits are wrong.
        InvalidAlias: a phone number that is not E.164, or an account number that is not 1 to 34 letters, digits
            and dashes.
    """
    text = "".join(ascii_digits(alias.value).split())
    if alias.kind is AliasKind.IBAN:
        value = checked_iban(text, field=field)
    elif alias.kind is AliasKind.PHONE:
        value = text
    elif alias.kind is AliasKind.BILL:
        value = text.lower()
    else:
        value = text.upper()
    if alias.kind in _FORMS and not _FORMS[alias.kind].match(value):
        raise InvalidAlias(field=field)
    return Alias(kind=alias.kind, value=value, institution_id=alias.institution_id)
