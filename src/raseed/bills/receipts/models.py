"""The tables of receipts: what each said, and the keys that they were signed with."""

from __future__ import annotations

from django.db import models


class ReceiptKeyRow(models.Model):
    """The public half of a key that an institution signed receipts with. It ends once; it never goes.

    ``revoked``: somebody else may have had it, so its signature alone proves nothing any more.
    """

    key_id = models.CharField(primary_key=True, max_length=8)
    institution_id = models.UUIDField()
    generation = models.SmallIntegerField()
    public_key = models.BinaryField(max_length=32)
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)
    revoked = models.BooleanField(db_default=False)

    class Meta:
        db_table = "bills_receipt_key"
        constraints = (
            models.UniqueConstraint(fields=["institution_id", "generation"], name="bills_receipt_key_generation"),
            models.UniqueConstraint(
                fields=["institution_id"], condition=models.Q(valid_until=None), name="bills_receipt_key_one_signs"
            ),
            models.CheckConstraint(
                name="bills_receipt_key_span",
                condition=models.Q(valid_until=None, revoked=False) | models.Q(valid_until__gte=models.F("valid_from")),
            ),
            models.CheckConstraint(name="bills_receipt_key_generation_positive", condition=models.Q(generation__gte=1)),
        )


class ReceiptRow(models.Model):
    """What the receipt of a payment says: append-only, kept when it is first asked for."""

    payment_id = models.UUIDField(primary_key=True)
    number = models.CharField(max_length=10)
    code = models.CharField(max_length=8)
    institution_id = models.UUIDField()
    settled_on = models.DateField()
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    kind = models.CharField(max_length=1)
    payee = models.CharField(max_length=40)
    made_at = models.DateTimeField()

    class Meta:
        db_table = "bills_receipt"
        constraints = (
            models.UniqueConstraint(fields=["number", "code"], name="bills_receipt_once"),
            models.CheckConstraint(name="bills_receipt_amount_positive", condition=models.Q(amount_minor__gt=0)),
            models.CheckConstraint(
                name="bills_receipt_payee",
                condition=models.Q(kind="T", payee="") | (models.Q(kind="B") & ~models.Q(payee="")),
            ),
        )
