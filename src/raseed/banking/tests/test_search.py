"""The back office finds an account by whatever its holder reads out, and reads it whole."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from django.db import connection

from raseed.banking import api as banking
from raseed.banking.api import AccountRight, AliasKind, BankAccount, Limits
from raseed.banking.sql import STATEMENTS
from raseed.kernel.ids import new_id
from raseed.people import api as people

from .town import Town, build_town


@pytest.fixture
def town(database: object) -> Town:
    del database
    return build_town()


def found(town: Town, text: str, *, limit: int = 50) -> list[BankAccount]:
    return banking.search_accounts(text, institution_id=town.bank, by=town.staff("banking.accounts.view"), limit=limit)


def test_an_account_is_found_by_any_way_its_number_is_read_out(town: Town) -> None:
    mona = town.person("منى عادل", "+201001234567")
    wallet, current = town.wallet(mona), town.current(mona)
    town.wallet(town.person("زياد", "+201117654321"))
    number, iban = current.alias(AliasKind.NUMBER) or "", current.alias(AliasKind.IBAN) or ""
    for text in ("+201001234567", "00201001234567", "01001234567", "234567", "0100 123-4567", "٠١٠٠١٢٣٤٥٦٧", "+20100"):
        assert found(town, text)[:1] == [wallet], text
        assert {each.owner_id for each in found(town, text)} == {mona.id}, text
    for text in (number, number[-5:], iban, banking.printed_iban(iban), iban[:6].lower(), iban[-8:], str(current.id)):
        assert found(town, text) == [current], text
    assert found(town, str(mona.id)) == [wallet, current]
    assert {each.id for each in found(town, "عادل")} == {wallet.id, current.id}
    for text in ("", "  ", "12", "+209999", "%", "_" * 5, "zzz", "9" * 60, "\x00", "'; DROP TABLE x"):
        assert found(town, text) == [], text


def test_an_ended_alias_still_finds_its_account_and_closed_ones_come_last(town: Town) -> None:
    mona = town.person("منى", "+201001234567")
    closed, open_ = town.current(mona), town.current(mona)
    banking.close_account(account_id=closed.id, by=people.SYSTEM, reason="test", clock=town.clock)
    assert [each.id for each in found(town, str(mona.id))] == [open_.id, closed.id]
    assert len(found(town, str(mona.id), limit=1)) == 1


def test_only_who_may_see_accounts_searches_and_only_at_their_institution(town: Town) -> None:
    mona = town.person("منى", "+201001234567")
    wallet, elsewhere = town.wallet(mona), town.wallet(mona, at=town.other_bank)
    for by in (town.staff(), town.staff("banking.accounts.view", at=town.other_bank)):
        with pytest.raises(people.NotPermitted):
            banking.search_accounts("+20100", institution_id=town.bank, by=by)
        with pytest.raises(people.NotPermitted):
            banking.account_details(wallet.id, by=by)
    assert found(town, "+2010012") == [wallet]
    assert found(town, str(elsewhere.id)) == []
    viewer = town.staff("banking.accounts.view")
    assert banking.account_at(wallet.id, town.bank, by=viewer) == wallet
    with pytest.raises(banking.AccountUnknown):
        banking.account_at(elsewhere.id, town.bank, by=viewer)


def test_details_have_holders_terms_and_the_limits_that_count(town: Town) -> None:
    mona, ziad = town.person("منى", "+201001234567"), town.person("زياد", "+201001234568")
    wallet = town.wallet(mona)
    viewer = town.staff("banking.accounts.view")
    details = banking.account_details(wallet.id, by=viewer, clock=town.clock)
    assert details.account == wallet
    assert (details.own_limits, details.limits) == (None, details.terms.limits)
    assert details.quiet_since == date(2026, 3, 1)
    banking.give_right(
        account_id=wallet.id, customer_id=ziad.id, right=AccountRight.MAY_SEE, by=people.SYSTEM, reason="test"
    )
    change = banking.propose_limits(
        id=new_id(), of=wallet, limits=Limits(5, None), valid_from=date(2026, 3, 1), reason="she asked",
        by=town.staff("banking.limits.propose"), clock=town.clock,
    )  # fmt: skip
    people.confirm_change(change.id, by=town.staff("banking.limits.confirm"), clock=town.clock)
    details = banking.account_details(wallet.id, by=viewer, clock=town.clock)
    assert [each.customer_id for each in details.holders] == [mona.id, ziad.id]
    assert (details.own_limits, details.limits) == (Limits(5, None), Limits(5, 250_000))


def test_a_part_of_a_number_is_looked_up_by_index(town: Town) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        asked: dict[str, str | int | UUID] = {"begins": "+20", "begins_until": "+20\x7f", "ends": "765", "ends_until": "765\x7f",
                 "institution": town.bank, "limit": 50}  # fmt: skip
        cursor.execute("EXPLAIN " + STATEMENTS["accounts_by_alias_part"], asked)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "banking_alias_begins" in plan
    assert "banking_alias_ends" in plan
