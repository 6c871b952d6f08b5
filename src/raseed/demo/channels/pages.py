"""The simulator's own doors: the page that switches manners, the same as JSON, and the people's side for the demo's phones.

``/`` and ``/control`` switch; ``/people/…`` lets somebody write, read and hide a number. All are for this machine's own pages only.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from html import escape
from typing import Any, Final
from urllib.parse import urlsplit

from raseed.demo.phone.pages import LANGUAGES, STYLE, say, words
from raseed.kernel.errors import mark
from raseed.kernel.text import ascii_digits

from . import people
from .exchange import Answer, Asked, answer_json
from .lines import CHANNELS, Line
from .manners import BOUNDS, DELIVERY_WORDS, EVERY, MANNER_WORDS, BadSwitch, Manner
from .whatsapp import template_facts
from .world import World

PLACES: Final = ("*", "send", "upload", "media", "file", "account", "scan")
CODE_DIGITS_MAX: Final = 9
_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_RIGHT_TO_LEFT: Final = frozenset({"ar", "he"})
_HTML: Final = "text/html; charset=utf-8"
_POLICY: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'",
    "Cache-Control": "no-store", "Referrer-Policy": "same-origin",
}  # fmt: skip


class Pages:
    """The doors that no real provider has."""

    def __init__(self, world: World) -> None:
        self._world = world

    def answer(self, asked: Asked) -> Answer | None:  # noqa: PLR0911 - a list of doors
        """Answer a request for one of them; ``None``: it is for a provider."""
        first = asked.path.split("/")[1] if asked.path.startswith("/") else ""
        if first not in {"", "control", "people", "health", "style.css"}:
            return None
        host = urlsplit(f"//{asked.headers.get('host', '')}").hostname
        if host not in _HOSTS or asked.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            return answer_json(421, {"error": "not addressed to this host"})
        if first == "health":
            return answer_json(200, {"ok": True})
        if first == "style.css":
            return Answer(200, STYLE.encode(), "text/css; charset=utf-8")
        if first == "people":
            return self._people(asked)
        if first == "control":
            return self._control(asked)
        return Answer(200, self._page(asked).encode(), _HTML, _POLICY)

    # manners
    def _control(self, asked: Asked) -> Answer:
        if asked.method == "GET":
            rest = asked.path.removeprefix("/control").strip("/")
            if rest == "messages":
                return answer_json(200, self._messages(asked.query.get("channel", CHANNELS[0])))
            return answer_json(200, self._world.switch.state() | {"hooks": self._world.store.debts()})
        is_form = asked.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        try:
            told = _from_form(asked.told()[0]) if is_form else asked.json()
            if isinstance(told, dict) and "template" in told:
                self._template(told["template"])
            elif isinstance(told, dict) and "lose" in told:
                self._world.store.lose_media(str(told.get("channel")), str(told["lose"]))
            else:
                self._world.switch.turn(told)
        except (BadSwitch, ValueError, KeyError, TypeError):
            return answer_json(400, {"error": "not understood"})
        self._world.wake.set()
        if is_form:
            return Answer(303, headers={"Location": f"/?lang={_language(asked)}"})
        return Answer(204)

    def _template(self, told: Mapping[str, Any]) -> None:
        facts = template_facts(str(told["body"]), str(told.get("category", "UTILITY")))
        self._world.store.set_template(str(told["waba"]), str(told["name"]), str(told["language"]), facts)

    def _messages(self, channel: str) -> list[dict[str, Any]]:
        return [
            {"id": each.id, "line": each.address, "phone": each.phone, "mine": each.comes_in, "kind": each.kind, "text": each.text,
             "state": each.state, "error": each.error, "tracker": each.facts.get("tracker"), "reply_to": each.reply_to}
            for each in self._world.store.all_messages(channel)
        ]  # fmt: skip

    # people
    def _people(self, asked: Asked) -> Answer:  # noqa: PLR0911 - a list of doors
        verb = asked.path.removeprefix("/people").strip("/")
        told: Any = dict(asked.query) if asked.method == "GET" else asked.json()
        if not isinstance(told, dict):
            return answer_json(400, {"error": "not understood"})
        if verb == "lines":
            return answer_json(200, self._everything())
        if verb == "hide":
            person = self._world.store.set_person(_phone(told), hidden=told.get("hidden"), absent=told.get("absent"))
            return answer_json(200, {"phone": person.phone, "hidden": person.hidden, "absent": person.absent})
        line = self._world.lines.find(str(told.get("channel")), str(told.get("line")))
        if line is None or not _phone(told):
            return answer_json(404, {"error": "no such line or phone"})
        if verb == "media":
            return self._media(line, str(told.get("id")))
        if verb == "say" and asked.method == "POST":
            return self._say(line, told)
        if verb == "read" and asked.method == "POST":
            return answer_json(200, {"read": people.read(self._world, line, _phone(told))})
        person = self._world.store.person(_phone(told))
        entries = people.chat(self._world, line, person.phone)
        return answer_json(
            200, {"entries": entries, "hidden": person.hidden, "absent": person.absent, "name": person.name}
        )

    def _say(self, line: Line, told: Mapping[str, Any]) -> Answer:
        file = told.get("file")
        try:
            given = (
                people.File(str(file["name"]), str(file["kind"]), base64.b64decode(file["content"], validate=True))
                if file
                else None
            )
            message = people.say(
                self._world, line, _phone(told), name=str(told.get("name", "")), text=str(told.get("text", "")), file=given,
                kind=str(told.get("kind", "")), reply_to=str(told.get("reply_to", "")), at_ms=told.get("at_ms"),
                facts=told.get("facts"),
            )  # fmt: skip
        except (people.NotPossible, binascii.Error, ValueError, KeyError, TypeError) as refusal:
            return answer_json(422, {"error": "not possible", "why": str(refusal)})
        return answer_json(201, {"id": message.id, "media": message.media})

    def _media(self, line: Line, media_id: str) -> Answer:
        media = self._world.store.media(line.channel, media_id)
        if media is None or media.lost:
            return answer_json(404, {"error": "no such file"})
        return Answer(200, media.content, media.kind)

    def _everything(self) -> dict[str, Any]:
        lines = [
            {"channel": each.channel, "line": each.address, "name": each.name, "purpose": each.purpose, "number": each.number}
            for each in self._world.lines
        ]  # fmt: skip
        customers = [
            {"phone": each.phone, "name": each.name, "language": each.language} for each in self._world.lines.people()
        ]
        return {"lines": lines, "people": customers}

    # the page
    def _page(self, asked: Asked) -> str:
        language = _language(asked)
        direction = "rtl" if language in _RIGHT_TO_LEFT else "ltr"
        others = " ".join(
            f'<a href="/?lang={code}" lang="{code}" dir="auto">{name}</a>'
            for code, name in LANGUAGES.items()
            if code != language
        )
        title = words(language).gettext(_TITLE)
        return f"""<!doctype html>
