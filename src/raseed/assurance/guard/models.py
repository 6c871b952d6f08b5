"""What the guard keeps: systems, releases with their timelines, comparisons with what differed, and trial payments."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from .domain import ENDED, DifferenceKind, ReleaseState, RunKind, SystemKind

STATES = tuple(state.value for state in ReleaseState)


class SystemRow(models.Model):
    """Something that shows balances."""

    code = models.CharField(max_length=40, primary_key=True)
    kind = models.TextField()
    institution_id = models.UUIDField()
    name = models.CharField(max_length=80)
    mapping = models.TextField()
    terms = models.JSONField()
    registered_at = models.DateTimeField()

    class Meta:
        db_table = "assurance_guard_system"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind.value for kind in SystemKind]), name="assurance_guard_system_kind"
            ),
        ]


class ReleaseRow(models.Model):
    """A release; its state is that of its last step, and ``pointer`` what it moves (``domain.pointer_of``).

    One that was verified long ago may be rolled back while the next one is ended, so being rolled back is not counted
    among those that are on their way; while it is, a trigger lets no new one begin.
    """

    id = models.UUIDField(primary_key=True)
    system = models.ForeignKey(SystemRow, on_delete=models.PROTECT, related_name="+")
    pointer = models.CharField(max_length=40)
    candidate = models.CharField(max_length=80)
    state = models.TextField()
    forced_by = models.UUIDField(null=True)
    registered_at = models.DateTimeField()
    mapping = models.TextField()
    terms = models.JSONField()
    wanted = models.TextField(default="")

    class Meta:
        db_table = "assurance_guard_release"
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(state__in=STATES), name="assurance_guard_release_state"),
            models.UniqueConstraint(
                fields=["pointer"],
                condition=~models.Q(state__in=sorted(state.value for state in (*ENDED, ReleaseState.ROLLING_BACK))),
                name="assurance_guard_one_open_release",
            ),
        ]


class StepRow(models.Model):
    """A step of a timeline. Append-only."""

    pk = models.CompositePrimaryKey("release_id", "number")
    release_id = models.UUIDField()
    number = models.SmallIntegerField()
    state = models.TextField()
    at = models.DateTimeField()
    actor = models.TextField()
    reason = models.CharField(max_length=500)
    facts = models.JSONField()

    class Meta:
        db_table = "assurance_guard_step"


class RunRow(models.Model):
    """A comparison and how far it is; it ends once."""

    id = models.UUIDField(primary_key=True)
    release_id = models.UUIDField(db_index=True)
    kind = models.TextField()
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    total = models.BigIntegerField(default=0)
    compared = models.BigIntegerField(default=0)
    position = models.BigIntegerField(default=0)
    sample_permille = models.SmallIntegerField(default=1000)
    is_clean = models.BooleanField(default=False)
    facts = models.JSONField(default=dict)

    class Meta:
        db_table = "assurance_guard_run"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind.value for kind in RunKind]), name="assurance_guard_run_kind"
            ),
            models.UniqueConstraint(
                fields=["release_id", "kind"],
                condition=models.Q(ended_at=None),
                name="assurance_guard_one_open_run",
            ),
        ]


class TallyRow(models.Model):
    """How many accounts of an issuer differed in one way in one comparison."""

    pk = models.CompositePrimaryKey("run_id", "issuer", "kind")
    run_id = models.UUIDField()
    issuer = models.CharField(max_length=80)
    kind = models.TextField()
    count = models.BigIntegerField()

    class Meta:
        db_table = "assurance_guard_tally"


class DifferenceRow(models.Model):
    """An example of what differed. Append-only."""

    id = models.BigAutoField(primary_key=True)
    run_id = models.UUIDField(db_index=True)
    account = models.CharField(max_length=80)
    issuer = models.CharField(max_length=80)
    kind = models.TextField()
    shown_minor = models.BigIntegerField(null=True)
    true_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3)
    shown_currency = models.CharField(max_length=3)
    note = models.CharField(max_length=80)

    class Meta:
        db_table = "assurance_guard_difference"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind.value for kind in DifferenceKind]), name="assurance_guard_kind"
            )
        ]


class TrialRow(models.Model):
    """A trial payment and what was seen of it. Append-only; its id is the payment's."""

    id = models.UUIDField(primary_key=True)
    release_id = models.UUIDField(db_index=True)
    leg = models.TextField()
    back = models.BooleanField()
    at = models.DateTimeField()
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    verdict = models.TextField()
    code = models.CharField(max_length=80)
    facts = models.JSONField()

    class Meta:
        db_table = "assurance_guard_trial"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(verdict__in=["right", "wrong", "refused"]), name="assurance_guard_trial_verdict"
            )
        ]


class ReportRow(models.Model):
    """A report that was written: its digest and its signature. Append-only; the files are outside the database."""

    id = models.UUIDField(primary_key=True)
    release_id = models.UUIDField(db_index=True)
    at = models.DateTimeField()
    digest = models.CharField(max_length=64)
    signature = models.TextField()
    content = models.BinaryField()

    class Meta:
        db_table = "assurance_guard_report"
