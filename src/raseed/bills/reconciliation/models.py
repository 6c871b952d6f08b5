"""The tables of reconciliation. A break stays as it was found; where it is goes by steps, which are append-only."""

from __future__ import annotations

from django.db import models

from .domain import BreakKind, BreakState, Outcome


class ReconciliationRow(models.Model):
    """A biller's file of what it received on a day, held against payments and ledger. The same file again is the same."""

    id = models.UUIDField(primary_key=True)
    biller = models.ForeignKey("bills.BillerRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    settlement = models.ForeignKey("bills.SettlementRow", on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=64)
    lines = models.IntegerField()
    sum_minor = models.BigIntegerField()
    matched = models.IntegerField()
    found = models.IntegerField()
    explained = models.IntegerField()
    taken_at = models.DateTimeField()

    class Meta:
        db_table = "bills_reconciliation"
        constraints = (models.UniqueConstraint(fields=["biller", "digest"], name="bills_reconciliation_once"),)


class BreakRow(models.Model):
    """Something that differs. Only where it is, whose it is and when that changed may change."""

    id = models.UUIDField(primary_key=True)
    biller = models.ForeignKey("bills.BillerRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    kind = models.TextField()
    subject = models.CharField(max_length=200)
    order_id = models.UUIDField(null=True)
    transfer_id = models.UUIDField(null=True)
    line = models.IntegerField(null=True)
    their_reference = models.CharField(max_length=120)
    ours_minor = models.BigIntegerField(null=True)
    theirs_minor = models.BigIntegerField(null=True)
    found_at = models.DateTimeField()
    state = models.TextField()
    assignee_id = models.UUIDField(null=True)
    steps = models.SmallIntegerField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "bills_break"
        indexes = (
            models.Index(
                fields=["biller", "day"], name="bills_break_open", condition=models.Q(state__in=["open", "assigned"])
            ),
            models.Index(fields=["order_id"], name="bills_break_order", condition=models.Q(order_id__isnull=False)),
        )
        constraints = (
            models.UniqueConstraint(fields=["biller", "day", "kind", "subject"], name="bills_break_once"),
            models.CheckConstraint(
                name="bills_break_kind", condition=models.Q(kind__in=[each.value for each in BreakKind])
            ),
            models.CheckConstraint(
                name="bills_break_state", condition=models.Q(state__in=[each.value for each in BreakState])
            ),
            models.CheckConstraint(
                name="bills_break_assigned",
                condition=~models.Q(state=BreakState.ASSIGNED.value) | models.Q(assignee_id__isnull=False),
            ),
        )


class BreakStepRow(models.Model):
    """One step of a break: who did what, when, and why. Numbers count from 1."""

    pk = models.CompositePrimaryKey("of", "number")
    of = models.ForeignKey(BreakRow, on_delete=models.PROTECT, related_name="history", db_index=False)
    number = models.SmallIntegerField()
    at = models.DateTimeField()
    state = models.TextField()
    actor = models.CharField(max_length=60)
    assignee_id = models.UUIDField(null=True)
    outcome = models.TextField(null=True)  # noqa: DJ001  (no outcome is not an empty one)
    note = models.CharField(max_length=500)
    reconciliation = models.ForeignKey(
        ReconciliationRow, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        db_table = "bills_break_step"
        constraints = (
            models.CheckConstraint(
                name="bills_break_step_outcome",
                condition=models.Q(state__in=["resolved", "closed"], outcome__in=[each.value for each in Outcome])
                | models.Q(state__in=["open", "assigned"], outcome=None),
            ),
        )
