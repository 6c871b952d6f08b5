"""Reports of care: what came in and why, how fast it was answered and by whom, what was promised, what was stopped.

Each figure leads to what it counts, and from there to the desk. Whose figures somebody sees is asked by ``care.reports``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from raseed.care import api as care
from raseed.care.api import reports
from raseed.kernel.errors import InputError, mark
from raseed.web.desk.listing import customer_names, staff_names
from raseed.web.desk.words import CHANNEL_WORDS, channel_words
from raseed.web.office import report_plots
from raseed.web.office.naming import name_in
from raseed.web.office.rendering import render
from raseed.web.office.report_asking import PERIODS, Asked, asked_of, behind_of
from raseed.web.office.report_tables import ShownTable, shown_table, table_csv
from raseed.web.office.report_words import COLUMN_WORDS, COLUMNS_OF, REPORT_WORDS, WEEKDAY_WORDS, key_words, worked_text
from raseed.web.office.requests import StaffRequest, staff_only
from raseed.web.rendering import words

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

VIEW: Final = reports.VIEW
SEE_TALKS: Final = "care.conversations.view"
SEE_QUESTIONS: Final = "care.gaps.view"
ROWS_PER_PAGE: Final = 50
PEOPLE: Final = "people"
THEIR_OWN: Final = mark("Their own")
FOLDED: Final = frozenset({("volumes", "times"), ("volumes", "hours")})
"""Tables that repeat a drawing number by number: folded beneath it."""
MAKERS: Final[Mapping[str, Callable[..., tuple[reports.Table, ...]]]] = {
    "volumes": reports.volumes,
    "reasons": reports.reasons,
    "clocks": reports.clocks_by_team,
    PEOPLE: reports.clocks_by_person,
    "promises": reports.promises,
    "replies": reports.stopped,
}
MEASURE_WORDS: Final = {
    reports.Measure.MESSAGES: mark("Messages that came in"),
    reports.Measure.CONVERSATIONS: mark("Conversations that began"),
    reports.Measure.ANSWERS: mark("Answers that were owed"),
    reports.Measure.CASES: mark("Cases that were opened"),
    reports.Measure.TAGGED: mark("Conversations with a tag"),
    reports.Measure.ENDED: mark("Clocks that ended"),
    reports.Measure.BROKEN: mark("Clocks that ran out"),
    reports.Measure.HANDED: mark("Handed over between people"),
    reports.Measure.PROMISES: mark("Questions promised"),
    reports.Measure.ASKERS: mark("Customers who asked"),
    reports.Measure.STOPPED: mark("Answers that were stopped"),
    reports.Measure.STOPPED_KINDS: mark("Answers that were stopped"),
    reports.Measure.OVERRIDDEN: mark("Stopped answers sent all the same"),
}
REPORT_OF: Final = {
    reports.Measure.CASES: "reasons", reports.Measure.TAGGED: "reasons", reports.Measure.ENDED: "clocks",
    reports.Measure.BROKEN: "clocks", reports.Measure.HANDED: PEOPLE, reports.Measure.PROMISES: "promises",
    reports.Measure.ASKERS: "promises", reports.Measure.STOPPED: "replies", reports.Measure.STOPPED_KINDS: "replies",
    reports.Measure.OVERRIDDEN: "replies",
}  # fmt: skip
"""From which report a list came, where that is not the first."""
WHERE_TO: Final = {
    "conversation": ("office:conversation", SEE_TALKS),
    "case": ("office:case", SEE_TALKS),
    "gap": ("office:question", SEE_QUESTIONS),
}

SUBJECT_WORDS: Final = {
    "conversation": mark("Conversation"), "case": mark("Case"), "gap": mark("Question"), "approval": mark("Approval"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShownItem:
    """One of the things behind a figure, in words; ``address``: where it is read, for whoever may."""

    item: reports.Item
    name: str
    channel: str
    told: tuple[str, ...]
    address: str


@require_safe
@staff_only()
def overview(request: StaffRequest) -> HttpResponseBase:
    """Show what came in; who may not read reports is shown their own clocks."""
    if not request.rights.may(VIEW):
        return HttpResponseRedirect(reverse("office:care-people"), status=303)
    return _page(request, "volumes")


@require_safe
@staff_only(VIEW)
def report(request: StaffRequest, report: str) -> HttpResponseBase:
    """Show a report."""
    if report not in MAKERS or report == PEOPLE:
        raise Http404
    request.rights.require(VIEW)
    return _page(request, report)


@require_safe
@staff_only()
def by_person(request: StaffRequest) -> HttpResponseBase:
    """Show clocks by person, of those whom this reader may see; at least themself."""
    return _page(request, PEOPLE)


@require_safe
@staff_only()
def file(request: StaffRequest, report: str, table: str) -> HttpResponseBase:
    """Send a table as CSV."""
    if report not in MAKERS:
        raise Http404
    asked = asked_of(request)
    found = next((each for each in MAKERS[report](asked.wanted, by=request.author) if each.code == table), None)
    if found is None:
        raise Http404
    response = HttpResponse(table_csv(found, request), content_type="text/csv; charset=utf-8")
    name = f"care-{report}-{table}-{asked.wanted.first}-{asked.wanted.last}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_safe
@staff_only()
def behind(request: StaffRequest) -> HttpResponseBase:
    """List what is behind a figure, each with the way to the desk; who names none is sent to the reports."""
    if "of" not in request.GET:
        return HttpResponseRedirect(reverse("office:care-reports"), status=303)
    asked, which = asked_of(request), behind_of(request)
    found = reports.behind(
        asked.wanted, which, by=request.author, before=request.GET.get("before") or None, limit=ROWS_PER_PAGE
    )
    here = {name: value for name, value in request.GET.items() if name != "before"}
    back = REPORT_OF.get(which.measure, "volumes")
    back = PEOPLE if "person" in which.where and back == "clocks" else back
    return render(
        request,
        "office/care_behind.html",
        tab="care-reports",
        what=gettext(MEASURE_WORDS[which.measure]),
        told=_told_apart(which, back, request),
        wanted=asked.wanted.before() if which.earlier else asked.wanted,
        count=found.count,
        items=_shown_items(found.items, back, request),
        next=urlencode({**here, "before": found.next}) if found.next else "",
        back=f"{_address(back)}?{asked.query}",
        back_words=gettext(REPORT_WORDS[back]),
    )


@require_safe
@staff_only()
def record(request: StaffRequest, staff_id: UUID) -> HttpResponseBase:
    """Show the record of a person of staff: what they did, what they held and for how long, what ran out."""
    asked, errors = _asked(request)
    found = reports.record(asked.wanted, staff_id, by=request.author)
    held = {one.staff_id for breach in (*found.breaches, *found.breaches_touched) for one in breach.held}
    names = staff_names(request, {staff_id, *held})
    return render(
        request,
        "office/care_record.html",
        status=400 if errors else 200,
        tab="care-reports",
        name=names.get(staff_id, ""),
        record=found,
        held_words=worked_text(found.working_s_held, request),
        breaches=[_shown_breach(each, names, request) for each in found.breaches],
        touched=[_shown_breach(each, names, request) for each in found.breaches_touched],
        people=f"{reverse('office:care-people')}?{asked.query}",
        here=request.path,
        **_form(asked, errors, request, narrows=False),
    )  # fmt: skip


def _page(request: StaffRequest, which: str) -> HttpResponseBase:
    asked, errors = _asked(request)
    tables = MAKERS[which](asked.wanted, by=request.author)
    shown = [_shown(which, table, asked, request) for table in tables]
    may = request.rights.may(VIEW)
    return render(
        request,
        "office/care_report.html",
        status=400 if errors else 200,
        tab="care-reports",
        title=gettext(REPORT_WORDS[which]),
        alone=not may,
        tabs=[
            (f"{_address(code)}?{asked.query}", gettext(text), code == which)
            for code, text in REPORT_WORDS.items()
            if may or code == PEOPLE
        ],
        tables=shown,
        answers=report_plots.answers_plot(tables[0], request) if which == "volumes" and shown[0].plot else "",
        legends={
            "times": report_plots.legend(report_plots.ANSWERED, which) if which == "volumes" else [],
            **{
                code: report_plots.legend(parts, of)
                for (of, code), parts in report_plots.STACKED.items()
                if of == which
            },
        },
        here=request.path,
        mine=reverse("office:care-person", args=[request.staff.id]),
        **_form(asked, errors, request),
    )


def _shown(which: str, table: reports.Table, asked: Asked, request: StaffRequest) -> ShownTable:
    if (which, table.code) == ("volumes", "hours"):
        week = tuple(map(str, report_plots.week_from(request.institution.country)))
        table = replace(table, columns=week)
    plot = report_plots.plot_of(which, table, request)
    return shown_table(which, table, asked, request, plot=plot, folded=(which, table.code) in FOLDED)


def _address(which: str) -> str:
    if which == "volumes":
        return reverse("office:care-reports")
    return reverse("office:care-people") if which == PEOPLE else reverse("office:care-report", args=[which])


def _asked(request: StaffRequest) -> tuple[Asked, dict[str, Any]]:
    """Return what is asked; where it can't be read, the usual, and why."""
    try:
        return asked_of(request), {}
    except InputError as error:
        return asked_of(request, plain=True), {error.field or "first": words(request, error)}


