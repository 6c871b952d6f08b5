"""What staff may grant customers: limits by role and by person, proposals of new ones, and what was granted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from raseed.banking import api as banking
from raseed.care.api import authority
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import RaseedError
from raseed.kernel.ids import InvalidId, new_id, parse_id
from raseed.kernel.money import Currency, Money, UnknownCurrency, currency
from raseed.people import api as people
from raseed.web.days import InvalidDay, day_in
from raseed.web.desk.views.requests import shown_requests
from raseed.web.office.forms import ENTERED_MAX, Act, act_page, form_id, said, status_of
from raseed.web.office.limits import (
    AMOUNTS,
    COUNTS,
    WINDOW,
    WINDOW_DAYS,
    Line,
    action_words,
    bound_lines,
    bounds_in,
    currencies_of,
    entered_of,
)
from raseed.web.office.naming import Named, name_in, names_of
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only

from .changes import may_see, shown_changes

if TYPE_CHECKING:
    from uuid import UUID

    from django.http.response import HttpResponseBase

VIEW: Final = "care.authority.view"
PROPOSE: Final = "care.limits.propose"
CONFIRM: Final = "care.limits.confirm"
TIES: Final = "care.ties.edit"
READING: Final = (VIEW, PROPOSE, CONFIRM, TIES)
COLLEAGUES_MAX: Final = 200
CURSOR_MAX: Final = 300
REPORT_DAYS: Final = 7
REPORT_DAYS_MAX: Final = 366
PENDING_MAX: Final = 20
FIELDS: Final = ("holder", "action", "currency", *AMOUNTS, *COUNTS, WINDOW[0], "reason")


@dataclass(frozen=True, slots=True)
class ShownLimit:
    """A limit in words."""

    limit: authority.Limit
    holder: Named
    words: str
    lines: tuple[Line, ...]


def require_any(request: StaffRequest, *permissions: str) -> None:
    """Refuse, unless the reader holds one of the permissions here.

    Raises:
        NotPermitted: they hold none.
    """
    if not any(request.rights.may(each) for each in permissions):
        raise people.NotPermitted(permission=permissions[0])


def pending(request: StaffRequest, *kinds: str) -> list[Any]:
    """Return the proposals of some kinds that wait here and that the reader may see."""
    found = []
    for kind in kinds:
        page = people.changes(
            institution_id=request.institution.id, state=people.ChangeState.OPEN, kind=kind, limit=PENDING_MAX
        )
        found += [each for each in page.changes if may_see(each, request)]
    return shown_changes(found, request)


@require_safe
@staff_only()
def limit_list(request: StaffRequest) -> HttpResponseBase:
    """List what roles and persons may grant; what is not in the list may be granted by nobody."""
    require_any(request, VIEW, PROPOSE)
    found = authority.limits(request.institution.id, by=request.author)
    named = names_of({f"{each.holder_kind.value}:{each.holder_id}" for each in found}, request)
    shown = [
        ShownLimit(
            each,
            named[f"{each.holder_kind.value}:{each.holder_id}"],
            f"{action_words(each.action)} ({each.currency})" if each.currency else action_words(each.action),
            tuple(bound_lines(each, request)),
        )
        for each in found
    ]
    limited = {each.action for each in found}
    return render(
        request,
        "office/authority.html",
        tab="authority",
        groups=[
            (words, [one for one in shown if one.limit.holder_kind is kind])
            for kind, words in (
                (authority.HolderKind.ROLE, gettext("By role")),
                (authority.HolderKind.STAFF, gettext("By person: counts before any role's")),
            )
        ],
        nobody=[gettext(each.words) for each in authority.actions() if each.code not in limited],
        pending=pending(request, "care.limits"),
        may_propose=request.rights.may(PROPOSE),
        sections=sections(request),
    )


def sections(request: StaffRequest) -> list[tuple[str, str]]:
    """Return the other pages of authority that the reader may open."""
    rights, found = request.rights, []
    if rights.may(VIEW) or rights.may(PROPOSE):
        found.append((gettext("Who decides beyond limits"), reverse("office:chains")))
    if rights.may(TIES) or rights.may(VIEW):
        found.append((gettext("Who may not decide for whom"), reverse("office:ties")))
    if rights.may(VIEW):
        found.append((gettext("What was granted"), reverse("office:authority-report")))
    if rights.may("care.authority.ask"):
        found.append((gettext("What I may grant"), reverse("office:my-limits")))
    return found


def holders(request: StaffRequest) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return whom a limit or a step may be of: the institution's roles and its people, each by name."""
    language, here = request.reader.language, request.institution.id
    roles = [(f"role:{each.id}", name_in(each.names, language)) for each in people.roles(here)]
    staff = [
        (f"staff:{each.id}", name_in(each.names, language))
        for each in people.staff_of(here, limit=COLLEAGUES_MAX).staff
        if each.state != people.StaffState.LEFT and any(where == here for where, _ in each.grants)
    ]
    return [
        (gettext("Roles"), sorted(roles, key=lambda pair: pair[1])),
        (gettext("Staff"), sorted(staff, key=lambda pair: pair[1])),
    ]


