"""What customers are shown against the ledger: account by account as screens have it, and the whole population at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from raseed.display import api as display
from raseed.display.api import Doubt, Proof, ShownBalance
from raseed.kernel.errors import mark
from raseed.ledger import api as ledger

from ...guard import api as guard
from ..domain import Check, Finding, Look, Over, Severity
from .places import institutions

REFLECTED_WITHIN: Final = timedelta(seconds=60)
"""A movement is proven within a second or so; after this long it is a transfer that was completed and is not reflected."""
SEQS_PER_BATCH_BITS: Final = 13
_OF_ROW: Final = frozenset({Doubt.ROW_MISSING.value, Doubt.ROW_DIFFERS.value, Doubt.CURRENCY_DIFFERS.value})
_DOUBTS: Final = frozenset(doubt.value for doubt in Doubt)


def _shown(look: Look) -> Iterator[Finding]:
    shown = display.shown_balances(look.ids, clock=look.clock)
    late = _late([each for each in shown.values() if each.proof is Proof.JUST_CHANGED], look)
    owners, at = institutions(), display.pointer()
    mended = at.live if at is not None and not guard.ours_is_on_its_way() else None
    accounts = ledger.look_up_accounts(shown)
    for each in shown.values():
        of = owners.get(accounts[each.account_id].ledger)
        about = f"account:{each.account_id}"
        if each.proof is Proof.BEING_VERIFIED:
            code = each.reason if each.reason in _DOUBTS else "refused"
            repair = "reproject" if each.reason in _OF_ROW and each.generation == mended else None
            yield Finding("shown", code, about, "", each.reason, institution_id=of, repair=repair)
        elif each.account_id in late:
            yield Finding("shown", "not_reflected", about, "", "", Severity.LATE, of)


def _late(changed: list[ShownBalance], look: Look) -> set[object]:
    """Return the accounts that are said to have just changed, and moved last a while ago."""
    accounts = ledger.look_up_accounts(each.account_id for each in changed)
    last = ledger.look_up_transfers(
        each.last_transfer_id for each in accounts.values() if each.last_transfer_id is not None
    )
    return {
        each.id
        for each in accounts.values()
        if each.last_transfer_id in last and last[each.last_transfer_id].posted_at < look.clock.now() - REFLECTED_WITHIN
    }


def _positions(look: Look) -> Iterator[Finding]:
    """Look whether rows are from where they say: after their account's last movement that they hold, not after their generation."""
    owners = institutions()
    built_to = {each.number: each.built_to for each in display.generations()}
    accounts = ledger.look_up_accounts(look.ids)
    last = ledger.look_up_transfers(
        each.last_transfer_id for each in accounts.values() if each.last_transfer_id is not None
    )
    for row in display.inspection.shown_rows(look.ids):
        account, upto = accounts.get(row.account_id), built_to.get(row.generation)
        if account is None or upto is None:
            continue  # named by the checks of generations and of the population
        moved = last[account.last_transfer_id].seq >> SEQS_PER_BATCH_BITS if account.last_transfer_id in last else 0
        if row.position > upto or (moved <= upto and row.position < moved):
            yield Finding(
                "positions", "position", f"account:{row.account_id}", str(moved), str(row.position),
                institution_id=owners.get(row.ledger),
            )  # fmt: skip


SHOWN: Final = Check(
    "shown",
    mark("No customer's balance is in doubt: what is shown, what is certified and the ledger agree."),
    {
        Doubt.ROW_MISSING.value: mark("The account has moved, and there is nothing to show"),
        Doubt.ROW_DIFFERS.value: mark("Another balance would be shown than the ledger has"),
        Doubt.CURRENCY_DIFFERS.value: mark("The balance would be shown in another currency"),
        Doubt.NO_CERTIFICATE.value: mark("The account has no certificate"),
        Doubt.CERTIFICATE_DIFFERS.value: mark("The certificate proves another balance than the ledger has"),
        "refused": mark("The account's certificate does not check"),
        "not_reflected": mark("A transfer was completed, and is not yet reflected in what is shown"),
    },
    _shown,
    over=Over.ACCOUNTS,
    own_view=True,
)
POSITIONS: Final = Check(
    "positions",
    mark("What is kept to be shown says rightly as of which batch it is."),
    {"position": mark("It is said to be as of a batch at which it was not so")},
    _positions,
    over=Over.ACCOUNTS,
)
