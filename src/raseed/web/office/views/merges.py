"""Two customers who are one person: found, seen side by side, proposed as one, and parted again; a second person decides.

And one customer who is two people: their senders are let go, each to whom it belongs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_safe

from raseed.banking import api as banking
from raseed.care import api as care
from raseed.kernel.errors import NotFound, RaseedError, mark
from raseed.kernel.ids import InvalidId, new_id, parse_id
from raseed.people import api as people
from raseed.web.desk.words import PROOF_WORDS, channel_words
from raseed.web.office.forms import ENTERED_MAX, Act, act_page, form_id, said, status_of
from raseed.web.office.naming import Named, account_words, names_of
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only
from raseed.web.office.search import TYPED_MAX

from .authority import require_any
from .changes import may_see, shown_changes
from .person import Seen, note_opened, person_for

if TYPE_CHECKING:
    from uuid import UUID

    from django.http.response import HttpResponseBase

PROPOSE: Final = "people.merge.propose"
CONFIRM: Final = "people.merge.confirm"
LINK: Final = "people.identities.link"
TALKS: Final = "care.conversations.view"
ACCOUNTS: Final = "banking.accounts.view"
FOUND_MAX: Final = 20
TALKS_MAX: Final = 50
PENDING_MAX: Final = 20
CURSOR_MAX: Final = 300
MERGE_KINDS: Final = ("people.merge", "people.part")
SHARED_SENDER: Final = mark(
    "Both are known from the same sender. Two people may share a telephone: that alone doesn't make them one. The desk asks which of them writes."
)
SHARED_NUMBER: Final = mark(
    "A phone number of one of them was the other's once. Numbers change hands: ask before you merge."
)
TWO_CIVIL_IDS: Final = mark("They have different identity numbers of the same country: they are hardly one person.")


class UnknownMerge(NotFound):
    """No merge has this id, or it is another institution's."""

    code = "unknown_merge"
    sentence = mark("We know no such merge of two customers.")
    hint = mark("Look at the list of those who are read as one person.")


