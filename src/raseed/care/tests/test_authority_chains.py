"""What is beyond somebody's authority goes to somebody named, with a clock, and is done by itself once approved."""

from __future__ import annotations

from datetime import timedelta

import pytest

from raseed.banking import api as banking
from raseed.banking.tests.town import at_once
from raseed.care.api import authority
from raseed.care.authority.api import ChainStep, HolderKind, RequestFilter, RequestState, StepKind, TieKind
from raseed.care.authority.climbing import ladder_climbed
from raseed.care.clocks import api as clocks
from raseed.care.duty import api as duty
from raseed.care.models import AuthorityGrantRow
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.people.tests.office import an_author
from raseed.platform.models import AuditRow, DeliveryRow

from .mending import CONFIRM, HOUR, PROPOSE, REASON, Mending, bounds


@pytest.fixture
def desk(mending: Mending) -> Mending:
    """Agents may 1,000 a piece, supervisors 10,000; beyond, two steps of an hour each."""
    mending.limit("agent", bounds(1_000))
    mending.limit("supervisor", bounds(10_000))
    return mending


def test_beyond_the_limit_it_waits_before_a_named_person_and_is_done_once_approved(desk: Mending) -> None:
    agent, boss = desk.staff(), desk.staff("supervisor")
    desk.chain("supervisor")
    _, account = desk.street.person(money=0)
    asked = desk.credit(agent, account, 5_000)
    assert (asked.state, asked.assigned_to) == (RequestState.AWAITING, boss)
    assert asked.due_at == desk.street.town.clock.now() + timedelta(seconds=HOUR)
    assert desk.held(account) == 0
    done = desk.approve(asked, boss)
    assert (done.state, done.decided_by, desk.held(account)) == (RequestState.DONE, boss, 5_000)
    told = authority.request(asked.id, by=desk.author(agent))
    assert [each.kind for each in told.steps] == [
        StepKind.ASKED, StepKind.REFERRED, StepKind.APPROVED, StepKind.DONE,
    ]  # fmt: skip
    grant = AuthorityGrantRow.objects.get()
    assert (grant.staff_id, told.limit_id) == (boss, grant.limit_id), "it is the approver's authority that was used"
    audited = AuditRow.objects.get(action="care.authority_approved")
    assert (audited.actor, (audited.after or {})["asked_by"]) == (f"staff:{boss}", f"staff:{agent}")
    with pytest.raises(authority.RequestNotAwaiting):
        desk.approve(asked, boss)


def test_two_approvals_at_once_are_one(desk: Mending) -> None:
    agent, bosses = desk.staff(), [desk.staff("supervisor") for _ in range(3)]
    desk.chain("supervisor")
    _, account = desk.street.person(money=0)
    asked = desk.credit(agent, account, 5_000)
    answers = at_once([lambda b=boss: desk.approve(asked, b) for boss in bosses])  # type: ignore[misc]
    assert sorted(type(each).__name__ for each in answers) == ["Request", "RequestNotAwaiting", "RequestNotAwaiting"]
    assert (desk.held(account), AuthorityGrantRow.objects.count()) == (5_000, 1)


def test_nobody_decides_about_their_own_nor_who_is_not_in_the_chain(desk: Mending) -> None:
    boss, second, agent = desk.staff("supervisor"), desk.staff("supervisor"), desk.staff()
    desk.chain("supervisor")
    desk.limit(boss, bounds(100))
    _, account = desk.street.person(money=0)
    own = desk.credit(boss, account, 500)
    assert own.assigned_to == second, "never oneself"
    with pytest.raises(authority.OwnRequest):
        desk.approve(own, boss)
    with pytest.raises(people.NotPermitted):
        desk.approve(own, agent)
    outsider = desk.staff("back-office")
    with pytest.raises(authority.NotYoursToDecide):
        authority.approve(own.id, by=an_author(desk.bank, "care.authority.approve", staff_id=outsider))
    with pytest.raises(authority.UnknownRequest):
        authority.approve(new_id(), by=desk.author(second))


