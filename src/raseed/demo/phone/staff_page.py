"""The phone's authenticator: the apps of all the demo's staff on one page, with what they sign in with."""

from __future__ import annotations

import binascii
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, Final

from raseed.demo.authenticator import code_at, seconds_left
from raseed.kernel.errors import mark

from .pages import page, say, words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from raseed.demo.staff_file import StaffAccess

PATH: Final = "/staff"
REFRESH_S: Final = 5
_TITLE: Final = mark("Authenticator")


def staff_page(language: str, staff: Sequence[StaffAccess], now: datetime) -> str:
    """Return everyone's login, password and present code; the page fetches itself again before a code is over."""
    left = seconds_left(now)
    if staff:
        intro = say(
            language,
            mark(
                "These invented people work at the demo's institutions. They sign in at /office/ with login and password, then "
                "the code; who works for a biller, at /biller/. A code is good once; the next one is there in %(seconds)s seconds."
            ),
            seconds=left,
        )
    else:
        intro = say(
            language,
            mark(
                "What the demo's staff sign in with is not here. './raseed demo staff' makes it, anew if it was lost."
            ),
        )
    houses = groupby(staff, key=lambda one: _in(language, one.institution))
    body = f'<h2>{say(language, _TITLE)}</h2><p class="soft">{intro}</p>' + "".join(
        f"<h2>{escape(name)}</h2>" + "".join(_person(language, one, now) for one in people) for name, people in houses
    )
    return page(language, words(language).gettext(_TITLE), body, refresh=min(left, REFRESH_S), here=PATH)


def _person(language: str, one: StaffAccess, now: datetime) -> str:
    try:
        code = code_at(one.secret, now)
    except (binascii.Error, ValueError):  # a file that somebody has edited
        code = "–"
    roles = escape(" · ".join(_in(language, names) for names in one.roles))
    return f"""<article class="card"><p dir="auto">{escape(_in(language, one.names))}</p><small>{roles}</small>
<dl><dt>{say(language, mark("Login"))}</dt><dd>{_plain(one.login)}</dd>
<dt>{say(language, mark("Password"))}</dt><dd>{_plain(one.password)}</dd>
<dt>{say(language, mark("Code"))}</dt><dd class="code">{_plain(code)}</dd></dl></article>"""


def _plain(text: str) -> str:
    """Return what is to be copied as it stands: in its own direction and digits."""
    return f'<bdi dir="ltr">{escape(text)}</bdi>'


def _in(language: str, names: Mapping[str, str]) -> str:
    return names.get(language) or next(iter(names.values()), "")
