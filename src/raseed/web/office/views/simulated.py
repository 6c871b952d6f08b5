"""The demo's billers, made to misbehave: there only where a demo world is, and called what they are."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from django.apps import apps
from django.http import Http404, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from raseed.bills import api as bills
from raseed.kernel.errors import RaseedError
from raseed.kernel.text import ascii_digits
from raseed.web.office.forms import ENTERED_MAX, said, status_of
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

PERMISSION: Final = "payments.lanes.edit"
EVERY: Final = "*"
FIELDS: Final = ("biller", "question", "manner", "times", "seconds", "reason")
DEFAULTS: Final = {"biller": EVERY, "question": EVERY, "manner": "slow", "times": "10", "seconds": "5", "reason": ""}
WELL: Final = {"biller": EVERY, "question": EVERY, "manner": "well", "times": "1", "seconds": "0"}
_DIGITS_MAX: Final = 7


def demo_doors() -> Any | None:
    """Return the demo's front door where a demo world is planted with its billers, else ``None``."""
    if not apps.is_installed("raseed.demo"):
        return None
    doors = import_module("raseed.demo.api")  # its tables are there only where it is installed
    return doors if doors.is_simulated() else None


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(PERMISSION)
def panel(request: StaffRequest) -> HttpResponseBase:
    """Show who misbehaves, and let one of them do so, or all be well again."""
    request.rights.require(PERMISSION)
    demo = demo_doors()
    if demo is None:
        raise Http404
    entered = DEFAULTS | {name: request.POST[name][:ENTERED_MAX] for name in FIELDS if name in request.POST}
    error: RaseedError | None = None
    if request.method == "POST":
        asked = entered | WELL if "well" in request.POST else entered
        try:
            demo.switch_billers(
                biller=asked["biller"],
                question=asked["question"],
                manner=asked["manner"],
                times=_whole(asked["times"]),
                seconds=_whole(asked["seconds"]),
                institution_id=request.institution.id,
                by=request.author,
                reason=asked["reason"],
            )
        except RaseedError as refused:
            error = refused
        else:
            done = "well" if "well" in request.POST else "switched"
            return HttpResponseRedirect(f"{reverse('office:simulated')}?done={done}", status=303)
    return _shown(request, demo, entered, error)


def _shown(request: StaffRequest, demo: Any, entered: dict[str, str], error: RaseedError | None) -> HttpResponseBase:
    language = request.reader.language
    names = {}
    if request.rights.may("bills.view"):
        names = {each.code: each.name(language) for each in bills.billers_of(request.institution.id, by=request.author)}
    try:
        found = demo.simulation()
    except demo.SimulationNotRunning as away:
        found, error = None, error or away
    every = gettext("All simulated billers")
    return render(
        request,
        "office/simulated.html",
        status=status_of(error),
        tab="billers",
        running=found is not None,
        billers=[(EVERY, every), *((code, names.get(code, code)) for code in (found.asked if found else ()))],
        questions=[(code, gettext(words)) for code, words in demo.QUESTION_WORDS.items()],
        manners=[(one.value, gettext(words)) for one, words in demo.MANNER_WORDS.items()],
        rules=[
            (
                every if each.biller == EVERY else names.get(each.biller, each.biller),
                gettext(demo.QUESTION_WORDS[each.question]),
                gettext(demo.MANNER_WORDS[each.manner]),
                each.times,
                int(each.seconds),
            )
            for each in (found.rules if found else ())
        ],
        entered=entered,
        reason=entered["reason"],
        errors=said(request, error, ("biller", "manner", "times", "reason")),
        done=request.GET.get("done", ""),
    )


def _whole(text: str) -> int:
    """Return a number that was typed, or one that is refused."""
    plain = ascii_digits(text.strip())
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) <= _DIGITS_MAX else -1
