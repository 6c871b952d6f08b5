"""The Bot API at ``/bot<token>/<method>``, with files at ``/file/bot<token>/…``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from . import telegram_events as events
from .exchange import Answer, Asked, answer_json
from .lines import TELEGRAM, Line
from .manners import Manner, Told
from .store import Message
from .world import World, digits_name

TEXT_MAX: Final = 4096
CAPTION_MAX: Final = 1024
GET_FILE_BYTES_MAX: Final = 20 << 20
PHOTO_BYTES_MAX: Final = 10 << 20
DOCUMENT_BYTES_MAX: Final = 50 << 20
RETRY_AFTER_S: Final = 3
POLL_SECONDS_MAX: Final = 50
UPDATES_MAX: Final = 100
_FILE: Final = "/file/bot"
_BOT: Final = "/bot"
_PLACES: Final[Mapping[str, str]] = {
    "sendmessage": "send", "sendphoto": "send", "senddocument": "send", "getfile": "media", "getme": "account",
}  # fmt: skip


class Telegram:
    """The provider; each bot is known by its token."""

    channel = TELEGRAM

    def __init__(self, world: World) -> None:
        self._world = world

    def place(self, asked: Asked) -> str | None:
        """Return which place of the provider a request is for; ``None``: none of its."""
        if asked.path.startswith(_FILE):
            return "file"
        if not asked.path.startswith(_BOT):
            return None
        return _PLACES.get(asked.path.rpartition("/")[2].lower(), "account")

    def early(self, told: Told) -> Answer | None:
        """Return what is answered before anything is looked at, if the manner says so."""
        if told.manner is Manner.RATE:
            more = {"parameters": {"retry_after": RETRY_AFTER_S}}
            return _no(429, f"Too Many Requests: retry after {RETRY_AFTER_S}", more)
        said = {
            Manner.ERROR: (500, "Internal Server Error"), Manner.BUSY: (503, "Service Unavailable"),
            Manner.TOKEN_EXPIRED: (401, "Unauthorized"), Manner.FAILS: (403, "Forbidden: bot was blocked by the user"),
            Manner.CODE: (told.code or 400, {403: "Forbidden: bot was blocked by the user"}.get(told.code, "Bad Request: chat not found")),
        }.get(told.manner)  # fmt: skip
        return None if said is None else _no(*said)

    def answer(self, asked: Asked, told: Told) -> Answer:
        """Answer a request."""
        is_file = asked.path.startswith(_FILE)
        token, _, rest = asked.path.removeprefix(_FILE if is_file else _BOT).partition("/")
        line = self._world.lines.with_secret(TELEGRAM, "access_token", token)
        if line is None:
            return _no(404, "Not Found") if ":" not in token else _no(401, "Unauthorized")
        if is_file:
            return self._file(rest, told)
        fields, files = asked.told()
        method = rest.lower()
        if method in {"sendmessage", "sendphoto", "senddocument"}:
            return self._send(line, method, fields, files, told)
        verbs = {
            "getme": self._me, "getfile": self._get_file, "setwebhook": self._set_webhook, "getupdates": self._updates,
            "deletewebhook": self._delete_webhook, "getwebhookinfo": self._webhook_info, "sendchataction": self._yes,
            "setmycommands": self._yes, "logout": self._yes, "close": self._yes,
        }  # fmt: skip
        verb = verbs.get(method)
        if verb is None:
            return _no(404, "Not Found")
        if told.manner is Manner.LOST and method == "getfile":
            self._world.store.lose_media(TELEGRAM, str(fields.get("file_id", ""))[4:])
        return verb(line, fields)

    def _me(self, line: Line, fields: Mapping[str, Any]) -> Answer:
        del fields
        more = {"can_join_groups": False, "can_read_all_group_messages": False, "supports_inline_queries": False}
        return _yes(events.bot(line) | more)

    def _yes(self, line: Line, fields: Mapping[str, Any]) -> Answer:
        del line, fields
        return _yes(True)

    def _send(  # noqa: PLR0911 - a list of refusals
        self, line: Line, method: str, fields: Mapping[str, Any], files: Mapping[str, Any], told: Told
    ) -> Answer:
        world = self._world
        phone = world.store.phone_of(TELEGRAM, line.address, str(fields.get("chat_id", "")))
        if phone is None:
            return _no(400, "Bad Request: chat not found" if fields.get("chat_id") else "Bad Request: chat_id is empty")
        if world.store.person(phone).absent:
            return _no(403, "Forbidden: bot was blocked by the user")
        if world.store.last_in_ms(TELEGRAM, line.address, phone) is None:
            return _no(403, "Forbidden: bot can't initiate conversation with a user")
        text = str(fields.get("text" if method == "sendmessage" else "caption", "") or "")
        kind, media_id, name = "text", "", ""
        if method == "sendmessage":
            if not text.strip():
                return _no(400, "Bad Request: message text is empty")
            if len(text) > TEXT_MAX:
                return _no(400, "Bad Request: message is too long")
        else:
            if len(text) > CAPTION_MAX:
                return _no(400, "Bad Request: message caption is too long")
            field, kind = ("photo", "image") if method == "sendphoto" else ("document", "document")
            found = self._sent_file(field, fields, files)
            if isinstance(found, Answer):
                return found
            media_id, name = found
        message = Message(
            str(world.store.next_number("telegram message", 1_001)), TELEGRAM, line.address, phone, False, kind, text,
            media_id, name, _replied(fields), world.now_ms(), "sent", 0, {},
        )  # fmt: skip
        said = events.message_of(world, line, message)
        if told.manner is not Manner.NOTHING:
            world.store.add(message)
        return _yes(said)

    def _sent_file(self, field: str, fields: Mapping[str, Any], files: Mapping[str, Any]) -> tuple[str, str] | Answer:
        """Return id and name of the file that is sent: in the request, or one that Telegram has already."""
        given = str(fields.get(field, ""))
        file = files.get(given.removeprefix("attach://")) if given.startswith("attach://") else files.get(field)
        if file is None:
            media = self._world.store.media(TELEGRAM, given[4:]) if given.startswith("AgAC") else None
            return (
                _no(400, f"Bad Request: there is no {field} in the request")
                if media is None
                else (media.id, media.name)
            )
        most = PHOTO_BYTES_MAX if field == "photo" else DOCUMENT_BYTES_MAX
        if len(file.content) > most:
            return _no(413, "Request Entity Too Large")
        if not file.content:
            return _no(400, "Bad Request: file must be non-empty")
        name = file.file_name or "file"
        now = self._world.now_ms()
        media = self._world.store.add_media(digits_name(16), TELEGRAM, file.kind, name, now, file.content)
        return media.id, name

    def _get_file(self, line: Line, fields: Mapping[str, Any]) -> Answer:
        del line
        media = self._world.store.media(TELEGRAM, str(fields.get("file_id", ""))[4:])
        if media is None:
            return _no(400, "Bad Request: invalid file_id")
        if media.lost:
            return _no(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        if media.size > GET_FILE_BYTES_MAX:
            return _no(400, "Bad Request: file is too big")
        folder = "photos" if media.kind.startswith("image/") else "documents"
        ending = media.name.rpartition(".")[2] if "." in media.name else "jpg" if folder == "photos" else "bin"
        clean = "".join(each for each in ending if each.isascii() and each.isalnum())[:8]
        return _yes(events.file_of(media) | {"file_path": f"{folder}/file_{media.id}.{clean}"})

    def _file(self, path: str, told: Told) -> Answer:
        media_id = path.rpartition("file_")[2].partition(".")[0]
        media = self._world.store.media(TELEGRAM, media_id)
        if media is None or media.lost or told.manner is Manner.LOST:
            return _no(404, "Not Found")
        content = media.content[::-1] + b"\x00" if told.manner is Manner.OTHER_BYTES else media.content
        return Answer(200, content, "application/octet-stream", cut=told.manner is Manner.CUT)

    # webhooks and asking for updates
    def _set_webhook(self, line: Line, fields: Mapping[str, Any]) -> Answer:
        url, secret = str(fields.get("url", "")), str(fields.get("secret_token", "") or "")
        if url and urlsplit(url).scheme not in {"http", "https"}:
            return _no(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook")
        if not all(each.isascii() and (each.isalnum() or each in "_-") for each in secret):
            return _no(400, "Bad Request: secret token contains unallowed characters")
        if str(fields.get("drop_pending_updates", "")).lower() in {"true", "1"}:
            self._world.store.forget_owed(line.key)
        self._world.store.set_hook(line.key, url, secret)
        self._world.wake.set()
        return _yes(True, {"description": "Webhook was set" if url else "Webhook was deleted"})

    def _delete_webhook(self, line: Line, fields: Mapping[str, Any]) -> Answer:
        return self._set_webhook(line, {"drop_pending_updates": fields.get("drop_pending_updates", "")})

    def _webhook_info(self, line: Line, fields: Mapping[str, Any]) -> Answer:
        del fields
        url = hook_of(self._world, line)[0]
        waiting = self._world.store.debts()["waiting"].get(line.key, {"items": 0})
        told = {"url": url, "has_custom_certificate": False, "pending_update_count": waiting["items"]}
        return _yes(told)

    def _updates(self, line: Line, fields: Mapping[str, Any]) -> Answer:
        """Return what is owed, for bots without a webhook; asking from an offset on takes what is before it as heard."""
        if hook_of(self._world, line)[0]:
            said = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
            return _no(409, said)
        store, offset = self._world.store, _whole(fields.get("offset"))
        wait = min(_whole(fields.get("timeout")), POLL_SECONDS_MAX)
        for turn in range(2):
            owed = store.owed([line.key], self._world.now_ms(), UPDATES_MAX)
            heard = [each.seq for each in owed if each.item["update_id"] < offset]
            store.settle(heard, now_ms=self._world.now_ms(), answer="getUpdates", again_ms=None)
            new = [each.item for each in owed if each.item["update_id"] >= offset]
            if new or turn or not wait:
                return _yes(new)
            self._world.wake.wait(wait)
        return _yes([])


def hook_of(world: World, line: Line) -> tuple[str, str]:
    """Return address and secret of a bot's webhook: what its owner has set, else what the file has."""
    return world.store.hook(line.key) or (line.hook, line.secrets.get("secret_token", ""))


def _replied(fields: Mapping[str, Any]) -> str:
    given = fields.get("reply_parameters")
    try:
        told = json.loads(given) if isinstance(given, str) else given
    except ValueError:
        told = None
    number = told.get("message_id") if isinstance(told, dict) else fields.get("reply_to_message_id")
    return str(number or "")


def _whole(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0


def _yes(result: Any, more: Mapping[str, Any] | None = None) -> Answer:
    return answer_json(200, {"ok": True, "result": result, **(more or {})})


def _no(status: int, sentence: str, more: Mapping[str, Any] | None = None) -> Answer:
    return answer_json(status, {"ok": False, "error_code": status, "description": sentence, **(more or {})})
