"""Giving out a file of a conversation: to whoever may see the conversation, and so that no browser runs anything in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote
from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from raseed.care import api as care
from raseed.channels import api as channels
from raseed.web.desk.files import PICTURES
from raseed.web.desk.talking import VIEW
from raseed.web.office.requests import StaffRequest, staff_only

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

PAGES_MAX: Final = 100
"""So far back a file is looked for in a conversation."""
PAGE: Final = 200
SANDBOX: Final = "default-src 'none'; sandbox"


@require_safe
@staff_only(VIEW)
def one(request: StaffRequest, conversation_id: UUID, media_id: UUID) -> HttpResponseBase:
    """Give out a file.

    Raises:
        UnknownConversation: it is not of this conversation, or the conversation is not for this reader.
    """
    conversation = care.conversation(conversation_id, by=request.author)
    file = channels.media(media_id)
    if channels.incoming(file.message_id).line_id != conversation.line_id or not _is_of(request, conversation_id, file):
        raise care.UnknownConversation(field="media_id")
    found = str(file.found_type or "")
    picture = found in PICTURES
    response = HttpResponse(
        channels.media_bytes(media_id), content_type=found if picture else "application/octet-stream"
    )
    kind = "inline" if picture else "attachment"
    response.headers["Content-Disposition"] = f"{kind}; filename*=UTF-8''{quote(file.name or 'file', safe='')}"
    response.headers["Content-Security-Policy"] = SANDBOX
    return response


def _is_of(request: StaffRequest, conversation_id: UUID, file: channels.Media) -> bool:
    """Whether a file stands in a conversation, looked for page by page from its end."""
    before: str | None = None
    for _ in range(PAGES_MAX):
        page = care.entries(conversation_id, by=request.author, before=before, limit=PAGE)
        if any(each.message_id == file.message_id for each in page.entries):
            return True
        if page.before is None:
            return False
        before = page.before
    return False
