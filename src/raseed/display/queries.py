"""Reads of balances for screens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from uuid import UUID

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.money import Currency, Money
from raseed.ledger import api as ledger

from .books import Amounts, as_of_batch
from .customers import customer_codes
from .domain import LastProven, Proof, ShownBalance, liability_balance
from .errors import BalanceUnknown
from .judging import Evidence, Was, judge
from .proving import prover
from .screens import screens


def shown_balances(account_ids: Iterable[UUID], *, clock: Clock = SYSTEM_CLOCK) -> dict[UUID, ShownBalance]:
    """Return the balance to show of each account that exists, with how far it is proven.

    The time is taken before the books are read, so that everything committed before it is in the balance; what is shown and
    what is certified are read before the books too, so that they can be behind them and never ahead. Where no generation has
    gone live, and for accounts that are not customers', it is the books' own number.
    """
    asked, as_of = tuple(account_ids), clock.now()
    shown_from = screens(asked)
    certificates = prover().certificates(asked) if shown_from else {}
    certified_to = prover().certified_to() if len(certificates) < len(shown_from) else {}
    accounts = ledger.look_up_accounts(asked)
    currencies = {number: ledger.ledger_info(number).currency for number in {a.ledger for a in accounts.values()}}
    customers = frozenset(customer_codes())
    answers = {}
    for account in accounts.values():
        currency = currencies[account.ledger]
        shown = liability_balance(
            account.id,
            debits_pending=account.balances.debits_pending,
            debits_posted=account.balances.debits_posted,
            credits_posted=account.balances.credits_posted,
            currency=currency,
            as_of=as_of,
        )
        if account.id in shown_from and account.code in customers:
            certificate = certificates.get(account.id)
            known = Evidence(
                account=account, currency=currency.code, screen=shown_from[account.id], certificate=certificate,
                refusal=prover().refusal(certificate, now=as_of) if certificate else "",
                certified_to=certificate.batch if certificate else certified_to.get(account.ledger),
            )  # fmt: skip
            shown = _judged(shown, known, currency)
        answers[account.id] = shown
    return answers


def _judged(shown: ShownBalance, known: Evidence, currency: Currency) -> ShownBalance:
    """Return a balance with how far it is proven, and what is proven of it where it is in doubt."""
    account = known.account

    @cache
    def was(batch: int) -> ledger.Balances:
        return as_of_batch([account], batch)[account.id]

    proof, reason = judge(known, was)
    shown = replace(shown, proof=proof, reason=reason, generation=known.screen.generation)
    if proof is Proof.PROVEN and known.certificate is not None:
        return replace(shown, as_of=known.certificate.as_of)
    last = _last_proven(known, was, currency) if proof is Proof.BEING_VERIFIED else None
    if last is None:
        return shown
    return replace(shown, booked=last.booked, available=last.available, as_of=last.as_of, last_proven=last)


def _last_proven(known: Evidence, was: Was, currency: Currency) -> LastProven | None:
    """Return what the account's certificate proves as of its own time, old as it may be.

    It proves nothing where the books say that they held something else at that batch: then it is itself what is in doubt.
    """
    certificate = known.certificate
    if certificate is None or certificate.currency != currency.code:
        return None
    if prover().refusal(certificate, now=certificate.as_of):
        return None
    booked, held = certificate.booked_minor, certificate.held_minor
    if Amounts(booked, held) != Amounts.of(was(certificate.batch)):
        return None
    return LastProven(Money(booked, currency), Money(booked - held, currency), certificate.as_of)


def shown_balance(account_id: UUID, *, clock: Clock = SYSTEM_CLOCK) -> ShownBalance:
    """Return the balance to show of one account.

    Raises:
        BalanceUnknown: the ledger has no such account.
    """
    found = shown_balances((account_id,), clock=clock).get(account_id)
    if found is None:
        raise BalanceUnknown
    return found
