"""The front door of ``demo``: planting, and who may sign in."""

from __future__ import annotations

import os

from raseed.platform.api import Progress, no_progress

from .billers import billers_file, plant_billers
from .caring import plant_care
from .channel_lines import Ports, channels_file, plant_lines
from .errors import HouseNotRunning, NotEmbedded, NumberOfPeopleRefused, OtherWorld, StoryStuck
from .queries import SignIn, planted, planted_seed, who
from .services import FIRST_BLOCK, World, plant_world
from .settling import plant_settled_day
from .staff import StaffPlanted, plant_staff, staff_file
from .switching import (
    MANNER_WORDS,
    QUESTION_WORDS,
    Misbehaviour,
    Simulation,
    SimulationNotRunning,
    is_simulated,
    simulation,
    switch_billers,
)
from .upgrade.playing import Act, play_bad_upgrade
from .world.people import SEED

__all__ = [
    "FIRST_BLOCK",
    "MANNER_WORDS",
    "QUESTION_WORDS",
    "SEED",
    "Act",
    "HouseNotRunning",
    "Misbehaviour",
    "NotEmbedded",
    "NumberOfPeopleRefused",
    "OtherWorld",
    "SignIn",
    "Simulation",
    "SimulationNotRunning",
    "StaffPlanted",
    "StoryStuck",
    "World",
    "billers_file",
    "channels_file",
    "is_simulated",
    "plant",
    "plant_billers_found_at",
    "plant_channels_found_at",
    "plant_missing_staff",
    "planted",
    "play_bad_upgrade",
    "simulation",
    "staff_file",
    "switch_billers",
    "who",
]


def plant(*, people: int = FIRST_BLOCK, seed: int = SEED, progress: Progress = no_progress) -> World:
    """Plant the demo world, its staff and what they arranged for care; see ``services.plant_world`` and ``caring``.

    Raises:
        NotEmbedded: ``DATABASE_URL`` names a server.
        NumberOfPeopleRefused, OtherWorld: what they say.
    """
    if os.environ.get("DATABASE_URL"):
        raise NotEmbedded
    world = plant_world(people=people, seed=seed, home=staff_file().parent, progress=progress)
    plant_care(seed=seed)
    return world


def plant_missing_staff() -> StaffPlanted | None:
    """Let the staff of the world that is planted be able to sign in, anew if their file was lost; ``None``: there is no world.

    Raises:
        NotEmbedded: ``DATABASE_URL`` names a server.
    """
    if os.environ.get("DATABASE_URL"):
        raise NotEmbedded
    seed = planted_seed()
    if seed is None:
        return None
    done = plant_staff(seed=seed)
    plant_care(seed=seed)
    return done


def plant_channels_found_at(port: int, rail: str) -> int:
    """Let the bank's lines be registered, with the simulated channels at a port of loopback that deliver to the rail's ``host:port``.

    Returns:
        How many lines there are; none where no world is planted.

    Raises:
        NotEmbedded: ``DATABASE_URL`` names a server.
    """
    if os.environ.get("DATABASE_URL"):
        raise NotEmbedded
    return plant_lines(Ports(channels=port, rail=rail))


def plant_billers_found_at(port: int) -> int:
    """Let the demo's billers be registered and found at a port of loopback; return how many there are.

    One more, by files, was paid yesterday: its day is closed, and its file held against it.

    Raises:
        NotEmbedded: ``DATABASE_URL`` names a server.
    """
    if os.environ.get("DATABASE_URL"):
        raise NotEmbedded
    count = plant_billers(port=port)
    plant_settled_day()
    return count
