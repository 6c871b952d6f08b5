"""Lines for tests, and someone who may register them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from raseed.channels.api import Channel, Line, register_line
from raseed.channels.lines.secrets import write_secret
from raseed.kernel.ids import new_id

SECRET = "a-secret-of-tests"
VERIFY = "a-token-of-tests"
PROVING = {"whatsapp": "app_secret", "telegram": "secret_token", "x": "consumer_secret", "sms": "api_key"}


@dataclass(frozen=True)
class Clerk:
    """Someone with permissions at one institution."""

    institution_id: UUID = field(default_factory=new_id)
    permissions: frozenset[str] = frozenset({"channels.lines.manage", "channels.items.view", "channels.items.replay"})
    actor: str = "staff:0190aaaa-aaaa-7aaa-8aaa-aaaaaaaaaaaa"

    def may(self, permission: str, institution_id: UUID) -> bool:
        return permission in self.permissions and institution_id == self.institution_id


def make_line(channel: Channel, by: Clerk, *, address: str = "", **more: Any) -> Line:
    """Register a line with the secret by which its provider proves what it sends."""
    more.setdefault("settings", {"waba_id": "102290129340398"} if channel is Channel.WHATSAPP else {})
    made = register_line(
        id=new_id(),
        institution_id=by.institution_id,
        channel=channel,
        address=address or str(new_id().int)[-12:],
        names={"en": "A line", "ar": "خط"},
        by=by,
        **more,
    )
    if channel.value in PROVING:
        write_secret(made.id, PROVING[channel.value], SECRET)
        write_secret(made.id, "verify_token", VERIFY)
        write_secret(made.id, "access_token", "an-access-token-of-tests")
    return made
