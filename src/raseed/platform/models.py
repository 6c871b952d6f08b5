"""The shared tables: what was done by whom (audit), and what happened (events) with its deliveries."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from .webhooks.models import AttemptRow, EndpointRow, OwedRow

__all__ = ["AttemptRow", "AuditRow", "DeliveryRow", "EndpointRow", "EventRow", "OwedRow"]


class AuditRow(models.Model):
    """One deed: append-only, with no personal data, so that nothing in it ever has to be erased."""

    position = models.BigAutoField(primary_key=True)
    id = models.UUIDField(unique=True)
    at = models.DateTimeField()
    actor = models.TextField()
    action = models.TextField()
    subject = models.TextField()
    institution_id = models.UUIDField(null=True)
    customer_id = models.UUIDField(null=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.TextField(default="")
    recorded_at = models.DateTimeField(db_default=Now())
    seal = models.BinaryField(null=True)

    class Meta:
        db_table = "platform_audit"
        indexes = (
            models.Index(fields=["subject", "position"], name="platform_audit_subject"),
            models.Index(fields=["actor", "at", "position"], name="platform_audit_actor"),
            models.Index(fields=["institution_id", "at", "position"], name="platform_audit_institution"),
            models.Index(fields=["at", "position"], name="platform_audit_time"),
            models.Index(
                fields=["institution_id", "action"],
                name="platform_audit_action",
                opclasses=["uuid_ops", "text_pattern_ops"],
            ),
            models.Index(
                fields=["customer_id", "at", "position"],
                name="platform_audit_customer",
                condition=models.Q(customer_id__isnull=False),
            ),
        )


class EventRow(models.Model):
    """One fact that left a package: append-only; ``position`` is its place, not its order of commit."""

    position = models.BigAutoField(primary_key=True)
    id = models.UUIDField(unique=True)
    name = models.TextField()
    version = models.PositiveSmallIntegerField()
    institution_id = models.UUIDField(null=True)
    occurred_at = models.DateTimeField()
    payload = models.JSONField()

    class Meta:
        db_table = "platform_event"
        indexes = (
            models.Index(fields=["name", "position"], name="platform_event_name"),
            models.Index(fields=["institution_id", "occurred_at"], name="platform_event_institution"),
        )


class DeliveryRow(models.Model):
    """One event still owed to one handler; gone once handled, kept with its error when it failed for good."""

    id = models.BigAutoField(primary_key=True)
    event = models.ForeignKey(EventRow, on_delete=models.PROTECT, related_name="+")
    handler = models.TextField()
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField()
    failed_at = models.DateTimeField(null=True)
    error = models.TextField(default="")

    class Meta:
        db_table = "platform_delivery"
        constraints = (models.UniqueConstraint(fields=["event", "handler"], name="platform_delivery_once"),)
        indexes = (models.Index(fields=["due_at"], name="platform_delivery_due", condition=models.Q(failed_at=None)),)
