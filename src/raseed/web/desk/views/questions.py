"""Questions without an answer: kept from a conversation, listed, handed over, joined, answered; who could not be told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from raseed.care import api as care
from raseed.care.api import promises
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import NotFound, RaseedError, mark
from raseed.kernel.ids import parse_id
from raseed.people import api as people
from raseed.web.desk import asking
from raseed.web.desk.listing import address_of, staff_names
from raseed.web.desk.talking import colleagues
from raseed.web.office.forms import form_id, said, status_of
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

from .conversation import back_to, talk_for

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

    from raseed.web.desk.talking import Talk

ROWS_PER_PAGE: Final = 50
NAMED_MAX: Final = 25
"""Of how many who asked the conversations are looked up by name."""
LISTS: Final = {
    "mine": mark("Yours"),
    "overdue": mark("Overdue"),
    "all": mark("All"),
    "answered": mark("Answered"),
}


@require_safe
@staff_only(asking.SEE)
def question_list(request: StaffRequest) -> HttpResponseBase:
    """List the questions that wait: one's own, those whose time has passed, all; or those that were answered."""
    request.rights.require(asking.SEE)
    wanted = request.GET.get("list", "")
    wanted = wanted if wanted in LISTS else "mine"
    found = promises.gaps(
        request.institution.id,
        by=request.author,
        state=promises.GapState.ANSWERED if wanted == "answered" else promises.GapState.OPEN,
        owner=request.staff.id if wanted == "mine" else None,
        after=asking.cursor_in(request.GET.get("after", "")),
        limit=ROWS_PER_PAGE,
    )
    following = asking.cursor_of(found[-1]) if len(found) == ROWS_PER_PAGE else ""
    if wanted == "overdue":  # they come first in the list, which is by when they are due
        now = SYSTEM_CLOCK.now()
        late = tuple(each for each in found if each.due_at < now)
        found, following = late, following if len(late) == len(found) else ""
    return render(
        request,
        "desk/questions.html",
        tab="inbox",
        questions=asking.shown_gaps(request, found),
        wanted=wanted,
        lists=[(value, gettext(words)) for value, words in LISTS.items()],
        untold=len(promises.not_told(request.institution.id, by=request.author)),
        next=following,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(asking.RAISE)
def keep(request: StaffRequest, conversation_id: UUID) -> HttpResponseBase:
    """Keep a question of a conversation that nobody can answer now; what others asked already is offered first."""
    talk = talk_for(request, conversation_id)
    one = talk.conversation
    request.rights.require(asking.RAISE, one.institution_id)
    house = people.institution(one.institution_id)
    entered = {
        name: request.POST.get(name, "").strip()[: asking.QUESTION_MAX * 2]
        for name in ("question", "language", "owner", "due_at")
    }
    error: RaseedError | None = None
    alike: tuple[promises.Gap, ...] = ()
    if request.method == "POST":
        do = request.POST.get("do", "")
        if do == "keep" and request.rights.may(asking.SEE, one.institution_id):
            alike = promises.similar_gaps(one.institution_id, entered["question"], by=request.author)
        if not alike or do != "keep":
            try:
                _keep(request, talk, entered, house.zone, do)
            except RaseedError as refused:
                error = refused
            else:
                return HttpResponseRedirect(back_to(conversation_id), status=303)
    return render(
        request,
        "desk/keep_question.html",
        status=status_of(error),
        tab="inbox",
        talk=talk,
        alike=asking.shown_gaps(request, alike),
        entered=_filled(entered, one.language, request, house.zone),
        owners=colleagues(request, one.institution_id, asking.ANSWER),
        languages_of=asking.written_of({}),
        made_id=form_id(request),
        errors=said(request, error, ("question", "owner", "due_at")),
    )


def _filled(entered: dict[str, str], language: str, request: StaffRequest, zone: str) -> dict[str, str]:
    by_then = asking.time_entered(SYSTEM_CLOCK.now() + asking.WITHIN, zone)
    return {
        "question": entered["question"],
        "language": entered["language"] or language or request.reader.language,
        "owner": entered["owner"] or str(request.staff.id),
        "due_at": entered["due_at"] or by_then,
    }


def _keep(request: StaffRequest, talk: Talk, entered: dict[str, str], zone: str, do: str) -> None:
    verb, _, joined = do.partition(":")
    if verb == "join":
        promises.join_gap(
            parse_id(joined, field="do"), conversation_id=talk.id, language=entered["language"], by=request.author
        )
        return
    promises.raise_gap(
        entered["question"],
        id=parse_id(request.POST.get("id", ""), field="id"),
        conversation_id=talk.id,
        institution_id=talk.conversation.institution_id,
        language=entered["language"],
        owner=parse_id(entered["owner"], field="owner"),
        due_at=asking.time_in(entered["due_at"], zone, field="due_at"),
        team_id=talk.conversation.team_id,
        by=request.author,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(asking.SEE)
def one_question(request: StaffRequest, gap_id: UUID) -> HttpResponseBase:
    """Show a question with who asked and what happened; answer it, hand it over, promise it for later, or join it."""
    found = promises.gap(gap_id, by=request.author)
    zone = people.institution(found.institution_id).zone
    error: RaseedError | None = None
    do = request.POST.get("do", "")
    if request.method == "POST" and do != "check":
        try:
            _work(request, found, do, zone)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:question", args=[gap_id]), status=303)
    if error is not None:
        found = promises.gap(gap_id, by=request.author)
    return render(
        request,
        "desk/question.html",
        status=status_of(error),
        tab="inbox",
        shown=asking.shown_gaps(request, [found])[0],
        steps=_steps(request, found),
        **_asked_by(request, found),
        **(_deeds(request, found, zone) if found.state is promises.GapState.OPEN else {}),
        reasons={
            each: request.POST.get("reason", "").strip()[: asking.REASON_MAX] if each == do else ""
            for each in ("hand_over", "move", "join", "answer")
        },
        errors=said(request, error, ()),
    )


def _work(request: StaffRequest, found: promises.Gap, do: str, zone: str) -> None:
    reason, posted = request.POST.get("reason", "")[: asking.REASON_MAX * 2], request.POST
    if do == "hand_over":
        promises.hand_over_gap(
            found.id, to=parse_id(posted.get("to", ""), field="to"), reason=reason, by=request.author
        )
    elif do == "move":
        due_at = asking.time_in(posted.get("due_at", ""), zone, field="due_at")
        promises.move_due(found.id, due_at=due_at, reason=reason, by=request.author)
    elif do == "join":
        into = parse_id(posted.get("into", ""), field="into")
        promises.join_gaps(found.id, into=into, reason=reason, by=request.author)
    elif do == "answer":
        promises.answer_gap(
            found.id,
            asking.texts_in(request),
            id=parse_id(posted.get("id", ""), field="id"),
            public=posted.get("public") == "1",
            reason=reason,
            override=posted.get("override", "").strip()[: asking.REASON_MAX],
            by=request.author,
        )


def _steps(request: StaffRequest, found: promises.Gap) -> list[tuple[promises.GapStep, str, str]]:
    steps = promises.steps(found.id, by=request.author)
    ids = {each.actor: UUID(each.actor[6:]) for each in steps if each.actor.startswith("staff:")}
    names = staff_names(request, ids.values())
    return [
        (each, gettext(promises.STEP_WORDS[each.code]), names.get(ids[each.actor], "") if each.actor in ids else "")
        for each in steps
    ]


def _asked_by(request: StaffRequest, found: promises.Gap) -> dict[str, Any]:
    asked = promises.askers(found.id, by=request.author)
    return {
        "askers": shown_askers(request, asked),
        "more_asked": max(found.askers - len(asked), 0),
        "answer_address": reverse("office:known-answer", args=[found.answer_id]) if found.answer_id else "",
        "joined_address": reverse("office:question", args=[found.joined_to]) if found.joined_to else "",
    }


def shown_askers(request: StaffRequest, asked: Iterable[promises.Asker]) -> list[dict[str, Any]]:
    """Return who asked, with the conversation by name, whether they were told, and what holds it back."""
    shown = []
    for number, each in enumerate(asked):
        name = ""
        if number < NAMED_MAX:
            try:
                name = care.conversation(each.conversation_id, by=request.author).name
            except (NotFound, people.NotPermitted):
                name = ""
        shown.append(
            {
                "asker": each,
                "name": name or gettext("Conversation"),
                "address": address_of(each.conversation_id),
                "state": gettext(asking.ASKER_WORDS[each.state]),
                "look": asking.ASKER_LOOKS.get(each.state, ""),
                "held": gettext(promises.HELD_WORDS[each.held]) if each.held else "",
                "question": reverse("office:question", args=[each.gap_id]),
            }
        )
    return shown


def _deeds(request: StaffRequest, found: promises.Gap, zone: str) -> dict[str, Any]:
    """Return what the forms of an open question show, with what was entered in them."""
    here, posted = found.institution_id, request.POST
    may_manage = request.rights.may(asking.MANAGE, here)
    alike = promises.similar_gaps(here, found.question, by=request.author, but=found.id) if may_manage else ()
    wanted = {
        each.language
        for each in promises.askers(found.id, by=request.author)
        if each.state is promises.AskerState.WAITING
    } | {found.language}
    written = asking.written_of(asking.texts_in(request), wanted=wanted)
    return {
        "may_answer": request.rights.may(asking.ANSWER, here),
        "may_publish": request.rights.may(asking.EDIT, here),
        "may_manage": may_manage,
        "owners": colleagues(request, here, asking.ANSWER) if may_manage else (),
        "chosen": posted.get("to") or str(found.owner),
        "due_at": posted.get("due_at", "")[: asking.CURSOR_MAX] or asking.time_entered(found.due_at, zone),
        "alike": [each for each in alike if each.id != found.id],
        "written": written,
        "stopped": asking.is_stopped(written),
        "override": posted.get("override", "")[: asking.REASON_MAX],
        "public": posted.get("public") == "1",
        "made_id": form_id(request),
    }


@require_safe
@staff_only(asking.SEE)
def untold(request: StaffRequest) -> HttpResponseBase:
    """List who asked, is owed an answer that exists, and could not be told; the longest wait first."""
    request.rights.require(asking.SEE)
    found = promises.not_told(request.institution.id, by=request.author)
    return render(request, "desk/untold.html", tab="inbox", askers=shown_askers(request, found))
