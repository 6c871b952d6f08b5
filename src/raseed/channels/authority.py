"""Who may do what here: permissions are above this package, so it asks for them by their names and knows no staff."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from raseed.kernel.errors import PermissionRefused, mark
from raseed.platform.webhooks.domain import Authority

LINES_MANAGE: Final = "channels.lines.manage"
"""To register and change lines, and to set their secrets."""
ITEMS_VIEW: Final = "channels.items.view"
"""To see what came in and was set aside, without its content."""
ITEMS_REPLAY: Final = "channels.items.replay"
"""To have it tried again."""
MESSAGES_VIEW: Final = "channels.messages.view"
"""To see which messages are not known to have arrived, and how lines stand."""
MESSAGES_RESEND: Final = "channels.messages.resend"
"""To have a message that failed or is not known sent again, and to settle what became of one."""

__all__ = [
    "ITEMS_REPLAY",
    "ITEMS_VIEW",
    "LINES_MANAGE",
    "MESSAGES_RESEND",
    "MESSAGES_VIEW",
    "Authority",
    "ChannelsNotPermitted",
    "require",
]


class ChannelsNotPermitted(PermissionRefused):
    """The author may not do this with the institution's lines and messages."""

    code = "channels_not_permitted"
    sentence = mark("You may not do this with the lines of this institution.")
    hint = mark("Ask an administrator for the permission %(permission)s.")


def require(by: Authority, permission: str, institution_id: UUID) -> None:
    """Refuse whoever does not hold a permission at an institution.

    Raises:
        ChannelsNotPermitted: they do not.
    """
    if not by.may(permission, institution_id):
        raise ChannelsNotPermitted(permission=permission)
