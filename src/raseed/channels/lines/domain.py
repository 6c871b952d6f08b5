"""A line as other packages see it, and why one can't be registered or changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from raseed.kernel.errors import Conflict, InputError, NotFound, mark

from ..domain import Channel

SETTINGS_MAX: Final = 40
SETTING_LENGTH_MAX: Final = 500
ADDRESS_LENGTH_MAX: Final = 200
SECRET_LENGTH_MAX: Final = 8_000
LINES_MAX: Final = 200
"""Of one institution."""
OVERLAP_MAX: Final = timedelta(days=7)
"""How long two secrets of a line may prove what comes in, at the most."""
PROVING: Final[Mapping[Channel, str]] = {
    Channel.WHATSAPP: "app_secret",
    Channel.TELEGRAM: "secret_token",
    Channel.X: "consumer_secret",
    Channel.SMS: "api_key",
}
"""Under which name a line keeps what proves its deliveries."""


class LinePurpose(StrEnum):
    """What people are told to use a line for."""

    TALK = "talk"
    DOCUMENTS = "documents"


@dataclass(frozen=True, slots=True)
class Line:
    """A number, bot, account or address at which an institution is reached.

    Attributes:
        scope: under which a sender's id is unique: ``waba:<id>``, ``bot:<id>``, ``x:<account id>``, ``e164``, ``address`` or
            ``institution:<id>``.
        address: by which the provider knows the line: WhatsApp's ``phone_number_id``, the bot's user name, the account's id,
            the number or the address.
        names: by language.
        settings: what the adapters need and is no secret: ``api_base``, ``graph_version``, ``waba_id``, ``imap_host`` …;
            ``keep_position`` = ``yes`` where pictures are wanted with the place at which they were taken.
        active: an inactive line takes nothing in and sends nothing.
    """

    id: UUID
    institution_id: UUID
    channel: Channel
    purpose: LinePurpose
    scope: str
    address: str
    names: Mapping[str, str]
    settings: Mapping[str, str]
    active: bool


class LineUnknown(NotFound):
    """There is no such line, or it is another institution's."""

    code = "line_unknown"
    sentence = mark("We know no such line.")
    hint = mark("Look at the list of lines.")


class LineTaken(Conflict):
    """Another line has this address on this channel."""

    code = "line_taken"
    sentence = mark("Another line already has this address.")
    hint = mark("Change that line, or give another address.")


class InvalidLine(InputError):
    """A line with an address, name, setting or secret that can't be used; ``field`` says which."""

    code = "invalid_line"
    sentence = mark("This line is not described correctly.")
    hint = mark("Check the address, the names and the settings.")


class SecretMissing(NotFound):
    """A line without the secret that is needed; ``name`` says which."""

    code = "line_secret_missing"
    sentence = mark("This line has no %(name)s yet.")
    hint = mark("Enter it on the page of the line.")