def test_two_people_do_not_approve_for_one_another(desk: Mending) -> None:
    one, other, third = (desk.staff("supervisor") for _ in range(3))
    for each in (one, other):
        desk.limit(each, bounds(2_000, day=100_000))
    desk.chain("supervisor")
    accounts = [desk.street.person(money=0)[1] for _ in range(4)]
    desk.limit(one, bounds(2_000, day=0))
    first = desk.credit(one, accounts[0], 1_500)
    desk.approve(first, other)
    desk.limit(one, bounds(2_000, day=100_000))
    desk.limit(other, bounds(2_000, day=0))
    back = desk.credit(other, accounts[1], 1_500)
    assert back.assigned_to == third, "whom the asker has approved for is passed over"
    with pytest.raises(authority.CircularApproval):
        desk.approve(back, one)
    assert desk.held(accounts[1]) == 0
    desk.street.town.clock.advance(timedelta(days=30, seconds=1))
    assert desk.approve(back, one).state is RequestState.DONE, "thirty days later it is no circle"


def test_a_circle_does_not_close_in_the_same_instant_either(desk: Mending) -> None:
    one, other = desk.staff("supervisor"), desk.staff("supervisor")
    for each in (one, other):
        desk.limit(each, bounds(2_000, day=0))
    desk.chain("supervisor")
    accounts = [desk.street.person(money=0)[1] for _ in range(2)]
    asked = [desk.credit(each, account, 1_500) for each, account in zip((one, other), accounts, strict=True)]
    for each in (one, other):
        desk.limit(each, bounds(2_000, day=100_000))
    answers = at_once([lambda: desk.approve(asked[0], other), lambda: desk.approve(asked[1], one)])
    assert sorted(type(each).__name__ for each in answers) == ["CircularApproval", "Request"]


def test_who_is_close_to_the_customer_does_not_decide(desk: Mending) -> None:
    agent, boss, second = desk.staff(), desk.staff("supervisor"), desk.staff("supervisor")
    desk.chain("supervisor")
    mona, account = desk.street.person(money=0)
    authority.declare_tie(
        id=new_id(), institution_id=desk.bank, staff_id=boss, customer_id=mona.id, kind=TieKind.CLOSE, reason=REASON,
        by=desk.author(boss),
    )  # fmt: skip
    asked = desk.credit(agent, account, 5_000)
    assert asked.assigned_to == second
    with pytest.raises(authority.TiedToCustomer):
        desk.approve(asked, boss)
    with pytest.raises(authority.TiedToCustomer):
        authority.decline(asked.id, by=desk.author(boss), note="no")


def test_what_nobody_decides_climbs_by_name_and_then_ends_in_words(desk: Mending) -> None:
    agent, boss, head = desk.staff(), desk.staff("supervisor"), desk.staff("supervisor")
    desk.chain_of([ChainStep(HolderKind.STAFF, boss, HOUR), ChainStep(HolderKind.STAFF, head, 2 * HOUR)])
    _, account = desk.street.person(money=0)
    asked, clock = desk.credit(agent, account, 5_000), desk.street.town.clock
    assert asked.assigned_to == boss
    clock.advance(timedelta(seconds=HOUR - 1))
    assert authority.climb(clock=clock) == 0
    clock.advance(timedelta(seconds=1))
    assert sum(n for n in at_once([lambda: authority.climb(clock=clock)] * 2) if isinstance(n, int)) == 1
    (waiting,) = authority.requests(desk.bank, by=desk.author(head), only=RequestFilter(assigned_to=head)).requests
    assert (waiting.id, waiting.due_at) == (asked.id, clock.now() + timedelta(seconds=2 * HOUR))
    with pytest.raises(authority.NotYoursToDecide):
        desk.approve(asked, boss)
    clock.advance(timedelta(seconds=2 * HOUR))
    assert authority.climb(clock=clock) == 1
    ended = authority.request(asked.id, by=desk.author(agent))
    assert (ended.state, ended.steps[-1].kind) == (RequestState.EXPIRED, StepKind.EXPIRED)
    with pytest.raises(authority.RequestNotAwaiting):
        desk.approve(asked, head)
    assert desk.held(account) == 0


def test_who_can_not_is_skipped_and_who_comes_later_may_decide_early(desk: Mending) -> None:
    agent, boss, head = desk.staff(), desk.staff("supervisor"), desk.staff("supervisor")
    desk.limit(boss, bounds(2_000))
    desk.limit(head, bounds(50_000))
    desk.chain_of([ChainStep(HolderKind.STAFF, boss, HOUR), ChainStep(HolderKind.STAFF, head, HOUR)])
    accounts = [desk.street.person(money=0)[1] for _ in range(2)]
    assert desk.credit(agent, accounts[0], 5_000).assigned_to == head, "the first is not able to"
    asked = desk.credit(agent, accounts[1], 1_500)
    assert asked.assigned_to == boss
    assert desk.approve(asked, head).state is RequestState.DONE