<html lang="{language}" dir="{direction}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>{escape(title)}</title><link rel="stylesheet" href="/style.css"></head>
<body><header><h1>{escape(title)}</h1><nav>{others}</nav></header>
<main>{self._now(language)}{_manner_form(language)}{self._delivery_form(language)}{self._hooks(language)}</main></body></html>"""

    def _now(self, language: str) -> str:
        rules = self._world.switch.state()["rules"]
        if not rules:
            return f'<p class="soft">{say(language, mark("All providers answer well."))}</p>'
        items = "".join(
            f'<li class="card"><bdi dir="ltr">{escape(each["channel"])} / {escape(each["place"])}</bdi> · '
            f"{say(language, MANNER_WORDS[Manner(each['manner'])])}</li>"
            for each in rules
        )
        return f"<ul>{items}</ul>"

    def _delivery_form(self, language: str) -> str:
        now = self._world.switch.state()["delivery"]
        inputs = "".join(
            f'<label>{say(language, text)}<input name="{name}" type="number" min="{BOUNDS[name][0]}" max="{BOUNDS[name][1]}" '
            f'value="{now[name]}" required></label>'
            for name, text in DELIVERY_WORDS.items()
        )
        return f"""<h2>{say(language, mark("How webhooks are delivered"))}</h2>
<form action="/control" method="post"><input type="hidden" name="lang" value="{language}"><input type="hidden" name="what" value="delivery">
{inputs}<button>{say(language, mark("Set"))}</button></form>"""

    def _hooks(self, language: str) -> str:
        debts = self._world.store.debts()
        names = sorted({*debts["waiting"], *debts["done"]})
        rows = "".join(
            f'<li class="card"><bdi dir="ltr">{escape(name)}</bdi><br><small>'
            + say(
                language, mark("Told: %(told)s, still owed: %(owed)s"),
                told=debts["done"].get(name, 0), owed=debts["waiting"].get(name, {"items": 0})["items"],
            )
            + "</small></li>"
            for name in names
        )  # fmt: skip
        return f"<h2>{say(language, mark('Webhooks'))}</h2><ul>{rows}</ul>"


_TITLE: Final = mark("Demo channels")


def _manner_form(language: str) -> str:
    def options(values: Mapping[str, str]) -> str:
        return "".join(f'<option value="{value}">{text}</option>' for value, text in values.items())

    channels = options({each: each for each in (EVERY, *CHANNELS, "scanner")})
    places = options({each: each for each in PLACES})
    manners = options({each: say(language, text) for each, text in MANNER_WORDS.items()})
    return f"""<h2>{say(language, mark("How the providers behave"))}</h2>
<form action="/control" method="post"><input type="hidden" name="lang" value="{language}">
<label>{say(language, mark("Channel"))}<select name="channel">{channels}</select></label>
<label>{say(language, mark("Place"))}<select name="place">{places}</select></label>
<label>{say(language, mark("From now on"))}<select name="manner">{manners}</select></label>
<label>{say(language, mark("For how many requests"))}<input name="times" type="number" min="1" max="1000000" value="1" required></label>
<label>{say(language, mark("Seconds"))}<input name="seconds" type="number" min="0" max="600" value="5" required></label>
<label>{say(language, mark("Error code"))}<input name="code" inputmode="numeric" dir="ltr" value="131047" required></label>
<button>{say(language, mark("Set"))}</button></form>"""


def _from_form(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a form asks of the switch."""
    if fields.get("what") == "delivery":
        return {"delivery": {name: _number(fields.get(name)) for name in DELIVERY_WORDS}}
    told = {name: str(fields[name]) for name in ("channel", "place", "manner")}
    return told | {name: _number(fields.get(name)) for name in ("times", "seconds", "code")}


def _number(text: Any) -> int:
    digits = ascii_digits(str(text or "0"))
    if not (digits.isascii() and digits.isdigit() and len(digits) <= CODE_DIGITS_MAX):
        raise BadSwitch
    return int(digits)


def _phone(told: Mapping[str, Any]) -> str:
    digits = "".join(each for each in ascii_digits(str(told.get("phone", ""))) if each.isascii() and each.isdigit())[
        :15
    ]
    return f"+{digits.removeprefix('00')}" if digits else ""


def _language(asked: Asked) -> str:
    chosen = str(asked.told()[0].get("lang", "")) or asked.headers.get("accept-language", "")[:2].lower()
    return chosen if chosen in LANGUAGES else "en"
