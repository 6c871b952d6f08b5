"""The tables of late penalties of loans: rules with dates, what was charged, waivers. Triggers in the migrations hold it."""

from __future__ import annotations

from django.db import models

from ..penalties import PenaltyKind
from .states import WaiverScope, WaiverState


class ProductPenaltyRow(models.Model):
    """A loan product's late penalty for loans that are granted on a date or later, until a later row. Append-only."""

    id = models.BigAutoField(primary_key=True)
    product = models.ForeignKey("banking.ProductRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    valid_from = models.DateField()
    kind = models.TextField()
    amount_minor = models.BigIntegerField(null=True)
    rate_ppm = models.IntegerField(null=True)
    grace_days = models.SmallIntegerField(db_default=0)
    cap_minor = models.BigIntegerField(null=True)
    cap_ppm = models.IntegerField(null=True)
    set_at = models.DateTimeField()

    class Meta:
        db_table = "banking_product_penalty"
        indexes = (models.Index(fields=["product", "valid_from", "id"], name="banking_product_penalty_from"),)
        constraints = (
            models.CheckConstraint(
                name="banking_product_penalty_kind",
                condition=models.Q(kind=PenaltyKind.NONE.value, amount_minor=None, rate_ppm=None)
                | models.Q(kind__in=["fixed", "fixed_a_day"], amount_minor__gt=0, rate_ppm=None)
                | models.Q(kind__in=["percent", "percent_a_day"], amount_minor=None, rate_ppm__gt=0),
            ),
            models.CheckConstraint(
                name="banking_product_penalty_bounds",
                condition=models.Q(grace_days__gte=0)
                & (models.Q(cap_minor=None) | models.Q(cap_minor__gt=0))
                & (models.Q(cap_ppm=None) | models.Q(cap_ppm__gt=0)),
            ),
        )


class LoanPenaltyRow(models.Model):
    """A penalty charged on an instalment, or (below zero) taken back: each with one transfer. Append-only.

    The instalment is known by the end of its period, which stays its own through every plan of the loan. ``number`` counts
    the rows of a loan; of an instalment never more is taken back than was charged, which a trigger holds.
    """

    id = models.BigAutoField(primary_key=True)
    loan = models.ForeignKey("banking.LoanRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    number = models.IntegerField()
    period_end = models.DateField()
    counted_on = models.DateField()
    amount_minor = models.BigIntegerField()
    transfer_id = models.UUIDField()
    made_at = models.DateTimeField()

    class Meta:
        db_table = "banking_loan_penalty"
        constraints = (
            models.UniqueConstraint(fields=["loan", "number"], name="banking_loan_penalty_numbered"),
            models.UniqueConstraint(fields=["transfer_id"], name="banking_loan_penalty_posted_once"),
            models.CheckConstraint(
                name="banking_loan_penalty_whole",
                condition=models.Q(number__gt=0) & ~models.Q(amount_minor=0),
            ),
        )


class PenaltyWaiverRow(models.Model):
    """Days on which being late costs nothing: of all loans or a product's, for all, for some customers, or some loans."""

    id = models.UUIDField(primary_key=True)
    institution_id = models.UUIDField()
    product = models.ForeignKey(
        "banking.ProductRow", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    scope = models.TextField()
    members = models.IntegerField()
    digest = models.CharField(max_length=64)
    names = models.JSONField()
    first_day = models.DateField()
    last_day = models.DateField()
    reason = models.CharField(max_length=500)
    state = models.TextField()
    made_by = models.CharField(max_length=60)
    made_at = models.DateTimeField()
    confirmed_by = models.CharField(max_length=60, db_default="")
    changed_at = models.DateTimeField()
    ended_on = models.DateField(null=True)
    ended_by = models.CharField(max_length=60, db_default="")
    end_reason = models.CharField(max_length=500, db_default="")

    class Meta:
        db_table = "banking_penalty_waiver"
        indexes = (
            models.Index(fields=["institution_id", "made_at"], name="banking_penalty_waiver_made"),
            models.Index(
                fields=["institution_id", "changed_at"],
                name="banking_penalty_waiver_changed",
                condition=models.Q(state=WaiverState.ACTIVE.value),
            ),
        )
        constraints = (
            models.CheckConstraint(
                name="banking_penalty_waiver_state", condition=models.Q(state__in=[each.value for each in WaiverState])
            ),
            models.CheckConstraint(
                name="banking_penalty_waiver_span", condition=models.Q(last_day__gte=models.F("first_day"))
            ),
            models.CheckConstraint(
                name="banking_penalty_waiver_scope",
                condition=models.Q(scope=WaiverScope.EVERYONE.value, members=0)
                | models.Q(scope__in=[WaiverScope.CUSTOMERS.value, WaiverScope.LOANS.value], members__gt=0),
            ),
        )


class WaiverMemberRow(models.Model):
    """That a waiver is for a customer or a loan, as its scope says. Append-only."""

    pk = models.CompositePrimaryKey("waiver", "member_id")
    waiver = models.ForeignKey(PenaltyWaiverRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    member_id = models.UUIDField()

    class Meta:
        db_table = "banking_penalty_waiver_member"
