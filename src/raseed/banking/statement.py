"""The statement: the ledger's history of an account, told to its holder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from django.utils.translation import gettext, override

from raseed.kernel.errors import mark
from raseed.kernel.money import Money
from raseed.ledger import api as ledger
from raseed.people import api as people

from .domain import (
    ROLE_WORDS,
    STATEMENT_LINES_MAX,
    BankAccount,
    CounterpartyKind,
    Cursor,
    InternalAccount,
    Narrative,
    StatementLine,
    StatementPage,
)
from .queries import account, accounts, internal_accounts

OTHER_INSTITUTION: Final = mark("The institution")
READS_MAX: Final = 20
"""How often the history is read for one page: movements that were only held fill no line, so a page may need more."""

_UNPOSTED: Final = ledger.TransferFlags.PENDING | ledger.TransferFlags.VOID_PENDING_TRANSFER


class Narrator(Protocol):
    """What a package above says about the movements that it caused."""

    def __call__(self, causes: Sequence[UUID]) -> Mapping[UUID, Narrative]:
        """Return the narrative of those causes (the transfers' ``user_data``) that are its own.

        The reader's language is active.
        """


_narrators: list[Narrator] = []


def register_narrator(narrator: Narrator) -> None:
    """Add a narrator; called by each package above when it starts. The same one twice counts once."""
    if narrator not in _narrators:
        _narrators.append(narrator)


@dataclass(frozen=True, slots=True)
class _Telling:
    """What is needed to tell entries: looked up once for a page."""

    of: BankAccount
    language: str
    others: Mapping[UUID, BankAccount]
    own: Mapping[UUID, InternalAccount]
    holders: Mapping[UUID, people.Customer]
    narratives: Mapping[UUID, Narrative]


def statement(
    account_id: UUID,
    *,
    before: Cursor | None = None,
    limit: int = STATEMENT_LINES_MAX,
    language: str = "ar",
    customer_id: UUID | None = None,
) -> StatementPage:
    """Return a page of movements, newest first, in the ledger's order.

    Args:
        account_id: the account.
        before: where the last page ended.
        limit: lines, at most ``STATEMENT_LINES_MAX``.
        language: the reader's, for names and words.
        customer_id: who asks; then only an account of theirs is told.

    Raises:
        AccountUnknown: no such account, or someone else's.
    """
    of = account(account_id, customer_id=customer_id)
    wanted = min(max(limit, 1), STATEMENT_LINES_MAX)
    entries, more = _posted_entries(account_id, before, wanted)
    with override(language):
        told = _telling(of, language, entries)
        lines = tuple(_line(entry, told) for entry in entries)
    return StatementPage(account_id, lines, Cursor(entries[-1].transfer.seq) if more else None)


def _posted_entries(account_id: UUID, before: Cursor | None, wanted: int) -> tuple[list[ledger.HistoryEntry], bool]:
    """Return up to ``wanted`` entries that moved money, and whether there are more below them."""
    entries: list[ledger.HistoryEntry] = []
    below = before.position if before else None
    for _ in range(READS_MAX):
        read = ledger.account_history(account_id, before_seq=below, limit=wanted + 1)
        entries += [entry for entry in read if not entry.transfer.flags & _UNPOSTED]
        if len(read) <= wanted or len(entries) > wanted:
            break
        below = read[-1].transfer.seq
    return entries[:wanted], len(entries) > wanted


def _telling(of: BankAccount, language: str, entries: Sequence[ledger.HistoryEntry]) -> _Telling:
    counterparties = {_counterparty_id(of.id, entry.transfer) for entry in entries}
    others = accounts(counterparties, with_aliases=False)
    causes = list({entry.transfer.user_data for entry in entries if entry.transfer.user_data})
    narratives: dict[UUID, Narrative] = {}
    for narrator in _narrators if causes else ():
        narratives.update(narrator(causes))
    return _Telling(
        of=of,
        language=language,
        others=others,
        own=internal_accounts(counterparties - others.keys()),
        holders=people.customers({other.owner_id for other in others.values()} - {of.owner_id}),
        narratives=narratives,
    )


def _line(entry: ledger.HistoryEntry, told: _Telling) -> StatementLine:
    transfer = entry.transfer
    came_in = not entry.is_debit
    words, kind = _counterparty(_counterparty_id(told.of.id, transfer), told, came_in=came_in)
    narrative = told.narratives.get(transfer.user_data) if transfer.user_data else None
    return StatementLine(
        seq=transfer.seq,
        posted_at=transfer.posted_at,
        booked_on=transfer.booked_on,
        counterparty=(narrative.counterparty if narrative else "") or words,
        counterparty_kind=kind,
        amount=Money(transfer.amount if came_in else -transfer.amount, told.of.currency),
        balance_after=Money(entry.balances.credits_posted - entry.balances.debits_posted, told.of.currency),
        reference=narrative.reference if narrative else transfer.id.hex[-10:].upper(),
        note=narrative.note if narrative else "",
        payment_id=narrative.payment_id if narrative else None,
    )


def _counterparty_id(account_id: UUID, transfer: ledger.Transfer) -> UUID:
    return transfer.debit_account_id if transfer.credit_account_id == account_id else transfer.credit_account_id


def _counterparty(account_id: UUID, told: _Telling, *, came_in: bool) -> tuple[str, CounterpartyKind]:
    """Say who is on the other side: a payer in full (FATF recommendation 16), a payee masked, one's own by its name."""
    other = told.others.get(account_id)
    if other is None:
        own = told.own.get(account_id)
        return gettext(ROLE_WORDS[own.role] if own else OTHER_INSTITUTION), CounterpartyKind.INSTITUTION
    if other.owner_id == told.of.owner_id:
        return other.name or other.product.name(told.language), CounterpartyKind.OWN_ACCOUNT
    holder = told.holders.get(other.owner_id)
    if holder is None:
        return other.product.name(told.language), CounterpartyKind.CUSTOMER
    named = people.display_name if came_in else people.masked_name
    return named(holder, told.language), CounterpartyKind.CUSTOMER
