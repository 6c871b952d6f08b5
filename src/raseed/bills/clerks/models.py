"""The table of clerks: who works for which biller, with which delegated rights, from when until when."""

from __future__ import annotations

from django.db import models


class ClerkRow(models.Model):
    """That somebody works for a biller. It ends once; the limits are both there, or neither: none means no refunds."""

    id = models.UUIDField(primary_key=True)
    staff_id = models.UUIDField()
    biller = models.ForeignKey("bills.BillerRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    refund_most_minor = models.BigIntegerField(null=True)
    refund_most_day_minor = models.BigIntegerField(null=True)
    named_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "bills"
        db_table = "bills_clerk"
        indexes = (models.Index(fields=["biller"], name="bills_clerk_biller"),)
        constraints = (
            models.UniqueConstraint(
                fields=["staff_id", "biller"], condition=models.Q(ended_at=None), name="bills_clerk_once"
            ),
            models.CheckConstraint(
                name="bills_clerk_limits",
                condition=models.Q(refund_most_minor=None, refund_most_day_minor=None)
                | models.Q(refund_most_minor__gt=0, refund_most_day_minor__gte=models.F("refund_most_minor")),
            ),
            models.CheckConstraint(
                name="bills_clerk_span",
                condition=models.Q(ended_at=None) | models.Q(ended_at__gte=models.F("named_at")),
            ),
        )
