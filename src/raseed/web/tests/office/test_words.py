"""The audit trail can be read: every deed and every fact that the code records has words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from raseed.web.office.facts import FACTS
from raseed.web.office.words import ACTIONS, FAMILIES, REFERENCES

SOURCE = Path(__file__).parents[3]
ACTION = re.compile(
    r"(?:people|banking|payments|platform|imports|office|bills|assurance|channels|care)\.[a-z]+(?:_[a-z]+)+\Z"
)
NO_DEEDS = {
    "people.role_removal", "people.staff_reset", "people.staff_unlock", "banking.move_wallets", "platform.owe_webhooks",
    "payments.order_ended", "payments.order_read", "people.critical_date", "people.vulnerability",
    "payments.standing_skipped", "payments.settled_outside", "bills.payout_account", "bills.breaks_found",
    "bills.autopay_not_paid", "banking.loan_penalties", "banking.loan_waivers",
    "assurance.finding_raised", "assurance.finding_cleared",
    "assurance.guard_go_on", "assurance.guard_take_up", "assurance.all_books",
    "people.end_proofs_of_old_number", "people.customers_merged", "people.customers_parted",
    "care.accountable_changed", "care.authority_changed", "care.breach_withdrawn", "care.case_changed", "care.follow_approval",
    "care.clock_breached", "care.conversation_changed", "care.follow_delivery",
    "care.follow_media", "care.gap_answered", "care.gap_overdue", "care.mark_breached", "care.pulse_of_cases",
    "care.pulse_of_conversations", "care.receive_message", "care.wake_promises", "channels.delivery_changed",
    "channels.fetch_media", "channels.item_set_aside", "channels.line_needs_token", "channels.media_settled",
    "channels.message_received", "care.gap_raised",
}  # fmt: skip
"""Of the same shape, but names of jobs, events and kinds of change."""
DERIVED = {"people.change_": ("proposed", "applied", "rejected", "withdrawn", "expired")}


def modules() -> Iterator[ast.Module]:
    for path in SOURCE.rglob("*.py"):
        parts = path.relative_to(SOURCE).parts
        if not {"tests", "migrations", "office", "demo"} & set(parts) and "rest.py" not in parts:
            yield ast.parse(path.read_text(encoding="utf-8"))


def test_every_deed_has_words() -> None:
    named: set[str] = set()
    for tree in modules():
        tasks = {
            id(keyword.value)
            for call in ast.walk(tree)
            if isinstance(call, ast.Call)
            for keyword in call.keywords
            if keyword.arg in ("name", "queueing_lock")
        }
        named |= {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and ACTION.match(node.value)
            and id(node) not in tasks
        }
    named |= {start + end for start, ends in DERIVED.items() for end in ends}
    assert named - NO_DEEDS <= set(ACTIONS), f"without words: {sorted(named - NO_DEEDS - set(ACTIONS))}"


def test_every_fact_has_words() -> None:
    named: set[str] = set()
    for tree in modules():
        for call in ast.walk(tree):
            if not (
                isinstance(call, ast.Call)
                and getattr(call.func, "id", getattr(call.func, "attr", "")) in ("record", "_record")
            ):
                continue
            for keyword in call.keywords:
                if keyword.arg in ("before", "after"):
                    named |= {
                        key.value
                        for table in ast.walk(keyword.value)
                        if isinstance(table, ast.Dict)
                        for key in table.keys
                        if isinstance(key, ast.Constant) and isinstance(key.value, str)
                    }
    assert named, "no facts were found: the test looks in the wrong place"
    assert named <= set(FACTS), f"without words: {sorted(named - set(FACTS))}"


def test_every_family_begins_some_deed() -> None:
    assert not [start for start in FAMILIES if not any(action.startswith(start) for action in ACTIONS)]
    assert set(REFERENCES) <= set(FACTS)
