"""Planting goes through the ordinary doors, is the same every time, goes on where it stopped, and can grow."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import translation

from raseed.banking import api as banking
from raseed.demo import cli
from raseed.demo.api import NotEmbedded, NumberOfPeopleRefused, OtherWorld, World, plant, planted, who
from raseed.demo.narrative import cause_of, narrate
from raseed.demo.services import plant_world
from raseed.demo.world import places
from raseed.demo.world.cast import cast_of
from raseed.demo.world.firm import side_events, stopped
from raseed.demo.world.history import DAYS, Event, full_history
from raseed.demo.world.people import SEED, Person, people_of_block
from raseed.demo.world.places import CODE_BASE, Deed
from raseed.display import api as display
from raseed.kernel.clock import Clock, ManualClock
from raseed.kernel.ids import new_id
from raseed.payments import api as payments
from raseed.people import api as people

pytestmark = pytest.mark.usefixtures("database")
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
PEOPLE = 60


def query(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def state() -> list[tuple[Any, ...]]:
    """Everything that planting leaves, but for the instants at which the machine wrote it down."""
    return [
        *query("SELECT id, ledger, debits_posted, credits_posted FROM ledger_balance ORDER BY id"),
        *query("SELECT id, amount, booked_on FROM ledger_transfer ORDER BY id"),
        *query("SELECT id, names::text, language FROM people_customer ORDER BY id"),
        *query("SELECT value FROM people_identity ORDER BY value"),
    ]


def everything_that_happened(crowd: Sequence[Person]) -> list[Event]:
    cast = cast_of(SEED, crowd)
    history = full_history(SEED, 0, crowd, NOON.date(), stopped(cast))
    return [*itertools.chain(*history), *itertools.chain(*side_events(SEED, cast, NOON.date()).values())]


def planted_small(count: int = PEOPLE) -> World:
    return plant_world(people=count, clock=ManualClock(NOON))


def test_the_world_has_its_institutions_people_wallets_and_history():
    world = planted_small()
    assert world.transfers > 10 * PEOPLE
    assert planted()
    assert Counter(each.kind for each in people.institutions()) == {"issuer": 4, "bank": 1, "utility": 6}
    person = people_of_block(SEED, 0, 0, PEOPLE)[0]
    kinds = {account.product.kind.value for account in banking.accounts_of(person.id)}
    assert kinds == {"wallet", "current", "savings"}
    assert {account.currency.code for account in banking.accounts_of(person.id)} == {"EGP", "ILS", "OMR"}
    assert people.customer_by_phone(person.phone).names == person.names


def test_the_books_balance_and_nobody_is_overdrawn():
    planted_small()
    for _, debits, credit in query(
        "SELECT ledger, sum(debits_posted), sum(credits_posted) FROM ledger_balance GROUP BY 1"
    ):
        assert debits == credit
    for person in people_of_block(SEED, 0, 0, PEOPLE):
        ids = [account.id for account in banking.accounts_of(person.id)]
        assert all(shown.booked.amount_minor >= 0 for shown in display.shown_balances(ids).values())


def test_the_same_seed_on_the_same_day_plants_the_same_world_and_again_changes_nothing():
    planted_small()
    before = state()
    again = planted_small()
    assert again.transfers == 0
    assert state() == before


def test_an_interrupted_planting_goes_on_where_it_was_and_does_nothing_twice(monkeypatch: pytest.MonkeyPatch):
    calls = itertools.count(1)
    send_many = payments.send_many

    def interrupted(instructions: Sequence[payments.Instruction], *, clock: Clock) -> list[payments.Payment]:
        if next(calls) == 3:
            raise KeyboardInterrupt
        return send_many(instructions, clock=clock)

    with monkeypatch.context() as patch:
        patch.setattr(payments, "send_many", interrupted)
        with pytest.raises(KeyboardInterrupt):
            planted_small()
    assert not planted()
    planted_small()
    assert planted()
    crowd = people_of_block(SEED, 0, 0, PEOPLE)
    events = everything_that_happened(crowd)
    sent = {event.id for event in events if event.is_payment}
    assert {row[0] for row in query("SELECT id FROM payments_payment")} == sent
    posted = {
        row[0] for row in query(f"SELECT id FROM ledger_transfer WHERE code BETWEEN {CODE_BASE} AND {CODE_BASE + 63}")
    }
    assert posted == {event.id for event in events} - sent


def test_sends_are_payments_with_notes_times_and_a_few_refusals():
    planted_small()
    states: dict[str, int] = dict(query("SELECT state, count(*) FROM payments_payment GROUP BY 1"))
    assert set(states) <= {"settled", "refused"}
    assert states["settled"] > PEOPLE // 2
    sender = query("SELECT actor_customer_id FROM payments_payment ORDER BY position LIMIT 1")[0][0]
    page = payments.payments_of(sender)
    assert page.payments
    assert all(NOON - timedelta(days=DAYS + 1) < each.instructed_at < NOON for each in page.payments)


def test_a_statement_tells_what_the_movements_were_in_the_readers_language():
    planted_small()
    person = people_of_block(SEED, 0, 0, PEOPLE)[0]
    assert person.bank_id
    notes = {
        language: {line.note for line in banking.statement(person.bank_id, language=language).lines}
        for language in ("ar", "he", "en")
    }
    assert "Salary" in notes["en"]
    assert "راتب" in notes["ar"]
    assert "משכורת" in notes["he"]


def test_a_planted_person_can_send_money_with_a_preview_of_the_masked_name():
    planted_small()
    first = people_of_block(SEED, 0, 0, PEOPLE)[0]
    to = next(p for p in people_of_block(SEED, 0, 0, PEOPLE) if p.issuer == first.issuer and p.place != first.place)
    amount = display.shown_balance(first.wallet_id).available
    sent = payments.send(
        id=new_id(), actor_customer_id=first.id, from_account_id=first.wallet_id,
        to=banking.Alias(banking.AliasKind.PHONE, to.phone), amount=amount,
    )  # fmt: skip
    assert sent.state is payments.PaymentState.SETTLED


def test_another_seed_or_a_smaller_world_is_refused():
    planted_small()
    with pytest.raises(OtherWorld):
        plant_world(people=PEOPLE, seed=SEED + 1)
    with pytest.raises(OtherWorld):
        plant_world(people=PEOPLE - 1)
    with pytest.raises(OtherWorld):
        plant_world(people=PEOPLE + 1)


def test_a_world_of_whole_blocks_grows_and_keeps_the_people_it_has(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("raseed.demo.services.FIRST_BLOCK", 20)
    monkeypatch.setattr("raseed.demo.services.BLOCK", 30)
    monkeypatch.setattr("raseed.demo.queries.FIRST_BLOCK", 20)
    planted_small(20)
    before = {row[0] for row in query("SELECT value FROM people_identity")}
    world = planted_small(50)
    assert world.transfers > 100
    assert query("SELECT count(*) FROM people_customer") == [(50 + 1,)], "and the firm"
    assert before < {row[0] for row in query("SELECT value FROM people_identity")}
    assert planted_small(50).transfers == 0


@pytest.mark.parametrize("count", [-1, 0, 5, 10_000_001])
def test_a_number_of_people_that_can_t_be_is_refused(count: int):
    with pytest.raises(NumberOfPeopleRefused):
        planted_small(count)


def test_it_is_never_planted_where_database_url_points(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("DATABASE_URL", "postgresql://someone@db/production")
    with pytest.raises(NotEmbedded):
        plant()
    assert cli.main(["plant", "--language", "ar"]) == 2
    assert "DATABASE_URL" in capsys.readouterr().err
    assert not planted()


def test_who_names_two_people_in_each_language(capsys: pytest.CaptureFixture[str]):
    assert who() == []
    assert cli.main(["who"]) == 0
    assert "not planted yet" in capsys.readouterr().out
    planted_small()
    assert Counter(each.language for each in who()) == {"ar": 2 + 1, "he": 2, "en": 2}
    assert cli.main(["who", "--language", "he"]) == 0
    out = capsys.readouterr().out
    assert all(each.name in out for each in who())
    assert "+20 14 00000001" in out
    assert "+20 14 40000001" in out
    assert "הלוואה עם תשלום בפיגור" in out


def test_a_key_tells_the_deed_and_the_shop_and_strange_keys_are_left_alone():
    key = cause_of(new_id(), Deed.SHOPPING, 3)
    with translation.override("he"):
        told = narrate([key, new_id()])[key]
        assert (told.note, told.counterparty) == ("קניות", places.SHOPS[3]["he"])
    assert narrate([new_id()]) == {}
    assert key.version == 8
