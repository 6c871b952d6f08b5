"""Staff: who works here, with which roles; inviting, locking, and proposing who is new and who may do what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.http import Http404, HttpResponseRedirect
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
    from collections.abc import Callable

    from django.http import HttpResponse, QueryDict
    from django.http.response import HttpResponseBase

VIEW: Final = "people.staff.view"
PROPOSE: Final = "people.staff.propose"
STATE_LOOKS: Final = {
    people.StaffState.ACTIVE: "good",
    people.StaffState.INVITED: "warn",
    people.StaffState.LOCKED: "bad",
}
FIELDS: Final = ("login", "names", "names.ar", "names.he", "names.en", "language", "role_ids", "reason")


@dataclass(frozen=True, slots=True)
class ShownStaff:
    """Someone of staff as a list and a page show them."""

    staff: people.Staff
    name: str
    state_words: str
    look: str
    roles: tuple[str, ...]

    @property
    def id(self) -> UUID:
        """Their id."""
        return self.staff.id


def shown_staff(found: tuple[people.Staff, ...], request: StaffRequest) -> list[ShownStaff]:
    """Return staff ready for a page, with the roles that they hold at the institution looked at."""
    language = request.reader.language
    names = {one.id: name_in(one.names, language) for one in people.roles(request.institution.id)}
    return [
        ShownStaff(
            one,
            name_in(one.names, language),
            gettext(people.state_words(one.state)),
            STATE_LOOKS.get(one.state, ""),
            tuple(names[role_id] for _, role_id in one.grants if role_id in names),
        )
        for one in found
    ]


@require_safe
@staff_only(VIEW)
def staff_list(request: StaffRequest) -> HttpResponseBase:
    """List who works at this institution, by login."""
    request.rights.require(VIEW)
    page = people.staff_of(request.institution.id, after=request.GET.get("after") or None)
    return render(
        request,
        "office/staff.html",
        tab="staff",
        found=shown_staff(page.staff, request),
        next=page.next,
        may_propose=request.rights.may(PROPOSE),
    )


def staff_for(request: StaffRequest, staff_id: UUID, permission: str = VIEW) -> people.Staff:
    """Return someone who works at the institution that is looked at; others are as if they were not there.

    Raises:
        UnknownStaff, NotPermitted: what they say.
    """
    request.rights.require(VIEW)
    someone = people.staff(staff_id)
    here = request.institution.id
    if someone.institution_id != here and here not in {institution_id for institution_id, _ in someone.grants}:
        raise people.UnknownStaff(field="staff_id")
    request.rights.require(permission)
    return someone


@require_safe
@staff_only(VIEW)
def one(request: StaffRequest, staff_id: UUID) -> HttpResponseBase:
    """Show someone of staff: how they stand, their roles, and the changes about them."""
    someone = staff_for(request, staff_id)
    (told,) = shown_staff((someone,), request)
    open_changes = people.changes(institution_id=request.institution.id, subject=someone.actor, limit=10)
    at_home = someone.institution_id == request.institution.id
    return render(
        request,
        "office/staff_one.html",
        tab="staff",
        told=told,
        someone=someone,
        roles=[
            (role.id, name_in(role.names, request.reader.language))
            for role in people.roles(request.institution.id)
            if (role.institution_id, role.id) in someone.grants
        ],
        permissions=_permissions(someone, request),
        changes=shown_changes(list(open_changes.changes), request),
        acts=_acts(someone, request) if at_home else [],
        may_propose=request.rights.may(PROPOSE) and someone.state is not people.StaffState.LEFT,
        may_audit=request.rights.may("people.audit.view"),
        done=request.GET.get("done", ""),
    )


def _permissions(someone: people.Staff, request: StaffRequest) -> list[str]:
    """Return in words what someone may do here, all their roles together."""
    held = {role_id for _, role_id in someone.grants}
    codes = {code for role in people.roles(request.institution.id) if role.id in held for code in role.permissions}
    return [gettext(one.words) for one in people.registered_permissions() if one.code in codes]


@dataclass(frozen=True, slots=True)
class _StaffAct:
    """A verb on someone of staff: in which states, and in which words. ``kind``: proposed as a change of this kind."""

    name: str
    states: frozenset[people.StaffState]
    act: Act
    do: Callable[..., object] | None = None
    kind: str = ""


ACTS: Final = (
    _StaffAct(
        "lock",
        frozenset({people.StaffState.ACTIVE, people.StaffState.INVITED}),
        Act(
            mark("Lock"),
            mark("Their sessions end at once and they can't sign in. Letting them in again takes two people."),
            mark("Lock them out"),
            danger=True,
        ),
        do=people.lock_staff,
    ),
    _StaffAct(
        "unlock",
        frozenset({people.StaffState.LOCKED}),
        Act(
            mark("Let in again"),
            mark("This is a proposal: a second person confirms it before they can sign in again."),
            mark("Propose it"),
        ),
        kind="people.staff_unlock",
    ),
    _StaffAct(
        "reset",
        frozenset({people.StaffState.ACTIVE, people.StaffState.LOCKED}),
        Act(
            mark("Enrol anew"),
            mark(
                "A proposal: when a second person confirms it, password and second factor are void and they are invited again."
            ),
            mark("Propose it"),
        ),
        kind="people.staff_reset",
    ),
    _StaffAct(
        "leave",
        frozenset({people.StaffState.ACTIVE, people.StaffState.INVITED, people.StaffState.LOCKED}),
        Act(
            mark("Has left"),
            mark("Their roles end for good and they can't sign in any more. What they did stays in the audit trail."),
            mark("They have left"),
            danger=True,
        ),
        do=people.end_staff,
    ),
    _StaffAct(
        "invite",
        frozenset({people.StaffState.INVITED}),
        Act(
            mark("Invitation"),
            mark("A new invitation is made, good for 72 hours and shown once. An earlier one is void from then on."),
            mark("Make the invitation"),
        ),
        do=people.issue_invitation,
    ),
)


def _acts(someone: people.Staff, request: StaffRequest) -> list[tuple[str, str, bool]]:
    """Return the verbs that this person is offered: address, word, whether it is grave."""
    if not request.rights.may(PROPOSE):
        return []
    return [
        (reverse("office:staff-act", args=[someone.id, one.name]), gettext(one.act.title), one.act.danger)
        for one in ACTS
        if someone.state in one.states
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(PROPOSE, weighty=True)
def act(request: StaffRequest, staff_id: UUID, verb: str) -> HttpResponseBase:
    """Ask for the reason of a verb on someone of staff, and carry it out or propose it."""
    chosen = next((one for one in ACTS if one.name == verb), None)
    if chosen is None:
        raise Http404
    someone = staff_for(request, staff_id, PROPOSE)
    back, reason = reverse("office:staff-one", args=[staff_id]), request.POST.get("reason", "")[:ENTERED_MAX]
    error: RaseedError | None = None
    if request.method == "POST":
        try:
            return _carry_out(request, chosen, someone, reason)
        except RaseedError as refused:
            error = refused
    return act_page(
        request,
        Act(gettext(chosen.act.title), gettext(chosen.act.what), gettext(chosen.act.button), danger=chosen.act.danger),
        back=back,
        subject=name_in(someone.names, request.reader.language),
        tab="staff",
        reason=reason,
        error=error,
    )


def _carry_out(request: StaffRequest, chosen: _StaffAct, someone: people.Staff, reason: str) -> HttpResponse:
    if chosen.kind:
        change = people.propose_change(
            id=new_id(),
            kind=chosen.kind,
            institution_id=request.institution.id,
            subject=someone.actor,
            payload={},
            reason=reason,
            by=request.author,
        )
        return HttpResponseRedirect(reverse("office:change", args=[change.id]), status=303)
    assert chosen.do is not None, "a verb is done or proposed"
    done = chosen.do(someone.id, by=request.author, reason=reason)
    if isinstance(done, people.Invitation):
        return render(
            request,
            "office/invitation_made.html",
            tab="staff",
            name=name_in(someone.names, request.reader.language),
            back=reverse("office:staff-one", args=[someone.id]),
            expires_at=done.expires_at,
            link=request.build_absolute_uri(reverse("office:invitation-token", args=[done.token])),
        )
    return HttpResponseRedirect(f"{reverse('office:staff-one', args=[someone.id])}?done={chosen.name}", status=303)


@dataclass(frozen=True, slots=True)
class Entered:
    """What stands in the form of someone new, or of someone's roles."""

    id: str
    login: str = ""
    names: dict[str, str] = field(default_factory=dict)
    language: str = "ar"
    role_ids: tuple[str, ...] = ()
    reason: str = ""

    @classmethod
    def of(cls, post: QueryDict) -> Entered:
        """Read a sent form."""
        return cls(
            id=post.get("id", "")[:ENTERED_MAX],
            login=post.get("login", "")[:ENTERED_MAX],
            names={code: post.get(f"name_{code}", "")[:ENTERED_MAX] for code in people.LANGUAGES},
            language=post.get("language", ""),
            role_ids=tuple(post.getlist("role")[:ENTERED_MAX]),
            reason=post.get("reason", "")[:ENTERED_MAX],
        )


