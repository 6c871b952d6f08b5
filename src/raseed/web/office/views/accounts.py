"""An account as staff see it: how it stands, its terms, who holds it, its movements, and the verbs on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.http import Http404, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from raseed.banking import api as banking
from raseed.kernel.clock import SYSTEM_CLOCK
from raseed.kernel.errors import RaseedError, mark
from raseed.platform import api as platform
from raseed.web.accounts import ShownAccount, shown_accounts
from raseed.web.filters import Filters
from raseed.web.movements import days_of, movement_of
from raseed.web.office.filters import filters_of, keep_filters
from raseed.web.office.forms import ENTERED_MAX, Act, Choice, act_page
from raseed.web.office.rendering import render
from raseed.web.office.requests import StaffRequest, staff_only
from raseed.web.office.standing import account_aliases, account_holders, loan_of, savings_of
from raseed.web.rendering import words
from raseed.web.terms import fee_lines, limit_lines, other_lines

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

VIEW: Final = "banking.accounts.view"
STATE_LOOKS: Final = {
    banking.AccountState.OPEN: "good",
    banking.AccountState.BLOCKED: "bad",
    banking.AccountState.DORMANT: "warn",
}


@dataclass(frozen=True, slots=True)
class Verb:
    """What staff may do with an account: in which states, with which permission, by which service, in which words."""

    name: str
    permission: str
    states: frozenset[banking.AccountState]
    do: Callable[..., object]
    act: Act


VERBS: Final = (
    Verb(
        "block",
        "banking.accounts.block",
        frozenset({banking.AccountState.OPEN, banking.AccountState.DORMANT}),
        banking.block_account,
        Act(
            mark("Block the account"),
            mark("From the moment you confirm, no payment enters or leaves it, until it is unblocked."),
            mark("Block it"),
            danger=True,
        ),
    ),
    Verb(
        "unblock",
        "banking.accounts.block",
        frozenset({banking.AccountState.BLOCKED}),
        banking.unblock_account,
        Act(mark("Unblock the account"), mark("It may pay and receive again at once."), mark("Unblock it")),
    ),
    Verb(
        "reactivate",
        "banking.accounts.open",
        frozenset({banking.AccountState.DORMANT}),
        banking.reactivate_account,
        Act(
            mark("Wake the account up"),
            mark("It was not used for long and is dormant; it may pay again at once."),
            mark("Wake it up"),
        ),
    ),
    Verb(
        "close",
        "banking.accounts.close",
        frozenset({banking.AccountState.OPEN, banking.AccountState.DORMANT}),
        banking.close_account,
        Act(
            mark("Close the account"),
            mark(
                "What is left in it is paid to the account you choose; without one it must be empty. Its numbers stay its own."
            ),
            mark("Close it"),
            danger=True,
        ),
    ),
    Verb(
        "reopen",
        "banking.accounts.open",
        frozenset({banking.AccountState.CLOSED}),
        banking.reopen_account,
        Act(
            mark("Open the account again"),
            mark("Its holder gets it back with its numbers; it may pay and receive at once."),
            mark("Open it again"),
        ),
    ),
)


def _choice(verb: Verb, account: banking.BankAccount, request: StaffRequest) -> Choice | None:
    """Return what is to be chosen with a verb: why an account is blocked, where what is left in it goes."""
    if verb.name == "block":
        return Choice(
            "code",
            gettext("Why"),
            tuple((one.value, gettext(banking.BLOCK_REASON_WORDS[one])) for one in banking.BlockReason),
            request.POST.get("code", banking.BlockReason.CUSTOMER_ASKED.value),
        )
    if verb.name == "close":
        others = [
            one
            for one in shown_accounts(banking.accounts_of(account.owner_id), request.reader)
            if one.id != account.id and one.account.ledger == account.ledger and one.is_open and not one.is_loan
        ]
        options = tuple((str(one.id), f"{one.name} · {one.number}") for one in others)
        return Choice(
            "pay_out_to",
            gettext("What is left goes to"),
            (("", gettext("No account: it must be empty")), *options),
            request.POST.get("pay_out_to", ""),
        )
    return None


def _chosen(verb: Verb, choice: Choice | None) -> dict[str, object]:
    """Return what was chosen, as the verb's own arguments; what is not among the options counts as not chosen."""
    if choice is None or choice.chosen not in {value for value, _ in choice.options}:
        return {}
    if verb.name == "block":
        return {"code": banking.BlockReason(choice.chosen)}
    return {"pay_out_to": UUID(choice.chosen)} if choice.chosen else {}


def account_for(request: StaffRequest, account_id: UUID, permission: str = VIEW) -> banking.BankAccount:
    """Return an account that this person may see; one of an institution where they may not is as if it were not there.

    Raises:
        AccountUnknown: there is none, or it is not theirs to see.
        NotPermitted: they may see it, but not do ``permission`` there.
    """
    account = banking.account(account_id)
    if not request.rights.may(VIEW, account.institution_id):
        raise banking.AccountUnknown(field="account_id")
    request.rights.require(permission, account.institution_id)
    return account


