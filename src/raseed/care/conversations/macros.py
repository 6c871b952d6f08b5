"""Macros: answers written beforehand that can't be sent without the facts that they must carry.

``{fact:balance}`` in a text is a fact whose key begins with ``balance``, and of a kind that some source of cards can tell
customers. The same facts stand in every language. A withdrawn macro is kept, and can be brought back; what was begun from it
before is sent as it was begun, with its facts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.text import clean_text
from raseed.people import api as people
from raseed.platform import api as platform

from ..cards.domain import InsertedFact
from ..cards.registry import tellable
from ..models import MacroRow
from .domain import FACTS_MAX, REPLY_LENGTH_MAX, Macro
from .errors import FactsMissing, InvalidMacro, MacroMoved, UnknownFactKind, UnknownMacro
from .permissions import EDIT_MACROS, VIEW, WORK
from .words import clean_body

MACROS_MAX: Final = 500
_FACT: Final = re.compile(r"\{fact:([a-z_][a-z0-9_]{0,39})\}")
_SLUG: Final = re.compile(r"[a-z][a-z0-9-]{0,59}\Z")
_SLUGS: Final = "care_macro_slug"
"""The constraint by which two can't have the same short name."""


def macros(
    institution_id: UUID, *, by: people.Author, language: str | None = None, withdrawn: bool = False
) -> list[Macro]:
    """Return an institution's macros that are in use, those with a text in ``language`` if asked, by their titles.

    With ``withdrawn`` those that are no longer in use, instead.

    Raises:
        NotPermitted: ``by`` may not see conversations there.
    """
    people.require(by, VIEW, institution_id)
    found = MacroRow.objects.filter(institution_id=institution_id, active=not withdrawn)
    rows = found.order_by("title", "id")[:MACROS_MAX]
    return [_macro(row) for row in rows if language is None or language in row.texts]


def macro_of(macro_id: UUID, *, by: people.Author) -> Macro:
    """Return a macro, also one that was withdrawn.

    Raises:
        UnknownMacro: there is none, or not for ``by``.
    """
    row = MacroRow.objects.filter(id=macro_id).first()
    if row is None or not by.may(VIEW, row.institution_id):
        raise UnknownMacro(field="macro_id")
    return _macro(row)


def facts_in(text: str) -> list[str]:
    """Return the kinds of fact that a text of a macro asks for, in the order in which they stand."""
    return list(dict.fromkeys(_FACT.findall(text)))


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
    expected_version: int | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Macro:
    """Write a macro, or write it anew; the same as it is changes nothing.

    ``expected_version`` is the one that was read, 0 for a macro that is not there yet; ``None`` writes over whatever is there.

    Raises:
        NotPermitted, UnacceptableText, UnknownLanguage. InvalidMacro: no text, a short name that is none or another's, or other
            facts in one language than in another. UnknownFactKind: no source tells customers such a fact.
        UnknownMacro: the id is another institution's. MacroMoved: a colleague wrote it anew meanwhile.
    """
    people.require(by, EDIT_MACROS, institution_id)
    said, name = people.clean_reason(reason), clean_text(title, field="title")
    cleaned, facts = _written(texts)
    if not _SLUG.match(slug) or _taken(id, institution_id, slug):
        raise InvalidMacro(field="slug")
    before = MacroRow.objects.select_for_update().filter(id=id).first()
    if before is not None and before.institution_id != institution_id:
        raise UnknownMacro(field="id")
    asked = (slug, name, cleaned, active)
    if before is not None and asked == (before.slug, before.title, before.texts, before.active):
        return _macro(before)
    version = before.version if before is not None else 0
    if expected_version is not None and expected_version != version:
        raise MacroMoved(field="expected_version", version=version)
    row = MacroRow(
        id=id, institution_id=institution_id, slug=slug, title=name, texts=cleaned, facts=facts, active=active,
        version=version + 1,
    )  # fmt: skip
    _keep(row, is_new=before is None)
    platform.record(
        actor=by.actor,
        action="care.macro_edited",
        subject=f"macro:{id}",
        before={"slug": before.slug, "active": before.active, "version": before.version} if before else None,
        after={"slug": slug, "active": active, "version": row.version, "languages": sorted(cleaned)},
        reason=said,
        institution_id=institution_id,
        clock=clock,
    )
    return _macro(row)


def _written(texts: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return a macro's texts as they are kept, and the kinds of fact that each of them must carry."""
    cleaned = {
        language: clean_body(text, field=f"texts.{language}", length_max=REPLY_LENGTH_MAX)
        for language, text in texts.items()
    }
    if set(cleaned) - set(people.LANGUAGES):
        raise people.UnknownLanguage(field="texts")
    kinds = {tuple(sorted(facts_in(text))) for text in cleaned.values()}
    if len(kinds) != 1 or len(next(iter(kinds))) > FACTS_MAX:
        raise InvalidMacro(field="texts")
    facts = list(next(iter(kinds)))
    unknown = [kind for kind in facts if kind not in tellable()]
    if unknown:
        raise UnknownFactKind(field="texts", kind=unknown[0])
    return cleaned, facts


def _taken(macro_id: UUID, institution_id: UUID, slug: str) -> bool:
    return MacroRow.objects.filter(institution_id=institution_id, slug=slug).exclude(id=macro_id).exists()


def _keep(row: MacroRow, *, is_new: bool) -> None:
    try:
        with transaction.atomic():
            row.save(force_insert=is_new)
    except IntegrityError as refused:  # somebody wrote at the same instant
        if _SLUGS in str(refused):
            raise InvalidMacro(field="slug") from None
        raise MacroMoved(field="expected_version", version=1) from None


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


def check_begun(macro_id: UUID, institution_id: UUID, facts: Sequence[InsertedFact]) -> None:
    """Refuse an answer that was begun from a macro and does not carry its facts; also where it was withdrawn meanwhile.

    Raises:
        UnknownMacro: the institution has none with this id. FactsMissing: which are not there.
    """
    row = MacroRow.objects.filter(id=macro_id, institution_id=institution_id).first()
    if row is None:
        raise UnknownMacro(field="macro_id")
    check_carried(_macro(row), facts)


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
        raise FactsMissing(missing)


def _of_kind(kind: str, facts: Sequence[InsertedFact]) -> list[InsertedFact]:
    return [fact for fact in facts if fact.ref.key == kind or fact.ref.key.startswith(f"{kind}:")]


def _macro(row: MacroRow) -> Macro:
    return Macro(row.id, row.institution_id, row.slug, row.title, row.texts, tuple(row.facts), row.active, row.version)