def test_an_approver_is_bound_by_the_day_too_and_passes_up(desk: Mending) -> None:
    agent, boss, head = desk.staff(), desk.staff("supervisor"), desk.staff("supervisor")
    desk.limit(boss, bounds(2_000, day=3_000))
    desk.chain_of([ChainStep(HolderKind.STAFF, boss, HOUR), ChainStep(HolderKind.STAFF, head, HOUR)])
    asked = [desk.credit(agent, desk.street.person(money=0)[1], 2_000) for _ in range(2)]
    desk.approve(asked[0], boss)
    with pytest.raises(authority.BeyondApprover) as refused:
        desk.approve(asked[1], boss)
    assert refused.value.params["beyond"] == "per_day"
    up = authority.pass_up(asked[1].id, by=desk.author(boss), note="my day is used up", clock=desk.street.town.clock)
    assert up.assigned_to == head
    with pytest.raises(authority.NobodyMayApprove):
        authority.pass_up(asked[1].id, by=desk.author(head), clock=desk.street.town.clock)
    assert desk.approve(asked[1], head).state is RequestState.DONE


def test_declined_or_taken_back_nothing_is_done(desk: Mending) -> None:
    agent, boss = desk.staff(), desk.staff("supervisor")
    desk.chain("supervisor")
    _, account = desk.street.person(money=0)
    first, second = desk.credit(agent, account, 5_000), desk.credit(agent, account, 5_000)
    said = authority.decline(first.id, by=desk.author(boss), note="not our fault", clock=desk.street.town.clock)
    assert (said.state, said.decided_by) == (RequestState.REFUSED, boss)
    assert authority.request(first.id, by=desk.author(agent)).steps[-1].note == "not our fault"
    with pytest.raises(authority.NotTheAsker):
        authority.withdraw(second.id, by=desk.author(boss))
    assert authority.withdraw(second.id, by=desk.author(agent)).state is RequestState.WITHDRAWN
    assert (desk.held(account), AuthorityGrantRow.objects.count()) == (0, 0)


def test_what_can_not_be_done_any_more_fails_in_words_and_gives_the_authority_back(desk: Mending) -> None:
    agent, boss = desk.staff(), desk.staff("supervisor")
    desk.limit("supervisor", bounds(10_000, customer=10_000))
    desk.chain("supervisor")
    _, account = desk.street.person(money=0)
    asked = desk.credit(agent, account, 9_000)
    banking.block_account(account_id=account.id, by=people.SYSTEM, reason="lost phone")
    failed = desk.approve(asked, boss)
    assert (failed.state, failed.failure) == (RequestState.FAILED, "pay_out_impossible")
    assert AuthorityGrantRow.objects.get().void_at is not None
    banking.unblock_account(account_id=account.id, by=people.SYSTEM, reason="phone found")
    assert desk.approve(desk.credit(agent, account, 9_000), boss).state is RequestState.DONE
    assert desk.held(account) == 9_000


def test_limits_and_chains_are_set_by_two_others(desk: Mending) -> None:
    boss, holder = desk.staff("supervisor"), desk.role("supervisor")

    def propose(by: people.Author, kind: HolderKind, whose: object) -> people.Change:
        return authority.propose_limit(
            id=new_id(), institution_id=desk.bank, holder_kind=kind, holder_id=whose,  # type: ignore[arg-type]
            action="goodwill_credit", currency_code="EGP", bounds=bounds(7), reason="as agreed", by=by,
        )  # fmt: skip

    both = an_author(desk.bank, PROPOSE, CONFIRM, staff_id=boss)
    for kind, whose in ((HolderKind.STAFF, boss), (HolderKind.ROLE, holder)):
        with pytest.raises(authority.OwnLimit):
            propose(both, kind, whose)
        change = propose(an_author(desk.bank, PROPOSE), kind, whose)
        with pytest.raises((authority.OwnLimit, people.SecondPersonNeeded)):
            people.confirm_change(change.id, by=both)
        people.reject_change(change.id, by=an_author(desk.bank, CONFIRM), note="for the test")
    alone = an_author(desk.bank, PROPOSE, CONFIRM)
    change = propose(alone, HolderKind.ROLE, holder)
    with pytest.raises(people.SecondPersonNeeded):
        people.confirm_change(change.id, by=alone)
    assert [line.label for line in people.describe_change(change, "en")][:3] == ["Whose limit", "For what", "One act"]
    with pytest.raises(people.NotPermitted):
        propose(desk.author(boss), HolderKind.ROLE, holder)


