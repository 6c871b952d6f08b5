"""What a card says of balances is what the customer sees, with how far it is proven, and nothing of other houses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from raseed.banking import api as banking
from raseed.banking.api import LoanTerms
from raseed.banking.tests.town import Town, build_town, pay_in
from raseed.care import api as care
from raseed.display import api as display
from raseed.kernel.clock import Clock
from raseed.kernel.money import Money, currency
from raseed.people import api as people

EGP = currency("EGP")
SEE = ("banking.accounts.view", "payments.view", "bills.view")


@pytest.fixture
def town(database: object) -> Town:
    del database
    return build_town()


@pytest.fixture
def mona(town: Town) -> people.Customer:
    return town.person("منى", "+201001234567")


def card(town: Town, customer: people.Customer, code: str = "balances", **given: str) -> care.Card:
    found = care.cards(
        customer.id, town.bank, by=town.staff(*SEE), language=given.get("language", "en"),
        reply_language=given.get("reply_language"), only=[code], clock=town.clock,
    )  # fmt: skip
    assert [each.provider for each in found] == [code]
    return found[0]


def recheck(town: Town, customer: people.Customer, *facts: care.Fact, by: people.Author | None = None) -> None:
    care.recheck(
        [care.InsertedFact(each.ref, each.reply) for each in facts], by=by or town.staff(*SEE), customer_id=customer.id,
        institution_id=town.bank, language="en", clock=town.clock,
    )  # fmt: skip


def test_a_balance_says_its_amount_its_source_and_its_time(town: Town, mona: people.Customer) -> None:
    account = town.current(mona, money=123_456)
    (fact,) = card(town, mona, reply_language="en").facts
    assert fact.key == f"balance:{account.id}"
    assert "EGP\u00a01,234.56" in fact.words
    assert "read from the books" in fact.words
    assert (fact.source, fact.as_of, fact.link) == (
        "Ledger, as it is shown to the customer", town.clock.now(), f"account:{account.id}",
    )  # fmt: skip
    assert fact.reply.startswith("The balance of ")
    assert "EGP\u00a01,234.56 (as of 14:00)." in fact.reply
    number = account.alias(banking.AliasKind.NUMBER)
    assert number is not None
    assert number[-4:] in fact.reply
    assert number not in fact.reply


def test_the_reply_is_in_the_customers_language_and_digits_and_the_card_in_the_agents(
    town: Town, mona: people.Customer
) -> None:
    town.current(mona, money=123_456)
    (fact,) = card(town, mona).facts
    assert "EGP" in fact.words
    assert "١٬٢٣٤٫٥٦" in fact.reply
    (hebrew,) = card(town, mona, language="he", reply_language="he").facts
    assert "1,234.56" in hebrew.reply
    assert any("\u05d0" <= letter <= "\u05ea" for letter in hebrew.reply)


def test_a_balance_that_is_being_verified_gives_the_last_proven_one_or_none(
    town: Town, mona: people.Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.current(mona, money=500)
    shown_balances = display.shown_balances
    then = town.clock.now() - timedelta(minutes=7)
    last = display.LastProven(Money(400, EGP), Money(400, EGP), then)

    def doubted(known: display.LastProven | None) -> None:
        def verified(one: display.ShownBalance) -> display.ShownBalance:
            unsure = replace(one, proof=display.Proof.BEING_VERIFIED, last_proven=known)
            return (
                replace(unsure, booked=known.booked, available=known.available, as_of=known.as_of) if known else unsure
            )

        def shown(ids: Iterable[UUID], *, clock: Clock) -> dict[UUID, display.ShownBalance]:
            return {id_: verified(each) for id_, each in shown_balances(ids, clock=clock).items()}

        monkeypatch.setattr(display, "shown_balances", shown)

    (before,) = card(town, mona, reply_language="en").facts
    doubted(last)
    (fact,) = card(town, mona, reply_language="en").facts
    assert "being verified; last proven EGP\u00a04.00, 13:53" in fact.words
    assert fact.reply.endswith("is being verified. The last one that is proven is EGP\u00a04.00, of 13:53.")
    assert fact.look == "bad"
    with pytest.raises(care.FactChanged):
        recheck(town, mona, before)
    doubted(None)
    (none,) = card(town, mona, reply_language="en").facts
    assert "no amount to rely on" in none.words
    assert "4.00" not in none.words + none.reply
    assert "5.00" not in none.words + none.reply


def test_what_can_be_spent_is_said_where_it_is_less(
    town: Town, mona: people.Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.current(mona, money=500)
    shown_balances = display.shown_balances
    monkeypatch.setattr(
        display, "shown_balances",
        lambda ids, **given: {
            id_: replace(each, available=Money(200, EGP)) for id_, each in shown_balances(ids, **given).items()
        },
    )  # fmt: skip
    (fact,) = card(town, mona, reply_language="en").facts
    assert "of which EGP\u00a02.00 can be spent" in fact.reply
    held = card(town, mona, "holds").facts
    assert ["EGP\u00a03.00" in each.words for each in held] == [True]
    assert held[0].reply == ""


def test_another_institutions_accounts_and_closed_ones_are_not_told(town: Town, mona: people.Customer) -> None:
    people.join_institution(customer_id=mona.id, institution_id=town.other_bank)
    town.wallet(mona, at=town.other_bank, money=77_700)
    closed = town.current(mona)
    banking.close_account(account_id=closed.id, by=people.SYSTEM, reason="asked for", clock=town.clock)
    assert card(town, mona).facts == ()


def test_a_blocked_account_is_told_to_staff_with_its_reason_and_to_the_customer_not(
    town: Town, mona: people.Customer
) -> None:
    account = town.current(mona, money=100)
    banking.block_account(
        account_id=account.id,
        code=banking.BlockReason.SUSPECTED_FRAUD,
        by=people.SYSTEM,
        reason="odd payments",
        clock=town.clock,
    )
    state = next(each for each in card(town, mona).facts if each.key == f"state:{account.id}")
    assert "Suspected fraud" in state.words
    assert state.reply == ""


def test_a_balance_that_moved_stops_the_reply_and_says_what_it_is_now(town: Town, mona: people.Customer) -> None:
    account = town.current(mona, money=10_000)
    (fact,) = card(town, mona, reply_language="en").facts
    recheck(town, mona, fact)
    pay_in(account, 1)
    with pytest.raises(care.FactChanged) as refused:
        recheck(town, mona, fact)
    (changed,) = refused.value.changed
    assert (changed.was, changed.ref) == (fact.reply, fact.ref)
    assert changed.now is not None
    assert "١٠٠٫٠١" in changed.now.reply


def test_that_time_passes_changes_no_balance(town: Town, mona: people.Customer) -> None:
    town.current(mona, money=10_000)
    (fact,) = card(town, mona).facts
    town.clock.advance(timedelta(hours=3))
    recheck(town, mona, fact)


def test_a_loan_says_what_is_owed_next_and_overdue(town: Town, mona: people.Customer) -> None:
    current = town.current(mona, money=100)
    town.loan(current, 12_000, LoanTerms(0, 2, date(2026, 4, 1)))
    (fact,) = card(town, mona, "loans", reply_language="en").facts
    assert "EGP\u00a0120.00 owed; next instalment EGP\u00a060.00, due 1 April 2026" in fact.words
    assert "next instalment EGP\u00a060.00" in fact.reply
    town.until(date(2026, 4, 11))
    (late,) = card(town, mona, "loans", reply_language="en").facts
    assert late.look == "bad"
    assert "overdue, days: 10" in late.words
    with pytest.raises(care.FactChanged):
        recheck(town, mona, fact)
