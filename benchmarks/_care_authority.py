"""Authority under fire: ten thousand tries from several processes at once, and not one grant above any limit.

Agents give goodwill credits to a few customers, as fast as they can, from processes that know nothing of one another. Every
limit is soon used up: an act's, a day's, a customer's, and the sum of small pieces. One try in five is sent again under its
id by another process in the same moment. What is counted afterwards is counted in SQL by a superuser, not by the code that
decided; and the money must be in the books to the piastre.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from benchmarks import Claim, Context, percentile
from benchmarks._processes import cpu_of_server, environment

if TYPE_CHECKING:
    from benchmarks import BenchDatabase

SEED: Final = 6
TRIES: Final = 10_000
AGENTS: Final = 8
CUSTOMERS: Final = 60
AGAIN: Final = 0.2
"""The share of tries that another process sends again under the same id."""
PER_ACT: Final = 1_000
PER_DAY: Final = 6_000
PER_CUSTOMER: Final = 1_500
MOST: Final = 1_300
"""The largest single amount that is tried: above what one act may come to."""
REASON: Final = "measured under load"
_ABOVE: Final = """
SELECT
    (SELECT count(*) FROM care_authority_grant WHERE amount_minor > %(act)s)
    + (SELECT count(*) FROM (SELECT FROM care_authority_grant GROUP BY staff_id, day HAVING sum(amount_minor) > %(day)s) AS d)
    + (SELECT count(*) FROM (SELECT FROM care_authority_grant GROUP BY customer_id HAVING sum(amount_minor) > %(customer)s) AS c)
    + (SELECT count(*) FROM (SELECT FROM care_authority_grant GROUP BY customer_id, action HAVING sum(amount_minor) > %(act)s) AS s)
