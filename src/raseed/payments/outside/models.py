"""The tables of what goes outside: lanes, errands that have not ended, and every attempt."""

from __future__ import annotations

from django.db import models

from ..domain import OPEN_STATES
from .domain import Asked

_ANSWERS = ("yes", "no", "unknown")
_CONTRADICTIONS = ("taken_after_return", "not_taken_after_settling")


class LaneRow(models.Model):
    """Whom to ask: how it is treated, how its breaker stands, and whether staff have closed it.

    ``failures`` are those in a row, ``openings`` how often in a row the breaker has opened; ``retry_at`` is set while it is
    open.
    """

    code = models.CharField(primary_key=True, max_length=80)
    institution_id = models.UUIDField()
    in_flight_max = models.IntegerField()
    deadline_ms = models.IntegerField()
    first_pause_s = models.IntegerField()
    longest_pause_s = models.IntegerField()
    unknown_max_s = models.IntegerField()
    held_max_s = models.IntegerField()
    failures = models.IntegerField(default=0)
    openings = models.IntegerField(default=0)
    opened_at = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)
    last_code = models.TextField(default="")
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "payments_lane"
        constraints = (
            models.CheckConstraint(
                name="payments_lane_terms",
                condition=models.Q(
                    in_flight_max__gte=1, deadline_ms__gte=1, first_pause_s__gte=1, unknown_max_s__gte=0, held_max_s__gte=0,
                    longest_pause_s__gte=models.F("first_pause_s"),
                ),
            ),
            models.CheckConstraint(
                name="payments_lane_breaker",
                condition=models.Q(retry_at=None, opened_at=None, openings=0)
                | models.Q(retry_at__isnull=False, opened_at__isnull=False, openings__gte=1),
            ),
        )  # fmt: skip


class ErrandRow(models.Model):
    """A payment that has not ended: where it is and when it is to be taken up. The row goes when the payment ends.

    ``due_at`` is when it is to be taken up; while a courier has it, when its lease ends; nothing once it is a person's.
    """

    payment_id = models.UUIDField(primary_key=True)
    lane = models.CharField(max_length=80)
    institution_id = models.UUIDField()
    state = models.TextField()
    attempt = models.IntegerField(default=0)
    unknowns = models.IntegerField(default=0)
    held_at = models.DateTimeField()
    first_sent_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    last_code = models.TextField(default="")

    class Meta:
        db_table = "payments_errand"
        indexes = (
            models.Index(
                fields=["lane", "due_at"], condition=models.Q(due_at__isnull=False), name="payments_errand_due"
            ),
            models.Index(fields=["institution_id", "state", "held_at"], name="payments_errand_state"),
        )
        constraints = (
            models.CheckConstraint(
                name="payments_errand_state",
                condition=models.Q(state__in=[state.value for state in OPEN_STATES]),
            ),
            models.CheckConstraint(
                name="payments_errand_due_or_a_persons",
                condition=models.Q(state="referred", due_at=None)
                | (~models.Q(state="referred") & ~models.Q(due_at=None)),
            ),
            models.CheckConstraint(
                name="payments_errand_sent_when",
                condition=models.Q(state="held", first_sent_at=None, attempt=0)
                | (~models.Q(state="held") & models.Q(first_sent_at__isnull=False, attempt__gte=1)),
            ),
        )


class AttemptRow(models.Model):
    """What an attempt was answered: append-only. A number that is missing is an attempt whose courier died."""

    pk = models.CompositePrimaryKey("payment_id", "number")
    payment_id = models.UUIDField()
    number = models.IntegerField()
    asked = models.TextField()
    began_at = models.DateTimeField()
    took_ms = models.IntegerField()
    answer = models.TextField()
    code = models.TextField()
    reference = models.TextField()

    class Meta:
        db_table = "payments_attempt"
        constraints = (
            models.CheckConstraint(
                name="payments_attempt_asked", condition=models.Q(asked__in=[asked.value for asked in Asked])
            ),
            models.CheckConstraint(name="payments_attempt_answer", condition=models.Q(answer__in=_ANSWERS)),
            models.CheckConstraint(name="payments_attempt_numbered", condition=models.Q(number__gte=1, took_ms__gte=0)),
        )


class ContradictionRow(models.Model):
    """An answer that came after a payment's end and says the opposite. It is closed once, by who dealt with it."""

    position = models.BigAutoField(primary_key=True)
    payment_id = models.UUIDField()
    kind = models.TextField()
    lane = models.CharField(max_length=80)
    institution_id = models.UUIDField()
    reference = models.TextField()
    code = models.TextField()
    heard_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.TextField(db_default="")
    closing_reason = models.TextField(db_default="")

    class Meta:
        db_table = "payments_contradiction"
        indexes = (models.Index(fields=["institution_id", "position"], name="payments_contradiction_list"),)
        constraints = (
            models.UniqueConstraint(fields=["payment_id", "kind"], name="payments_contradiction_once"),
            models.CheckConstraint(name="payments_contradiction_kind", condition=models.Q(kind__in=_CONTRADICTIONS)),
            models.CheckConstraint(
                name="payments_contradiction_closed",
                condition=models.Q(closed_at=None, closed_by="", closing_reason="")
                | (~models.Q(closed_at=None) & ~models.Q(closed_by="") & ~models.Q(closing_reason="")),
            ),
        )
