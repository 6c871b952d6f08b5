"""The tables of checks: how each stands, how far the sweeps are, and what was found with its history."""

from __future__ import annotations

from django.db import models

from .domain import FindingState, Outcome, Over, Severity


class CheckRow(models.Model):
    """How a check stands: when it was asked last, what that cost, and when it is asked again."""

    name = models.CharField(max_length=40, primary_key=True)
    ran_at = models.DateTimeField()
    took_ms = models.IntegerField()
    looked_at = models.BigIntegerField()
    failed = models.CharField(max_length=80)
    due_at = models.DateTimeField()

    class Meta:
        db_table = "assurance_check"


class SweepRow(models.Model):
    """How far continuous running is: what was looked at of what changed, and where the slow pass over everything is."""

    over = models.CharField(max_length=20, primary_key=True)
    changed = models.BigIntegerField(db_default=0)
    place = models.CharField(max_length=60, db_default="")
    passes = models.BigIntegerField(db_default=0)
    passed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "assurance_sweep"
        constraints = (
            models.CheckConstraint(
                name="assurance_sweep_over", condition=models.Q(over__in=[over.value for over in Over])
            ),
        )


class FindingRow(models.Model):
    """Something that a check found wrong. What it is about stays; what is there, where it is and whose it is may change."""

    id = models.UUIDField(primary_key=True)
    check_name = models.CharField(max_length=40)
    code = models.CharField(max_length=40)
    subject = models.CharField(max_length=120)
    institution_id = models.UUIDField(null=True)
    severity = models.TextField()
    expected = models.CharField(max_length=200)
    found = models.CharField(max_length=200)
    repair = models.CharField(max_length=40)
    tries = models.SmallIntegerField(db_default=0)
    state = models.TextField()
    assignee_id = models.UUIDField(null=True)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    times = models.BigIntegerField()
    steps = models.SmallIntegerField()
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "assurance_finding"
        indexes = (
            models.Index(
                fields=["first_seen", "id"],
                name="assurance_finding_open",
                condition=models.Q(state__in=["open", "assigned"]),
            ),
        )
        constraints = (
            models.UniqueConstraint(fields=["check_name", "code", "subject"], name="assurance_finding_once"),
            models.CheckConstraint(
                name="assurance_finding_state", condition=models.Q(state__in=[state.value for state in FindingState])
            ),
            models.CheckConstraint(
                name="assurance_finding_severity", condition=models.Q(severity__in=[each.value for each in Severity])
            ),
            models.CheckConstraint(
                name="assurance_finding_assigned",
                condition=~models.Q(state=FindingState.ASSIGNED.value) | models.Q(assignee_id__isnull=False),
            ),
            models.CheckConstraint(
                name="assurance_finding_seen",
                condition=models.Q(last_seen__gte=models.F("first_seen"), times__gte=1, steps__gte=0, tries__gte=0),
            ),
        )


class FindingStepRow(models.Model):
    """One step of a finding: who did what, when, and why. Numbers count from 1."""

    pk = models.CompositePrimaryKey("of", "number")
    of = models.ForeignKey(FindingRow, on_delete=models.PROTECT, related_name="history", db_index=False)
    number = models.SmallIntegerField()
    at = models.DateTimeField()
    state = models.TextField()
    actor = models.CharField(max_length=60)
    assignee_id = models.UUIDField(null=True)
    outcome = models.TextField(null=True)  # noqa: DJ001  (no outcome is not an empty one)
    note = models.CharField(max_length=500)

    class Meta:
        db_table = "assurance_finding_step"
        constraints = (
            models.CheckConstraint(
                name="assurance_finding_step_outcome",
                condition=models.Q(state__in=["closed", "cleared"], outcome__in=[each.value for each in Outcome])
                | models.Q(state__in=["open", "assigned"], outcome=None),
            ),
        )


class MemoryRow(models.Model):
    """A keyed digest of rows of which nothing may ever change, as they were seen first."""

    pk = models.CompositePrimaryKey("family", "about")
    family = models.CharField(max_length=20)
    about = models.CharField(max_length=60)
    rows = models.IntegerField()
    digest = models.BinaryField(max_length=32)
    seen_at = models.DateTimeField()

    class Meta:
        db_table = "assurance_memory"