@dataclass(frozen=True, slots=True)
class Has:
    """One thing that a customer has: a number, which is written from the left, words, or both."""

    words: str = ""
    number: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that each of two customers has, beside each other."""

    label: str
    first: tuple[Has, ...]
    second: tuple[Has, ...]
    tells: bool = field(default=True, kw_only=True)

    @property
    def same(self) -> bool:
        """Whether they have something in common that tells of who they are."""
        return self.tells and bool(set(self.first) & set(self.second))


@dataclass(frozen=True, slots=True)
class ShownMerge:
    """A merge in words."""

    merge: people.Merge
    kept: Named
    merged: Named
    undo: str


def _open_changes(request: StaffRequest, subjects: Iterable[str] = ()) -> list[Any]:
    """Return the proposals to merge or part that wait here; with ``subjects``, those about certain customers."""
    wanted, here = set(subjects), request.institution.id
    found = []
    for kind in MERGE_KINDS:
        page = people.changes(institution_id=here, state=people.ChangeState.OPEN, kind=kind, limit=PENDING_MAX)
        found += [each for each in page.changes if may_see(each, request) and (not wanted or each.subject in wanted)]
    return shown_changes(found, request)


def shown_merges(request: StaffRequest, found: Iterable[people.Merge]) -> list[ShownMerge]:
    """Return merges in words, each with where it is undone, for who may propose that."""
    merges = list(found)
    named = names_of({f"customer:{id_}" for each in merges for id_ in (each.kept, each.merged)}, request)
    return [
        ShownMerge(
            each,
            named[f"customer:{each.kept}"],
            named[f"customer:{each.merged}"],
            reverse("office:merge-undo", args=[each.id])
            if each.until is None and request.rights.may(PROPOSE, each.institution_id)
            else "",
        )
        for each in merges
    ]


@require_safe
@staff_only()
def merge_list(request: StaffRequest) -> HttpResponseBase:
    """List who is read as one, or was, and what waits for a second person."""
    require_any(request, PROPOSE, CONFIRM)
    undone = request.GET.get("list") == "undone"
    before = request.GET["before"][:CURSOR_MAX] if request.GET.get("before") else None
    page = people.merges(request.institution.id, by=request.author, undone=undone, before=before)
    return render(
        request,
        "office/merges.html",
        tab="merges",
        undone=undone,
        merges=shown_merges(request, page.merges),
        next=page.next or "",
        pending=_open_changes(request),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(PROPOSE)
def search(request: StaffRequest, customer_id: UUID) -> HttpResponseBase:
    """Look for the other customer who is the same person; what is typed is in no address."""
    seen = person_for(request, customer_id, PROPOSE)
    typed = " ".join(request.POST.get("q", "")[:TYPED_MAX].split())
    found: list[people.Customer] = []
    if typed:
        searched = people.search_customers(typed, institution_id=seen.here.id, limit=FOUND_MAX, by=request.author)
        found = [each for each in searched.customers if each.id != customer_id]
    language = request.reader.language
    senders = people.identities_of(customer_id)
    return render(
        request,
        "office/merge_search.html",
        tab="search",
        seen=seen,
        typed=typed,
        found=[(each, people.display_name(each, language), people.phone_text(each.phone)) for each in found],
        senders=[(each, channel_words(each.channel), _proof(each, customer_id)) for each in senders],
        merges=shown_merges(request, people.merges_of(customer_id)),
        may_part=request.rights.may(LINK, seen.here.id),
        pending=_open_changes(request, [f"customer:{customer_id}"]),
        zone=seen.here.zone,
        country=seen.here.country,
    )


def _proof(one: people.Identity, customer_id: UUID) -> str:
    return gettext(PROOF_WORDS[people.proof_for(one, customer_id).value])


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(PROPOSE, weighty=True)
def compare(request: StaffRequest, customer_id: UUID, other_id: UUID) -> HttpResponseBase:
    """Show two customers side by side, and propose that they are one person; beside themselves nobody is shown."""
    if customer_id == other_id and request.method != "POST":
        return HttpResponseRedirect(reverse("office:person-merge", args=[customer_id]), status=303)
    first, second = (person_for(request, id_, PROPOSE) for id_ in (customer_id, other_id))
    for each in (first, second):
        note_opened(request, each, "merge")
    keep = request.POST.get("keep", str(customer_id))
    reason, change_id, error = request.POST.get("reason", "")[:ENTERED_MAX], new_id(), None
    if request.method == "POST":
        change_id = form_id(request)
        try:
            change = _propose(request, (first, second), keep, reason, change_id)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:change", args=[change.id]), status=303)
    read_as = people.resolve_customers([customer_id, other_id])
    return render(
        request,
        "office/merge.html",
        status=status_of(error),
        tab="search",
        first=first,
        second=second,
        rows=_rows(request, first, second),
        notices=_notices(request, first, second),
        merged=[each.name for each in (first, second) if read_as[each.customer.id] != each.customer.id],
        choices=[
            (str(each.customer.id), each.name, people.phone_text(each.customer.phone)) for each in (first, second)
        ],
        keep=keep,
        reason=reason,
        id=change_id,
        pending=_open_changes(request, [f"customer:{id_}" for id_ in (customer_id, other_id)]),
        errors=said(request, error, ("reason",)),
        zone=first.here.zone,
        country=first.here.country,
    )


def _propose(request: StaffRequest, those: tuple[Seen, Seen], keep: str, reason: str, change_id: UUID) -> people.Change:
    first, second = (each.customer.id for each in those)
    try:
        kept = parse_id(keep)
    except InvalidId:
        raise people.CannotMerge from None
    if kept not in (first, second):
        raise people.CannotMerge
    shared = [each for each in those[0].houses if each in those[1].houses and request.rights.may(PROPOSE, each.id)]
    here = next((each for each in shared if each.id == request.institution.id), None) or next(iter(shared), None)
    if here is None:
        raise people.CannotMerge
    return people.merge_customers(
        kept=kept, merged=second if kept == first else first, institution_id=here.id, by=request.author, reason=reason,
        id=change_id,
    )  # fmt: skip


def _rows(request: StaffRequest, first: Seen, second: Seen) -> list[Row]:
    those = (first, second)
    rows = [
        Row(gettext("Name"), *(_names(each) for each in those)),
        Row(gettext("Phone numbers"), *(_phones(each) for each in those)),
        Row(gettext("Identity number"), *(_civil_ids(request, each) for each in those)),
        Row(gettext("Known since"), *(_moment(request, each) for each in those), tells=False),
        Row(gettext("Institutions"), *(_houses(request, each) for each in those), tells=False),
    ]
    if request.rights.may(ACCOUNTS):
        rows.append(Row(gettext("Accounts"), *(_accounts(request, each) for each in those)))
    rows.append(Row(gettext("Writes from"), *(_senders(each) for each in those)))
    if request.rights.may(TALKS):
        rows.append(Row(gettext("Conversations"), *(_talks(request, each) for each in those), tells=False))
    return rows


def _names(seen: Seen) -> tuple[Has, ...]:
    return tuple(Has(each) for each in dict.fromkeys(seen.customer.names.values()))


def _phones(seen: Seen) -> tuple[Has, ...]:
    return tuple(Has(number=people.phone_text(each)) for each in reversed(people.phones_of(seen.customer.id)))


def _civil_ids(request: StaffRequest, seen: Seen) -> tuple[Has, ...]:
    return tuple(Has(each.country, each.masked) for each in people.civil_ids(seen.customer.id, by=request.author))


def _moment(request: StaffRequest, seen: Seen) -> tuple[Has, ...]:
    return (Has(request.reader.moment(seen.customer.created_at, zone=seen.here.zone, country=seen.here.country)),)


def _houses(request: StaffRequest, seen: Seen) -> tuple[Has, ...]:
    return tuple(Has(people.display_name(each, request.reader.language)) for each in seen.houses)


def _accounts(request: StaffRequest, seen: Seen) -> tuple[Has, ...]:
    found = banking.accounts_of(seen.customer.id)
    theirs = [each for each in found if request.rights.may(ACCOUNTS, each.institution_id)]
    return tuple(Has(gettext(banking.STATE_WORDS[each.state]), account_words(each)) for each in theirs)


def _senders(seen: Seen) -> tuple[Has, ...]:
    return tuple(
        Has(
            f"{channel_words(each.channel)} · {each.name or gettext('without a name')} · {_proof(each, seen.customer.id)}"
        )
        for each in people.identities_of(seen.customer.id)
    )


def _talks(request: StaffRequest, seen: Seen) -> tuple[Has, ...]:
    told = []
    for box, words in ((care.Box.OPEN, gettext("Open")), (care.Box.CLOSED, gettext("Closed"))):
        page = care.conversations(
            institution_id=request.institution.id, by=request.author, limit=TALKS_MAX,
            wanted=care.Inbox(box=box, customer_id=seen.customer.id),
        )  # fmt: skip
        more = "+" if page.next else ""
        told.append(Has(f"{words}: {request.reader.number(len(page.conversations))}{more}"))
    return tuple(told)


def _notices(request: StaffRequest, first: Seen, second: Seen) -> list[str]:
    """Return what speaks for caution, in words."""
    one, other = first.customer.id, second.customer.id
    found = []
    if {each.id for each in people.identities_of(one)} & {each.id for each in people.identities_of(other)}:
        found.append(gettext(SHARED_SENDER))
    if set(people.phones_of(one)) & set(people.phones_of(other)):
        found.append(gettext(SHARED_NUMBER))
    mine, theirs = ({each.country for each in people.civil_ids(id_, by=request.author)} for id_ in (one, other))
    if mine & theirs:
        found.append(gettext(TWO_CIVIL_IDS))
    return found


def _merge_here(request: StaffRequest, merge_id: UUID) -> people.Merge:
    try:
        found = people.merge(merge_id)
    except people.NotMerged:
        raise UnknownMerge(field="merge_id") from None
    if not request.rights.may(PROPOSE, found.institution_id):
        raise UnknownMerge(field="merge_id")
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(PROPOSE, weighty=True)
def undo(request: StaffRequest, merge_id: UUID) -> HttpResponseBase:
    """Ask why two customers are not one person after all, and propose that they are two again."""
    found = _merge_here(request, merge_id)
    reason, made_id, error = request.POST.get("reason", "")[:ENTERED_MAX], form_id(request), None
    if request.method == "POST":
        try:
            change = people.unmerge_customers(merge_id, by=request.author, reason=reason, id=made_id)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(reverse("office:change", args=[change.id]), status=303)
    (shown,) = shown_merges(request, [found])
    act = Act(
        gettext("They are two people"),
        gettext(
            "A proposal: once a second person confirms it, each has again exactly what was theirs before the merge."
        ),
        gettext("Propose it"),
        danger=True,
    )
    return act_page(
        request, act, back=reverse("office:merges"), subject=f"{shown.kept.words} · {shown.merged.words}", tab="merges",
        reason=reason, made_id=made_id, error=error,
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(LINK)
def part_sender(request: StaffRequest, customer_id: UUID, identity_id: UUID) -> HttpResponseBase:
    """Ask why a sender is not this customer, and let them go: what they had proven ends."""
    seen = person_for(request, customer_id, LINK)
    found = next((each for each in people.identities_of(customer_id) if each.id == identity_id), None)
    whose = {each.customer_id for each in found.links} if found else set()
    linked = next((id_ for id_ in people.customers_as_one(customer_id) if id_ in whose), None)
    if found is None or linked is None:
        raise people.UnknownIdentity(field="identity_id")
    reason, error = request.POST.get("reason", "")[:ENTERED_MAX], None
    back = reverse("office:person-merge" if request.rights.may(PROPOSE) else "office:person", args=[customer_id])
    if request.method == "POST":
        try:
            people.unlink_identity(identity_id, customer_id=linked, by=request.author, reason=reason)
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(back, status=303)
    act = Act(
        gettext("This sender is not this person"),
        gettext("What they had proven ends, and no fact about an account is told to them. When they write again, the desk asks who they are."),
        gettext("Let them go"),
        danger=True,
    )  # fmt: skip
    subject = f"{seen.name} · {channel_words(found.channel)} · {found.name}"
    return act_page(request, act, back=back, subject=subject, tab="search", reason=reason, error=error)
