"""A wallet follows its owner's phone number, and no number is ever another's."""

from __future__ import annotations

from functools import partial
from uuid import UUID

import psycopg
import pytest
from django.db import connection, transaction

from raseed.banking import api as banking
from raseed.banking import phones
from raseed.banking.api import AliasKind, BankAccount
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.people.persons.phone_change import move_number
from raseed.platform import api as platform

from .town import Town, at_once, build_town

OLD, NEW, THIRD = "+201001234567", "+201001234570", "+201001234571"


@pytest.fixture
def town(database: object) -> Town:
    del database
    return build_town()


def change(town: Town, owner: people.Customer, number: str) -> None:
    """Change a customer's number as people does it, and let the outbox deliver."""
    with transaction.atomic():
        move_number(owner.id, number, clock=town.clock)
    platform.run_worker(wait=False, queues=["events"])
    connection.close()


def phone(of: BankAccount) -> str | None:
    return banking.account(of.id).alias(AliasKind.PHONE)


def number(of: BankAccount) -> str | None:
    return banking.account(of.id).alias(AliasKind.NUMBER)


def test_the_alias_moves_with_the_number_at_every_issuer_and_a_repeat_moves_nothing(town: Town) -> None:
    mona = town.person("منى", OLD)
    here, there = town.wallet(mona), town.wallet(mona, at=town.other_bank)
    current = town.current(mona)
    change(town, mona, NEW)
    assert (phone(here), phone(there)) == (NEW, NEW)
    assert banking.find_by_alias(AliasKind.PHONE, OLD, town.bank) is None
    found = banking.find_by_alias(AliasKind.PHONE, NEW, town.bank)
    assert found is not None
    assert found.id == here.id
    assert banking.account(current.id) == current
    assert phones.move_wallets(mona.id, clock=town.clock) == 0
    record = platform.audit_trail(f"account:{here.id}")[0]
    assert (record.action, record.after) == ("banking.wallet_moved", {"keyed_by": "phone"})
    assert not platform.failed_deliveries()


def test_a_number_comes_back_to_the_wallet_that_had_it(town: Town) -> None:
    mona = town.person("منى", OLD)
    wallet = town.wallet(mona)
    for next_ in (NEW, OLD, NEW, OLD):
        change(town, mona, next_)
        assert phone(wallet) == next_
    spans = [(alias.value, alias.valid_until is None) for alias in banking.account(wallet.id).aliases]
    assert spans == [(OLD, False), (NEW, False), (OLD, False), (NEW, False), (OLD, True)]


def test_a_number_that_was_anothers_gives_the_wallet_an_account_number_instead(town: Town) -> None:
    mona, ziad = town.person("منى", OLD), town.person("زياد", NEW)
    monas, ziads = town.wallet(mona), town.wallet(ziad)
    change(town, ziad, THIRD)
    change(town, mona, NEW)  # the telephone company gave Ziad's old number to Mona
    assert (phone(monas), phone(ziads)) == (None, THIRD)
    key = number(monas)
    assert key
    found = banking.find_by_alias(AliasKind.NUMBER, key, town.bank)
    assert found is not None
    assert found.id == monas.id
    assert banking.find_by_alias(AliasKind.PHONE, NEW, town.bank) is None
    assert phones.move_wallets(mona.id, clock=town.clock) == 0
    change(town, mona, "+201001234580")  # a number that nobody had: the wallet has a phone number again
    assert (phone(monas), number(monas)) == ("+201001234580", key)


def test_two_who_change_numbers_at_once_in_any_order_never_get_each_others_payments(town: Town) -> None:
    mona, ziad = town.person("منى", OLD), town.person("زياد", NEW)
    monas, ziads = town.wallet(mona), town.wallet(ziad)
    with transaction.atomic():
        move_number(ziad.id, THIRD, clock=town.clock)
    with transaction.atomic():
        move_number(mona.id, NEW, clock=town.clock)
    at_once([partial(phones.move_wallets, id_, clock=town.clock) for id_ in (mona.id, ziad.id)])
    assert phone(ziads) == THIRD
    assert phone(monas) is None
    assert number(monas)


def test_a_wallet_that_was_opened_under_another_number_keeps_it(town: Town) -> None:
    mona = town.person("منى", OLD)
    other = banking.open_wallet(id=new_id(), issuer_id=town.bank, owner_id=mona.id, phone=THIRD, clock=town.clock)
    change(town, mona, NEW)
    assert phone(other) == THIRD


def test_the_database_gives_a_number_back_only_to_the_account_that_had_it(town: Town, database) -> None:
    mona, ziad = town.person("منى", OLD), town.person("زياد", NEW)
    monas, ziads = town.wallet(mona), town.wallet(ziad)
    change(town, mona, THIRD)

    def insert(account_id: UUID, round_: int) -> None:
        with psycopg.connect(database.owner_dsn) as owner:
            owner.execute(
                "INSERT INTO banking_alias (account_id, kind, value, institution_id, valid_from, round)"
                " VALUES (%s, 'phone', %s, %s, now(), %s)",
                [account_id, OLD, town.bank, round_],
            )

    with pytest.raises(psycopg.errors.UniqueViolation):
        insert(ziads.id, 1)
    for account_id, round_ in ((ziads.id, 2), (ziads.id, 0), (monas.id, 3)):
        with pytest.raises(psycopg.errors.RestrictViolation):
            insert(account_id, round_)
    insert(monas.id, 2)
