"""The phone's pages as plain HTML: every text that came from outside is escaped, and decides its own direction."""

from __future__ import annotations

import gettext
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from raseed.kernel.errors import mark
from raseed.kernel.text import arabic_digits

from .mailbox import Manner, Message

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

LANGUAGES: Final = {"ar": "العربية", "he": "עברית", "en": "English"}
REFRESH_S: Final = 3
_RIGHT_TO_LEFT: Final = frozenset({"ar", "he"})
_LOCALE: Final = Path(__file__).parent.parent / "locale"

MANNER_WORDS: Final = {
    Manner.WELL: mark("Answers well"),
    Manner.SLOW: mark("Answers after five seconds"),
    Manner.ERROR: mark("Answers with an error (500)"),
    Manner.SILENT: mark("Takes nothing and does not answer"),
    Manner.REPLY_LOST: mark("Takes the message and loses the answer"),
    Manner.TWICE: mark("Delivers to the phone twice"),
}

STYLE: Final = """
:root{color-scheme:light dark;--ink:#1c2430;--soft:#5b6675;--paper:#f3f5f7;--card:#fff;--line:#d9dee5;--act:#0b6e4f}
@media (prefers-color-scheme:dark){:root{--ink:#e8ecf1;--soft:#9aa6b5;--paper:#12161c;--card:#1b2129;--line:#313a46;
--act:#5fd3a8}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
main,header,footer{max-width:34rem;margin-inline:auto;padding:1rem}
header{display:flex;gap:1rem;align-items:baseline;flex-wrap:wrap}
header nav{margin-inline-start:auto;display:flex;gap:.75rem}
h1{font-size:1.25rem;margin:0}h2{font-size:1.1rem;margin:1.5rem 0 .5rem}
a{color:var(--act)}
.card{background:var(--card);border:1px solid var(--line);border-radius:.75rem;padding:.75rem 1rem;margin-block:.75rem}
.card p{margin:0;white-space:pre-wrap;overflow-wrap:anywhere;font-size:1.1rem}
.card small,.soft{color:var(--soft)}
ul{list-style:none;padding:0;margin:0}
li a{display:flex;justify-content:space-between;gap:1rem;text-decoration:none;min-height:2.75rem;align-items:center}
form{display:flex;gap:.5rem;flex-wrap:wrap;margin-block:.75rem;align-items:end}
label{display:grid;gap:.25rem;flex:1 1 9rem}
input,select,button{font:inherit;padding:.6rem .75rem;border-radius:.5rem;border:1px solid var(--line);
background:var(--card);color:inherit;min-height:2.75rem;width:100%}
button{background:var(--act);color:var(--card);border-color:var(--act);width:auto;cursor:pointer}
dl{display:grid;grid-template-columns:auto 1fr;gap:.1rem 1rem;margin:.5rem 0 0}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
.code{font-size:1.4rem;font-variant-numeric:tabular-nums;letter-spacing:.1em}
:focus-visible{outline:3px solid var(--act);outline-offset:2px}
"""


@lru_cache(maxsize=len(LANGUAGES))
def words(language: str) -> gettext.NullTranslations:
    """Return the demo's words in a language."""
    return gettext.translation("django", _LOCALE, languages=[language], fallback=True)


def say(language: str, sentence: str, **places: object) -> str:
    """Return a sentence in the reader's language, escaped, its places filled and escaped."""
    text = words(language).gettext(sentence)
    return escape(_digits(language, text % places) if places else text)


def _digits(language: str, text: str) -> str:
    """Return ``text`` in the reader's digits."""
    return arabic_digits(text) if language == "ar" else text


def page(
    language: str,
    title: str,
    body: str,
    *,
    refresh: int = 0,
    here: str = "/",
    number: str = "",
    query: Mapping[str, str] | None = None,
) -> str:
    """Return a whole page; ``refresh`` is after how many seconds it fetches itself again, 0 for never."""
    direction = "rtl" if language in _RIGHT_TO_LEFT else "ltr"
    again = f'<meta http-equiv="refresh" content="{refresh}">' if refresh else ""
    query = query or ({"number": number} if number else {})
    others = " ".join(
        f'<a href="{escape(here)}?{escape(urlencode({**query, "lang": code}))}" lang="{code}" dir="auto">{name}</a>'
        for code, name in LANGUAGES.items()
        if code != language
    )
    return f"""<!doctype html>
<html lang="{language}" dir="{direction}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">{again}
<title>{escape(title)}</title><link rel="stylesheet" href="/style.css"></head>
<body><header><h1><a href="/?lang={language}">{say(language, mark("Demo phone"))}</a></h1><nav>{others}</nav></header>
<main>{body}</main>
<footer class="soft">{say(language, mark("This phone is part of the demo. It receives what would go out as text messages."))}
</footer></body></html>"""


