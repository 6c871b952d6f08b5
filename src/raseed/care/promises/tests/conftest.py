from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .asking import Desk


def _world() -> Any:
    from raseed.people.tests.world import an_institution  # noqa: PLC0415  (Django is set up by then)

    return an_institution()


@pytest.fixture(scope="session")
def build() -> Any:
    return _world


@pytest.fixture
def desk(built: Any, database: Any, monkeypatch: pytest.MonkeyPatch) -> Desk:
    import psycopg  # noqa: PLC0415

    from raseed.care.promises import ports  # noqa: PLC0415
    from raseed.people import api as people  # noqa: PLC0415

    from .asking import ALL, Desk, write_down  # noqa: PLC0415

    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        owner.execute("CREATE TABLE heard (message_id uuid, conversation_id uuid, language text, said text)")
        owner.execute("GRANT SELECT, INSERT ON heard TO raseed_app")
    made = Desk(built.id)
    monkeypatch.setattr(people, "author_of_staff", lambda staff_id: people.Author(f"staff:{staff_id}", {built.id: ALL}))
    monkeypatch.setattr(ports, "_voices", [])  # not the house's own rooms: they have tests beside this
    monkeypatch.setattr(ports, "_clocks", [])
    ports.register_voice(write_down)
    return made
