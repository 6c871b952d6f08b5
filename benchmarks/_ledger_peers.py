"""The peers of the ledger's benchmark, on the same machine, in the same run."""

from __future__ import annotations

import re
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks import BenchDatabase, Context

_PGLEDGER_ACCOUNTS = 10_000
_TIGERBEETLE_BATCH = 8_189


def pgledger(context: Context, database: BenchDatabase, path: Path, seconds: float) -> dict[str, float]:
    """Measure pgledger (the path of its public SQL file): transfers/s, one at a time and 100 at a time, one connection.

    Its ids need ``uuid_to_ulid``; where that extension is absent a plain hexadecimal text stands in, which is cheaper.
    """
    context.tell("pgledger …")
    with psycopg.connect(database.superuser_dsn, autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS pgledger")
        admin.execute("CREATE DATABASE pgledger")
    dsn = database.superuser_dsn.replace("dbname=raseed", "dbname=pgledger")
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "CREATE FUNCTION uuid_to_ulid(id uuid) RETURNS text LANGUAGE sql IMMUTABLE AS"
            " $$ SELECT replace(id::text, '-', '') $$"
        )
        connection.execute(path.read_text(encoding="utf-8").encode())
        ids = [
            row[0]
            for row in connection.execute(
                "INSERT INTO pgledger_accounts (name, currency, allow_negative_balance, allow_positive_balance,"
                " created_at, updated_at) SELECT 'a' || n, 'EGP', true, true, now(), now()"
                " FROM generate_series(1, %s) n RETURNING id",
                [_PGLEDGER_ACCOUNTS],
            )
        ]
        single = "SELECT count(*) FROM pgledger_create_transfer(%s, %s, '1')"
        many = (
            "SELECT count(*) FROM pgledger_create_transfers((SELECT array_agg(ROW(f, t, '1')::transfer_request)"
            " FROM unnest(%s::text[], %s::text[]) x (f, t)))"
        )
        return {
            "pgledger_single": _rate(connection, single, ids, 1, seconds),
            "pgledger_bulk_100": _rate(connection, many, ids, 100, seconds),
        }


def _rate(connection: psycopg.Connection[Any], statement: str, ids: list[str], batch: int, seconds: float) -> float:
    done, place, began = 0, 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        debits = [ids[(place + n * 7) % len(ids)] for n in range(batch)]
        credits = [ids[(place + n * 7 + 3) % len(ids)] for n in range(batch)]
        place += 11
        connection.execute(statement, [debits, credits] if batch > 1 else [debits[0], credits[0]])
        done += batch
    return round(done / (time.perf_counter() - began))


def pgbench(context: Context, database: BenchDatabase, seconds: float) -> dict[str, float]:
    """Measure pgbench's TPC-B-like script, scale 100, 16 clients: transactions/s."""
    context.tell("pgbench …")
    server = database.server
    with psycopg.connect(database.superuser_dsn, autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS pgbench")
        admin.execute("CREATE DATABASE pgbench")
    dsn = database.superuser_dsn.replace("dbname=raseed", "dbname=pgbench")
    program = str(server.binaries / "pgbench")
    subprocess.run([program, "-i", "-q", "-s", "100", dsn], check=True, capture_output=True)
    duration = str(max(1, round(seconds)))
    answer = subprocess.run(
        [program, "-c", "16", "-j", "2", "-M", "prepared", "-T", duration, dsn],
        check=True,
        capture_output=True,
        text=True,
    )
    found = re.search(r"tps = ([\d.]+)", answer.stdout)
    return {"pgbench_tpcb_16_clients": round(float(found[1]))} if found else {}


def tigerbeetle(context: Context, address: str, seconds: float) -> dict[str, float]:
    """Measure a running TigerBeetle at ``address``: transfers/s in batches of 8,189 over 10,000 accounts."""
    import tigerbeetle as tb  # noqa: PLC0415  (extra "bench")

    context.tell("TigerBeetle …")
    found: dict[str, float] = {}

    def measure() -> None:
        with tb.ClientSync(cluster_id=0, replica_addresses=address) as client:
            ids = [tb.id() for _ in range(8_000)]
            client.create_accounts([tb.Account(id=id_, ledger=1, code=1) for id_ in ids])
            done, began, busy = 0, time.perf_counter(), 0.0
            while time.perf_counter() - began < seconds:
                batch = [
                    tb.Transfer(
                        id=tb.id(), debit_account_id=ids[n % 8_000], credit_account_id=ids[(n * 7 + 1) % 8_000],
                        amount=1, ledger=1, code=1,
                    )
                    for n in range(_TIGERBEETLE_BATCH)
                ]  # fmt: skip
                asked = time.perf_counter()
                client.create_transfers(batch)
                busy += time.perf_counter() - asked
                done += len(batch)
            found["tigerbeetle_8189"] = round(done / busy)

    worker = threading.Thread(target=measure, daemon=True)
    worker.start()
    worker.join(timeout=seconds + 30)
    if not found:
        context.tell(f"no TigerBeetle answered at {address}")
    return found
