"""The demo world is what its seed says: the same people, the same deeds, within their means."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import chain
from uuid import UUID

import phonenumbers
import pytest
from stdnum.ee import ik

from raseed.demo.world.cast import SIGHTS, cast_of, civil_id_of
from raseed.demo.world.firm import side_events, stopped
from raseed.demo.world.history import DAYS, Event, full_history, thin_history
from raseed.demo.world.people import SEED, people_of_block
from raseed.demo.world.places import ISSUERS, Deed
from raseed.kernel.text import clean_text
from raseed.people.persons.civil_id_rules import normal_civil_id

TODAY = date(2026, 3, 14)
COUNT = 400


@pytest.fixture(scope="module")
def people():
    return people_of_block(SEED, 0, 0, COUNT)


@pytest.fixture(scope="module")
def history(people) -> list[Event]:
    return list(chain.from_iterable(full_history(SEED, 0, people, TODAY)))


def test_the_same_seed_gives_the_same_people_and_deeds_and_another_seed_others(people, history: list[Event]):
    assert people_of_block(SEED, 0, 0, COUNT) == people
    assert list(chain.from_iterable(full_history(SEED, 0, people, TODAY))) == history
    assert people_of_block(SEED + 1, 0, 0, COUNT)[0].id != people[0].id


def test_wallets_are_shared_out_exactly_as_the_issuers_shares(people):
    held = Counter(person.issuer for person in people)
    assert [held[place] * 100 for place in range(4)] == [issuer.share * COUNT for issuer in ISSUERS]
    assert sum(issuer.share for issuer in ISSUERS) == 100
    odd = Counter(person.issuer for person in people_of_block(SEED, 3, 0, 7))
    assert sum(odd.values()) == 7


def test_phone_numbers_are_possible_but_can_be_nobody_s(people):
    numbers = [phonenumbers.parse(person.phone) for person in people]
    assert all(phonenumbers.is_possible_number(number) for number in numbers)
    assert not any(phonenumbers.is_valid_number(number) for number in numbers)
    assert len({person.phone for person in people}) == COUNT


def test_everyone_has_a_showable_name_in_three_scripts(people):
    for person in people:
        assert set(person.names) == {"ar", "he", "en"}
        assert all(clean_text(name) == name for name in person.names.values())


def test_the_first_few_may_sign_in_two_in_each_language_with_something_of_everything(people):
    named = [person for person in people if person.named]
    assert Counter(person.language for person in named) == {"ar": 2, "he": 2, "en": 2}
    assert all(person.bank_id and len(person.foreign) == 2 and person.salary_minor for person in named)


def test_ids_are_all_different_whatever_block_and_kind(people, history: list[Event]):
    others = people_of_block(SEED, 1, COUNT, COUNT)
    thin = thin_history(SEED, 1, others, TODAY)
    ids = [each.id for each in chain(people, history, others, thin)]
    ids += [each.wallet_id for each in chain(people, others)]
    assert len(set(ids)) == len(ids)
    assert all(each.version == 7 for each in ids)


def test_nobody_spends_what_is_not_there_but_for_a_few_who_are_to_be_refused(history: list[Event]):
    balances: dict[object, int] = defaultdict(int)
    refused = 0
    for event in history:
        if balances[event.account_id] + event.amount_minor < 0:
            assert event.is_payment
            refused += 1
            continue
        balances[event.account_id] += event.amount_minor
        arrives_at = event.own_account_id or (event.to.wallet_id if event.to is not None else None)
        if arrives_at is not None:
            balances[arrives_at] -= event.amount_minor
    assert 0 < refused < 20


def test_a_thin_history_holds_in_any_order_of_what_people_send_each_other():
    people = people_of_block(SEED, 1, 2000, COUNT)
    balances: dict[object, int] = defaultdict(int)
    events = thin_history(SEED, 1, people, TODAY)
    for event in events:
        balances[event.account_id] += event.amount_minor
        assert balances[event.account_id] >= 0
    assert [event.day for event in events] == sorted(event.day for event in events)
    assert len(events) > 4 * COUNT


def test_deeds_fall_on_the_three_months_before_and_on_waking_hours(history: list[Event]):
    days = [event.day for event in history]
    assert days == sorted(days)
    assert (days[0], days[-1]) == (-DAYS, -1)
    assert all(8 * 3600 <= event.second < 23 * 3600 for event in history)


def test_money_is_sent_within_one_issuer_only_and_never_to_oneself(history: list[Event]):
    sent = [(event.sender, event.to) for event in history if event.deed is Deed.SENT]
    assert sent
    for sender, to in sent:
        assert sender is not None
        assert to is not None
        assert sender.issuer == to.issuer
        assert sender.id != to.id
    assert any(event.note for event in history)


def test_salaries_come_on_paydays(people, history: list[Event]):
    by_account = {person.bank_id or person.wallet_id: person for person in people}
    salaries = [event for event in history if event.deed is Deed.SALARY]
    assert salaries
    for event in salaries:
        on = date.fromordinal(TODAY.toordinal() + event.day)
        assert on.day == by_account[event.account_id].payday


def test_each_interesting_thing_is_somebodys_who_may_sign_in(people):
    cast = cast_of(SEED, people)
    assert [person.named for person in cast.named] == [True] * 6
    assert cast.saver.savings_id
    assert cast.trusted.savings_id
    assert [loan.borrower for loan in cast.loans[:2]] == [cast.borrower, cast.behind]
    assert all(loan.borrower.bank_id for loan in cast.loans)
    assert len(SIGHTS) == len(cast.named)
    assert cast_of(SEED, people) == cast


def test_the_firm_pays_people_who_have_no_other_salary_and_an_account_at_the_bank(people):
    workers = cast_of(SEED, people).workers
    assert len(workers) > 20
    assert all(person.bank_id and not person.salary_minor for person, _ in workers)


def test_more_comes_in_on_the_firms_account_than_its_salaries_take(people):
    cast = cast_of(SEED, people)
    monthly = sum(amount for _, amount in cast.workers)
    for first in range(1, 29):
        day = date(2026, 3, first)
        moved = side_events(SEED, cast, day)
        have = 0
        for each in range(-DAYS, 0):
            if (day + timedelta(days=each)).day == 28:
                have -= monthly
                assert have >= 0
            have += sum(event.amount_minor for event in moved[each] if event.account_id == cast.firm.account_id)


def test_nothing_is_bought_from_an_account_that_was_stopped(people):
    (account_id,) = stopped(cast_of(SEED, people))

    def bought(plan: dict[UUID, int]) -> list[int]:
        events = chain.from_iterable(full_history(SEED, 0, people, TODAY, plan))
        return [event.day for event in events if (event.account_id, event.deed) == (account_id, Deed.SHOPPING)]

    assert bought({})
    assert bought({account_id: -DAYS}) == []
    assert all(day < -60 for day in bought({account_id: -60}))


def test_identity_numbers_are_in_order_and_of_nobody_who_is_born(people):
    assert len({civil_id_of(SEED, person) for person in people}) == COUNT
    for person in people:
        country, number = civil_id_of(SEED, person)
        assert normal_civil_id(country, number) == number
        if country == "EE":
            assert ik.is_valid(number)
        born = {"EG": number[1:3], "EE": number[1:3]}[country]
        assert (number[0], int(born) >= 91) in {("3", True), ("5", True), ("6", True)}
