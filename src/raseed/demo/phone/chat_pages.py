"""How the phone's messengers look: who writes to whom, the conversation with its ticks, and the form below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any, Final
from urllib.parse import urlencode

from raseed.kernel.errors import mark

from .pages import number_text, page, say, time_text, words

SCRIPT_PATH: Final = "/chat.js"
CHANNEL_WORDS: Final[Mapping[str, str]] = {
    "whatsapp": mark("WhatsApp"),
    "whatsapp/documents": mark("WhatsApp for documents"),
    "telegram": mark("Telegram"),
    "x": mark("X"),
    "sms": mark("Text message"),
}
STATE_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "accepted": ("…", mark("on its way")),
    "sent": ("✓", mark("sent")),
    "delivered": ("✓✓", mark("delivered")),
    "read": ("✓✓", mark("read")),
    "failed": ("✕", mark("not delivered")),
}
_TITLE: Final = mark("Write to an institution")
_WRITE: Final = mark("Write to an institution: WhatsApp, Telegram, X, text message")
_UNITS: Final = ("B", "KiB", "MiB")
_STEP: Final = 1024

STYLE: Final = """
.log{display:flex;flex-direction:column;gap:.5rem}
.said{max-width:85%;align-self:flex-start;background:var(--card);border:1px solid var(--line);border-radius:.9rem;
border-end-start-radius:.2rem;padding:.5rem .75rem;overflow-wrap:anywhere}
.mine{align-self:flex-end;background:color-mix(in srgb,var(--act) 16%,var(--card));border-radius:.9rem;border-end-end-radius:.2rem}
.said p{margin:0;white-space:pre-wrap}.said img{display:block;max-width:100%;max-height:16rem;border-radius:.5rem;margin-block:.25rem}
.said small{color:var(--soft);display:block;text-align:end}.ticks{letter-spacing:-.25em;padding-inline-end:.25em}
.read .ticks{color:var(--act)}.failed{border-style:dashed}
textarea{font:inherit;padding:.6rem .75rem;border-radius:.5rem;border:1px solid var(--line);background:var(--card);color:inherit;
width:100%;min-height:2.75rem;resize:vertical}
.write label{flex:1 1 100%}.write input[type=file]{min-width:0}
.tabs{display:flex;flex-wrap:wrap;gap:.5rem;margin-block:.5rem}
.tabs a{padding:.5rem .75rem;border:1px solid var(--line);border-radius:2rem;text-decoration:none;min-height:2.75rem;
display:inline-flex;align-items:center}.tabs a[aria-current]{background:var(--act);color:var(--card);border-color:var(--act)}
.problem{border:1px solid currentColor;border-radius:.5rem;padding:.5rem .75rem}
"""

SCRIPT: Final = """
(function () {
  "use strict";
  var log = document.getElementById("log");
  if (!log || !window.fetch) { return; }
  var again = document.getElementById("again");
  if (again) { again.hidden = true; }
  var last = null;
  function look() {
    fetch(log.dataset.entries, { credentials: "same-origin" }).then(function (answer) {
      return answer.ok ? answer.text() : null;
    }).then(function (html) {
      if (html === null || html === last) { return; }
      var first = last === null;
      var atEnd = window.innerHeight + window.scrollY >= document.body.scrollHeight - 160;
      last = html;
      if (first && html.trim() === log.innerHTML.trim()) { return; }
      log.innerHTML = html;
      if (atEnd) { document.getElementById("end").scrollIntoView({ block: "end" }); }
    }).catch(function () {}).then(function () { window.setTimeout(look, 1000); });
  }
  look();
})();
"""


def chat_link(language: str) -> str:
    """Return what the phone's first page says of the messengers."""
    return f'<p><a href="/chat?lang={language}">{say(language, _WRITE)}</a></p>'


def line_name(language: str, line: Mapping[str, str]) -> str:
    """Return what a line is called: its channel, and whose it is."""
    key = f"{line['channel']}/{line['purpose']}"
    return say(language, CHANNEL_WORDS.get(key) or CHANNEL_WORDS.get(line["channel"], line["channel"]))


def _address(phone: str, line: Mapping[str, str], language: str) -> str:
    told = {"phone": phone, "line": f"{line['channel']}:{line['line']}", "lang": language}
    return escape(f"/chat?{urlencode(told)}")


def choice_page(
    language: str, lines: Sequence[Mapping[str, str]], people: Sequence[Mapping[str, str]], phone: str
) -> str:
    """Return the page on which a person is chosen, then whom to write to."""
    if phone:
        chosen = "".join(
            f'<li class="card"><a href="{_address(phone, each, language)}">{line_name(language, each)}'
            f'<small dir="auto">{escape(each["name"])}</small></a></li>'
            for each in lines
        )
        body = f"<h2>{number_text(phone)}</h2><ul>{chosen}</ul>"
        return page(language, words(language).gettext(_TITLE), body, here="/chat", query={"phone": phone})
    named = "".join(
        f'<li class="card"><a href="/chat?{escape(urlencode({"phone": each["phone"], "lang": language}))}">'
        f'<span dir="auto">{escape(each["name"])}</span>{number_text(each["phone"])}</a></li>'
        for each in people
    )
    none_yet = f'<p class="soft">{say(language, mark("The institutions have no numbers here yet."))}</p>'
    body = f"""<h2>{say(language, _TITLE)}</h2>
<p class="soft">{say(language, mark("Choose who you are, then whom you write to. Nothing leaves this computer."))}</p>
<ul>{named}</ul>{"" if lines else none_yet}
<form action="/chat" method="get"><input type="hidden" name="lang" value="{language}">
<label>{say(language, mark("Another phone number"))}<input name="phone" inputmode="tel" dir="ltr" required pattern="\\+[0-9]{{7,15}}"
 placeholder="+201400000077"></label><button>{say(language, mark("Open this phone"))}</button></form>"""
    return page(language, words(language).gettext(_TITLE), body, here="/chat")