def time_text(language: str, at: datetime) -> str:
    """Return an hour in the reader's digits."""
    stamp = at.astimezone()
    shown = _digits(language, f"{stamp:%H:%M:%S}")
    return f'<time datetime="{stamp.isoformat(timespec="seconds")}"><bdi dir="ltr">{shown}</bdi></time>'


def number_text(phone: str) -> str:
    """Return a phone number in its own direction."""
    return f'<bdi dir="ltr">{escape(phone)}</bdi>'


def _number_form(language: str, number: str = "") -> str:
    return f"""<form action="/phone" method="get"><input type="hidden" name="lang" value="{language}">
<label>{say(language, mark("Phone number"))}
<input name="number" inputmode="tel" dir="ltr" autocomplete="off" required value="{escape(number)}"
 placeholder="+201400000001"></label>
<button>{say(language, mark("Open this phone"))}</button></form>"""


def index_page(
    language: str, phones: list[tuple[str, int, datetime]], manner: tuple[Manner, int], more_cards: str = ""
) -> str:
    """Return the page on which a phone is chosen and the gateway's manners are set; ``more_cards`` is finished HTML."""
    entries = "".join(
        f'<li class="card"><a href="/phone?{escape(urlencode({"number": phone, "lang": language}))}">'
        f"{number_text(phone)}<small>{say(language, mark('Messages: %(count)s'), count=count)} · {time_text(language, last)}</small></a></li>"
        for phone, count, last in phones
    )
    none_yet = f'<p class="soft">{say(language, mark("No messages yet."))}</p>'
    kind, left = manner
    options = "".join(
        f'<option value="{each}"{" selected" if each is kind else ""}>{say(language, words)}</option>'
        for each, words in MANNER_WORDS.items()
    )
    now = say(language, MANNER_WORDS[kind])
    more = f" · {say(language, mark('Messages still to come: %(count)s'), count=left)}" if left else ""
    body = f"""{_number_form(language)}
<p><a href="/staff?lang={language}">{say(language, mark("Authenticator of the demo's staff"))}</a></p>
<h2>{say(language, mark("Phones with messages"))}</h2><ul>{entries}</ul>{"" if phones else none_yet}
{more_cards}
<h2>{say(language, mark("How the gateway behaves"))}</h2><p class="soft">{now}{more}</p>
<form action="/control" method="post"><input type="hidden" name="lang" value="{language}">
<label>{say(language, mark("From now on"))}<select name="manner">{options}</select></label>
<label>{say(language, mark("For how many messages"))}
<input name="times" type="number" min="1" max="1000" value="1" required></label>
<button>{say(language, mark("Set"))}</button></form>"""
    return page(language, words(language).gettext(mark("Demo phone")), body)


def phone_page(language: str, number: str, messages: list[Message]) -> str:
    """Return one phone's texts, newest first; the page fetches itself again every ``REFRESH_S`` seconds."""
    entries = "".join(_message(language, each) for each in messages)
    none_yet = f'<p class="soft">{say(language, mark("No messages yet."))}</p>'
    body = f"<h2>{number_text(number)}</h2>{entries or none_yet}"
    return page(language, number, body, refresh=REFRESH_S, here="/phone", number=number)


def _message(language: str, message: Message) -> str:
    notes = []
    if message.arrived > 1:
        notes.append(say(language, mark("arrived %(count)s times, shown once"), count=message.arrived))
    if message.handed_in > 1:
        notes.append(say(language, mark("sent %(count)s times under one id"), count=message.handed_in))
    extra = "".join(f" · {note}" for note in notes)
    return (
        f'<article class="card"><p dir="auto">{escape(message.text)}</p>'
        f"<small>{time_text(language, message.received_at)}{extra}</small></article>"
    )


def problem_page(language: str, sentence: str) -> str:
    """Return a page that says what was wrong with a request."""
    return page(language, words(language).gettext(mark("Demo phone")), f"<p>{say(language, sentence)}</p>")
