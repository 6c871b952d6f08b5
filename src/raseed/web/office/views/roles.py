"""Roles: what each may do, who holds it, and proposing what it may do from now on."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from raseed.kernel.errors import RaseedError, mark
from raseed.kernel.ids import InvalidId, new_id, parse_id
from raseed.people import api as people
from raseed.web.office.forms import ENTERED_MAX, Act, act_page, said, status_of
from raseed.web.office.naming import name_in
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

from .changes import shown_changes

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.http import HttpResponse, QueryDict
    from django.http.response import HttpResponseBase

VIEW: Final = "people.staff.view"
PROPOSE: Final = "people.roles.propose"
FIELDS: Final = ("slug", "names", "names.ar", "names.he", "names.en", "permissions", "reason")
PACKAGE_WORDS: Final = {
    "people": mark("People, staff and roles"),
    "banking": mark("Accounts and products"),
    "payments": mark("Payments"),
    "webhooks": mark("Webhooks"),
    "channels": mark("Channels"),
}


@dataclass(frozen=True, slots=True)
class Group:
    """The permissions of one package: code, words, and whether the role has it."""

    words: str
    permissions: tuple[tuple[str, str, bool], ...]


def groups(held: Collection[str]) -> list[Group]:
    """Return every permission of this installation, by package."""
    by_package: dict[str, list[tuple[str, str, bool]]] = defaultdict(list)
    for one in people.registered_permissions():
        by_package[one.code.partition(".")[0]].append((one.code, gettext(one.words), one.code in held))
    return [Group(gettext(PACKAGE_WORDS.get(package, package)), tuple(found)) for package, found in by_package.items()]


def role_for(request: StaffRequest, role_id: UUID, permission: str = VIEW) -> people.Role:
    """Return a role of the institution that is looked at.

    Raises:
        UnknownRole: there is none. NotPermitted: not for this person.
    """
    request.rights.require(permission)
    role = people.role(role_id)
    if role.institution_id != request.institution.id:
        raise people.UnknownRole(field="role_id")
    return role


@require_safe
@staff_only(VIEW)
def role_list(request: StaffRequest) -> HttpResponseBase:
    """List the roles of this institution."""
    request.rights.require(VIEW)
    language = request.reader.language
    return render(
        request,
        "office/roles.html",
        tab="roles",
        roles=[
            (role, name_in(role.names, language), len(role.permissions))
            for role in people.roles(request.institution.id)
        ],
        may_propose=request.rights.may(PROPOSE),
    )


@require_safe
@staff_only(VIEW)
def one(request: StaffRequest, role_id: UUID) -> HttpResponseBase:
    """Show a role: what it may do, and the changes to it."""
    role = role_for(request, role_id)
    history = people.changes(institution_id=role.institution_id, subject=f"role:{role.id}", limit=10)
    return render(
        request,
        "office/role.html",
        tab="roles",
        role=role,
        name=name_in(role.names, request.reader.language),
        groups=[
            (group.words, held)
            for group in groups(role.permissions)
            if (held := [words for _, words, has in group.permissions if has])
        ],
        changes=shown_changes(list(history.changes), request),
        may_propose=request.rights.may(PROPOSE),
        may_audit=request.rights.may("people.audit.view"),
    )


@dataclass(frozen=True, slots=True)
class Entered:
    """What stands in the form of a role."""

    id: str
    slug: str
    names: dict[str, str]
    permissions: tuple[str, ...]
    reason: str = ""

    @classmethod
    def of(cls, post: QueryDict) -> Entered:
        """Read a sent form."""
        return cls(
            id=post.get("id", "")[:ENTERED_MAX],
            slug=post.get("slug", "")[:ENTERED_MAX],
            names={code: post.get(f"name_{code}", "")[:ENTERED_MAX] for code in people.LANGUAGES},
            permissions=tuple(post.getlist("permission")[:ENTERED_MAX]),
            reason=post.get("reason", "")[:ENTERED_MAX],
        )


def _form(
    request: StaffRequest, entered: Entered, role: people.Role | None, error: RaseedError | None = None
) -> HttpResponse:
    errors = {name.replace(".", "_"): text for name, text in said(request, error, FIELDS).items()}
    return render(
        request,
        "office/role_form.html",
        status=status_of(error),
        tab="roles",
        role=role,
        role_name=name_in(role.names, request.reader.language) if role else "",
        entered=entered,
        name_fields=[(code, entered.names.get(code, "")) for code in people.LANGUAGES],
        groups=groups(entered.permissions),
        back=reverse("office:role", args=[role.id]) if role else reverse("office:roles"),
        errors=errors,
    )


def _propose(request: StaffRequest, entered: Entered, role: people.Role | None) -> HttpResponse:
    try:
        change_id = parse_id(entered.id)
    except InvalidId:
        change_id = new_id()
    try:
        change = people.propose_change(
            id=change_id,
            kind="people.role",
            institution_id=request.institution.id,
            subject=f"role:{role.id if role else change_id}",
            payload={
                "slug": entered.slug,
                "names": {code: name for code, name in entered.names.items() if name.strip()},
                "permissions": sorted(entered.permissions),
            },
            reason=entered.reason,
            by=request.author,
        )
    except RaseedError as error:
        return _form(request, entered, role, error)
    return HttpResponseRedirect(reverse("office:change", args=[change.id]), status=303)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(PROPOSE, weighty=True)
def new(request: StaffRequest) -> HttpResponseBase:
    """Propose a new role."""
    request.rights.require(PROPOSE)
    if request.method != "POST":
        return _form(request, Entered(str(new_id()), "", {}, ()), None)
    return _propose(request, Entered.of(request.POST), None)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(PROPOSE, weighty=True)
def edit(request: StaffRequest, role_id: UUID) -> HttpResponseBase:
    """Propose what a role may do from now on."""
    role = role_for(request, role_id, PROPOSE)
    if request.method != "POST":
        return _form(
            request, Entered(str(new_id()), role.slug, dict(role.names), tuple(sorted(role.permissions))), role
        )
    return _propose(request, Entered.of(request.POST), role)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(PROPOSE, weighty=True)
def remove(request: StaffRequest, role_id: UUID) -> HttpResponseBase:
    """Propose that a role which nobody holds is removed."""
    role = role_for(request, role_id, PROPOSE)
    back, reason = reverse("office:role", args=[role_id]), request.POST.get("reason", "")[:ENTERED_MAX]
    error: RaseedError | None = None
    if request.method == "POST":
        try:
            change = people.propose_change(
                id=new_id(),
                kind="people.role_removal",
                institution_id=request.institution.id,
                subject=f"role:{role.id}",
                payload={},
                reason=reason,
                by=request.author,
            )
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:change", args=[change.id]), status=303)
    removal = Act(
        gettext("Remove the role"),
        gettext("A proposal: a second person confirms it. A role that people still hold can't be removed."),
        gettext("Propose it"),
        danger=True,
    )
    name = name_in(role.names, request.reader.language)
    return act_page(request, removal, back=back, subject=name, tab="roles", reason=reason, error=error)
