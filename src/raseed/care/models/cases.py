"""Tables of cases, and of documents on their way to one."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from .conversations import ConversationRow


class CaseRow(models.Model):
    """A matter with a reference number; ``number`` counts within an institution and a year, without gaps."""

    id = models.UUIDField(primary_key=True)
    institution_id = models.UUIDField()
    year = models.SmallIntegerField()
    number = models.PositiveIntegerField()
    category = models.CharField(max_length=20)
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=10)
    customer_id = models.UUIDField(null=True)
    team_id = models.UUIDField()
    owner = models.UUIDField()
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=60)
    changed_at = models.DateTimeField()
    outcome = models.CharField(max_length=20, null=True)  # noqa: DJ001  (no outcome is not an empty one)
    resolution = models.TextField()
    resolved_at = models.DateTimeField(null=True)
    steps = models.PositiveIntegerField()

    class Meta:
        db_table = "care_case"
        indexes: ClassVar = [
            models.Index(
                fields=["institution_id", "-changed_at", "-id"],
                name="care_case_open",
                condition=models.Q(state__in=["open", "waiting"]),
            ),
            models.Index(fields=["institution_id", "-changed_at", "-id"], name="care_case_all"),
            models.Index(fields=["customer_id", "state"], name="care_case_customer"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["institution_id", "year", "number"], name="care_case_reference"),
            models.CheckConstraint(
                condition=models.Q(state__in=["open", "waiting"], outcome=None, resolved_at=None)
                | models.Q(state="resolved", outcome__isnull=False, resolved_at__isnull=False),
                name="care_case_outcome",
            ),
        ]


class CaseCounterRow(models.Model):
    """The last number that an institution gave a case in a year."""

    pk = models.CompositePrimaryKey("institution_id", "year")
    institution_id = models.UUIDField()
    year = models.SmallIntegerField()
    last = models.PositiveIntegerField()

    class Meta:
        db_table = "care_case_counter"


class CaseStepRow(models.Model):
    """One step of a case: who did what, when, and why. Append-only; numbers count from 1."""

    pk = models.CompositePrimaryKey("case", "number")
    case = models.ForeignKey(CaseRow, on_delete=models.PROTECT, related_name="history", db_index=False)
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=60)
    state = models.CharField(max_length=10)
    outcome = models.CharField(max_length=20, null=True)  # noqa: DJ001  (no outcome is not an empty one)
    note = models.TextField()

    class Meta:
        db_table = "care_case_step"


class AttachmentRow(models.Model):
    """A file that came with a message, and the case that it is with; without one it waits for a person, if it is a document."""

    id = models.UUIDField(primary_key=True)
    institution_id = models.UUIDField()
    media_id = models.UUIDField(unique=True)
    message_id = models.UUIDField()
    conversation = models.ForeignKey(ConversationRow, on_delete=models.PROTECT, related_name="attachments")
    customer_id = models.UUIDField(null=True)
    case = models.ForeignKey(CaseRow, on_delete=models.PROTECT, null=True, related_name="attachments")
    suggested_case = models.ForeignKey(CaseRow, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    documents = models.BooleanField()
    state = models.CharField(max_length=10)
    received_at = models.DateTimeField()
    filed_at = models.DateTimeField(null=True)
    filed_by = models.CharField(max_length=60, default="")
    how = models.CharField(max_length=12, null=True)  # noqa: DJ001  (what is not filed was filed by no way)

    class Meta:
        db_table = "care_attachment"
        indexes: ClassVar = [
            models.Index(
                fields=["institution_id", "received_at", "id"],
                name="care_attachment_unfiled",
                condition=models.Q(case=None, documents=True, state__in=["waiting", "kept"]),
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(case=None, filed_at=None, how=None, filed_by="")
                | (models.Q(case__isnull=False, filed_at__isnull=False, how__isnull=False) & ~models.Q(filed_by="")),
                name="care_attachment_filed",
            ),
        ]
