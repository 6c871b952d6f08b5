"""A source that fails says so and costs nobody else; nobody sees or sends what is not theirs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection, transaction

from raseed.banking.tests.town import Town, build_town
from raseed.care import api as care
from raseed.care.cards import building, registry
from raseed.people import api as people

from .test_balances import SEE, card, recheck


@pytest.fixture
def town(database: object) -> Town:
    del database
    return build_town()


@pytest.fixture
def mona(town: Town) -> people.Customer:
    return town.person("منى", "+201001234567")


@pytest.fixture
def meters() -> Iterator[list[object]]:
    """A source of a package that comes later; what it does is in the list."""
    does: list[object] = []

    def provider(asked: care.Asked) -> care.Card:
        for each in does:
            if isinstance(each, Exception):
                raise each
            with connection.cursor() as cursor:
                cursor.execute(str(each))
        made = care.fact(
            asked, provider="meters", key="reading:1", stands=(4711,), words=lambda _: "reading 4711", value=lambda _: "4711",
            source=lambda _: "Meters", as_of=asked.now, reply=lambda _: "Your last reading is 4711.",
        )  # fmt: skip
        return care.Card("meters", "", (made,))

    care.register_provider("meters", "Meters", provider, "bills.view")
    yield does
    del registry._sources["meters"]


def every(town: Town, mona: people.Customer, *permissions: str) -> dict[str, care.Card]:
    found = care.cards(mona.id, town.bank, by=town.staff(*(permissions or SEE)), language="en", clock=town.clock)
    return {each.provider: each for each in found}


def test_the_cards_stand_in_the_order_of_registration_with_titles_in_the_readers_words(
    town: Town, mona: people.Customer, meters: list[object]
) -> None:
    found = every(town, mona)
    assert [(each.provider, each.title) for each in found.values()][:5] == [
        ("balances", "Balances"), ("payments", "Last payments"), ("holds", "Held money"), ("bills", "Bills and penalties"),
        ("loans", "Loans"),
    ]  # fmt: skip
    assert found["meters"].facts[0].reply == "Your last reading is 4711."
    assert meters == []


@pytest.mark.parametrize(
    "fails", [ValueError("broken"), "SELECT nothing_such", "SELECT count(*) FROM generate_series(1, 100000000000)"]
)
def test_a_source_that_fails_or_hangs_says_so_and_the_others_stand(
    town: Town, mona: people.Customer, meters: list[object], fails: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "STATEMENT_MS_MAX", 200)
    town.current(mona, money=100)
    meters.append(fails)
    with transaction.atomic():
        found = every(town, mona)
        assert (found["meters"].state, found["meters"].facts) == (care.CardState.UNAVAILABLE, ())
        assert len(found["balances"].facts) == 1
        with connection.cursor() as cursor:  # the caller's transaction goes on, with its own bound
            cursor.execute("SELECT current_setting('statement_timeout')")
            assert cursor.fetchone() != ("200ms",)


def test_a_fact_whose_source_fails_is_not_sent(town: Town, mona: people.Customer, meters: list[object]) -> None:
    fact = every(town, mona)["meters"].facts[0]
    recheck(town, mona, fact)
    meters.append(ValueError("broken"))
    with pytest.raises(care.FactNotChecked):
        recheck(town, mona, fact)


def test_who_lacks_a_permission_sees_no_such_card_and_sends_no_such_fact(town: Town, mona: people.Customer) -> None:
    town.current(mona, money=100)
    (fact,) = card(town, mona).facts
    assert set(every(town, mona, "payments.view")) == {"payments", "holds"}
    with pytest.raises(care.FactNotYours):
        recheck(town, mona, fact, by=town.staff("payments.view"))
    elsewhere = town.staff(*SEE, at=town.other_bank)
    assert care.cards(mona.id, town.bank, by=elsewhere, language="en", clock=town.clock) == []


def test_a_fact_of_nobody_or_made_up_stops_the_reply(town: Town, mona: people.Customer) -> None:
    town.current(mona, money=100)
    (fact,) = card(town, mona).facts
    forged = care.InsertedFact(care.FactRef("balances", fact.key, "0" * 24), "The balance is a million.")
    given = {"by": town.staff(*SEE), "customer_id": mona.id, "institution_id": town.bank, "language": "en"}
    with pytest.raises(care.FactChanged):
        care.recheck([forged], clock=town.clock, **given)  # type: ignore[arg-type]
    with pytest.raises(care.FactNotYours):
        care.recheck([care.InsertedFact(care.FactRef("nobody", "x:1", ""), "x")], clock=town.clock, **given)  # type: ignore[arg-type]
    with pytest.raises(care.FactNotYours):
        care.recheck([forged] * 21, clock=town.clock, **given)  # type: ignore[arg-type]
    ziad = town.person("زياد", "+201001234568")
    with pytest.raises(care.FactChanged):  # the same account, but another customer's reply
        recheck(town, ziad, fact)


def test_an_inserted_fact_is_found_in_a_text_whatever_marks_of_direction_stand_there(
    town: Town, mona: people.Customer
) -> None:
    town.current(mona, money=100)
    (fact,) = card(town, mona).facts
    assert fact.inserted().is_in(f"أهلاً. {fact.reply} شكراً")
    stripped = "".join(letter for letter in fact.reply if letter not in "\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
    assert fact.inserted().is_in(stripped)
    assert not fact.inserted().is_in("")
    assert not fact.inserted().is_in(fact.reply.replace("١", "٢"))
