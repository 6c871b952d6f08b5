"""Reads of the demo: is it planted, and who may sign in."""

from __future__ import annotations

from dataclasses import dataclass

from .models import WorldRow
from .services import BLOCK, FIRST_BLOCK
from .world.cast import FIRM_SIGHT, SIGHTS, cast_of
from .world.people import people_of_block
from .world.places import BANK, ISSUERS


@dataclass(frozen=True, slots=True)
class SignIn:
    """Somebody who may sign in; ``places`` are the institutions that keep an account of theirs, in their language.

    ``sight`` is what there is to see with them, a message id.
    """

    name: str
    phone: str
    language: str
    places: tuple[str, ...]
    sight: str


def planted() -> bool:
    """Say whether a demo world is here, wholly planted."""
    world = WorldRow.objects.first()
    blocks = 0 if world is None else 1 + max(0, -(-(world.people - FIRST_BLOCK) // BLOCK))
    return world is not None and world.blocks_done >= blocks


def planted_seed() -> int | None:
    """Return the seed of the world that is wholly planted, if there is one."""
    world = WorldRow.objects.first()
    return world.seed if world is not None and planted() else None


def who() -> list[SignIn]:
    """Return the named people of the world that is planted, two in each language, and the firm."""
    world = WorldRow.objects.first()
    if world is None or not world.blocks_done:
        return []
    cast = cast_of(world.seed, people_of_block(world.seed, 0, 0, min(world.people, FIRST_BLOCK)))
    people = [
        SignIn(
            name=person.names[person.language],
            phone=person.phone,
            language=person.language,
            places=(ISSUERS[person.issuer].names[person.language], BANK.names[person.language]),
            sight=sight,
        )
        for person, sight in zip(cast.named, SIGHTS, strict=True)
    ]
    firm = cast.firm
    return [
        *people,
        SignIn(firm.names[firm.language], firm.phone, firm.language, (BANK.names[firm.language],), FIRM_SIGHT),
    ]
