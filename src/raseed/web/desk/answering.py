"""The answer that is being written: what was entered, what may be sent at present, and why it was not sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.utils.translation import gettext

from raseed.care import api as care
from raseed.channels import api as channels
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.ids import InvalidId, new_id, parse_id
from raseed.web.rendering import words

from .checking import findings_of
from .contacting import IN_PERSON
from .listing import writing_text
from .talking import ASSIGN, Talk
from .tokens import TOKENS_MAX, facts_of, token_of
from .words import length_text

if TYPE_CHECKING:
    from raseed.kernel.errors import RaseedError
    from raseed.web.office.requests import StaffRequest

TEXT_MAX: Final = 4_096
SEE_ANSWERS: Final = "care.gaps.view"
VALUE_MAX: Final = 1_000
VALUES_MAX: Final = 20
OVERRIDE_MAX: Final = 500
VERSION_DIGITS_MAX: Final = 12


@dataclass(frozen=True, slots=True)
class Entered:
    """What stands in the form of the answer; ``begun`` is the prepared answer that it was made from, if it was."""

    id: UUID
    version: int
    text: str = ""
    tokens: tuple[str, ...] = ()
    template: str = ""
    values: tuple[str, ...] = ()
    override: str = ""
    begun: str = ""

    @classmethod
    def of(cls, request: StaffRequest, version: int) -> Entered:
        """Read it; ``version`` is the one that the page shows, where nothing was entered yet."""
        entered = request.POST
        read = entered.get("version", "")
        try:
            id_ = parse_id(entered.get("id", ""))
        except InvalidId:
            id_ = new_id()
        return cls(
            id_,
            int(read) if read.isdecimal() and len(read) <= VERSION_DIGITS_MAX else version,
            entered.get("text", "").replace("\r\n", "\n")[:TEXT_MAX],
            tuple(entered.getlist("fact")[:TOKENS_MAX]),
            entered.get("template", "")[:VALUE_MAX],
            tuple(each[:VALUE_MAX] for each in entered.getlist("value")[:VALUES_MAX]),
            entered.get("override", "")[:OVERRIDE_MAX],
            entered.get("begun", "")[:VALUE_MAX],
        )

    def with_fact(self, token: str, conversation_id: UUID) -> Entered:
        """Return it with a fact put in at its end."""
        (fact,) = facts_of([token], conversation_id)
        gap = " " if self.text and not self.text[-1].isspace() else ""
        tokens = self.tokens if token in self.tokens else (*self.tokens, token)
        return replace(self, text=f"{self.text}{gap}{fact.shown}"[:TEXT_MAX], tokens=tokens)

    def exchanged(self, place: int, now: care.Fact | None, conversation_id: UUID) -> Entered:
        """Return it with one of its facts as it is now, or without it."""
        if not 0 <= place < len(self.tokens):
            return self
        was = facts_of([self.tokens[place]], conversation_id)[0]
        new = now.inserted() if now is not None else None
        tokens = list(self.tokens)
        tokens[place : place + 1] = [token_of(new, conversation_id)] if new else []
        text = self.text.replace(was.shown, new.shown if new else "").strip()
        return replace(self, text=text, tokens=tuple(tokens))


@dataclass(frozen=True, slots=True)
class ChangedFact:
    """A fact that is no longer what the answer says, by its place among the facts of the answer."""

    number: int
    was: str
    now: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Why an answer was not sent, and what to do about it."""

    text: str
    hint: str
    kind: str = "bad"
    changed: tuple[ChangedFact, ...] = ()
    may_take_over: bool = False


@dataclass(frozen=True, slots=True)
class ShownWindow:
    """Whether free text may be sent, in words that stand there before anything is typed."""

    open: bool
    words: str


@dataclass(frozen=True, slots=True)
class ShownTemplate:
    """A template that may be chosen: ``value`` names it with its language."""

    value: str
    words: str
    values: int


@dataclass(frozen=True, slots=True)
class Value:
    """One place of a template to be filled."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The form as it stands: what was entered, and what came of it; ``is_empty``: nothing that was kept is put back."""

    entered: Entered
    error: RaseedError | None = None
    altered: bool = False
    is_sent: bool = False
    is_empty: bool = False
    checked: bool = field(default=False)


