"""Care in the demo is arranged at the first start: who may grant what, who decides beyond it, and what is answered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from raseed.banking import api as banking
from raseed.care import api as care
from raseed.care.api import authority, duty, promises
from raseed.demo.caring import plant_care
from raseed.demo.services import plant_world
from raseed.demo.story.stage import AGENT, CONFIRMER, PROPOSER
from raseed.demo.world.care import HEAD_SLUG, KNOWN, OF_BILLS_AND_LOANS, PREPARED, REACHES, TAGS
from raseed.demo.world.cast import Cast, cast_of
from raseed.demo.world.people import SEED, people_of_block
from raseed.demo.world.places import BANK, CURRENCY, ISSUERS
from raseed.demo.world.staff import colleagues
from raseed.kernel.clock import ManualClock
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money, currency
from raseed.people import api as people
from raseed.platform import api as platform

pytestmark = pytest.mark.usefixtures("database")
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
CLOCK = ManualClock(NOON)
PEOPLE = 6
HOUSES = (BANK, *ISSUERS)
SMALL_ONES = {place.slug for place in ISSUERS[1:]}


def arranged_in(home: Path) -> Cast:
    plant_world(people=PEOPLE, home=home, clock=CLOCK)
    assert plant_care(seed=SEED, clock=CLOCK) == len(HOUSES)
    return cast_of(SEED, people_of_block(SEED, 0, 0, PEOPLE))


def house(slug: str) -> UUID:
    return people.institution_by_slug(slug).id


def at(slug: str, number: int) -> UUID:
    return [one.id for one in colleagues(SEED) if one.place.slug == slug][number]


def arranged() -> list[object]:
    """Return all that care has at each institution, and the head of its audit trail."""
    by, found = people.SYSTEM, list[object]()
    for place in HOUSES:
        here = house(place.slug)
        found += [
            authority.limits(here, by=by), authority.chains(here), care.macros(here, by=by), care.tags(here, by=by),
            promises.answers(here, audience=promises.Audience.PUBLIC), people.roles(here),
            duty.shifts_of(here, since=NOON, until=NOON + timedelta(days=30)),
            people.staff(at(place.slug, PROPOSER)).grants,
        ]  # fmt: skip
    return found


def test_care_is_arranged_once_and_again_changes_nothing(tmp_path: Path) -> None:
    arranged_in(tmp_path)
    for place in HOUSES:
        here = house(place.slug)
        holders = 2 if place.slug in SMALL_ONES else 3
        deeds = [one for one in authority.actions() if place is BANK or one.code not in OF_BILLS_AND_LOANS]
        assert len(authority.limits(here, by=people.SYSTEM)) == holders * len(deeds)
        (chain,) = authority.chains(here)
        slugs = [people.role(step.holder_id).slug for step in chain.steps]
        assert slugs == ["supervisor", HEAD_SLUG][: holders - 1]
        assert {one.name for one in care.tags(here, by=people.SYSTEM)} == set(TAGS)
        assert {one.slug for one in care.macros(here, by=people.SYSTEM)} == {one.slug for one in PREPARED}
        assert all(set(one.texts) == set(people.LANGUAGES) for one in care.macros(here, by=people.SYSTEM))
        assert duty.shifts_of(here, since=NOON, until=NOON + timedelta(days=8))
    public = promises.answers(house(BANK.slug), audience=promises.Audience.PUBLIC)
    assert len(public) == len(KNOWN)
    assert all(set(one.texts) == set(people.LANGUAGES) for one in public)
    before = arranged()
    plant_care(seed=SEED, clock=ManualClock(NOON + timedelta(days=2)))
    assert arranged() == before


def test_what_weighs_was_confirmed_by_somebody_whom_it_is_not_about(tmp_path: Path) -> None:
    arranged_in(tmp_path)
    for place in HOUSES:
        for reach in REACHES:
            role = people.role_by_slug(house(place.slug), reach.role)
            confirmed = [
                one for one in platform.audit_trail(f"role:{role.id}") if one.action == "people.change_applied"
            ]
            assert confirmed
            for one in confirmed:
                who = UUID(one.actor.removeprefix("staff:"))
                assert role.id not in people.roles_held(who, house(place.slug))


def test_what_an_agent_asks_beyond_the_limit_is_approved_by_supervision_and_done(tmp_path: Path) -> None:
    cast = arranged_in(tmp_path)
    bank, agent, supervisor = house(BANK.slug), at(BANK.slug, AGENT), at(BANK.slug, CONFIRMER)
    assert cast.saver.bank_id is not None
    account = banking.account(cast.saver.bank_id)

    def credit(pounds: int) -> authority.Request:
        return authority.ask(
            id=new_id(), action="goodwill_credit", institution_id=bank, customer_id=account.owner_id,
            subject=f"account:{account.id}", amount=Money(pounds * 100, currency(CURRENCY)),
            reason="the card was swallowed twice", by=people.author_of_staff(agent), clock=CLOCK,
        )  # fmt: skip

    asked = credit(75)
    assert (asked.state, asked.assigned_to) == (authority.RequestState.AWAITING, supervisor)
    assert asked.due_at == NOON + timedelta(hours=1)
    done = authority.approve(asked.id, by=people.author_of_staff(supervisor), clock=CLOCK)
    assert done.state is authority.RequestState.DONE


def test_an_agent_grants_alone_what_is_within_the_limit_and_the_head_decides_what_is_above_supervision(
    tmp_path: Path,
) -> None:
    cast = arranged_in(tmp_path)
    bank, head = house(BANK.slug), at(BANK.slug, PROPOSER)
    assert cast.saver.bank_id is not None
    account = banking.account(cast.saver.bank_id)
    states = []
    for pounds in (40, 900):
        asked = authority.ask(
            id=new_id(), action="goodwill_credit", institution_id=bank, customer_id=account.owner_id,
            reason="the branch was closed", subject=f"account:{account.id}",
            amount=Money(pounds * 100, currency(CURRENCY)),
            by=people.author_of_staff(at(BANK.slug, AGENT)), clock=CLOCK,
        )  # fmt: skip
        states.append((asked.state, asked.assigned_to))
    assert states == [(authority.RequestState.DONE, None), (authority.RequestState.AWAITING, head)]


def test_what_staff_have_changed_or_ended_since_stays_so(tmp_path: Path) -> None:
    arranged_in(tmp_path)
    bank, by, later = house(BANK.slug), people.SYSTEM, ManualClock(NOON + timedelta(hours=1))
    role = people.role_by_slug(bank, "agent").id
    ended = authority.propose_limit(
        id=new_id(), institution_id=bank, holder_kind=authority.HolderKind.ROLE, holder_id=role,
        action="goodwill_credit", currency_code=CURRENCY, bounds=None, reason="no more of it", by=by, clock=later,
    )  # fmt: skip
    people.confirm_change(ended.id, by=people.author_of_staff(at(BANK.slug, CONFIRMER)), clock=later)
    tag = care.tags(bank, by=by)[0]
    care.retire_tag(tag.id, by=by, reason="not used", clock=later)
    answer = promises.answers(bank, audience=promises.Audience.PUBLIC)[0]
    promises.withdraw_answer(answer.id, by=by, reason="no longer so", clock=later)
    before = arranged()
    plant_care(seed=SEED, clock=later)
    assert arranged() == before
