"""The words for the demo's movements, carried by their key: what it was and in which shop, so that no table is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.utils.translation import get_language, gettext

from raseed.banking.api import Narrative

from .world.places import DEED_WORDS, OTHER_SIDES, SHOPS, Deed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MAGIC: Final = 0x7261_7365_6564_8DE0
"""The upper half of every key: "raseed" in ASCII, then version 8 (RFC 9562: a layout of our own) and a tag."""
_VARIANT: Final = 0b10 << 62
_SERIAL: Final = (1 << 48) - 1


def cause_of(transfer_id: UUID, deed: Deed, shop: int) -> UUID:
    """Return the key of a movement: its deed and shop beside the last 48 bits of its transfer's id."""
    return UUID(int=_MAGIC << 64 | _VARIANT | deed << 56 | shop << 48 | transfer_id.int & _SERIAL)


def narrate(causes: Sequence[UUID]) -> Mapping[UUID, Narrative]:
    """Return the words for those keys that are the demo's, in the language that is active."""
    return {cause: _words(cause.int) for cause in causes if cause.int >> 64 == _MAGIC}


def _words(key: int) -> Narrative:
    deed, shop = Deed(key >> 56 & 0x3F), key >> 48 & 0xFF
    names = SHOPS[shop]
    return Narrative(
        reference=f"{key & _SERIAL:012X}"[-10:],
        note=gettext(DEED_WORDS[deed]),
        counterparty=names.get(get_language() or "ar", names["en"]) if deed is Deed.SHOPPING else _others(deed),
    )


def _others(deed: Deed) -> str:
    """Return who stands on the other side of a deed, where its account does not say."""
    words = OTHER_SIDES.get(deed)
    return gettext(words) if words else ""
