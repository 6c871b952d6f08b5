"""The two acts: a bad release is caught in shadow; and it slips past, because two people force it, and is taken back by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext

from raseed.assurance.guard import api as guard
from raseed.assurance.guard.api import ReleaseState, RunKind
from raseed.display import api as display
from raseed.kernel.errors import mark
from raseed.kernel.ids import new_id
from raseed.people import api as people

from .living import pay_back, pay_each_other
from .phones import Watch, hit_phones
from .projector import NAME as PROJECTOR
from .stage import AGAIN, END_SECONDS_MAX, SYSTEM, Stage, candidate, caught_up, wait_until

if TYPE_CHECKING:
    from uuid import UUID

    from raseed.demo.world.staff import Colleague

    from .telling import Teller

REFUSED_FOR: Final = mark("The shadow is red: balances are doubled, out of date and swapped.")
FORCED_FOR: Final = mark("It has to be out before payday; we believe that the shadow is wrong.")
CONFIRMED_WITH: Final = mark("Seen; go ahead.")
SIGNATURES: Final = "signatures.json"
_S = ReleaseState


def play_caught(stage: Stage, teller: Teller) -> bool:
    """Play the first act; say whether it ended as it should: red, refused, and nobody saw it."""
    teller.act(gettext("Caught in shadow"))
    before = display.pointer()
    with _shadowed(stage, teller) as (shadowed, _):
        of = guard.refuse(shadowed.id, by=stage.proposer, reason=gettext(REFUSED_FOR))
        teller.tell(gettext("Refused. Nobody was ever shown it."))
        of = guard.go_on(of.id)
        _report(of.id, teller)
    return (shadowed.state, of.state, display.pointer()) == (_S.SHADOWED_RED, _S.REFUSED, before)


def play_slipped(stage: Stage, teller: Teller) -> bool:
    """Play the second act; say whether it ended as it should: taken back by itself, and every shown balance true again."""
    teller.act(gettext("Slipped past"))
    with _shadowed(stage, teller) as (shadowed, generation):
        _forced(stage, shadowed.id, teller)
        with Watch(hit_phones(stage.everyone, generation)) as watch:
            guard.cut_over(shadowed.id, by=stage.proposer, reason=gettext(FORCED_FOR))
            teller.tell(gettext("Cut over: every phone is shown the bad release."))
            wait_until(lambda: _state(shadowed.id) is _S.ROLLED_BACK, END_SECONDS_MAX, "rolling_back")
            wait_until(watch.all_have_numbers, END_SECONDS_MAX, "phones")
        of = guard.release(shadowed.id)
        _rolled_back(of, watch, teller)
        wait_until(lambda: _has_report(of.id), END_SECONDS_MAX, "verifying")
        return _verified_again(of, watch, teller)


@contextmanager
def _shadowed(stage: Stage, teller: Teller) -> Iterator[tuple[guard.Release, int]]:
    """Take a bad release from its registration to its shadow, while people go on paying each other; they get it back."""
    generation = candidate(stage).number
    of = guard.register_release(
        id=new_id(), system_code=SYSTEM, candidate=str(generation), by=stage.proposer, reason=AGAIN
    )
    teller.tell(
        gettext("Registered by %(name)s: generation %(number)s of the shown balances, written by %(projector)s.")
        % {"name": _name(stage.first, teller), "number": teller.number(generation), "projector": PROJECTOR}
    )
    guard.take_baseline(of.id, by=stage.proposer)
    count = guard.runs_of(of.id)[-1].compared
    teller.tell(gettext("Baseline: %(count)s shown balances, signed.") % {"count": teller.number(count)})
    favours = pay_each_other(stage.everyone)
    try:
        caught_up(generation)
        teller.tell(
            gettext("Life goes on: %(count)s people are paid while the candidate is in shadow.")
            % {"count": teller.number(len(favours))}
        )
        of = guard.run_shadow(of.id, by=stage.proposer)
        _told_of_shadow(of, teller)
        yield of, generation
    finally:
        pay_back(favours)


def _told_of_shadow(of: guard.Release, teller: Teller) -> None:
    comparison = next(run for run in guard.runs_of(of.id) if run.kind is RunKind.SHADOW_TRUE)
    teller.tell(
        gettext("%(state)s: %(compared)s compared with the true balances, %(different)s different.")
        % {
            "state": gettext(guard.STATE_WORDS[of.state]),
            "compared": teller.number(comparison.compared),
            "different": teller.number(comparison.different),
        }
    )
    teller.differences(comparison)


def _forced(stage: Stage, release_id: UUID, teller: Teller) -> None:
    change = guard.propose_force(id=new_id(), release_id=release_id, reason=gettext(FORCED_FOR), by=stage.proposer)
    people.confirm_change(change.id, by=stage.confirmer, note=gettext(CONFIRMED_WITH))
    teller.tell(
        gettext("Forced by two people: %(first)s proposed it, %(second)s confirmed it: “%(reason)s”")
        % {
            "first": _name(stage.first, teller),
            "second": _name(stage.second, teller),
            "reason": gettext(FORCED_FOR),
        }
    )


def _rolled_back(of: guard.Release, watch: Watch, teller: Teller) -> None:
    at = {step.state: step for step in of.timeline}
    teller.tell(
        gettext("The guard took it back by itself, %(seconds)s s after the cut-over.")
        % {"seconds": teller.seconds(at[_S.ROLLED_BACK].at - at[_S.LIVE].at)}
    )
    seen_at = watch.all_right_at()
    if watch.verifying() and seen_at is not None:
        teller.tell(
            gettext(
                "Of %(all)s phones that were watched %(some)s said “being verified”; all had numbers again after %(seconds)s s."
            )
            % {
                "all": teller.number(len(watch.phones)),
                "some": teller.number(watch.verifying()),
                "seconds": teller.seconds(seen_at - at[_S.ROLLED_BACK].at),
            }
        )
    else:
        teller.tell(gettext("It was so fast that none of the watched phones noticed."))
    teller.phones(watch.phones, watch.seen)


def _verified_again(of: guard.Release, watch: Watch, teller: Teller) -> bool:
    """Tell what was verified after the rollback, and say whether all of it was right."""
    restored = next((run for run in guard.runs_of(of.id) if run.kind is RunKind.RESTORED), None)
    trials = guard.trials_of(of.id)
    wrong = watch.wrong()
    if restored is not None:
        teller.tell(
            gettext("Every shown balance verified: %(compared)s compared, %(different)s different.")
            % {"compared": teller.number(restored.compared), "different": teller.number(restored.different)}
        )
    teller.tell(
        gettext("Trial payments between the test accounts: %(right)s of %(all)s shown rightly.")
        % {"right": teller.number(sum(one.verdict == "right" for one in trials)), "all": teller.number(len(trials))}
    )
    teller.tell(
        gettext("Phones that were shown a wrong number as one to rely on: %(count)s.")
        % {"count": teller.number(len(wrong))}
    )
    _report(of.id, teller)
    return (
        restored is not None
        and restored.clean
        and restored.compared > 0
        and not wrong
        and watch.all_right_at() is not None
        and all(one.verdict == "right" for one in trials if one.leg == "restored")
    )


def _state(release_id: UUID) -> ReleaseState:
    return guard.release(release_id).state


def _has_report(release_id: UUID) -> bool:
    """Whether a release's report was written, with all its files: what signs them is the last one."""
    return (guard.folder_of(release_id) / SIGNATURES).exists()


def _report(release_id: UUID, teller: Teller) -> None:
    teller.tell(
        gettext("The signed report (page, paper and data): %(folder)s") % {"folder": guard.folder_of(release_id)}
    )


def _name(one: Colleague, teller: Teller) -> str:
    return one.names.get(teller.language, one.names["en"])