def _form(asked: Asked, errors: Mapping[str, Any], request: StaffRequest, *, narrows: bool = True) -> dict[str, Any]:
    language = request.reader.language
    return {
        "asked": asked,
        "errors": errors,
        "narrows": narrows,
        "periods": [(code, gettext(text)) for code, text in PERIODS.items()],
        "teams": [(str(team.id), name_in(team.names, language)) for team in reports.teams_of(request.institution.id)],
        "team": str(asked.wanted.team_id or ""),
        "channels": [(code, channel_words(code)) for code in CHANNEL_WORDS],
    }


def _told_apart(which: reports.Behind, report: str, request: StaffRequest) -> list[str]:
    """Return by what the things behind a figure are told apart, in words."""
    return [_fact(name, value, report, request) for name, value in which.where.items()]


def _fact(name: str, value: reports.Key, report: str, request: StaffRequest) -> str:
    """Return one thing that is said of an item, in words."""
    text = str(value)
    match name:
        case "standing":
            told = COLUMNS_OF.get((report, text)) or COLUMN_WORDS.get(text, text)
        case "whose":
            told = COLUMN_WORDS["others"] if text == "others" else THEIR_OWN
        case "clock":
            told = {kind.value: words_ for kind, words_ in care.CLOCK_KIND_WORDS.items()}.get(text, text)
        case "weekday":
            told = WEEKDAY_WORDS[int(text) % len(WEEKDAY_WORDS)]
        case "seconds":
            return worked_text(int(text), request)
        case "reason":
            return text
        case _:
            return key_words(name, [value], request)[value]
    return gettext(told) if told else ""


