"""Help: what the institutions answer to everybody, searched by words, without signing in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from raseed.care.api import promises
from raseed.people import api as people
from raseed.web.rendering import render

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from django.http import HttpResponse

    from raseed.web.requests import PageRequest

SEARCH_MAX: Final = 120
SHOWN_MAX: Final = 20
"""Answers of one institution on the page; words find the others."""
HOUSES_MAX: Final = 20
MAX_AGE_S: Final = 60


@require_safe
def help_page(request: PageRequest) -> HttpResponse:
    """Show the questions that were answered for everybody, by institution; with words, those that match best."""
    return _shown(request, people.institutions()[:HOUSES_MAX], request.path)


@require_safe
def help_of(request: PageRequest, slug: str) -> HttpResponse:
    """Show one institution's answers, under its short name.

    Raises:
        UnknownInstitution: there is none of this name.
    """
    return _shown(request, [people.institution_by_slug(slug)], request.path)


def _shown(request: PageRequest, institutions: Sequence[people.Institution], here: str) -> HttpResponse:
    q = " ".join(request.GET.get("q", "")[:SEARCH_MAX].split())
    language = request.reader.language
    houses = []
    for house in institutions:
        found = promises.answers(house.id, audience=promises.Audience.PUBLIC, search=q, limit=SHOWN_MAX)
        if found:
            lines = [(each.id, *_said(each, language)) for each in found]
            houses.append((people.display_name(house, language), house.slug, lines))
    return _kept(render(request, "web/help.html", q=q, houses=houses, here=here))


@require_safe
def help_answer(request: PageRequest, answer_id: UUID) -> HttpResponse:
    """Show one answer, in the reader's language where it is written in it, with the other languages beneath."""
    found = promises.answer(answer_id)
    first, said = _said(found, request.reader.language)
    others = [(code, each) for code, each in found.texts.items() if code != first]
    house = people.institution(found.institution_id)
    return _kept(
        render(
            request,
            "web/help_answer.html",
            language=first,
            said=said,
            others=others,
            issuer=people.display_name(house, request.reader.language),
            at=found.at,
            zone=house.zone,
            country=house.country,
        )
    )


def _said(answer: promises.Answer, language: str) -> tuple[str, promises.AnswerText]:
    code = language if language in answer.texts else next(iter(answer.texts))
    return code, answer.texts[code]


def _kept(response: HttpResponse) -> HttpResponse:
    """Let the reader's own browser keep a page for a moment; it has a form of theirs, so nobody else's cache does."""
    response.headers["Cache-Control"] = f"private, max-age={MAX_AGE_S}"
    patch_vary_headers(response, ("Cookie", "Accept-Language"))
    return response
