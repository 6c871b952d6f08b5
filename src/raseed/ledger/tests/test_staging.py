"""An account's postings as a table of the transaction: those after a place, none twice, and gone with the transaction."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from raseed.banking import api as banking
from raseed.banking.tests.town import NOON, build_town
from raseed.kernel.ids import new_id
from raseed.ledger import api as ledger

pytestmark = pytest.mark.usefixtures("database")


def staged() -> list[tuple[bool, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT is_debit, amount, seq FROM ledger_staged ORDER BY seq")
        return [(is_debit, amount, seq) for is_debit, amount, seq in cursor.fetchall()]


def test_what_was_posted_after_a_place_is_staged_and_what_is_held_is_not() -> None:
    town = build_town()
    account = town.current(town.person("Mona", "+201001234501"))
    for minor in (100, 200, -50):
        town.book(account, minor)
    till = banking.internal_account(town.bank, banking.InternalRole.CASH)
    pending = ledger.NewTransfer(
        id=new_id(), debit_account_id=account.id, credit_account_id=till.id, amount=30, ledger=account.ledger, code=1,
        flags=ledger.TransferFlags.PENDING, booked_on=NOON.date(),
    )  # fmt: skip
    ledger.create_transfers([pending])
    with transaction.atomic():
        assert ledger.stage_postings(account.id) == 3
        rows = staged()
        assert [(is_debit, amount) for is_debit, amount, _ in rows] == [(False, 100), (False, 200), (True, 50)]
        assert ledger.stage_postings(account.id, after_seq=rows[0][2]) == 2
        assert staged() == rows[1:]
        assert ledger.stage_postings(account.id, after_seq=rows[-1][2]) == 0
    assert staged() == []
    ended = ledger.NewTransfer(
        id=new_id(), debit_account_id=None, credit_account_id=None, amount=0, ledger=account.ledger, code=1,
        flags=ledger.TransferFlags.POST_PENDING_TRANSFER, pending_id=pending.id, booked_on=NOON.date(),
    )  # fmt: skip
    ledger.create_transfers([ended])
    with transaction.atomic():
        assert ledger.stage_postings(account.id, after_seq=rows[-1][2]) == 1
        assert [(is_debit, amount) for is_debit, amount, _ in staged()] == [(True, 30)]


def test_an_account_that_is_not_there_is_refused_and_so_is_staging_without_a_transaction() -> None:
    with transaction.atomic(), pytest.raises(ledger.AccountNotFound):
        ledger.stage_postings(new_id())
    with pytest.raises(AssertionError):
        ledger.stage_postings(new_id())
