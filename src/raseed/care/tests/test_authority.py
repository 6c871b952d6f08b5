"""What is within somebody's authority is done at once; nothing above it, by nobody, in no way of asking."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from raseed.banking import api as banking
from raseed.banking.tests.town import at_once
from raseed.care.api import authority
from raseed.care.authority.api import Beyond, Bounds, RequestFilter, RequestState, TieKind
from raseed.care.authority.domain import Given, beyond
from raseed.care.models import AuthorityCounterRow, AuthorityGrantRow, AuthorityRequestRow
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id
from raseed.kernel.money import CurrencyMismatch, Money, currency
from raseed.kernel.text import UnacceptableText
from raseed.ledger import api as ledger
from raseed.people import api as people
from raseed.people.tests.office import an_author
from raseed.platform.api import SameIdOtherContent
from raseed.platform.models import AuditRow, EventRow

from .mending import REASON, Mending, bounds


def given_of(mending: Mending) -> int:
    """Return what has left the bank's goodwill account."""
    own = banking.internal_account(mending.bank, banking.InternalRole.GOODWILL)
    balances = ledger.look_up_accounts([own.id])[own.id].balances
    return balances.debits_posted - balances.credits_posted


def test_a_credit_within_the_limit_is_money_at_once_and_says_why_on_the_statement(mending: Mending) -> None:
    agent = mending.staff()
    mending.limit(agent, bounds(5_000))
    mona, account = mending.street.person(money=10_000)
    done = mending.credit(agent, account, 4_000)
    assert (done.state, done.beyond, done.split) == (RequestState.DONE, None, False)
    assert (mending.held(account), given_of(mending)) == (14_000, 4_000), "no piastre came from nowhere"
    (line,) = banking.statement(account.id, language="en").lines[:1]
    assert (line.note, line.counterparty) == (f"Goodwill credit: {REASON}", "Goodwill credit")
    (arabic,) = banking.statement(account.id, language="ar").lines[:1]
    assert REASON in arabic.note
    assert not arabic.note.startswith("Goodwill")
    audited = AuditRow.objects.get(action="care.authority_granted")
    assert (audited.actor, audited.customer_id, audited.reason) == (f"staff:{agent}", mona.id, REASON)
    assert (audited.after or {})["amount_minor"] == 4_000
    event = EventRow.objects.get(name="care.authority_changed")
    assert event.payload == {"request_id": str(done.id), "state": "done"}, "no personal data in events"


def test_no_limit_means_no_and_nobody_named_means_no_too(mending: Mending) -> None:
    agent = mending.staff()
    _, account = mending.street.person(money=10_000)
    with pytest.raises(authority.NobodyMayApprove) as refused:
        mending.credit(agent, account, 1)
    assert refused.value.params["beyond"] == "no_limit"
    mending.chain("supervisor")
    boss = mending.staff("supervisor")
    with pytest.raises(authority.NobodyMayApprove):
        mending.credit(agent, account, 1)  # the supervisor has no limit either
    mending.limit(boss, bounds(0))
    with pytest.raises(authority.NobodyMayApprove):
        mending.credit(agent, account, 1)
    assert mending.held(account) == 10_000
    assert not AuthorityRequestRow.objects.exists()


def test_a_persons_limit_counts_before_a_roles_and_of_roles_the_widest(mending: Mending) -> None:
    agent, other = mending.staff(), mending.staff()
    mending.limit("agent", bounds(5_000))
    _, account = mending.street.person(money=10_000)
    assert mending.credit(agent, account, 5_000).state is RequestState.DONE
    mending.limit(other, bounds(100))
    with pytest.raises(authority.NobodyMayApprove) as refused:
        mending.credit(other, account, 101)
    assert refused.value.params["beyond"] == "per_act"
    mending.limit(other, None)
    assert [
        each.limit.holder_kind.value for each in authority.my_limits(other, mending.bank, by=mending.author(other))
    ] == ["role"]


def test_a_limit_is_of_one_currency_and_one_action(mending: Mending) -> None:
    agent = mending.staff()
    mending.limit(agent, bounds(5_000), code="USD")
    _, account = mending.street.person(money=10_000)
    with pytest.raises(authority.NobodyMayApprove):
        mending.credit(agent, account, 1)
    with pytest.raises(CurrencyMismatch):
        mending.ask(
            agent, "goodwill_credit", f"account:{account.id}", account.owner_id, amount=Money(1, currency("USD"))
        )


