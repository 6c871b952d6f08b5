"""What the benchmark of proofs works on: customers' accounts that grow in number, a steady poster, and a rebuild apart."""

from __future__ import annotations

import json
import os
import random
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from uuid import UUID

FUNDED_SHARE: Final = 4
"""One account in so many has something."""
AT_ONCE: Final = 8_190
POSTED_AT_ONCE: Final = 20
HOUSE_CODE: Final = 9_001
FUNDING: Final = 10**9


class Growing:
    """Accounts of customers in one ledger, opened and funded through the ledger's door as more are asked for."""

    def __init__(self) -> None:
        from raseed.display.api import customer_codes  # noqa: PLC0415  (after Django is set up)
        from raseed.kernel.ids import new_id  # noqa: PLC0415
        from raseed.kernel.money import currency  # noqa: PLC0415
        from raseed.ledger import api  # noqa: PLC0415

        self._api, self._new_id = api, new_id
        self.ledger = api.open_ledger(institution_id=new_id(), currency=currency("EGP"))
        self.code = customer_codes()[0]
        self._house = new_id()
        api.create_accounts([api.NewAccount(self._house, self.ledger, HOUSE_CODE)])
        self.ids: list[UUID] = []

    def to(self, count: int, tell: Callable[[str], None] | None = None) -> None:
        """Have so many accounts, at least."""
        while len(self.ids) < count:
            fresh = self.open_more(min(AT_ONCE, count - len(self.ids)))
            self._fund(fresh[::FUNDED_SHARE])
            self.ids += fresh
            if tell and len(self.ids) % (AT_ONCE * 100) == 0:
                tell(f"{len(self.ids):,} accounts …")

    def open_more(self, count: int) -> list[UUID]:
        """Open accounts that are nobody else's business."""
        api, ids = self._api, [self._new_id() for _ in range(count)]
        for start in range(0, count, AT_ONCE):
            api.create_accounts([api.NewAccount(id_, self.ledger, self.code) for id_ in ids[start : start + AT_ONCE]])
        return ids

    def pay(self, account: UUID, amount: int) -> None:
        """Pay something into an account."""
        transfer = self._api.NewTransfer(self._new_id(), self._house, account, amount, self.ledger, 1)
        if any(self._api.create_transfers([transfer])):
            raise RuntimeError("paying was refused")

    def _fund(self, accounts: Sequence[UUID]) -> None:
        transfers = [
            self._api.NewTransfer(self._new_id(), self._house, id_, FUNDING, self.ledger, 1) for id_ in accounts
        ]
        if any(self._api.create_transfers(transfers)):
            raise RuntimeError("funding was refused")


def post_steadily(
    surroundings: Mapping[str, str], ledger: int, accounts: Sequence[bytes], rate: int, seconds: float
) -> None:
    """Post so many transfers a second among the accounts, in a process of its own."""
    os.environ.update(surroundings)
    import uuid  # noqa: PLC0415

    import django  # noqa: PLC0415

    django.setup()
    from raseed.kernel.ids import new_id  # noqa: PLC0415
    from raseed.ledger import api  # noqa: PLC0415

    picked, ids = random.Random(7), [uuid.UUID(bytes=raw) for raw in accounts]
    began, posted = time.perf_counter(), 0
    while (passed := time.perf_counter() - began) < seconds:
        if posted > passed * rate:
            time.sleep(POSTED_AT_ONCE / rate / 4)
            continue
        pairs = [picked.sample(ids, 2) for _ in range(POSTED_AT_ONCE)]
        api.create_transfers([api.NewTransfer(new_id(), one, other, 3, ledger, 1) for one, other in pairs])
        posted += POSTED_AT_ONCE
    if posted < 0.95 * rate * seconds:
        sys.exit(3)  # the machine did not keep up


def rebuild_apart(surroundings: Mapping[str, str], home: Path) -> dict[str, Any]:
    """Work a tree out from the ledger in a process of its own; return seconds, memory and what it came to."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks._display_world", str(home)],
        env=dict(surroundings), cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"the rebuild failed: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _rebuild(home: Path) -> None:
    import django  # noqa: PLC0415

    django.setup()
    from raseed.display.api import customer_codes  # noqa: PLC0415
    from raseed.display.connecting import open_connection  # noqa: PLC0415
    from raseed.display.prover.building import Site, build  # noqa: PLC0415
    from raseed.display.prover.keys import renew_secrets  # noqa: PLC0415
    from raseed.kernel.ids import new_id  # noqa: PLC0415

    with open_connection() as connection, Peak() as peak:
        [upto] = connection.execute("SELECT batch FROM ledger_checkpoint ORDER BY number DESC LIMIT 1").fetchone() or [
            0
        ]
        began, codes = time.perf_counter(), customer_codes()
        counted: Any = "SELECT ledger, count(*) FROM ledger_account WHERE code = ANY(%s) GROUP BY ledger"
        sites = [Site(ledger, new_id(), count) for ledger, count in connection.execute(counted, [list(codes)])]
        for site in sites:
            renew_secrets(home, site.tree_id)
        stores = build(connection, home, sites, codes=codes, upto=upto)
        seconds = time.perf_counter() - began
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = resource.getrusage(resource.RUSAGE_SELF)
    files = sum(path.stat().st_blocks * 512 for path in home.rglob("*") if path.is_file())
    print(json.dumps({
        "seconds": seconds,
        "accounts": sum(store.accounts for store in stores.values()),
        "own_memory_mb": peak.anonymous_kb // 1024,
        "with_mapped_files_mb": own.ru_maxrss // 1024,
        "files_mb": files >> 20,
        "cpu_seconds": round(own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime, 2),
    }))  # fmt: skip


class Peak:
    """The most memory of this process's own (not of files) while the ``with`` lasts; Linux."""

    def __init__(self) -> None:
        self.anonymous_kb = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(0.05):
            self.anonymous_kb = max(self.anonymous_kb, *_anonymous())


def _anonymous() -> Iterator[int]:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon:"):
            yield int(line.split()[1])


if __name__ == "__main__":
    _rebuild(Path(sys.argv[1]))
