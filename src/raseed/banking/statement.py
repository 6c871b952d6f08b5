"""The statement: the ledger's history of an account, told to its holder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
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
    InternalRole,
    Narrative,
    StatementLine,
    StatementPage,
)
from .queries import account, accounts, internal_accounts
from .statement_filter import StatementFilter, has_words

OTHER_INSTITUTION: Final = mark("The institution")
READ_AT_ONCE: Final = 500
"""How many entries of the history are read at a time, where not every one becomes a line."""
LOOKED_AT_MAX: Final = 1_000
"""The most entries that one page looks at; where it has looked at so many, the next page goes on from there."""
NARRATED_AT_ONCE: Final = 5_000
"""The most movements whose causes a narrator is asked about in one go."""
TOLD_AT_ONCE: Final = 250
"""How many movements a search puts into words before it looks whether the page is full."""

_UNPOSTED: Final = ledger.TransferFlags.PENDING | ledger.TransferFlags.VOID_PENDING_TRANSFER
_EVERYTHING: Final = StatementFilter()


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
class Movement:
    """A posting on an account and the account's balance after it, minor units."""

    entry: ledger.BookedEntry
    balance_after: int


def statement(
    account_id: UUID,
    *,
    before: Cursor | None = None,
    limit: int = STATEMENT_LINES_MAX,
    language: str = "ar",
    customer_id: UUID | None = None,
    filter: StatementFilter | None = None,  # noqa: A002  (the word that readers of the door expect)
) -> StatementPage:
    """Return a page of movements, newest first, in the ledger's order.

    Args:
        account_id: the account.
        before: where the last page ended.
        limit: lines, at most ``STATEMENT_LINES_MAX``.
        language: the reader's, for names and words.
        customer_id: who asks; then only an account of theirs is told.
        filter: what is looked for. A page looks at ``LOOKED_AT_MAX`` entries at most; see ``StatementPage``.

    Raises:
        AccountUnknown: no such account, or someone else's.
    """
    of = account(account_id, customer_id=customer_id)
    wanted = min(max(limit, 1), STATEMENT_LINES_MAX)
    sought = filter or _EVERYTHING
    below = before.position if before else None
    last_looked: datetime | None = None
    lines: list[StatementLine] = []
    at_once = wanted + 1 if sought == _EVERYTHING else READ_AT_ONCE
    looked_at = 0
    while looked_at < LOOKED_AT_MAX:
        read = ledger.account_history(account_id, before_seq=below, limit=at_once)
        lines += _found(of, language, read, sought, wanted + 1 - len(lines))
        if len(lines) > wanted:
            below, last_looked = lines[wanted - 1].seq, lines[wanted - 1].posted_at
            break
        if len(read) < at_once:
            return StatementPage(account_id, tuple(lines))
        below, last_looked = read[-1].transfer.seq, read[-1].transfer.posted_at
        looked_at += len(read)
        at_once = READ_AT_ONCE
    assert below is not None, "the loop has looked at something, or returned"
    return StatementPage(account_id, tuple(lines[:wanted]), Cursor(below), last_looked)


def tell(of: BankAccount, language: str, movements: Sequence[Movement]) -> list[StatementLine]:
    """Return movements of an account in words for its holder, in ``language``."""
    with override(language):
        told = _telling(of, language, [movement.entry for movement in movements])
        return [_line(movement, told) for movement in movements]


def _found(
    of: BankAccount, language: str, read: Sequence[ledger.HistoryEntry], sought: StatementFilter, wanted: int
) -> list[StatementLine]:
    """Return the first lines, at most ``wanted``, of what was read that moved money and passes the filter."""
    admitted = [
        _movement(each)
        for each in read
        if not each.transfer.flags & _UNPOSTED
        and sought.admits(
            came_in=not each.is_debit, amount_minor=each.transfer.amount, booked_on=each.transfer.booked_on
        )
    ]
    words = sought.words
    if not words:
        return tell(of, language, admitted[:wanted])
    found: list[StatementLine] = []
    for at in range(0, len(admitted), TOLD_AT_ONCE):
        told = tell(of, language, admitted[at : at + TOLD_AT_ONCE])
        found += [line for line in told if has_words(line, words)]
        if len(found) >= wanted:
            break
    return found[:wanted]


def _movement(entry: ledger.HistoryEntry) -> Movement:
    transfer = entry.transfer
    return Movement(
        ledger.BookedEntry(
            seq=transfer.seq,
            transfer_id=transfer.id,
            counterparty_id=transfer.credit_account_id if entry.is_debit else transfer.debit_account_id,
            is_debit=entry.is_debit,
            amount=transfer.amount,
            user_data=transfer.user_data,
            code=transfer.code,
            booked_on=transfer.booked_on,
            posted_at=transfer.posted_at,
        ),
        entry.balances.credits_posted - entry.balances.debits_posted,
    )


@dataclass(frozen=True, slots=True)
class _Telling:
    """What is needed to tell entries: looked up once for all of them."""

    of: BankAccount
    language: str
    others: Mapping[UUID, BankAccount]
    own: Mapping[UUID, InternalAccount]
    holders: Mapping[UUID, people.Customer]
    narratives: Mapping[UUID, Narrative]


def _telling(of: BankAccount, language: str, entries: Sequence[ledger.BookedEntry]) -> _Telling:
    counterparties = {entry.counterparty_id for entry in entries}
    others = accounts(counterparties, with_aliases=False) if counterparties else {}
    return _Telling(
        of=of,
        language=language,
        others=others,
        own=internal_accounts(counterparties - others.keys()),
        holders=people.customers({other.owner_id for other in others.values()} - {of.owner_id}),
        narratives=_narratives(list({entry.user_data for entry in entries if entry.user_data})),
    )


def _narratives(causes: Sequence[UUID]) -> dict[UUID, Narrative]:
    """Ask the narrators one after the other, each about what nobody before has told."""
    narratives: dict[UUID, Narrative] = {}
    for narrator in _narrators:
        untold = [cause for cause in causes if cause not in narratives]
        for at in range(0, len(untold), NARRATED_AT_ONCE):
            narratives.update(narrator(untold[at : at + NARRATED_AT_ONCE]))
    return narratives


def _line(movement: Movement, told: _Telling) -> StatementLine:
    entry = movement.entry
    came_in = not entry.is_debit
    words, kind = _counterparty(entry.counterparty_id, told, came_in=came_in)
    narrative = told.narratives.get(entry.user_data) if entry.user_data else None
    own = told.own.get(entry.counterparty_id)
    return StatementLine(
        seq=entry.seq,
        posted_at=entry.posted_at,
        booked_on=entry.booked_on,
        counterparty=(_narrated(narrative, own, came_in=came_in) if narrative else "") or words,
        counterparty_kind=kind,
        amount=Money(entry.amount if came_in else -entry.amount, told.of.currency),
        balance_after=Money(movement.balance_after, told.of.currency),
        reference=narrative.reference if narrative else entry.transfer_id.hex[-10:].upper(),
        note=narrative.note if narrative else "",
        payment_id=narrative.payment_id if narrative else None,
        end_to_end_id=narrative.end_to_end_id if narrative else "",
        role=own.role if own else None,
    )


def _narrated(narrative: Narrative, own: InternalAccount | None, *, came_in: bool) -> str:
    """Return how the movement's cause calls the other side; a fee goes to the institution, whoever was paid."""
    if own is not None and own.role is InternalRole.FEES:
        return ""
    return narrative.counterparty or ("" if came_in else narrative.payee)


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
