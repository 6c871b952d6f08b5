"""The tables of standing orders. Triggers in the migration hold the legal changes and refuse any other."""

from __future__ import annotations

from django.db import models

from raseed.banking.api import AliasKind, BusinessDayRule

from .domain import Purpose, RunOutcome, StandingState, Unit

OUTSIDE = "outside"
"""The ``to_kind`` of a recipient whom only another bank's books name."""
TO_KINDS = (AliasKind.PHONE.value, AliasKind.IBAN.value, AliasKind.NUMBER.value, OUTSIDE)


class StandingRow(models.Model):
    """A standing order. ``try_on`` is when the occurrence ``next_number`` is tried; ``tries`` how often it was refused.

    ``given`` is what was asked for at first of what may change later.
    """

    position = models.BigAutoField(primary_key=True)
    id = models.UUIDField(unique=True)
    state = models.TextField()
    actor_customer_id = models.UUIDField()
    from_account_id = models.UUIDField()
    institution_id = models.UUIDField()
    to_kind = models.TextField()
    to_value = models.CharField(max_length=34)
    to_institution_id = models.UUIDField(null=True)
    to_bank = models.CharField(max_length=34)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    note = models.CharField(max_length=140)
    purpose = models.TextField()
    first_on = models.DateField()
    every = models.SmallIntegerField()
    unit = models.TextField()
    last_of_month = models.BooleanField()
    until = models.DateField(null=True)
    count = models.SmallIntegerField(null=True)
    business_days = models.TextField()
    next_number = models.IntegerField()
    next_planned_on = models.DateField(null=True)
    next_due_on = models.DateField(null=True)
    try_on = models.DateField(null=True)
    tries = models.SmallIntegerField()
    refused_code = models.TextField(null=True)  # noqa: DJ001  (no reason is not an empty one)
    refused_params = models.JSONField(null=True)
    given = models.JSONField()
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.TextField(null=True)  # noqa: DJ001

    class Meta:
        db_table = "payments_standing"
        indexes = (
            models.Index(fields=["actor_customer_id", "position"], name="payments_standing_actor"),
            models.Index(fields=["from_account_id", "position"], name="payments_standing_from"),
            models.Index(
                fields=["try_on", "id"],
                condition=models.Q(state=StandingState.ACTIVE.value),
                name="payments_standing_due",
            ),
            models.Index(
                fields=["id"],
                condition=models.Q(state=StandingState.WAITING.value) & ~models.Q(to_kind=OUTSIDE),
                name="payments_standing_waiting",
            ),
        )
        constraints = (
            models.CheckConstraint(
                name="payments_standing_state", condition=models.Q(state__in=[each.value for each in StandingState])
            ),
            models.CheckConstraint(name="payments_standing_to_kind", condition=models.Q(to_kind__in=TO_KINDS)),
            models.CheckConstraint(
                name="payments_standing_outside",
                condition=models.Q(to_kind=OUTSIDE, state__in=["waiting", "ended"]) & ~models.Q(to_bank="")
                | ~models.Q(to_kind=OUTSIDE) & models.Q(to_bank=""),
            ),
            models.CheckConstraint(
                name="payments_standing_purpose", condition=models.Q(purpose__in=[each.value for each in Purpose])
            ),
            models.CheckConstraint(
                name="payments_standing_unit", condition=models.Q(unit__in=[each.value for each in Unit])
            ),
            models.CheckConstraint(
                name="payments_standing_business_days",
                condition=models.Q(business_days__in=[each.value for each in BusinessDayRule]),
            ),
            models.CheckConstraint(
                name="payments_standing_whole",
                condition=models.Q(amount_minor__gt=0, every__gt=0, next_number__gt=0, tries__gte=0)
                & (models.Q(count=None) | models.Q(count__gt=0))
                & (models.Q(until=None) | models.Q(until__gte=models.F("first_on"))),
            ),
            models.CheckConstraint(
                name="payments_standing_due_while_active",
                condition=models.Q(
                    state="active", next_planned_on__isnull=False, next_due_on__isnull=False, try_on__isnull=False
                )
                | (~models.Q(state="active") & models.Q(try_on=None)),
            ),
            models.CheckConstraint(
                name="payments_standing_ends", condition=models.Q(ended_at=None) ^ models.Q(state="ended")
            ),
        )


class StandingRunRow(models.Model):
    """What became of an occurrence: written once, in the transaction that pays or passes over. Append-only."""

    pk = models.CompositePrimaryKey("order_id", "number")
    order_id = models.UUIDField()
    number = models.IntegerField()
    planned_on = models.DateField()
    due_on = models.DateField()
    outcome = models.TextField()
    payment_id = models.UUIDField(null=True)
    refused_code = models.TextField(null=True)  # noqa: DJ001
    refused_params = models.JSONField(null=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "payments_standing_run"
        constraints = (
            models.UniqueConstraint(
                fields=["payment_id"], condition=models.Q(payment_id__isnull=False), name="payments_standing_run_once"
            ),
            models.CheckConstraint(
                name="payments_standing_run_outcome",
                condition=models.Q(outcome=RunOutcome.PAID.value, payment_id__isnull=False, refused_code=None)
                | models.Q(outcome=RunOutcome.SKIPPED.value, refused_code__isnull=False),
            ),
        )