def verbs_for(account: banking.BankAccount, request: StaffRequest) -> list[tuple[str, str, bool]]:
    """Return the verbs that this person is offered on an account as it stands: address, word, whether it is grave."""
    return [
        (reverse("office:account-act", args=[account.id, verb.name]), gettext(verb.act.title), verb.act.danger)
        for verb in VERBS
        if account.state in verb.states and request.rights.may(verb.permission, account.institution_id)
    ]


def shown(account: banking.BankAccount, request: StaffRequest) -> ShownAccount:
    """Return an account ready for a page."""
    (found,) = shown_accounts([account], request.reader)
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(VIEW)
def account_page(request: StaffRequest, account_id: UUID) -> HttpResponseBase:
    """Show an account and its movements; a request by htmx gets only the movements, to be put below those above.

    Posting sets the filters: they may hold somebody's name, and so are kept in the session, not in the address.
    """
    account = account_for(request, account_id)
    if request.method == "POST":
        wanted = Filters() if "clear" in request.POST else Filters.of(request.POST)
        keep_filters(request.office_session, account_id, wanted)
        return HttpResponseRedirect(reverse("office:account", args=[account_id]) + "#movements", status=303)
    filters = filters_of(request.office_session, account_id)
    sought, errors = filters.understood(account.currency)
    before = banking.Cursor.parse(request.GET["before"]) if "before" in request.GET else None
    lines: tuple[banking.StatementLine, ...] = ()
    page = None
    if not errors:
        page = banking.statement(account_id, before=before, language=request.reader.language, filter=sought)
        lines = page.lines
    fragment = bool(request.htmx) and before is not None
    if not fragment:
        platform.record(
            actor=request.author.actor,
            action="office.account_opened",
            subject=f"account:{account_id}",
            institution_id=account.institution_id,
            customer_id=account.owner_id,
        )
    told = shown(account, request)
    context: dict[str, Any] = {
        "account": told,
        "zone": told.zone,
        "country": told.country,
        "days": days_of(
            [movement_of(line, told.zone) for line in lines], under=request.GET.get("under", "") if fragment else ""
        ),
        "next": page.next.text() if page and page.next else "",
        "searched_back_to": page.searched_back_to if page else None,
        "last_day": lines[-1].booked_on.isoformat() if lines else "",
        "owner_id": account.owner_id,
        "may_payments": request.rights.may("payments.view", account.institution_id),
    }
    if fragment:
        return render(request, "office/parts/movements.html", **context)
    return render(
        request,
        "office/account.html",
        status=400 if errors else 200,
        tab="search",
        filters=filters,
        errors={field: words(request, error) for field, error in errors.items()},
        older=before is not None,
        done=request.GET.get("done", ""),
        **context,
        **_terms(account, request),
    )


def _terms(account: banking.BankAccount, request: StaffRequest) -> dict[str, Any]:
    """Return what stands beside the movements: state, holders, terms, and what this person may do."""
    now, reader = SYSTEM_CLOCK.now(), request.reader
    details = banking.account_details(account.id, by=request.author)
    _, left = banking.left_today(account.id, now=now)
    return {
        "state_words": gettext(banking.STATE_WORDS[account.state]),
        "state_look": STATE_LOOKS.get(account.state, ""),
        "block_reason": gettext(banking.BLOCK_REASON_WORDS[account.block_reason]) if account.block_reason else "",
        "product_name": account.product.name(reader.language),
        "aliases": account_aliases(account),
        "holders": account_holders(details, request),
        "limits": limit_lines(details.limits, account.currency, reader),
        "own_limits": details.own_limits is not None,
        "left_today": reader.money(left) if left is not None else "",
        "fees": fee_lines(details.terms, reader),
        "others": other_lines(details.terms, reader),
        "loan": loan_of(account),
        "savings": savings_of(account, now),
        "verbs": verbs_for(account, request),
        "may_limits": request.rights.may("banking.limits.propose", account.institution_id),
        "may_audit": request.rights.may("people.audit.view", account.institution_id),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@staff_only(VIEW, weighty=True)
def act(request: StaffRequest, account_id: UUID, verb: str) -> HttpResponseBase:
    """Ask for the reason of a verb on an account, and carry it out."""
    chosen = next((one for one in VERBS if one.name == verb), None)
    if chosen is None:
        raise Http404
    account = account_for(request, account_id, chosen.permission)
    told = shown(account, request)
    back = reverse("office:account", args=[account_id])
    error: RaseedError | None = None
    reason = request.POST.get("reason", "")[:ENTERED_MAX]
    choice = _choice(chosen, account, request)
    if request.method == "POST":
        try:
            chosen.do(account_id=account_id, by=request.author, reason=reason, **_chosen(chosen, choice))
        except RaseedError as refused:
            error = refused
        else:
            return HttpResponseRedirect(f"{back}?done={chosen.name}", status=303)
    return act_page(
        request,
        Act(gettext(chosen.act.title), gettext(chosen.act.what), gettext(chosen.act.button), danger=chosen.act.danger),
        back=back,
        subject=f"{told.name} · {told.number}",
        tab="search",
        reason=reason,
        choice=choice,
        error=error,
    )
