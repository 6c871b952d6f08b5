"""The tables of webhooks: endpoints, what is owed to them, and what became of each attempt."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q


class EndpointRow(models.Model):
    """Where an institution's software listens. Its secret is not here: it follows from a key in a file."""

    id = models.UUIDField(primary_key=True)
    institution_id = models.UUIDField()
    url = models.TextField()
    events = models.JSONField()
    description = models.TextField()
    state = models.TextField(default="on")
    off_reason = models.TextField(default="")
    generation = models.PositiveIntegerField(default=1)
    previous_until = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        app_label = "platform"
        db_table = "platform_webhook_endpoint"
        indexes = (models.Index(fields=["institution_id", "created_at"], name="platform_webhook_endpoints"),)
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=["on", "off", "removed"]), name="platform_webhook_state"),
            models.CheckConstraint(
                condition=Q(state="off", off_reason__in=["person", "failing", "gone"])
                | (~Q(state="off") & Q(off_reason="")),
                name="platform_webhook_off_with_reason",
            ),
            models.CheckConstraint(condition=Q(generation__gte=1), name="platform_webhook_generation"),
        ]


class OwedRow(models.Model):
    """One event owed to one endpoint; a delivery is owed by this row, not by any job."""

    id = models.BigAutoField(primary_key=True)
    endpoint = models.ForeignKey(EndpointRow, on_delete=models.PROTECT, related_name="+", db_index=False)
    event = models.ForeignKey("platform.EventRow", on_delete=models.PROTECT, related_name="+", db_index=False)
    state = models.TextField(default="waiting")
    attempts = models.PositiveIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0)
    owed_at = models.DateTimeField()
    next_try_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    last_status = models.PositiveSmallIntegerField(null=True)
    last_outcome = models.TextField(default="")

    class Meta:
        app_label = "platform"
        db_table = "platform_webhook_delivery"
        indexes = (
            models.Index(fields=["endpoint", "id"], name="platform_webhook_log"),
            models.Index(
                fields=["endpoint", "next_try_at", "id"], name="platform_webhook_due", condition=Q(state="waiting")
            ),
            models.Index(fields=["ended_at"], name="platform_webhook_ended", condition=~Q(state="waiting")),
        )
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["event", "endpoint"], name="platform_webhook_owed_once"),
            models.CheckConstraint(
                condition=Q(state="waiting", next_try_at__isnull=False, ended_at=None)
                | Q(state__in=["delivered", "dead"], next_try_at=None, ended_at__isnull=False),
                name="platform_webhook_waiting_has_a_time",
            ),
        ]


class AttemptRow(models.Model):
    """What became of one attempt."""

    id = models.BigAutoField(primary_key=True)
    owed = models.ForeignKey(OwedRow, on_delete=models.PROTECT, related_name="log", db_index=False)
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    took_ms = models.PositiveIntegerField()
    status = models.PositiveSmallIntegerField(null=True)
    outcome = models.TextField()
    answer = models.TextField(default="")

    class Meta:
        app_label = "platform"
        db_table = "platform_webhook_attempt"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owed", "number"], name="platform_webhook_attempt_once")
        ]
