"""The ways that payments can go. On us is built in; bills and switch register theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast
from uuid import UUID

from raseed.banking import api as banking
from raseed.banking.api import ACCOUNT_ALIAS_KINDS, Alias, AliasKind, BankAccount
from raseed.kernel.errors import RaseedError
from raseed.people import api as people

from .domain import Destination, OutsideRoute, Route
from .errors import RecipientUnknown, SwitchNotConnected

Order = tuple[BankAccount, Alias]


class OnUs:
    """Payer and recipient at the same institution."""

    code: Final = "on_us"

    def find(self, orders: Sequence[Order]) -> list[Destination | RaseedError | None]:
        """Find the recipients that the payers' own institutions know."""
        at_home = [
            Alias(to.kind, to.value, payer.institution_id)
            if to.kind in ACCOUNT_ALIAS_KINDS and to.institution_id in (None, payer.institution_id)
            else None
            for payer, to in orders
        ]
        found = iter(banking.find_many([alias for alias in at_home if alias]))
        return [self._destination(next(found)) if alias else None for alias in at_home]

    def _destination(self, recipients: Sequence[BankAccount]) -> Destination | None:
        if not recipients:
            return None
        (recipient,) = recipients
        return Destination(
            route=self.code,
            account_id=recipient.id,
            institution_id=recipient.institution_id,
            recipient_id=recipient.owner_id,
        )


_routes: list[Route] = [OnUs()]


def register_route(route: Route) -> None:
    """Add a route; it is asked after those registered before it.

    Called by each package above when it starts; the same code twice counts once.
    """
    if all(known.code != route.code for known in _routes):
        _routes.append(route)


def leads_outside(code: str) -> bool:
    """Whether payments by this route are asked about outside; a route that is gone leads nowhere."""
    return any(route.code == code and hasattr(route, "ask") for route in _routes)


def outside_route(code: str) -> OutsideRoute:
    """Return the route with this code, which leads outside.

    Raises:
        LookupError: nobody has registered it.
    """
    for route in _routes:
        if route.code == code:
            return cast("OutsideRoute", route)
    raise LookupError(f"no route is called {code}")


def destinations(orders: Sequence[Order]) -> list[Destination | RaseedError]:
    """Ask the routes in order where each payment goes; what none of them takes is refused with the reason."""
    answers: list[Destination | RaseedError | None] = [None] * len(orders)
    for route in _routes:
        open_places = [place for place, answer in enumerate(answers) if answer is None]
        if open_places:
            for place, answer in zip(open_places, route.find([orders[place] for place in open_places]), strict=True):
                answers[place] = answer
    lost = [place for place, answer in enumerate(answers) if answer is None]
    reasons = iter(_reasons([orders[place] for place in lost]))
    return [next(reasons) if answer is None else answer for answer in answers]


def _reasons(orders: Sequence[Order]) -> list[RaseedError]:
    """Say of each recipient that no route reaches whether another institution has it, or nobody."""
    if not orders:
        return []
    elsewhere = banking.find_many([Alias(to.kind, to.value) for _, to in orders])  # a bill is nobody's alias
    countries: dict[UUID, str] = {}
    for payer, _ in orders:
        if payer.institution_id not in countries:
            countries[payer.institution_id] = people.institution(payer.institution_id).country
    return [
        SwitchNotConnected(field="to")
        if found
        or to.institution_id not in (None, payer.institution_id)
        or (to.kind is AliasKind.IBAN and to.value[:2] != countries[payer.institution_id])
        else RecipientUnknown(field="to")
        for (payer, to), found in zip(orders, elsewhere, strict=True)
    ]
