"""The tables of settlements: all append-only. A line is in one settlement for ever; triggers hold sums and order."""

from __future__ import annotations

from enum import StrEnum

from django.db import models


class LineKind(StrEnum):
    """What a posting on a collection account is: only payments of bills and refunds are settled with the biller."""

    PAYMENT = "payment"
    REFUND = "refund"
    PAYOUT = "payout"
    OTHER = "other"


class SettlementRow(models.Model):
    """What a biller was paid on a business day, as it was closed.

    ``brought_minor`` is what earlier days left owed (or, below zero, owing); ``after_seq`` is the place in the ledger after
    which the next closing looks.
    """

    id = models.UUIDField(primary_key=True)
    biller = models.ForeignKey("bills.BillerRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    collected_minor = models.BigIntegerField()
    refunded_minor = models.BigIntegerField()
    brought_minor = models.BigIntegerField()
    payments = models.IntegerField()
    refunds = models.IntegerField()
    others = models.IntegerField()
    after_seq = models.BigIntegerField()
    closed_at = models.DateTimeField()

    class Meta:
        db_table = "bills_settlement"
        constraints = (
            models.UniqueConstraint(fields=["biller", "day"], name="bills_settlement_once"),
            models.CheckConstraint(
                name="bills_settlement_counts",
                condition=models.Q(
                    collected_minor__gte=0, refunded_minor__gte=0, payments__gte=0, refunds__gte=0, others__gte=0
                ),
            ),
        )


class SettlementLineRow(models.Model):
    """A posting on the collection account and what it is, from when its settlement was closed. Out is below zero."""

    transfer_id = models.UUIDField(primary_key=True)
    settlement = models.ForeignKey(SettlementRow, on_delete=models.PROTECT, related_name="lines", db_index=False)
    kind = models.TextField()
    order_id = models.UUIDField(null=True)
    refund_id = models.UUIDField(null=True)
    cause_id = models.UUIDField(null=True)
    amount_minor = models.BigIntegerField()
    booked_on = models.DateField()
    posted_at = models.DateTimeField()
    seq = models.BigIntegerField()

    class Meta:
        db_table = "bills_settlement_line"
        indexes = (models.Index(fields=["settlement", "seq"], name="bills_settlement_line_order"),)
        constraints = (
            models.UniqueConstraint(
                fields=["order_id"], condition=models.Q(kind=LineKind.PAYMENT.value), name="bills_settlement_order_once"
            ),
            models.CheckConstraint(
                name="bills_settlement_line_kind",
                condition=models.Q(kind=LineKind.PAYMENT.value, amount_minor__gt=0, order_id__isnull=False)
                | models.Q(kind=LineKind.REFUND.value, amount_minor__lt=0, refund_id__isnull=False)
                | models.Q(kind=LineKind.PAYOUT.value, amount_minor__lt=0)
                | models.Q(kind=LineKind.OTHER.value),
            ),
        )


class PayoutAccountRow(models.Model):
    """Where a biller wants its money: append-only, the latest counts."""

    id = models.BigAutoField(primary_key=True)
    biller = models.ForeignKey("bills.BillerRow", on_delete=models.PROTECT, related_name="+")
    account_id = models.UUIDField()
    set_at = models.DateTimeField()

    class Meta:
        db_table = "bills_payout_account"


class PayoutRow(models.Model):
    """That what was owed after a settlement was paid out: written in the transaction that posted it, once."""

    settlement = models.OneToOneField(
        SettlementRow, on_delete=models.PROTECT, primary_key=True, related_name="payout", db_index=False
    )
    transfer_id = models.UUIDField(unique=True)
    account_id = models.UUIDField()
    amount_minor = models.BigIntegerField()
    booked_on = models.DateField()
    paid_at = models.DateTimeField()

    class Meta:
        db_table = "bills_payout"
        constraints = (models.CheckConstraint(name="bills_payout_positive", condition=models.Q(amount_minor__gt=0)),)
