"""Addresses of the desk, among those of the back office."""

from __future__ import annotations

from typing import Final

from django.urls import URLPattern, path

from .views import answer, answers, cases, contacts, conversation, deeds, files, inbox, questions, requests, routing

_ONE: Final = "desk/<uuid:conversation_id>"
urlpatterns: Final[list[URLPattern]] = [
    path("desk/", inbox.inbox, name="inbox"),
    path("desk/list", inbox.inbox_list, name="inbox-list"),
    path("desk/lines", routing.lines, name="desk-lines"),
    path("desk/contact", contacts.contact, name="contact"),
    path("desk/cases", cases.case_list, name="cases"),
    path("desk/cases/<uuid:case_id>", cases.one_case, name="case"),
    path("desk/requests", requests.request_list, name="requests"),
    path("desk/requests/<uuid:request_id>", requests.one_request, name="request"),
    path("desk/questions", questions.question_list, name="questions"),
    path("desk/questions/not-told", questions.untold, name="untold"),
    path("desk/questions/<uuid:gap_id>", questions.one_question, name="question"),
    path("desk/answers", answers.answer_list, name="known-answers"),
    path("desk/answers/new", answers.new_answer, name="new-answer"),
    path("desk/answers/<uuid:answer_id>", answers.one_answer, name="known-answer"),
    path("desk/papers", cases.unfiled, name="unfiled"),
    path(_ONE, conversation.one, name="conversation"),
    path(f"{_ONE}/thread", conversation.part, {"part": "thread"}, name="conversation-thread"),
    path(f"{_ONE}/head", conversation.part, {"part": "head"}, name="conversation-head"),
    path(f"{_ONE}/cards", conversation.part, {"part": "cards"}, name="conversation-cards"),
    path(f"{_ONE}/here", conversation.here, name="conversation-here"),
    path(f"{_ONE}/check", conversation.check, name="conversation-check"),
    path(f"{_ONE}/reply", answer.reply, name="conversation-reply"),
    path(f"{_ONE}/insert", answer.insert, name="conversation-insert"),
    path(f"{_ONE}/case", cases.of_conversation, name="conversation-case"),
    path(f"{_ONE}/question", questions.keep, name="conversation-question"),
    path(f"{_ONE}/ask", requests.ask, name="conversation-ask"),
    path(f"{_ONE}/file/<uuid:media_id>", files.one, name="conversation-file"),
    path(f"{_ONE}/entry/<uuid:entry_id>/again", deeds.retry, name="entry-retry"),
    path(f"{_ONE}/<str:verb>", deeds.act, name="conversation-act"),
]
