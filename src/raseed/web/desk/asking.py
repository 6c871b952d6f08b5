"""Questions without an answer and answers, as they stand on pages and as forms send them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext

from raseed.care.api import promises
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import mark
from raseed.kernel.ids import InvalidId
from raseed.kernel.text import ascii_digits

from .checking import ShownFinding, findings_of
from .listing import staff_names
from .words import Due, due_of

if TYPE_CHECKING:
    from raseed.web.office.requests import StaffRequest

SEE: Final = "care.gaps.view"
RAISE: Final = "care.gaps.raise"
ANSWER: Final = "care.gaps.answer"
MANAGE: Final = "care.gaps.manage"
EDIT: Final = "care.answers.edit"
LANGUAGES: Final = ("ar", "he", "en")
TYPED_MAX: Final = 4_000
QUESTION_MAX: Final = 500
REASON_MAX: Final = 500
WITHIN: Final = timedelta(days=1)
"""By when an answer is promised unless somebody says another time."""
CURSOR_MAX: Final = 100
LOOKS: Final = {promises.GapState.OPEN: "warn", promises.GapState.ANSWERED: "good", promises.GapState.JOINED: ""}
ASKER_WORDS: Final = {
    promises.AskerState.WAITING: mark("waits to be told"),
    promises.AskerState.TOLD: mark("was told"),
    promises.AskerState.MOVED: mark("waits for the question that took this one over"),
}
ASKER_LOOKS: Final = {promises.AskerState.WAITING: "warn", promises.AskerState.TOLD: "good"}
AUDIENCE_WORDS: Final = {
    promises.Audience.PUBLIC: mark("Everybody"),
    promises.Audience.STAFF: mark("Staff alone"),
}


@dataclass(frozen=True, slots=True)
class ShownGap:
    """A question with who answers for it, and how long there is."""

    gap: promises.Gap
    owner: str
    state: str
    look: str
    due: Due | None


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """An answer in the reader's language, or in the first that it is written in."""

    answer: promises.Answer
    language: str
    said: promises.AnswerText
    audience: str
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """What is written in one language, and what the check of replies finds in it. ``wanted``: somebody waits for it."""

    language: str
    name: str
    question: str
    text: str
    wanted: bool
    findings: tuple[ShownFinding, ...]


def shown_gaps(request: StaffRequest, found: Iterable[promises.Gap]) -> list[ShownGap]:
    """Return questions as lines of a list."""
    gaps, now = list(found), SYSTEM_CLOCK.now()
    staff = staff_names(request, [each.owner for each in gaps])
    return [
        ShownGap(
            each,
            staff.get(each.owner, ""),
            gettext(promises.GAP_STATE_WORDS[each.state]),
            LOOKS[each.state],
            due_of(each.due_at, now, request.reader) if each.state is promises.GapState.OPEN else None,
        )
        for each in gaps
    ]


def shown_answers(request: StaffRequest, found: Iterable[promises.Answer]) -> list[ShownAnswer]:
    """Return answers as lines of a list."""
    names, mine = dict(settings.LANGUAGES), request.reader.language
    shown = []
    for each in found:
        language = mine if mine in each.texts else next(iter(each.texts))
        languages = tuple(str(names[code]) for code in LANGUAGES if code in each.texts)
        words = gettext(AUDIENCE_WORDS[each.audience])
        shown.append(ShownAnswer(each, language, each.texts[language], words, languages))
    return shown


def texts_in(request: StaffRequest) -> dict[str, promises.AnswerText]:
    """Return what a form sent, in each language in which anything was typed."""
    typed = {
        code: promises.AnswerText(
            request.POST.get(f"question-{code}", "").strip()[:TYPED_MAX],
            request.POST.get(f"text-{code}", "").replace("\r\n", "\n").strip()[:TYPED_MAX],
        )
        for code in LANGUAGES
    }
    return {code: said for code, said in typed.items() if said.question or said.text}


def written_of(texts: Mapping[str, promises.AnswerText], *, wanted: Collection[str] = ()) -> list[Written]:
    """Return the fields of an answer's form, those first that somebody waits for."""
    names, nothing = dict(settings.LANGUAGES), promises.AnswerText("", "")
    found = []
    for code in sorted(LANGUAGES, key=lambda each: each not in wanted):
        said = texts.get(code, nothing)
        findings = tuple(findings_of(said.text, language=code, facts=()))
        found.append(Written(code, str(names[code]), said.question, said.text, code in wanted, findings))
    return found


def is_stopped(written: Iterable[Written]) -> bool:
    """Say whether the check of replies stops an answer."""
    return any(finding.stops for each in written for finding in each.findings)


def time_in(text: str, zone: str, *, field: str) -> datetime:
    """Return the instant of a day and hour that were entered where the institution is.

    Raises:
        InvalidDueDate: it is none.
    """
    try:
        entered = datetime.fromisoformat(ascii_digits(text.strip()))
    except ValueError:
        raise promises.InvalidDueDate(field=field) from None
    if entered.tzinfo is not None:
        raise promises.InvalidDueDate(field=field)
    return entered.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def time_entered(at: datetime, zone: str) -> str:
    """Return an instant as a form takes it."""
    return at.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")


def cursor_of(gap: promises.Gap) -> str:
    """Return the place in a list after a question."""
    return f"{gap.due_at.isoformat()}~{gap.id}"


def cursor_in(text: str) -> tuple[datetime, UUID] | None:
    """Return the place in a list that an address names; ``None``: its beginning.

    Raises:
        InvalidId: it is none.
    """
    if not text:
        return None
    at, _, id_ = text[:CURSOR_MAX].partition("~")
    try:
        found = datetime.fromisoformat(at), UUID(id_)
    except ValueError:
        raise InvalidId(field="after") from None
    if found[0].tzinfo is None:
        raise InvalidId(field="after")
    return found
