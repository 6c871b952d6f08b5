"""Releases of what shows balances: those that were, one with its progress, its steps, the big red button, and its report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from raseed.assurance.api import guard
from raseed.assurance.guard.api import ReleaseState
from raseed.kernel.errors import RaseedError, mark
from raseed.kernel.ids import new_id
from raseed.web.office import releases as shown
from raseed.web.office.forms import ENTERED_MAX, Act, Choice, act_page, form_id, said, status_of
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

from .changes import shown_changes

if TYPE_CHECKING:
    from uuid import UUID

    from django.http.response import HttpResponseBase

from raseed.people import api as people

VIEW: Final = "assurance.guard.view"
RUN: Final = "assurance.guard.run"
PROPOSE: Final = "assurance.guard.force.propose"
PERCENTS: Final = (1, 5, 10, 25, 50)
SAMPLES: Final = ((1_000, mark("Everyone")), (100, mark("One in ten")), (10, mark("One in a hundred")))
FILES: Final = {
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
}
_FIELDS: Final = ("system", "candidate", "reason")


@require_safe
@staff_only(VIEW)
def release_list(request: StaffRequest) -> HttpResponseBase:
    """List the systems under this institution's care and their releases, the latest first."""
    request.rights.require(VIEW)
    found = guard.releases(request.institution.id, by=request.author)
    return render(
        request,
        "office/releases.html",
        tab="releases",
        releases=shown.shown_releases(found),
        systems=guard.systems(request.institution.id, by=request.author),
        may_run=request.rights.may(RUN),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(RUN)
def new(request: StaffRequest) -> HttpResponseBase:
    """Register a release: of which system, which candidate, and why."""
    request.rights.require(RUN)
    entered = dict.fromkeys(_FIELDS, "")
    error, release_id = None, new_id()
    known = guard.systems(request.institution.id, by=people.SYSTEM)
    if request.method == "POST":
        entered = {name: request.POST.get(name, "")[:ENTERED_MAX].strip() for name in _FIELDS}
        release_id = form_id(request)
        try:
            if entered["system"] not in {each.code for each in known}:
                raise guard.SystemUnknown(field="system")
            made = guard.register_release(
                id=release_id,
                system_code=entered["system"],
                candidate=entered["candidate"],
                by=request.author,
                reason=entered["reason"],
            )
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:release", args=[made.id]), status=303)
    return render(
        request,
        "office/release_form.html",
        status=status_of(error),
        tab="releases",
        systems=known,
        entered=entered,
        reason=entered["reason"],
        id=release_id,
        errors=said(request, error, _FIELDS),
    )


def _release(request: StaffRequest, release_id: UUID) -> guard.Release:
    return guard.release(release_id, by=request.author)


@require_safe
@staff_only(VIEW)
def one(request: StaffRequest, release_id: UUID) -> HttpResponseBase:
    """Show a release: how far it is, what differed, what happened, and which steps are open. htmx fetches its middle anew."""
    of = _release(request, release_id)
    language, runs = request.reader.language, guard.runs_of(release_id)
    telling = shown.telling_run(runs)
    may_run = request.rights.may(RUN, of.institution_id)
    may_propose = request.rights.may(PROPOSE, of.institution_id)
    steps = [
        (verb, gettext(shown.ACTS[verb].title))
        for verb in shown.open_steps(of)
        if (may_propose if verb == shown.FORCE else may_run)
    ]
    going = [run for run in runs if run.ended_at is None]
    forced = [people.change(of.forced_by)] if of.forced_by else []
    return render(
        request,
        "office/parts/release_live.html" if request.htmx else "office/release.html",
        tab="releases",
        release=of,
        system=guard.system(of.system),
        state_words=gettext(guard.STATE_WORDS[of.state]),
        look=shown.look_of(of),
        steps=steps,
        may_roll_back=may_run and guard.may_roll_back(of),
        is_moving=shown.is_moving(of, runs),
        going=shown.shown_runs(going)[0] if going else None,
        runs=shown.shown_runs(runs),
        telling=shown.shown_runs([telling])[0] if telling else None,
        map=shown.difference_map(telling, language) if telling else None,
        examples=shown.shown_examples(telling, language) if telling else [],
        timeline=shown.shown_steps(of, request),
        trials=[(each, gettext(guard.LEG_WORDS[each.leg]), gettext(guard.TRIAL_WORDS[each.verdict]))
                for each in guard.trials_of(release_id)],
        forced=shown_changes(forced, request),
        has_report=_has_report(release_id),
    )  # fmt: skip


def _has_report(release_id: UUID) -> bool:
    try:
        guard.report(release_id)
    except guard.NoReportYet:
        return False
    return True


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(RUN)
def roll_back(request: StaffRequest, release_id: UUID) -> HttpResponseBase:
    """The big red button: a reason, and everybody is shown again what was shown before. No code is asked for: seconds count."""
    of = _release(request, release_id)
    request.rights.require(RUN, of.institution_id)
    return _acted(request, of, shown.ROLL_BACK)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(VIEW, weighty=True)
def act(request: StaffRequest, release_id: UUID, verb: str) -> HttpResponseBase:
    """Ask for the reason of a step, and take it."""
    of = _release(request, release_id)
    if verb not in shown.ACTS or verb == shown.ROLL_BACK:
        raise Http404
    request.rights.require(PROPOSE if verb == shown.FORCE else RUN, of.institution_id)
    return _acted(request, of, verb)


def _acted(request: StaffRequest, of: guard.Release, verb: str) -> HttpResponseBase:
    told = shown.ACTS[verb]
    error: RaseedError | None = None
    reason = request.POST.get("reason", "")[:ENTERED_MAX]
    chosen = request.POST.get("choice", "")
    made_id = form_id(request)
    if request.method == "POST":
        try:
            address = _take(request, of, verb, reason, chosen, made_id)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(address, status=303)
    return act_page(
        request,
        Act(gettext(told.title), gettext(told.what), gettext(told.button), danger=told.danger),
        back=reverse("office:release", args=[of.id]),
        subject=f"{guard.system(of.system).name} · {of.candidate}",
        tab="releases",
        reason=reason,
        choice=_choice(verb, chosen),
        made_id=made_id,
        error=error,
    )


def _choice(verb: str, chosen: str) -> Choice | None:
    if verb == shown.CANARY:
        options = tuple((str(each), f"{each}%") for each in PERCENTS)
        return Choice("choice", gettext("To how many of the accounts"), options, chosen)
    if verb == shown.SHADOW:
        options = tuple((str(each), gettext(words)) for each, words in SAMPLES)
        return Choice("choice", gettext("How many accounts are compared"), options, chosen)
    return None


def _take(request: StaffRequest, of: guard.Release, verb: str, reason: str, chosen: str, made_id: UUID) -> str:
    """Take a step, and return where to go on."""
    by, back = request.author, reverse("office:release", args=[of.id])
    number = int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 5 else 0  # noqa: PLR2004
    if verb in (shown.BASELINE, shown.SHADOW):
        people.clean_reason(reason)
        guard.want(of.id, verb, by=by, sample_permille=number if verb == shown.SHADOW else 1_000)
    elif verb == shown.CANARY:
        guard.begin_canary(of.id, percent=number, by=by, reason=reason)
    elif verb == shown.CUT_OVER:
        guard.cut_over(of.id, by=by, reason=reason)
    elif verb == shown.ROLL_BACK:
        guard.roll_back(of.id, by=by, reason=reason)
    elif verb == shown.REFUSE:
        guard.refuse(of.id, by=by, reason=reason)
    elif verb == shown.ABANDON:
        guard.abandon(of.id, by=by, reason=reason)
    elif verb == shown.FORCE:
        change = guard.propose_force(id=made_id, release_id=of.id, reason=reason, by=by)
        return reverse("office:change", args=[change.id])
    elif of.state is ReleaseState.CUTTING_OVER:
        guard.cut_over(of.id, by=by, reason=reason, done=True)
    else:
        guard.roll_back(of.id, by=by, reason=reason, done=True)
    return back


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(VIEW)
def report(request: StaffRequest, release_id: UUID) -> HttpResponseBase:
    """Show the report of a release as a page; posted, it is written as things are now."""
    of = _release(request, release_id)
    if request.method == "POST":
        request.rights.require(RUN, of.institution_id)
        guard.write_report(release_id, by=request.author)
        return HttpResponseRedirect(reverse("office:release-report", args=[release_id]), status=303)
    found = guard.report(release_id, by=request.author)
    leaflet = guard.report_leaflet(found, language=request.reader.language)
    return render(
        request,
        "office/release_report.html",
        tab="releases",
        release=of,
        is_intact=found.is_intact,
        leaflet=leaflet,
        sections=shown.report_sections(leaflet),
        files=tuple(FILES),
        may_run=request.rights.may(RUN, of.institution_id),
    )


@require_safe
@staff_only(VIEW)
def report_file(request: StaffRequest, release_id: UUID, form: str) -> HttpResponseBase:
    """Send the report as a file: the signed data, a page that is whole in itself, or paper."""
    if form not in FILES:
        raise Http404
    _release(request, release_id)
    found = guard.report(release_id, by=request.author)
    language = request.reader.language
    if form == "json":
        content = found.data
    elif form == "html":
        content = guard.report_html(found, language=language).encode()
    else:
        content = guard.report_pdf(found, language=language)
    answer = HttpResponse(content, content_type=FILES[form])
    answer["Content-Disposition"] = f'attachment; filename="release-{release_id}.{form}"'
    answer["X-Signature"] = found.signed.signature
    return answer