def _shown_items(items: tuple[reports.Item, ...], report: str, request: StaffRequest) -> list[ShownItem]:
    names = customer_names(request, [item.customer_id for item in items if item.customer_id])
    people_named = key_words("person", [item.facts["person"] for item in items if "person" in item.facts], request)
    teams = key_words("team", {item.facts.get("team") for item in items}, request)
    shown = []
    for item in items:
        address, permission = WHERE_TO.get(item.subject_kind, ("", ""))
        opens = bool(address) and item.subject_id is not None and request.rights.may(permission)
        told = [
            people_named[value]
            if name == "person"
            else teams[value]
            if name == "team"
            else _fact(name, value, report, request)
            for name, value in item.facts.items()
        ]
        shown.append(
            ShownItem(
                item,
                names.get(item.customer_id or UUID(int=0)) or item.title,
                channel_words(item.channel) if item.channel else "",
                tuple(told),
                reverse(address, args=[item.subject_id]) if opens else "",
            )
        )
    return shown


def _shown_breach(breach: reports.Breach, names: Mapping[UUID, str], request: StaffRequest) -> dict[str, Any]:
    address, permission = WHERE_TO.get(breach.subject_kind.value, ("", ""))
    kind = breach.subject_kind.value
    return {
        "at": breach.due_at,
        "what": gettext(SUBJECT_WORDS[kind]) if kind in SUBJECT_WORDS else kind,
        "address": reverse(address, args=[breach.subject_id]) if address and request.rights.may(permission) else "",
        "held": [(names.get(one.staff_id, ""), worked_text(one.working_s, request)) for one in breach.held],
    }
