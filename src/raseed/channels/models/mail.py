"""The tables of mail: what was fetched from a line's mailbox, and how far that has come."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

KINDS = ["message", "automatic", "bounce", "own", "set_aside"]


class MailRow(models.Model):
    """A mail that was fetched, by its Message-ID: what its answers need, and what it was taken for. Its text is the message's."""

    id = models.BigAutoField(primary_key=True)
    line_id = models.UUIDField()
    provider_id = models.TextField()
    kind = models.TextField()
    subject = models.TextField(default="")
    references = models.JSONField(default=list)
    fetched_at = models.DateTimeField()
    uid_validity = models.BigIntegerField()
    uid = models.BigIntegerField()
    problem = models.TextField(default="")

    class Meta:
        app_label = "channels"
        db_table = "channels_mail"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["line_id", "provider_id"], name="channels_mail_once"),
            models.CheckConstraint(condition=Q(kind__in=KINDS), name="channels_mail_kind"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["line_id", "id"], name="channels_mail_aside", condition=Q(kind="set_aside"))
        ]


class MailboxRow(models.Model):
    """How far a line's mailbox has been read: every mail up to ``last_uid``, as long as the server keeps ``uid_validity``."""

    line_id = models.UUIDField(primary_key=True)
    uid_validity = models.BigIntegerField(default=0)
    last_uid = models.BigIntegerField(default=0)
    fetched_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    problem = models.TextField(default="")

    class Meta:
        app_label = "channels"
        db_table = "channels_mailbox"
