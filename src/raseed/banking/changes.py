"""Changes with weight: limits, fees and rates, which one person proposes and another confirms (``people``).

The payload is JSON: the new values and ``valid_from`` (a date). A change that is confirmed after its date counts from the
day of its confirmation: nothing is ever changed for the past.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext, override

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import InputError, mark
from raseed.kernel.money import Currency, Money
from raseed.people import api as people
from raseed.people.api import Author, Change, ChangeKind, ChangeLine
from raseed.platform import api as platform
from raseed.platform.api import AuditFacts

from .domain import FEE_WORDS, NO_LIMITS, BankAccount, FeeEvent, Limits, Product
from .errors import InvalidTerms
from .interest import PPM
from .models import AccountRow, ProductRow
from .queries import account, business_date, fee_minor, limits_of, own_limits, product
from .rates import annual_rate_ppm, check_rate, write_rate
from .terms import check_fee, check_limits, check_own_limits, limit_facts, write_account_limits, write_fee, write_limits

LIMITS: Final = "banking.limits"
FEES: Final = "banking.fees"
RATES: Final = "banking.rates"

PER_TRANSFER: Final = mark("At most in one transfer")
PER_DAY: Final = mark("At most in one day")
YEARLY_RATE: Final = mark("Interest a year")
VALID_FROM: Final = mark("Valid from")
NO_LIMIT: Final = mark("No limit")
AS_PRODUCT: Final = mark("As the product")


def propose_limits(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    of: Product | BankAccount,
    limits: Limits,
    valid_from: date,
    reason: str,
    by: Author,
    clock: Clock = SYSTEM_CLOCK,
) -> Change:
    """Propose limits of a product, or an account's own (``NO_LIMITS`` ends those), for a second person to confirm.

    Raises:
        NotPermitted: ``by`` lacks ``banking.limits.propose``. InvalidTerms: limits that can't be, an own above its product's.
        As ``people.propose_change``.
    """
    kind = "product" if isinstance(of, Product) else "account"
    payload = {**limit_facts(limits), "valid_from": valid_from.isoformat()}
    return _propose(id, LIMITS, of.institution_id, f"{kind}:{of.id}", payload, reason, by, clock)


def propose_fee(
    *,
    id: UUID,  # noqa: A002
    of: Product,
    event: FeeEvent,
    amount_minor: int,
    valid_from: date,
    reason: str,
    by: Author,
    clock: Clock = SYSTEM_CLOCK,
) -> Change:
    """Propose what a product's accounts pay for something, for a second person to confirm.

    Raises:
        NotPermitted: ``by`` lacks ``banking.fees.propose``. InvalidTerms: a fee that can't be. As ``people.propose_change``.
    """
    payload = {"event": event.value, "amount_minor": amount_minor, "valid_from": valid_from.isoformat()}
    return _propose(id, FEES, of.institution_id, f"product:{of.id}", payload, reason, by, clock)


def propose_rate(
    *,
    id: UUID,  # noqa: A002
    of: Product,
    annual_rate_ppm: int,
    valid_from: date,
    reason: str,
    by: Author,
    clock: Clock = SYSTEM_CLOCK,
) -> Change:
    """Propose a product's yearly rate of interest, in millionths, for a second person to confirm.

    Raises:
        NotPermitted: ``by`` lacks ``banking.fees.propose``. InvalidTerms: a rate that can't be. As ``people.propose_change``.
    """
    payload = {"annual_rate_ppm": annual_rate_ppm, "valid_from": valid_from.isoformat()}
    return _propose(id, RATES, of.institution_id, f"product:{of.id}", payload, reason, by, clock)


def _propose(
    id_: UUID,
    kind: str,
    institution_id: UUID,
    subject: str,
    payload: Mapping[str, Any],
    reason: str,
    by: Author,
    clock: Clock,
) -> Change:
    return people.propose_change(
        id=id_, kind=kind, institution_id=institution_id, subject=subject, payload=payload, reason=reason, by=by,
        clock=clock,
    )  # fmt: skip


def _from(change: Change) -> date:
    """Return from when a change counts: its date, or the day on which it was proposed or confirmed if that is later."""
    try:
        wanted = date.fromisoformat(change.payload["valid_from"])
    except (KeyError, TypeError, ValueError):
        raise InvalidTerms(field="valid_from") from None
    return max(wanted, business_date(change.institution_id, change.decided_at or change.proposed_at))


def _amount(change: Change, name: str) -> int | None:
    minor = change.payload.get(name)
    if minor is not None and type(minor) is not int:
        raise InvalidTerms(field=name)
    return minor


def _whole(change: Change, name: str) -> int:
    minor = _amount(change, name)
    if minor is None:
        raise InvalidTerms(field=name)
    return minor


def _limits(change: Change) -> Limits:
    return Limits(_amount(change, "per_transfer_minor"), _amount(change, "per_day_minor"))


def _event(change: Change) -> FeeEvent:
    try:
        return FeeEvent(str(change.payload.get("event")))
    except ValueError:
        raise InvalidTerms(field="event") from None


def _account(change: Change) -> BankAccount | None:
    """Return the account that limits are for, ``None`` if they are for a product; either must be the institution's."""
    kind, _, _ = change.subject.partition(":")
    try:
        subject_id = change.subject_id
    except ValueError:
        raise InputError(field="subject") from None
    if kind not in {"account", "product"} or (kind == "account" and change.kind != LIMITS):
        raise InputError(field="subject")
    of = account(subject_id) if kind == "account" else product(subject_id)
    if of.institution_id != change.institution_id:
        raise InputError(field="subject")
    return of if isinstance(of, BankAccount) else None