def _form(
    request: StaffRequest, entered: Entered, someone: people.Staff | None, error: RaseedError | None = None
) -> HttpResponse:
    language = request.reader.language
    return render(
        request,
        "office/staff_form.html",
        status=status_of(error),
        tab="staff",
        someone=someone,
        someone_name=name_in(someone.names, language) if someone else "",
        entered=entered,
        roles=[
            (str(role.id), name_in(role.names, language), str(role.id) in entered.role_ids)
            for role in people.roles(request.institution.id)
        ],
        name_fields=[(code, entered.names.get(code, "")) for code in people.LANGUAGES],
        back=reverse("office:staff-one", args=[someone.id]) if someone else reverse("office:staff"),
        errors=_beside(request, error),
    )


def _beside(request: StaffRequest, error: RaseedError | None) -> dict[str, object]:
    """Return an error by its field, dots made fit for a template (``names.ar`` is ``names_ar``)."""
    return {name.replace(".", "_"): text for name, text in said(request, error, FIELDS).items()}


def _id_of(entered: Entered) -> UUID:
    try:
        return parse_id(entered.id)
    except InvalidId:
        return new_id()


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(PROPOSE, weighty=True)
def new(request: StaffRequest) -> HttpResponseBase:
    """Propose someone new, with their roles: a second person confirms it, then they are invited."""
    request.rights.require(PROPOSE)
    if request.method != "POST":
        return _form(request, Entered(str(new_id()), language=request.reader.language), None)
    entered = Entered.of(request.POST)
    change_id = _id_of(entered)
    try:
        change = people.propose_change(
            id=change_id,
            kind="people.staff",
            institution_id=request.institution.id,
            subject=f"staff:{change_id}",
            payload={
                "login": entered.login,
                "names": {code: name for code, name in entered.names.items() if name.strip()},
                "language": entered.language,
                "role_ids": list(entered.role_ids),
            },
            reason=entered.reason,
            by=request.author,
        )
    except RaseedError as error:
        return _form(request, entered, None, error)
    return HttpResponseRedirect(reverse("office:change", args=[change.id]), status=303)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(PROPOSE, weighty=True)
def grants(request: StaffRequest, staff_id: UUID) -> HttpResponseBase:
    """Propose which roles someone holds here from now on."""
    someone = staff_for(request, staff_id, PROPOSE)
    held = tuple(str(role_id) for where, role_id in someone.grants if where == request.institution.id)
    if request.method != "POST":
        return _form(request, Entered(str(new_id()), role_ids=held), someone)
    entered = Entered.of(request.POST)
    try:
        change = people.propose_change(
            id=_id_of(entered),
            kind="people.grants",
            institution_id=request.institution.id,
            subject=someone.actor,
            payload={"role_ids": list(entered.role_ids)},
            reason=entered.reason,
            by=request.author,
        )
    except RaseedError as error:
        return _form(request, entered, someone, error)
    return HttpResponseRedirect(reverse("office:change", args=[change.id]), status=303)
