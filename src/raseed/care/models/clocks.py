"""The tables of clocks. A running clock always says when it is due and who is accountable; a stopped one stays as it is."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from ..clocks.domain import ClockKind, PauseReason, StopReason, SubjectKind, Unit
from .duty import TeamRow


class RuleRow(models.Model):
    """How much time there is for something, from an instant on, until a later row of the same slug: append-only."""

    id = models.UUIDField(primary_key=True)
    position = models.BigIntegerField()
    institution_id = models.UUIDField()
    slug = models.CharField(max_length=60)
    names = models.JSONField()
    kind = models.CharField(max_length=20)
    unit = models.CharField(max_length=20)
    amount = models.BigIntegerField()
    extended = models.BigIntegerField(null=True)
    pauses = models.JSONField()
    ladder = models.JSONField()
    source = models.TextField()
    valid_from = models.DateTimeField()
    retired = models.BooleanField()
    team_id = models.UUIDField(null=True)
    category = models.CharField(max_length=40, db_default="")
    with_cases = models.BooleanField(db_default=False)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=60)
    reason = models.CharField(max_length=500)

    class Meta:
        db_table = "care_clock_rule"
        constraints = (
            models.UniqueConstraint(fields=["institution_id", "slug", "position"], name="care_clock_rule_order"),
            models.CheckConstraint(condition=Q(kind__in=[kind.value for kind in ClockKind]), name="care_rule_kind"),
            models.CheckConstraint(condition=Q(unit__in=[unit.value for unit in Unit]), name="care_rule_unit"),
            models.CheckConstraint(
                condition=Q(amount__gt=0) & (Q(extended=None) | Q(extended__gt=F("amount"))), name="care_rule_amount"
            ),
        )


class ClockRow(models.Model):
    """A clock. ``amount`` and ``used`` are microseconds, or days where the unit counts those.

    ``used`` was counted until ``counted_from``; from there it counts on, and is due at ``due_at``. ``accountable`` holds
    until ``changes_at``; ``next_at`` is when something has to be done with the row, whatever it is. ``goes_on``: the stopped
    clock whose time, and whose breach, this one goes on with. ``worked_s``: of one that was stopped, the working seconds that
    it ran, whatever its unit counts.
    """

    id = models.UUIDField(primary_key=True)
    institution_id = models.UUIDField()
    subject_kind = models.CharField(max_length=20)
    subject_id = models.UUIDField()
    rule = models.ForeignKey(RuleRow, on_delete=models.PROTECT, related_name="+")
    slug = models.CharField(max_length=60)
    kind = models.CharField(max_length=20)
    team = models.ForeignKey(TeamRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    assignee = models.UUIDField(null=True)
    unit = models.CharField(max_length=20)
    amount = models.BigIntegerField()
    used = models.BigIntegerField(db_default=0)
    started_at = models.DateTimeField()
    counted_from = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    paused = models.CharField(max_length=30, db_default="")
    extended = models.BooleanField(db_default=False)
    breached_at = models.DateTimeField(null=True)
    blamed = models.UUIDField(null=True)
    steps = models.SmallIntegerField(db_default=0)
    accountable = models.UUIDField()
    changes_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    stop_reason = models.CharField(max_length=20, db_default="")
    stopped_by = models.CharField(max_length=60, db_default="")
    goes_on = models.OneToOneField("self", on_delete=models.PROTECT, related_name="gone_on", null=True)
    worked_s = models.BigIntegerField(null=True)

    class Meta:
        db_table = "care_clock"
        indexes = (
            models.Index(fields=["subject_id"], name="care_clock_subject"),
            models.Index(fields=["next_at"], condition=Q(stopped_at=None), name="care_clock_next"),
            models.Index(fields=["team"], condition=Q(stopped_at=None), name="care_clock_team"),
            models.Index(fields=["stopped_by", "stopped_at"], name="care_clock_credit"),
            models.Index(fields=["blamed", "breached_at"], condition=~Q(breached_at=None), name="care_clock_blamed"),
            models.Index(fields=["institution_id", "started_at"], name="care_clock_began"),
            models.Index(
                fields=["institution_id", "stopped_at"], condition=~Q(stopped_at=None), name="care_clock_ended"
            ),
            models.Index(
                fields=["institution_id", "breached_at"], condition=~Q(breached_at=None), name="care_clock_broke"
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["subject_kind", "subject_id", "slug"], condition=Q(stopped_at=None), name="care_clock_one"
            ),
            models.CheckConstraint(
                condition=Q(subject_kind__in=[kind.value for kind in SubjectKind]), name="care_clock_subject_kind"
            ),
            models.CheckConstraint(
                condition=Q(paused="", counted_from__isnull=False, due_at__isnull=False)
                | Q(paused__in=[reason.value for reason in PauseReason], counted_from=None, due_at=None),
                name="care_clock_runs_or_is_paused",
            ),
            models.CheckConstraint(
                condition=Q(stopped_at=None, stop_reason="", stopped_by="", next_at__isnull=False)
                | (
                    Q(stopped_at__isnull=False, next_at=None, stop_reason__in=[each.value for each in StopReason])
                    & ~Q(stopped_by="")
                ),
                name="care_clock_stopped",
            ),
            models.CheckConstraint(
                condition=Q(breached_at=None, blamed=None) | Q(breached_at__isnull=False, blamed__isnull=False),
                name="care_clock_breach_has_a_name",
            ),
            models.CheckConstraint(condition=Q(used__gte=0, amount__gt=0), name="care_clock_amounts"),
        )


class HoldingRow(models.Model):
    """Someone was accountable for a clock, from an instant until another; while it runs, one row of it has no end."""

    id = models.BigAutoField(primary_key=True)
    clock = models.ForeignKey(ClockRow, on_delete=models.PROTECT, related_name="holdings", db_index=False)
    staff_id = models.UUIDField()
    why = models.CharField(max_length=10)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        db_table = "care_holding"
        indexes = (models.Index(fields=["staff_id", "since"], name="care_holding_staff"),)
        constraints = (
            models.UniqueConstraint(fields=["clock", "since"], name="care_holding_order"),
            models.UniqueConstraint(fields=["clock"], condition=Q(until=None), name="care_holding_one_now"),
            models.CheckConstraint(condition=Q(until=None) | Q(until__gt=F("since")), name="care_holding_span"),
        )


class ClockStepRow(models.Model):
    """Something that happened to a clock: append-only."""

    position = models.BigAutoField(primary_key=True)
    clock = models.ForeignKey(ClockRow, on_delete=models.PROTECT, related_name="history")
    at = models.DateTimeField()
    kind = models.CharField(max_length=20)
    by = models.CharField(max_length=60)
    reason = models.CharField(max_length=500, db_default="")
    facts = models.JSONField()

    class Meta:
        db_table = "care_clock_step"


class HandOverRow(models.Model):
    """Somebody gave what somebody was accountable for to another, or back to the queue: append-only."""

    position = models.BigAutoField(primary_key=True)
    clock = models.ForeignKey(ClockRow, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    giver = models.UUIDField()
    taker = models.UUIDField()
    by = models.CharField(max_length=60)
    reason = models.CharField(max_length=500)

    class Meta:
        db_table = "care_hand_over"
        indexes = (
            models.Index(fields=["giver", "at"], name="care_hand_over_giver"),
            models.Index(fields=["taker", "at"], name="care_hand_over_taker"),
        )
