"""Prepared answers and tags: what colleagues may put into their answers and on conversations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext, override
from django.views.decorators.http import require_http_methods, require_safe

from raseed.care import api as care
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import new_id
from raseed.people import api as people
from raseed.web.desk.checking import ShownFinding, findings_of
from raseed.web.office.forms import ENTERED_MAX, Act, act_page, form_id, said, status_of
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

if TYPE_CHECKING:
    from uuid import UUID

    from django.http.response import HttpResponseBase

VIEW: Final = "care.conversations.view"
EDIT: Final = "care.macros.edit"
EDIT_TAGS: Final = "care.tags.edit"
TEXT_MAX: Final = 4_200
"""A little more than an answer may have, so that what is too long is said and not cut."""
TITLE_MAX: Final = 200
VERSION_DIGITS_MAX: Final = 7
FIELDS: Final = ("slug", "title", "texts", *(f"texts.{code}" for code in people.LANGUAGES), "reason")


@dataclass(frozen=True, slots=True)
class Entered:
    """What stands in the form of a prepared answer."""

    slug: str = ""
    title: str = ""
    texts: Mapping[str, str] | None = None
    version: int = 0
    reason: str = ""

    @classmethod
    def of(cls, request: StaffRequest, found: care.Macro | None) -> Entered:
        """Read what was sent; before that, the answer as it is."""
        if request.method != "POST":
            return cls(found.slug, found.title, found.texts, found.version) if found else cls()
        sent, version = request.POST, request.POST.get("version", "")
        return cls(
            sent.get("slug", "").strip()[:TITLE_MAX],
            sent.get("title", "").strip()[:TITLE_MAX],
            {
                code: text
                for code in people.LANGUAGES
                if (text := sent.get(f"text-{code}", "").replace("\r\n", "\n").strip()[:TEXT_MAX])
            },
            int(version) if version.isdecimal() and len(version) <= VERSION_DIGITS_MAX else 0,
            sent.get("reason", "")[:ENTERED_MAX],
        )


@dataclass(frozen=True, slots=True)
class Written:
    """A text in one language; how it reads with made-up facts in it, and what the check of replies finds in that."""

    language: str
    name: str
    text: str
    preview: str
    findings: tuple[ShownFinding, ...]


@require_safe
@staff_only(VIEW)
def macro_list(request: StaffRequest) -> HttpResponseBase:
    """List the prepared answers that are in use, or those that were withdrawn."""
    request.rights.require(VIEW)
    withdrawn = request.GET.get("list") == "withdrawn"
    found = care.macros(request.institution.id, by=request.author, withdrawn=withdrawn)
    names, known = dict(settings.LANGUAGES), care.tellable()
    return render(
        request,
        "office/macros.html",
        tab="macros",
        withdrawn=withdrawn,
        macros=[
            (
                each,
                [str(names[code]) for code in people.LANGUAGES if code in each.texts],
                [gettext(known[kind].words) if kind in known else kind for kind in each.facts],
            )
            for each in found
        ],
        may_edit=request.rights.may(EDIT),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(EDIT)
def new(request: StaffRequest) -> HttpResponseBase:
    """Write a prepared answer."""
    request.rights.require(EDIT)
    return _page(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(VIEW)
def one(request: StaffRequest, macro_id: UUID) -> HttpResponseBase:
    """Show a prepared answer as it reads; write it anew, withdraw it, or bring it back."""
    found = care.macro_of(macro_id, by=request.author)
    if found.institution_id != request.institution.id:
        raise care.UnknownMacro(field="macro_id")
    return _page(request, found)


def _page(request: StaffRequest, found: care.Macro | None) -> HttpResponseBase:
    entered, do = Entered.of(request, found), request.POST.get("do", "")
    made_id = found.id if found else form_id(request)
    error: RaseedError | None = None
    if request.method == "POST" and do != "preview":
        try:
            kept = _kept(request, made_id, entered, found, do)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:macro", args=[kept.id]) + "?done=1", status=303)
    moved = isinstance(error, care.MacroMoved)
    return render(
        request,
        "office/macro.html",
        status=status_of(error),
        tab="macros",
        macro=found,
        now=_written(care.macro_of(found.id, by=request.author).texts) if moved and found else (),
        made_id=made_id,
        entered=entered,
        version=found.version if moved and found else entered.version,
        reason=entered.reason,
        previewed=do == "preview" or request.method != "POST",
        kinds=[(f"{{fact:{kind}}}", gettext(told.words)) for kind, told in sorted(care.tellable().items())],
        may_edit=request.rights.may(EDIT),
        done="done" in request.GET,
        **_texts(entered, error, request),
    )


def _texts(entered: Entered, error: RaseedError | None, request: StaffRequest) -> dict[str, Any]:
    errors = {name.replace(".", "_"): text for name, text in said(request, error, FIELDS).items()}
    written = _written(entered.texts or {})
    return {"written": [(each, errors.get(f"texts_{each.language}")) for each in written], "errors": errors}


def _kept(request: StaffRequest, macro_id: UUID, entered: Entered, found: care.Macro | None, do: str) -> care.Macro:
    """Keep what was entered; withdrawing and bringing back change nothing else."""
    as_it_is = found is not None and do in ("withdraw", "bring-back")
    slug, title, texts = entered.slug, entered.title, entered.texts or {}
    if as_it_is and found is not None:
        slug, title, texts = found.slug, found.title, dict(found.texts)
    return care.edit_macro(
        id=macro_id,
        institution_id=request.institution.id,
        slug=slug,
        title=title,
        texts=texts,
        active=do == "bring-back" or (do != "withdraw" and (found is None or found.active)),
        expected_version=entered.version,
        by=request.author,
        reason=entered.reason,
    )


def _written(texts: Mapping[str, str]) -> list[Written]:
    names, found = dict(settings.LANGUAGES), []
    for code in people.LANGUAGES:
        text = texts.get(code, "")
        preview, facts = _example(text, code)
        findings = tuple(findings_of(preview, language=code, facts=facts))
        found.append(Written(code, str(names[code]), text, preview, findings))
    return found


def _example(text: str, language: str) -> tuple[str, list[care.InsertedFact]]:
    """Return how a text reads with made-up facts in their places, and those facts; unknown places stay as they are."""
    known, facts = care.tellable(), []
    for kind in care.facts_in(text):
        if kind in known:
            with override(language):
                shown = gettext(known[kind].example)
            facts.append(care.InsertedFact(care.FactRef("example", kind, ""), shown))
            text = text.replace(f"{{fact:{kind}}}", shown)
    return text, facts


@require_safe
@staff_only(VIEW)
def tag_list(request: StaffRequest) -> HttpResponseBase:
    """List the tags of conversations, with the form for one more."""
    request.rights.require(VIEW)
    return _tags(request)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(EDIT_TAGS)
def new_tag(request: StaffRequest) -> HttpResponseBase:
    """Make a tag."""
    request.rights.require(EDIT_TAGS)
    return _tags(request)


def _tags(request: StaffRequest) -> HttpResponseBase:
    here, error = request.institution.id, None
    name, reason = request.POST.get("name", "")[:TITLE_MAX], request.POST.get("reason", "")[:ENTERED_MAX]
    made_id = form_id(request)
    if request.method == "POST":
        try:
            care.make_tag(id=made_id, institution_id=here, name=name, by=request.author, reason=reason)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:tags"), status=303)
    errors = said(request, error, ("name", "tags", "reason"))
    return render(
        request,
        "office/tags.html",
        status=status_of(error),
        tab="macros",
        tags=care.tags(here, by=request.author),
        retired=care.tags(here, by=request.author, retired=True),
        may_edit=request.rights.may(EDIT_TAGS),
        made_id=made_id if error else new_id(),
        name=name if error else "",
        reason=reason if error else "",
        name_error=errors.get("name") or errors.get("tags"),
        errors=errors,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(EDIT_TAGS)
def retire_tag(request: StaffRequest, tag_id: UUID) -> HttpResponseBase:
    """Ask why a tag is put on no more, and retire it."""
    request.rights.require(EDIT_TAGS)
    known = care.tags(request.institution.id, by=request.author)
    found = next((each for each in known if each.id == tag_id), None)
    if found is None:
        raise care.UnknownTag(field="tag_id", tag="")
    error, reason = None, request.POST.get("reason", "")[:ENTERED_MAX]
    if request.method == "POST":
        try:
            care.retire_tag(tag_id, by=request.author, reason=reason)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:tags"), status=303)
    act = Act(
        gettext("Retire the tag"),
        gettext("It is put on no conversation any more. Where it is it stays, and is still found by it."),
        gettext("Retire it"),
        danger=True,
    )
    back = reverse("office:tags")
    return act_page(request, act, back=back, subject=found.name, tab="macros", reason=reason, error=error)
