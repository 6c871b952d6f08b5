"""The table of refunds: append-only. A trigger holds that no payment is given back beyond what was paid."""

from __future__ import annotations

from django.db import models


class RefundRow(models.Model):
    """Money of a paid order that went back to its payer. ``id`` is also the ledger transfer's."""

    id = models.UUIDField(primary_key=True)
    order = models.ForeignKey("bills.BillOrderRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    biller = models.ForeignKey("bills.BillerRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    amount_minor = models.BigIntegerField()
    actor = models.CharField(max_length=60)
    clerk_id = models.UUIDField(null=True)
    reason = models.CharField(max_length=500)
    reopens = models.BooleanField()
    at = models.DateTimeField()
    booked_on = models.DateField()

    class Meta:
        app_label = "bills"
        db_table = "bills_refund"
        indexes = (
            models.Index(fields=["order"], name="bills_refund_order"),
            models.Index(fields=["biller", "booked_on", "actor"], name="bills_refund_day"),
            models.Index(fields=["biller", "at", "id"], name="bills_refund_newest"),
        )
        constraints = (
            models.CheckConstraint(name="bills_refund_amount_positive", condition=models.Q(amount_minor__gt=0)),
        )
