"""The tables of terms: rules with dates, waivers, credit and disputes. Triggers in the migrations hold what is said here."""

from __future__ import annotations

from django.db import models

from raseed.banking.api import PenaltyKind

from .states import DisputeState, SparingKind, WaiverState


class PenaltyRuleRow(models.Model):
    """A biller's late penalty for bills that are due on a date or later, until a later row: append-only."""

    position = models.BigAutoField(primary_key=True)
    biller = models.ForeignKey("bills.BillerRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    valid_from = models.DateField()
    kind = models.TextField()
    amount_minor = models.BigIntegerField(null=True)
    rate_ppm = models.IntegerField(null=True)
    grace_days = models.SmallIntegerField(db_default=0)
    cap_minor = models.BigIntegerField(null=True)
    cap_ppm = models.IntegerField(null=True)
    set_at = models.DateTimeField()

    class Meta:
        db_table = "bills_penalty_rule"
        indexes = (models.Index(fields=["biller", "valid_from"], name="bills_penalty_rule_from"),)
        constraints = (
            models.CheckConstraint(
                name="bills_penalty_rule_kind",
                condition=models.Q(kind=PenaltyKind.NONE.value, amount_minor=None, rate_ppm=None)
                | models.Q(kind__in=["fixed", "fixed_a_day"], amount_minor__gt=0, rate_ppm=None)
                | models.Q(kind__in=["percent", "percent_a_day"], amount_minor=None, rate_ppm__gt=0),
            ),
            models.CheckConstraint(
                name="bills_penalty_rule_bounds",
                condition=models.Q(grace_days__gte=0)
                & (models.Q(cap_minor=None) | models.Q(cap_minor__gt=0))
                & (models.Q(cap_ppm=None) | models.Q(cap_ppm__gt=0)),
            ),
        )


class CreditTermsRow(models.Model):
    """Whether a biller keeps what is paid over a bill as credit, from a date on: append-only."""

    position = models.BigAutoField(primary_key=True)
    biller = models.ForeignKey("bills.BillerRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    valid_from = models.DateField()
    keeps = models.BooleanField()
    set_at = models.DateTimeField()

    class Meta:
        db_table = "bills_credit_terms"
        indexes = (models.Index(fields=["biller", "valid_from"], name="bills_credit_terms_from"),)


class CreditRow(models.Model):
    """What was paid over the bills of a reference, and what of it was used or is about to be: never more than was kept."""

    pk = models.CompositePrimaryKey("biller", "reference")
    biller = models.ForeignKey("bills.BillerRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    reference = models.CharField(max_length=488)
    kept_minor = models.BigIntegerField()
    used_minor = models.BigIntegerField(db_default=0)
    held_minor = models.BigIntegerField(db_default=0)

    class Meta:
        db_table = "bills_credit"
        constraints = (
            models.CheckConstraint(
                name="bills_credit_used_once",
                condition=models.Q(
                    used_minor__gte=0,
                    held_minor__gte=0,
                    kept_minor__gte=models.F("used_minor") + models.F("held_minor"),
                ),
            ),
        )


class WaiverRow(models.Model):
    """Days on which being late costs nothing: of a biller or of all, for some customers or for all of them."""

    id = models.UUIDField(primary_key=True)
    institution_id = models.UUIDField()
    biller = models.ForeignKey("bills.BillerRow", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    for_everyone = models.BooleanField()
    customers = models.IntegerField()
    digest = models.CharField(max_length=64)
    names = models.JSONField()
    first_day = models.DateField()
    last_day = models.DateField()
    reason = models.CharField(max_length=500)
    state = models.TextField()
    made_by = models.CharField(max_length=60)
    made_at = models.DateTimeField()
    confirmed_by = models.CharField(max_length=60, db_default="")
    ended_on = models.DateField(null=True)
    ended_by = models.CharField(max_length=60, db_default="")
    end_reason = models.CharField(max_length=500, db_default="")

    class Meta:
        db_table = "bills_waiver"
        indexes = (
            models.Index(
                fields=["institution_id", "last_day"],
                name="bills_waiver_days",
                condition=models.Q(state=WaiverState.ACTIVE.value),
            ),
            models.Index(fields=["institution_id", "made_at"], name="bills_waiver_made"),
        )
        constraints = (
            models.CheckConstraint(
                name="bills_waiver_state", condition=models.Q(state__in=[state.value for state in WaiverState])
            ),
            models.CheckConstraint(name="bills_waiver_span", condition=models.Q(last_day__gte=models.F("first_day"))),
            models.CheckConstraint(
                name="bills_waiver_customers",
                condition=models.Q(for_everyone=True, customers=0) | models.Q(for_everyone=False, customers__gt=0),
            ),
        )


class WaiverCustomerRow(models.Model):
    """That a waiver is for somebody: append-only."""

    pk = models.CompositePrimaryKey("waiver", "customer_id")
    waiver = models.ForeignKey(WaiverRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    customer_id = models.UUIDField()

    class Meta:
        db_table = "bills_waiver_customer"


class DisputeRow(models.Model):
    """That a customer says that a bill is wrong, and what was decided. One of a bill at a time; decided once."""

    id = models.UUIDField(primary_key=True)
    institution_id = models.UUIDField()
    biller = models.ForeignKey("bills.BillerRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    bill = models.ForeignKey("bills.BillRow", on_delete=models.PROTECT, related_name="+")
    customer_id = models.UUIDField()
    reason = models.CharField(max_length=500)
    amount_minor = models.BigIntegerField()
    state = models.TextField()
    opened_at = models.DateTimeField()
    opened_on = models.DateField()
    ended_at = models.DateTimeField(null=True)
    ended_on = models.DateField(null=True)
    ended_by = models.CharField(max_length=60, db_default="")
    note = models.CharField(max_length=500, db_default="")
    lowered_minor = models.BigIntegerField(null=True)

    class Meta:
        db_table = "bills_dispute"
        indexes = (
            models.Index(fields=["institution_id", "opened_at"], name="bills_dispute_opened"),
            models.Index(fields=["customer_id", "opened_at"], name="bills_dispute_customer"),
            models.Index(fields=["biller", "opened_at"], name="bills_dispute_biller"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["bill"], name="bills_dispute_one_open", condition=models.Q(state=DisputeState.OPEN.value)
            ),
            models.CheckConstraint(
                name="bills_dispute_state",
                condition=models.Q(state=DisputeState.OPEN.value, ended_at=None, ended_on=None, lowered_minor=None)
                | models.Q(state=DisputeState.LOWERED.value, ended_at__isnull=False, lowered_minor__gt=0)
                | models.Q(
                    state__in=[DisputeState.CANCELLED.value, DisputeState.REJECTED.value, DisputeState.WITHDRAWN.value],
                    ended_at__isnull=False,
                    lowered_minor=None,
                ),
            ),
        )


class SparingRow(models.Model):
    """Days of one bill that were let off: its penalty was waived, or it may be paid later. Append-only."""

    id = models.UUIDField(primary_key=True)
    bill = models.ForeignKey("bills.BillRow", on_delete=models.PROTECT, related_name="+")
    kind = models.TextField()
    first_day = models.DateField()
    last_day = models.DateField()
    actor = models.CharField(max_length=60)
    reason = models.CharField(max_length=500)
    made_at = models.DateTimeField()

    class Meta:
        db_table = "bills_sparing"
        constraints = (
            models.CheckConstraint(
                name="bills_sparing_kind", condition=models.Q(kind__in=[kind.value for kind in SparingKind])
            ),
            models.CheckConstraint(name="bills_sparing_span", condition=models.Q(last_day__gte=models.F("first_day"))),
        )
