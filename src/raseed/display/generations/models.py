"""The tables of generations, but for the shown balances themselves: ``display_shown`` is written and read as columns.

Triggers in the migration hold what is said here against anyone's UPDATE and DELETE.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from ..domain import PERCENT_MAX, GenerationState


class GenerationRow(models.Model):
    """One projection. Its number, projector and day never change, ``built_to`` only grows."""

    number = models.IntegerField(primary_key=True)
    projector = models.TextField()
    state = models.TextField()
    built_to = models.BigIntegerField(db_default=0)
    accounts = models.BigIntegerField(db_default=0)
    opened_at = models.DateTimeField()
    reason = models.TextField(db_default="")

    class Meta:
        app_label = "display"
        db_table = "display_generation"
        constraints = (
            models.CheckConstraint(name="display_generation_number", condition=Q(number__gt=0)),
            models.CheckConstraint(
                name="display_generation_state", condition=Q(state__in=[state.value for state in GenerationState])
            ),
            models.CheckConstraint(name="display_generation_counts", condition=Q(built_to__gte=0, accounts__gte=0)),
            models.UniqueConstraint(
                fields=["state"], condition=Q(state=GenerationState.LIVE.value), name="display_generation_one_live"
            ),
        )


class PointerRow(models.Model):
    """Which generation is shown: one row, made when the first one goes live."""

    one = models.BooleanField(primary_key=True, default=True)
    live = models.ForeignKey(GenerationRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    previous = models.ForeignKey(GenerationRow, on_delete=models.PROTECT, related_name="+", null=True, db_index=False)
    canary = models.ForeignKey(GenerationRow, on_delete=models.PROTECT, related_name="+", null=True, db_index=False)
    percent = models.SmallIntegerField(db_default=0)
    epoch = models.BigIntegerField(db_default=1)
    changed_at = models.DateTimeField()

    class Meta:
        app_label = "display"
        db_table = "display_pointer"
        constraints = (
            models.CheckConstraint(name="display_pointer_one", condition=Q(one=True)),
            models.CheckConstraint(
                name="display_pointer_apart",
                condition=(Q(previous=None) | ~Q(previous=F("live"))) & (Q(canary=None) | ~Q(canary=F("live"))),
            ),
            models.CheckConstraint(
                name="display_pointer_percent",
                condition=Q(percent__gte=0, percent__lte=PERCENT_MAX) & (Q(percent=0) | Q(canary__isnull=False)),
            ),
        )


class CanaryRow(models.Model):
    """An account that is shown from the canary's generation because somebody named it."""

    account_id = models.UUIDField(primary_key=True)

    class Meta:
        app_label = "display"
        db_table = "display_canary"
