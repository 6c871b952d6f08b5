"""Planting the bank's lines: the numbers, bot and accounts at which it is reached, all of them at the simulated channels.

Registered through the doors that everyone uses, with secrets made at the first start: for us they lie in the lines' own files, for
the simulator in ``RASEED_HOME/demo-channels.json`` (0600), which it reads again when it has changed.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from raseed.channels import api as channels
from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.people import api as people_api

from .channels.lines import Customer, file_text
from .channels.lines import Line as SimulatedLine
from .home_file import put_in_place
from .models import WorldRow
from .queries import planted, who
from .world.channels import APP_ID, LINES, TEMPLATES, WABA, Reached
from .world.people import SeededIds, draw
from .world.places import BANK

NAME: Final = "demo-channels.json"
REASON: Final = "lines of the demo world"
GRAPH_VERSION: Final = "v23.0"
_STREAM: Final = 3


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the simulated channels are, on loopback, and where they deliver: the rail's ``host:port``."""

    channels: int
    rail: str


@dataclass(slots=True)
class _Kept:
    """What an earlier planting made: secrets by line."""

    secrets: dict[str, dict[str, str]] = field(default_factory=dict)


def channels_file() -> Path:
    """Return where this home keeps what the simulated channels need."""
    return Path(settings.HOME) / NAME


def plant_lines(ports: Ports, *, clock: Clock = SYSTEM_CLOCK) -> int:
    """Register the bank's lines that are missing, and let the simulator be found where it is now; return how many there are.

    Done again it changes nothing but addresses; where the file was lost, the lines get new secrets.
    """
    world = WorldRow.objects.first()
    if world is None or not planted():
        return 0
    bank = people_api.institution_by_slug(BANK.slug)
    kept = _kept(channels_file())
    simulated = []
    for place, reached in enumerate(LINES):
        line = _registered(world.seed, place, reached, bank.id, ports, clock)
        if reached.secrets:
            known = kept.secrets.get(f"{reached.channel}:{reached.address}") or {}
            simulated.append(_simulated(line, reached, known, ports, clock))
        if reached.channel == "whatsapp":
            _register_templates(line.id, clock)
    customers = [Customer(each.phone, each.name, each.language) for each in who()[:-1]]
    templates = [
        {"waba": WABA, "name": name, "language": language, "body": body}
        for name, bodies in TEMPLATES.items()
        for language, body in bodies.items()
    ]
    text = file_text(simulated, customers, port=ports.channels, rail=ports.rail, templates=templates)
    put_in_place(channels_file(), text + "\n")
    return len(LINES)


def _registered(seed: int, place: int, reached: Reached, bank_id: UUID, ports: Ports, clock: Clock) -> channels.Line:
    line_id = SeededIds(draw(seed, "line", place), 0, _STREAM).next()
    told = _settings(reached, ports)
    try:
        line = channels.line(line_id)
    except channels.LineUnknown:
        line = channels.register_line(
            id=line_id, institution_id=bank_id, channel=channels.Channel(reached.channel), address=reached.address,
            names={language: f"{name} · {reached.names[language]}" for language, name in BANK.names.items()},
            purpose=channels.LinePurpose(reached.purpose), settings=told, by=people_api.SYSTEM, reason=REASON, clock=clock,
        )  # fmt: skip
        if not reached.active:
            line = channels.change_line(
                line_id=line_id, active=False, by=people_api.SYSTEM, reason=REASON, clock=clock
            )  # fmt: skip
    if {**line.settings, **told} != dict(line.settings):
        merged = {**line.settings, **told}
        line = channels.change_line(
            line_id=line_id, settings=merged, by=people_api.SYSTEM, reason=REASON, clock=clock
        )  # fmt: skip
    return line


def _settings(reached: Reached, ports: Ports) -> dict[str, str]:
    address = f"http://127.0.0.1:{ports.channels}"
    if reached.channel == "sms":
        return {"api_base": f"{address}/sms"}
    if reached.channel == "whatsapp":
        return {"api_base": address, "graph_version": GRAPH_VERSION, "waba_id": WABA, "display_number": reached.display}
    return {"api_base": address} if reached.secrets else {}


def _simulated(
    line: channels.Line, reached: Reached, known: Mapping[str, str], ports: Ports, clock: Clock
) -> SimulatedLine:
    """Let a line and its provider share secrets, and return it as the provider knows it."""
    made = {name: known.get(name) or _secret(reached, name) for name in reached.secrets}
    for name, value in made.items():
        if value != known.get(name):
            channels.set_line_secret(
                line_id=line.id, name=name, value=value, by=people_api.SYSTEM, reason=REASON, clock=clock
            )  # fmt: skip
    facts = {"display": reached.display}
    if reached.channel == "whatsapp":
        facts |= {"waba": WABA, "app_id": APP_ID}
    if reached.channel == "x":
        facts = {"screen_name": reached.display}
    hook = f"http://{ports.rail}/hooks/{reached.channel}/{line.id}"
    return SimulatedLine(reached.channel, reached.address, BANK.names["ar"], reached.purpose, hook, made, facts)


def _secret(reached: Reached, name: str) -> str:
    """Return a fresh secret in the provider's own shape."""
    fresh = secrets.token_urlsafe(32).replace("-", "A").replace("_", "B")
    if reached.channel == "telegram" and name == "access_token":
        return f"{reached.bot_number}:AA{fresh[:33]}"
    return f"EAA{fresh}" if reached.channel == "whatsapp" and name == "access_token" else fresh


def _register_templates(line_id: UUID, clock: Clock) -> None:
    known = {(each.name, each.language) for language in BANK.names for each in channels.templates(line_id, language)}
    for name, bodies in TEMPLATES.items():
        for language, body in bodies.items():
            if (name, language) not in known:
                channels.register_template(
                    line_id=line_id, name=name, language=language, body=body, by=people_api.SYSTEM, reason=REASON, clock=clock
                )  # fmt: skip


def _kept(path: Path) -> _Kept:
    try:
        told: Any = json.loads(path.read_text(encoding="utf-8"))
        return _Kept({f"{each['channel']}:{each['address']}": dict(each["secrets"]) for each in told["lines"]})
    except (OSError, ValueError, KeyError, TypeError):
        return _Kept()
