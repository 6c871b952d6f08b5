"""The rules that no schema holds: counts and sums, whose account it is, IBANs and BICs, dates, ids twice, clean text.

Each complaint names the line and the place. Everything that can be told is told, so that a sender corrects a file once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, Generic, TypeVar
from unicodedata import is_normalized
from uuid import UUID

from raseed.banking import api as banking
from raseed.banking.api import AliasKind, BankAccount
from raseed.kernel.errors import RaseedError
from raseed.kernel.money import AMOUNT_MINOR_MAX, CurrencyMismatch, InvalidAmount
from raseed.kernel.text import UnacceptableText, clean_text

from ..domain import NOTE_LENGTH_MAX
from ..errors import AmountNotPositive
from ..execution import payer_refusal
from . import errors
from .domain import DAYS_AHEAD_MAX
from .fields import COUNTRIES, MINOR_DIGITS, account_field, day_of, exact, fields, find, minor_units, remittance, text
from .reading import BlockEnd, BlockHead, Complain, Header, PaymentPart
from .shells import Element

NO_END_TO_END_ID: Final = "NOTPROVIDED"
"""What a sender writes who has no EndToEndId of their own (EPC and CGI guidelines); any number of payments may."""
NAME_LENGTH_MAX: Final = 140


T = TypeVar("T", int, Decimal)


@dataclass(frozen=True, slots=True)
class Said(Generic[T]):
    """What a file says of itself, and in which line."""

    value: T
    line: int | None


@dataclass(slots=True)
class Entry:
    """A payment of the file, checked: alias and note are in normal form."""

    position: int
    block: int
    line: int
    instruction_id: str | None
    end_to_end_id: str
    uetr: str | None
    kind: AliasKind
    value: str
    amount_minor: int
    note: str


@dataclass(slots=True)
class ReadBlock:
    """A block of the file, checked, and what its payments add up to so far."""

    number: int
    payment_information_id: str
    account: BankAccount | None
    execution_on: date | None
    batch_booking: bool | None
    said_count: Said[int] | None
    said_sum: Said[Decimal] | None
    first_position: int
    count: int = 0
    amounts: int = 0
    sum_minor: int = 0

    @property
    def is_summed(self) -> bool:
        """Whether every one of its payments has an amount that could be added up."""
        return self.amounts == self.count and self.account is not None

    @property
    def units(self) -> int:
        """The sum in the units that sums are compared in."""
        assert self.account is not None, "a sum has a currency"
        return self.sum_minor * int(10 ** (MINOR_DIGITS - self.account.currency.scale))


@dataclass(frozen=True, slots=True)
class ReadHeader:
    """The group header: the sender's message id, when they say they wrote it (as they wrote it), and their totals."""

    message_id: str
    created_at: str
    said_count: Said[int]
    said_sum: Said[Decimal] | None


