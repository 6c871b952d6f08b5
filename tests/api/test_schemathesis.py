"""Schemathesis finds nothing: requests made from the description, and against it, by a tool that is not ours.

A real server process on a real database. One run asks as a member of staff, one as a customer; in each, half of the time is
spent with ids that exist. ``RASEED_TEST_EFFORT`` multiplies the time, and ``RASEED_HYPOTHESIS=long`` gives it a minute a run.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.people.staff.roles import STARTING_ROLES
from raseed.people.tests.office import a_colleague
from raseed.platform.webhooks import api as webhooks
from raseed.platform.webhooks.tests.receiving import owe_all
from raseed_testing import NewDatabase

from .serving import serving
from .world import HOOK, World, build_world, every_permission, issue

pytestmark = pytest.mark.slow
SECONDS = (60 if os.environ.get("RASEED_HYPOTHESIS") == "long" else 15) * int(os.environ.get("RASEED_TEST_EFFORT", "1"))
LEAST = 20
"""Requests that must have passed for a run to count; on a quiet machine there are hundreds, on a busy one not."""
CONFIG = Path(__file__).parent / "schemathesis.toml"


@dataclass(frozen=True)
class Served:
    """Where the server is, what there is to ask about, and the keys."""

    address: str
    ids: dict[str, UUID]
    loan_id: UUID
    keys: dict[str, str]


@pytest.fixture(scope="module")
def served(new_database: NewDatabase) -> Iterator[Served]:
    with new_database(build_world) as database:
        world: World = database.built
        colleague = a_colleague(world.bank, roles=tuple(STARTING_ROLES)).staff
        author = people.author_of_staff(colleague.id)
        _, staffs = issue(colleague.actor, world.bank, author.permissions[world.bank] & every_permission(), by=author)
        with serving(RASEED_API_RATE="0") as address:
            yield Served(address, _ids(world, author), _loan(world), {"staff": staffs, "customer": world.lailas})


@pytest.mark.parametrize("holder", ["staff", "customer"])
@pytest.mark.parametrize("ids", ["any", "existing"])
def test_nothing_contradicts_the_description(served: Served, tmp_path: Path, holder: str, ids: str) -> None:
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG.read_text() + (_parameters(served) if ids == "existing" else ""))
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(config), "run",
        f"{served.address}/api/v1/openapi.json", "--header", f"Authorization: Bearer {served.keys[holder]}",
        "--checks", "all", "--mode", "all", "--continue-on-failure", "--max-time", str(SECONDS), "--workers", "1",
        "--no-color", "--request-timeout", "30", "--suppress-health-check", "all",
    ]  # fmt: skip
    seconds_max = 20 * SECONDS + 120
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path, timeout=seconds_max)
    print(done.stdout[-20_000:])
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    tested = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert tested is not None, done.stdout[-3_000:]
    assert int(tested[2]) > LEAST, "hardly anything was asked"


def _ids(world: World, author: people.Author) -> dict[str, UUID]:
    """Return one of everything that an address can name."""
    endpoint, _ = webhooks.register_endpoint(
        id=new_id(), institution_id=world.bank, url=HOOK, events=["*"], by=people.SYSTEM
    )
    banking.block_account(account_id=world.account.id, by=author, reason="called at 14:03")
    banking.unblock_account(account_id=world.account.id, by=author, reason="found again")
    owe_all()
    change = banking.propose_limits(
        id=new_id(), of=world.wallet.product, limits=banking.Limits(1_000, 2_000), valid_from=date(2030, 1, 1),
        reason="decision of the board", by=author,
    )  # fmt: skip
    return {
        "account_id": world.wallet.id, "customer_id": world.laila.id, "institution_id": world.bank,
        "payment_id": world.payment_id, "order_id": world.order_id, "product_id": world.wallet.product.id, "change_id": change.id,
        "webhook_id": endpoint.id, "event_id": webhooks.deliveries(endpoint.id, by=people.SYSTEM).deliveries[0].event_id,
    }  # fmt: skip


def _loan(world: World) -> UUID:
    (offered,) = [each for each in banking.products_of(world.bank) if each.kind is banking.ProductKind.LOAN]
    first_due_on = SYSTEM_CLOCK.now().date() + timedelta(days=30)
    terms = banking.LoanTerms(annual_rate_ppm=240_000, instalments=12, first_due_on=first_due_on)
    loan = banking.grant_loan(
        id=new_id(), product_id=offered.id, pay_to_account_id=world.account.id, principal_minor=100_000, terms=terms,
        by=people.SYSTEM, reason="asked for",
    )  # fmt: skip
    return loan.account.id


def _parameters(served: Served) -> str:
    lines = ["", "[parameters]", *(f'"path.{name}" = "{id_}"' for name, id_ in served.ids.items())]
    for path in ("/api/v1/accounts/{account_id}/loan", "/api/v1/accounts/{account_id}/loan/schedule"):
        fixed = f'{{ "path.account_id" = "{served.loan_id}" }}'
        lines += ["", "[[operations]]", f'include-path = "{path}"', f"parameters = {fixed}"]
    return "\n".join(lines) + "\n"
