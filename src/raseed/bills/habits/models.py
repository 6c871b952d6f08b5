"""The tables of autopays, notices, reminders and saved billers."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from ..models import BillerRow, BillRow
from .domain import DAYS_BEFORE_MAX, AutopayOutcome, AutopayState


class AutopayRow(models.Model):
    """An autopay. Who, whom and from when stay; account, ceiling and days may change; an ended one stays as it is.

    ``asked_on`` is the institution's day on which the biller was last asked; ``failures`` counts how often it did not answer
    since.
    """

    id = models.UUIDField(primary_key=True)
    customer_id = models.UUIDField()
    biller = models.ForeignKey(BillerRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    institution_id = models.UUIDField()
    reference = models.CharField(max_length=488)
    values = models.JSONField()
    from_account_id = models.UUIDField()
    ceiling_minor = models.BigIntegerField()
    days_before = models.SmallIntegerField()
    state = models.TextField()
    given = models.JSONField()
    made_at = models.DateTimeField()
    next_look_at = models.DateTimeField(null=True)
    asked_on = models.DateField(null=True)
    failures = models.SmallIntegerField(db_default=0)
    ended_at = models.DateTimeField(null=True)
    ended_code = models.TextField(db_default="")

    class Meta:
        db_table = "bills_autopay"
        indexes = (
            models.Index(fields=["customer_id", "made_at"], name="bills_autopay_customer"),
            models.Index(
                fields=["next_look_at", "id"],
                name="bills_autopay_due",
                condition=models.Q(state=AutopayState.ACTIVE.value),
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["biller", "reference", "customer_id"],
                condition=~models.Q(state=AutopayState.ENDED.value),
                name="bills_autopay_once",
            ),
            models.CheckConstraint(
                name="bills_autopay_state", condition=models.Q(state__in=[each.value for each in AutopayState])
            ),
            models.CheckConstraint(
                name="bills_autopay_whole",
                condition=models.Q(ceiling_minor__gt=0, days_before__gte=0, days_before__lte=DAYS_BEFORE_MAX),
            ),
            models.CheckConstraint(
                name="bills_autopay_looked_at",
                condition=models.Q(state=AutopayState.ACTIVE.value, next_look_at__isnull=False)
                | (~models.Q(state=AutopayState.ACTIVE.value) & models.Q(next_look_at=None)),
            ),
            models.CheckConstraint(
                name="bills_autopay_ends", condition=models.Q(ended_at=None) ^ models.Q(state=AutopayState.ENDED.value)
            ),
        )


class AutopayRunRow(models.Model):
    """What became of a bill, step by step, without gaps: append-only."""

    pk = models.CompositePrimaryKey("autopay", "bill", "number")
    autopay = models.ForeignKey(AutopayRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    bill = models.ForeignKey(BillRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    number = models.SmallIntegerField()
    outcome = models.TextField()
    amount_minor = models.BigIntegerField()
    order_id = models.UUIDField(null=True)
    code = models.TextField(db_default="")
    params = models.JSONField(null=True)
    on = models.DateField()
    at = models.DateTimeField()

    class Meta:
        db_table = "bills_autopay_run"
        constraints = (
            models.CheckConstraint(
                name="bills_autopay_run_outcome",
                condition=models.Q(outcome__in=[each.value for each in AutopayOutcome]),
            ),
            models.CheckConstraint(
                name="bills_autopay_run_order",
                condition=~models.Q(outcome__in=["sent", "paid", "returned"]) | models.Q(order_id__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["order_id"], condition=models.Q(outcome="sent"), name="bills_autopay_run_sent_once"
            ),
            models.UniqueConstraint(
                fields=["autopay", "bill"],
                condition=models.Q(outcome__in=["paid", "given_up"]),
                name="bills_autopay_run_ends_once",
            ),
        )


class NoticeRow(models.Model):
    """What a customer is to be told by text within the institution's hours. Its id follows from what it tells: once."""

    id = models.UUIDField(primary_key=True)
    customer_id = models.UUIDField()
    institution_id = models.UUIDField()
    biller = models.ForeignKey(BillerRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    bill = models.ForeignKey(BillRow, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    kind = models.TextField()
    on = models.DateField()
    amount_minor = models.BigIntegerField(null=True)
    ceiling_minor = models.BigIntegerField(null=True)
    code = models.TextField(db_default="")
    params = models.JSONField(null=True)
    made_at = models.DateTimeField()
    send_from = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "bills_notice"
        indexes = (
            models.Index(fields=["send_from", "id"], name="bills_notice_waiting", condition=models.Q(sent_at=None)),
        )
        constraints = (
            models.UniqueConstraint(fields=["bill", "customer_id", "kind", "on"], name="bills_notice_once"),
            models.CheckConstraint(
                name="bills_notice_kind",
                condition=models.Q(
                    kind__in=["reminder", "paid", "tried", "over_ceiling", "disputed", "given_up", "ended"]
                ),
            ),
        )


class RemindingRow(models.Model):
    """On which days before the due date a customer is reminded of bills; none: never. Without a row it is the default."""

    customer_id = models.UUIDField(primary_key=True)
    days = ArrayField(models.SmallIntegerField())
    set_at = models.DateTimeField()

    class Meta:
        db_table = "bills_reminding"


class NoticeHoursRow(models.Model):
    """From when until when texts that can wait leave, by an institution's zone. Without a row it is the default."""

    institution_id = models.UUIDField(primary_key=True)
    begins = models.TimeField()
    ends = models.TimeField()

    class Meta:
        db_table = "bills_notice_hours"
        constraints = (
            models.CheckConstraint(name="bills_notice_hours_order", condition=models.Q(begins__lt=models.F("ends"))),
        )


class SavedRow(models.Model):
    """A biller that a customer has saved, with what is typed for it."""

    id = models.UUIDField(primary_key=True)
    customer_id = models.UUIDField()
    biller = models.ForeignKey(BillerRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    reference = models.CharField(max_length=488)
    values = models.JSONField()
    nickname = models.CharField(max_length=40)
    made_at = models.DateTimeField()

    class Meta:
        db_table = "bills_saved"
        constraints = (models.UniqueConstraint(fields=["customer_id", "biller", "reference"], name="bills_saved_once"),)