def test_a_day_has_an_end_and_a_new_one_begins(mending: Mending) -> None:
    agent = mending.staff()
    mending.limit(agent, bounds(1_000, day=2_500))
    accounts = [mending.street.person(money=1_000)[1] for _ in range(4)]
    for account in accounts[:2]:
        mending.credit(agent, account, 1_000)
    with pytest.raises(authority.NobodyMayApprove) as refused:
        mending.credit(agent, accounts[2], 501)
    assert refused.value.params["beyond"] == "per_day"
    assert mending.credit(agent, accounts[2], 500).state is RequestState.DONE
    (use,) = authority.my_limits(agent, mending.bank, by=mending.author(agent), clock=mending.street.town.clock)
    assert (use.used_minor, use.used_count) == (2_500, 3)
    mending.street.town.clock.advance(timedelta(days=1))
    assert mending.credit(agent, accounts[3], 1_000).state is RequestState.DONE
    grant = AuthorityGrantRow.objects.latest("at")
    assert (grant.day_number, grant.day_total_minor) == (1, 1_000)


def test_small_pieces_by_several_people_are_one_act_and_are_seen(mending: Mending) -> None:
    agents = [mending.staff(), mending.staff()]
    mending.limit("agent", bounds(1_000, customer=100_000))
    mending.limit("supervisor", bounds(50_000))
    mending.chain("supervisor")
    boss = mending.staff("supervisor")
    _, account = mending.street.person(money=0)
    assert mending.credit(agents[0], account, 600).state is RequestState.DONE
    piece = mending.credit(agents[1], account, 600)
    assert (piece.state, piece.beyond, piece.split) == (RequestState.AWAITING, Beyond.SPLIT, True)
    assert mending.credit(agents[1], account, 400).state is RequestState.DONE, "up to one act's bound it goes on"
    seen = authority.requests(mending.bank, by=mending.author(boss), only=RequestFilter(split=True))
    assert [each.id for each in seen.requests] == [piece.id]
    mending.approve(piece, boss)
    (told,) = [each for each in authority.granted(
        mending.bank, since=piece.through, until=piece.through, by=mending.author(boss)
    ) if each.staff_id == boss]  # fmt: skip
    assert (told.acts, told.split, told.approved, told.amount) == (1, 1, 1, Money(600, currency("EGP")))
    mending.street.town.clock.advance(timedelta(hours=72, seconds=1))
    assert mending.credit(agents[1], account, 900).state is RequestState.DONE


def test_a_customer_gets_so_much_in_a_rolling_window_by_whomever(mending: Mending) -> None:
    agents = [mending.staff(), mending.staff()]
    mending.limit("agent", bounds(1_000, customer=1_500, window_days=30))
    _, account = mending.street.person(money=0)
    mending.credit(agents[0], account, 1_000)
    mending.street.town.clock.advance(timedelta(days=20))
    with pytest.raises(authority.NobodyMayApprove) as refused:
        mending.credit(agents[1], account, 501)
    assert refused.value.params["beyond"] == "per_customer"
    mending.credit(agents[1], account, 500)
    mending.street.town.clock.advance(timedelta(days=10, seconds=1))
    assert mending.credit(agents[1], account, 1_000).state is RequestState.DONE, "the first has left the window"


def test_the_same_id_is_the_same_answer_and_other_content_is_refused(mending: Mending) -> None:
    agent, id_ = mending.staff(), new_id()
    mending.limit(agent, bounds(5_000))
    _, account = mending.street.person(money=0)
    first = mending.credit(agent, account, 4_000, id_=id_)
    assert mending.credit(agent, account, 4_000, id_=id_) == first
    with pytest.raises(SameIdOtherContent):
        mending.credit(agent, account, 4_001, id_=id_)
    with pytest.raises(SameIdOtherContent):
        mending.credit(agent, account, 4_000, id_=id_, reason="another reason")
    assert mending.held(account) == 4_000


