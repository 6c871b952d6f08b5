"""What a line of each channel needs to be set up: its address, its settings, and what to do at the provider afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext

from raseed.channels.api import Channel
from raseed.kernel.errors import mark

if TYPE_CHECKING:
    from collections.abc import Mapping

    from raseed.channels.api import Line

DELIVERED: Final = frozenset({Channel.WHATSAPP, Channel.TELEGRAM, Channel.X, Channel.SMS})
"""The channels whose providers deliver to an address of ours."""


@dataclass(frozen=True, slots=True)
class SetUp:
    """Of a channel: what its address is, the settings that its form begins with, and what is to be done afterwards."""

    address: str
    settings: str = ""
    steps: tuple[str, ...] = ()


SET_UPS: Final[Mapping[Channel, SetUp]] = {
    Channel.WHATSAPP: SetUp(
        mark("The number's id at Meta (phone number id), not the number itself"),
        "waba_id = \ngraph_version = v23.0\ndisplay_number = ",
        (
            mark("Set the secrets app_secret and access_token as Meta shows them, and as verify_token a long word that you make up."),
            mark("At Meta, in the app's WhatsApp configuration, enter the address above as the callback URL, and the same word as the verify token. Meta asks at once and is answered."),
            mark("Subscribe there to the field messages, and write to the number once: the message must stand in the inbox."),
        ),
    ),
    Channel.TELEGRAM: SetUp(
        mark("The bot's user name, without @"),
        "",
        (
            mark("Set the secret access_token (the bot's token, from BotFather), and as secret_token a long word of letters and digits that you make up."),
            mark("Call the bot's method setWebhook once, with the address above as url and the same word as secret_token."),
            mark("The method getWebhookInfo says whether Telegram reaches it. Write to the bot once: the message must stand in the inbox."),
        ),
    ),
    Channel.X: SetUp(
        mark("The account's numeric id"),
        "",
        (
            mark("Set the secrets consumer_key, consumer_secret, access_token and token_secret as the developer portal shows them."),
            mark("Register the address above as a webhook of the app. X asks a question (CRC) at once and again each hour, and is answered."),
            mark("Subscribe the account to the webhook, and send it a direct message once: it must stand in the inbox."),
        ),
    ),
    Channel.SMS: SetUp(
        mark("The number, as the gateway writes it (E.164, or a short code)"),
        "",
        (
            mark("Set the secret api_key, and give the gateway the address above and the same key: it signs each delivery with it (docs/sms-in.md)."),
            mark("Where the line has a gateway of its own for what goes out, enter its address as the setting api_base, and its access_token as a secret."),
        ),
    ),
    Channel.EMAIL: SetUp(
        mark("The e-mail address"),
        "smtp_host = \nsmtp_port = 465\nsmtp_security = tls\nsmtp_user = \nimap_host = \nimap_port = 993\nimap_security = tls\nimap_user = \nimap_folder = INBOX",
        (
            mark("Set the secrets smtp_password and imap_password."),
            mark("Mail is fetched each minute; nothing has to be entered at the provider. Write to the address once: the mail must stand in the inbox."),
        ),
    ),
    Channel.WEB: SetUp(
        mark("A short name for the chat, such as the institution's"),
        "",
        (mark("Nothing else is needed: customers who are signed in write from their pages."),),
    ),
    Channel.PHONE: SetUp(
        mark("The number that people call"),
        "",
        (mark("Nothing else is needed: calls are written down at the desk, by the button above the inbox."),),
    ),
    Channel.BRANCH: SetUp(
        mark("A short name for the branch"),
        "",
        (mark("Nothing else is needed: visits are written down at the desk, by the button above the inbox."),),
    ),
}  # fmt: skip


def setup_of(line: Line) -> list[str]:
    """Return what is to be done for a line, in order."""
    return [gettext(each) for each in SET_UPS[line.channel].steps]