def refused_of(request: StaffRequest, talk: Talk, answer: Answer) -> Refused | None:
    """Say why an answer was not sent."""
    error = answer.error
    if answer.altered:
        return Refused(
            gettext("The words of a fact were changed, so nobody vouches for them. Nothing was sent."),
            gettext("Put the fact in again, or send it as your own words."), "warn",
        )  # fmt: skip
    if error is None:
        return None
    said = words(request, error)
    may_take_over = isinstance(error, care.HeldByAnother) and request.rights.may(
        ASSIGN, talk.conversation.institution_id
    )
    text = said.message if not isinstance(error, care.FactsMissing) else _missing(error)
    changed: tuple[ChangedFact, ...] = ()
    if isinstance(error, care.FactChanged):
        changed = tuple(_changed(answer.entered, error, talk))
    if isinstance(error, care.HeldByAnother):
        text = writing_text(request, care.who_is_here([talk.id]).get(talk.id, ())) or text
    return Refused(text, said.hint, "warn" if isinstance(error, care.VersionMoved) else "bad", changed, may_take_over)


def _missing(error: care.FactsMissing) -> str:
    """Return which facts a prepared answer must carry that are not in it, in words."""
    known = care.tellable()
    named = [gettext(known[each].words) if each in known else each for each in error.kinds]
    return gettext(error.sentence) % {"missing": " · ".join(named)}


def _begun(entered: Entered, known: Sequence[care.Macro]) -> str:
    """Return what the prepared answer is called that an answer was begun from; nothing for one that is no longer offered."""
    return next((each.title for each in known if str(each.id) == entered.begun), "")


def _changed(entered: Entered, error: care.FactChanged, talk: Talk) -> list[ChangedFact]:
    places = {each.ref: place for place, each in enumerate(facts_of(entered.tokens, talk.id))}
    return [
        ChangedFact(places[each.ref], each.was, each.now.reply if each.now else "")
        for each in error.changed
        if each.ref in places
    ]


def form_of(request: StaffRequest, talk: Talk, answer: Answer) -> dict[str, Any]:
    """Return what the answer's part of a page shows."""
    one, entered = talk.conversation, answer.entered
    window = care.window_of(one.id, by=request.author)
    templates = [_template(each) for each in channels.templates(one.line_id, one.language or "ar")]
    chosen = next((each for each in templates if each.value == entered.template), None)
    if not window.open and chosen is None and templates:
        chosen = templates[0]
    facts = _known_facts(entered, talk)
    macros = care.macros(one.institution_id, by=request.author, language=one.language or None)
    findings = findings_of(entered.text, language=one.language, facts=facts)
    return {
        "text": entered.text,
        "tokens": entered.tokens,
        "version": one.version,
        "made_id": entered.id,
        "sent": answer.is_sent or answer.is_empty,
        "window": _window(request, window, in_person=one.channel in IN_PERSON),
        "templates": templates,
        "chosen_template": chosen.value if chosen else "",
        "template_values": _values(chosen, entered.values),
        "findings": findings,
        "asks_override": any(each.stops for each in findings),
        "override": entered.override,
        "refused": refused_of(request, talk, answer),
        "writing": writing_text(request, care.who_is_here([one.id]).get(one.id, ())),
        "macros": macros,
        "begun": entered.begun,
        "begun_title": _begun(entered, macros),
        "may_draft": request.rights.may(SEE_ANSWERS, one.institution_id),
        "placeholder": gettext("Your answer, by %(channel)s") % {"channel": talk.channel},
    }


def _known_facts(entered: Entered, talk: Talk) -> Sequence[care.InsertedFact]:
    try:
        return facts_of(entered.tokens, talk.id)
    except care.FactNotYours:
        return ()


def _template(one: channels.TemplateShape) -> ShownTemplate:
    return ShownTemplate(f"{one.language}/{one.name}", f"{one.name}: {one.body}", one.values)


def _values(chosen: ShownTemplate | None, entered: Sequence[str]) -> list[Value]:
    if chosen is None:
        return []
    given = [*entered, *[""] * chosen.values][: chosen.values]
    return [Value(gettext("Value %(number)s") % {"number": number}, each) for number, each in enumerate(given, start=1)]


def _window(request: StaffRequest, window: channels.Window, *, in_person: bool) -> ShownWindow:
    zone, country = request.institution.zone, request.institution.country
    if in_person:
        return ShownWindow(True, gettext("Nothing is sent from here: it is kept as what you told them in person."))
    if window.open and window.closes_at is None:
        return ShownWindow(True, gettext("On this channel you can write at any time."))
    if window.open and window.closes_at is not None:
        left = int((window.closes_at - SYSTEM_CLOCK.now()).total_seconds())
        return ShownWindow(
            True,
            gettext("You can write freely until %(when)s (%(left)s more).")
            % {
                "when": request.reader.moment(window.closes_at, zone=zone, country=country),
                "left": length_text(max(left, 0), request.reader),
            },
        )
    if not window.templates_only:
        return ShownWindow(False, gettext("Nothing can be sent on this channel now."))
    return ShownWindow(
        False,
        gettext("The customer last wrote more than 24 hours ago: only a template goes through now. Once they answer, you can write freely."),
    )  # fmt: skip
