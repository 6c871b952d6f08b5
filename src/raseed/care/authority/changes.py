"""Setting limits and chains: proposed by one person, confirmed by another, neither of them whom it is about (``people``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext, override

from raseed.kernel.clock import SYSTEM_CLOCK, Clock
from raseed.kernel.errors import mark
from raseed.kernel.ids import new_id
from raseed.kernel.money import Money, UnknownCurrency, currency
from raseed.people import api as people
from raseed.people.api import Author, Change, ChangeKind, ChangeLine
from raseed.platform import api as platform
from raseed.platform.api import AuditFacts

from ..models import AuthorityChainRow, AuthorityLimitRow
from .chains import chain_of, steps_of
from .domain import (
    STEP_SECONDS_MAX,
    STEP_SECONDS_MIN,
    STEPS_MAX,
    WINDOW_DAYS_MAX,
    Bounds,
    ChainStep,
    HolderKind,
)
from .errors import InvalidChain, InvalidLimit, OwnLimit, UnknownAction
from .permissions import CONFIRM_LIMITS, PROPOSE_LIMITS
from .registry import action

LIMITS: Final = "care.limits"
CHAINS: Final = "care.chains"
_AMOUNTS: Final = ("per_act_minor", "per_day_minor", "per_customer_minor")
_COUNTS: Final = ("per_day_count", "per_customer_count")
_BOUNDS: Final = (*_AMOUNTS, *_COUNTS, "window_days")
_COUNT_MAX: Final = 1_000_000
_MINOR_MAX: Final = 10**15
_LABELS: Final[Mapping[str, str]] = {
    "per_act_minor": mark("One act"),
    "per_day_minor": mark("In a day"),
    "per_customer_minor": mark("For one customer"),
    "per_day_count": mark("How often in a day"),
    "per_customer_count": mark("How often for one customer"),
    "window_days": mark("Days that count for one customer"),
}
_NOBODY: Final = mark("Nothing: no limit means no")
_AS_THE_REST: Final = mark("As for everything else")
_LENGTHS: Final[tuple[tuple[int, str], ...]] = (
    (86_400, mark("%(count)s d")),
    (3_600, mark("%(count)s h")),
    (60, mark("%(count)s min")),
)


def propose_limit(
    *,
    id: UUID,  # noqa: A002  (the name that every client-made id has)
    institution_id: UUID,
    holder_kind: HolderKind,
    holder_id: UUID,
    action: str,
    currency_code: str,
    bounds: Bounds | None,
    reason: str,
    by: Author,
    clock: Clock = SYSTEM_CLOCK,
) -> Change:
    """Propose what a person or a role may grant of an action, for a second person to confirm; ``None``: nothing any more.

    Raises:
        NotPermitted: ``by`` lacks ``care.limits.propose``. OwnLimit: it is about themselves. InvalidLimit: it can't be.
        As ``people.propose_change``.
    """
    told = None if bounds is None else {name: getattr(bounds, name) for name in _BOUNDS}
    return people.propose_change(
        id=id,
        kind=LIMITS,
        institution_id=institution_id,
        subject=f"{holder_kind.value}:{holder_id}",
        payload={"action": action, "currency": currency_code, "bounds": told},
        reason=reason,
        by=by,
        clock=clock,
    )


def propose_chain(
    *,
    id: UUID,  # noqa: A002
    institution_id: UUID,
    action: str,
    steps: Sequence[ChainStep],
    reason: str,
    by: Author,
    clock: Clock = SYSTEM_CLOCK,
) -> Change:
    """Propose who decides beyond limits, for a second person to confirm; an empty ``action``: of all without a chain of their own.

    No ``steps`` end the chain of an action: from then on the one of all others counts for it.

    Raises:
        NotPermitted: ``by`` lacks ``care.limits.propose``. InvalidChain: it can't be. As ``people.propose_change``.
    """
    return people.propose_change(
        id=id,
        kind=CHAINS,
        institution_id=institution_id,
        subject=f"institution:{institution_id}",
        payload={
            "action": action,
            "steps": [{each.holder_kind.value: str(each.holder_id), "within_s": each.within_s} for each in steps],
        },
        reason=reason,
        by=by,
        clock=clock,
    )


def _holder(change: Change) -> tuple[HolderKind, UUID]:
    kind, _, id_ = change.subject.partition(":")
    try:
        return HolderKind(kind), UUID(id_)
    except ValueError:
        raise InvalidLimit(field="holder") from None


def _check_limit(change: Change) -> None:
    payload, (kind, holder_id) = change.payload, _holder(change)
    if set(payload) != {"action", "currency", "bounds"}:
        raise InvalidLimit(field="payload")
    try:
        has_amount = action(str(payload["action"])).has_amount
        if has_amount:
            currency(payload["currency"])
    except (UnknownAction, UnknownCurrency) as error:
        raise InvalidLimit(field="action" if isinstance(error, UnknownAction) else "currency") from None
    if not has_amount and payload["currency"] != "":
        raise InvalidLimit(field="currency")
    if kind is HolderKind.STAFF:
        if payload["bounds"] is not None and not _works_at(holder_id, change.institution_id):
            raise InvalidLimit(field="holder")
    elif people.role(holder_id).institution_id != change.institution_id:
        raise InvalidLimit(field="holder")
    if payload["bounds"] is not None:
        _check_bounds(payload["bounds"], has_amount=has_amount)
    _not_own(kind, holder_id, change.proposer)


def _works_at(staff_id: UUID, institution_id: UUID) -> bool:
    return any(where == institution_id for where, _ in people.staff(staff_id).grants)


def _check_bounds(bounds: Any, *, has_amount: bool) -> None:
    if not isinstance(bounds, Mapping) or set(bounds) != set(_BOUNDS):
        raise InvalidLimit(field="bounds")
    for name in _AMOUNTS:
        value = bounds[name]
        if (value is not None) is not has_amount or (has_amount and not _whole(value, 0, _MINOR_MAX)):
            raise InvalidLimit(field=name)
    for name in _COUNTS:
        value = bounds[name]
        if (value is None and not has_amount) or (value is not None and not _whole(value, 0, _COUNT_MAX)):
            raise InvalidLimit(field=name)
    if not _whole(bounds["window_days"], 1, WINDOW_DAYS_MAX):
        raise InvalidLimit(field="window_days")


def _whole(value: object, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most


def _not_own(kind: HolderKind, holder_id: UUID, person: str) -> None:
    """Refuse whoever would set what they may grant themselves, by name or by a role that they hold."""
    if not person.startswith("staff:"):
        return
    who = UUID(person.removeprefix("staff:"))
    if kind is HolderKind.STAFF:
        own = who == holder_id
    else:
        try:
            own = any(role_id == holder_id for _, role_id in people.staff(who).grants)
        except people.UnknownStaff:
            own = False
    if own:
        raise OwnLimit


def _limit_in_force(change: Change) -> AuthorityLimitRow | None:
    kind, holder_id = _holder(change)
    return AuthorityLimitRow.objects.filter(
        institution_id=change.institution_id, holder_kind=kind.value, holder_id=holder_id,
        action=change.payload["action"], currency=change.payload["currency"], ended_at=None,
    ).first()  # fmt: skip


def _limit_now(change: Change) -> AuditFacts:
    row = _limit_in_force(change)
    about = {"action": str(change.payload["action"]), "currency": str(change.payload["currency"])}
    return about if row is None else {**about, **{name: getattr(row, name) for name in _BOUNDS}}


@transaction.atomic
def _apply_limit(change: Change) -> None:
    """End the limit in force, and let the new one count; whoever decides by the old one just now is waited for."""
    kind, holder_id = _holder(change)
    _not_own(kind, holder_id, change.decided_by)
    assert change.decided_at is not None, "what is applied was decided"
    row = _limit_in_force(change)
    if row is not None:
        row = AuthorityLimitRow.objects.select_for_update().get(id=row.id)
        row.ended_at = change.decided_at
        row.save(update_fields=["ended_at"])
    if change.payload["bounds"] is not None:
        AuthorityLimitRow.objects.create(
            id=new_id(), institution_id=change.institution_id, holder_kind=kind.value, holder_id=holder_id,
            action=change.payload["action"], currency=change.payload["currency"], set_at=change.decided_at,
            change_id=change.id, **change.payload["bounds"],
        )  # fmt: skip


def _describe_limit(change: Change, language: str) -> list[ChangeLine]:
    kind, holder_id = _holder(change)
    before, after = change.before, change.payload["bounds"] or {}
    code = str(change.payload["currency"])

    def said(name: str, value: object) -> str:
        if type(value) is not int:
            return ""
        if name in _AMOUNTS:
            return platform.money_text(Money(value, currency(code)), language)
        return platform.number_text(value, language)

    with override(language):
        whose = people.staff(holder_id).names if kind is HolderKind.STAFF else people.role(holder_id).names
        lines = [
            ChangeLine(gettext("Whose limit"), "", whose.get(language) or next(iter(whose.values()))),
            ChangeLine(gettext("For what"), "", gettext(action(str(change.payload["action"])).words)),
        ]
        lines += [
            ChangeLine(gettext(label), said(name, before.get(name)), said(name, after.get(name)))
            for name, label in _LABELS.items()
            if before.get(name) is not None or after.get(name) is not None
        ]
        if not after:
            lines.append(ChangeLine(gettext("From now on"), "", gettext(_NOBODY)))
    return lines


def _check_chain(change: Change) -> None:
    payload = change.payload
    if set(payload) != {"action", "steps"} or change.subject != f"institution:{change.institution_id}":
        raise InvalidChain(field="payload")
    if payload["action"] != "":
        try:
            action(str(payload["action"]))
        except UnknownAction:
            raise InvalidChain(field="action") from None
    steps = payload["steps"]
    if not isinstance(steps, list) or len(steps) > STEPS_MAX:
        raise InvalidChain(field="steps")
    if not steps and (payload["action"] == "" or _chain_in_force(change) is None):
        raise InvalidChain(field="steps")  # only an action's own chain is ended: what has none goes by the general one
    for each in steps:
        _check_step(each, change.institution_id)


def _check_step(each: Any, institution_id: UUID) -> None:
    kinds = {"staff", "role"} & set(each) if isinstance(each, dict) else set()
    if len(kinds) != 1 or set(each) != {*kinds, "within_s"}:
        raise InvalidChain(field="steps")
    if not _whole(each["within_s"], STEP_SECONDS_MIN, STEP_SECONDS_MAX):
        raise InvalidChain(field="within_s")
    (kind,) = kinds
    try:
        id_ = UUID(str(each[kind]))
    except ValueError:
        raise InvalidChain(field="steps") from None
    here = _works_at(id_, institution_id) if kind == "staff" else people.role(id_).institution_id == institution_id
    if not here:
        raise InvalidChain(field="steps")


def _chain_in_force(change: Change) -> AuthorityChainRow | None:
    rows = AuthorityChainRow.objects.filter(institution_id=change.institution_id, ended_at=None)
    return rows.filter(action=change.payload["action"]).first()


def _chain_now(change: Change) -> AuditFacts:
    row = _chain_in_force(change)
    return {"action": str(change.payload["action"]), "chain": _chain_text(chain_of(row).steps) if row else None}


def _chain_text(steps: Sequence[ChainStep]) -> list[str]:
    return [f"{each.holder_kind.value}:{each.holder_id} {each.within_s}" for each in steps]


def _step_of(text: str) -> ChainStep:
    """Return the step that a line of ``_chain_text`` tells."""
    holder, _, seconds = text.partition(" ")
    kind, _, id_ = holder.partition(":")
    return ChainStep(HolderKind(kind), UUID(id_), int(seconds))


def _listed(told: object) -> Sequence[object]:
    return told if isinstance(told, list | tuple) else ()


@transaction.atomic
def _apply_chain(change: Change) -> None:
    """End the chain in force, and let the new one count for what is asked from now on; what waits keeps the one it has."""
    assert change.decided_at is not None, "what is applied was decided"
    row = _chain_in_force(change)
    if row is not None:
        row.ended_at = change.decided_at
        row.save(update_fields=["ended_at"])
    if change.payload["steps"]:
        AuthorityChainRow.objects.create(
            id=new_id(), institution_id=change.institution_id, action=change.payload["action"],
            steps=change.payload["steps"], set_at=change.decided_at, change_id=change.id,
        )  # fmt: skip


def _describe_chain(change: Change, language: str) -> list[ChangeLine]:
    before = [_step_text(_step_of(str(each)), language) for each in _listed(change.before.get("chain"))]
    after = [_step_text(each, language) for each in steps_of(change.payload["steps"])]
    of = str(change.payload["action"])
    with override(language):
        lines = [ChangeLine(gettext("For what"), "", gettext(action(of).words) if of else gettext("Everything else"))]
        for number in range(max(len(before), len(after))):
            label = gettext("Step %(number)s") % {"number": platform.number_text(number + 1, language)}
            lines.append(ChangeLine(label, _at(before, number), _at(after, number)))
        if not after:
            lines.append(ChangeLine(gettext("From now on"), "", gettext(_AS_THE_REST)))
    return lines


def _step_text(step: ChainStep, language: str) -> str:
    of = people.staff(step.holder_id) if step.holder_kind is HolderKind.STAFF else people.role(step.holder_id)
    name = of.names.get(language) or next(iter(of.names.values()))
    unit, words = next(each for each in _LENGTHS if step.within_s % each[0] == 0 or each[0] == _LENGTHS[-1][0])
    with override(language):
        time = gettext(words) % {"count": platform.number_text(step.within_s // unit, language)}
        return gettext("%(name)s, within %(time)s") % {"name": name, "time": time}


def _at(lines: Sequence[str], number: int) -> str:
    return lines[number] if number < len(lines) else ""


KINDS: Final = (
    ChangeKind(
        code=LIMITS,
        words=mark("What staff may grant customers"),
        permission=PROPOSE_LIMITS,
        confirm_permission=CONFIRM_LIMITS,
        apply=_apply_limit,
        describe=_describe_limit,
        current=_limit_now,
        check=_check_limit,
    ),
    ChangeKind(
        code=CHAINS,
        words=mark("Who decides beyond limits"),
        permission=PROPOSE_LIMITS,
        confirm_permission=CONFIRM_LIMITS,
        apply=_apply_chain,
        describe=_describe_chain,
        current=_chain_now,
        check=_check_chain,
    ),
)
