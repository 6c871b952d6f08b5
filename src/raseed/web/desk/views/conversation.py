"""A conversation: the page, and its parts for a page that heard that something changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from raseed.care import api as care
from raseed.kernel.ids import new_id
from raseed.platform import api as platform
from raseed.web.desk.answering import Answer, Entered, form_of
from raseed.web.desk.cardings import cards_of
from raseed.web.desk.checking import findings_of
from raseed.web.desk.listing import asked_of, listed, writing_text
from raseed.web.desk.live import care_changes, told_before
from raseed.web.desk.talking import VIEW, WORK, Talk, deeds_of, talk_of, thread_of
from raseed.web.desk.tokens import facts_of
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only
from raseed.web.rendering import words

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

    from raseed.kernel.errors import RaseedError

BEFORE_MAX: Final = 300


def talk_for(request: StaffRequest, conversation_id: UUID) -> Talk:
    """Return a conversation for this reader."""
    return talk_of(request, care.conversation(conversation_id, by=request.author))


def page(
    request: StaffRequest,
    talk: Talk,
    *,
    answer: Answer | None = None,
    error: RaseedError | None = None,
    fresh_after: int | None = None,
    status: int = 200,
    told: int | None = None,
) -> HttpResponseBase:
    """Return the page of a conversation, with the answer as it stands and what went wrong with a deed.

    ``told`` is what the stream told before ``talk`` was read.
    """
    one, told = talk.conversation, told_before() if told is None else told
    before = request.GET["before"][:BEFORE_MAX] if request.GET.get("before") else None
    may_work = request.rights.may(WORK, one.institution_id) and not before
    written = answer or Answer(Entered(new_id(), one.version), is_sent=request.GET.get("done") == "sent")
    form = form_of(request, talk, written) if may_work else {}
    return render(
        request,
        "desk/conversation.html",
        status=status,
        tab="inbox",
        **listed(request, asked_of(request), current=one.id),
        **_head(request, talk),
        **thread_of(request, one, before=before, fresh_after=fresh_after),
        **cards_of(request, talk),
        **form,
        may_work=may_work,
        fetches=not before,
        error=words(request, error) if error else None,
        care_changes=care_changes(request),
        care_told=told,
        here_address=f"{talk.address}/here" if may_work else "",
    )  # fmt: skip


def _head(request: StaffRequest, talk: Talk) -> dict[str, Any]:
    deeds, address = deeds_of(request, talk.conversation), talk.address
    more = [{"words": gettext("Case"), "address": f"{address}/case", "key": "c"}]
    may_ask = talk.conversation.customer_id is not None
    if may_ask and request.rights.may("care.authority.ask", talk.conversation.institution_id):
        more.append({"words": gettext("Mend something"), "address": f"{address}/ask", "key": "p"})
    if request.rights.may("care.gaps.raise", talk.conversation.institution_id):
        more.append({"words": gettext("No answer yet"), "address": f"{address}/question", "key": ""})
    known = [each.name for each in care.tags(talk.conversation.institution_id, by=request.author)]
    tags = [(name, name in talk.tags) for name in sorted({*known, *talk.tags})]
    seen = care.digest_of(talk, deeds, tags)
    return {"talk": talk, "deeds": deeds, "more_deeds": more, "tags": tags, "head_seen": seen}


@require_safe
@staff_only(VIEW)
def one(request: StaffRequest, conversation_id: UUID) -> HttpResponseBase:
    """Show a conversation; that facts about a customer were opened is recorded."""
    told, talk = told_before(), talk_for(request, conversation_id)
    if talk.conversation.customer_id is not None:
        platform.record(
            actor=request.author.actor,
            action="office.person_opened",
            subject=f"customer:{talk.conversation.customer_id}",
            after={"part": "desk"},
            institution_id=talk.conversation.institution_id,
        )
    return page(request, talk, told=told)


@require_safe
@staff_only(VIEW)
def part(request: StaffRequest, conversation_id: UUID, part: str) -> HttpResponseBase:
    """Give one part of the page alone; nothing where it is as it was."""
    talk = talk_for(request, conversation_id)
    may_work = request.rights.may(WORK, talk.conversation.institution_id)
    shown: dict[str, Any]
    if part == "thread":
        after = request.GET.get("fresh", "")
        shown = thread_of(request, talk.conversation, fresh_after=int(after) if after.isdecimal() else None)
    elif part == "cards":
        shown = cards_of(request, talk)
    else:
        shown = _head(request, talk)
    if shown[f"{part}_seen"] == request.GET.get("seen"):
        return HttpResponse(status=204)
    context: dict[str, Any] = {"talk": talk, "may_work": may_work, "fetches": True} | shown
    return render(request, f"desk/parts/{part}.html", **context)


@require_POST
@staff_only(WORK)
def here(request: StaffRequest, conversation_id: UUID) -> HttpResponseBase:
    """Hear that a colleague has the conversation before them, and whether they write; say who else does."""
    typing = request.POST.get("typing") == "1"
    care.be_here(conversation_id, by=request.author, typing=typing)
    if typing:
        care.hold_lease(conversation_id, by=request.author)
    said = writing_text(request, care.who_is_here([conversation_id]).get(conversation_id, ()))
    return render(request, "desk/parts/writing.html", writing=said)


@require_POST
@staff_only(WORK)
def check(request: StaffRequest, conversation_id: UUID) -> HttpResponseBase:
    """Say what the check finds in what is being written."""
    talk = talk_for(request, conversation_id)
    entered = Entered.of(request, talk.conversation.version)
    facts = facts_of(entered.tokens, talk.id)
    findings = findings_of(entered.text, language=talk.conversation.language, facts=facts)
    return render(
        request,
        "desk/parts/check.html",
        findings=findings,
        asks_override=any(each.stops for each in findings),
        override=entered.override,
    )


def back_to(conversation_id: UUID, done: str = "") -> str:
    """Return the address of a conversation after something was done with it."""
    return reverse("office:conversation", args=[conversation_id]) + (f"?done={done}#answer" if done else "")
