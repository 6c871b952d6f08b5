"""Messages to customers that failed, or of which nobody knows what became: their attempts, a person's word, another sending."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.http import Http404, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from raseed.channels import api as channels
from raseed.channels.api import OutgoingState
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import RaseedError, mark
from raseed.web.desk.words import channel_words
from raseed.web.office.forms import ENTERED_MAX, Act, act_page
from raseed.web.office.naming import SHORT_ID, name_in
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

from .lines import line_here, reason_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from django.http.response import HttpResponseBase

VIEW: Final = channels.MESSAGES_VIEW
RESEND: Final = channels.MESSAGES_RESEND
LIST_MAX: Final = 100
"""Of each list; the oldest that are not known, the latest that failed."""
STATE_WORDS: Final = {
    OutgoingState.WAITING: mark("Waits to be sent"),
    OutgoingState.SENDING: mark("Is being sent"),
    OutgoingState.UNKNOWN: mark("Not known whether it was sent"),
    OutgoingState.SENT: mark("Sent"),
    OutgoingState.FAILED: mark("Not sent"),
    OutgoingState.EXPIRED: mark("Too late to be sent"),
    OutgoingState.DELIVERED: mark("Delivered"),
    OutgoingState.READ: mark("Read"),
}
STATE_LOOKS: Final = {
    OutgoingState.UNKNOWN: "warn",
    OutgoingState.FAILED: "bad",
    OutgoingState.EXPIRED: "bad",
    OutgoingState.DELIVERED: "good",
    OutgoingState.READ: "good",
}
OUTCOME_WORDS: Final = {
    "taken": mark("The provider took it"),
    "refused": mark("The provider refused it"),
    "put_off": mark("Put off: the provider did not take it"),
    "unknown": mark("No answer that says whether it took it"),
    "": mark("Being asked"),
}
LISTS: Final = {
    "unknown": (
        mark("Not known whether sent"),
        mark("The provider was asked and gave no clear answer. They are not sent again by themselves: somebody has to say what became of them. The oldest first."),
        mark("Of every message it is known."),
        channels.unknown_messages,
    ),
    "no-sign": (
        mark("No sign of delivery"),
        mark("The provider took them and has said nothing since. They may have arrived. Whoever wants to be sure asks the customer, or sends the message again from its conversation. The latest first."),
        mark("The provider has spoken of every message that it took."),
        channels.messages_without_sign,
    ),
    "failed": (
        mark("Not sent"),
        mark("Each says why, and whether sending it again may help. The latest first."),
        mark("No message has failed."),
        channels.failed_messages,
    ),
}  # fmt: skip
"""By their names in addresses: their words, what is said above them and where they are empty, and who reads them."""
WINDOW_CLOSED: Final = "window_closed"
"""A reason that ends when the customer writes: whether it has ended, ``channels`` says."""
TWICE: Final = mark(
    "Nobody knows whether it arrived. If it did, the customer gets it a second time. Find out with the provider first where you can."
)
ACTS: Final = {
    "sent": Act(
        mark("It was sent"),
        mark("You have found out that the provider took it. It stands in the conversation as sent, and is not sent again."),
        mark("It was sent"),
    ),
    "not-sent": Act(
        mark("It was not sent"),
        mark("You have found out that the provider never took it. It stands in the conversation as not sent; it can be sent again then."),
        mark("It was not sent"),
    ),
    "again": Act(
        mark("Send it again"),
        mark("It goes out once more, with a new attempt. What went wrong before stays in its history. It may reach the customer twice."),
        mark("Send it again"),
        danger=True,
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """A message without what it says: in words, with what may be done."""

    message: channels.OutgoingMessage
    short: str
    line: str
    channel: str
    state_words: str
    look: str
    may_settle: bool
    may_retry: bool


def _shown(message: channels.OutgoingMessage, line: channels.Line, request: StaffRequest) -> ShownMessage:
    may, why = request.rights.may(RESEND), message.reason
    too_late = message.expires_at is not None and message.expires_at <= SYSTEM_CLOCK.now()
    ended_badly = not too_late and message.state in (OutgoingState.UNKNOWN, OutgoingState.FAILED)
    return ShownMessage(
        message,
        message.id.hex[-SHORT_ID:].upper(),
        name_in(line.names, request.reader.language) or line.address,
        channel_words(line.channel.value),
        gettext(STATE_WORDS[message.state]),
        STATE_LOOKS.get(message.state, ""),
        may and message.state is OutgoingState.UNKNOWN,
        may and ended_badly and why is not None and (why.may_retry or why.code == WINDOW_CLOSED),
    )


def _all_shown(
    found: Sequence[channels.OutgoingMessage], lines: Mapping[UUID, channels.Line], request: StaffRequest
) -> list[ShownMessage]:
    return [_shown(each, lines[each.line_id], request) for each in found if each.line_id in lines]


@dataclass(frozen=True, slots=True)
class ShownList:
    """One of the lists: what it is called, what is said above it, and where there is nothing in it."""

    name: str
    words: str
    what: str
    nothing: str
    messages: list[ShownMessage]


@require_safe
@staff_only(VIEW)
def message_list(request: StaffRequest) -> HttpResponseBase:
    """List the messages of which a person has to say what became, those without a sign of delivery, and those that failed.

    ``only`` narrows to one of these lists, ``line`` to one line.
    """
    request.rights.require(VIEW)
    here = request.institution.id
    lines = {each.id: each for each in channels.lines(here)}
    only, line = request.GET.get("only", ""), request.GET.get("line", "")
    on = next((each for each in lines if str(each) == line), None)
    lists = [
        ShownList(
            name,
            gettext(words),
            gettext(what),
            gettext(nothing),
            _all_shown(read(here, by=request.author, line_id=on, limit=LIST_MAX), lines, request),
        )
        for name, (words, what, nothing, read) in LISTS.items()
        if only in (name, "") or only not in LISTS
    ]
    return render(
        request,
        "office/messages.html",
        tab="channels",
        lists=lists,
        only=only if only in LISTS else "",
        line=str(on) if on else "",
        kinds=[("", gettext("All lists")), *((name, gettext(told[0])) for name, told in LISTS.items())],
        lines=[("", gettext("All lines")), *((str(id_), _line_name(each, request)) for id_, each in lines.items())],
    )


def _line_name(line: channels.Line, request: StaffRequest) -> str:
    return f"{name_in(line.names, request.reader.language) or line.address} · {channel_words(line.channel.value)}"


def _found(message_id: UUID, request: StaffRequest) -> tuple[channels.OutgoingMessage, channels.Line]:
    """Return a message of the institution that is looked at, with its line.

    Raises:
        OutgoingUnknown: there is none.
        LineUnknown: it is another institution's.
    """
    found = channels.outgoing([message_id]).get(message_id)
    if found is None:
        raise channels.OutgoingUnknown(field="message_id")
    return found, line_here(found.line_id, request)


@require_safe
@staff_only(VIEW)
def one(request: StaffRequest, message_id: UUID) -> HttpResponseBase:
    """Show what is known of a message without what it says: every attempt, what the provider answered, what may be done."""
    request.rights.require(VIEW)
    message, line = _found(message_id, request)
    return render(
        request,
        "office/message.html",
        tab="channels",
        one=_shown(message, line, request),
        attempts=[
            (each, gettext(OUTCOME_WORDS[each.outcome]) if each.outcome in OUTCOME_WORDS else each.outcome)
            for each in channels.attempts_of(message_id)
        ],
        done=request.GET.get("done", ""),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(RESEND, weighty=True)
def act(request: StaffRequest, message_id: UUID, verb: str) -> HttpResponseBase:
    """Ask for the reason of a person's word, or of sending again, and carry it out."""
    request.rights.require(RESEND)
    message, _ = _found(message_id, request)
    chosen = ACTS.get(verb)
    if chosen is None:
        raise Http404
    error: RaseedError | None = None
    if request.method == "POST":
        try:
            reason = reason_of(request)
            if verb == "again":
                channels.retry_message(message_id, by=request.author, reason=reason)
            else:
                channels.settle_message(message_id, was_sent=verb == "sent", by=request.author, reason=reason)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(f"{reverse('office:message', args=[message_id])}?done={verb}", status=303)
    warned = verb == "again" and message.state is OutgoingState.UNKNOWN
    return act_page(
        request,
        Act(gettext(chosen.title), gettext(TWICE if warned else chosen.what), gettext(chosen.button), chosen.danger),
        back=reverse("office:message", args=[message_id]),
        subject=message.id.hex[-SHORT_ID:].upper(),
        tab="channels",
        reason=request.POST.get("reason", "")[:ENTERED_MAX],
        error=error,
    )