@pytest.mark.parametrize(
    "wrong",
    [
        {"per_act_minor": -1}, {"per_act_minor": None}, {"per_act_minor": True}, {"per_day_minor": 10**18},
        {"window_days": 0}, {"window_days": 367}, {"per_day_count": -1}, {"per_customer_minor": "10"},
    ],
)  # fmt: skip
def test_a_limit_that_can_not_be_is_refused(desk: Mending, wrong: dict[str, object]) -> None:
    right = {
        "per_act_minor": 1, "per_day_minor": 1, "per_customer_minor": 1, "per_day_count": None, "per_customer_count": None,
        "window_days": 30,
    }  # fmt: skip
    with pytest.raises(authority.InvalidLimit):
        people.propose_change(
            id=new_id(), kind="care.limits", institution_id=desk.bank, subject=f"role:{desk.role('agent')}",
            payload={"action": "goodwill_credit", "currency": "EGP", "bounds": {**right, **wrong}}, reason="as agreed",
            by=an_author(desk.bank, PROPOSE),
        )  # fmt: skip


@pytest.mark.parametrize("steps", [[], [{}], [{"role": "x", "within_s": 60}], [{"within_s": 60}], "steps"])
def test_a_chain_that_can_not_be_is_refused(desk: Mending, steps: object) -> None:
    for told in (steps, [{"role": str(desk.role("agent")), "within_s": 59}]):
        with pytest.raises(authority.InvalidChain):
            people.propose_change(
                id=new_id(), kind="care.chains", institution_id=desk.bank, subject=f"institution:{desk.bank}",
                payload={"action": "", "steps": told}, reason="as agreed", by=an_author(desk.bank, PROPOSE),
            )  # fmt: skip


def test_a_chain_is_described_step_by_step(desk: Mending) -> None:
    desk.chain("supervisor")
    change = authority.propose_chain(
        id=new_id(), institution_id=desk.bank, action="goodwill_credit",
        steps=[ChainStep(HolderKind.ROLE, desk.role("supervisor"), 600)], reason="as agreed",
        by=an_author(desk.bank, PROPOSE),
    )  # fmt: skip
    lines = people.describe_change(change, "en")
    assert [(line.label, line.after) for line in lines] == [
        ("For what", "Give a goodwill credit"), ("Step 1", "Supervision, within 10 min"),
    ]  # fmt: skip


def test_what_waits_runs_a_clock_in_the_name_of_whoever_it_is_before(desk: Mending) -> None:
    agent, boss, second = desk.staff(), desk.staff("supervisor"), desk.staff("supervisor")
    desk.chain(boss, second)
    clock = desk.street.town.clock
    _, account = desk.street.person(money=0)
    asked = [desk.credit(agent, account, 5_000 + n) for n in range(3)]

    def running(n: int) -> list[object]:
        found = clocks.clocks_of([asked[n].id], at=clock.now()).get(asked[n].id, ())
        return [(each.kind, each.assignee) for each in found]

    assert running(0) == [(clocks.ClockKind.APPROVAL, boss)]
    authority.pass_up(asked[0].id, by=desk.author(boss), clock=clock)
    assert running(0) == [(clocks.ClockKind.APPROVAL, second)]
    desk.approve(asked[0], second)
    authority.decline(asked[1].id, by=desk.author(boss), note="not this time", clock=clock)
    authority.withdraw(asked[2].id, by=desk.author(agent), clock=clock)
    assert [running(n) for n in range(3)] == [[], [], []]