def test_the_same_id_from_many_windows_at_once_gives_once(mending: Mending) -> None:
    agent, id_ = mending.staff(), new_id()
    mending.limit(agent, bounds(5_000))
    _, account = mending.street.person(money=0)
    answers = at_once([lambda: mending.credit(agent, account, 4_000, id_=id_)] * 6)
    assert {getattr(each, "state", each) for each in answers} == {RequestState.DONE}
    assert (mending.held(account), AuthorityGrantRow.objects.count()) == (4_000, 1)


def test_many_at_the_same_instant_stay_within_the_day_and_the_customer(mending: Mending) -> None:
    agents = [mending.staff(), mending.staff()]
    mending.limit("agent", bounds(1_000, day=2_500, customer=1_000))
    accounts = [mending.street.person(money=0)[1] for _ in range(6)]
    answers = at_once(
        [lambda a=agent, t=account: mending.credit(a, t, 700) for agent in agents for account in accounts]  # type: ignore[misc]
    )
    done = [each for each in answers if getattr(each, "state", None) is RequestState.DONE]
    assert len(done) == 6, "three a day each; each customer once"
    assert all(mending.held(account) <= 1_000 for account in accounts)
    assert sum(mending.held(account) for account in accounts) == given_of(mending) == 4_200
    for agent in agents:
        counter = AuthorityCounterRow.objects.get(owner_kind="staff", owner_id=agent)
        assert (counter.day_minor, counter.grants) == (2_100, 3)
    assert all(isinstance(each, RaseedError) for each in answers if each not in done)


def test_a_limit_lowered_meanwhile_is_waited_for_or_waits(mending: Mending) -> None:
    agent = mending.staff()
    mending.limit(agent, bounds(1_000))
    accounts = [mending.street.person(money=0)[1] for _ in range(4)]

    def lower() -> None:
        mending.limit(agent, bounds(100))

    at_once([*(lambda t=each: mending.credit(agent, t, 900) for each in accounts), lower])
    for grant in AuthorityGrantRow.objects.select_related("limit"):
        assert grant.amount_minor <= (grant.limit.per_act_minor or 0)
    with pytest.raises(authority.NobodyMayApprove):
        mending.credit(agent, mending.street.person(money=0)[1], 900)


def test_nobody_mends_for_themselves_their_family_or_who_shares_an_account(mending: Mending) -> None:
    agent = mending.staff()
    mending.limit(agent, bounds(5_000))
    own, account = mending.street.person(money=0)
    sister, hers = mending.street.person(money=0)
    cousin, his = mending.street.person(money=0)
    tie = authority.declare_tie(
        id=new_id(), institution_id=mending.bank, staff_id=agent, customer_id=own.id, kind=TieKind.SELF, reason=REASON,
        by=mending.author(agent),
    )  # fmt: skip
    authority.declare_tie(
        id=new_id(), institution_id=mending.bank, staff_id=agent, customer_id=sister.id, kind=TieKind.FAMILY,
        reason="told us", by=an_author(mending.bank, "care.ties.edit"),
    )  # fmt: skip
    banking.give_right(
        account_id=his.id, customer_id=own.id, right=banking.AccountRight.MAY_SEE, by=people.SYSTEM, reason="asked for"
    )
    for whose in (account, hers, his):
        with pytest.raises(authority.TiedToCustomer):
            mending.credit(agent, whose, 1)
    assert cousin.id != own.id
    with pytest.raises(people.NotPermitted):
        authority.end_tie(tie.id, reason="no more", by=mending.author(agent))
    with pytest.raises(authority.OwnTie):
        authority.end_tie(tie.id, reason="no more", by=an_author(mending.bank, "care.ties.edit", staff_id=agent))
    authority.end_tie(tie.id, reason="another person", by=an_author(mending.bank, "care.ties.edit"))
    assert mending.credit(agent, account, 1).state is RequestState.DONE
    assert len(authority.ties(mending.bank, by=mending.author(agent), staff_id=agent)) == 1
    with pytest.raises(people.NotPermitted):
        authority.ties(mending.bank, by=mending.author(agent))


