from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .asking import Desk


def _world() -> Any:
    from raseed.care.clocks.tests.desk import someone  # noqa: PLC0415  (Django is set up by then)
    from raseed.care.duty import api as duty  # noqa: PLC0415
    from raseed.kernel.clock import ManualClock  # noqa: PLC0415
    from raseed.people.tests.world import an_institution  # noqa: PLC0415

    from .asking import NOON  # noqa: PLC0415

    made = an_institution()
    someone(made.id, "lead", "supervisor")
    duty.default_team(made.id, clock=ManualClock(NOON))
    return made


@pytest.fixture(scope="session")
def build() -> Any:
    return _world


@pytest.fixture
def desk(built: Any, database: Any, monkeypatch: pytest.MonkeyPatch) -> Desk:
    import psycopg  # noqa: PLC0415

    from raseed.care.promises import saying  # noqa: PLC0415
    from raseed.people import api as people  # noqa: PLC0415

    from .asking import ALL, Desk, write_down  # noqa: PLC0415

    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        owner.execute("CREATE TABLE heard (message_id uuid, conversation_id uuid, language text, said text)")
        owner.execute("GRANT SELECT, INSERT ON heard TO raseed_app")
    made = Desk(built.id)
    monkeypatch.setattr(people, "author_of_staff", lambda staff_id: people.Author(f"staff:{staff_id}", {built.id: ALL}))
    monkeypatch.setattr(saying, "tell", write_down)  # conversations have tests beside this
    return made
