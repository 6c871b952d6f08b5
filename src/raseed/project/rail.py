"""The rail process's door for granian (ASGI): the machine APIs of all packages, with health and metrics beside them."""

from __future__ import annotations

import asyncio
import gc
import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "raseed.project.settings")
django.setup()

# What follows needs what setup has made.
from django.db import DatabaseError, connection  # noqa: E402
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest  # noqa: E402
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4  # noqa: E402

from raseed.care.http.rail import CareChanges  # noqa: E402
from raseed.channels.http import rail as channels_rail  # noqa: E402
from raseed.channels.http.metrics import HookFigures  # noqa: E402
from raseed.display.http.certificates import CertificateRail  # noqa: E402
from raseed.display.http.metrics import ProofFigures  # noqa: E402
from raseed.display.http.rail import Changes  # noqa: E402
from raseed.ledger.commit import GroupCommit  # noqa: E402
from raseed.ledger.http import rail as ledger_rail  # noqa: E402
from raseed.ledger.http.metrics import GroupCommitFigures  # noqa: E402
from raseed.platform.rail.application import Answer, Rail, Request, Route  # noqa: E402
from raseed.platform.rail.errors import RailBusy  # noqa: E402
from raseed.platform.rail.metrics import Requests  # noqa: E402
from raseed.platform.rail.pool import Pool  # noqa: E402
from raseed.platform.rail.sign_in import Keys, key_from_file, keys_from_setting  # noqa: E402
from raseed.platform.rail.stopping import when_asked_to_stop  # noqa: E402

SWITCH_SECONDS = 0.001
"""How long a thread of Python's may keep the others waiting: lanes and loop take turns often."""
GARBAGE_OBJECTS = 20_000
"""So many objects more than before, and Python looks for cycles among them. Its own 700 are the requests of a moment, none of
them garbage: looking through them again and again took a sixth of the rail's time."""
HEALTH_SECONDS_MAX = 2.0
OWN_KEYS = {"ledger-api": "ledger", "metrics": "metrics", "certificates": "certificates"}
"""Files of keys in ``RASEED_HOME/keys``, and the scope of each."""
KEYS = os.environ.get("RASEED_RAIL_KEYS", "")
"""Further systems' keys: ``name:scope+scope:sha256`` in hexadecimal, separated by commas."""


def build() -> Rail:
    """Put the rail together; keys are made at the first start."""
    own = [key_from_file(name, scope) for name, scope in OWN_KEYS.items()]
    keys = Keys([*own, *keys_from_setting(KEYS)])
    commit, pool, requests = GroupCommit(), Pool(), Requests()
    hooks = channels_rail.Hooks(pool)
    changes = Changes(pool, when_asked_to_stop=when_asked_to_stop)
    care_changes = CareChanges(pool, when_asked_to_stop=when_asked_to_stop)
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    for collector in (requests, GroupCommitFigures(commit), ProofFigures(), HookFigures(hooks.intake)):
        registry.register(collector)

    async def health(_request: Request) -> Answer:
        try:
            async with asyncio.timeout(HEALTH_SECONDS_MAX):
                await pool.run(_ask_database)
        except (DatabaseError, TimeoutError, RailBusy):
            return Answer(b'{"status":"no database"}', 503)
        return Answer(b'{"status":"ok"}')

    async def metrics(_request: Request) -> Answer:
        return Answer(generate_latest(registry), kind=CONTENT_TYPE_PLAIN_0_0_4.encode())

    async def start() -> None:
        sys.setswitchinterval(SWITCH_SECONDS)
        gc.collect()
        gc.freeze()  # what the start made stays: no collection walks it again
        gc.set_threshold(GARBAGE_OBJECTS)
        commit.start()

    async def stop() -> None:
        await changes.close()
        await care_changes.close()
        await hooks.close()
        await asyncio.to_thread(commit.close)
        await asyncio.to_thread(pool.close)

    return Rail(
        [
            *ledger_rail.LedgerRail(commit, pool).routes(),
            *CertificateRail().routes(),
            *changes.routes(),
            *care_changes.routes(),
            *hooks.routes(),
            Route("GET", "/health", health, None, "Whether the rail and its database answer."),
            Route("GET", "/metrics", metrics, "metrics", "Figures for Prometheus."),
        ],
        keys,
        statuses={**ledger_rail.STATUSES, **channels_rail.STATUSES},
        requests=requests,
        on_start=[start],
        on_stop=[stop],
    )


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


application = build()
