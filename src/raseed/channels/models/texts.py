"""The table of texts on their way out."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class TextRow(models.Model):
    """One outgoing text; what was sent stays, except a one-time code, which is blanked at the end of its way."""

    message_id = models.UUIDField(primary_key=True)
    to_phone = models.TextField()
    text = models.TextField(null=True)  # noqa: DJ001  (blanked is not empty)
    purpose = models.TextField()
    state = models.TextField(default="waiting")
    attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    next_try_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    last_error = models.TextField(default="")

    class Meta:
        db_table = "channels_text"
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(state__in=["waiting", "delivered", "expired", "failed"]), name="channels_text_state"
            ),
            models.CheckConstraint(
                condition=models.Q(state="waiting", next_try_at__isnull=False)
                | (~models.Q(state="waiting") & models.Q(next_try_at=None)),
                name="channels_text_waiting_has_a_time",
            ),
            models.CheckConstraint(
                condition=models.Q(state="waiting") | ~models.Q(purpose="one_time_code") | models.Q(text=None),
                name="channels_text_no_code_kept",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["next_try_at"], name="channels_text_due", condition=models.Q(state="waiting")),
            models.Index(fields=["created_at"], name="channels_text_failed", condition=models.Q(state="failed")),
        ]
