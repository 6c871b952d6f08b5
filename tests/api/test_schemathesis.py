"""Schemathesis finds nothing: requests made from the description, and against it, by a tool that is not ours.

A real server process on a real database. One run asks as an institution, one as a customer; in each, half of the time is
spent with ids that exist. ``RASEED_TEST_EFFORT`` multiplies the time.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from raseed_testing import Database

from .serving import serving
from .world import World, build_world

pytestmark = pytest.mark.slow
SECONDS = 15 * int(os.environ.get("RASEED_TEST_EFFORT", "1"))
CONFIG = Path(__file__).parent / "schemathesis.toml"


@pytest.fixture(scope="module")
def served(
    new_database: Callable[[], AbstractContextManager[Database]],
) -> Iterator[tuple[str, World]]:
    with new_database():
        world = build_world()
        with serving(RASEED_API_RATE="0") as address:
            yield address, world


@pytest.mark.parametrize("holder", ["institution", "customer"])
@pytest.mark.parametrize("ids", ["any", "existing"])
def test_nothing_contradicts_the_description(served: tuple[str, World], tmp_path: Path, holder: str, ids: str) -> None:
    address, world = served
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG.read_text() + (_parameters(world) if ids == "existing" else ""))
    key = world.key if holder == "institution" else world.lailas
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(config), "run", f"{address}/api/v1/openapi.json",
        "--header", f"Authorization: Bearer {key}", "--checks", "all", "--mode", "all", "--continue-on-failure",
        "--max-time", str(SECONDS), "--workers", "1", "--no-color", "--request-timeout", "30",
        "--suppress-health-check", "all",
    ]  # fmt: skip
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=tmp_path, timeout=20 * SECONDS + 120
    )
    print(done.stdout[-20_000:])
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    assert re.search(r"[1-9]\d* generated, .*passed|No issues found", done.stdout), done.stdout[-3_000:]


def _parameters(world: World) -> str:
    ids = {
        "account_id": world.wallet.id, "customer_id": world.laila.id, "institution_id": world.bank,
        "payment_id": world.payment_id, "product_id": world.wallet.product.id, "webhook_id": world.webhook_id,
    }  # fmt: skip
    return "\n[parameters]\n" + "".join(f'"path.{name}" = "{id_}"\n' for name, id_ in ids.items())