def chat_page(
    language: str,
    person: Mapping[str, str],
    line: Mapping[str, str],
    lines: Sequence[Mapping[str, str]],
    chat: Mapping[str, Any],
    entries: str,
    problem: str,
) -> str:
    """Return one conversation; the script fetches its entries again each second, without it there is a link to do so."""
    phone, key = person["phone"], f"{line['channel']}:{line['line']}"
    query = {"phone": phone, "line": key}
    here = _address(phone, line, language)
    fragment = escape(f"/chat/entries?{urlencode({**query, 'lang': language})}")
    tabs = "".join(
        f'<a href="{_address(phone, each, language)}"{" aria-current=page" if each is line else ""}>{line_name(language, each)}</a>'
        for each in lines
    )
    hidden = f'<input type="hidden" name="lang" value="{language}">' + "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in query.items()
    )
    number = f" {number_text('+' + line['number'])}" if line.get("number") else ""
    wrong = f'<p class="problem" role="alert">{say(language, problem)}</p>' if problem else ""
    file = "" if line["channel"] == "sms" else (
        f'<label>{say(language, mark("Photo or document"))}<input type="file" name="file"></label>'
    )  # fmt: skip
    body = f"""<nav class="tabs">{tabs}</nav>
<h2><span dir="auto">{escape(person["name"])}</span> · <span dir="auto">{escape(line["name"])}</span>{number}</h2>
<div class="log" id="log" aria-live="polite" data-entries="{fragment}">{entries}</div>
<p id="again"><a href="{here}#end">{say(language, mark("Look for new messages"))}</a></p>{wrong}
<form class="write" action="/chat/say" method="post" enctype="multipart/form-data">{hidden}
<label>{say(language, mark("Message"))}<textarea name="text" rows="2" dir="auto" autofocus></textarea></label>
{file}<button>{say(language, mark("Send"))}</button></form>
{_hide_form(language, line, hidden, is_hidden=bool(chat["hidden"]))}<span id="end"></span><script src="{SCRIPT_PATH}" defer></script>"""
    return page(language, words(language).gettext(_TITLE), body, here="/chat", query=query)


def _hide_form(language: str, line: Mapping[str, str], hidden: str, *, is_hidden: bool) -> str:
    if line["channel"] != "whatsapp":
        return ""
    now = (
        mark("The institution does not see this phone's number.")
        if is_hidden
        else mark("The institution sees this phone's number.")
    )
    change = mark("Show my number") if is_hidden else mark("Hide my number")
    return f"""<form action="/chat/hide" method="post">{hidden}<input type="hidden" name="hidden" value="{0 if is_hidden else 1}">
<p class="soft">{say(language, now)}</p><button>{say(language, change)}</button></form>"""


def entries_html(language: str, entries: Sequence[Mapping[str, Any]], *, phone: str, line: Mapping[str, str]) -> str:
    """Return the conversation's entries, oldest first."""
    if not entries:
        return f'<p class="soft">{say(language, mark("No messages yet."))}</p>'
    return "".join(_entry(language, each, phone, line) for each in entries)


def _entry(language: str, entry: Mapping[str, Any], phone: str, line: Mapping[str, str]) -> str:
    sign, state = STATE_WORDS.get(entry["state"], ("", entry["state"]))
    mine = " mine" if entry["mine"] else ""
    at = time_text(language, datetime.fromtimestamp(entry["at_ms"] / 1000, UTC))
    code = f' <bdi dir="ltr">{int(entry["error"])}</bdi>' if entry["error"] else ""
    text = f'<p dir="auto">{escape(entry["text"])}</p>' if entry["text"] else ""
    return (
        f'<article class="said{mine} {escape(entry["state"])}">{_file(language, entry, phone, line)}{text}'
        f'<small>{at} <span class="ticks" aria-hidden="true">{sign}</span>{say(language, state)}{code}</small></article>'
    )


def _file(language: str, entry: Mapping[str, Any], phone: str, line: Mapping[str, str]) -> str:
    media = entry.get("media")
    if not media:
        return ""
    told = {"phone": phone, "line": f"{line['channel']}:{line['line']}", "id": media["id"]}
    where = escape(f"/chat/file?{urlencode(told)}")
    if media["kind"] in {"image/jpeg", "image/png", "image/gif", "image/webp"}:
        return f'<a href="{where}"><img src="{where}" alt="{say(language, mark("Photo"))}"></a>'
    size, unit = media["size"], 0
    while size >= _STEP and unit < len(_UNITS) - 1:
        size, unit = size // _STEP, unit + 1
    return f'<p><a href="{where}" download dir="auto">{escape(media["name"])}</a> <bdi dir="ltr">{size} {_UNITS[unit]}</bdi></p>'


def gone_page(language: str) -> str:
    """Return the page for when the simulated channels don't answer."""
    said = say(language, mark("The demo's channels are not running. './raseed run' starts them."))
    return page(language, words(language).gettext(_TITLE), f"<p>{said}</p>", here="/chat")