def test_what_is_asked_must_be_the_customers_at_the_institution(mending: Mending) -> None:
    agent = mending.staff()
    mending.limit(agent, bounds(5_000))
    mona, account = mending.street.person(money=0)
    other, _ = mending.street.person(money=0)
    elsewhere = mending.street.town.person("Far away", "+963912345678", at=mending.street.town.other_bank)
    for customer_id, subject in (
        (other.id, f"account:{account.id}"),
        (elsewhere.id, f"account:{account.id}"),
        (mona.id, f"payment:{account.id}"),
        (mona.id, "account:"),
        (mona.id, "account:not-an-id"),
        (new_id(), f"account:{account.id}"),
    ):
        with pytest.raises(authority.InvalidSubject):
            mending.ask(agent, "goodwill_credit", subject, customer_id, amount=Money(1, account.currency))
    with pytest.raises(authority.UnknownAction):
        mending.ask(agent, "print_money", f"account:{account.id}", mona.id)
    for minor in (0, -1):
        with pytest.raises(authority.AmountMissing):
            mending.credit(agent, account, minor)
    with pytest.raises(authority.AmountMissing):
        mending.ask(agent, "goodwill_credit", f"account:{account.id}", mona.id)
    with pytest.raises(authority.InvalidSubject):
        mending.ask(
            agent, "goodwill_credit", f"account:{account.id}", mona.id, amount=Money(1, account.currency),
            details={"until": "2026-01-01"},
        )  # fmt: skip
    with pytest.raises(UnacceptableText):
        mending.credit(agent, account, 1, reason="x")
    with pytest.raises(people.NotPermitted):
        authority.ask(
            id=new_id(), action="goodwill_credit", institution_id=mending.bank, customer_id=mona.id,
            subject=f"account:{account.id}", reason=REASON, by=an_author(mending.bank, "care.authority.view"),
        )  # fmt: skip
    with pytest.raises(people.PersonNeeded):
        authority.ask(
            id=new_id(), action="goodwill_credit", institution_id=mending.bank, customer_id=mona.id,
            subject=f"account:{account.id}", reason=REASON, by=people.SYSTEM,
        )  # fmt: skip
    assert mending.held(account) == 0


def test_the_database_refuses_a_grant_above_a_limit_and_a_deed_without_a_grant(mending: Mending) -> None:
    agent = mending.staff()
    mending.limit(agent, bounds(1_000, day=1_500))
    _, account = mending.street.person(money=0)
    mending.credit(agent, account, 1_000)
    grant = AuthorityGrantRow.objects.get()
    forged = {
        "institution_id": grant.institution_id, "action": grant.action, "currency": grant.currency,
        "staff_id": grant.staff_id, "customer_id": grant.customer_id, "limit_id": grant.limit_id, "day": grant.day,
        "at": grant.at,
    }  # fmt: skip
    kept = AuthorityRequestRow.objects.get()

    def another(minor: int) -> AuthorityRequestRow:
        row = AuthorityRequestRow.objects.get(id=kept.id)
        row.id, row.amount_minor = new_id(), minor
        row.save(force_insert=True)
        return row

    for minor, number, total in ((600, 2, 1_600), (400, 3, 1_400), (400, 2, 400), (1_001, 2, 2_001)):
        with pytest.raises(IntegrityError), transaction.atomic():
            AuthorityGrantRow.objects.create(
                request=another(minor), amount_minor=minor, day_number=number, day_total_minor=total, customer_number=2,
                **forged,
            )  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        another(400)  # refused at the commit
    for change in ({"reason": "another"}, {"state": "awaiting"}, {"amount_minor": 1}):
        with pytest.raises(IntegrityError), transaction.atomic():
            AuthorityRequestRow.objects.filter(id=kept.id).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        AuthorityGrantRow.objects.all().delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        AuthorityGrantRow.objects.update(amount_minor=1)


@pytest.mark.parametrize(
    ("given", "minor", "expected"),
    [
        (Given(), 100, None),
        (Given(), 101, Beyond.PER_ACT),
        (Given(lately_minor=1), 100, Beyond.SPLIT),
        (Given(day_minor=201), 100, Beyond.PER_DAY),
        (Given(day_count=3), 1, Beyond.PER_DAY),
        (Given(customer_minor=401), 100, Beyond.PER_CUSTOMER),
        (Given(customer_count=5), 1, Beyond.PER_CUSTOMER),
        (Given(200, 2, 400, 4, 0), 100, None),
    ],
)
def test_the_first_bound_that_says_no_is_told(given: Given, minor: int, expected: Beyond | None) -> None:
    assert beyond(Bounds(100, 300, 500, 3, 5), given, minor) is expected
    assert beyond(None, given, minor) is Beyond.NO_LIMIT
