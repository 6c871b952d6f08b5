"""Tables of questions, of who asked them, and of answers. Triggers in the migration hold against anyone's UPDATE."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from django.db import models
from django.db.models import F, Q

from ..promises.domain import AskerState, Audience, GapState, Held, StepCode


def _one_of(name: str, column: str, values: Iterable[StrEnum]) -> models.CheckConstraint:
    return models.CheckConstraint(name=name, condition=Q(**{f"{column}__in": [value.value for value in values]}))


class GapRow(models.Model):
    """A question without an answer."""

    id = models.UUIDField(primary_key=True)
    institution_id = models.UUIDField()
    question = models.TextField()
    key = models.TextField()
    language = models.CharField(max_length=2)
    owner = models.UUIDField()
    team_id = models.UUIDField(null=True)
    due_at = models.DateTimeField()
    first_due_at = models.DateTimeField()
    state = models.TextField()
    raised_by = models.CharField(max_length=80)
    raised_in = models.UUIDField()
    raised_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    answer_id = models.UUIDField(null=True)
    joined_to = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    overdue_times = models.SmallIntegerField(db_default=0)
    climbs_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "care_gap"
        constraints = (
            _one_of("care_gap_state", "state", GapState),
            models.CheckConstraint(
                name="care_gap_ends",
                condition=Q(state="open", answered_at=None, answer_id=None, joined_to=None)
                | Q(
                    state="answered", answered_at__isnull=False, answer_id__isnull=False, joined_to=None, climbs_at=None
                )
                | Q(state="joined", answered_at=None, answer_id=None, joined_to__isnull=False, climbs_at=None),
            ),
            models.CheckConstraint(name="care_gap_due", condition=Q(due_at__gte=F("first_due_at"))),
        )
        indexes = (
            models.Index(fields=["institution_id", "state", "due_at", "id"], name="care_gap_list"),
            models.Index(fields=["owner", "state"], name="care_gap_owner"),
            models.Index(fields=["climbs_at"], name="care_gap_climbs", condition=Q(climbs_at__isnull=False)),
        )


class AskerRow(models.Model):
    """A conversation in which a question was asked. Told once; its id is the id of the message."""

    id = models.UUIDField(primary_key=True)
    gap = models.ForeignKey(GapRow, on_delete=models.PROTECT, related_name="askers")
    conversation_id = models.UUIDField()
    language = models.CharField(max_length=2)
    state = models.TextField()
    held = models.TextField(db_default="")
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=80)
    told_at = models.DateTimeField(null=True)
    answer_version = models.IntegerField(null=True)
    tries = models.IntegerField(db_default=0)
    next_try_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "care_gap_asker"
        constraints = (
            models.UniqueConstraint(fields=["gap", "conversation_id"], name="care_gap_asker_once"),
            _one_of("care_gap_asker_state", "state", AskerState),
            _one_of("care_gap_asker_held", "held", Held),
            models.CheckConstraint(
                name="care_gap_asker_told",
                condition=Q(state="told", told_at__isnull=False, answer_version__isnull=False, held="")
                | ~Q(state="told") & Q(told_at=None, answer_version=None),
            ),
        )
        indexes = (
            models.Index(fields=["next_try_at"], name="care_gap_asker_due", condition=Q(next_try_at__isnull=False)),
            models.Index(fields=["conversation_id"], name="care_gap_asker_talk"),
        )


class GapStepRow(models.Model):
    """What happened to a question. Append-only."""

    id = models.BigAutoField(primary_key=True)
    gap = models.ForeignKey(GapRow, on_delete=models.PROTECT, related_name="steps")
    at = models.DateTimeField()
    code = models.TextField()
    actor = models.CharField(max_length=80)
    reason = models.TextField(db_default="")

    class Meta:
        db_table = "care_gap_step"
        constraints = (_one_of("care_gap_step_code", "code", StepCode),)


class AnswerRow(models.Model):
    """An answer: which of its versions stands."""

    id = models.UUIDField(primary_key=True)
    institution_id = models.UUIDField()
    gap_id = models.UUIDField(null=True, unique=True)
    version = models.IntegerField()
    audience = models.TextField()
    key = models.TextField()
    changed_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "care_answer"
        constraints = (_one_of("care_answer_audience", "audience", Audience),)
        indexes = (
            models.Index(
                fields=["institution_id", "-changed_at"], name="care_answer_list", condition=Q(withdrawn_at=None)
            ),
        )


class AnswerVersionRow(models.Model):
    """What an answer said, who wrote it and why. Append-only."""

    id = models.BigAutoField(primary_key=True)
    answer = models.ForeignKey(AnswerRow, on_delete=models.PROTECT, related_name="versions")
    number = models.IntegerField()
    audience = models.TextField()
    texts = models.JSONField()
    actor = models.CharField(max_length=80)
    reason = models.TextField()
    at = models.DateTimeField()

    class Meta:
        db_table = "care_answer_version"
        constraints = (
            models.UniqueConstraint(fields=["answer", "number"], name="care_answer_version_once"),
            _one_of("care_answer_version_audience", "audience", Audience),
        )


class ReplyCheckRow(models.Model):
    """A reply that was stopped, and what came of it; never its words. Append-only."""

    id = models.UUIDField(primary_key=True)
    institution_id = models.UUIDField()
    conversation_id = models.UUIDField(null=True)
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()
    language = models.CharField(max_length=2)
    rules = models.JSONField()
    outcome = models.TextField()
    reason = models.TextField(db_default="")

    class Meta:
        db_table = "care_reply_check"
        constraints = (
            models.CheckConstraint(
                name="care_reply_check_outcome",
                condition=Q(outcome="stopped", reason="") | Q(outcome="overridden") & ~Q(reason=""),
            ),
        )
        indexes = (models.Index(fields=["institution_id", "at"], name="care_reply_check_list"),)