def holder_in(text: str) -> tuple[authority.HolderKind, UUID]:
    """Return whom a form names.

    Raises:
        InvalidLimit: nobody.
    """
    kind, _, id_ = text.partition(":")
    try:
        return authority.HolderKind(kind), parse_id(id_)
    except (ValueError, InvalidId):
        raise authority.InvalidLimit(field="holder") from None


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(PROPOSE, weighty=True)
def new_limit(request: StaffRequest) -> HttpResponseBase:
    """Propose what a role or a person may grant."""
    request.rights.require(PROPOSE)
    return _limit_form(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(PROPOSE, weighty=True)
def change_limit(request: StaffRequest, limit_id: UUID) -> HttpResponseBase:
    """Propose other bounds for a limit in force."""
    return _limit_form(request, _limit_here(request, limit_id))


def _limit_here(request: StaffRequest, limit_id: UUID) -> authority.Limit:
    found = authority.limit(limit_id, by=request.author)
    if found.institution_id != request.institution.id:
        raise authority.UnknownLimit(field="limit_id")
    request.rights.require(PROPOSE)
    return found


def _limit_form(request: StaffRequest, limit: authority.Limit | None) -> HttpResponseBase:
    entered = dict.fromkeys(FIELDS, "") | {"currency": request.institution.currency_code, WINDOW[0]: str(WINDOW_DAYS)}
    if limit is not None:
        entered |= entered_of(limit)
    fixed = {name: entered[name] for name in ("holder", "action", "currency")} if limit is not None else {}
    change_id, error = new_id(), None
    if request.method == "POST":
        entered |= {name: request.POST.get(name, "")[:ENTERED_MAX].strip() for name in FIELDS if name not in fixed}
        change_id = form_id(request)
        try:
            change = _propose_limit(request, change_id, entered)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:change", args=[change.id]), status=303)
    subject = names_of({entered["holder"]}, request)[entered["holder"]] if limit is not None else None
    errors = said(request, error, FIELDS)
    return render(
        request,
        "office/limit_form.html",
        status=status_of(error),
        tab="authority",
        limit=limit,
        subject=subject,
        action_words=action_words(entered["action"]) if limit is not None else "",
        holders=holders(request) if limit is None else [],
        actions=[(each.code, gettext(each.words), each.has_amount) for each in authority.actions()],
        currencies=currencies_of(request),
        with_amount=limit is None or bool(limit.currency),
        amounts=[(name, gettext(label), entered[name], errors.get(name)) for name, label in AMOUNTS.items()],
        counts=[
            (name, gettext(label), entered[name], errors.get(name))
            for name, label in (*COUNTS.items(), WINDOW)
        ],
        entered=entered,
        reason=entered["reason"],
        id=change_id,
        errors=errors,
    )  # fmt: skip


def _propose_limit(request: StaffRequest, change_id: UUID, entered: dict[str, str]) -> people.Change:
    kind, holder_id = holder_in(entered["holder"])
    of = _action(entered["action"])
    unit = _unit(entered["currency"]) if of.has_amount else None
    return authority.propose_limit(
        id=change_id,
        institution_id=request.institution.id,
        holder_kind=kind,
        holder_id=holder_id,
        action=of.code,
        currency_code=unit.code if unit else "",
        bounds=bounds_in(entered, unit=unit),
        reason=entered["reason"],
        by=request.author,
    )


def _unit(code: str) -> Currency:
    try:
        return currency(code)
    except UnknownCurrency:
        raise authority.InvalidLimit(field="currency") from None


def _action(code: str) -> authority.Action:
    try:
        return authority.action(code)
    except authority.UnknownAction:
        raise authority.InvalidLimit(field="action") from None


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(PROPOSE, weighty=True)
def end_limit(request: StaffRequest, limit_id: UUID) -> HttpResponseBase:
    """Propose that a limit ends: nothing may be granted by it any more."""
    limit = _limit_here(request, limit_id)
    reason, made_id, error = request.POST.get("reason", "")[:ENTERED_MAX], form_id(request), None
    if request.method == "POST":
        try:
            change = authority.propose_limit(
                id=made_id, institution_id=limit.institution_id, holder_kind=limit.holder_kind, holder_id=limit.holder_id,
                action=limit.action, currency_code=limit.currency, bounds=None, reason=reason, by=request.author,
            )  # fmt: skip
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:change", args=[change.id]), status=303)
    reference = f"{limit.holder_kind.value}:{limit.holder_id}"
    act = Act(
        gettext("End the limit"),
        gettext("A proposal: once a second person confirms it, nothing may be granted by it, for no limit means no."),
        gettext("Propose it"),
        danger=True,
    )
    return act_page(
        request, act, back=reverse("office:authority"), tab="authority", reason=reason, made_id=made_id, error=error,
        subject=f"{names_of({reference}, request)[reference].words} · {action_words(limit.action)}",
    )  # fmt: skip


@require_safe
@staff_only(VIEW)
def report(request: StaffRequest) -> HttpResponseBase:
    """Show what was granted, how much of it in small pieces, and how far today's limits are used."""
    request.rights.require(VIEW)
    here, by = request.institution.id, request.author
    today = banking.business_date(here, SYSTEM_CLOCK.now())
    error: RaseedError | None = None
    try:
        since, until = _days(request, today)
    except InvalidDay as wrong:
        error, since, until = wrong, today - timedelta(days=REPORT_DAYS - 1), today
    granted = authority.granted(here, since=since, until=until, by=by)
    used = authority.used_today(here, by=by)
    named = names_of(
        {f"staff:{id_}" for id_ in {*(one.staff_id for one in granted), *(one.staff_id for one in used)}}, request
    )
    before = request.GET["before"][:CURSOR_MAX] if request.GET.get("before") else None
    pieces = authority.requests(here, by=by, only=authority.RequestFilter(split=True), before=before)
    return render(
        request,
        "office/authority_report.html",
        status=status_of(error),
        tab="authority",
        since=since.isoformat(),
        until=until.isoformat(),
        granted=[(named[f"staff:{each.staff_id}"], action_words(each.action), each) for each in granted],
        used=[_used(request, each, named[f"staff:{each.staff_id}"]) for each in used],
        requests=shown_requests(request, list(pieces.requests)),
        next=pieces.next or "",
        sections=sections(request),
        errors=said(request, error, ("since", "until")),
    )


def _days(request: StaffRequest, today: date) -> tuple[date, date]:
    """Return the first and the last day of the report, the last week if nothing else is asked for.

    Raises:
        InvalidDay: one is none, the last is before the first, or they are more than a year apart.
    """
    until = day_in(request.GET.get("until", ""), field="until") or today
    since = day_in(request.GET.get("since", ""), field="since") or until - timedelta(days=REPORT_DAYS - 1)
    if not timedelta() <= until - since <= timedelta(days=REPORT_DAYS_MAX):
        raise InvalidDay(field="since")
    return since, until


def _used(request: StaffRequest, one: authority.UsedToday, who: Named) -> tuple[Named, str, list[Line]]:
    reader = request.reader
    if one.limit is None:
        shown = reader.money(Money(one.used_minor, currency(one.currency))) if one.currency else ""
        text = gettext("No limit is in force any more")
        return who, action_words(one.action), [Line(gettext("In a day"), text, shown or reader.number(one.used_count))]
    use = authority.LimitUse(one.limit, one.day, one.used_minor, one.used_count)
    return who, action_words(one.action), [each for each in bound_lines(one.limit, request, used=use) if each.used]
