"""The floor under every other figure: what one commit, and one round trip, cost on this machine's disk and PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from benchmarks import Claim, median_rate

if TYPE_CHECKING:
    from benchmarks import Context


def run(context: Context) -> list[Claim]:
    """Measure commits a second on one connection, and round trips that write nothing."""
    database = context.database()
    count = 50 if context.quick else 2000
    with psycopg.connect(database.owner_dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE bench_commit (n bigint)")

        def commits() -> int:
            for number in range(count):
                connection.execute("INSERT INTO bench_commit VALUES (%s)", [number])
            return count

        def round_trips() -> int:
            for _ in range(count):
                connection.execute("SELECT 1")
            return count

        runs = 1 if context.quick else 5
        context.tell("commits …")
        committed = median_rate(commits, runs=runs)
        context.tell("round trips …")
        answered = median_rate(round_trips, runs=runs)
    return [
        Claim("database.commits.conns_1", round(committed), "commits/s"),
        Claim("database.round_trips.conns_1", round(answered), "statements/s"),
    ]