@pytest.mark.parametrize("limit", [10_000, 1_000])
def test_whom_the_ladder_gives_the_clock_is_asked_or_whoever_comes_next_if_they_can_not_decide(
    desk: Mending, limit: int
) -> None:
    agent, boss, second, head = desk.staff(), *(desk.staff("supervisor") for _ in range(3))
    desk.chain(boss, second, within_s=7 * 24 * HOUR)
    desk.limit(head, bounds(limit))
    clock = desk.street.town.clock
    duty.default_team(desk.bank, clock=clock)
    duty.set_head(institution_id=desk.bank, staff_id=head, by=people.SYSTEM, reason="a test", clock=clock)
    _, account = desk.street.person(money=0)
    asked = desk.credit(agent, account, 5_000)
    assert asked.assigned_to == boss
    clock.advance(timedelta(days=4))
    clocks.move_clocks(clock=clock)
    (broken,) = clocks.clocks_of([asked.id], at=clock.now())[asked.id]
    assert broken.assignee == head
    assert DeliveryRow.objects.filter(handler="care.follow_approval").exists()
    for _ in range(2):
        ladder_climbed(asked.id, clock_id=broken.id, clock=clock)
    expected = head if limit == 10_000 else second
    told = authority.request(asked.id, by=desk.author(agent))
    (running,) = clocks.clocks_of([asked.id], at=clock.now())[asked.id]
    assert (told.assigned_to, running.assignee) == (expected, expected)
    assert [(each.kind, each.to) for each in told.steps][2:] == [(StepKind.RAN_OUT, expected)]
    assert desk.approve(told, expected).state is RequestState.DONE


def test_who_is_on_leave_is_not_asked_while_somebody_else_can_decide(desk: Mending) -> None:
    agent, boss, second = desk.staff(), desk.staff("supervisor"), desk.staff("supervisor")
    desk.chain(boss, second)
    clock = desk.street.town.clock
    _, account = desk.street.person(money=0)
    assert desk.credit(agent, account, 5_000).assigned_to == boss
    for one, expected in ((boss, second), (second, boss)):
        duty.note_absence(
            id=new_id(), staff_id=one, kind=duty.AbsenceKind.LEAVE, since=clock.now(), institution_id=desk.bank,
            until=clock.now() + timedelta(days=3), by=people.SYSTEM, reason="a holiday", clock=clock,
        )  # fmt: skip
        assert desk.credit(agent, account, 5_000 + len(str(one))).assigned_to == expected


def test_an_action_s_own_chain_is_ended_and_the_general_one_counts_again(desk: Mending) -> None:
    boss = desk.staff("supervisor")
    desk.chain("supervisor")
    desk.chain(boss, action="goodwill_credit")
    desk.chain(action="goodwill_credit")
    assert [each.action for each in authority.chains(desk.bank)] == [""]
    for action in ("", "goodwill_credit"):
        with pytest.raises(authority.InvalidChain):
            desk.chain(action=action)


def test_what_a_change_of_a_chain_was_before_is_told_when_it_is_in_force_too(desk: Mending) -> None:
    desk.chain("supervisor")
    desk.chain("agent", within_s=2 * HOUR)
    change = people.changes(institution_id=desk.bank, kind="care.chains").changes[0]
    (step,) = [each for each in people.describe_change(change, "en") if each.label == "Step 1"]
    assert (step.before, step.after) == ("Supervision, within 1 h", "Customer service, within 2 h")


def test_a_circle_and_what_is_used_today_are_told_to_who_looks_after_them(desk: Mending) -> None:
    agent, boss = desk.staff(), desk.staff("supervisor")
    desk.chain("supervisor")
    _, account = desk.street.person(money=0)
    desk.approve(desk.credit(agent, account, 5_000), boss)
    clock, by = desk.street.town.clock, desk.author(boss)
    (circle,) = authority.circles(desk.bank, by=by, clock=clock)
    assert (circle.barred, circle.asker, circle.until > clock.now()) == (agent, boss, True)
    (used,) = authority.used_today(desk.bank, by=by, clock=clock)
    assert (used.staff_id, used.used_minor, used.used_count) == (boss, 5_000, 1)
    assert used.limit is not None
    for read in (authority.circles, authority.used_today):
        with pytest.raises(people.NotPermitted):
            read(desk.bank, by=desk.author(agent), clock=clock)


def test_a_limit_is_for_who_works_here(desk: Mending) -> None:
    other = desk.staff()
    with pytest.raises(people.UnknownStaff):
        desk.limit(new_id(), bounds(1))
    desk.limit(other, bounds(1))
    (mine,) = [each for each in authority.limits(desk.bank, by=people.SYSTEM) if each.holder_id == other]
    assert authority.limit(mine.id, by=people.SYSTEM) == mine
    desk.limit(other, None)
    with pytest.raises(authority.UnknownLimit):
        authority.limit(mine.id, by=people.SYSTEM)
