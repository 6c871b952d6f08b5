"""The firm's bookkeeping, as far as the phone shows it: salaries as payment files to be fetched, whole and with an error."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from raseed.demo.payroll import salaries_pain001, with_bad_iban
from raseed.demo.world.places import ZONE
from raseed.kernel.errors import mark

from .pages import number_text, say

if TYPE_CHECKING:
    from raseed.demo.payroll import Payroll

GOOD, BAD = "/files/salaries.xml", "/files/salaries-bad-iban.xml"
_ZONE: Final = ZoneInfo(ZONE)


def payroll_section(language: str, payroll: Payroll | None) -> str:
    """Return what the first page says of the firm; nothing where there is no payroll."""
    if payroll is None:
        return ""
    intro = say(
        language,
        mark(
            "This firm pays %(count)s salaries. Sign in with its number, then hand one of the files in under “Send”, “From a file”."
        ),
        count=len(payroll.salaries),
    )
    return f"""<h2>{say(language, mark("Salaries to pay"))}</h2>
<article class="card"><p dir="auto">{escape(payroll.firm)} {number_text(payroll.phone)}</p><small>{intro}</small>
<ul><li><a href="{GOOD}" download>{say(language, mark("Salaries of today"))} <small>pain.001.001.09</small></a></li>
<li><a href="{BAD}" download>{say(language, mark("The same with a bad IBAN"))} <small>pain.001.001.09</small></a></li></ul></article>"""


def payroll_file(path: str, payroll: Payroll | None, now: datetime) -> tuple[str, bytes] | None:
    """Return name and content of the file at a path, made for this moment; ``None`` where there is none."""
    if payroll is None or path not in {GOOD, BAD}:
        return None
    here = now.astimezone(_ZONE)
    name = f"SALARIES-{here:%Y%m%d-%H%M%S}"
    wanted = payroll if path == GOOD else with_bad_iban(payroll)
    ending = "" if path == GOOD else "-bad-iban"
    return f"{name.lower()}{ending}.xml", salaries_pain001(wanted, message_id=name, created_at=here, on=here.date())
