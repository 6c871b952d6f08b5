"""Macros: answers written beforehand that can't be sent without the facts that they must carry.

``{fact:balance}`` in a text is a fact whose key begins with ``balance``. The same facts stand in every language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from django.db import transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.text import clean_text
from raseed.people import api as people
from raseed.platform import api as platform

from ..cards.domain import InsertedFact
from ..models import MacroRow
from .domain import FACTS_MAX, REPLY_LENGTH_MAX, Macro
from .errors import FactsMissing, InvalidMacro, UnknownMacro
from .permissions import EDIT_MACROS, VIEW, WORK
from .words import clean_body

MACROS_MAX: Final = 500
_FACT: Final = re.compile(r"\{fact:([a-z_][a-z0-9_]{0,39})\}")
_SLUG: Final = re.compile(r"[a-z][a-z0-9-]{0,59}\Z")


def macros(institution_id: UUID, *, by: people.Author, language: str | None = None) -> list[Macro]:
    """Return an institution's macros that are in use, those with a text in ``language`` if asked, by their titles.

    Raises:
        NotPermitted: ``by`` may not see conversations there.
    """
    people.require(by, VIEW, institution_id)
    rows = MacroRow.objects.filter(institution_id=institution_id, active=True).order_by("title", "id")[:MACROS_MAX]
    return [_macro(row) for row in rows if language is None or language in row.texts]


@transaction.atomic
def edit_macro(
    *,
    id: UUID,  # noqa: A002  the client's id, called so in every verb
    institution_id: UUID,
    slug: str,
    title: str,
    texts: Mapping[str, str],
    by: people.Author,
    reason: str,
    active: bool = True,
    clock: Clock = SYSTEM_CLOCK,
) -> Macro:
    """Write a macro, or write it anew.

    Raises:
        NotPermitted, UnacceptableText, UnknownLanguage. InvalidMacro: no text, a short name that is none or another's, or other
            facts in one language than in another. UnknownMacro: the id is another institution's.
    """
    people.require(by, EDIT_MACROS, institution_id)
    said = people.clean_reason(reason)
    cleaned = {
        language: clean_body(text, field=f"texts.{language}", length_max=REPLY_LENGTH_MAX)
        for language, text in texts.items()
    }
    if set(cleaned) - set(people.LANGUAGES):
        raise people.UnknownLanguage(field="texts")
    facts = {tuple(sorted(set(_FACT.findall(text)))) for text in cleaned.values()}
    taken = MacroRow.objects.filter(institution_id=institution_id, slug=slug).exclude(id=id).exists()
    if len(facts) != 1 or not _SLUG.match(slug) or taken or len(next(iter(facts))) > FACTS_MAX:
        raise InvalidMacro(field="texts" if len(facts) != 1 else "slug")
    before = MacroRow.objects.select_for_update().filter(id=id).first()
    if before is not None and before.institution_id != institution_id:
        raise UnknownMacro(field="id")
    row = MacroRow(
        id=id,
        institution_id=institution_id,
        slug=slug,
        title=clean_text(title, field="title"),
        texts=cleaned,
        facts=list(next(iter(facts))),
        active=active,
    )
    row.save()
    platform.record(
        actor=by.actor,
        action="care.macro_edited",
        subject=f"macro:{id}",
        before={"slug": before.slug, "active": before.active} if before else None,
        after={"slug": slug, "active": active, "languages": sorted(cleaned)},
        reason=said,
        institution_id=institution_id,
        clock=clock,
    )
    return _macro(row)


def fill_macro(macro_id: UUID, *, language: str, facts: Sequence[InsertedFact], by: people.Author) -> str:
    """Return a macro's text in a language with the facts in their places.

    Raises:
        UnknownMacro: none in use, or not in this language. NotPermitted. FactsMissing: one that it must carry is not there.
    """
    found = macro(macro_id)
    people.require(by, WORK, found.institution_id)
    if language not in found.texts:
        raise UnknownMacro(field="language")
    check_carried(found, facts)
    return _FACT.sub(lambda place: _of_kind(place[1], facts)[0].shown, found.texts[language])


def macro(macro_id: UUID) -> Macro:
    """Return a macro that is in use, for whoever has looked who asks.

    Raises:
        UnknownMacro: there is none.
    """
    row = MacroRow.objects.filter(id=macro_id, active=True).first()
    if row is None:
        raise UnknownMacro(field="macro_id")
    return _macro(row)


def check_carried(of: Macro, facts: Sequence[InsertedFact]) -> None:
    """Refuse unless every kind of fact that a macro must carry is among these.

    Raises:
        FactsMissing: which are not.
    """
    missing = [kind for kind in of.facts if not _of_kind(kind, facts)]
    if missing:
        raise FactsMissing(field="facts", missing=", ".join(missing))


def _of_kind(kind: str, facts: Sequence[InsertedFact]) -> list[InsertedFact]:
    return [fact for fact in facts if fact.ref.key == kind or fact.ref.key.startswith(f"{kind}:")]


def _macro(row: MacroRow) -> Macro:
    return Macro(row.id, row.institution_id, row.slug, row.title, row.texts, tuple(row.facts), row.active)