class Rules:
    """Holds the parts of one file to the rules; ``complain`` is told what breaks them."""

    def __init__(self, actor_customer_id: UUID, now: datetime, complain: Complain) -> None:
        self.header: ReadHeader | None = None
        self.blocks: list[ReadBlock] = []
        self.digest = hashlib.sha256()
        self._actor = actor_customer_id
        self._now = now
        self._complain = complain
        self._seen: dict[tuple[str, str], int] = {}
        self._bics: set[str] = set()

    # The header.

    def take_header(self, part: Header) -> None:
        """Check the group header."""
        found = fields(part.element)
        self._check_text(found["MsgId"], "GrpHdr/MsgId")
        party = find(found["InitgPty"], "Nm")
        if party is not None:
            self._check_text(party, "GrpHdr/InitgPty/Nm")
        count, total = _said(found)
        assert count is not None, "the schema wants a number"
        self.header = ReadHeader(exact(found["MsgId"]), text(found["CreDtTm"]), count, total)

    # Blocks.

    def take_block(self, part: BlockHead, first_position: int) -> ReadBlock:
        """Check a block's own fields, and begin to add up its payments."""
        place, found = f"PmtInf[{part.number}]", fields(part.element)
        id_ = exact(found["PmtInfId"])
        self._check_text(found["PmtInfId"], f"{place}/PmtInfId")
        self._once("PmtInfId", id_, found["PmtInfId"], f"{place}/PmtInfId", errors.BlockIdTwice)
        method = found["PmtMtd"]
        if text(method) != "TRF":
            self._complain(method.sourceline, f"{place}/PmtMtd", errors.MethodNotOffered(found=text(method)))
        self._check_charges(found.get("ChrgBr"), place)
        self._check_bic(found["DbtrAgt"], f"{place}/DbtrAgt")
        account = self._debtor(found["DbtrAcct"], f"{place}/DbtrAcct")
        (said_count, said_sum), booking = _said(found), found.get("BtchBookg")
        block = ReadBlock(
            number=part.number,
            payment_information_id=id_,
            account=account,
            execution_on=self._execution_date(found["ReqdExctnDt"], f"{place}/ReqdExctnDt", account),
            batch_booking=None if booking is None else text(booking) in ("true", "1"),
            said_count=said_count,
            said_sum=said_sum,
            first_position=first_position,
        )
        self.blocks.append(block)
        return block

    def end_block(self, part: BlockEnd, count: int) -> None:
        """Compare what a block says of itself with what was in it."""
        block = self.blocks[-1] if self.blocks and self.blocks[-1].number == part.number else None
        if block is None:
            return  # its head was refused
        block.count = count
        self._compare_count(block.said_count, count, f"PmtInf[{part.number}]")
        if block.sum_minor > AMOUNT_MINOR_MAX:
            self._complain(part.line, f"PmtInf[{part.number}]", AmountNotPositive(field="amount"))
        if block.is_summed:
            self._compare_sum(block.said_sum, block.units, f"PmtInf[{part.number}]")

    def end(self, count: int) -> None:
        """Compare what the header says with what was in the file."""
        accounts = [block.account for block in self.blocks if block.account is not None]
        if len({account.institution_id for account in accounts}) > 1:
            self._complain(None, "PmtInf", errors.SeveralInstitutions())
        if self.header is None:
            return
        self._compare_count(self.header.said_count, count, "GrpHdr")
        if all(block.is_summed for block in self.blocks) and sum(block.count for block in self.blocks) == count:
            self._compare_sum(self.header.said_sum, sum(block.units for block in self.blocks), "GrpHdr")

    def _compare_count(self, said: Said[int] | None, found: int, place: str) -> None:
        if said is not None and said.value != found:
            self._complain(said.line, f"{place}/NbOfTxs", errors.WrongCount(said=said.value, found=found))

    def _compare_sum(self, said: Said[Decimal] | None, units: int, place: str) -> None:
        found = Decimal(f"{units}e-{MINOR_DIGITS}")
        if said is not None and said.value != found:
            refusal = errors.WrongSum(said=_plain(said.value), found=_plain(found))
            self._complain(said.line, f"{place}/CtrlSum", refusal)

    # Payments.

    def take_payment(self, part: PaymentPart, block: ReadBlock | None) -> Entry | None:
        """Check a payment; ``None`` if it broke a rule."""
        place = f"PmtInf[{part.block}]/CdtTrfTxInf[{part.number}]"
        found = fields(part.element)
        ids = fields(found["PmtId"])
        self._check_ids(ids, f"{place}/PmtId")
        amount_minor = self._amount(found["Amt"], f"{place}/Amt", block)
        if block is not None and amount_minor is not None:
            block.amounts += 1
            block.sum_minor += amount_minor
        if "ChqInstr" in found:
            self._complain(found["ChqInstr"].sourceline, f"{place}/ChqInstr", errors.MethodNotOffered(found="ChqInstr"))
        self._check_charges(found.get("ChrgBr"), place)
        if "CdtrAgt" in found:
            self._check_bic(found["CdtrAgt"], f"{place}/CdtrAgt")
        name = find(found.get("Cdtr"), "Nm")
        if name is not None:
            self._check_text(name, f"{place}/Cdtr/Nm")
        alias = self._creditor(part.element, found.get("CdtrAcct"), place)
        note = self._note(found.get("RmtInf"), f"{place}/RmtInf")
        if amount_minor is None or alias is None or note is None or block is None or block.account is None:
            return None
        instruction_id, uetr = ids.get("InstrId"), ids.get("UETR")
        self.digest.update(b"%b%b %d\n" % (block.account.id.bytes, alias.value.encode(), amount_minor))
        return Entry(
            part.position,
            part.block,
            part.element.sourceline or 0,
            None if instruction_id is None else exact(instruction_id),
            exact(ids["EndToEndId"]),
            None if uetr is None else text(uetr),
            alias.kind,
            alias.value,
            amount_minor,
            note,
        )

    def _check_ids(self, ids: dict[str, Element], place: str) -> None:
        for name, refusal in (
            ("InstrId", errors.InstructionIdTwice),
            ("EndToEndId", errors.EndToEndIdTwice),
            ("UETR", errors.TransactionReferenceTwice),
        ):
            element = ids.get(name)
            if element is None:
                continue
            self._check_text(element, f"{place}/{name}")
            value = exact(element)
            if name != "EndToEndId" or value != NO_END_TO_END_ID:
                self._once(name, value, element, f"{place}/{name}", refusal)

    def _amount(self, amount: Element, place: str, block: ReadBlock | None) -> int | None:
        instructed = find(amount, "InstdAmt")
        if instructed is None:
            self._complain(amount.sourceline, place, errors.EquivalentAmount())
            return None
        if block is None or block.account is None:
            return None  # without its account there is no currency to hold it to
        money, code = block.account.currency, instructed.get("Ccy")
        refusal: RaseedError | None = None
        minor = None
        if code != money.code:
            refusal = CurrencyMismatch(field="amount", given=code, expected=money.code)
        else:
            minor = minor_units(text(instructed), money.scale)
            if minor is None:
                refusal = InvalidAmount(field="amount", decimals=money.scale)
            elif not 0 < minor <= AMOUNT_MINOR_MAX:
                minor, refusal = None, AmountNotPositive(field="amount")
        if refusal is not None:
            self._complain(instructed.sourceline, f"{place}/InstdAmt", refusal)
        return minor

    def _creditor(self, payment: Element, account: Element | None, place: str) -> banking.Alias | None:
        named = account_field(account)
        if named is None:
            self._complain(payment.sourceline, f"{place}/CdtrAcct", errors.CreditorAccountMissing())
            return None
        try:
            return banking.normal_alias(named.alias)
        except RaseedError as refusal:
            self._complain(named.element.sourceline, f"{place}/CdtrAcct/{named.path}", refusal)
            return None

    def _note(self, information: Element | None, place: str) -> str | None:
        """Return the words that go with a payment: several unstructured lines become one; ``None`` if not acceptable."""
        if information is None:
            return ""
        lines = list(remittance(information))
        words = " ".join(word for line in lines for word in (line.text or "").split())
        if not words or (words.isprintable() and len(words) <= NOTE_LENGTH_MAX and is_normalized("NFC", words)):
            return words
        try:
            return clean_text(words, field="note", length_max=NOTE_LENGTH_MAX)
        except UnacceptableText as refusal:
            self._complain(lines[0].sourceline, f"{place}/Ustrd", refusal)
            return None

    # Fields of blocks and payments alike.

    def _debtor(self, account: Element, place: str) -> BankAccount | None:
        """Return the account to be debited, if it is the sender's and may pay."""
        named = account_field(account)
        assert named is not None, "the schema wants one"
        refusal: RaseedError | None
        found: list[BankAccount] = []
        try:
            alias = banking.normal_alias(named.alias)
        except RaseedError as error:
            refusal = error
        else:
            (known,) = banking.find_many([alias])
            found = [each for each in known if banking.may_pay(self._actor, each)]
            refusal = payer_refusal(found[0].state) if len(found) == 1 else errors.DebtorUnknown()
        code = text(find(account, "Ccy"))
        if refusal is None and code and code != found[0].currency.code:
            refusal = CurrencyMismatch(field="amount", given=code, expected=found[0].currency.code)
        if refusal is not None:
            self._complain(named.element.sourceline, f"{place}/{named.path}", refusal)
        return found[0] if len(found) == 1 else None

    def _execution_date(self, choice: Element, place: str, account: BankAccount | None) -> date | None:
        day = day_of(choice, account.zone if account else "UTC")
        written = text(choice[0])
        today = banking.business_day(account, self._now) if account else self._now.date()
        if day is None or day > today + timedelta(days=DAYS_AHEAD_MAX):
            self._complain(choice.sourceline, place, errors.DateFar(found=written, limit=DAYS_AHEAD_MAX))
        elif account is not None and day < today:
            self._complain(choice.sourceline, place, errors.DatePast(found=written))
        return day

    def _check_charges(self, bearer: Element | None, place: str) -> None:
        if bearer is not None and text(bearer) == "CRED":
            self._complain(bearer.sourceline, f"{place}/ChrgBr", errors.ChargesNotOffered())

    def _check_bic(self, agent: Element, place: str) -> None:
        element = find(agent, "FinInstnId", "BICFI")
        bic = text(element)
        if element is None or bic in self._bics:
            return
        if bic[4:6] in COUNTRIES:
            self._bics.add(bic)
        else:
            refusal = errors.WrongBic(found=bic, country=bic[4:6])
            self._complain(element.sourceline, f"{place}/FinInstnId/BICFI", refusal)

    def _check_text(self, element: Element, place: str) -> None:
        """Refuse text that hides something: direction overrides, zero-width and control characters."""
        written = element.text or ""
        if written.isprintable() and not written.isspace():  # then no character of it is of the sorts that hide
            return
        try:
            clean_text(written, field=place.rpartition("/")[2], length_max=NAME_LENGTH_MAX)
        except UnacceptableText as refusal:
            self._complain(element.sourceline, place, refusal)

    def _once(self, name: str, value: str, element: Element, place: str, refusal: type[RaseedError]) -> None:
        first = self._seen.get((name, value))
        if first is None:
            self._seen[name, value] = element.sourceline or 0
        else:
            self._complain(element.sourceline, place, refusal(found=value, first_line=first))


def _said(found: dict[str, Element]) -> tuple[Said[int] | None, Said[Decimal] | None]:
    """Return the number and the sum of payments that a header or a block says it has."""
    count, total = found.get("NbOfTxs"), found.get("CtrlSum")
    return (
        None if count is None else Said(int(text(count)), count.sourceline),
        None if total is None else Said(Decimal(text(total)), total.sourceline),
    )


def _plain(number: Decimal) -> str:
    whole, _, part = f"{number:f}".partition(".")
    return f"{whole}.{part.rstrip('0').ljust(2, '0')}"
