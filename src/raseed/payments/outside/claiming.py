"""Taking up what is due: leased to this courier, and written as sent before anybody is asked."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import structlog
from django.db import transaction

from raseed.kernel.clock import Clock
from raseed.kernel.money import Money, currency

from ..domain import Errand, PaymentState
from ..routes import leads_outside, outside_route
from ..sql import STATEMENTS, run
from .domain import LEASE_MARGIN, Claim
from .steps import move

_log = structlog.get_logger("raseed.courier")


def claim_due(*, most: int, busy: Mapping[str, int], clock: Clock) -> list[Claim]:
    """Take up to ``most`` errands that are due, one attempt each, in a transaction of its own.

    Args:
        most: how many more this courier can have in the air.
        busy: how many it has in the air already, by lane.
        clock: tells what is due.
    """
    with transaction.atomic(durable=True):
        now = clock.now()
        times = {"now": now, "margin": LEASE_MARGIN}
        probing = [code for (code,) in run(STATEMENTS["take_probes"], times)]
        parameters = {"probing": probing, "busy": json.dumps(dict(busy)), "most": most}
        claims = [
            Claim(
                Errand(payment_id, lane, Money(amount, currency(money)), attempt, first_sent_at),
                route,
                blind,
                timedelta(milliseconds=deadline_ms),
                in_flight_max,
                probes,
            )
            for payment_id, lane, attempt, first_sent_at, blind, deadline_ms, in_flight_max, probes, route, amount, money in (
                run(STATEMENTS["claim_errands"], times | parameters)
            )
        ]
        leaving = sorted(claim.errand.payment_id for claim in claims if claim.blind)
        move([(id_, PaymentState.SENT, None) for id_ in leaving], at=now)
        return _briefed(claims)


def _briefed(claims: list[Claim]) -> list[Claim]:
    """Give each claim what its route needs for asking; a route that fails at this fails at asking too."""
    by_route: dict[str, list[Errand]] = defaultdict(list)
    for claim in claims:
        by_route[claim.route].append(claim.errand)
    briefs: dict[UUID, object] = {}
    for code, errands in by_route.items():
        if not leads_outside(code):
            continue
        try:
            with transaction.atomic():
                briefs |= outside_route(code).brief(errands)
        except Exception as error:  # noqa: BLE001  one route's trouble must not keep the others' errands
            _log.exception("route_gave_no_brief", route=code, error=type(error).__name__)
    return [replace(claim, errand=replace(claim.errand, brief=briefs.get(claim.errand.payment_id))) for claim in claims]
