"""The front door of ``demo``: planting, and who may sign in."""

from __future__ import annotations

import os

from raseed.platform.api import Progress, no_progress

from .errors import NotEmbedded, NumberOfPeopleRefused, OtherWorld
from .queries import SignIn, planted, who
from .services import FIRST_BLOCK, World, plant_world
from .world.people import SEED

__all__ = [
    "FIRST_BLOCK",
    "SEED",
    "NotEmbedded",
    "NumberOfPeopleRefused",
    "OtherWorld",
    "SignIn",
    "World",
    "plant",
    "planted",
    "who",
]


def plant(*, people: int = FIRST_BLOCK, seed: int = SEED, progress: Progress = no_progress) -> World:
    """Plant the demo world into the embedded database; see ``services.plant_world``.

    Raises:
        NotEmbedded: ``DATABASE_URL`` names a server.
        NumberOfPeopleRefused, OtherWorld: what they say.
    """
    if os.environ.get("DATABASE_URL"):
        raise NotEmbedded
    return plant_world(people=people, seed=seed, progress=progress)