def _product(change: Change) -> Product:
    of = _account(change)
    return of.product if of else product(change.subject_id)


def _check(change: Change) -> None:
    of, valid_from = _account(change), _from(change)
    if change.kind == LIMITS:
        if of is None:
            check_limits(_limits(change))
        else:
            check_own_limits(of, _limits(change), on=valid_from)
    elif change.kind == FEES:
        check_fee(_product(change), _event(change), _whole(change, "amount_minor"))
    else:
        check_rate(_product(change).kind, _whole(change, "annual_rate_ppm"))


def _current(change: Change) -> AuditFacts:
    on = _from(change)
    if change.kind == FEES:
        event = _event(change)
        return {"event": event.value, "amount_minor": fee_minor(change.subject_id, event, on=on)}
    if change.kind == RATES:
        return {"annual_rate_ppm": annual_rate_ppm(change.subject_id, on=on)}
    of = _account(change)
    if of is None:
        return limit_facts(limits_of(change.subject_id, on=on))
    return limit_facts(own_limits([(of.id, on)]).get((of.id, on), NO_LIMITS))


def _apply(change: Change) -> None:
    """Write the new values, under a lock of what they are for, if they are still what they were proposed against."""
    of, valid_from = _account(change), _from(change)
    rows = AccountRow.objects.filter(id=of.id) if of else ProductRow.objects.filter(id=change.subject_id)
    assert rows.select_for_update().values_list("id", flat=True).first(), "it was there a moment ago"
    if _current(change) != change.before:
        raise people.ChangeOutdated
    if change.kind == FEES:
        write_fee(change.subject_id, _event(change), _whole(change, "amount_minor"), valid_from)
    elif change.kind == RATES:
        write_rate(change.subject_id, _whole(change, "annual_rate_ppm"), valid_from)
    elif of is not None:
        write_account_limits(of.id, _limits(change), valid_from)
    else:
        write_limits(change.subject_id, _limits(change), valid_from)


def _customer_of(change: Change) -> UUID | None:
    of = _account(change)
    return of.owner_id if of else None


def _described(change: Change, language: str) -> list[ChangeLine]:
    with override(language):
        lines = _LINES[change.kind](change, language)
        dated = platform.date_text(date.fromisoformat(change.payload["valid_from"]), language)
        return [*lines, ChangeLine(gettext(VALID_FROM), "", dated)]


def _limit_lines(change: Change, language: str) -> list[ChangeLine]:
    of = _account(change)
    unit, none = _product(change).currency, gettext(AS_PRODUCT if of else NO_LIMIT)
    return [
        ChangeLine(
            gettext(label),
            _money(change.before.get(name), unit, language, none),
            _money(change.payload.get(name), unit, language, none),
        )
        for label, name in ((PER_TRANSFER, "per_transfer_minor"), (PER_DAY, "per_day_minor"))
    ]


def _fee_lines(change: Change, language: str) -> list[ChangeLine]:
    unit = _product(change).currency
    before, after = (_money(told.get("amount_minor"), unit, language, "") for told in (change.before, change.payload))
    return [ChangeLine(gettext(FEE_WORDS[_event(change)]), before, after)]


def _rate_lines(change: Change, language: str) -> list[ChangeLine]:
    before, after = (rate_text(told.get("annual_rate_ppm"), language) for told in (change.before, change.payload))
    return [ChangeLine(gettext(YEARLY_RATE), before, after)]


def _money(minor: object, unit: Currency, language: str, none: str) -> str:
    return platform.money_text(Money(minor, unit), language) if isinstance(minor, int) else none


def rate_text(ppm: object, language: str) -> str:
    """Return a share in millionths as a percentage, as a reader of a language has it."""
    if not isinstance(ppm, int):
        return ""
    whole, part = divmod(ppm * 100, PPM)
    decimals = f"{part:06d}".rstrip("0")
    text = f"{whole}.{decimals}%" if decimals else f"{whole}%"
    return platform.digits_text(text.replace(".", "٫").replace("%", "٪") if language == "ar" else text, language)


_LINES: Final[Mapping[str, Callable[[Change, str], list[ChangeLine]]]] = {
    LIMITS: _limit_lines,
    FEES: _fee_lines,
    RATES: _rate_lines,
}

KINDS: Final = tuple(
    ChangeKind(
        code=code,
        words=words,
        permission=f"{permission}.propose",
        confirm_permission=f"{permission}.confirm",
        apply=_apply,
        describe=_described,
        current=_current,
        check=_check,
        customer_of=_customer_of,
    )
    for code, words, permission in (
        (LIMITS, mark("Limits"), "banking.limits"),
        (FEES, mark("Fees"), "banking.fees"),
        (RATES, mark("Interest rates"), "banking.fees"),
    )
)
