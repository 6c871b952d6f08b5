"""What is done with a conversation beside answering: taking it up, handing it on, notes, closing, proof of who writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.http import Http404, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from raseed.care import api as care
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import parse_id
from raseed.platform.api import error_status
from raseed.web.desk.talking import WORK
from raseed.web.office.requests import StaffRequest, staff_only

from .conversation import back_to, page, talk_for

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

SAID_MAX: Final = 4_000
TAGS_SENT_MAX: Final = 300
BACK_TO_THE_INBOX: Final = {"close": "closed", "return": "returned", "assign": "assigned", "team": "team"}
"""After these there is nothing more to do here: the next one waits in the list."""


def _take(request: StaffRequest, id_: UUID, said: str) -> None:
    del said
    care.take(id_, by=request.author)


def _return(request: StaffRequest, id_: UUID, said: str) -> None:
    care.return_to_queue(id_, by=request.author, reason=said)


def _assign(request: StaffRequest, id_: UUID, said: str) -> None:
    care.assign(id_, to=parse_id(request.POST.get("to", ""), field="to"), by=request.author, reason=said)


def _team(request: StaffRequest, id_: UUID, said: str) -> None:
    chosen = parse_id(request.POST.get("to", ""), field="to")
    care.give_to_team(id_, team_id=chosen, by=request.author, reason=said)


def _close(request: StaffRequest, id_: UUID, said: str) -> None:
    care.close(id_, by=request.author, reason=said, nothing_to_answer=request.POST.get("tick") == "1")


def _reopen(request: StaffRequest, id_: UUID, said: str) -> None:
    care.reopen(id_, by=request.author, reason=said)


def _note(request: StaffRequest, id_: UUID, said: str) -> None:
    care.note(id_, text=said, by=request.author)


def _choose(request: StaffRequest, id_: UUID, said: str) -> None:
    chosen = parse_id(request.POST.get("to", ""), field="to")
    care.choose_customer(id_, customer_id=chosen, by=request.author, reason=said or "the sender said so")


def _ask_code(request: StaffRequest, id_: UUID, said: str) -> None:
    del said
    care.ask_for_code(id_, by=request.author)


def _take_code(request: StaffRequest, id_: UUID, said: str) -> None:
    care.take_code(id_, code=said, by=request.author)


def _tag(request: StaffRequest, id_: UUID, said: str) -> None:
    """Put on and take off what was ticked otherwise than the page showed; what a colleague did meanwhile stays."""
    del said
    ticked, shown = (set(request.POST.getlist(name)[:TAGS_SENT_MAX]) for name in ("tag", "had"))
    care.change_tags(id_, on=ticked - shown, off=shown - ticked, by=request.author)


VERBS: Final[dict[str, Callable[[StaffRequest, UUID, str], None]]] = {
    "take": _take,
    "return": _return,
    "assign": _assign,
    "team": _team,
    "close": _close,
    "reopen": _reopen,
    "note": _note,
    "choose": _choose,
    "ask-code": _ask_code,
    "take-code": _take_code,
    "tag": _tag,
}


@require_POST
@staff_only(WORK)
def act(request: StaffRequest, conversation_id: UUID, verb: str) -> HttpResponseBase:
    """Do something with a conversation; a refusal is said on its page, with nothing lost."""
    do = VERBS.get(verb)
    if do is None:
        raise Http404
    try:
        do(request, conversation_id, request.POST.get("reason", "").strip()[:SAID_MAX])
    except RaseedError as refused:
        return page(request, talk_for(request, conversation_id), error=refused, status=error_status(refused))
    if verb in BACK_TO_THE_INBOX:
        return HttpResponseRedirect(f"{reverse('office:inbox')}?done={BACK_TO_THE_INBOX[verb]}", status=303)
    return HttpResponseRedirect(back_to(conversation_id), status=303)


@require_POST
@staff_only(WORK)
def retry(request: StaffRequest, conversation_id: UUID, entry_id: UUID) -> HttpResponseBase:
    """Send a message again that was not sent."""
    try:
        care.retry(entry_id, by=request.author)
    except RaseedError as refused:
        return page(request, talk_for(request, conversation_id), error=refused, status=error_status(refused))
    return HttpResponseRedirect(back_to(conversation_id), status=303)
