"""Answers that are known: searched, written, changed with their reason, withdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from raseed.care.api import promises
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import parse_id
from raseed.web.desk import asking
from raseed.web.desk.listing import staff_names
from raseed.web.office.forms import form_id, said, status_of
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

SHOWN_MAX: Final = 50
SEARCH_MAX: Final = 120
VERSION_DIGITS_MAX: Final = 7


@require_safe
@staff_only(asking.SEE)
def answer_list(request: StaffRequest) -> HttpResponseBase:
    """Search the answers: the best match first, or the latest changed."""
    request.rights.require(asking.SEE)
    q = " ".join(request.GET.get("q", "")[:SEARCH_MAX].split())
    found = promises.answers(
        request.institution.id, audience=promises.Audience.STAFF, search=q, by=request.author, limit=SHOWN_MAX
    )
    return render(
        request,
        "desk/answers.html",
        tab="inbox",
        answers=asking.shown_answers(request, found),
        q=q,
        may_edit=request.rights.may(asking.EDIT),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(asking.EDIT)
def new_answer(request: StaffRequest) -> HttpResponseBase:
    """Write an answer that nobody waits for."""
    request.rights.require(asking.EDIT)
    error: RaseedError | None = None
    reason, override = _why(request)
    if request.method == "POST" and request.POST.get("do") != "check":
        try:
            made = promises.write_answer(
                asking.texts_in(request),
                id=parse_id(request.POST.get("id", ""), field="id"),
                institution_id=request.institution.id,
                audience=_audience(request),
                by=request.author,
                reason=reason,
                override=override,
            )
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:known-answer", args=[made.id]), status=303)
    return render(
        request,
        "desk/known_answer.html",
        status=status_of(error),
        tab="inbox",
        shown=None,
        may_edit=True,
        made_id=form_id(request),
        **_form(request, None),
        errors=said(request, error, ("reason",)),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(asking.SEE)
def one_answer(request: StaffRequest, answer_id: UUID) -> HttpResponseBase:
    """Show an answer; change it, or take it off the pages."""
    found = promises.answer(answer_id, by=request.author)
    error: RaseedError | None = None
    do = request.POST.get("do", "")
    if request.method == "POST" and do != "check":
        try:
            _change(request, found, do)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:known-answer", args=[answer_id]), status=303)
    by = staff_names(request, [UUID(found.by[6:])] if found.by.startswith("staff:") else [])
    return render(
        request,
        "desk/known_answer.html",
        status=status_of(error),
        tab="inbox",
        shown=asking.shown_answers(request, [found])[0],
        by=next(iter(by.values()), ""),
        question=reverse("office:question", args=[found.gap_id]) if found.gap_id else "",
        withdrawn=gettext("Withdrawn") if found.withdrawn_at else "",
        may_edit=request.rights.may(asking.EDIT, found.institution_id) and found.withdrawn_at is None,
        **_form(request, found),
        errors=said(request, error, ("reason",)),
    )


def _change(request: StaffRequest, found: promises.Answer, do: str) -> None:
    reason, override = _why(request)
    if do == "withdraw":
        promises.withdraw_answer(found.id, reason=reason, by=request.author)
        return
    version = request.POST.get("version", "")
    readable = version.isdecimal() and len(version) <= VERSION_DIGITS_MAX
    promises.change_answer(
        found.id,
        asking.texts_in(request),
        audience=_audience(request),
        expected_version=int(version) if readable else 0,
        by=request.author,
        reason=reason,
        override=override,
    )


def _audience(request: StaffRequest) -> promises.Audience:
    return promises.Audience.PUBLIC if request.POST.get("public") == "1" else promises.Audience.STAFF


def _why(request: StaffRequest) -> tuple[str, str]:
    """Return the reason of a deed, and why an answer goes although the check stops it."""
    reason, override = (request.POST.get(name, "").strip() for name in ("reason", "override"))
    return reason[: asking.REASON_MAX * 2], override[: asking.REASON_MAX]


def _form(request: StaffRequest, found: promises.Answer | None) -> dict[str, Any]:
    """Return what the form shows: what was entered; before that, the answer as it stands."""
    posted = request.method == "POST"
    texts = asking.texts_in(request) if posted else dict(found.texts) if found else {}
    written = asking.written_of(texts, wanted=texts)
    public = _audience(request) if posted else found.audience if found else promises.Audience.PUBLIC
    read = request.POST.get("version", "")
    return {
        "written": written,
        "stopped": asking.is_stopped(written),
        "override": request.POST.get("override", "")[: asking.REASON_MAX],
        "may_publish": True,
        "public": public is promises.Audience.PUBLIC,
        "reason": request.POST.get("reason", "").strip()[: asking.REASON_MAX],
        "version": read[:VERSION_DIGITS_MAX] if posted else found.version if found else "",
    }
