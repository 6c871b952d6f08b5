"""Writing to an institution and reading its answers: one conversation for each at which the customer is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.http import Http404, HttpResponse, HttpResponseNotModified, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_safe

from raseed.channels import api as channels
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id, parse_id
from raseed.people import api as people
from raseed.platform.api import error_status
from raseed.web.chats import TEXT_LENGTH_MAX, Thread, digest_of, file_of, mark_seen, thread, web_line, write
from raseed.web.rendering import render, words
from raseed.web.requests import CustomerRequest, find_customer, signed_in

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


BEFORE_MAX: Final = 300


@dataclass(frozen=True, slots=True)
class OtherWay:
    """Another way to reach an institution: what it is called, and its number or address."""

    name: str
    address: str


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def chat_page(request: CustomerRequest, institution_id: UUID | None = None) -> HttpResponseBase:
    """Show the conversation with one institution, the first where none is named, and take in what is written."""
    mine = people.institutions_of(request.customer.id)
    if not mine:
        return render(request, "web/chat.html", tab="settings", one=None)
    one = _mine(mine, institution_id) if institution_id else next((each for each in mine if web_line(each.id)), mine[0])
    line, error = web_line(one.id), None
    text = request.POST.get("text", "")[: 2 * TEXT_LENGTH_MAX]
    if request.method == "POST":
        try:
            write(
                message_id=parse_id(request.POST.get("id", "")), line=line, customer=request.customer, text=text,
                file=request.FILES.get("file"),
            )  # fmt: skip
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("chat-with", args=[one.id]) + "#text", status=303)
    before = "" if request.method == "POST" else request.GET.get("before", "")[:BEFORE_MAX]
    shown = thread(line, request.customer.id, before=before) if line else Thread(())
    messages = shown.messages
    if line:
        mark_seen(line, request.customer.id, messages)
    language = request.reader.language
    return render(
        request,
        "web/chat.html",
        status=200 if error is None else error_status(error),
        tab="settings",
        one=one,
        name=people.display_name(one, language),
        others=[(each.id, people.display_name(each, language)) for each in mine] if len(mine) > 1 else [],
        line=line,
        ways=[] if line else _other_ways(one.id, language),
        messages=messages,
        earlier=shown.earlier,
        is_past=bool(before),
        digest=digest_of(messages),
        last=next((each.sent_as for each in reversed(messages) if each.mine), ""),
        id=new_id(),
        text=text,
        error=words(request, error) if error else None,
        at_file=error is not None and error.field == "file",
    )


@require_safe
def chat_lines(request: HttpRequest, institution_id: UUID) -> HttpResponseBase:
    """Return the messages alone, for the open page that asks by itself, which keeps no session alive; 304 where nothing is new."""
    customer = find_customer(request, used=False)
    if customer is None:
        return HttpResponse(status=401)
    one = _mine(people.institutions_of(customer.id), institution_id)
    line = web_line(one.id)
    shown = thread(line, customer.id) if line else Thread(())
    messages = shown.messages
    tag = f'"{digest_of(messages)}"'
    if request.headers.get("If-None-Match", "").removeprefix("W/") == tag:
        return HttpResponseNotModified(headers={"ETag": tag})
    if line:
        mark_seen(line, customer.id, messages)
    answer = render(request, "web/parts/chat_lines.html", one=one, messages=messages, earlier=shown.earlier)
    answer.headers["ETag"] = tag
    return answer


@require_safe
@signed_in
def chat_file(request: CustomerRequest, institution_id: UUID, file_id: UUID) -> HttpResponseBase:
    """Give out a file of the customer's own conversation, to be kept."""
    one = _mine(people.institutions_of(request.customer.id), institution_id)
    line = web_line(one.id)
    found = file_of(line, request.customer.id, file_id) if line else None
    if found is None:
        raise channels.MediaUnknown(field="file_id")
    name, type_, content = found
    answer = HttpResponse(content, content_type=type_ or "application/octet-stream")
    answer.headers["Content-Disposition"] = content_disposition_header(True, name or "file")
    return answer


def _mine(mine: list[people.Institution], institution_id: UUID) -> people.Institution:
    found = next((each for each in mine if each.id == institution_id), None)
    if found is None:
        raise Http404
    return found


def _other_ways(institution_id: UUID, language: str) -> list[OtherWay]:
    """Return the numbers and addresses that people can use; a branch has none."""
    shown = []
    for each in channels.lines(institution_id):
        if not each.active or each.channel in (channels.Channel.WEB, channels.Channel.BRANCH):
            continue
        told = each.settings.get("display_number", "") if each.channel is channels.Channel.WHATSAPP else each.address
        shown.append(OtherWay(each.names.get(language) or next(iter(each.names.values())), told))
    return shown
