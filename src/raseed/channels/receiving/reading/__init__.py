"""Reading items: from the bytes that came to a message or a status, channel by channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ...domain import Channel
from ...lines.domain import Line
from ..domain import ItemKind
from ..drafts import Draft, Status
from . import sms, telegram, whatsapp, x

Reader = Callable[[dict[str, Any], Line], Draft | Status | None]
READERS: Final[Mapping[tuple[Channel, ItemKind], Reader]] = {
    (Channel.WHATSAPP, ItemKind.MESSAGE): whatsapp.message,
    (Channel.WHATSAPP, ItemKind.STATUS): whatsapp.status,
    (Channel.TELEGRAM, ItemKind.MESSAGE): telegram.message,
    (Channel.X, ItemKind.MESSAGE): x.message,
    (Channel.SMS, ItemKind.MESSAGE): sms.message,
    (Channel.SMS, ItemKind.STATUS): sms.status,
}
"""Who reads an item; what is in no row is kept and says nothing to anybody. ``None``: it is not for us."""
