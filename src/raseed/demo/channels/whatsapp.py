"""The Cloud API: messages, files, templates and subscriptions, as Graph answers at ``/v23.0/…``."""

from __future__ import annotations

import base64
import re
from collections import defaultdict, deque
from collections.abc import Mapping
from http.client import HTTPException
from secrets import token_hex
from threading import Lock
from typing import Any, Final
from urllib.parse import urlencode

from .exchange import Answer, Asked, answer_json
from .lines import WHATSAPP, Line
from .manners import Manner, Told
from .outgoing import fetch
from .store import DAY_MS, MEDIA_DAYS, Message
from .whatsapp_errors import missing_object, refusal, status_error
from .whatsapp_events import status_item, wamid
from .world import World, digits_name

MEBI: Final = 1 << 20
TEXT_MAX: Final = 4096
CAPTION_MAX: Final = 1024
CALLBACK_DATA_MAX: Final = 512
URL_MS: Final = 5 * 60_000
PER_SECOND_MAX: Final = 80
PAIR_BURST_MAX: Final = 45
PAIR_MS: Final = 6_000
"""A pair of numbers may burst to 45 messages in the time of 45 at one each six seconds; a number to 80 a second."""
BSUID: Final = re.compile(r"[A-Z]{2}\.[A-Za-z0-9]{1,128}\Z")
_PATH: Final = re.compile(r"/(?:v\d{1,2}\.\d/)?([A-Za-z0-9_.-]+)(?:/([a-z_]+))?/?\Z")
_NOT_DIGIT: Final = re.compile(r"[^0-9]")
_KINDS: Final[Mapping[str, tuple[int, frozenset[str]]]] = {
    "image": (5 * MEBI, frozenset({"image/jpeg", "image/png"})),
    "audio": (16 * MEBI, frozenset({"audio/aac", "audio/mp4", "audio/mpeg", "audio/amr", "audio/ogg", "audio/opus"})),
    "video": (16 * MEBI, frozenset({"video/mp4", "video/3gpp"})),
    "sticker": (MEBI // 2, frozenset({"image/webp"})),
    "document": (100 * MEBI, frozenset({
        "text/plain", "text/csv", "application/pdf", "application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    })),
}  # fmt: skip
OTHER_KINDS: Final = frozenset({"location", "contacts", "interactive", "reaction"})


class WhatsApp:
    """The provider. Tokens belong to a business account: each number of it takes each of its tokens."""

    channel = WHATSAPP

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = Lock()
        self._sent: dict[str, deque[int]] = defaultdict(deque)

    def place(self, asked: Asked) -> str | None:
        """Return which place of the provider a request is for; ``None``: none of its."""
        if asked.path.startswith("/whatsapp-media/"):
            return "file"
        found = _PATH.match(asked.path)
        if found is None:
            return None
        if found[2] in {"messages", "media"}:
            return "send" if found[2] == "messages" else "upload"
        return "media" if found[2] is None and asked.method in {"GET", "DELETE"} else "account"

    def early(self, told: Told) -> Answer | None:
        """Return what is answered before anything is looked at, if the manner says so."""
        codes = {Manner.ERROR: 131000, Manner.BUSY: 133004, Manner.RATE: 130429, Manner.TOKEN_EXPIRED: 190}
        code = told.code if told.manner is Manner.CODE else codes.get(told.manner)
        return None if code is None else refusal(code)

    def answer(self, asked: Asked, told: Told) -> Answer:  # noqa: C901, PLR0911 - a list of doors
        """Answer a request."""
        if asked.path.startswith("/whatsapp-media/"):
            return self._file(asked, told)
        found = _PATH.match(asked.path)
        assert found is not None
        name, edge = found[1], found[2]
        if edge == "subscriptions":
            return self._subscribe_app(name, asked)
        if (name, edge) == ("oauth", "access_token"):
            return self._app_token(asked)
        line = self._line(name, asked.bearer)
        if line is None:
            return refusal(190) if self._of_token(asked.bearer) is None else self._object(name, asked, told)
        if asked.method == "POST" and edge == "messages":
            return self._messages(line, asked, told)
        if asked.method == "POST" and edge == "media":
            return self._upload(line, asked)
        if edge == "phone_numbers":
            numbers = [
                self._described(each)
                for each in self._world.lines
                if each.scope == line.scope and each.channel == WHATSAPP
            ]
            return answer_json(200, {"data": numbers})
        if edge == "message_templates":
            return self._templates(line, asked)
        if edge == "subscribed_apps":
            return self._subscribe_account(line, asked)
        if edge is None and name == line.address:
            return self._number(line, asked)
        return missing_object(name)

    def _of_token(self, token: str) -> Line | None:
        return self._world.lines.with_secret(WHATSAPP, "access_token", token)

    def _line(self, name: str, token: str) -> Line | None:
        """Return the number with this id, or any number of the account with it, if the token is good for it."""
        mine = self._of_token(token)
        for each in self._world.lines:
            if (
                mine is not None
                and each.channel == WHATSAPP
                and each.scope == mine.scope
                and name in (each.address, each.scope)
            ):
                return each
        return None

    def _described(self, line: Line) -> dict[str, Any]:
        return {
            "id": line.address, "display_phone_number": line.facts.get("display", ""), "verified_name": line.name,
            "quality_rating": "GREEN", "code_verification_status": "VERIFIED", "platform_type": "CLOUD_API",
            "throughput": {"level": "STANDARD"}, "status": "CONNECTED",
        }  # fmt: skip

    # messages
    def _messages(self, line: Line, asked: Asked, told: Told) -> Answer:
        body = asked.told()[0]
        if body.get("messaging_product") != "whatsapp":
            return refusal(100, "The parameter messaging_product is required.")
        if body.get("status") == "read":
            return self._mark_read(line, body)
        wanted, dropped = self._recipient(line, body)
        if wanted is None:
            return refusal(100, "The parameter to is required.")
        problem = self._content_problem(line, body)
        if problem is not None:
            return problem
        phone = f"+{wanted}"
        if told.manner is not Manner.FAILS and self._world.switch.delivery.limits:
            code = self._too_many(line, phone)
            if code:
                return refusal(code)
        message = self._kept(line, body, phone)
        if not dropped and told.manner is not Manner.NOTHING:
            self._carry(line, message, told.code if told.manner is Manner.FAILS else self._trouble(line, body, phone))
        contact = {"input": body.get("to") or body.get("recipient"), "wa_id": wanted}
        if not body.get("to"):
            contact = {"input": body["recipient"], "user_id": body["recipient"]}
        sent: dict[str, Any] = {"id": message.id}
        if message.kind == "template":
            sent["message_status"] = "accepted"
        return answer_json(200, {"messaging_product": "whatsapp", "contacts": [contact], "messages": [sent]})

    def _recipient(self, line: Line, body: Mapping[str, Any]) -> tuple[str | None, bool]:
        """Return the digits of the number that is meant, and whether the message will silently go nowhere.

        ``to`` counts before ``recipient``. A business-scoped id in ``to`` is taken for a number, as the real service does: it says
        yes and nobody gets it.
        """
        to = body.get("to")
        if isinstance(to, str) and to:
            digits = _NOT_DIGIT.sub("", to)
            return (digits or "0", True) if BSUID.match(to) or not digits else (digits, False)
        recipient = body.get("recipient")
        if not isinstance(recipient, str) or not BSUID.match(recipient):
            return None, False
        phone = self._world.store.phone_of(WHATSAPP, line.scope, recipient)
        return ("0", True) if phone is None else (phone.lstrip("+"), False)

    def _content_problem(self, line: Line, body: Mapping[str, Any]) -> Answer | None:  # noqa: C901, PLR0911 - a list of refusals
        kind = body.get("type", "text")
        content = body.get(kind) if isinstance(kind, str) else None
        opaque = body.get("biz_opaque_callback_data", "")
        if not isinstance(opaque, str) or len(opaque) > CALLBACK_DATA_MAX:
            return refusal(100, "Param biz_opaque_callback_data must be at most 512 characters.")
        if kind not in {"text", "template"} and kind not in _KINDS and kind not in OTHER_KINDS:
            return refusal(131051)
        if content is None or not isinstance(content, dict | list):
            return refusal(131008, f"Parameter {kind} is required.")
        if kind == "text":
            text = content.get("body") if isinstance(content, dict) else None
            if not isinstance(text, str) or not text.strip():
                return refusal(131008, "Parameter text['body'] is required.")
            if len(text) > TEXT_MAX:
                return refusal(100, f"Param text['body'] must be at most {TEXT_MAX} characters long.")
        if kind in _KINDS and isinstance(content, dict):
            if not content.get("id") and not content.get("link"):
                return refusal(131008, f"Parameter {kind}['id'] or {kind}['link'] is required.")
            if len(str(content.get("caption", ""))) > CAPTION_MAX:
                return refusal(100, f"Param {kind}['caption'] must be at most {CAPTION_MAX} characters long.")
        if kind == "template" and isinstance(content, dict):
            return self._template_problem(line, content, body)
        return None

    def _template_problem(self, line: Line, content: Mapping[str, Any], body: Mapping[str, Any]) -> Answer | None:
        language = content.get("language")
        code = language.get("code") if isinstance(language, dict) else None
        facts = next(
            (f for n, lang, f in self._all_templates(line) if (n, lang) == (content.get("name"), code)),
            None,
        )
        if facts is None or facts["status"] != "APPROVED":
            return refusal(132001, f"template name ({content.get('name')}) does not exist in {code}")
        if facts["category"] == "AUTHENTICATION" and not body.get("to"):
            return refusal(131062)
        given = len(_values(content))
        if given != facts["values"]:
            said = f"body: number of localizable_params ({given}) does not match the expected number of params ({facts['values']})"
            return refusal(132000, said)
        return None

    def _too_many(self, line: Line, phone: str) -> int:
        """Return the error code of the rate limit that a further message would break; 0: none."""
        now = self._world.now_ms()
        with self._lock:
            pair, number = self._sent[f"{line.key}/{phone}"], self._sent[line.key]
            while pair and pair[0] <= now - PAIR_BURST_MAX * PAIR_MS:
                pair.popleft()
            while number and number[0] <= now - 1000:
                number.popleft()
            if len(number) >= PER_SECOND_MAX:
                return 130429
            if len(pair) >= PAIR_BURST_MAX:
                return 131056
            pair.append(now)
            number.append(now)
        return 0

    def _kept(self, line: Line, body: Mapping[str, Any], phone: str) -> Message:
        kind = str(body["type"]) if "type" in body else "text"
        content: Any = body[kind]
        text, media, name = "", "", ""
        if kind == "text":
            text = content["body"]
        elif kind == "template":
            text = self._template_text(line, content)
        elif kind in _KINDS:
            text, media, name = content.get("caption", ""), str(content.get("id", "")), content.get("filename", "")
        elif kind == "reaction":
            text = str(content.get("emoji", ""))
        context = body.get("context")
        reply_to = str(context.get("message_id", "")) if isinstance(context, dict) else ""
        facts = {"tracker": body.get("biz_opaque_callback_data"), "body": content, "by_user_id": not body.get("to")}
        message = Message(
            wamid(phone), WHATSAPP, line.address, phone, False, kind, str(text), media, str(name), reply_to,
            self._world.now_ms(), "accepted", 0, facts,
        )  # fmt: skip
        self._world.store.add(message)
        return message

    def _template_text(self, line: Line, content: Mapping[str, Any]) -> str:
        code = content["language"]["code"]
        facts = next(f for n, lang, f in self._all_templates(line) if (n, lang) == (content["name"], code))
        text = str(facts["body"])
        for place, value in enumerate(_values(content), 1):
            text = text.replace(f"{{{{{place}}}}}", value)
        return text

    def _trouble(self, line: Line, body: Mapping[str, Any], phone: str) -> int:
        """Return the code with which a message that was taken will be said to have failed; 0: it arrives."""
        if self._world.store.person(phone).absent:
            return 131026
        kind = body.get("type", "text")
        if kind in _KINDS and body[kind].get("id"):
            media = self._world.store.media(WHATSAPP, str(body[kind]["id"]))
            if media is None or media.lost:
                return 131053
        last = self._world.store.last_in_ms(WHATSAPP, line.address, phone)
        if kind != "template" and (last is None or self._world.now_ms() - last > DAY_MS):
            return 131047
        return 0

    def _carry(self, line: Line, message: Message, code: int) -> None:
        """Promise the statuses of a message that was taken."""
        delivery = self._world.switch.delivery
        if code:
            self._owe_status(line, message, "failed", delivery.sent_ms, status_error(code))
            return
        self._owe_status(line, message, "sent", delivery.sent_ms)
        self._owe_status(line, message, "delivered", delivery.delivered_ms)

    def _owe_status(
        self, line: Line, message: Message, state: str, after_ms: int, error: Mapping[str, Any] | None = None
    ) -> None:
        item = status_item(self._world, line, message, state, self._world.now_ms() + after_ms, error)
        self._world.owe(line, item, after_ms=after_ms)

    def _mark_read(self, line: Line, body: Mapping[str, Any]) -> Answer:
        message = self._world.store.message(WHATSAPP, str(body.get("message_id")))
        if message is None or message.address != line.address or not message.comes_in:
            return refusal(131009, "Parameter message_id is not valid.")
        self._world.store.rise(WHATSAPP, message.id, "read")
        return answer_json(200, {"success": True})

    # files
    def _upload(self, line: Line, asked: Asked) -> Answer:
        fields, files = asked.told()
        file = files.get("file")
        if fields.get("messaging_product") != "whatsapp":
            return refusal(100, "The parameter messaging_product is required.")
        if file is None:
            return refusal(100, "The parameter file is required.")
        kind = str(fields.get("type") or file.kind).partition(";")[0].strip()
        most = max((most for most, kinds in _KINDS.values() if kind in kinds), default=None)
        if most is None:
            return refusal(
                100, f"Param file must be a file with one of the following types; received file of type '{kind}'."
            )
        if len(file.content) > most or not file.content:
            return refusal(131053, f"File size must be between 1 and {most} bytes.")
        now = self._world.now_ms()
        media = self._world.store.add_media(digits_name(16), WHATSAPP, kind, file.file_name or "", now, file.content)
        del line
        return answer_json(200, {"id": media.id})

    def _object(self, name: str, asked: Asked, told: Told) -> Answer:
        """Tell where a file lies, or delete it."""
        media = self._world.store.media(WHATSAPP, name)
        now = self._world.now_ms()
        if told.manner is Manner.LOST and media is not None:
            self._world.store.lose_media(WHATSAPP, name)
            return missing_object(name)
        if media is None or media.lost or now - media.at_ms > MEDIA_DAYS * DAY_MS:
            return missing_object(name)
        if asked.method == "DELETE":
            self._world.store.lose_media(WHATSAPP, name)
            return answer_json(200, {"success": True})
        until = now + URL_MS
        return answer_json(200, {
            "url": f"{self._world.base}/whatsapp-media/?{urlencode({'mid': media.id, 'ext': until, 'hash': token_hex(16)})}",
            "mime_type": media.kind, "sha256": media.sha256, "file_size": media.size, "id": media.id,
            "messaging_product": "whatsapp",
        })  # fmt: skip

    def _file(self, asked: Asked, told: Told) -> Answer:
        """Hand out a file at the address that was told, with the same bearer token and for five minutes."""
        if self._of_token(asked.bearer) is None:
            return Answer(401, b"", "text/html")
        media = self._world.store.media(WHATSAPP, asked.query.get("mid", ""))
        until = asked.query.get("ext", "")
        now = self._world.now_ms()
        over = not until.isdigit() or int(until) < now
        if told.manner is Manner.LOST or media is None or media.lost or over or now - media.at_ms > MEDIA_DAYS * DAY_MS:
            return Answer(404, b"", "text/html")
        content = media.content[::-1] + b"\x00" if told.manner is Manner.OTHER_BYTES else media.content
        headers = {"Content-Disposition": f'inline;filename="{media.id}"'}
        return Answer(200, content, media.kind, headers, cut=told.manner is Manner.CUT)

    # the account
    def _number(self, line: Line, asked: Asked) -> Answer:
        if asked.method == "GET":
            return answer_json(200, self._described(line))
        fields, _ = asked.told()
        wanted = fields.get("webhook_configuration")
        if asked.method != "POST" or not isinstance(wanted, dict):
            return refusal(100)
        return self._subscribe([line], wanted.get("override_callback_uri"), wanted.get("verify_token"))

    def _subscribe_account(self, line: Line, asked: Asked) -> Answer:
        mine = [each for each in self._world.lines if each.channel == WHATSAPP and each.scope == line.scope]
        if asked.method == "GET":
            app = {"name": "Raseed demo", "id": line.facts.get("app_id", "")}
            return answer_json(200, {"data": [{"whatsapp_business_api_data": app}]})
        fields, _ = asked.told()
        url = fields.get("override_callback_uri")
        return self._subscribe(mine, url, fields.get("verify_token")) if url else answer_json(200, {"success": True})

    def _subscribe_app(self, app_id: str, asked: Asked) -> Answer:
        fields, _ = asked.told()
        mine = [each for each in self._world.lines if each.channel == WHATSAPP and each.facts.get("app_id") == app_id]
        good = {f"{app_id}|{each.secrets.get('app_secret')}" for each in mine} | {
            each.secrets.get("access_token") for each in mine
        }
        if asked.bearer not in good and fields.get("access_token") not in good:
            return refusal(190)
        return self._subscribe(mine, fields.get("callback_url"), fields.get("verify_token"))

    def _app_token(self, asked: Asked) -> Answer:
        """Return an app's own token, for whoever knows its secret."""
        fields, _ = asked.told()
        app_id, secret = str(fields.get("client_id", "")), str(fields.get("client_secret", ""))
        line = self._world.lines.with_fact("app_id", app_id)
        if line is None or not secret or line.secrets.get("app_secret") != secret:
            return refusal(190)
        return answer_json(200, {"access_token": f"{app_id}|{secret}", "token_type": "bearer"})

    def _subscribe(self, lines: list[Line], url: Any, token: Any) -> Answer:
        """Ask an address for the challenge, and let the lines' updates go there if it is given back."""
        if not isinstance(url, str) or not isinstance(token, str):
            return refusal(100, "The parameters callback_url and verify_token are required.")
        challenge = digits_name(10)
        words = urlencode({"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": token})
        try:
            status, body, _ = fetch("GET", f"{url}{'&' if '?' in url else '?'}{words}")
        except (OSError, HTTPException, ValueError):
            status, body = 0, b""
        if status != 200 or body.strip() != challenge.encode():  # noqa: PLR2004
            said = f"The URL couldn't be validated. Callback verification failed with the following errors: HTTP Status Code = {status}"
            return refusal(2200, said)
        for each in lines:
            self._world.store.set_hook(each.key, url)
        return answer_json(200, {"success": True})

    def _all_templates(self, line: Line) -> list[tuple[str, str, dict[str, Any]]]:
        """Return (name, language, facts) of an account's templates: those made here count before those of the file."""
        found = {
            (each["name"], each["language"]): template_facts(each["body"]) for each in self._world.lines.templates(line.scope)
        }  # fmt: skip
        found |= {(name, language): facts for name, language, facts in self._world.store.templates(line.scope)}
        return [(name, language, facts) for (name, language), facts in sorted(found.items())]

    def _templates(self, line: Line, asked: Asked) -> Answer:
        store = self._world.store
        if asked.method == "POST":
            fields, _ = asked.told()
            given = fields.get("components")
            parts = given if isinstance(given, list) else []
            text = next(
                (str(each.get("text", "")) for each in parts if isinstance(each, dict) and each.get("type") == "BODY"),
                "",
            )
            if not all(isinstance(fields.get(each), str) for each in ("name", "language", "category")) or not text:
                return refusal(100)
            facts = template_facts(text, str(fields["category"]), id=digits_name(15))
            store.set_template(line.scope, fields["name"], fields["language"], facts)
            return answer_json(200, {"id": facts["id"], "status": facts["status"], "category": facts["category"]})
        named = [
            {"name": name, "language": language, "status": facts["status"], "category": facts["category"], "id": facts["id"],
             "components": [{"type": "BODY", "text": facts["body"]}]}
            for name, language, facts in self._all_templates(line) if asked.query.get("name", name) == name
        ]  # fmt: skip
        return answer_json(200, {"data": named, "paging": {"cursors": {"before": "", "after": ""}}})


def template_facts(body: str, category: str = "UTILITY", **more: Any) -> dict[str, Any]:
    """Return what is remembered of a template; approved at once, as the real one is after a while."""
    values = len(set(re.findall(r"\{\{\d+\}\}", body)))
    return {"id": "0", "status": "APPROVED", "category": category, "body": body, "values": values} | more


def _values(content: Mapping[str, Any]) -> list[str]:
    """Return the values of a template's body."""
    parts = content.get("components")
    for part in parts if isinstance(parts, list) else []:
        if isinstance(part, dict) and str(part.get("type", "")).lower() == "body":
            found = part.get("parameters")
            return (
                [str(each.get("text", "")) for each in found if isinstance(each, dict)]
                if isinstance(found, list)
                else []
            )
    return []


def sha256_base64(hex_digest: str) -> str:
    """Return a digest as webhooks carry it."""
    return base64.b64encode(bytes.fromhex(hex_digest)).decode()
