"""Whoever is killed at whatever step: an act was once or not at all, and what was approved is done by itself."""

from __future__ import annotations

import signal
import subprocess
import sys
from uuid import UUID

import pytest

from raseed.banking.api import BankAccount
from raseed.care.api import authority
from raseed.care.authority.api import Request, RequestState
from raseed.care.authority.executing import do_approved
from raseed.care.models import AuthorityGrantRow, AuthorityRequestRow
from raseed.kernel.ids import new_id
from raseed.platform.jobs import run_worker

from .mending import REASON, Mending, bounds

_KILLED = """
import django; django.setup()
import importlib, os, signal, sys
from datetime import datetime
from uuid import UUID
from raseed.care.api import authority
from raseed.kernel.clock import ManualClock
from raseed.kernel.money import Money, currency
from raseed.people import api as people
verb, where, request, by, account, customer, bank, now = sys.argv[1:]
module, function, when = where.split(":")
module = importlib.import_module("raseed." + module)
original = getattr(module, function)
def deadly(*args, **kwargs):
    if when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    answer = original(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)
    return answer
setattr(module, function, deadly)
clock, author = ManualClock(datetime.fromisoformat(now)), people.author_of_staff(UUID(by))
if verb == "ask":
    authority.ask(id=UUID(request), action="goodwill_credit", institution_id=UUID(bank), customer_id=UUID(customer),
        subject="account:" + account, amount=Money(900, currency("EGP")), reason="the till was down for an hour",
        by=author, clock=clock)
else:
    authority.approve(UUID(request), by=author, clock=clock)
os.kill(os.getpid(), signal.SIGKILL)
"""


def killed(mending: Mending, verb: str, where: str, request_id: UUID, by: UUID, account: BankAccount) -> None:
    """Let a process do it that is killed on the way."""
    told = [verb, where, *map(str, (request_id, by, account.id, account.owner_id, mending.bank))]
    ended = subprocess.run(
        [sys.executable, "-c", _KILLED, *told, mending.street.town.clock.now().isoformat()],
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()


def asked(mending: Mending, minor: int = 900) -> tuple[Request, UUID, UUID, BankAccount]:
    """Let an agent ask for what a supervisor may grant."""
    agent, boss = mending.staff(), mending.staff("supervisor")
    mending.limit("supervisor", bounds(1_000))
    mending.chain("supervisor")
    account = mending.street.person(money=0)[1]
    return mending.credit(agent, account, minor), agent, boss, account


@pytest.mark.parametrize(
    ("where", "done"),
    [
        ("care.authority.asking:use:before", False),
        ("care.authority.asking:use:after", False),
        ("care.authority.asking:tell:after", False),
        ("banking.goodwill:post:before", False),
        ("banking.goodwill:post:after", False),
        ("care.authority.asking:request_of:after", False),
        ("care.authority.asking:again_if_busy:after", True),
    ],
)
def test_an_act_was_once_or_not_at_all(mending: Mending, where: str, *, done: bool) -> None:
    agent, id_ = mending.staff(), new_id()
    mending.limit(agent, bounds(1_000, day=1_000))
    account = mending.street.person(money=0)[1]
    killed(mending, "ask", where, id_, agent, account)
    assert (mending.held(account), AuthorityRequestRow.objects.count()) == ((900, 1) if done else (0, 0))
    again = mending.credit(agent, account, 900, id_=id_, reason=REASON)
    assert (again.state, mending.held(account)) == (RequestState.DONE, 900)
    assert AuthorityGrantRow.objects.count() == 1, "the day would not have borne two"


@pytest.mark.parametrize(
    ("where", "approved"),
    [
        ("care.authority.approving:use:after", False),
        ("care.authority.approving:defer_deed:after", False),
        ("care.authority.approving:do_now:before", True),
        ("care.authority.executing:tell:after", True),
        ("banking.goodwill:post:after", True),
    ],
)
def test_killed_between_approval_and_deed_it_is_done_by_its_job(
    mending: Mending, where: str, *, approved: bool
) -> None:
    request, _, boss, account = asked(mending)
    killed(mending, "approve", where, request.id, boss, account)
    row = AuthorityRequestRow.objects.get()
    assert (row.state, mending.held(account)) == ("approved" if approved else "awaiting", 0)
    if not approved:
        mending.approve(request, boss)
    else:
        run_worker(wait=False, queues=["care"])
    assert (AuthorityRequestRow.objects.get().state, mending.held(account)) == ("done", 900)
    do_approved(request_id=str(request.id))
    authority.sweep(clock=mending.street.town.clock)
    assert (mending.held(account), AuthorityGrantRow.objects.count()) == (900, 1)


def test_a_job_that_was_lost_is_found_by_the_sweep(mending: Mending) -> None:
    request, _, boss, account = asked(mending)
    killed(mending, "approve", "care.authority.approving:do_now:before", request.id, boss, account)
    assert authority.sweep(clock=mending.street.town.clock) == 1
    assert authority.sweep(clock=mending.street.town.clock) == 0
    assert mending.held(account) == 900
