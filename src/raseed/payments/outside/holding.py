"""Taking in what goes outside: what its route reserves, and the errand that is written with the held payment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Final
from uuid import UUID

from raseed.kernel.errors import RaseedError

from ..domain import Destination
from ..errors import LaneClosed
from ..routes import outside_route
from ..sending import Outcome, Sending, accepted, ended_at
from ..sql import STATEMENTS, run
from .domain import LANE_LENGTH_MAX, LaneTerms

STANDARD: Final = LaneTerms()
"""The terms of a lane for which nobody has set other ones."""


def reserve(
    sendings: Sequence[Sending], refused_before: Mapping[UUID, RaseedError]
) -> tuple[set[UUID], dict[UUID, RaseedError]]:
    """Have routes reserve what goes outside; return the ids of what is reserved, and who is refused.

    First in the accepting transaction: routes lock their rows, and nothing that payments lock comes before them.
    """
    leaving = [each for each in sendings if each.lane and each.instruction.id not in refused_before]
    if not leaving:
        return set(), {}
    closed = _lanes_made({each.lane: _found(each).institution_id for each in leaving if each.lane})
    refusals: dict[UUID, RaseedError] = {
        each.instruction.id: LaneClosed(field="to") for each in leaving if each.lane in closed
    }
    by_route: dict[str, list[Sending]] = defaultdict(list)
    for each in sorted(leaving, key=lambda one: one.instruction.id):
        if each.instruction.id not in refusals:
            by_route[_found(each).route].append(each)
    for code in sorted(by_route):
        refusals |= outside_route(code).reserve([accepted(each) for each in by_route[code]])
    return {each.instruction.id for each in leaving} - refusals.keys(), refusals


def closed_lanes(codes: Iterable[str]) -> set[str]:
    """Return those lanes that staff have closed."""
    return {code for code, closed in run(STATEMENTS["lanes_there"], {"codes": list(codes)}) if closed}


def _lanes_made(wanted: Mapping[str, UUID]) -> set[str]:
    """Make the lanes that are new, and return those of all that staff have closed."""
    there: dict[str, bool] = dict(run(STATEMENTS["lanes_there"], {"codes": list(wanted)}))
    missing = [code for code in wanted if code not in there]
    if missing:
        assert all(len(code) <= LANE_LENGTH_MAX for code in missing), "the code of a lane is short"
        parameters = {"codes": missing, "institutions": [wanted[code] for code in missing]}
        run(STATEMENTS["make_lanes"], parameters | asdict(STANDARD))
    return {code for code, closed in there.items() if closed}


def send_out(sendings: Sequence[Sending], outcome: Outcome) -> None:
    """Write the errands of what is held, and wake a courier when the transaction commits."""
    held = [each for each in sendings if each.lane and each.instruction.id not in outcome.refusals]
    if not held:
        return
    run(
        STATEMENTS["add_errands"],
        {
            "ids": [each.instruction.id for each in held],
            "lanes": [each.lane for each in held],
            "institutions": [each.payer.institution_id for each in held],
            "held": [ended_at(each, outcome.settled_at) for each in held],
        },
    )
    run(STATEMENTS["wake_couriers"], {})


def _found(sending: Sending) -> Destination:
    assert isinstance(sending.destination, Destination), "what has a lane has a destination"
    return sending.destination