"""
"""Grants, days, customers and sums of pieces (all within a few minutes, so one act's bound holds them) above their bound."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one try: its id, the state or the refusal's code, how long it took (ms)."""

    id: str
    answer: str
    ms: float


def measure(context: Context, database: BenchDatabase) -> list[Claim]:
    """Measure on a database that is there and migrated; a bank of its own is founded in it."""
    tries = int(context.option("tries", "400" if context.quick else str(TRIES)))
    processes = int(context.option("processes", "2" if context.quick else str(max(4, min(os.cpu_count() or 1, 8)))))
    bank_id, agents, accounts = _found()
    shares = _shares(tries, processes, agents, accounts)
    context.tell(f"authority: {tries:,} tries from {processes} processes …")
    began, cpu = time.perf_counter(), cpu_of_server(database)
    by_process = _fire(database, bank_id, shares)
    tried = [each for share in by_process for each in share]
    seconds = time.perf_counter() - began
    server_cpu = cpu_of_server(database) - cpu
    above, granted, given = _audit(database, bank_id, tried)
    ms = [each.ms for each in tried]
    answers = Counter(each.answer for each in tried)
    working = max(sum(each.ms for each in share) for share in by_process) / 1000
    return [
        Claim("care.authority.grants_above_a_limit", above, "grants", 0, better="lower",
              notes={"tries": len(tried), "processes": processes, "grants": granted, "given_minor": given, **answers}),
        Claim("care.authority.decisions_a_second", round(len(tried) / working), "decisions/s",
              notes={"p50_ms": round(percentile(ms, 0.5), 1), "p99_ms": round(percentile(ms, 0.99), 1),
                     "seconds_with_start": round(seconds, 1), "server_cpu_seconds": round(server_cpu, 1),
                     "agents": AGENTS, "customers": CUSTOMERS}),
    ]  # fmt: skip


def run(context: Context) -> list[Claim]:
    """Measure it alone, on a database of its own."""
    return measure(context, context.database())


def _found() -> tuple[UUID, list[UUID], list[tuple[UUID, UUID]]]:
    """Found the bank; return it, its agents with their limits set, and (account, owner) of customers without grants."""
    from benchmarks import _banking_world as world  # noqa: PLC0415  (after Django is set up)

    bank = world.found_bank(CUSTOMERS)
    accounts = [(each.id, each.owner_id) for each in world.open_accounts(bank, CUSTOMERS)]
    agents = [_agent(bank.id, number) for number in range(AGENTS)]
    _limit(bank.id, agents[:2])
    return bank.id, agents, accounts


def _agent(bank_id: UUID, number: int) -> UUID:
    """Hire somebody for customer service, and enrol them as they would do themselves."""
    from raseed.demo.authenticator import code_at  # noqa: PLC0415
    from raseed.kernel.clock import SYSTEM_CLOCK, ManualClock  # noqa: PLC0415
    from raseed.kernel.ids import new_id  # noqa: PLC0415
    from raseed.people import api as people  # noqa: PLC0415

    clock, name = ManualClock(SYSTEM_CLOCK.now()), f"Synthetic agent {number}"
    someone = people.add_staff(
        id=new_id(), login=f"agent{number}", names={"en": name, "ar": name}, language="en", institution_id=bank_id,
        role_ids=[people.role_by_slug(bank_id, "agent").id], by=people.SYSTEM, reason=REASON, clock=clock,
    )  # fmt: skip
    token = people.issue_invitation(someone.id, by=people.SYSTEM, reason=REASON, clock=clock).token
    enrolment = people.begin_enrolment(token=token, password=f"bench only {new_id()}", clock=clock)
    secret = enrolment.secret_text.replace(" ", "")
    people.finish_enrolment(token=token, code=code_at(secret, clock.now(), steps_ago=0), clock=clock)
    return someone.id


def _limit(bank_id: UUID, own: Sequence[UUID]) -> None:
    """Set the role's limits, and two persons' own that are the same, as two people do."""
    from raseed.care.api import authority  # noqa: PLC0415
    from raseed.kernel.ids import new_id  # noqa: PLC0415
    from raseed.people import api as people  # noqa: PLC0415

    proposer, confirmer = (
        people.Author(f"staff:{new_id()}", {bank_id: frozenset({f"care.limits.{deed}"})})
        for deed in ("propose", "confirm")
    )
    role = people.role_by_slug(bank_id, "agent").id
    holders = [(authority.HolderKind.ROLE, role), *((authority.HolderKind.STAFF, each) for each in own)]
    for kind, holder in holders:
        change = authority.propose_limit(
            id=new_id(), institution_id=bank_id, holder_kind=kind, holder_id=holder, action="goodwill_credit",
            currency_code="EGP", bounds=authority.Bounds(PER_ACT, PER_DAY, PER_CUSTOMER), reason=REASON, by=proposer,
        )  # fmt: skip
        people.confirm_change(change.id, by=confirmer)


def _shares(
    tries: int, processes: int, agents: Sequence[UUID], accounts: Sequence[tuple[UUID, UUID]]
) -> list[list[list[str | int]]]:
    """Return what each process tries: a part of all, and some of what another tries, under the same id."""
    from raseed.kernel.ids import new_id  # noqa: PLC0415

    rng = random.Random(SEED)
    shares: list[list[list[str | int]]] = [[] for _ in range(processes)]
    fresh = tries - int(tries * AGAIN)
    for number in range(fresh):
        account, owner = rng.choice(accounts)
        told: list[str | int] = [str(new_id()), str(rng.choice(agents)), str(account), str(owner), rng.randint(1, MOST)]
        shares[number % processes].append(told)
        if number < tries - fresh:
            shares[(number + 1) % processes].append(told)
    return shares


def _fire(database: BenchDatabase, bank_id: UUID, shares: list[list[list[str | int]]]) -> list[list[Tried]]:
    """Let all processes begin at the same moment, and return what came of each process's tries."""
    command = [sys.executable, "-m", "benchmarks._care_authority", str(bank_id)]
    running = [
        subprocess.Popen(command, env=environment(database), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in shares
    ]
    try:
        for process, share in zip(running, shares, strict=True):
            assert process.stdin is not None, "it was asked for"
            process.stdin.write(json.dumps(share) + "\n")
            process.stdin.flush()
        for process in running:
            assert process.stdout is not None, "it was asked for"
            assert process.stdout.readline() == "ready\n", "a process did not start"
        for process in running:
            assert process.stdin is not None, "it was asked for"
            process.stdin.write("go\n")
            process.stdin.flush()
        told = [process.communicate()[0] for process in running]
    finally:
        for process in running:
            process.kill()
    return [[Tried(*each) for each in json.loads(text)] for text in told]


def _audit(database: BenchDatabase, bank_id: UUID, tried: Sequence[Tried]) -> tuple[int, int, int]:
    """Return grants above a bound, grants, and what they come to; the books and the answers must say the same."""
    import psycopg  # noqa: PLC0415

    from raseed.banking import api as banking  # noqa: PLC0415
    from raseed.ledger import api as ledger  # noqa: PLC0415

    own = banking.internal_account(bank_id, banking.InternalRole.GOODWILL)
    balances = ledger.look_up_accounts([own.id])[own.id].balances
    with psycopg.connect(database.superuser_dsn) as admin:
        bounds = {"act": PER_ACT, "day": PER_DAY, "customer": PER_CUSTOMER}
        (above,) = admin.execute(_ABOVE, bounds).fetchone() or (-1,)
        (granted, given) = admin.execute(
            "SELECT count(*), COALESCE(sum(amount_minor), 0)::bigint FROM care_authority_grant"
        ).fetchone() or (-1, -1)
    done = {each.id for each in tried if each.answer == "done"}
    assert above == 0, f"{above} grants above a limit"
    assert len(done) == granted, f"{len(done)} were told that it was done, {granted} were"
    assert balances.debits_posted - balances.credits_posted == given, "the books hold what was granted, to the piastre"
    return above, granted, given


def _worker(bank_id: UUID) -> None:
    """Try what standard input says, one after the other, and say what came of each."""
    import django  # noqa: PLC0415

    django.setup()
    from raseed.care.api import authority  # noqa: PLC0415
    from raseed.kernel.errors import RaseedError  # noqa: PLC0415
    from raseed.kernel.money import Money, currency  # noqa: PLC0415
    from raseed.people import api as people  # noqa: PLC0415

    wanted, told, unit = json.loads(sys.stdin.readline()), [], currency("EGP")
    authors = {each: people.author_of_staff(UUID(each)) for each in {staff for _, staff, *_ in wanted}}
    print("ready", flush=True)
    sys.stdin.readline()
    for id_, staff, account, owner, minor in wanted:
        began = time.perf_counter()
        try:
            answer = authority.ask(
                id=UUID(id_), action="goodwill_credit", institution_id=bank_id, customer_id=UUID(owner),
                subject=f"account:{account}", amount=Money(minor, unit), reason=REASON, by=authors[staff],
            ).state.value  # fmt: skip
        except RaseedError as refusal:
            answer = refusal.code
        told.append((id_, answer, (time.perf_counter() - began) * 1000))
    print(json.dumps(told))


if __name__ == "__main__":
    _worker(UUID(sys.argv[1]))
