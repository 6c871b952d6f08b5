"""Answering: putting facts in, prepared answers, drafts, and sending, which looks again at everything."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.http import HttpResponseRedirect
from django.views.decorators.http import require_POST

from raseed.care import api as care
from raseed.channels import api as channels
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import parse_id
from raseed.platform.api import error_status
from raseed.web.desk.answering import Answer, Entered
from raseed.web.desk.cardings import fact_now, facts_now
from raseed.web.desk.talking import ASSIGN, WORK, Talk
from raseed.web.desk.tokens import TOKEN_LENGTH_MAX, facts_of, token_of
from raseed.web.office.requests import StaffRequest, staff_only

from .conversation import back_to, page, talk_for

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

FILE_BYTES_MAX: Final = 16 << 20
DRAFT_FACTS_MAX: Final = 2
"""So many facts stand in a suggestion: the first of the cards; more are a key away."""


@require_POST
@staff_only(WORK)
def insert(request: StaffRequest, conversation_id: UUID) -> HttpResponseBase:
    """Put a fact into the answer: what the key and the tap do where there is no script."""
    talk = talk_for(request, conversation_id)
    entered = Entered.of(request, talk.conversation.version)
    token = request.POST.get("insert", "")[:TOKEN_LENGTH_MAX]
    return page(request, talk, answer=Answer(entered.with_fact(token, talk.id)))


@require_POST
@staff_only(WORK)
def reply(request: StaffRequest, conversation_id: UUID) -> HttpResponseBase:
    """Do what the button says: send, or change what stands in the box."""
    talk = talk_for(request, conversation_id)
    entered = Entered.of(request, talk.conversation.version)
    do, _, place = request.POST.get("do", "send").partition(":")
    try:
        if do == "send":
            return _send(request, talk, entered)
        if do == "take-over":
            request.rights.require(ASSIGN, talk.conversation.institution_id)
            care.hold_lease(talk.id, by=request.author, take_over=True)
            return page(request, talk_for(request, talk.id), answer=Answer(entered))
        if do == "leave-macro":
            left = Entered(entered.id, entered.version, template=entered.template, values=entered.values)
            return page(request, talk, answer=Answer(left, is_empty=True))
        return page(request, talk, answer=Answer(_rewritten(request, talk, entered, do, place)))
    except care.VersionMoved as moved:
        return page(
            request, talk_for(request, talk.id), answer=Answer(entered, moved), fresh_after=_seen(request),
            status=error_status(moved),
        )  # fmt: skip
    except RaseedError as refused:
        return page(request, talk, answer=Answer(entered, refused), status=error_status(refused))


def _rewritten(request: StaffRequest, talk: Talk, entered: Entered, do: str, place: str) -> Entered:
    """Return the answer with something else in the box; nothing is sent."""
    if do in ("replace", "drop"):
        return _exchanged(request, talk, entered, do, place)
    if do == "macro":
        return _from_macro(request, talk, entered)
    return _draft(request, talk, entered) if do == "draft" else entered


def _seen(request: StaffRequest) -> int:
    """Return the position up to which the page that was answered showed the conversation."""
    read = request.POST.get("position", "")
    return int(read) if read.isdecimal() else 0


def _send(request: StaffRequest, talk: Talk, entered: Entered) -> HttpResponseBase:
    language, _, name = entered.template.partition("/")
    text = _filled(talk, language, name, entered.values) if name else entered.text
    facts = facts_of(entered.tokens, talk.id)
    standing = [each for each in facts if each.is_in(text)]
    altered = [each for each in facts if each not in standing and each.shown[:1] and not entered.template]
    if altered and entered.text.strip():
        kept = tuple(token_of(each, talk.id) for each in standing)
        changed = replace(entered, tokens=kept)
        return page(request, talk, answer=Answer(changed, altered=True), status=409)
    media = _files(request)
    care.reply(
        talk.id,
        client_message_id=entered.id,
        text=text,
        template=care.ReplyTemplate(name, language, entered.values) if name else None,
        media=media,
        facts=standing,
        expected_version=entered.version,
        macro_id=parse_id(entered.begun, field="begun") if entered.begun and not name else None,
        override=care.Override(entered.override) if entered.override.strip() else None,
        by=request.author,
    )
    return HttpResponseRedirect(back_to(talk.id, "sent"), status=303)


def _files(request: StaffRequest) -> tuple[care.ReplyMedia, ...]:
    """Return the files that go along, in the order in which they were chosen: an answer never leaves without one of them.

    Raises:
        FileNotCarried: one is too large, or there are too many.
    """
    given = request.FILES.getlist("file")
    if len(given) > care.MEDIA_MAX or any((each.size or 0) > FILE_BYTES_MAX for each in given):
        raise channels.FileNotCarried(field="file")
    return tuple(care.ReplyMedia(each.name or "file", each.content_type or "", each.read()) for each in given)


def _filled(talk: Talk, language: str, name: str, values: tuple[str, ...]) -> str:
    """Return what a template says with its values in it, as the customer will read it."""
    shapes = channels.templates(talk.conversation.line_id, language)
    body = next((each.body for each in shapes if each.name == name), name)
    for number, value in enumerate(values, start=1):
        body = body.replace(f"{{{{{number}}}}}", value)
    return body


def _exchanged(request: StaffRequest, talk: Talk, entered: Entered, do: str, place: str) -> Entered:
    number = int(place) if place.isdecimal() else -1
    if do == "drop" or not 0 <= number < len(entered.tokens):
        return entered.exchanged(number, None, talk.id)
    (was,) = facts_of([entered.tokens[number]], talk.id)
    return entered.exchanged(number, fact_now(request, talk, was.ref), talk.id)


def _from_macro(request: StaffRequest, talk: Talk, entered: Entered) -> Entered:
    """Put a prepared answer in, with the facts that it must carry where there is one of a kind only.

    What the agent has typed, beside facts put in, stays above it.
    """
    wanted = request.POST.get("macro", "")
    if not wanted:
        return entered
    one = talk.conversation
    macro_id = parse_id(wanted)
    known = care.macros(one.institution_id, by=request.author, language=one.language or None)
    macro = next((each for each in known if each.id == macro_id), None)
    if macro is None:
        raise care.UnknownMacro(field="macro")
    facts, tokens = list(facts_of(entered.tokens, talk.id)), list(entered.tokens)
    now = facts_now(request, talk) if macro.facts else []
    for kind in macro.facts:
        if any(each.ref.key.startswith(f"{kind}:") for each in facts):
            continue
        fitting = [each for each in now if each.key.startswith(f"{kind}:")]
        if len(fitting) == 1:
            facts.append(fitting[0].inserted())
            tokens.append(token_of(fitting[0].inserted(), talk.id))
    typed = entered.text.strip()
    for each in facts_of(entered.tokens, talk.id):
        typed = typed.replace(each.shown, "").strip()
    text = care.fill_macro(macro_id, language=one.language or "ar", facts=facts, by=request.author)
    return replace(
        entered, text=f"{typed}\n\n{text}" if typed else text, tokens=tuple(tokens), override="", begun=str(macro_id)
    )


@dataclass(frozen=True, slots=True)
class _Said:
    """A fact as a draft takes it: the words that the customer is to read."""

    words: str


def _draft(request: StaffRequest, talk: Talk, entered: Entered) -> Entered:
    """Put a suggestion in, made of answers that people wrote and of facts; only people send.

    Raises:
        NotPermitted: the asker may not see answers.
    """
    one = talk.conversation
    facts = facts_now(request, talk)[:DRAFT_FACTS_MAX]
    made = care.promises.draft(
        one.snippet, institution_id=one.institution_id, language=one.language or "ar", by=request.author,
        facts=[_Said(each.reply) for each in facts],
    )  # fmt: skip
    if made is None:
        return entered
    tokens = tuple(token_of(facts[place].inserted(), talk.id) for place in made.facts)
    return Entered(entered.id, entered.version, made.text, tokens)
