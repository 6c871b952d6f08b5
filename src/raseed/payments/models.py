"""The tables of payments. Triggers in the migrations hold the legal steps and refuse any other change."""

from __future__ import annotations

from typing import Final

from django.db import models

from .domain import REASONED, PaymentState
from .orders.models import OrderBlockRow, OrderEntryRow, OrderFileRow, OrderProblemRow, OrderRow
from .outside.models import AttemptRow, ContradictionRow, ErrandRow, LaneRow
from .standing.models import StandingRow, StandingRunRow

__all__ = [
    "AttemptRow",
    "ContradictionRow",
    "ErrandRow",
    "LaneRow",
    "OrderBlockRow",
    "OrderEntryRow",
    "OrderFileRow",
    "OrderProblemRow",
    "OrderRow",
    "PaymentRow",
    "StandingRow",
    "StandingRunRow",
    "StepRow",
]


_REASONED: Final = sorted(state.value for state in REASONED)


class PaymentRow(models.Model):
    """A payment instruction. Only its state changes, by legal steps; ``position`` is its place in lists."""

    position = models.BigAutoField(primary_key=True)
    id = models.UUIDField(unique=True)
    state = models.TextField()
    actor_customer_id = models.UUIDField()
    from_account_id = models.UUIDField()
    to_kind = models.TextField()
    to_value = models.CharField(max_length=34)
    to_institution_id = models.UUIDField(null=True)
    to_account_id = models.UUIDField(null=True)
    recipient_id = models.UUIDField(null=True)
    route = models.TextField()
    amount_minor = models.BigIntegerField()
    fee_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    note = models.CharField(max_length=140)
    instructed_at = models.DateTimeField()
    booked_on = models.DateField()

    class Meta:
        db_table = "payments_payment"
        indexes = (
            models.Index(fields=["actor_customer_id", "position"], name="payments_payment_actor"),
            models.Index(fields=["from_account_id", "position"], name="payments_payment_from"),
            models.Index(
                fields=["recipient_id", "position"],
                condition=models.Q(recipient_id__isnull=False),
                name="payments_payment_recipient",
            ),
        )
        constraints = (
            models.CheckConstraint(
                name="payments_payment_state",
                condition=models.Q(state__in=[state.value for state in PaymentState]),
            ),
            models.CheckConstraint(name="payments_payment_amount_positive", condition=models.Q(amount_minor__gt=0)),
            models.CheckConstraint(name="payments_payment_fee_not_negative", condition=models.Q(fee_minor__gte=0)),
            models.CheckConstraint(
                name="payments_payment_goes_somewhere",
                condition=models.Q(state__in=[PaymentState.ACCEPTED.value, PaymentState.REFUSED.value])
                | models.Q(to_account_id__isnull=False),
            ),
        )


class StepRow(models.Model):
    """One step of a payment's timeline: append-only. ``number`` counts from 1 without gaps.

    That its payment exists is checked by the guard of this table, for all rows of a statement at once: payments are
    never removed, so this is what a foreign key would promise, at a tenth of its price in a batch.
    """

    pk = models.CompositePrimaryKey("payment", "number")
    payment = models.ForeignKey(
        PaymentRow,
        to_field="id",
        on_delete=models.PROTECT,
        related_name="steps",
        db_index=False,
        db_constraint=False,
    )
    number = models.SmallIntegerField()
    at = models.DateTimeField()
    state = models.TextField()
    reason_code = models.TextField(null=True)  # noqa: DJ001  (no reason is not an empty one)
    reason_params = models.JSONField(null=True)

    class Meta:
        db_table = "payments_step"
        constraints = (
            models.CheckConstraint(
                name="payments_step_state", condition=models.Q(state__in=[state.value for state in PaymentState])
            ),
            models.CheckConstraint(
                name="payments_step_says_why",
                condition=models.Q(state__in=_REASONED, reason_code__isnull=False)
                | (~models.Q(state__in=_REASONED) & models.Q(reason_code__isnull=True)),
            ),
            models.CheckConstraint(name="payments_step_numbered", condition=models.Q(number__gte=1)),
        )
