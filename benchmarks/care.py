"""Care: webhooks that lose and double nothing, clocks exact to the second, no grant above a limit, empty answers caught.

Options: ``only=`` the starts of cases' names (``authority``, ``webhooks``, ``clocks``, ``replies``, ``desk``, ``reports``),
with commas; ``tries=`` and ``processes=`` of authority; ``items=``, ``kills=`` and ``ack_seconds=`` of the webhooks;
``clock_cases=``. What each case does stands in its own file, ``_care_*.py``. Authority and webhooks each have a database of
their own, for each adds up all that is in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import _care_authority, _care_clocks, _care_desk, _care_replies, _care_reports, _care_webhooks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks import Claim, Context


def run(context: Context) -> list[Claim]:
    """Measure every case that was asked for."""
    only = tuple(context.option("only").split(","))
    cases: Mapping[str, Callable[[], list[Claim]]] = {
        "authority": lambda: _care_authority.measure(context, context.database()),
        "webhooks": lambda: _care_webhooks.measure(context, context.database()),
        "clocks": lambda: _care_clocks.run(context),
        "replies": lambda: _care_replies.run(context),
        "desk": lambda: _care_desk.run(context),
        "reports": lambda: _care_reports.run(context),
    }
    claims: list[Claim] = []
    for name, case in cases.items():
        if name.startswith(only):
            context.tell(f"{name} …")
            for claim in case():
                context.tell(f"{claim.claim}: {claim.value:,} {claim.unit}; {claim.notes}")
                claims.append(claim)
    return claims
